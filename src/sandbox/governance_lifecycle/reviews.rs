//! Review definitions, their results and items, and the data that every sandbox starts with.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::sandbox::jobs::Work;

/// What a review item is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Entitlement {
        resource: String,
        action: String,
        business_source: String,
    },
    ApplicationRole {
        name: String,
        business_source: String,
    },
    Group {
        name: String,
        business_source: String,
    },
    GlobalRole {
        name: String,
        role_set: String,
    },
}

impl Component {
    /// How item lines name it (inferred: public examples show names only).
    pub fn label(&self) -> String {
        match self {
            Component::Entitlement { resource, action, .. } => format!("{resource} {action}"),
            Component::ApplicationRole { name, .. }
            | Component::Group { name, .. }
            | Component::GlobalRole { name, .. } => name.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub user: String,
    /// Name and business source.
    pub account: Option<(String, String)>,
    pub component: Component,
    pub state: String,
    pub comments: Vec<String>,
    pub expires_on: Option<String>,
    pub locked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReviewState {
    Active,
    OnHold,
    Completed,
    InActionable,
}

impl ReviewState {
    /// Only `InActionable` is documented; the others follow its spelling (inferred).
    pub fn name(self) -> &'static str {
        match self {
            ReviewState::Active => "Active",
            ReviewState::OnHold => "OnHold",
            ReviewState::Completed => "Completed",
            ReviewState::InActionable => "InActionable",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Review {
    pub id: u64,
    pub name: String,
    pub description: String,
    pub state: ReviewState,
    pub start_date: String,
    pub complete_date: Option<String>,
    pub custom_states: Vec<String>,
    pub expiry_allowed: bool,
    pub items: Vec<Item>,
    pub coverage: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub id: u64,
    pub name: String,
    pub coverage: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Run {
    pub id: u64,
    pub definition: String,
    /// The review that is refreshed; a run without one makes a new review.
    pub refreshes: Option<u64>,
    pub work: Work,
    pub polled: bool,
    pub start_time: String,
    /// Completion time, and the review made or refreshed (None: aborted).
    pub ended: Option<(String, Option<u64>)>,
}

/// Local time as the documented answers print it.
pub(super) fn now() -> String {
    Timestamp::now()
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

pub(super) fn definitions() -> Vec<Definition> {
    [(7, "UAR"), (8, "Azure Role #3")]
        .map(|(id, name)| Definition {
            id,
            name: name.to_owned(),
            coverage: None,
        })
        .into_iter()
        .collect()
}

pub(super) fn items() -> Vec<Item> {
    let group = |name: &str, source: &str| Component::Group {
        name: name.to_owned(),
        business_source: source.to_owned(),
    };
    let entitlement = |resource: &str, action: &str, source: &str| Component::Entitlement {
        resource: resource.to_owned(),
        action: action.to_owned(),
        business_source: source.to_owned(),
    };
    let item = |user: &str, account: Option<(&str, &str)>, component: Component, locked: bool| Item {
        user: user.to_owned(),
        account: account.map(|(name, source)| (name.to_owned(), source.to_owned())),
        component,
        state: "none".to_owned(),
        comments: Vec::new(),
        expires_on: None,
        locked,
    };
    let role = Component::ApplicationRole {
        name: "Approver".to_owned(),
        business_source: "Datadog".to_owned(),
    };
    let global = Component::GlobalRole {
        name: "Finance Clerk".to_owned(),
        role_set: "Finance Roles".to_owned(),
    };
    vec![
        item(
            "asmith",
            Some(("mason.stewart@example.com", "Okta")),
            group("HR Department", "Okta"),
            false,
        ),
        item(
            "achen",
            Some(("TelemetryUser", "CyberArk (REST)")),
            group("Auditors", "CyberArk (REST)"),
            false,
        ),
        item("asmith", None, entitlement("Dynatrace", "-", "Dynatrace"), false),
        item("bjones", None, role, false),
        item("bjones", None, global, false),
        item(
            "achen",
            None,
            group("Payroll <Admins> & \"Co\"", "Active Directory"),
            false,
        ),
        item("cdiaz", Some(("cdiaz", "Okta")), group("Contractors", "Okta"), false),
        item(
            "cdiaz",
            Some(("cdiaz-adm", "Okta")),
            group("Contractors", "Okta"),
            false,
        ),
        item("asmith", None, entitlement("Vault", "read", "Vault"), true),
    ]
}

pub(super) fn review(id: u64, name: &str, state: ReviewState) -> Review {
    Review {
        id,
        name: name.to_owned(),
        description: "User access review".to_owned(),
        state,
        start_date: "2023-08-03 20:12:08".to_owned(),
        complete_date: None,
        custom_states: vec!["custom".to_owned(), "escalate".to_owned()],
        expiry_allowed: true,
        items: items(),
        coverage: None,
    }
}

pub(super) fn reviews() -> Vec<Review> {
    let completed = Review {
        complete_date: Some("2023-09-01 09:00:00".to_owned()),
        ..review(63, "UAR-2", ReviewState::Completed)
    };
    vec![
        review(61, "UAR-3", ReviewState::Active),
        review(62, "Azure Role #3-1", ReviewState::InActionable),
        completed,
    ]
}
