//! Plain dicts in place of objects: read key by key, refused by the name of the place.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::argument::{self, Argument, Wrong};
use super::settings::config_error;

/// A dict given in place of an object, and what it is called in errors.
pub struct Fields<'a, 'py> {
    name: &'a str,
    dict: &'a Bound<'py, PyDict>,
}

impl<'a, 'py> Fields<'a, 'py> {
    /// `expected` says what may be given.
    pub fn of(name: &'a str, value: &'a Bound<'py, PyAny>, expected: &str) -> PyResult<Self> {
        match value.cast::<PyDict>() {
            Ok(dict) => Ok(Self { name, dict }),
            Err(_) => Err(Wrong::of_type(expected, value).named(value.py(), name)),
        }
    }

    /// What one of them is called in errors.
    pub fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    /// A misspelled key would silently leave something out.
    pub fn known(&self, known: &[&str]) -> PyResult<()> {
        let (py, name) = (self.dict.py(), self.name);
        for key in self.dict.keys() {
            let key = String::read(&key).map_err(|wrong| wrong.or_type("a dict whose keys are str").named(py, name))?;
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                let message = format!("{}: is no such key; known are {known}", self.name(&key));
                return Err(config_error(py, message));
            }
        }
        Ok(())
    }

    /// None is as good as not given.
    pub fn given(&self, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.dict.get_item(key)?.filter(|value| !value.is_none()))
    }

    /// Read, if there is one.
    pub fn optional<T: Argument>(&self, key: &str) -> PyResult<Option<T>> {
        let value = self.given(key)?;
        value.map(|value| argument::read(&self.name(key), &value)).transpose()
    }

    /// There must be one.
    pub fn needed(&self, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let missing = || config_error(self.dict.py(), format!("{}: is missing", self.name(key)));
        self.dict.get_item(key)?.ok_or_else(missing)
    }

    /// There must be a text.
    pub fn text(&self, key: &str) -> PyResult<String> {
        argument::read(&self.name(key), &self.needed(key)?)
    }
}
