//! What a running call tells about itself: for loggers and metrics. Holds no secret.

use std::sync::Arc;
use std::time::Duration;

use super::error::System;

/// Takes the events of a call.
#[derive(Clone)]
pub struct EventSink {
    /// Whether it wants every step; otherwise warnings alone.
    pub is_verbose: bool,
    /// Takes one.
    pub take: Arc<dyn Fn(Event) + Send + Sync>,
}

/// One step of a call.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub step: Step,
    /// The product.
    pub system: System,
    /// The operation, by its public name.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The masked URL.
    pub url: String,
    /// Counts from 1.
    pub attempt: u32,
    /// Since the call began.
    pub elapsed: Duration,
}

/// The kinds of step.
#[derive(Clone, Debug)]
pub enum Step {
    /// About to send.
    Request,
    /// An answer came.
    Response {
        /// The HTTP status.
        status: u16,
    },
    /// An attempt failed and is made again after this wait.
    Retry {
        /// Why.
        reason: String,
        /// How long.
        delay: Duration,
    },
    /// What is waited for has not ended; it is looked at again after this time.
    Wait {
        /// How long.
        delay: Duration,
    },
    /// An answer was odd, but could be used.
    Warning {
        /// What was odd.
        reason: String,
    },
    /// An attempt failed for good.
    Failure {
        /// Why.
        reason: String,
    },
}

impl Step {
    /// The word used on the Python side.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response { .. } => "response",
            Self::Retry { .. } => "retry",
            Self::Wait { .. } => "wait",
            Self::Warning { .. } => "warning",
            Self::Failure { .. } => "failure",
        }
    }
}
