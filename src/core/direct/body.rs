//! The body of an answer, as it comes. Read to its end, it gives its connection back.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::task::yield_now;

use super::head::Unreadable;
use super::http1::Http1;
use super::http2::{Http2, Running};
use super::pool::{Pool, Sender};
use crate::core::body::Upload;
use crate::core::cause::{Broken, CutShort};

/// The body of an answer.
pub(in crate::core) struct Body {
    content: Incoming,
    lent: Option<Lent>,
    is_secret: bool,
    /// Whether the server had not yet sent the next piece.
    is_awaited: bool,
    /// Why it can't be read.
    fault: Option<Unreadable>,
}

/// The connection on which it comes.
enum Lent {
    Http1(Http1, Weak<Pool>),
    Http2(Http2, Weak<Pool>, Upload),
}

/// The answer that came on this connection.
pub(super) fn answered(
    response: Response<Incoming>,
    sender: Sender,
    pool: &Arc<Pool>,
    upload: Upload,
) -> Response<Body> {
    let pool = Arc::downgrade(pool);
    let (lent, fault) = match sender {
        Sender::Http1(mut http1) => {
            let fault = http1.take_fault();
            (Lent::Http1(http1, pool), fault)
        }
        Sender::Http2(http2) => (Lent::Http2(http2, pool, upload), None),
    };
    response.map(|content| Body {
        content,
        lent: Some(lent),
        is_secret: false,
        is_awaited: false,
        fault,
    })
}

impl Body {
    /// Notes that no byte of it may be left when it was read.
    pub(in crate::core) fn hold_secret(&mut self) {
        self.is_secret = true;
    }

    /// How long the whole is, if the server said so.
    pub(in crate::core) fn announced(&self) -> Option<u64> {
        self.content.size_hint().exact()
    }

    /// The next piece; None after the last.
    pub(in crate::core) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        if let Some(fault) = self.fault.take() {
            return Err(Broken::Exchange(fault.into()));
        }
        loop {
            let frame = match self.content.is_end_stream() {
                true => None,
                false => poll_fn(|context| self.poll_frame(context)).await,
            };
            let Some(frame) = frame else {
                // hyper takes RST_STREAM with NO_ERROR or CANCEL for the end of a body, whatever is missing.
                if matches!(self.lent, Some(Lent::Http2(..))) && !self.content.is_end_stream() {
                    return Err(Broken::Exchange(CutShort.into()));
                }
                self.give_back().await;
                return Ok(None);
            };
            if let Ok(piece) = frame
                .map(Frame::into_data)
                .map_err(|error| Broken::Exchange(error.into()))?
            {
                return Ok(Some(piece));
            }
        }
    }

    /// The connection has something to do for it only when it was asked for.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.content).poll_frame(context);
        match &mut self.lent {
            Some(Lent::Http1(http1, _)) if frame.is_pending() => {
                // Its error comes as a frame.
                drop(http1.turn(context));
                let frame = Pin::new(&mut self.content).poll_frame(context);
                if std::mem::replace(&mut self.is_awaited, frame.is_pending()) {
                    http1.touch();
                }
                frame
            }
            _ => frame,
        }
    }

    async fn give_back(&mut self) {
        match self.lent.take() {
            Some(Lent::Http1(http1, pool)) => {
                if let Some(pool) = pool.upgrade() {
                    pool.give_back(http1, self.is_secret);
                }
            }
            Some(Lent::Http2(http2, pool, upload)) => {
                let is_over = leave(http2, &pool, &upload, self.is_secret);
                if is_over {
                    // Closed when the runtime turns, which may sleep after this call.
                    yield_now().await;
                    yield_now().await;
                }
            }
            None => {}
        }
    }
}

/// A request on a connection of many, until its answer comes. Given up before, by its deadline or its caller, it takes the
/// connection with it if it has a body: the server may have made no room for it, and nothing else ends the buffers of that.
pub(super) struct Awaited<'a> {
    running: &'a Arc<Running>,
    pool: &'a Pool,
    has_body: bool,
}

impl<'a> Awaited<'a> {
    /// From before it is sent.
    pub(super) fn new(running: &'a Arc<Running>, pool: &'a Pool, has_body: bool) -> Self {
        Self {
            running,
            pool,
            has_body,
        }
    }

    /// The answer, or the error in its place, came.
    pub(super) fn has_come(mut self) {
        self.has_body = false;
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if self.has_body {
            self.running.give_up();
            self.pool.retire(self.running);
        }
    }
}

/// Others go on with a connection of many, unless there is an upload on it that the server did not wait for.
fn leave(http2: Http2, pool: &Weak<Pool>, upload: &Upload, is_secret: bool) -> bool {
    if is_secret {
        http2.running.hold_secret();
    }
    let is_over = upload.goes_on();
    if is_over {
        http2.running.give_up();
        if let Some(pool) = pool.upgrade() {
            pool.retire(&http2.running);
        }
    }
    is_over
}

impl Drop for Body {
    fn drop(&mut self) {
        // One connection for one request is closed with it.
        if let Some(Lent::Http2(http2, pool, upload)) = self.lent.take() {
            leave(http2, &pool, &upload, self.is_secret);
        }
    }
}
