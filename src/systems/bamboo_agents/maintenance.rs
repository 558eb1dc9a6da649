//! Maintenance: asking for it, finishing it, and waiting while too many other agents are away.
//!
//! <https://eddiewebb.atlassian.net/wiki/spaces/AAFB/pages/30507041/Maintenance+Operations>,
//! <https://eddiewebb.atlassian.net/wiki/spaces/AAFB/pages/28573702/Chaperone+Permissions+and+Responses>

use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::value::RawValue;

use super::agents::new_path;
use super::opened::{Form, Opened};
use super::text;
use crate::core::answer::Answer;
use crate::core::decode::{one_line, shorten};
use crate::core::error::{Error, Kind, Outcome};
use crate::core::lenient;
use crate::core::poll::{End, OnProgress, Pace, poll};
use crate::core::redact;
use crate::core::secret::Secret;
use crate::core::transport::Call;
use crate::record;

/// Granted: the agent is disabled and a task is open.
const YES: &str = "YES_CHILD";
/// Nothing is to be done now; also the answer to a good finish.
const NO: &str = "NO_CHILD";
/// Too many other agents are away.
const WAIT: &str = "WAIT_FOR_SIBLINGS";
/// Something is wrong, mostly an earlier task that was not finished.
const UH_OH: &str = "UH_OH";

record! {
    /// What the plugin answers to a request for maintenance, and the task that it opened.
    pub struct MaintenanceTask {
        required {
            /// The task's id; none is open if there is none.
            id: Option<i64> = "task" => task_id,
            /// The plugin's answer: `YES_CHILD`, `NO_CHILD`, `WAIT_FOR_SIBLINGS`, or one of a newer version.
            code: String = "pcode" => lenient::text,
            /// Whether the agent takes builds.
            enabled: bool = "enabled" => lenient::flag,
        }
        optional {
            /// The same for people.
            message: String = "pmessage" => lenient::text,
            /// The version that the agent is to have, or a word such as `LATEST`.
            version: String = "pversion" => lenient::text,
            /// Whether it builds something.
            busy: bool = "busy" => lenient::flag,
        }
        set {
            /// The agent.
            agent_id: i64,
        }
    }
}

impl MaintenanceTask {
    /// Whether the task is open and the agent may be worked on once it is idle.
    pub fn is_granted(&self) -> bool {
        self.code == YES && self.id.is_some()
    }
}

/// 0 stands for none.
fn task_id(raw: &RawValue) -> Option<Option<i64>> {
    lenient::integer(raw).map(|id| (id != 0).then_some(id))
}

/// Asks for maintenance of an agent once.
///
/// # Errors
/// `TaskLeftOpen` with the earlier [`MaintenanceTask`] that is in the way.
pub async fn maintenance(opened: &Opened<'_>, call: &Call, id: i64) -> Result<MaintenanceTask, Error> {
    ask(opened, call, "agents.maintenance", id).await
}

async fn ask(opened: &Opened<'_>, call: &Call, operation: &'static str, id: i64) -> Result<MaintenanceTask, Error> {
    opened.needs_new_paths(call, operation)?;
    let target = new_path(id, "/maintenance");
    let sent = opened.send(call, operation, Method::POST, target, Form::Text).await;
    let asked = sent.and_then(|answer| {
        let task = read(&answer, id)?;
        match (task.code.as_str(), task.id) {
            (UH_OH, Some(open)) => Err(in_the_way(&answer, &task, open)),
            (UH_OH, None) => Err(uh_oh(&answer, &task)),
            (YES, None) => Err(answer.unexpected("maintenance was granted, but the answer names no task")),
            _ => Ok(task),
        }
    });
    asked.map_err(|error| error.settled_by("ask again: if it was granted, TaskLeftOpen names the task that is open"))
}

/// Gives an agent back. Only the task counts, so the id may be that of another agent that takes its place.
pub async fn finish_maintenance(
    opened: &Opened<'_>,
    call: &Call,
    id: i64,
    task: i64,
) -> Result<MaintenanceTask, Error> {
    finish(opened, call, "agents.finish_maintenance", id, task).await
}

