//! Governance & Lifecycle for Python.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::argument::{self, Given, Id};
use super::bulk::raises;
use super::client::Live;
use super::coverage::read_upload;
use super::errors::refused;
use super::handle::{Handle, Nothing};
use super::login::Access;
use super::operation::Operation;
use super::raw::{self, RawCall};
use super::review_plan::{ReviewPlan, read_parts};
use super::review_reading::Reading;
use super::settings::{Settings, callable, config_error, pace};
use super::site::progress;
use crate::core::body::Body;
use crate::core::error::Error;
use crate::core::poll::OnProgress;
use crate::core::transport::Call;
use crate::named;
use crate::systems::governance_lifecycle::{
    self as gl, CoverageUpload, GovernanceLifecycle as System, Progress, RefreshOptions, RunStatus, UnreviewedOptions,
    UpdateOptions,
};

/// The native half of `GovernanceLifecycle` and its twin.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct GovernanceLifecycle {
    handle: Handle<System>,
    logout_on_close: bool,
}

#[pymethods]
impl GovernanceLifecycle {
    #[new]
    #[pyo3(signature = (settings, *, token, login, logout_on_close))]
    fn new(
        py: Python<'_>,
        settings: Py<Settings>,
        token: Option<&Bound<'_, PyAny>>,
        login: Option<&Bound<'_, PyAny>>,
        logout_on_close: Given<bool>,
    ) -> PyResult<Self> {
        named!(py; logout_on_close);
        let (access, given) = Access::new(token, login)?;
        let make = move || System::new(access.auth());
        Ok(Self {
            handle: Handle::new(settings, given, make),
            logout_on_close,
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.handle.traverse(&visit)
    }

    fn close(&self, py: Python<'_>) {
        self.handle.close(py);
    }

    /// The call that ends what is to be ended before closing: sessions that this client opened in this process. It does not
    /// fail.
    fn end_sessions(&self, py: Python<'_>) -> PyResult<Option<Operation>> {
        let live = self.handle.client().existing();
        if !self.logout_on_close || !live.is_some_and(|live| live.system.has_own_session()) {
            return Ok(None);
        }
        let operation = self.handle.operation(py, "logout", |live, call| async move {
            gl::end_own_sessions(&live.system, &call).await;
            nothing(Ok(()))
        });
        operation.map(Some)
    }

    fn request(&self, py: Python<'_>, call: &RawCall) -> PyResult<Operation> {
        self.handle.request(py, call)
    }

    #[pyo3(signature = (coverage, *, r#type, id, name, filename, alt_manager_resolves_to, check))]
    #[allow(clippy::too_many_arguments)]
    fn upload_coverage(
        &self,
        py: Python<'_>,
        coverage: Option<&Bound<'_, PyAny>>,
        r#type: Given<String>,
        id: Option<Given<Id>>,
        name: Option<Given<String>>,
        filename: Option<Given<String>>,
        alt_manager_resolves_to: Option<Given<String>>,
        check: Given<bool>,
    ) -> PyResult<Operation> {
        named!(py; r#type, id, name, filename, alt_manager_resolves_to, check);
        let coverage = coverage.map(read_upload).transpose()?;
        let upload = CoverageUpload {
            coverage,
            kind: r#type,
            id: id.map(|id| id.0),
            name,
            filename,
            alt_manager_resolves_to,
            check,
        };
        self.handle
            .long_operation(py, "upload_coverage", move |live, call| async move {
                gl::upload_coverage(&live.system, &call, upload).await
            })
    }

    #[pyo3(signature = (review, changes, *, sign_off, sign_off_comments, comments_only, chunk_size, same_state_ok,
                        on_partial, dry_run, on_progress))]
    #[allow(clippy::too_many_arguments)]
    fn update_review_items(
        &self,
        py: Python<'_>,
        review: Given<String>,
        changes: &Bound<'_, PyAny>,
        sign_off: Given<bool>,
        sign_off_comments: Option<Given<String>>,
        comments_only: Given<bool>,
        chunk_size: Option<Given<usize>>,
        same_state_ok: Given<bool>,
        on_partial: Given<String>,
        dry_run: Given<bool>,
        on_progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        named!(py; review, sign_off, sign_off_comments, comments_only, chunk_size, same_state_ok, on_partial, dry_run);
        let raises = raises(py, "on_partial", &on_partial)?;
        let reading = Reading::new(changes)?;
        let told = callable("on_progress", on_progress)?
            .map(|callable| Arc::new(progress::<(usize, usize, usize), _>(callable, |told| told)) as Progress);
        let options = UpdateOptions {
            sign_off,
            sign_off_comments,
            comments_only,
            chunk_size,
            same_state_ok,
            on_progress: told,
        };
        let begin = move |live: Arc<Live<System>>, call: Call| async move {
            let refuse = |error| call.refuse("update_review_items", error);
            let changes = Arc::new(reading.all().await.map_err(refuse)?);
            if dry_run {
                return gl::dry_run(&review, &changes, &options).map_err(refuse);
            }
            // The timeout is one request's; a run in chunks has as many of them.
            let requests = changes.len().div_ceil(chunk_size.unwrap_or(usize::MAX).max(1)).max(1);
            let whole = call
                .settings()
                .timeout
                .saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
            let call = call.with_timeout(whole.min(LONGEST_RUN));
            match gl::update_review_items(&live.system, &call, &review, &changes, &options).await {
                Ok(update) if raises && !update.ok => Err(gl::partial_failure(&call, update)),
                Err(error) if !raises => gl::known_part(error),
                other => other,
            }
        };
        self.handle.long_operation(py, "update_review_items", begin)
    }

