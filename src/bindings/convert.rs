//! Raw JSON and plain-data views to Python values, and the four methods every record has.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::errors::refused;
use crate::core::error::Error;
use crate::core::record::{Extra, Json, Key, Params, Record, View};
use crate::core::redact::is_secret_name;
use crate::core::secret::{MASK, Secret};
use crate::core::stored::WITHHELD_KEY;

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

/// One JSON value as Python makes it.
pub fn json_to_python<'py>(py: Python<'py>, raw: &RawValue, hide: Hide) -> PyResult<Bound<'py, PyAny>> {
    member_to_python(py, raw.get(), hide, false)
}

/// The same for the value of an object's member, whose name may be that of a secret.
pub fn member_to_python<'py>(py: Python<'py>, text: &str, hide: Hide, is_secret: bool) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = Seed { py, hide, is_secret };
    seed.deserialize(&mut reader).map_err(|error| unreadable(py, &error))
}

fn unreadable(py: Python<'_>, error: &serde_json::Error) -> PyErr {
    if error.to_string().starts_with(WITHHELD_KEY) {
        return withheld(py);
    }
    PyValueError::new_err("not valid JSON, or nested too deeply")
}

#[derive(Clone, Copy)]
struct Seed<'py> {
    py: Python<'py>,
    hide: Hide,
    is_secret: bool,
}

impl<'py> Seed<'py> {
    fn text<E: serde::de::Error>(self, text: &str) -> Result<Bound<'py, PyAny>, E> {
        match (self.is_secret, self.hide) {
            (true, Hide::Wrap) => Secret::new(text).into_bound_py_any(self.py).map_err(E::custom),
            (true, Hide::Mask) => Ok(PyString::new(self.py, MASK).into_any()),
            _ => Ok(PyString::new(self.py, text).into_any()),
        }
    }

    fn number<E: serde::de::Error, T: IntoPyObject<'py> + ToString>(self, value: T) -> Result<Bound<'py, PyAny>, E> {
        if self.is_secret && self.hide != Hide::Nothing {
            return self.text(&value.to_string());
        }
        value.into_bound_py_any(self.py).map_err(E::custom)
    }
}

impl<'de, 'py> DeserializeSeed<'de> for Seed<'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Seed<'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        value.into_bound_py_any(self.py).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.number(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.number(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.number(value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.py);
        while let Some(item) = items.next_element_seed(self)? {
            list.append(item).map_err(serde::de::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let dict = PyDict::new(self.py);
        while let Some(Key(key)) = map.next_key()? {
            if self.is_secret && key == WITHHELD_KEY {
                map.next_value::<serde::de::IgnoredAny>()?;
                if self.hide == Hide::Nothing {
                    return Err(serde::de::Error::custom(WITHHELD_KEY));
                }
                return Secret::withheld()
                    .into_bound_py_any(self.py)
                    .map_err(serde::de::Error::custom);
            }
            let is_secret = self.is_secret || is_secret_name(&key);
            let value = map.next_value_seed(Seed { is_secret, ..self })?;
            dict.set_item(&*key, value).map_err(serde::de::Error::custom)?;
        }
        Ok(dict.into_any())
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
        dict.set_item(key, member_to_python(py, raw.get(), hide, is_secret_name(key))?)?;
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
        View::Secret(secret) if hide == Hide::Nothing && secret.is_withheld() => Err(withheld(py)),
        View::Secret(secret) if hide == Hide::Nothing => secret.expose().into_bound_py_any(py),
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
    value.py().import("infosecops._html")?.call_method1("shown", (value,))
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