async fn finish(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    id: i64,
    task: i64,
) -> Result<MaintenanceTask, Error> {
    opened.needs_new_paths(call, operation)?;
    let target = new_path(id, "/maintenance/").then(&task.to_string()).then("/finish");
    let sent = opened.send(call, operation, Method::PUT, target, Form::Text).await;
    let finished = sent.and_then(|answer| {
        let told = read(&answer, id)?;
        match told.code.as_str() {
            NO => Ok(told),
            UH_OH => Err(uh_oh(&answer, &told)),
            other => Err(answer.unexpected(&format!(
                "the answer to a finish is {}, not {NO}",
                said(&answer.scrub(other))
            ))),
        }
    });
    finished.map_err(|error| {
        error.settled_by(&format!(
            "look at agents.state({id}).enabled: an agent that was given back is enabled; else finish it again"
        ))
    })
}

/// Asks for maintenance until it is granted, and waits between while too many other agents are away. Once it waits, a
/// request that fails for a passing reason does not end it, if it is sure that it opened nothing. `on_progress` is told
/// every answer that says to wait.
///
/// # Errors
/// `WaitTimeout` with the last [`MaintenanceTask`] as payload; `Conflict` if the agent is to go on building;
/// `TaskLeftOpen`; what `on_progress` gives; any error that does not say for sure that nothing was opened.
pub async fn ask_until_granted(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    id: i64,
    pace: &Pace,
    on_progress: Option<OnProgress<MaintenanceTask>>,
) -> Result<MaintenanceTask, Error> {
    // Every request has the client's own timeout: one that is cut short may have opened a task.
    let is_waiting = AtomicBool::new(false);
    let look = || {
        let part = call.with_timeout(call.settings().timeout);
        let (tell, is_waiting) = (on_progress.as_ref(), &is_waiting);
        async move {
            let task = match ask(opened, &part, operation, id).await {
                Err(error) => {
                    let is_unclear = error.context().outcome == Some(Outcome::Unknown);
                    if is_unclear || !is_waiting.load(Ordering::Relaxed) {
                        return Ok(Asked::Failed(error));
                    }
                    return Err(error);
                }
                Ok(task) => task,
            };
            is_waiting.store(true, Ordering::Relaxed);
            // What raises here must not leave a task behind that nobody knows of.
            if let (WAIT, Some(tell)) = (task.code.as_str(), tell) {
                tell(task.clone()).await?;
            }
            Ok(Asked::Answered(task))
        }
    };
    let has_ended = |asked: &Asked| match asked {
        Asked::Failed(error) => Err(error.clone()),
        Asked::Answered(task) => Ok(task.code != WAIT),
    };
    let tell_wait = |delay| call.tell_wait(operation, delay);
    match poll(pace, None, look, has_ended, tell_wait).await? {
        End::Finished(Asked::Answered(task)) if task.is_granted() => Ok(task),
        End::Finished(Asked::Answered(task)) => {
            let uuid = opened.uuid.get(call, operation).await?;
            Err(not_granted(call, operation, &task, &uuid))
        }
        End::Finished(Asked::Failed(error)) => Err(error),
        End::TimeUp { last, failure } => Err(time_up(call, operation, id, pace, last, failure)),
    }
}

/// What came of asking once.
#[derive(Clone)]
enum Asked {
    Answered(MaintenanceTask),
    /// For good: a task may be open, which asking again would find in the way, or it was the first request.
    Failed(Error),
}

/// Finishes what [`ask_until_granted`] opened.
///
/// # Errors
/// `TaskLeftOpen` with the task as payload, whatever went wrong.
pub async fn give_back(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    task: &MaintenanceTask,
) -> Result<MaintenanceTask, Error> {
    let (agent, id) = (task.agent_id, task.id.unwrap_or_default());
    finish(opened, call, operation, agent, id).await.map_err(|error| {
        let what = match error.context().outcome {
            Some(Outcome::Unknown) => format!("maintenance task {id} of agent {agent} may be left open"),
            _ => format!("maintenance task {id} of agent {agent} is left open"),
        };
        let hint = format!(
            "until agents.finish_maintenance({agent}, {id}) succeeds, the agent gets no builds and others may have to wait"
        );
        let hint = match &error.context().hint {
            Some(first) => format!("{first}; {hint}"),
            None => hint,
        };
        let message = format!("{what}: {}", error.message());
        Error::new(Kind::TaskLeftOpen, message, error.context().clone())
            .with_hint(hint)
            .with_payload(task.clone())
    })
}

