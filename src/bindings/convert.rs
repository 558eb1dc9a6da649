//! Raw JSON and plain-data views to Python values, and the four methods every record has.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString};
use serde_json::value::RawValue;

use super::errors::refused;
use super::python_code::PythonCode;
use crate::core::error::{Context, Error, Kind};
use crate::core::record::{Extra, Json, Params, Record, View};
use crate::core::redact::is_secret_name;
use crate::core::scan::{Quoted, Scan, Stop};
use crate::core::secret::{MASK, Secret};
use crate::core::stored::WITHHELD;

/// What becomes of values under secret names.
#[derive(Clone, Copy, PartialEq)]
pub enum Hide {
    /// They become `Secret` objects.
    Wrap,
    /// They become `****`.
    Mask,
    /// They stay.
    Nothing,
}

/// For secrets that were left behind.
pub fn withheld(py: Python<'_>) -> PyErr {
    let error = Error::config("this secret was left behind when the object around it was pickled");
    refused(py, error.with_hint("fetch it again where it is needed"))
}

/// For a secret of an answer that is no text, such as half of a surrogate pair: any other in its place would be wrong.
pub fn unreadable(py: Python<'_>, name: &str) -> PyErr {
    let message = format!("{name}: the server's value holds half of a surrogate pair, which is no text");
    let error = Error::new(Kind::UnexpectedContent, message, Context::default());
    refused(
        py,
        error.with_hint("set it again on the server; it can't be read from its answers"),
    )
}

/// One JSON value as Python makes it.
pub fn json_to_python<'py>(py: Python<'py>, raw: &RawValue, hide: Hide) -> PyResult<Bound<'py, PyAny>> {
    member_to_python(py, raw.get(), hide, None)
}

/// The same for the value of an object's member, of a secret with its name.
pub fn member_to_python<'py>(
    py: Python<'py>,
    text: &str,
    hide: Hide,
    secret: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let reader = Reader { py, hide };
    reader
        .value(&mut Scan::new(text, 0), secret)
        .map_err(|unread| match unread {
            Unread::Json => PyValueError::new_err("not valid JSON, or nested too deeply"),
            Unread::Raised(error) => error,
        })
}

/// Why a value was not made.
pub enum Unread {
    /// It is no JSON.
    Json,
    /// The interpreter's word.
    Raised(PyErr),
}

impl From<Stop> for Unread {
    fn from(_: Stop) -> Self {
        Self::Json
    }
}

impl From<PyErr> for Unread {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// Makes Python values of JSON text. What Python's types can't hold does not end it: half of a surrogate pair becomes
/// U+FFFD, a number that no float and no int holds becomes the text that it was written as.
#[derive(Clone, Copy)]
pub struct Reader<'py> {
    /// The interpreter.
    pub py: Python<'py>,
    /// What becomes of secrets.
    pub hide: Hide,
}

impl<'py> Reader<'py> {
    /// The next value; `secret` is the name that makes it one.
    pub fn value(self, scan: &mut Scan<'_>, secret: Option<&str>) -> Result<Bound<'py, PyAny>, Unread> {
        let py = self.py;
        match scan.peek()? {
            b'"' => Ok(self.text(scan.quoted()?, secret)?),
            b'{' if secret.is_some() && scan.rest().starts_with(WITHHELD) => {
                scan.skip(WITHHELD.len());
                match self.hide {
                    Hide::Nothing => Err(withheld(py).into()),
                    Hide::Wrap | Hide::Mask => Ok(Secret::withheld().into_bound_py_any(py)?),
                }
            }
            b'{' => self.object(scan, secret),
            b'[' => {
                let list = PyList::empty(py);
                let mut is_first = true;
                scan.enter_array()?;
                while scan.element(is_first)? {
                    is_first = false;
                    list.append(self.value(scan, secret)?)?;
                }
                Ok(list.into_any())
            }
            _ => Ok(match scan.value()? {
                "null" => py.None().into_bound(py),
                "true" => PyBool::new(py, true).to_owned().into_any(),
                "false" => PyBool::new(py, false).to_owned().into_any(),
                digits => match (secret, self.hide) {
                    (None, _) | (_, Hide::Nothing) => number(py, digits)?,
                    (Some(_), Hide::Mask) => PyString::new(py, MASK).into_any(),
                    (Some(_), Hide::Wrap) => Secret::new(digits).into_bound_py_any(py)?,
                },
            }),
        }
    }

    fn text(self, quoted: Quoted<'_>, secret: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let Some(name) = secret else {
            return Ok(PyString::new(py, &quoted.lossy()).into_any());
        };
        match (self.hide, quoted.read()) {
            (Hide::Mask, _) => Ok(PyString::new(py, MASK).into_any()),
            (Hide::Wrap, Some(text)) => Secret::new(text).into_bound_py_any(py),
            (Hide::Wrap, None) => Secret::unreadable(name).into_bound_py_any(py),
            (Hide::Nothing, Some(text)) => Ok(PyString::new(py, &text).into_any()),
            (Hide::Nothing, None) => Err(unreadable(py, name)),
        }
    }

