//! A review update that others send: its changes in parts, and what became of the parts as one result.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::systems::governance_lifecycle::{Changes, Fate, Part, ReviewItemChange, ReviewUpdate};

/// Changes that were checked, to be sent in parts.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct ReviewPlan {
    pub changes: Arc<Changes>,
    /// Changes in a part; the last one has the rest.
    pub size: usize,
    pub same_state_ok: bool,
}

#[pymethods]
impl ReviewPlan {
    /// How many changes there are.
    #[getter]
    fn total(&self) -> usize {
        self.changes.len()
    }

    /// How many of them a part has.
    #[getter]
    const fn size(&self) -> usize {
        self.size
    }

    /// Those of one part.
    fn part(&self, number: usize) -> Vec<ReviewItemChange> {
        let begin = number.saturating_mul(self.size).min(self.changes.len());
        let end = begin.saturating_add(self.size).min(self.changes.len());
        self.changes.range(begin..end).map(|(_, change)| change).collect()
    }
}

/// What Python tells of the parts: a `ReviewUpdate`, or whether their fate is unknown, and why.
pub fn read_parts(parts: &Bound<'_, PyAny>) -> PyResult<Vec<Part>> {
    let read = |part: PyResult<Bound<'_, PyAny>>| {
        let part = part?;
        if let Ok(update) = part.cast::<ReviewUpdate>() {
            return Ok(Part::Told(Arc::new(update.get().clone())));
        }
        let (is_unknown, reason) = part.extract()?;
        let fate = if is_unknown { Fate::Unknown } else { Fate::NotDone };
        Ok(Part::Untold(fate, reason))
    };
    parts.try_iter()?.map(read).collect()
}
