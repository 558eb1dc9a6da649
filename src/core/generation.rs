//! Which process this is, among those that forks made of one another. The number of a process does not tell: in a PID
//! namespace of its own, a child may have its ancestor's.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

static CURRENT: AtomicU64 = AtomicU64::new(0);

/// A process, as what it made can be told from what a fork copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

impl Generation {
    /// Of the process that runs this.
    pub fn current() -> Self {
        Self(CURRENT.load(Ordering::Relaxed))
    }

    /// Whether this is it.
    pub fn is_current(self) -> bool {
        self == Self::current()
    }
}

/// Has every fork from now on begin a generation. To be called before anything is made that a fork could copy.
#[cfg(unix)]
#[allow(unsafe_code)]
pub fn watch_forks() -> io::Result<()> {
    use std::sync::atomic::AtomicBool;

    static IS_WATCHED: AtomicBool = AtomicBool::new(false);

    /// Runs in the child, before `fork` returns there.
    extern "C" fn begin() {
        CURRENT.fetch_add(1, Ordering::Relaxed);
    }

    if IS_WATCHED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the handler only adds to an atomic, which is allowed wherever a fork is.
    match unsafe { libc::pthread_atfork(None, None, Some(begin)) } {
        0 => Ok(()),
        code => {
            IS_WATCHED.store(false, Ordering::Relaxed);
            Err(io::Error::from_raw_os_error(code))
        }
    }
}

/// There are no forks.
#[cfg(not(unix))]
pub fn watch_forks() -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_another_generation() {
        watch_forks().unwrap();
        watch_forks().unwrap();
        let parent = Generation::current();
        assert!(parent.is_current());
        // SAFETY: the child calls nothing but `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = i32::from(parent.is_current());
            // SAFETY: ends the process at once.
            unsafe { libc::_exit(code) };
        }
        let mut status = -1;
        // SAFETY: `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(parent.is_current());
    }
}
