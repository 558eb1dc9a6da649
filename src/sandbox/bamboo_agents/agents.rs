//! The operations on build agents, opened by a token's uuid in the query. Statuses of refusals are inferred.

use serde_json::{Value, json};

use super::{State, absent, refused};
use crate::sandbox::exchange::{Answer, Request};

const VERSION_LINE: &str = "PVERSION=4.1\n";

#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Agent {
    pub id: u64,
    name: &'static str,
    enabled: bool,
    online: bool,
    pub busy: bool,
    /// So many questions about the state still find it busy; None: `busy` stays as it is.
    pub busy_polls: Option<u32>,
    capabilities: Vec<(&'static str, &'static str)>,
    task: Option<u64>,
}

/// What a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    List,
    Version,
    State(u64),
    StateText(u64),
    Enable(u64),
    Disable(u64),
    Capabilities(u64),
    ClearCapabilities(u64),
    StartMaintenance(u64),
    MaintenanceText(u64),
    FinishMaintenance(u64, u64),
}

impl Route {
    pub fn operation(self) -> &'static str {
        match self {
            Route::List => "agents.list",
            Route::Version => "agents.target_version",
            Route::State(_) => "agents.state",
            Route::StateText(_) => "agents.state_text",
            Route::Enable(_) => "agents.enable",
            Route::Disable(_) => "agents.disable",
            Route::Capabilities(_) => "agents.capabilities",
            Route::ClearCapabilities(_) => "agents.clear_capabilities",
            Route::StartMaintenance(_) => "agents.maintenance",
            Route::MaintenanceText(_) => "agents.maintenance_text",
            Route::FinishMaintenance(..) => "agents.finish_maintenance",
        }
    }

    fn changes(self) -> bool {
        matches!(
            self,
            Route::Enable(_)
                | Route::Disable(_)
                | Route::ClearCapabilities(_)
                | Route::StartMaintenance(_)
                | Route::FinishMaintenance(..)
        )
    }
}

