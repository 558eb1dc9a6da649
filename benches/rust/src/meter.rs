//! Time, processor time and memory of this process, as the Python side measures its own.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::json;

use crate::Outcome;

/// A measurement under way.
pub struct Meter {
    began: Instant,
    used: Duration,
    resident_kib: u64,
}

impl Meter {
    pub fn start() -> Outcome<Self> {
        // From here on the kernel's high-water mark counts from what is resident now. Not everywhere allowed.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Ok(Self {
            resident_kib: memory_kib("VmRSS"),
            used: processor_time()?,
            began: Instant::now(),
        })
    }

    pub fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// The figures as JSON: per unit in microseconds, memory in MB, and what all entries of a workload must agree on.
    pub fn stop(self, units: u64, check: &str) -> Outcome<String> {
        let wall = self.began.elapsed();
        let cpu = processor_time()?.saturating_sub(self.used);
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / units.max(1) as f64;
        let peak_kib = memory_kib("VmHWM");
        let figures = json!({
            "wall": each(wall),
            "cpu": each(cpu),
            "peak": peak_kib as f64 / 1000.0 * 1.024,
            "extra": peak_kib.saturating_sub(self.resident_kib) as f64 / 1000.0 * 1.024,
            "units": units,
            "check": check,
        });
        Ok(figures.to_string())
    }
}

fn processor_time() -> Outcome<Duration> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds)?))
}

/// A line of this process's status; 0 where there is none.
fn memory_kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|rest| rest.trim_start_matches(':').split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
