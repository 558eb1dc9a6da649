//! Arguments as Python gives them: read by their types, refused by their names. PyO3 would tell a name in a note alone,
//! which CPython 3.10 does not have, and would let numbers out of range and text that can't be encoded raise errors of
//! other classes, the latter with the whole text.

use std::borrow::Cow;
use std::convert::Infallible;
use std::path::PathBuf;

use jiff::civil::Date;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyIterator, PyMapping, PyMemoryView, PyString};

use super::errors::refused;
use super::python_code::PythonCode;
use crate::core::error::Error;

/// Why a value can't be an argument. Shows nothing of the value.
pub enum Wrong {
    /// What it must be, and what it is.
    Type(String),
    /// What a value of the right type must be.
    Value(String),
    /// What code of the value itself raised.
    Raised(PyErr),
}

impl Wrong {
    /// `expected` begins with an article, such as in "a str".
    pub fn of_type(expected: &str, value: &Bound<'_, PyAny>) -> Self {
        let kind = value
            .get_type()
            .name()
            .map_or_else(|_| "object".to_owned(), |name| name.to_string());
        Self::Type(format!("{expected}, not {kind}"))
    }

    /// The same where more than this value's type was expected.
    pub fn or_type(self, expected: &str) -> Self {
        match self {
            Self::Type(_) => Self::Type(expected.to_owned()),
            other => other,
        }
    }

    /// The same with what the value is.
    pub fn or_type_of(self, expected: &str, value: &Bound<'_, PyAny>) -> Self {
        match self {
            Self::Type(_) => Self::of_type(expected, value),
            other => other,
        }
    }

    /// A number that can't be read.
    fn number(error: PyErr, value: &Bound<'_, PyAny>, expected: &str, range: String) -> Self {
        let py = value.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            Self::Value(range)
        } else if error.is_instance_of::<PyTypeError>(py) {
            Self::of_type(expected, value)
        } else {
            Self::Raised(error)
        }
    }

    /// The exception that names the argument.
    pub fn named(self, py: Python<'_>, name: &str) -> PyErr {
        match self {
            Self::Type(expected) => PyTypeError::new_err(format!("{name}: must be {expected}")),
            Self::Value(expected) => refused(py, Error::config(format!("{name}: must be {expected}"))),
            Self::Raised(error) => error,
        }
    }
}

/// A type that arguments can have.
pub trait Argument: Sized {
    /// Reads a value.
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong>;
}

/// Reads the argument of this name.
pub fn read<T: Argument>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    T::read(value).map_err(|wrong| wrong.named(value.py(), name))
}

/// The same where None means that nothing was given.
pub fn optional<T: Argument>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<T>> {
    if value.is_none() {
        return Ok(None);
    }
    read(name, value).map(Some)
}

/// An argument in the signature of a native function: read, but with nothing to get at before it has its name.
pub struct Given<T>(Result<T, Wrong>);

impl<T> Given<T> {
    /// A default.
    pub const fn of(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<'py, T: Argument> FromPyObject<'_, 'py> for Given<T> {
    type Error = Infallible;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self(T::read(&value)))
    }
}

/// What [`named!`](crate::named) takes.
pub trait Named {
    /// The value.
    type Value;
    /// The value, or the exception that names it.
    fn named(self, py: Python<'_>, name: &str) -> PyResult<Self::Value>;
}

impl<T> Named for Given<T> {
    type Value = T;

    fn named(self, py: Python<'_>, name: &str) -> PyResult<T> {
        self.0.map_err(|wrong| wrong.named(py, name))
    }
}

impl<T> Named for Option<Given<T>> {
    type Value = Option<T>;

    fn named(self, py: Python<'_>, name: &str) -> PyResult<Option<T>> {
        self.map(|given| given.named(py, name)).transpose()
    }
}

/// Turns the arguments of these names into their values.
#[macro_export]
macro_rules! named {
    ($py:expr; $($argument:ident),+ $(,)?) => {
        $(
            let $argument = $crate::bindings::argument::Named::named(
                $argument,
                $py,
                stringify!($argument).trim_start_matches("r#"),
            )?;
        )+
    };
}

/// A text. The interpreter's own error about a lone surrogate would hold all of it.
pub fn text<'a>(value: &'a Bound<'_, PyAny>) -> Result<Cow<'a, str>, Wrong> {
    let text = value.cast::<PyString>().map_err(|_| Wrong::of_type("a str", value))?;
    text.to_cow()
        .map_err(|_| Wrong::Value("text that UTF-8 can write: it holds a lone surrogate".to_owned()))
}

/// Several things. A text, bytes and a mapping are none, though each of them can be iterated.
pub fn iterated<'py>(expected: &str, value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyIterator>, Wrong> {
    let is_one = value.is_instance_of::<PyString>() || is_bytes(value) || value.is_instance_of::<PyMapping>();
    match value.try_iter() {
        Ok(all) if !is_one => Ok(all),
        _ => Err(Wrong::of_type(expected, value)),
    }
}

