//! One HTTP/1 connection. Whoever uses it polls it; no task of its own has to be woken, and dropped it is closed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Ear, Heard};
use super::reactor::Reactor;
use crate::core::body::Watched;

/// For one request at a time.
pub(super) struct Http1 {
    sender: SendRequest<Watched>,
    /// None when it has ended.
    connection: Option<BoxFuture<'static, hyper::Result<()>>>,
    ear: Ear,
}

impl Http1 {
    /// On a stream that is open; the ear is its socket's. A server may refuse a client's certificate right after the
    /// handshake: the error says so.
    pub(super) async fn open<T>(stream: T, ear: Ear) -> hyper::Result<Self>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut this = Self {
            sender,
            connection: Some(Box::pin(connection)),
            ear,
        };
        this.ready().await?;
        Ok(this)
    }

    /// Does what can be done now. The error is that of the connection's end, and told to the request as well.
    pub(super) fn turn(&mut self, context: &mut Context<'_>) -> hyper::Result<()> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        match connection.as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(ended) => {
                self.connection = None;
                ended
            }
        }
    }

    /// The same between two requests. It wakes nobody then: the next request would wake whoever sends it.
    pub(super) fn rest(&mut self) {
        drop(self.turn(&mut Context::from_waker(Waker::noop())));
    }

    /// Waits until it takes a request.
    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        poll_fn(|context| match self.turn(context) {
            Ok(()) => self.sender.poll_ready(context),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    /// Whether it takes a request, as far as it has noticed.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// What stands unread on its socket.
    pub(super) fn heard(&self) -> Heard {
        self.ear.heard()
    }

    /// The same, watched from now on by this reactor; by the runtime if there is none.
    pub(super) fn heard_at(&self, reactor: Option<&Arc<Reactor>>) -> Heard {
        self.ear.heard_at(reactor)
    }

    /// Sends a request and gives the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Watched>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Watched>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|context| {
            // Its error comes as the answer.
            drop(self.turn(context));
            answer.as_mut().poll(context)
        })
        .await
    }
}
