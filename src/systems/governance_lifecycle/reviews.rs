//! The commands around a review, in the order in which a campaign uses them. Four of them change data although they
//! are documented as GET, so their effect is unsafe.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/runReview> and the pages beside it.

use http::Method;

use super::command::{self, CommandResult};
use super::expected_answer::Expected;
use super::review_status::{ReviewStatus, RunStatus, SecuritySettings};
use super::session::GovernanceLifecycle;
use crate::core::answer::Answer;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::target::Target;
use crate::core::transport::Call;

async fn get(
    client: &GovernanceLifecycle,
    call: &Call,
    operation: &'static str,
    target: Target,
    effect: Effect,
) -> Result<Answer, Error> {
    client
        .send(call, Request::new(operation, Method::GET, target, effect))
        .await
}

/// One of the commands that change data although they are read by GET.
async fn change(
    client: &GovernanceLifecycle,
    call: &Call,
    operation: &'static str,
    target: Target,
    expected: Expected<'_>,
    recipe: &str,
) -> Result<CommandResult, Error> {
    let answer = get(client, call, operation, target, Effect::Unsafe).await;
    let result = answer.and_then(|answer| expected.result(&answer));
    result.map_err(|error| error.settled_by(recipe))
}

fn needed(call: &Call, operation: &str, name: &str, value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(call.refuse(operation, Error::config(format!("{name}: must not be empty"))));
    }
    Ok(())
}

/// Starts the generation of a review from its definition and gives the id of the run.
pub async fn run_review(client: &GovernanceLifecycle, call: &Call, name: &str) -> Result<String, Error> {
    const OPERATION: &str = "run_review";
    needed(call, OPERATION, "name", name)?;
    let target = command::target("runReview").query("name", name);
    let answer = get(client, call, OPERATION, target, Effect::Unsafe).await;
    answer
        .and_then(|answer| Expected::with("runReview", &["run-id"]).field(&answer, "run-id"))
        .map_err(|error| {
            error.settled_by(
                "look for a run of this definition in the product before running it again: each run makes a review",
            )
        })
}

/// How far a run is.
pub async fn get_run_status(client: &GovernanceLifecycle, call: &Call, run_id: &str) -> Result<RunStatus, Error> {
    const OPERATION: &str = "get_run_status";
    needed(call, OPERATION, "run_id", run_id)?;
    let target = command::target("getRunStatus").query("run-id", run_id);
    let answer = get(client, call, OPERATION, target, Effect::Read).await?;
    let expected = Expected::with("getRunStatus", &["overall-status"]).about("run-id", run_id);
    let mut status: RunStatus = expected.record(&answer)?;
    status.extra.0.retain(|(key, _)| key != "type");
    Ok(status)
}

/// The id of the review result that a run has made.
pub async fn get_review_result(client: &GovernanceLifecycle, call: &Call, run_id: &str) -> Result<String, Error> {
    const OPERATION: &str = "get_review_result";
    needed(call, OPERATION, "run_id", run_id)?;
    let target = command::target("getReviewResult").query("run-id", run_id);
    let answer = get(client, call, OPERATION, target, Effect::Read).await?;
    let expected = Expected::with("getReviewResult", &["id"]).about("run-id", run_id);
    expected.field(&answer, "id")
}

/// Name, state and counts of a review result.
pub async fn get_review_status(client: &GovernanceLifecycle, call: &Call, id: &str) -> Result<ReviewStatus, Error> {
    const OPERATION: &str = "get_review_status";
    needed(call, OPERATION, "id", id)?;
    let target = command::target("getReviewStatus").query("id", id);
    let answer = get(client, call, OPERATION, target, Effect::Read).await?;
    let expected = Expected::with("getReviewStatus", &["name", "state"]).about("id", id);
    let mut status: ReviewStatus = expected.record(&answer)?;
    status.extra.0.retain(|(key, _)| key != "type");
    Ok(status)
}

/// Puts a review result on hold, makes it active, or completes it.
pub async fn set_review_state(
    client: &GovernanceLifecycle,
    call: &Call,
    id: &str,
    state: &str,
) -> Result<CommandResult, Error> {
    const OPERATION: &str = "set_review_state";
    needed(call, OPERATION, "id", id)?;
    if !matches!(state, "onhold" | "active" | "completed") {
        let error = Error::config("state: must be 'onhold', 'active' or 'completed'");
        return Err(call.refuse(OPERATION, error));
    }
    let target = command::target("setReviewState").query("id", id).query("state", state);
    change(
        client,
        call,
        OPERATION,
        target,
        Expected::success("setReviewState").about("id", id),
        "get_review_status(id).state shows whether it was applied",
    )
    .await
}

/// What a refresh renews; None leaves the server's default.
#[derive(Clone, Debug, Default)]
pub struct RefreshOptions {
    /// Coverage; the server's default is true.
    pub coverage: Option<bool>,
    /// Whether reassignments are dropped, only with coverage; false by default.
    pub clear_reassignments: Option<bool>,
    /// Users.
    pub users: Option<bool>,
    /// Groups.
    pub groups: Option<bool>,
    /// Roles.
    pub roles: Option<bool>,
    /// Entitlements.
    pub entitlements: Option<bool>,
    /// Accounts.
    pub accounts: Option<bool>,
    /// The review analysis; true by default.
    pub review_analysis: Option<bool>,
    /// Resources; false by default.
    pub resources: Option<bool>,
    /// Descriptions.
    pub descriptions: Option<bool>,
    /// Only these applications, with entitlements.
    pub applications: Vec<String>,
}