    fn object(self, scan: &mut Scan<'_>, secret: Option<&str>) -> Result<Bound<'py, PyAny>, Unread> {
        let py = self.py;
        let dict = PyDict::new(py);
        let mut is_first = true;
        scan.enter()?;
        while let Some(key) = scan.key(is_first)? {
            is_first = false;
            let key = key.lossy();
            let name = secret.or_else(|| is_secret_name(&key).then_some(&*key));
            let value = self.value(scan, name)?;
            dict.set_item(&*key, value)?;
        }
        Ok(dict.into_any())
    }
}

/// A number as Python's own reader has it: exact if it is a whole one.
fn number<'py>(py: Python<'py>, digits: &str) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(number) = digits.parse::<i64>() {
        return number.into_bound_py_any(py);
    }
    let as_text = || PyString::new(py, digits).into_any();
    if !digits.contains(['.', 'e', 'E']) {
        // Python limits the digits of an int that is made of text.
        return Ok(py
            .get_type::<PyInt>()
            .run((digits,), None)
            .unwrap_or_else(|_| as_text()));
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => number.into_bound_py_any(py),
        _ => Ok(as_text()),
    }
}

impl<'py> IntoPyObject<'py> for &Json {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        json_to_python(py, &self.0, Hide::Wrap)
    }
}

impl<'py> IntoPyObject<'py> for &Params {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        json_to_python(py, &self.0, Hide::Wrap)
    }
}

impl<'py> IntoPyObject<'py> for &Extra {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        extra_to_python(py, self, Hide::Wrap)
    }
}

fn extra_to_python<'py>(py: Python<'py>, extra: &Extra, hide: Hide) -> PyResult<Bound<'py, PyAny>> {
    let dict = PyDict::new(py);
    for (key, raw) in &extra.0 {
        let secret = is_secret_name(key).then_some(key.as_str());
        dict.set_item(key, member_to_python(py, raw.get(), hide, secret)?)?;
    }
    Ok(dict.into_any())
}

/// A view as plain Python data: dicts, lists, texts, numbers, aware datetimes. Secrets are `****` unless revealed.
pub fn view_to_python<'py>(py: Python<'py>, view: &View<'_>, hide: Hide) -> PyResult<Bound<'py, PyAny>> {
    match view {
        View::None => Ok(py.None().into_bound(py)),
        View::Bool(value) => value.into_bound_py_any(py),
        View::Int(value) => value.into_bound_py_any(py),
        View::Float(value) => value.into_bound_py_any(py),
        View::Text(value) => value.into_bound_py_any(py),
        View::Owned(value) => value.into_bound_py_any(py),
        View::Time(value) => value.into_bound_py_any(py),
        View::Date(value) => value.into_bound_py_any(py),
        View::LocalTime(value) => value.into_bound_py_any(py),
        View::Secret(secret) if hide == Hide::Nothing => revealed(py, secret)?.into_bound_py_any(py),
        View::Secret(_) => MASK.into_bound_py_any(py),
        View::Json(raw) => json_to_python(py, raw, hide),
        View::Extra(extra) => extra_to_python(py, extra, hide),
        View::Record(record) => record_to_dict(py, *record, hide).map(Bound::into_any),
        View::List(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(view_to_python(py, item, hide)?)?;
            }
            Ok(list.into_any())
        }
    }
}

