//! In place of `mailbox` where loops can't watch what the standard library makes.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use super::delivery::Addressed;
use crate::core::http_client::Reactor;

/// There is none.
pub enum Mailbox {}

impl Mailbox {
    pub fn push(&self, _: Addressed) -> Result<(), Addressed> {
        match *self {}
    }

    pub fn is_open(&self) -> bool {
        match *self {}
    }

    pub fn has_room(&self) -> bool {
        match *self {}
    }

    pub fn drive(self: &Arc<Self>, _: BoxFuture<'static, ()>) -> Option<Leash> {
        match **self {}
    }

    pub fn reactor(&self) -> &Arc<Reactor> {
        match *self {}
    }
}

/// There is none.
pub enum Leash {}

impl Leash {
    pub fn abort(&self) {
        match *self {}
    }
}

/// There are none.
#[derive(Default)]
pub struct Mailboxes;

impl Mailboxes {
    pub fn of(&self, _: &Bound<'_, PyAny>, _: &Handle) -> Option<Arc<Mailbox>> {
        None
    }
}