/// Refreshes a review result. On an active review this can remove audit history:
/// <https://community.rsa.com/docs/DOC-97148>
pub async fn refresh_review(
    client: &GovernanceLifecycle,
    call: &Call,
    id: &str,
    options: &RefreshOptions,
) -> Result<CommandResult, Error> {
    const OPERATION: &str = "refresh_review";
    needed(call, OPERATION, "id", id)?;
    let target = refresh_target(id, options).map_err(|error| call.refuse(OPERATION, error))?;
    change(
        client,
        call,
        OPERATION,
        target,
        Expected::with("refreshReview", &["run-id"]).about("id", id),
        "get_review_status(id) shows the review's counts; another refresh does the same once more",
    )
    .await
}

fn refresh_target(id: &str, options: &RefreshOptions) -> Result<Target, Error> {
    if options.clear_reassignments == Some(true) && options.coverage == Some(false) {
        return Err(Error::config("clear_reassignments: only with coverage"));
    }
    if !options.applications.is_empty() && options.entitlements == Some(false) {
        return Err(Error::config("applications: only with entitlements"));
    }
    if options
        .applications
        .iter()
        .any(|name| name.trim().is_empty() || name.contains(','))
    {
        return Err(Error::config(
            "applications: names must not be empty nor hold a comma, which separates them on the wire",
        ));
    }
    let flags = [
        ("coverage", options.coverage),
        ("clearreassignments", options.clear_reassignments),
        ("users", options.users),
        ("groups", options.groups),
        ("roles", options.roles),
        ("entitlements", options.entitlements),
        ("accounts", options.accounts),
        ("reviewAnalysis", options.review_analysis),
        ("resources", options.resources),
        ("descriptions", options.descriptions),
    ];
    let mut target = command::target("refreshReview").query("id", id);
    for (name, flag) in flags {
        target = target.maybe(name, flag.map(|flag| if flag { "true" } else { "false" }));
    }
    let applications = options.applications.join(",");
    Ok(target.maybe("applications", Some(&*applications).filter(|names| !names.is_empty())))
}

/// How unreviewed items are updated; None leaves the server's default.
#[derive(Clone, Debug, Default)]
pub struct UnreviewedOptions {
    /// Whether items that nobody reviews are updated too; true by default.
    pub unassigned: Option<bool>,
    /// `asset` or `component`: how revocations are grouped.
    pub grouping: Option<String>,
    /// A comment for the items.
    pub comment: Option<String>,
}

/// Revokes or maintains everything that has not been reviewed.
pub async fn update_unreviewed_items(
    client: &GovernanceLifecycle,
    call: &Call,
    id: &str,
    state: &str,
    options: &UnreviewedOptions,
) -> Result<CommandResult, Error> {
    const OPERATION: &str = "update_unreviewed_items";
    needed(call, OPERATION, "id", id)?;
    let refuse = |text: &str| Err(call.refuse(OPERATION, Error::config(text)));
    if !matches!(state, "revoke" | "maintain") {
        return refuse("state: must be 'revoke' or 'maintain'");
    }
    match options.grouping.as_deref() {
        None | Some("asset" | "component") => {}
        Some(_) => return refuse("grouping: must be 'asset' or 'component'"),
    }
    if options.grouping.is_some() && state != "revoke" {
        return refuse("grouping: only with the state 'revoke'");
    }
    let target = command::target("updateUnreviewedItems")
        .query("id", id)
        .query("state", state)
        .maybe(
            "unassigned",
            options.unassigned.map(|flag| if flag { "true" } else { "false" }),
        )
        .maybe("grouping", options.grouping.as_deref())
        .maybe("comment", options.comment.as_deref());
    change(
        client,
        call,
        OPERATION,
        target,
        Expected::success("updateUnreviewedItems").about("id", id),
        "get_review_status(id) shows how many items are reviewed; items that have a state are not touched again",
    )
    .await
}

/// Counts as activity of the session; its life does not become longer. Users' tokens only.
///
/// <https://pradeepkg.github.io/RSA/docs/admin/keepAlive>
pub async fn keep_alive(client: &GovernanceLifecycle, call: &Call) -> Result<(), Error> {
    const OPERATION: &str = "keep_alive";
    if client.is_app() {
        let message = "tokens of trusted applications cannot be kept alive";
        let error = Error::new(Kind::Config, message, call.context(OPERATION)).with_outcome(Outcome::NotSent);
        return Err(error.with_hint("nothing is needed: the client logs in again when the token has expired"));
    }
    let answer = get(client, call, OPERATION, command::target("keepAlive"), Effect::Read).await?;
    Expected::named("keepAlive").result(&answer).map(|_| ())
}

/// How long tokens live.
pub async fn get_security_settings(client: &GovernanceLifecycle, call: &Call) -> Result<SecuritySettings, Error> {
    let target = command::target("getSecuritySettings");
    let answer = get(client, call, "get_security_settings", target, Effect::Read).await?;
    let limits = &["token-inactivity-timeout", "token-lifespan-timeout"];
    let mut settings: SecuritySettings = Expected::with_any("getSecuritySettings", limits).record(&answer)?;
    settings.extra.0.retain(|(key, _)| key != "type");
    Ok(settings)
}