    /// Checks a run that others send.
    #[pyo3(signature = (review, changes, *, sign_off, sign_off_comments, comments_only, chunk_size, same_state_ok,
                        on_partial))]
    #[allow(clippy::too_many_arguments)]
    fn plan_review_update(
        &self,
        py: Python<'_>,
        review: Given<String>,
        changes: &Bound<'_, PyAny>,
        sign_off: Given<bool>,
        sign_off_comments: Option<Given<String>>,
        comments_only: Given<bool>,
        chunk_size: Option<Given<usize>>,
        same_state_ok: Given<bool>,
        on_partial: Given<String>,
    ) -> PyResult<Operation> {
        named!(py; review, sign_off, sign_off_comments, comments_only, chunk_size, same_state_ok, on_partial);
        raises(py, "on_partial", &on_partial)?;
        let reading = Reading::new(changes)?;
        let options = UpdateOptions {
            sign_off,
            sign_off_comments,
            comments_only,
            chunk_size,
            same_state_ok,
            on_progress: None,
        };
        self.handle
            .long_operation(py, "update_review_items", move |_, call| async move {
                let refuse = |error| call.refuse("update_review_items", error);
                let changes = Arc::new(reading.all().await.map_err(refuse)?);
                let size = gl::chunk_size(&review, &changes, &options).map_err(refuse)?;
                Ok(ReviewPlan {
                    changes,
                    size,
                    same_state_ok,
                })
            })
    }

    /// What became of its parts, as one.
    #[pyo3(signature = (plan, parts, *, on_partial))]
    fn merge_review_update(
        &self,
        py: Python<'_>,
        plan: &ReviewPlan,
        parts: &Bound<'_, PyAny>,
        on_partial: Given<String>,
    ) -> PyResult<Operation> {
        named!(py; on_partial);
        let raises = raises(py, "on_partial", &on_partial)?;
        let parts = read_parts(parts)?;
        let (changes, size, same_state_ok) = (plan.changes.clone(), plan.size, plan.same_state_ok);
        self.handle
            .long_operation(py, "update_review_items", move |_, call| async move {
                let update = gl::merged(&changes, size, same_state_ok, &parts);
                if raises && !update.ok {
                    return Err(gl::partial_failure(&call, update));
                }
                Ok(update)
            })
    }

    #[pyo3(signature = (name, *, params, body, method, effect))]
    fn command(
        &self,
        py: Python<'_>,
        name: Given<String>,
        params: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        method: Given<String>,
        effect: Given<String>,
    ) -> PyResult<Operation> {
        named!(py; name, method, effect);
        let params = raw::query_pairs(params)?;
        let body = raw::body_bytes(body)?;
        let effect = raw::effect(&effect).map_err(|error| refused(py, error))?;
        let method = match method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            _ => return Err(config_error(py, "method: must be \"GET\" or \"POST\"")),
        };
        self.handle.long_operation(py, "command", move |live, call| async move {
            let body = body.map(|bytes| ("text/plain; charset=utf-8", Body::Bytes(Bytes::from(bytes))));
            gl::command(&live.system, &call, &name, &params, body, method, effect).await
        })
    }

    fn login(&self, py: Python<'_>) -> PyResult<Operation> {
        self.handle.operation(py, "login", |live, call| async move {
            nothing(gl::login(&live.system, &call).await)
        })
    }

    fn logout(&self, py: Python<'_>) -> PyResult<Operation> {
        self.handle.operation(py, "logout", |live, call| async move {
            nothing(gl::logout(&live.system, &call).await)
        })
    }

    fn keep_alive(&self, py: Python<'_>) -> PyResult<Operation> {
        self.handle.operation(py, "keep_alive", |live, call| async move {
            nothing(gl::keep_alive(&live.system, &call).await)
        })
    }

    fn get_security_settings(&self, py: Python<'_>) -> PyResult<Operation> {
        self.handle
            .operation(py, "get_security_settings", |live, call| async move {
                gl::get_security_settings(&live.system, &call).await
            })
    }

    fn run_review(&self, py: Python<'_>, name: Given<String>) -> PyResult<Operation> {
        named!(py; name);
        self.handle.operation(py, "run_review", move |live, call| async move {
            gl::run_review(&live.system, &call, &name).await
        })
    }

    fn get_run_status(&self, py: Python<'_>, run_id: Given<Id>) -> PyResult<Operation> {
        named!(py; run_id);
        self.handle
            .operation(py, "get_run_status", move |live, call| async move {
                gl::get_run_status(&live.system, &call, &run_id.0).await
            })
    }

    #[pyo3(signature = (run_id, *, timeout, poll_interval, on_progress))]
    fn wait_for_run(
        &self,
        py: Python<'_>,
        run_id: Given<Id>,
        timeout: Given<f64>,
        poll_interval: Given<f64>,
        on_progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        named!(py; run_id, timeout, poll_interval);
        let pace = pace(timeout, poll_interval).map_err(|error| refused(py, error))?;
        let told = callable("on_progress", on_progress)?
            .map(|callable| Arc::new(progress(callable, |run: RunStatus| (run,))) as OnProgress<RunStatus>);
        self.handle
            .long_operation(py, "wait_for_run", move |live, call| async move {
                gl::wait_for_run(&live.system, &call, &run_id.0, &pace, told).await
            })
    }

    fn get_review_result(&self, py: Python<'_>, run_id: Given<Id>) -> PyResult<Operation> {
        named!(py; run_id);
        self.handle
            .long_operation(py, "get_review_result", move |live, call| async move {
                gl::get_review_result(&live.system, &call, &run_id.0).await
            })
    }

    fn get_review_status(&self, py: Python<'_>, id: Given<Id>) -> PyResult<Operation> {
        named!(py; id);
        self.handle
            .operation(py, "get_review_status", move |live, call| async move {
                gl::get_review_status(&live.system, &call, &id.0).await
            })
    }

    fn set_review_state(&self, py: Python<'_>, id: Given<Id>, state: Given<String>) -> PyResult<Operation> {
        named!(py; id, state);
        self.handle
            .operation(py, "set_review_state", move |live, call| async move {
                gl::set_review_state(&live.system, &call, &id.0, &state).await
            })
    }

    fn refresh_review(&self, py: Python<'_>, id: Given<Id>, options: &Bound<'_, PyDict>) -> PyResult<Operation> {
        named!(py; id);
        let options = refresh_options(options)?;
        self.handle
            .operation(py, "refresh_review", move |live, call| async move {
                gl::refresh_review(&live.system, &call, &id.0, &options).await
            })
    }

    #[pyo3(signature = (id, state, *, unassigned, grouping, comment))]
    fn update_unreviewed_items(
        &self,
        py: Python<'_>,
        id: Given<Id>,
        state: Given<String>,
        unassigned: Option<Given<bool>>,
        grouping: Option<Given<String>>,
        comment: Option<Given<String>>,
    ) -> PyResult<Operation> {
        named!(py; id, state, unassigned, grouping, comment);
        let options = UnreviewedOptions {
            unassigned,
            grouping,
            comment,
        };
        self.handle
            .operation(py, "update_unreviewed_items", move |live, call| async move {
                gl::update_unreviewed_items(&live.system, &call, &id.0, &state, &options).await
            })
    }
}

fn nothing(result: Result<(), Error>) -> Result<Nothing, Error> {
    result.map(|()| None)
}

/// A day: no run of requests is longer, whatever the timeouts add up to.
const LONGEST_RUN: Duration = Duration::from_secs(24 * 60 * 60);

fn refresh_options(given: &Bound<'_, PyDict>) -> PyResult<RefreshOptions> {
    let mut options = RefreshOptions::default();
    for (key, value) in given {
        let key: String = argument::read("keywords", &key)?;
        if key == "applications" {
            options.applications = argument::texts(&key, &value)?;
            continue;
        }
        let flag = match key.as_str() {
            "coverage" => &mut options.coverage,
            "clear_reassignments" => &mut options.clear_reassignments,
            "users" => &mut options.users,
            "groups" => &mut options.groups,
            "roles" => &mut options.roles,
            "entitlements" => &mut options.entitlements,
            "accounts" => &mut options.accounts,
            "review_analysis" => &mut options.review_analysis,
            "resources" => &mut options.resources,
            "descriptions" => &mut options.descriptions,
            _ => return Err(PyTypeError::new_err(format!("unexpected keyword argument {key:?}"))),
        };
        *flag = argument::optional(&key, &value)?;
    }
    Ok(options)
}
