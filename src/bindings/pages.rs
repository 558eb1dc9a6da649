//! The pages of a list for Python: each as a list, or as records that are made one by one when they are asked for.

use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::vec;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use tokio::sync::Mutex;

use super::handle::Handle;
use super::operation::Operation;
use super::rows::{Row, Rows};
use crate::systems::sd_elements::{Connection, Item, PackedJob, PageCursor, SdElements};

/// A place in a list.
pub struct Pages<T> {
    handle: Handle<SdElements>,
    operation: String,
    cursor: Arc<Mutex<PageCursor<T>>>,
    gathered: Arc<Lock<Vec<T>>>,
}

impl<T: Item + Row> Pages<T> {
    /// At its beginning.
    pub fn new(handle: Handle<SdElements>, cursor: PageCursor<T>) -> Self {
        Self {
            handle,
            operation: cursor.operation().to_owned(),
            cursor: Arc::new(Mutex::new(cursor)),
            gathered: Arc::default(),
        }
    }

    fn next<M>(&self, py: Python<'_>, finish: M) -> PyResult<Operation>
    where
        M: for<'py> FnOnce(Python<'py>, Option<Vec<T>>) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    {
        let cursor = self.cursor.clone();
        let name = self.operation.clone();
        let begin = move |live: Arc<super::client::Live<_>>, call| async move {
            cursor.lock().await.next(&live.system, &call).await
        };
        let operation = self.handle.operation_with(py, name, begin, finish);
        operation.map(Operation::apart)
    }

    fn list(&self, py: Python<'_>) -> PyResult<Operation> {
        self.next(py, |py, page| page.into_bound_py_any(py))
    }

    fn records(&self, py: Python<'_>) -> PyResult<Operation> {
        self.next(py, |py, page| page.map(Records::of).into_bound_py_any(py))
    }

    fn gather(&self, py: Python<'_>) -> PyResult<Operation> {
        let gathered = self.gathered.clone();
        self.next(py, move |py, page| {
            let is_page = page.is_some();
            gathered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(page.unwrap_or_default());
            is_page.into_bound_py_any(py)
        })
    }

    fn rows(&self) -> Rows {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        Rows::of(std::mem::take(&mut gathered))
    }
}

/// The pages of a list of jobs, one operation each.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct JobPages(pub Pages<PackedJob>);

#[pymethods]
impl JobPages {
    /// The next page, None behind the last.
    fn next(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.list(py)
    }

    /// The same, its records made one by one.
    fn records(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.records(py)
    }

    /// Puts the next page to those that were gathered; false behind the last.
    fn gather(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.gather(py)
    }

    /// What was gathered since it was last asked for.
    fn rows(&self) -> Rows {
        self.0.rows()
    }
}

/// The pages of a list of connections, one operation each.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct ConnectionPages(pub Pages<Connection>);

#[pymethods]
impl ConnectionPages {
    /// The next page, None behind the last.
    fn next(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.list(py)
    }

    /// The same, its records made one by one.
    fn records(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.records(py)
    }

    /// Puts the next page to those that were gathered; false behind the last.
    fn gather(&self, py: Python<'_>) -> PyResult<Operation> {
        self.0.gather(py)
    }

    /// What was gathered since it was last asked for.
    fn rows(&self) -> Rows {
        self.0.rows()
    }
}

/// The records of a page. Who looks at them one after another never has tens of thousands of objects, which the garbage
/// collector would visit again and again.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Records(Box<dyn Left>);

/// What was not asked for yet.
pub trait Left: Send + Sync {
    /// The next one, made now.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>>;
}

impl<T: for<'py> IntoPyObject<'py> + Send> Left for Lock<vec::IntoIter<T>> {
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // Making the object may run other code, which may come here again: not under the lock.
        let record = self.lock().unwrap_or_else(PoisonError::into_inner).next();
        record.map(|record| record.into_bound_py_any(py)).transpose()
    }
}

impl Records {
    /// Those behind a place.
    pub fn from_place(place: impl Left + 'static) -> Self {
        Self(Box::new(place))
    }

    /// Those of a list.
    pub fn of<T: for<'py> IntoPyObject<'py> + Send + 'static>(page: Vec<T>) -> Self {
        Self(Box::new(Lock::new(page.into_iter())))
    }
}

#[pymethods]
impl Records {
    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, pyo3::types::PyType>, _item: &Bound<'_, PyAny>) -> Py<PyAny> {
        cls.clone().into_any().unbind()
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.next(py)
    }
}
