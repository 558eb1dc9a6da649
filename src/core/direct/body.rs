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
    is_http2: bool,
    lent: Option<(Http1, Weak<Pool>)>,
}

enum Content {
    Plain(Incoming),
    Packed(Pin<Box<DecompressionBody<Incoming>>>),
}

/// HTTP/2: the server took the stream or the connection away without an error, and without the end of the body.
#[derive(Debug, thiserror::Error)]
#[error("the server ended the answer before it was complete")]
struct CutShort;

/// The answer that came on this connection.
pub(super) async fn answered(response: Response<Incoming>, sender: Sender, pool: &Arc<Pool>) -> Response<Body> {
    let (lent, is_http2) = match sender {
        Sender::Http1(http1) => (Some((http1, Arc::downgrade(pool))), false),
        Sender::Http2(_) => (None, true),
    };
    let response = if response.headers().contains_key(header::CONTENT_ENCODING) {
        Box::pin(unpacked(response)).await
    } else {
        response.map(Content::Plain)
    };
    response.map(|content| Body::new(content, lent, is_http2))
}

async fn unpacked(response: Response<Incoming>) -> Response<Content> {
    match Decompression::new(Echo).call(Request::new(response)).await {
        Ok(response) => response.map(|body| Content::Packed(Box::pin(body))),
        Err(never) => match never {},
    }
}

impl Body {
    fn new(content: Content, lent: Option<(Http1, Weak<Pool>)>, is_http2: bool) -> Self {
        let mut body = Self {
            content,
            is_http2,
            lent,
        };
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
                // hyper takes RST_STREAM with NO_ERROR or CANCEL for the end of a body, whatever is missing.
                if self.is_http2 && !self.content.is_end_stream() {
                    return Err(Broken::Exchange(CutShort.into()));
                }
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
    /// Whether the server has sent all of it; for HTTP/1, where all of it has a length.
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Plain(body) => body.is_end_stream(),
            Self::Packed(body) => body.get_ref().is_end_stream(),
        }
    }

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
