//! Governance & Lifecycle for Python.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};

use super::client::{Client, Live};
use super::errors::refused;
use super::operation::Operation;
use super::raw::{self, RawCall};
use super::review::read_changes;
use super::secret::credential;
use super::settings::{Settings, config_error, pairs};
use super::site::progress;
use crate::core::body::Body;
use crate::core::credential::{Credential, Holder};
use crate::core::error::Error;
use crate::core::transport::Call;
use crate::systems::governance_lifecycle::{
    self as gl, Auth, Coverage, CoverageRule, CoverageUpload, GovernanceLifecycle as System, Progress, RefreshOptions,
    ReviewUpdate, UnreviewedOptions, UpdateOptions,
};

/// User name and password for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct UserLogin {
    username: String,
    password: Credential,
    auth_source: Option<String>,
}

#[pymethods]
impl UserLogin {
    #[new]
    #[pyo3(signature = (username, password, auth_source = None))]
    fn new(username: String, password: &Bound<'_, PyAny>, auth_source: Option<String>) -> PyResult<Self> {
        if username.is_empty() {
            return Err(config_error(password.py(), "username: must not be empty"));
        }
        Ok(Self {
            username,
            password: credential("password", password)?,
            auth_source,
        })
    }

    fn __repr__(&self) -> String {
        format!("UserLogin({:?}, Secret(****))", self.username)
    }
}

/// A trusted application's id and secret for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct TrustedApp {
    client_id: String,
    client_secret: Credential,
}

#[pymethods]
impl TrustedApp {
    #[new]
    fn new(client_id: String, client_secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        if client_id.is_empty() {
            return Err(config_error(client_secret.py(), "client_id: must not be empty"));
        }
        Ok(Self {
            client_id,
            client_secret: credential("client_secret", client_secret)?,
        })
    }

    fn __repr__(&self) -> String {
        format!("TrustedApp({:?}, Secret(****))", self.client_id)
    }
}

#[pymethods]
impl CoverageRule {
    #[new]
    #[pyo3(signature = (reviewer, object_type, *, objects = "1=1", subjects = "1=1", subject_type = "user", privilege = ""))]
    fn py_new(
        py: Python<'_>,
        reviewer: String,
        object_type: String,
        objects: &str,
        subjects: &str,
        subject_type: &str,
        privilege: &str,
    ) -> PyResult<Self> {
        let rule = Self {
            reviewer,
            object_type,
            objects: objects.to_owned(),
            subjects: subjects.to_owned(),
            subject_type: subject_type.to_owned(),
            privilege: privilege.to_owned(),
        };
        rule.line().map_err(|error| refused(py, error))?;
        Ok(rule)
    }

    /// The line of a coverage file.
    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        self.line().map_err(|error| refused(py, error))
    }

    fn __repr__(&self) -> String {
        format!("CoverageRule({})", self.line().unwrap_or_default())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }
}

/// A condition for a coverage rule: the column has this value. Quotes in the value are doubled.
#[pyfunction]
pub fn equals(py: Python<'_>, column: &str, value: &str) -> PyResult<String> {
    gl::equals(column, value).map_err(|error| refused(py, error))
}

/// The native half of `GovernanceLifecycle` and its twin.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct GovernanceLifecycle {
    client: Arc<Client<System>>,
    settings: Py<Settings>,
}

#[derive(Clone)]
enum Access {
    Token(Credential),
    User(String, Credential, Option<String>),
    App(String, Credential),
    None,
}

fn access(token: Option<&Bound<'_, PyAny>>, login: Option<&Bound<'_, PyAny>>) -> PyResult<Access> {
    let login = match (token, login) {
        (Some(token), None) => return credential("token", token).map(Access::Token),
        (None, None) => return Ok(Access::None),
        (None, Some(login)) => login,
        (Some(token), Some(_)) => return Err(config_error(token.py(), "give token or login, not both")),
    };
    if let Ok(user) = login.cast::<UserLogin>() {
        let user = user.get();
        return Ok(Access::User(
            user.username.clone(),
            user.password.clone(),
            user.auth_source.clone(),
        ));
    }
    if let Ok(app) = login.cast::<TrustedApp>() {
        let app = app.get();
        return Ok(Access::App(app.client_id.clone(), app.client_secret.clone()));
    }
    Err(PyTypeError::new_err("login: must be a UserLogin or a TrustedApp"))
}

impl GovernanceLifecycle {
    fn operation<T, B, F, M>(&self, py: Python<'_>, begin: B, finish: M) -> PyResult<Operation>
    where
        T: Send + 'static,
        B: FnOnce(Arc<Live<System>>, Call) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        M: for<'py> FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    {
        let listener = self.settings.get().listening.listener(py)?;
        Ok(Operation::new(&self.client, listener, begin, finish))
    }
}

