//! The HTTP client of one runtime: straight to the server, or through a proxy. It follows no redirect and reads no
//! environment variable: see [`Roots`].

use std::sync::Arc;

use super::address::Address;
use super::body::Watched;
use super::cause::Broken;
use super::config::Settings;
use super::content_encoding::{Encoding, Step, Undecodable};
use super::direct::{self, Direct};
pub use super::direct::{Allowance, Queued, Reactor};
use super::error::Error;
use super::offload::{PIECE_BYTES_MAX, turn};
use super::retry::Effect;
use super::roots::Roots;
use bytes::Bytes;

/// How requests leave, and over which connections.
#[derive(Clone)]
pub struct Http(Arc<Direct>);

/// How many pieces a body gives in a row before other calls, the deadline and signals have their turn; as few bytes do.
const PIECES_MAX: u32 = 32;

/// The body of an answer.
pub(super) struct Body {
    wire: direct::Body,
    encoding: Encoding,
    pieces: u32,
    bytes: usize,
}

/// Builds the HTTP client for these settings, once a runtime; all of them together have this many connections.
pub fn build_http(settings: &Settings, roots: &Roots, allowance: &Arc<Allowance>) -> Result<Http, Error> {
    // Nothing here will ever speak TLS without it, so no store is needed.
    let speaks_tls = settings.is_https || settings.route.is_https();
    let tls = speaks_tls.then(|| roots.tls(settings)).transpose()?;
    let direct = Direct::new(tls, settings, allowance)?;
    Ok(Http(Arc::new(direct)))
}

impl Http {
    /// Whether a call finds a connection that it can have for itself.
    pub fn has_idle(&self) -> bool {
        self.0.has_idle()
    }

    /// Whether any connection may wait, for which the runtime has to be turned now and then.
    pub fn has_open(&self) -> bool {
        self.0.has_open()
    }

    /// Sends a request and gives the head of its answer, with the body still to come. With a reactor, it is the one of the
    /// event loop whose thread this is. `queued` says how long it waited for its turn.
    pub(super) async fn send(
        &self,
        request: http::Request<Watched>,
        place: (&Address<'_>, Effect),
        reactor: Option<&Arc<Reactor>>,
        queued: &mut Queued,
    ) -> Result<http::Response<Body>, Broken> {
        let (mut head, wire) = self.0.send(request, place, reactor, queued).await?.into_parts();
        let encoding = Encoding::take(&mut head.headers);
        let body = Body {
            wire,
            encoding,
            pieces: 0,
            bytes: 0,
        };
        Ok(http::Response::from_parts(head, body))
    }
}

impl Body {
    /// Notes that no byte of it may be left when it was read.
    pub(super) fn hold_secret(&mut self) {
        self.wire.hold_secret();
    }

    /// How long the whole is, if the server said so.
    pub(super) fn announced(&self) -> Option<u64> {
        match &self.encoding {
            Encoding::Identity => self.wire.announced(),
            _ => None,
        }
    }

    /// The next piece, decoded; None after the last.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        let piece = self.next_piece().await;
        if let Ok(Some(piece)) = &piece {
            self.bytes += piece.len();
        }
        piece
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            self.pieces += 1;
            if self.pieces > PIECES_MAX || self.bytes >= PIECE_BYTES_MAX {
                (self.pieces, self.bytes) = (0, 0);
                turn().await;
            }
            match &mut self.encoding {
                Encoding::Identity => return self.wire.piece().await,
                Encoding::Unknown(name) => {
                    let name = std::mem::take(name);
                    // What is empty needs no decoding.
                    return match self.wire.piece().await? {
                        Some(_) => Err(Broken::Content(Undecodable::Unknown(name))),
                        None => Ok(None),
                    };
                }
                Encoding::Gzip(gunzip) => match gunzip.step().map_err(Broken::Content)? {
                    Step::Decoded(piece) => return Ok(Some(piece)),
                    Step::Again => {}
                    Step::Hungry => match self.wire.piece().await? {
                        Some(piece) => gunzip.feed(piece),
                        None => gunzip.finish(),
                    },
                    Step::End => return Ok(None),
                },
            }
        }
    }
}
