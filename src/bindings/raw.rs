//! `client.request(...)`: what is not modelled, with the same auth, TLS, deadline, retry and masking.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderMap, HeaderValue};
use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString};
use serde_json::value::RawValue;

use super::argument::{self, Argument, Given, Wrong, digits, items};
use super::convert::{Hide, json_to_python};
use super::errors::{refused, to_python};
use super::python_code::PythonCode;
use super::settings::{config_error, pairs};
use crate::core::answer::Answer;
use crate::core::body::Body;
use crate::core::charset;
use crate::core::config::{header_name, header_value};
use crate::core::depth::{DEPTH_MAX, is_too_deep};
use crate::core::error::{Context, Error, Kind, Outcome};
use crate::core::redact::{self, secrets_of_header};
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::named;

/// A request of the caller's own making, checked.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct RawCall(Request);

#[pymethods]
impl RawCall {
    #[new]
    #[pyo3(signature = (method, path, *, params, json, body, headers, effect))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        method: Given<String>,
        path: Given<String>,
        params: &Bound<'_, PyAny>,
        json: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        effect: Given<String>,
    ) -> PyResult<Self> {
        named!(py; method, path, effect);
        let params = query_pairs(params)?;
        let headers = pairs(headers, "headers")?;
        let json = if json.is_none() {
            None
        } else {
            Some(json_text("json", json)?)
        };
        let body = body_bytes(body)?;
        build(&method, &path, &params, json, body, &headers, &effect)
            .map(Self)
            .map_err(|error| refused(py, error))
    }
}

impl RawCall {
    /// The request to send.
    pub fn request(&self) -> Request {
        self.0.clone()
    }

    /// How to find out whether it was applied: only the caller knows what it does.
    pub fn recipe(&self) -> &'static str {
        match self.0.effect {
            Effect::Idempotent => {
                "repeat the same request: effect=\"idempotent\" says that this leads to the same state"
            }
            Effect::Audited => {
                "the system may have done and recorded it: look at what this request changes there before sending it again, which is recorded again"
            }
            Effect::Unsafe | Effect::Read => {
                "look at what this request changes in the system before sending it again; where repeating does no harm, pass effect=\"idempotent\", or effect=\"read\" if it changes nothing"
            }
        }
    }
}

fn build(
    method: &str,
    path: &str,
    params: &[(String, String)],
    json: Option<String>,
    body: Option<Vec<u8>>,
    headers: &[(String, String)],
    effect: &str,
) -> Result<Request, Error> {
    let verb = method.to_ascii_uppercase();
    if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&verb.as_str()) {
        return Err(Error::config("method: must be GET, HEAD, POST, PUT, PATCH or DELETE"));
    }
    let method = Method::from_bytes(verb.as_bytes()).map_err(|_| Error::config("method: not an HTTP method"))?;
    let effect = self::effect(effect)?;
    let target = params.iter().fold(Target::from_user(path)?, |target, (name, value)| {
        target.query(name, value)
    });
    let mut request = Request::new("request", method, target, effect)
        .accept("application/json")
        .with_any_content();
    request = match (json, body) {
        (Some(_), Some(_)) => return Err(Error::config("give json or body, not both")),
        (Some(json), None) => request.json(json),
        (None, Some(body)) => request.body("application/octet-stream", Body::Bytes(Bytes::from(body))),
        (None, None) => request,
    };
    for (name, value) in headers {
        let (name, value) = (header_name(name)?, header_value(&format!("headers[{name:?}]"), value)?);
        request.secrets.extend(secrets_of_header(&name, value.as_bytes()));
        request.headers.insert(name, value);
    }
    Ok(request)
}

/// A Python value as JSON: nothing but what is valid JSON in UTF-8.
pub fn json_text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = value.py();
    let options = [("allow_nan", false), ("ensure_ascii", false)].into_py_dict(py)?;
    let written = py.import("json")?.getattr("dumps")?.run((value,), Some(&options));
    let written = written.map_err(|error| {
        if error.is_instance_of::<PyRecursionError>(py) {
            config_error(py, format!("{name}: is nested too deeply"))
        } else if error.is_instance_of::<PyTypeError>(py) {
            PyTypeError::new_err(format!("{name}: {}", error.value(py)))
        } else if error.is_instance_of::<PyValueError>(py) {
            config_error(py, format!("{name}: {}", error.value(py)))
        } else {
            error
        }
    })?;
    argument::read(name, &written)
}

/// A mapping of texts to what JSON can hold, as JSON.
pub fn json_object(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let expected = "a mapping of str to values that JSON can hold";
    let refuse = |wrong: Wrong| wrong.or_type(expected).named(value.py(), name);
    let fields = PyDict::new(value.py());
    for (key, field) in items(value).map_err(refuse)? {
        fields.set_item(String::read(&key).map_err(refuse)?, field)?;
    }
    json_text(name, &fields)
}