/// The text of a secret, where there is one.
pub fn revealed<'s>(py: Python<'_>, secret: &'s Secret) -> PyResult<&'s str> {
    match secret.unreadable_name() {
        Some(name) => Err(unreadable(py, name)),
        None if secret.is_withheld() => Err(withheld(py)),
        None => Ok(secret.expose()),
    }
}

/// All fields by name.
pub fn record_to_dict<'py>(py: Python<'py>, record: &dyn Record, hide: Hide) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, view) in record.fields() {
        dict.set_item(name, view_to_python(py, &view, hide)?)?;
    }
    Ok(dict)
}

/// `Job(id=12, kind='alm', …)`: what is there, secrets masked, nothing that is empty.
pub fn record_repr(py: Python<'_>, record: &dyn Record) -> PyResult<String> {
    let mut shown = Vec::new();
    for (name, view) in record.fields() {
        let value = match &view {
            View::None => continue,
            View::Extra(extra) if extra.0.is_empty() => continue,
            View::Secret(secret) => secret.to_string(),
            View::Record(inner) => record_repr(py, *inner)?,
            view => view_to_python(py, view, Hide::Mask)?.repr()?.to_string(),
        };
        shown.push(format!("{name}={value}"));
    }
    Ok(format!("{}({})", record.class_name(), shown.join(", ")))
}

/// What a notebook shows of a value, made by the package's Python half.
pub fn html<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    value.py().import("infosecops._html")?.run_method("shown", (value,))
}

/// The methods every record has, and what else a class needs.
#[macro_export]
macro_rules! record_methods {
    ($($name:ident),* $(,)?) => { $( $crate::record_methods!($name {}); )* };
    ($name:ident { $($more:tt)* }) => {
        #[pyo3::pymethods]
        impl $name {
            $($more)*

            fn __repr__(&self, py: pyo3::Python<'_>) -> pyo3::PyResult<String> {
                use $crate::core::record::Recorded;
                self.with_record(|record| $crate::bindings::convert::record_repr(py, record))
            }

            fn _repr_html_<'py>(slf: &pyo3::Bound<'py, Self>) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                $crate::bindings::convert::html(slf.as_any())
            }

            fn __eq__(&self, other: &pyo3::Bound<'_, pyo3::PyAny>) -> bool {
                use $crate::core::record::Recorded;
                other.cast::<Self>().is_ok_and(|other| self.is_equal(other.get()))
            }

            /// All fields as plain data. Secrets are masked unless `reveal` is true.
            #[pyo3(
                signature = (*, reveal = $crate::bindings::argument::Given::of(false)),
                text_signature = "($self, *, reveal=False)"
            )]
            fn to_dict<'py>(
                &self,
                py: pyo3::Python<'py>,
                reveal: $crate::bindings::argument::Given<bool>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyDict>> {
                use $crate::bindings::convert::{Hide, record_to_dict};
                use $crate::core::record::Recorded;
                $crate::named!(py; reveal);
                self.with_record(|record| record_to_dict(py, record, if reveal { Hide::Nothing } else { Hide::Mask }))
            }

            /// Secrets are left behind: they do not travel in pickles.
            fn __reduce__<'py>(
                &self,
                py: pyo3::Python<'py>,
            ) -> pyo3::PyResult<(pyo3::Bound<'py, pyo3::PyAny>, (&'static str, String))> {
                use $crate::core::record::Recorded;
                self.with_record(|record| $crate::bindings::pickle::reduce(py, record))
            }

            fn __copy__(slf: pyo3::Py<Self>) -> pyo3::Py<Self> {
                slf
            }

            fn __deepcopy__(slf: pyo3::Py<Self>, _memo: &pyo3::Bound<'_, pyo3::PyAny>) -> pyo3::Py<Self> {
                slf
            }
        }
    };
}