/// The paths from version 1.5 on, below `/rest/agents/1.0`. A final slash does not matter.
pub(super) fn route(method: &str, parts: &[&str]) -> Option<Route> {
    let parts = parts.strip_suffix(&[""]).unwrap_or(parts);
    match (method, parts) {
        ("GET", []) => Some(Route::List),
        ("GET", ["polling", "version"]) => Some(Route::Version),
        ("PUT", [id, "maintenance", task, "finish"]) => {
            Some(Route::FinishMaintenance(id.parse().ok()?, task.parse().ok()?))
        }
        (method, [id, rest @ ..]) => {
            let id = id.parse().ok()?;
            match (method, rest) {
                ("GET", ["state"]) => Some(Route::State(id)),
                ("GET", ["state", "text"]) => Some(Route::StateText(id)),
                ("POST", ["state", "enable"]) => Some(Route::Enable(id)),
                ("POST", ["state", "disable"]) => Some(Route::Disable(id)),
                ("GET", ["capabilities"]) => Some(Route::Capabilities(id)),
                ("DELETE", ["capabilities"]) => Some(Route::ClearCapabilities(id)),
                ("POST", ["maintenance"]) => Some(Route::StartMaintenance(id)),
                ("GET", ["maintenance", "text"]) => Some(Route::MaintenanceText(id)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The paths before 1.5, below `/rest/agent/1.0`.
pub(super) fn old_route(method: &str, parts: &[&str]) -> Option<Route> {
    let parts = parts.strip_suffix(&[""]).unwrap_or(parts);
    let (id, rest) = parts.split_first()?;
    let id = id.parse().ok()?;
    match (method, rest) {
        ("GET", []) => Some(Route::State(id)),
        ("GET", ["text"]) => Some(Route::StateText(id)),
        ("POST", ["enable"]) => Some(Route::Enable(id)),
        ("POST", ["disable"]) => Some(Route::Disable(id)),
        _ => None,
    }
}

impl Agent {
    /// Whether it is busy, as one question finds it.
    fn asked_busy(&mut self) -> bool {
        match &mut self.busy_polls {
            Some(0) => {
                self.busy_polls = None;
                self.busy = false;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        self.busy
    }

    fn value(&self) -> Value {
        json!({"id": self.id, "name": self.name, "enabled": self.enabled, "busy": self.busy})
    }

    fn text(&self, code: &str, message: &str) -> String {
        format!(
            "PCODE={code}\nPMESSAGE=\"{message}\"\n{VERSION_LINE}ENABLED={}\nBUSY={}\nTASK={}\n",
            self.enabled,
            self.busy,
            self.task.unwrap_or_default()
        )
    }
}

impl State {
    /// Makes an agent busy or idle; with `polls` it becomes idle after so many questions. False for an unknown agent.
    pub fn set_busy(&mut self, id: u64, busy: bool, polls: Option<u32>) -> bool {
        match self.agents.iter_mut().find(|agent| agent.id == id) {
            Some(agent) => {
                (agent.busy, agent.busy_polls) = (busy, polls);
                true
            }
            None => false,
        }
    }

    pub(super) fn answer_agents(&mut self, route: &Route, request: &Request) -> Answer {
        let uuid = request.parameter("uuid").unwrap_or_default();
        let token = self.tokens.iter().find(|token| token.uuid.eq_ignore_ascii_case(uuid));
        match token {
            // The page prints no uuid for the version.
            None if *route == Route::Version && uuid.is_empty() => {}
            None => return refused(401, "A valid access token is required."),
            Some(token) if !token.read || route.changes() && !token.change => {
                return refused(403, "The access token does not allow this operation.");
            }
            Some(_) => {}
        }
        let settings = self.maintenance;
        let away = self.agents.iter().filter(|agent| agent.task.is_some()).count();
        let id = match *route {
            Route::List => {
                let row = |agent: &Agent| {
                    let mut value = agent.value();
                    if let Some(fields) = value.as_object_mut() {
                        fields.insert("online".to_owned(), json!(agent.online));
                    }
                    value
                };
                return Answer::json(200, &self.agents.iter().map(row).collect());
            }
            Route::Version => return Answer::text(200, VERSION_LINE),
            Route::State(id)
            | Route::StateText(id)
            | Route::Enable(id)
            | Route::Disable(id)
            | Route::Capabilities(id)
            | Route::ClearCapabilities(id)
            | Route::StartMaintenance(id)
            | Route::MaintenanceText(id)
            | Route::FinishMaintenance(id, _) => id,
        };
        if let Route::FinishMaintenance(_, task) = *route {
            return self.finish_maintenance(id, task);
        }
        let Some(agent) = self.agents.iter_mut().find(|agent| agent.id == id) else {
            return if self.agents.is_empty() {
                absent()
            } else {
                refused(404, "There is no such agent.")
            };
        };
        match *route {
            Route::StateText(_) => {
                let busy = agent.asked_busy();
                Answer::text(200, format!("ENABLED={}\nBUSY={busy}\n", agent.enabled))
            }
            Route::Enable(_) | Route::Disable(_) => {
                agent.enabled = matches!(route, Route::Enable(_));
                Answer::json(200, &agent.value()).applied()
            }
            Route::Capabilities(_) => {
                let row = |(key, value): &(&str, &str)| json!({"key": key, "value": value});
                Answer::json(200, &agent.capabilities.iter().map(row).collect())
            }
            Route::ClearCapabilities(_) => {
                agent.capabilities.clear();
                Answer::json(200, &json!([])).applied()
            }
            Route::StartMaintenance(_) => {
                if let Some(task) = agent.task {
                    let message = format!("task {task} of this agent is not finished");
                    return Answer::text(200, agent.text("UH_OH", &message));
                }
                if !settings.allowed {
                    return Answer::text(200, agent.text("NO_CHILD", "the farm is to stay as it is"));
                }
                if away >= settings.max_away {
                    let message = format!("{away} agents are away already, try later");
                    return Answer::text(200, agent.text("WAIT_FOR_SIBLINGS", &message));
                }
                agent.enabled = false;
                agent.task = Some(self.next_task);
                self.next_task += 1;
                Answer::text(200, agent.text("YES_CHILD", "you may go, come back soon")).applied()
            }
            Route::MaintenanceText(_) => Answer::text(200, format!("TASK={}\n", agent.task.unwrap_or_default())),
            _ => {
                agent.asked_busy();
                Answer::json(200, &agent.value())
            }
        }
    }

    /// A replacement may finish the task of another agent: only the task's id matters.
    fn finish_maintenance(&mut self, id: u64, task: u64) -> Answer {
        if let Some(agent) = self.agents.iter_mut().find(|agent| agent.task == Some(task)) {
            agent.task = None;
            agent.enabled = true;
            return Answer::text(200, agent.text("NO_CHILD", "welcome back")).applied();
        }
        match self.agents.iter().find(|agent| agent.id == id) {
            Some(agent) => Answer::text(200, agent.text("UH_OH", "there is no such task")),
            None => refused(404, "There is no such agent."),
        }
    }
}

pub(super) fn initial() -> Vec<Agent> {
    let agent = |id, name, enabled, online, busy| Agent {
        id,
        name,
        enabled,
        online,
        busy,
        busy_polls: None,
        capabilities: vec![
            ("system.jdk.JDK 17", "/usr/lib/jvm/java-17"),
            ("system.builder.command.Bash", "/bin/bash"),
        ],
        task: None,
    };
    vec![
        agent(131_073, "linux-01", true, true, false),
        agent(131_074, "linux-02", true, true, true),
        agent(131_075, "windows-01", false, false, false),
    ]
}
