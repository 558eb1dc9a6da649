//! Data frames where rows are expected: told by what their class can do, read by `infosecops._frames`.

use pyo3::prelude::*;

use super::python_code::PythonCode;
use pyo3::types::{PyList, PyTuple};

/// What the reader of this name makes of a data frame; None if it is none.
pub fn read_frame<'py>(value: &Bound<'py, PyAny>, reader: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return Ok(None);
    }
    // A column of the frame can have any name, so its own attributes tell nothing.
    let class = value.get_type();
    let is_frame = class.hasattr("itertuples")?
        || class.hasattr("iter_rows")?
        // A single column is a stream of Arrow too.
        || (class.hasattr("__arrow_c_stream__")? && !class.hasattr("dtype")?);
    if !is_frame {
        return Ok(None);
    }
    let read = value.py().import("infosecops._frames")?.getattr(reader)?;
    read.run((value,), None).map(Some)
}
