//! What comes out of a review update: what became of its changes. Lists are made when they are looked at.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;

use super::convert::{Hide, html, record_to_dict};
use super::settings::config_error;
use crate::core::record::Record;
use crate::record_methods;
use crate::systems::governance_lifecycle::{
    CommandResult, Cursor, Fate, ReviewItemChange, ReviewItemResult, ReviewStatus, ReviewUpdate, RunStatus,
    SecuritySettings,
};

record_methods!(ChangeResult);
record_methods!(
    CommandResult,
    ReviewItemResult,
    ReviewStatus,
    RunStatus,
    SecuritySettings
);

/// A change and what became of it.
#[derive(Clone, PartialEq)]
#[pyclass(frozen, get_all, module = "infosecops")]
pub struct ChangeResult {
    /// Its place among the changes given.
    index: i64,
    /// The change.
    change: ReviewItemChange,
    /// What the server said, where its line is known to mean this change.
    reason: Option<String>,
}

crate::fields!(ChangeResult { index, change, reason });

#[pymethods]
impl ReviewUpdate {
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        html(slf.as_any())
    }

    /// Review components that were updated, as the server counts them.
    #[getter]
    fn updated(&self) -> i64 {
        self.updated
    }

    /// Review components that were asked for, as the server counts them.
    #[getter]
    fn total(&self) -> i64 {
        self.total
    }

    /// Whether nothing is left undone.
    #[getter]
    fn ok(&self) -> bool {
        self.ok
    }

    /// What the server said about single items, in its order; it names only some of them.
    #[getter(items)]
    fn py_items(&self) -> Vec<ReviewItemResult> {
        self.items().collect()
    }

    /// The changes that are known to be done. The list is made anew each time.
    #[getter]
    fn succeeded(&self) -> Vec<ChangeResult> {
        self.results(Fate::Done)
    }

    /// The changes that are known not to be done. The list is made anew each time.
    #[getter]
    fn failed(&self) -> Vec<ChangeResult> {
        self.results(Fate::NotDone)
    }

    /// The changes of which the answer does not tell. The list is made anew each time.
    #[getter]
    fn unknown(&self) -> Vec<ChangeResult> {
        self.results(Fate::Unknown)
    }

    /// How long the lists `succeeded`, `failed` and `unknown` are, without making them.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (name, fate) in FATES {
            counts.set_item(name, self.count(fate))?;
        }
        Ok(counts)
    }

    /// The server's text; of a dry run, the documents that would be sent. Those of several requests stand one after
    /// another.
    #[getter(raw)]
    fn py_raw(&self) -> String {
        self.raw()
    }

    /// The same in parts, one for each request.
    #[getter]
    fn raw_parts(&self) -> Vec<String> {
        self.texts().collect()
    }

    /// Go through one of the lists without making it: for runs of many thousands of changes.
    ///
    /// Args:
    ///     which: `succeeded`, `failed` or `unknown`.
    fn iter_results(slf: &Bound<'_, Self>, which: &str) -> PyResult<ResultIterator> {
        let found = FATES.iter().find(|(name, _)| *name == which);
        let (_, fate) =
            found.ok_or_else(|| config_error(slf.py(), "which: must be \"succeeded\", \"failed\" or \"unknown\""))?;
        let indexes = indexes(slf.get().indexes(*fate));
        Ok(ResultIterator::new(slf, indexes, true))
    }

    /// What can be sent again: the changes that are known not to be done.
    ///
    /// Args:
    ///     same_state_ok: Also those of which the answer does not tell. Only for a run with `same_state_ok=True`: some of
    ///         them may have been applied, and then the server says that they are in the wanted state already.
    ///
    /// Returns:
    ///     The changes, to be given to `update_review_items`; read when they are gone through, as often as needed.
    #[pyo3(signature = (*, same_state_ok = false))]
    fn retry_failed(slf: &Bound<'_, Self>, same_state_ok: bool) -> RetryChanges {
        let update = slf.get();
        let mut left = indexes(update.indexes(Fate::NotDone));
        if same_state_ok {
            left.extend(indexes(update.indexes(Fate::Unknown)));
            left.sort_unstable();
        }
        RetryChanges {
            update: slf.clone().unbind(),
            indexes: left.into(),
        }
    }

    /// All fields as plain data; changes by their indexes.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("updated", self.updated)?;
        dict.set_item("total", self.total)?;
        dict.set_item("ok", self.ok)?;
        dict.set_item("items", dicts(py, self.items())?)?;
        for (name, fate) in FATES {
            dict.set_item(name, self.indexes(fate).collect::<Vec<_>>())?;
        }
        dict.set_item("raw", self.raw())?;
        let places = 0..self.changes.len();
        let reasons = places.clone().filter_map(|index| Some((index, self.reason(index)?)));
        dict.set_item("reasons", reasons.collect::<Vec<_>>())?;
        dict.set_item(
            "changes",
            dicts(py, self.changes.range(places).map(|(_, change)| change))?,
        )?;
        Ok(dict)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&'static str, String))> {
        super::pickle::reduce(py, self)
    }

    fn __repr__(&self) -> String {
        format!(
            "ReviewUpdate(updated={}, total={}, succeeded={}, failed={}, unknown={})",
            self.updated,
            self.total,
            self.count(Fate::Done),
            self.count(Fate::NotDone),
            self.count(Fate::Unknown)
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }
}

