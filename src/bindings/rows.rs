//! The records of a table for Python: held as they were read, made objects one by one when they are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PySlice, PyString, PyType};

use super::arrow;
use super::jobs::moment;
use super::pages::{Left, Records};
use crate::core::columns::{Cells, Column, Tabular};
use crate::core::stored::{restored, stored};
use crate::systems::bamboo_agents::{AccessToken, Agent};
use crate::systems::sd_elements::{Connection, Job, PackedJob};

/// A record that a table can hold.
pub trait Row: Tabular + Clone + Send + Sync + for<'py> IntoPyObject<'py> {
    /// The class of the objects that are made of it.
    const CLASS: &'static str;
    /// As text, without secrets.
    fn stored(&self) -> String;
    /// The same from its text.
    fn restored(text: &str) -> Option<Self>;
}

macro_rules! rows {
    ($($record:ident),*) => { $(
        impl Row for $record {
            const CLASS: &'static str = stringify!($record);
            fn stored(&self) -> String {
                stored(self)
            }
            fn restored(text: &str) -> Option<Self> {
                restored(text)
            }
        }
    )* };
}

rows!(AccessToken, Agent, Connection);

impl Row for PackedJob {
    const CLASS: &'static str = "Job";

    fn stored(&self) -> String {
        stored(&self.job())
    }

    fn restored(text: &str) -> Option<Self> {
        Self::of(&restored::<Job>(text)?)
    }
}

type Reduced<'py> = (Bound<'py, PyAny>, (&'static str, Vec<String>));

/// The records of a table, all of one class.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Rows(Box<dyn Kept>);

trait Kept: Send + Sync {
    fn class(&self) -> &'static str;
    fn len(&self) -> usize;
    fn get<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Option<Bound<'py, PyAny>>>;
    fn records(&self) -> Records;
    fn pick(&self, indexes: &mut dyn Iterator<Item = usize>) -> Rows;
    fn dicts<'py>(&self, py: Python<'py>, spread: bool, limit: usize) -> PyResult<Bound<'py, PyList>>;
    fn names(&self, spread: bool) -> Vec<String>;
    fn stored(&self) -> Vec<String>;
    fn stream<'py>(&self, py: Python<'py>, spread: bool) -> PyResult<Bound<'py, PyCapsule>>;
    fn schema<'py>(&self, py: Python<'py>, spread: bool) -> PyResult<Bound<'py, PyCapsule>>;
}

impl Rows {
    /// All of them.
    pub fn of<R: Row>(rows: Vec<R>) -> Self {
        Self(Box::new(Arc::new(rows)))
    }

    /// The same as the result of a call.
    pub fn finish<R: Row>(py: Python<'_>, rows: Vec<R>) -> PyResult<Bound<'_, PyAny>> {
        Self::of(rows).into_bound_py_any(py)
    }
}

/// A place among the rows.
struct Place<R> {
    rows: Arc<Vec<R>>,
    at: AtomicUsize,
}

impl<R: Row> Left for Place<R> {
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.rows.get(py, self.at.fetch_add(1, Ordering::Relaxed))
    }
}

impl<R: Row> Kept for Arc<Vec<R>> {
    fn class(&self) -> &'static str {
        R::CLASS
    }

    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn get<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        let row = self.as_slice().get(index).cloned();
        row.map(|row| row.into_bound_py_any(py)).transpose()
    }

    fn records(&self) -> Records {
        let (rows, at) = (self.clone(), AtomicUsize::new(0));
        Records::from_place(Place { rows, at })
    }

    fn pick(&self, indexes: &mut dyn Iterator<Item = usize>) -> Rows {
        Rows::of(
            indexes
                .filter_map(|index| self.as_slice().get(index).cloned())
                .collect(),
        )
    }

    fn dicts<'py>(&self, py: Python<'py>, spread: bool, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let own: Vec<_> = R::COLUMNS
            .iter()
            .map(|column| (PyString::intern(py, column.name), column))
            .collect();
        let inner: Vec<_> = R::GROUP
            .iter()
            .flat_map(|group| {
                group.columns.iter().map(move |column| {
                    let name = if spread {
                        group.spread_name(column)
                    } else {
                        column.name.to_owned()
                    };
                    (PyString::intern(py, &name), column)
                })
            })
            .collect();
        let dicts = PyList::empty(py);
        for row in self.iter().take(limit) {
            let dict = PyDict::new(py);
            fill(&dict, row, &own)?;
            match R::GROUP {
                Some(_) if spread => fill(&dict, row, &inner)?,
                Some(group) if (group.exists)(row) => {
                    let within = PyDict::new(py);
                    fill(&within, row, &inner)?;
                    dict.set_item(group.name, within)?;
                }
                Some(group) => dict.set_item(group.name, py.None())?,
                None => {}
            }
            dicts.append(dict)?;
        }
        Ok(dicts)
    }

    fn names(&self, spread: bool) -> Vec<String> {
        let mut names: Vec<_> = R::COLUMNS.iter().map(|column| column.name.to_owned()).collect();
        match R::GROUP {
            Some(group) if spread => names.extend(group.columns.iter().map(|column| group.spread_name(column))),
            Some(group) => names.push(group.name.to_owned()),
            None => {}
        }
        names
    }

    fn stored(&self) -> Vec<String> {
        self.iter().map(Row::stored).collect()
    }

    fn stream<'py>(&self, py: Python<'py>, spread: bool) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::stream(py, self, spread)
    }

    fn schema<'py>(&self, py: Python<'py>, spread: bool) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema::<R>(py, spread)
    }
}

