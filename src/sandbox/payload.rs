//! An answer's body as it goes out: whole, cut in the middle, or byte by byte.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Makes hyper cut the connection.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
pub(super) struct Cut;

/// The rest of a body.
pub(super) struct Payload {
    rest: Bytes,
    announced: u64,
    /// Fails behind the rest; the pause before it lets hyper flush what was given.
    cut: Option<bool>,
    drip: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Payload {
    /// All of it at once.
    pub fn whole(body: Bytes) -> Self {
        Self {
            announced: body.len() as u64,
            rest: body,
            cut: None,
            drip: None,
        }
    }

    /// Announces all of it, gives a half and fails.
    pub fn cut(body: &Bytes) -> Self {
        Self {
            announced: body.len() as u64,
            rest: body.slice(..body.len() / 2),
            cut: Some(false),
            drip: None,
        }
    }

    /// Byte by byte, with a pause before each.
    pub fn dripping(body: Bytes, pause: Duration) -> Self {
        Self {
            drip: Some((pause, Box::pin(sleep(pause)))),
            ..Self::whole(body)
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.rest.is_empty() {
            return match &mut self.cut {
                None => Poll::Ready(None),
                Some(true) => Poll::Ready(Some(Err(Cut))),
                Some(paused) => {
                    *paused = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            };
        }
        let Some((pause, timer)) = &mut self.drip else {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        };
        ready!(timer.as_mut().poll(context));
        *timer = Box::pin(sleep(*pause));
        let byte = self.rest.split_to(1);
        Poll::Ready(Some(Ok(Frame::data(byte))))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        // What is announced is what is left, but for a cut body, which goes on announcing all of it.
        match self.cut {
            None => SizeHint::with_exact(self.rest.len() as u64),
            Some(false) => SizeHint::with_exact(self.announced),
            Some(true) => SizeHint::default(),
        }
    }
}