const FATES: [(&str, Fate); 3] = [
    ("succeeded", Fate::Done),
    ("failed", Fate::NotDone),
    ("unknown", Fate::Unknown),
];

fn dicts<'py, R: Record>(py: Python<'py>, records: impl Iterator<Item = R>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    records.map(|record| record_to_dict(py, &record, Hide::Mask)).collect()
}

/// Half of the room: a result may hold millions of them.
fn indexes(found: impl Iterator<Item = usize>) -> Vec<u32> {
    found.filter_map(|index| u32::try_from(index).ok()).collect()
}

impl ReviewUpdate {
    fn results(&self, fate: Fate) -> Vec<ChangeResult> {
        let mut cursor = Cursor::default();
        let found = self.indexes(fate);
        found.filter_map(|index| self.result(index, &mut cursor)).collect()
    }

    fn result(&self, index: usize, cursor: &mut Cursor) -> Option<ChangeResult> {
        Some(ChangeResult {
            index: i64::try_from(index).ok()?,
            change: self.changes.get(index, cursor)?,
            reason: self.reason(index).map(str::to_owned),
        })
    }
}

/// Changes of a run that can be sent again.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct RetryChanges {
    update: Py<ReviewUpdate>,
    indexes: Arc<[u32]>,
}

#[pymethods]
impl RetryChanges {
    fn __len__(&self) -> usize {
        self.indexes.len()
    }

    fn __iter__(&self, py: Python<'_>) -> ResultIterator {
        ResultIterator::new(self.update.bind(py), self.indexes.to_vec(), false)
    }

    fn __repr__(&self) -> String {
        format!("<{} changes to send again>", self.indexes.len())
    }
}

/// Reads one change after another.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct ResultIterator {
    update: Py<ReviewUpdate>,
    left: Mutex<(std::vec::IntoIter<u32>, Cursor)>,
    /// Whether it gives results, or the changes alone.
    is_told: bool,
}

impl ResultIterator {
    fn new(update: &Bound<'_, ReviewUpdate>, indexes: Vec<u32>, is_told: bool) -> Self {
        Self {
            update: update.clone().unbind(),
            left: Mutex::new((indexes.into_iter(), Cursor::default())),
            is_told,
        }
    }
}

#[pymethods]
impl ResultIterator {
    const fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut left = self.left.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let (indexes, cursor) = &mut *left;
        let Some(index) = indexes.next() else { return Ok(None) };
        let found = self.update.get().result(index as usize, cursor);
        drop(left);
        found
            .map(|found| {
                if self.is_told {
                    found.into_bound_py_any(py)
                } else {
                    found.change.into_bound_py_any(py)
                }
            })
            .transpose()
    }
}
