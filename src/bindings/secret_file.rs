//! Secrets from files for Python: a callable that can stand wherever a credential is wanted.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use super::argument::Given;
use super::errors::refused;
use crate::core::secret::Secret;
use crate::core::secret_file::SecretFile;
use crate::named;

#[pymethods]
impl SecretFile {
    #[new]
    #[pyo3(signature = (path, *, allow_others = Given::of(false)), text_signature = "(path, *, allow_others=False)")]
    fn py_new(py: Python<'_>, path: Given<PathBuf>, allow_others: Given<bool>) -> PyResult<Self> {
        named!(py; path, allow_others);
        Self::new(&path, allow_others).map_err(|error| refused(py, error))
    }

    /// The file's absolute path.
    #[getter(path)]
    fn py_path(&self) -> &Path {
        self.path()
    }

    /// What the file holds now.
    fn __call__(&self, py: Python<'_>) -> PyResult<Secret> {
        py.detach(|| self.read()).map_err(|error| refused(py, error))
    }

    fn __repr__(&self) -> String {
        format!("SecretFile({:?})", self.path().display().to_string())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }

    /// It travels by its path; the secret stays in the file.
    fn __getnewargs_ex__<'py>(&'py self, py: Python<'py>) -> PyResult<((&'py Path,), Bound<'py, PyDict>)> {
        let keywords = [("allow_others", self.allow_others())].into_py_dict(py)?;
        Ok(((self.path(),), keywords))
    }
}