fn read(answer: &Answer, agent_id: i64) -> Result<MaintenanceTask, Error> {
    let mut task: MaintenanceTask = text::read(answer, &[])?;
    task.agent_id = agent_id;
    Ok(task)
}

/// What the server says, as one line that is not too long. It must be scrubbed: half a secret at the cut is known to
/// nobody.
fn said(scrubbed: &str) -> String {
    shorten(&one_line(scrubbed))
}

fn message_of(task: &MaintenanceTask) -> &str {
    task.message.as_deref().unwrap_or("no explanation was given")
}

fn in_the_way(answer: &Answer, task: &MaintenanceTask, open: i64) -> Error {
    let agent = task.agent_id;
    let message = said(&answer.scrub(message_of(task)));
    let message = format!("task {open} of agent {agent} is open already: {message}");
    answer
        .error(Kind::TaskLeftOpen, &message)
        .with_code(UH_OH)
        .with_hint(format!(
            "unless somebody works on the agent, finish it first: agents.finish_maintenance({agent}, {open})"
        ))
        .with_payload(task.clone())
}

fn uh_oh(answer: &Answer, task: &MaintenanceTask) -> Error {
    let message = said(&answer.scrub(message_of(task)));
    answer.error(Kind::Conflict, &message).with_code(UH_OH)
}

fn not_granted(call: &Call, operation: &str, task: &MaintenanceTask, uuid: &Secret) -> Error {
    let agent = task.agent_id;
    let mut secrets = call.settings().hidden.clone();
    secrets.push(uuid.clone());
    let scrubbed = |text: &str| said(&redact::scrub(text, &secrets));
    if task.code == NO {
        let message = format!("agent {agent} is to go on building: {}", scrubbed(message_of(task)));
        return Error::new(Kind::Conflict, message, call.context(operation))
            .with_outcome(Outcome::Rejected)
            .with_code(NO)
            .with_hint("the plugin's settings in Bamboo allow no maintenance now: their state is STABLE");
    }
    let code = scrubbed(&task.code);
    let message = format!("the request for maintenance of agent {agent} was answered by {code}");
    Error::new(Kind::UnexpectedContent, message, call.context(operation))
        .with_outcome(Outcome::Unknown)
        .with_code(code)
        .with_hint(format!(
            "look at agents.state({agent}): an agent in maintenance is disabled"
        ))
}

fn time_up(call: &Call, operation: &str, id: i64, pace: &Pace, last: Option<Asked>, failure: Option<Error>) -> Error {
    let seconds = pace.timeout.as_secs_f64();
    let mut message = format!("agent {id} was not let go within {seconds} s");
    if let Some(failure) = failure {
        message = format!("{message}; the last request failed: {}", failure.message());
    }
    let error = Error::new(Kind::WaitTimeout, message, call.context(operation))
        .with_outcome(Outcome::Rejected)
        .with_hint(
            "no task was opened; others are away, or left their tasks open: wait longer, or look at agents.list()",
        );
    match last {
        Some(Asked::Answered(task)) => error.with_code(WAIT).with_payload(task),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granted_means_that_a_task_is_open() {
        let task = |code: &str, id: &str| -> MaintenanceTask {
            serde_json::from_str(&format!(r#"{{"pcode": "{code}", "enabled": "false", "task": "{id}"}}"#)).unwrap()
        };
        assert!(task(YES, "7").is_granted());
        assert_eq!(task(NO, "0").id, None);
        for (code, id) in [(YES, "0"), (NO, "7"), (WAIT, "0"), ("NEW", "7")] {
            assert!(!task(code, id).is_granted(), "{code} {id}");
        }
    }
}