#[pymethods]
impl GovernanceLifecycle {
    #[new]
    #[pyo3(signature = (settings, *, token, login))]
    fn new(
        settings: Py<Settings>,
        token: Option<&Bound<'_, PyAny>>,
        login: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let access = access(token, login)?;
        let make = move || {
            System::new(match access.clone() {
                Access::Token(token) => Auth::Token(Holder::new(token)),
                Access::User(username, password, auth_source) => Auth::User {
                    username,
                    password: Holder::new(password),
                    auth_source,
                },
                Access::App(client_id, secret) => Auth::App {
                    client_id,
                    client_secret: Holder::new(secret),
                },
                Access::None => Auth::None,
            })
        };
        Ok(Self {
            client: Arc::new(Client::new(settings.get().checked.clone(), make)),
            settings,
        })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.close());
    }

    fn request(&self, py: Python<'_>, call: &RawCall) -> PyResult<Operation> {
        raw::operation(&self.client, self.settings.get().listening.listener(py)?, call)
    }

    #[pyo3(signature = (coverage, *, r#type, id, name, filename, alt_manager_resolves_to))]
    #[allow(clippy::too_many_arguments)]
    fn upload_coverage(
        &self,
        py: Python<'_>,
        coverage: Option<&Bound<'_, PyAny>>,
        r#type: String,
        id: Option<String>,
        name: Option<String>,
        filename: Option<String>,
        alt_manager_resolves_to: Option<String>,
    ) -> PyResult<Operation> {
        let coverage = coverage.map(read_coverage).transpose()?;
        let upload = CoverageUpload {
            coverage,
            kind: r#type,
            id,
            name,
            filename,
            alt_manager_resolves_to,
        };
        self.operation(
            py,
            move |live, call| async move { gl::upload_coverage(&live.system, &call, upload).await },
            |py, result| result.into_bound_py_any(py),
        )
    }

    #[pyo3(signature = (review, changes, *, sign_off, sign_off_comments, comments_only, chunk_size, same_state_ok,
                        on_partial, dry_run, on_progress))]
    #[allow(clippy::too_many_arguments)]
    fn update_review_items(
        &self,
        py: Python<'_>,
        review: String,
        changes: &Bound<'_, PyAny>,
        sign_off: bool,
        sign_off_comments: Option<String>,
        comments_only: bool,
        chunk_size: Option<usize>,
        same_state_ok: bool,
        on_partial: &str,
        dry_run: bool,
        on_progress: Option<Py<PyAny>>,
    ) -> PyResult<Operation> {
        let raises = match on_partial {
            "raise" => true,
            "return" => false,
            _ => return Err(config_error(py, "on_partial: must be \"raise\" or \"return\"")),
        };
        let changes: Arc<[_]> = read_changes(changes)?.into();
        let told = on_progress
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
            if dry_run {
                let document = gl::review_xml(&review, &changes, &options);
                let document = document.map_err(|error| call.refuse("update_review_items", error))?;
                let raw = String::from_utf8_lossy(&document).into_owned();
                let total = i64::try_from(changes.len()).unwrap_or(i64::MAX);
                return Ok(ReviewUpdate {
                    raw,
                    total,
                    changes,
                    ..ReviewUpdate::default()
                });
            }
            // The timeout is one request's; a run in chunks has as many of them.
            let requests = changes.len().div_ceil(chunk_size.unwrap_or(usize::MAX).max(1)).max(1);
            let whole = call
                .settings()
                .timeout
                .saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
            let call = call.with_timeout(whole.min(LONGEST_RUN));
            let update = gl::update_review_items(&live.system, &call, &review, &changes, &options).await?;
            if raises && !update.ok {
                Err(gl::partial_failure(&call, update))
            } else {
                Ok(update)
            }
        };
        self.operation(py, begin, |py, update| update.into_bound_py_any(py))
    }

    #[pyo3(signature = (name, *, params, body, method, effect))]
    fn command(
        &self,
        py: Python<'_>,
        name: String,
        params: &Bound<'_, PyAny>,
        body: Option<Vec<u8>>,
        method: &str,
        effect: &str,
    ) -> PyResult<Operation> {
        let params = pairs(params, "params")?;
        let effect = raw::effect(effect).map_err(|error| refused(py, error))?;
        let method = match method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            _ => return Err(config_error(py, "method: must be \"GET\" or \"POST\"")),
        };
        self.operation(
            py,
            move |live, call| async move {
                let body = body.map(|bytes| ("text/plain; charset=utf-8", Body::Bytes(Bytes::from(bytes))));
                gl::command(&live.system, &call, &name, &params, body, method, effect).await
            },
            |py, result| result.into_bound_py_any(py),
        )
    }

    fn login(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            |live, call| async move { gl::login(&live.system, &call).await },
            |py, ()| py.None().into_bound_py_any(py),
        )
    }

    fn logout(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            |live, call| async move { gl::logout(&live.system, &call).await },
            |py, ()| py.None().into_bound_py_any(py),
        )
    }

    fn keep_alive(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            |live, call| async move { gl::keep_alive(&live.system, &call).await },
            |py, ()| py.None().into_bound_py_any(py),
        )
    }

    fn get_security_settings(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            |live, call| async move { gl::get_security_settings(&live.system, &call).await },
            |py, settings| settings.into_bound_py_any(py),
        )
    }

    fn run_review(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.operation(
            py,
            move |live, call| async move { gl::run_review(&live.system, &call, &name).await },
            |py, run_id| run_id.into_bound_py_any(py),
        )
    }

    fn get_run_status(&self, py: Python<'_>, run_id: String) -> PyResult<Operation> {
        self.operation(
            py,
            move |live, call| async move { gl::get_run_status(&live.system, &call, &run_id).await },
            |py, status| status.into_bound_py_any(py),
        )
    }

    fn get_review_result(&self, py: Python<'_>, run_id: String) -> PyResult<Operation> {
        self.operation(
            py,
            move |live, call| async move { gl::get_review_result(&live.system, &call, &run_id).await },
            |py, id| id.into_bound_py_any(py),
        )
    }

    fn get_review_status(&self, py: Python<'_>, id: String) -> PyResult<Operation> {
        self.operation(
            py,
            move |live, call| async move { gl::get_review_status(&live.system, &call, &id).await },
            |py, status| status.into_bound_py_any(py),
        )
    }

    fn set_review_state(&self, py: Python<'_>, id: String, state: String) -> PyResult<Operation> {
        self.operation(
            py,
            move |live, call| async move { gl::set_review_state(&live.system, &call, &id, &state).await },
            |py, result| result.into_bound_py_any(py),
        )
    }

    fn refresh_review(&self, py: Python<'_>, id: String, options: &Bound<'_, PyDict>) -> PyResult<Operation> {
        let options = refresh_options(options)?;
        self.operation(
            py,
            move |live, call| async move { gl::refresh_review(&live.system, &call, &id, &options).await },
            |py, result| result.into_bound_py_any(py),
        )
    }

    #[pyo3(signature = (id, state, *, unassigned, grouping, comment))]
    fn update_unreviewed_items(
        &self,
        py: Python<'_>,
        id: String,
        state: String,
        unassigned: Option<bool>,
        grouping: Option<String>,
        comment: Option<String>,
    ) -> PyResult<Operation> {
        let options = UnreviewedOptions {
            unassigned,
            grouping,
            comment,
        };
        self.operation(
            py,
            move |live, call| async move {
                gl::update_unreviewed_items(&live.system, &call, &id, &state, &options).await
            },
            |py, result| result.into_bound_py_any(py),
        )
    }
}