/// A body given as bytes or text; text goes in UTF-8.
pub fn body_bytes(body: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if body.is_none() {
        return Ok(None);
    }
    if body.is_instance_of::<PyString>() {
        return argument::read("body", body).map(|text: String| Some(text.into_bytes()));
    }
    let read = argument::bytes("bytes or str", body);
    read.map(Some).map_err(|wrong| wrong.named(body.py(), "body"))
}

/// Query parameters: truth values as servers expect them, None left out.
pub fn query_pairs(params: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    if params.is_none() {
        return Ok(Vec::new());
    }
    let py = params.py();
    let refuse = |wrong: Wrong| {
        wrong
            .or_type("a dict of str to str, int, float or bool")
            .named(py, "params")
    };
    let mut pairs = Vec::new();
    for (name, value) in items(params).map_err(refuse)? {
        let name = String::read(&name).map_err(refuse)?;
        if value.is_none() {
            continue;
        }
        let text = if let Ok(flag) = value.cast::<PyBool>() {
            if flag.is_true() { "true" } else { "false" }.to_owned()
        } else if value.is_instance_of::<PyString>() {
            String::read(&value).map_err(refuse)?
        } else if value.is_instance_of::<PyInt>() {
            digits(&value).map_err(refuse)?
        } else if let Ok(number) = value.cast::<PyFloat>() {
            if !number.value().is_finite() {
                return Err(config_error(py, "params: numbers must be finite, no nan and no inf"));
            }
            digits(&value).map_err(refuse)?
        } else {
            return Err(refuse(Wrong::of_type("", &value)));
        };
        pairs.push((name, text));
    }
    Ok(pairs)
}

/// An effect by its public name.
pub fn effect(name: &str) -> Result<Effect, Error> {
    match name {
        "read" => Ok(Effect::Read),
        "idempotent" => Ok(Effect::Idempotent),
        "unsafe" => Ok(Effect::Unsafe),
        "audited" => Ok(Effect::Audited),
        _ => Err(Error::config(
            "effect: must be \"read\", \"idempotent\", \"unsafe\" or \"audited\"",
        )),
    }
}

/// The answer to `client.request(...)`.
#[pyclass(frozen, module = "infosecops")]
pub struct Response {
    /// The HTTP status, always 2xx: anything else was raised.
    #[pyo3(get)]
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    context: Context,
    secrets: Vec<Secret>,
}

impl Response {
    pub fn new(answer: &Answer) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.as_slice().to_vec(),
            context: answer.context.clone(),
            secrets: answer.secrets.clone(),
        }
    }

    fn unmarked(&self) -> &[u8] {
        let mark = b"\xef\xbb\xbf".as_slice();
        self.body.strip_prefix(mark).unwrap_or(&self.body)
    }

    fn decoded(&self, py: Python<'_>) -> PyResult<Cow<'_, str>> {
        charset::decode(&self.headers, &self.body).map_err(|why| {
            let message = format!(
                "{}; content has its bytes",
                redact::scrub(&why.to_string(), &self.secrets)
            );
            let error = Error::new(Kind::UnexpectedContent, message, self.context.clone());
            to_python(py, &error.with_outcome(Outcome::Unknown))
        })
    }
}

#[pymethods]
impl Response {
    /// The headers, by lower-case name; repeated ones joined by commas.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for name in self.headers.keys().filter(|name| *name != header::SET_COOKIE) {
            let values: Vec<_> = self
                .headers
                .get_all(name)
                .iter()
                .map(HeaderValue::as_bytes)
                .map(String::from_utf8_lossy)
                .collect();
            dict.set_item(name.as_str(), values.join(", "))?;
        }
        Ok(dict)
    }

    /// The body without a byte order mark.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.unmarked())
    }

    /// The body as text, in the encoding that the server declared, or else in UTF-8. Raises UnexpectedContentError where
    /// it is no such text.
    #[getter]
    fn text(&self, py: Python<'_>) -> PyResult<Cow<'_, str>> {
        self.decoded(py)
    }

    /// The body as JSON, decoded as `text` is. Raises ValueError where it is none, or where it is nested deeper than 100
    /// levels.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = self.decoded(py)?;
        if is_too_deep(text.as_bytes()) {
            let message = format!("the answer is nested deeper than {DEPTH_MAX} levels; content has all of it");
            return Err(PyValueError::new_err(message));
        }
        let raw: &RawValue =
            serde_json::from_str(&text).map_err(|_| PyValueError::new_err("the answer is not JSON"))?;
        json_to_python(py, raw, Hide::Nothing)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Response cannot be pickled: it may hold secrets; take what is needed from json()",
        ))
    }

    fn __repr__(&self) -> String {
        format!("Response(status={}, {} bytes)", self.status, self.unmarked().len())
    }
}
