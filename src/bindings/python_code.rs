//! Calls of Python code. CPython before 3.14 ends a daemon thread that asks for the interpreter while the program exits by
//! unwinding its stack, which no Rust frame survives. Whatever runs Python code may ask for it, so all of it is called
//! from here, where such a thread waits for the end of the process instead.
//!
//! PyO3 does the same where it attaches.
#![allow(unsafe_code)]

use std::ptr;
use std::thread;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString, PyTuple};
use pyo3::{BoundObject, IntoPyObject};

#[cfg(unix)]
mod raw {
    use pyo3::ffi::PyObject;

    unsafe extern "C-unwind" {
        pub fn PyObject_Call(
            callable: *mut PyObject,
            arguments: *mut PyObject,
            keywords: *mut PyObject,
        ) -> *mut PyObject;
        pub fn PyIter_Next(iterator: *mut PyObject) -> *mut PyObject;
    }
}

// There, threads are ended without unwinding.
#[cfg(not(unix))]
use pyo3::ffi as raw;

/// Dropped by nothing but the unwinding of its thread.
struct Hang;

impl Drop for Hang {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

/// Calls that can't be unwound.
pub trait PythonCode<'py> {
    /// With these positional and keyword arguments.
    fn run<A>(&self, arguments: A, keywords: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>;

    /// A method.
    fn run_method<N, A>(&self, name: N, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: IntoPyObject<'py, Target = PyTuple>;
}

impl<'py> PythonCode<'py> for Bound<'py, PyAny> {
    fn run<A>(&self, arguments: A, keywords: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>,
    {
        let py = self.py();
        let arguments = arguments.into_pyobject(py).map_err(Into::into)?.into_bound();
        let keywords = keywords.map_or(ptr::null_mut(), Bound::as_ptr);
        let hang = Hang;
        // SAFETY: attached; all three are alive, and of the types that are asked for.
        let given = unsafe { raw::PyObject_Call(self.as_ptr(), arguments.as_ptr(), keywords) };
        std::mem::forget(hang);
        // SAFETY: a new reference, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(py, given) }
    }

    fn run_method<N, A>(&self, name: N, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: IntoPyObject<'py, Target = PyTuple>,
    {
        self.getattr(name)?.run(arguments, None)
    }
}

/// What belongs to the process, as threads and connections do, is tied to its main interpreter.
///
/// # Errors
/// `ImportError` in every other one.
pub fn refuse_sub_interpreters(_: Python<'_>) -> PyResult<()> {
    // SAFETY: attached, so there is a current interpreter.
    let number = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match number {
        0 => Ok(()),
        _ => Err(PyImportError::new_err(
            "infosecops can't be imported in a sub-interpreter: use it in the main interpreter of a process, such as one of multiprocessing's",
        )),
    }
}

/// The next one of an iterator of the caller's.
pub fn next_of<'py>(iterator: &Bound<'py, PyIterator>) -> Option<PyResult<Bound<'py, PyAny>>> {
    let py = iterator.py();
    let hang = Hang;
    // SAFETY: attached, and alive.
    let given = unsafe { raw::PyIter_Next(iterator.as_ptr()) };
    std::mem::forget(hang);
    if given.is_null() {
        return PyErr::take(py).map(Err);
    }
    // SAFETY: a new reference.
    Some(Ok(unsafe { Bound::from_owned_ptr(py, given) }))
}
