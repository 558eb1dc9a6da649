//! Settings of connections as Python dicts. Their names are kept, the same few dozen come with every job; their values
//! never are.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::convert::{Hide, Reader, Unread, member_to_python};
use crate::core::pairs::Pairs;
use crate::core::redact::is_secret_name;
use crate::core::scan::Scan;

/// Even, and many times the names of one product.
const SLOTS: usize = 512;
const NAME_MAX: usize = 64;

struct Name {
    object: Py<PyString>,
    is_secret: bool,
    /// The slot of the name that came behind it.
    next: usize,
}

static NAMES: Mutex<Pairs<Name, SLOTS>> = Mutex::new(Pairs::EMPTY);

/// The names that one reading knows. Making an object may run other code, which may come here again; so nobody waits for the
/// kept ones.
struct Names<'py> {
    py: Python<'py>,
    kept: Option<MutexGuard<'static, Pairs<Name, SLOTS>>>,
    last: usize,
}

impl<'py> Names<'py> {
    /// Goes on to the next member's value; None at the end.
    fn next(&mut self, scan: &mut Scan<'_>, is_first: bool) -> Result<Option<(Bound<'py, PyString>, bool)>, Unread> {
        if let Some((text, expected)) = self.expected()
            && scan.key_is(text, is_first)
        {
            let found = (expected.object.bind(self.py).clone(), expected.is_secret);
            self.last = self.follower();
            return Ok(Some(found));
        }
        let Some(key) = scan.key(is_first)? else {
            return Ok(None);
        };
        Ok(Some(self.known(&key.lossy())))
    }

    fn follower(&self) -> usize {
        let last = self.kept.as_ref().and_then(|kept| kept.get(self.last));
        last.map_or(0, |(_, last)| last.next)
    }

    /// The name that came last time behind the last one.
    fn expected(&self) -> Option<(&str, &Name)> {
        self.kept.as_ref()?.get(self.follower())
    }

    fn known(&mut self, key: &str) -> (Bound<'py, PyString>, bool) {
        let kept = self.kept.as_mut().filter(|_| key.len() <= NAME_MAX);
        let Some(kept) = kept else {
            return (PyString::new(self.py, key), is_secret_name(key));
        };
        let found = kept.find(key).unwrap_or_else(|| {
            let name = Name {
                object: PyString::intern(self.py, key).unbind(),
                is_secret: is_secret_name(key),
                next: 0,
            };
            kept.put(key, name)
        });
        if let Some(last) = kept.get_mut(self.last) {
            last.next = found;
        }
        self.last = found;
        match kept.get(found) {
            Some((_, name)) => (name.object.bind(self.py).clone(), name.is_secret),
            _ => (PyString::new(self.py, key), is_secret_name(key)),
        }
    }
}

/// Whether a copy of a dict has nothing in common with it that could change.
#[derive(Clone, Copy, PartialEq)]
pub enum Copying {
    Easy,
    Hard,
}

/// An object of settings that was kept as it came; values under secret names become `Secret` objects.
pub fn params_to_python<'py>(py: Python<'py>, text: &str) -> PyResult<(Bound<'py, PyAny>, Copying)> {
    let kept = NAMES.try_lock().ok();
    let mut names = Names { py, kept, last: 0 };
    let dict = PyDict::new(py);
    match members(&mut names, text, &dict) {
        Ok(copying) => Ok((dict.into_any(), copying)),
        Err(Unread::Json) => Ok((member_to_python(py, text, Hide::Wrap, None)?, Copying::Hard)),
        Err(Unread::Raised(error)) => Err(error),
    }
}

fn members<'py>(names: &mut Names<'py>, text: &str, dict: &Bound<'py, PyDict>) -> Result<Copying, Unread> {
    let reader = Reader {
        py: names.py,
        hide: Hide::Wrap,
    };
    let mut copying = Copying::Easy;
    let mut scan = Scan::new(text, 0);
    let mut is_first = true;
    scan.enter()?;
    while let Some((name, is_secret)) = names.next(&mut scan, is_first)? {
        is_first = false;
        if matches!(scan.peek()?, b'{' | b'[') {
            copying = Copying::Hard;
        }
        let value = if is_secret {
            reader.value(&mut scan, Some(&name.to_cow()?))?
        } else {
            reader.value(&mut scan, None)?
        };
        dict.set_item(name, value)?;
    }
    Ok(copying)
}
