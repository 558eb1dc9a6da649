//! A value of this process: made at first use, made anew after a fork, never shared across one.
//!
//! Runtimes, sockets and locks do not survive a fork: their threads are gone, their locks may be held for ever, and a
//! TLS connection used by two processes breaks in both. The parent's value is therefore left alone in the child: not
//! used, not locked, not dropped.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::core::generation::Generation;

struct Tagged<T> {
    made_in: Generation,
    value: T,
}

/// Holds at most one value of the running process.
pub struct PerProcess<T> {
    current: AtomicPtr<Tagged<T>>,
    owns: PhantomData<T>,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Nothing is made yet.
    pub const fn new() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// This process's value, if it was made.
    pub fn get(&self) -> Option<&T> {
        let current = self.current.load(Ordering::Acquire);
        if current.is_null() {
            return None;
        }
        // SAFETY: a pointer stored in `current` comes from `Box::into_raw` and is freed by `drop` alone, which has the
        // only reference to `self`; replaced pointers are leaked. So it is valid as long as `self` is borrowed.
        let tagged = unsafe { &*current };
        tagged.made_in.is_current().then_some(&tagged.value)
    }

    /// What was copied from the parent by a fork, as long as this process has made no value of its own. Threads of the
    /// parent may have held its locks.
    pub fn left_behind(&self) -> Option<&T> {
        let current = self.current.load(Ordering::Acquire);
        if current.is_null() {
            return None;
        }
        // SAFETY: as in `get`.
        let tagged = unsafe { &*current };
        (!tagged.made_in.is_current()).then_some(&tagged.value)
    }

    /// This process's value, made if need be. Takes no lock: of two threads that make one, one is dropped.
    pub fn get_or_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let made = Box::into_raw(Box::new(Tagged {
            made_in: Generation::current(),
            value: make()?,
        }));
        let mut seen = self.current.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `get`; every pointer once stored stays valid while `self` is borrowed.
            if !seen.is_null() && unsafe { &*seen }.made_in.is_current() {
                // SAFETY: `made` comes from `Box::into_raw` above and was never stored, so nobody else has it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: as in `get`.
                return Ok(&unsafe { &*seen }.value);
            }
            match self
                .current
                .compare_exchange(seen, made, Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: just stored; as in `get`. What stood there before is of another process and leaks.
                Ok(_) => return Ok(&unsafe { &*made }.value),
                Err(other) => seen = other,
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        if current.is_null() {
            return;
        }
        // SAFETY: as in `get`; `&mut self` proves that nobody borrows the value.
        if unsafe { &*current }.made_in.is_current() {
            // SAFETY: comes from `Box::into_raw`, is stored nowhere else, and is not used after this.
            drop(unsafe { Box::from_raw(current) });
        }
    }
}