/// Whether [`bytes`] reads it.
pub fn is_bytes(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>()
}

/// Bytes, and nothing that merely holds numbers: a list of them is another thing, and so is an array of wider ones.
pub fn bytes(expected: &str, value: &Bound<'_, PyAny>) -> Result<Vec<u8>, Wrong> {
    let wrong = || Wrong::of_type(expected, value);
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    let view = value.cast::<PyMemoryView>().map_err(|_| wrong())?;
    // One that was released has neither.
    let width = view.getattr("itemsize").and_then(|width| width.extract::<usize>());
    if width.map_err(|_| wrong())? != 1 {
        return Err(Wrong::Value(
            "bytes: a memoryview must be one of single bytes".to_owned(),
        ));
    }
    let copied = view.run_method("tobytes", ()).map_err(|_| wrong())?;
    copied.extract().map_err(|_| wrong())
}

/// Several texts. One text is no such thing, though its characters are.
pub fn texts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let all = iterated("an iterable of str", value).map_err(|wrong| wrong.named(value.py(), name))?;
    let mut texts = Vec::new();
    for (index, text) in all.enumerate() {
        texts.push(read(&format!("{name}[{index}]"), &text?)?);
    }
    Ok(texts)
}

/// A key and its value.
pub type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// What a mapping holds.
pub fn items<'py>(value: &Bound<'py, PyAny>) -> Result<Vec<Pair<'py>>, Wrong> {
    let wrong = || Wrong::of_type("a mapping", value);
    let mapping = value.cast::<PyMapping>().map_err(|_| wrong())?;
    let items = mapping.items().map_err(Wrong::Raised)?;
    items.iter().map(|item| item.extract().map_err(|_| wrong())).collect()
}

impl Argument for String {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        text(value).map(Cow::into_owned)
    }
}

impl Argument for bool {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        value.extract().map_err(|_| Wrong::of_type("a bool", value))
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => { $(
        impl Argument for $number {
            fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
                if value.is_instance_of::<PyBool>() {
                    return Err(Wrong::of_type("an int", value));
                }
                value.extract().map_err(|error| {
                    Wrong::number(error, value, "an int", format!("from {} to {}", Self::MIN, Self::MAX))
                })
            }
        }
    )* };
}

whole_numbers!(i64, u32, u64, usize);

impl Argument for f64 {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        // Not whatever can be turned into one: decimals, durations and truth values of other libraries have other meanings.
        let is_number = value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>();
        if !is_number || value.is_instance_of::<PyBool>() {
            return Err(Wrong::of_type("a number", value));
        }
        let range = || "a number that a float can hold".to_owned();
        value
            .extract()
            .map_err(|error| Wrong::number(error, value, "a number", range()))
    }
}

impl Argument for Date {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        match value.extract() {
            Ok(date) if !is_no_value(value) => Ok(date),
            _ => Err(Wrong::of_type("a date", value)),
        }
    }
}

/// Whether a value is one that stands for none, such as NaN or pandas.NaT: it does not equal itself. Its class may be that
/// of a number or a date.
pub fn is_no_value(value: &Bound<'_, PyAny>) -> bool {
    value.ne(value).unwrap_or(false)
}

impl Argument for PathBuf {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        value.extract().map_err(|error: PyErr| {
            let py = value.py();
            if error.is_instance_of::<PyTypeError>(py) {
                Wrong::of_type("a path", value)
            } else if error.is_instance_of::<PyValueError>(py) {
                Wrong::Value("a path that the file system can have".to_owned())
            } else {
                Wrong::Raised(error)
            }
        })
    }
}

/// An id that may be written as a number.
pub struct Id(pub String);

impl Argument for Id {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        const EXPECTED: &str = "a str or an int";
        if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
            return match value.is_instance_of::<PyString>() {
                true => String::read(value).map(Self),
                false => Err(Wrong::of_type(EXPECTED, value)),
            };
        }
        digits(value).map(Self)
    }
}

/// A number as it is written: also one of an enum, which itself would write a name.
pub fn digits(number: &Bound<'_, PyAny>) -> Result<String, Wrong> {
    let py = number.py();
    let class = match number.is_instance_of::<PyInt>() {
        true => py.get_type::<PyInt>(),
        false => py.get_type::<PyFloat>(),
    };
    let written = class.run_method("__repr__", (number,));
    let written = written.map_err(|error| match error.is_instance_of::<PyValueError>(py) {
        true => Wrong::Value("a number of fewer digits".to_owned()),
        false => Wrong::Raised(error),
    })?;
    String::read(&written)
}
