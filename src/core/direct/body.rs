//! The body of an answer, decompressed. Read to its end, it gives its connection back.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service;

use super::http1::Http1;
use super::pool::{Pool, Sender};
use crate::core::cause::{BoxError, Broken};

/// The body of an answer.
pub(in crate::core) struct Body {
    content: Content,
    lent: Option<(Http1, Weak<Pool>)>,
}

enum Content {
    Plain(Incoming),
    Packed(Pin<Box<DecompressionBody<Incoming>>>),
}

/// The answer that came on this connection.
pub(super) async fn answered(response: Response<Incoming>, sender: Sender, pool: &Arc<Pool>) -> Response<Body> {
    let lent = match sender {
        Sender::Http1(http1) => Some((http1, Arc::downgrade(pool))),
        Sender::Http2(_) => None,
    };
    let response = if response.headers().contains_key(header::CONTENT_ENCODING) {
        Box::pin(unpacked(response)).await
    } else {
        response.map(Content::Plain)
    };
    response.map(|content| Body::new(content, lent))
}

async fn unpacked(response: Response<Incoming>) -> Response<Content> {
    match Decompression::new(Echo).call(Request::new(response)).await {
        Ok(response) => response.map(|body| Content::Packed(Box::pin(body))),
        Err(never) => match never {},
    }
}

impl Body {
    fn new(content: Content, lent: Option<(Http1, Weak<Pool>)>) -> Self {
        let mut body = Self { content, lent };
        body.look_for_end();
        body
    }

    /// How long the whole is, if the server said so.
    pub(in crate::core) fn announced(&self) -> Option<u64> {
        match &self.content {
            Content::Plain(body) => body.size_hint().exact(),
            Content::Packed(_) => None,
        }
    }

    /// The next piece; None after the last.
    pub(in crate::core) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let frame = match &self.content {
                Content::Plain(body) if body.is_end_stream() => None,
                _ => poll_fn(|context| self.poll_frame(context)).await,
            };
            let Some(frame) = frame else {
                self.give_back();
                return Ok(None);
            };
            self.look_for_end();
            if let Ok(piece) = frame.map(Frame::into_data).map_err(Broken::Exchange)? {
                return Ok(Some(piece));
            }
        }
    }

    /// The connection has something to do for it only when it was asked for.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.content.poll_frame(context);
        match &mut self.lent {
            Some((http1, _)) if frame.is_pending() => {
                // Its error comes as a frame.
                drop(http1.turn(context));
                self.content.poll_frame(context)
            }
            _ => frame,
        }
    }

    fn look_for_end(&mut self) {
        if matches!(&self.content, Content::Plain(body) if body.is_end_stream()) {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some((http1, pool)) = self.lent.take()
            && let Some(pool) = pool.upgrade()
        {
            pool.give_back(http1);
        }
    }
}

impl Content {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Self::Plain(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::Packed(body) => body.as_mut().poll_frame(context),
        }
    }
}

/// A service that answers with what it is asked.
struct Echo;

impl Service<Request<Response<Incoming>>> for Echo {
    type Response = Response<Incoming>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Response<Incoming>>) -> Self::Future {
        ready(Ok(request.into_body()))
    }
}