/// A day: no run of requests is longer, whatever the timeouts add up to.
const LONGEST_RUN: Duration = Duration::from_secs(24 * 60 * 60);

fn refresh_options(given: &Bound<'_, PyDict>) -> PyResult<RefreshOptions> {
    let mut options = RefreshOptions::default();
    for (key, value) in given {
        let key: String = key.extract()?;
        if key == "applications" {
            options.applications = value
                .try_iter()?
                .map(|name| name?.extract())
                .collect::<PyResult<Vec<String>>>()?;
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
        *flag = value
            .extract()
            .map_err(|_| PyTypeError::new_err(format!("{key}: must be a bool")))?;
    }
    Ok(options)
}

fn read_coverage(coverage: &Bound<'_, PyAny>) -> PyResult<Coverage> {
    if let Ok(text) = coverage.cast::<PyString>() {
        return Ok(Coverage::Bytes(Bytes::from(text.to_cow()?.into_owned())));
    }
    if let Ok(bytes) = coverage.cast::<PyBytes>() {
        return Ok(Coverage::Bytes(Bytes::copy_from_slice(bytes.as_bytes())));
    }
    if let Ok(bytes) = coverage.cast::<PyByteArray>() {
        return Ok(Coverage::Bytes(Bytes::from(bytes.to_vec())));
    }
    if coverage.hasattr("__fspath__")? {
        return Ok(Coverage::File(coverage.extract::<PathBuf>()?));
    }
    let wrong = || PyTypeError::new_err("coverage: must be bytes, str, a path or an iterable of CoverageRule");
    let mut rules = Vec::new();
    for rule in coverage.try_iter().map_err(|_| wrong())? {
        rules.push(rule?.cast::<CoverageRule>().map_err(|_| wrong())?.get().clone());
    }
    Ok(Coverage::Rules(rules))
}
