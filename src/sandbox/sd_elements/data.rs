//! Connections and jobs of SD Elements: their shape on the wire and the documented ones every sandbox starts with.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::sandbox::jobs::Work;

pub(super) const ADMIN: (u64, &str) = (1, "admin@example.com");
pub(super) const VIEWER: (u64, &str) = (2, "viewer@example.com");

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub kind: &'static str,
    pub id: u64,
    pub alias: &'static str,
    pub system: &'static str,
    pub frequency: &'static str,
    pub command: &'static str,
    pub project: Option<u64>,
    pub inaccessible: Option<bool>,
    pub params: Value,
}

impl Connection {
    /// As it stands in a job and in a list of connections; without its parameters unless the caller may see them.
    pub fn value(&self, show_params: bool) -> Value {
        let mut fields = Map::from_iter([
            ("id".to_owned(), json!(self.id)),
            ("alias".to_owned(), json!(self.alias)),
            ("system".to_owned(), json!(self.system)),
            ("frequency".to_owned(), json!(self.frequency)),
            ("command".to_owned(), json!(self.command)),
        ]);
        if show_params {
            fields.insert("params".to_owned(), self.params.clone());
        }
        if let Some(project) = self.project {
            fields.insert("project".to_owned(), json!(project));
        }
        if let Some(inaccessible) = self.inaccessible {
            fields.insert("inaccessible".to_owned(), json!(inaccessible));
        }
        Value::Object(fields)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub kind: &'static str,
    pub id: u64,
    pub user: (u64, &'static str),
    pub automatic: bool,
    pub ready: bool,
    pub succeeded: bool,
    pub result_message: String,
    pub last_run: String,
    pub connection: u64,
    /// What is left to do, for a job that is not ready.
    pub work: Option<Work>,
}

/// A time as the documented examples print it.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The kinds of jobs. The page documents the first three; the last is the newer name of the first (inferred path).
pub(super) const KINDS: [&str; 4] = ["alm", "analysis", "ldap", "issue-tracker"];

pub(super) fn kind_named(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == name)
}

pub(super) fn jobs() -> Vec<Job> {
    let job = |kind, id, last_run: &str, connection| Job {
        kind,
        id,
        user: ADMIN,
        automatic: kind != "ldap",
        ready: true,
        succeeded: true,
        result_message: String::new(),
        last_run: last_run.to_owned(),
        connection,
        work: None,
    };
    vec![
        job("alm", 12, "2015-04-15T20:27:24.396442Z", 23),
        job("analysis", 12, "2015-04-15T20:27:24.396442Z", 23),
        job("ldap", 57, "2017-01-05T18:38:42.604983Z", 29),
        job("issue-tracker", 71, "2024-02-01T10:00:00.000001Z", 41),
        Job {
            user: VIEWER,
            automatic: false,
            succeeded: false,
            result_message: "Could not log in to the ALM server.".to_owned(),
            ..job("alm", 11, "2015-04-14T20:27:24.412000Z", 12)
        },
    ]
}

pub(super) fn connections() -> Vec<Connection> {
    let alm = json!({
        "sde_project": "Demo Project", "alm_user": "rally_user",
        "sde_verification_filter": "none,partial,pass,fail", "rally_workspace": "Rally Workspace",
        "alm_method": "https", "alm_title_format": "$task_id $title", "alm_server": "rally1.rallydev.com",
        "sde_businessunit": "General", "sde_application": "Demo Application", "alm_project": "Rally Project",
        "alm_pass": "rally_password", "alm_phases": "requirements,architecture-design,development",
        "sde_statuses_in_scope": "TODO", "conflict_policy": "alm", "sde_min_priority": 7
    });
    let analysis = json!({
        "asset_name": "WebGoat Java", "sde_project": "WhiteHat", "sde_businessunit": "General",
        "sde_application": "Demo Application", "import_behaviour": "replace-scanner",
        "analysis_server": "server.whitehatsec.com", "task_status_mapping": "{}"
    });
    let ldap = json!({
        "group_base_dn": "OU=SyncGroups,DC=example,DC=com", "ldap_server": "geneva.labs.sdelements.com:389",
        "bind_dn": "CN=Bind User2,CN=Users,DC=labs,DC=sdelements,DC=com",
        "user_schema": {"first_name": "gn", "last_name": "sn", "email": "mail", "full_name": "cn"},
        "deactivation": false, "group_member_query": "(&(objectClass=user)(memberOf=%s))", "page_size": 666,
        "base_dn": "DC=labs,DC=sdelements,DC=com",
        "group_mapping": {"mathematicians": "group2", "analyst": "group3", "scientists": "group1"},
        "ldap_method": "LDAP", "ldap_validate_cert": true
    });
    let mut remote = ldap.clone();
    if let Some(fields) = remote.as_object_mut() {
        fields.insert("bind_password".to_owned(), json!("ldap_bind_password"));
        fields.insert("ldap_server".to_owned(), json!("ldap.internal.example.com:636"));
    }
    let tracker = json!({
        "sde_project": "Demo Project", "issue_tracker_user": "jira_user", "issue_tracker_server": "jira.example.com",
        "issue_tracker_api_token": "jira_api_token", "conflict_policy": "issue_tracker", "sde_min_priority": "7"
    });
    let base = Connection {
        kind: "alm",
        id: 23,
        alias: "My Connection",
        system: "Rally",
        frequency: "daily",
        command: "run_my_connection",
        project: Some(7),
        inaccessible: None,
        params: alm,
    };
    let scanner = Connection {
        kind: "analysis",
        system: "Whitehat",
        params: analysis,
        ..base.clone()
    };
    let directory = Connection {
        kind: "ldap",
        id: 29,
        alias: "gg'",
        system: "LDAP",
        frequency: "manually",
        command: "sync_ldap",
        project: None,
        inaccessible: Some(false),
        params: ldap,
    };
    vec![
        Connection { id: 12, ..base.clone() },
        Connection {
            id: 12,
            ..scanner.clone()
        },
        scanner,
        Connection {
            id: 30,
            alias: "behind the firewall",
            inaccessible: Some(true),
            params: remote,
            ..directory.clone()
        },
        directory,
        Connection {
            kind: "issue-tracker",
            id: 41,
            alias: "Jira",
            system: "Jira",
            command: "sync_jira",
            params: tracker,
            ..base.clone()
        },
        base,
    ]
}

/// The secrets in the connections' parameters.
pub(crate) fn secrets() -> Vec<String> {
    ["rally_password", "ldap_bind_password", "jira_api_token"]
        .map(str::to_owned)
        .into_iter()
        .collect()
}
