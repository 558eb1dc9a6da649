//! How work that takes time advances: SD Elements jobs and G&L review runs.

/// How started jobs advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobProgress {
    /// The first question about a job finds it finished.
    Immediate,
    /// Only `finish_job` (or `finish_run`) ends it.
    Manual,
    /// So many questions find it running; the next one finds it finished.
    Polls(u32),
}

/// How jobs end that advance by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// Whether they succeed.
    pub succeeded: bool,
    /// Their result message.
    pub message: String,
}

impl Default for JobEnd {
    fn default() -> JobEnd {
        JobEnd {
            succeeded: true,
            message: String::new(),
        }
    }
}

/// The rule for jobs that are started from now on.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub progress: JobProgress,
    pub end: JobEnd,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule {
            progress: JobProgress::Immediate,
            end: JobEnd::default(),
        }
    }
}

/// What is left to do for one job.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    progress: JobProgress,
    end: JobEnd,
}

impl Work {
    pub fn new(schedule: &Schedule) -> Work {
        Work {
            progress: schedule.progress.clone(),
            end: schedule.end.clone(),
        }
    }

    /// The end, if nothing has to happen before it.
    pub fn due(&self) -> Option<&JobEnd> {
        matches!(self.progress, JobProgress::Immediate | JobProgress::Polls(0)).then_some(&self.end)
    }

    /// Counts one question and tells the end, if it is reached.
    pub fn poll(&mut self) -> Option<&JobEnd> {
        match &mut self.progress {
            JobProgress::Manual => None,
            JobProgress::Polls(left) if *left > 0 => {
                *left -= 1;
                None
            }
            JobProgress::Immediate | JobProgress::Polls(_) => Some(&self.end),
        }
    }
}