fn fill<R>(dict: &Bound<'_, PyDict>, row: &R, columns: &[(Bound<'_, PyString>, &Column<R>)]) -> PyResult<()> {
    let py = dict.py();
    for (name, column) in columns {
        match column.cells {
            Cells::Int(read) => dict.set_item(name, read(row))?,
            Cells::Bool(read) => dict.set_item(name, read(row))?,
            Cells::Text(read) => dict.set_item(name, read(row))?,
            Cells::Time(read) => dict.set_item(name, read(row).map(|at| moment(py, at)).transpose()?)?,
        }
    }
    Ok(())
}

#[pymethods]
impl Rows {
    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, _item: &Bound<'_, PyAny>) -> Py<PyAny> {
        cls.clone().into_any().unbind()
    }

    /// The class of the records.
    #[getter]
    fn class_name(&self) -> &'static str {
        self.0.class()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __iter__(&self) -> Records {
        self.0.records()
    }

    /// The record at this place, counted from the end if it is negative.
    fn get<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let place = if index < 0 {
            self.0.len().checked_sub(index.unsigned_abs())
        } else {
            Some(index.unsigned_abs())
        };
        let found = place.map(|place| self.0.get(py, place)).transpose()?.flatten();
        found.ok_or_else(|| PyIndexError::new_err("table index out of range"))
    }

    /// Some of them.
    fn pick(&self, slice: &Bound<'_, PySlice>) -> PyResult<Self> {
        let length = isize::try_from(self.0.len()).unwrap_or(isize::MAX);
        let chosen = slice.indices(length)?;
        let mut at = chosen.start;
        let mut indexes = (0..chosen.slicelength).map(|_| {
            let index = at;
            at = at.saturating_add(chosen.step);
            usize::try_from(index).unwrap_or(usize::MAX)
        });
        Ok(self.0.pick(&mut indexes))
    }

    /// The cells of the first rows by the names of their columns.
    #[pyo3(signature = (flatten, limit = None))]
    fn dicts<'py>(&self, py: Python<'py>, flatten: bool, limit: Option<usize>) -> PyResult<Bound<'py, PyList>> {
        self.0.dicts(py, flatten, limit.unwrap_or(usize::MAX))
    }

    /// The names of the columns.
    fn names(&self, flatten: bool) -> Vec<String> {
        self.0.names(flatten)
    }

    /// All rows for Arrow.
    fn stream<'py>(&self, py: Python<'py>, flatten: bool) -> PyResult<Bound<'py, PyCapsule>> {
        self.0.stream(py, flatten)
    }

    /// Names and types of the columns for Arrow.
    fn schema<'py>(&self, py: Python<'py>, flatten: bool) -> PyResult<Bound<'py, PyCapsule>> {
        self.0.schema(py, flatten)
    }

    /// Secrets are left behind.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let restore = py.import("infosecops._infosecops")?.getattr("restore_rows")?;
        Ok((restore, (self.0.class(), self.0.stored())))
    }
}

/// Makes the rows again.
#[pyfunction]
#[pyo3(signature = (class_name, texts, /))]
pub fn restore_rows(class_name: &str, texts: Vec<String>) -> PyResult<Rows> {
    fn all<R: Row>(texts: &[String]) -> Option<Rows> {
        texts
            .iter()
            .map(|text| R::restored(text))
            .collect::<Option<Vec<R>>>()
            .map(Rows::of)
    }
    let made = match class_name {
        AccessToken::CLASS => all::<AccessToken>(&texts),
        Agent::CLASS => all::<Agent>(&texts),
        Connection::CLASS => all::<Connection>(&texts),
        PackedJob::CLASS => all::<PackedJob>(&texts),
        _ => None,
    };
    made.ok_or_else(|| PyValueError::new_err("not a pickle of this version of infosecops"))
}
