//! How an answer is taken in: as far as it may grow, with its list elements taken out while it comes.

use http::header::{HeaderMap, HeaderName};
use http::response::Parts;

use super::answer::{Answer, Buffer};
use super::cause::Broken;
use super::elements::Elements;
use super::error::{Context, Error, Kind, Outcome};
use super::http_client::Body;
use super::proxy_refusal;
use super::request::Request;
use super::retry::Failure;
use super::transport::{Attempt, Call};

/// What a server's Content-Length may make us set aside before a byte has come.
const PREALLOCATION_MAX: usize = 1024 * 1024;
static REQUEST_ID_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-amzn-requestid"),
];

impl Call {
    /// Reads the body behind a head. What ends it early leaves in `context` how far it came.
    pub(super) async fn read(
        &self,
        request: &Request,
        head: Parts,
        mut pieces: Body,
        context: &mut Context,
    ) -> Result<Attempt, Broken> {
        let status = head.status.as_u16();
        let is_good = (200..300).contains(&status);
        let is_secret = request.secret_answer && is_good;
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
        let reason = reason.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
        let announced = usize::try_from(pieces.announced().unwrap_or(0)).unwrap_or(usize::MAX);
        let mut body = Buffer::new(is_secret, announced.min(PREALLOCATION_MAX));
        let mut elements = request
            .elements
            .as_ref()
            .filter(|_| is_good)
            .map(|sink| Elements::new(sink()));
        let mut received: u64 = 0;
        let is_proxys = proxy_refusal::is_proxys_own(&self.settings, status, &head.headers);
        loop {
            match pieces.piece().await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    received += piece.len() as u64;
                    body.extend(&piece);
                }
                // Status or headers have settled it. Half an explanation could say something else than the whole.
                Err(_) if (400..500).contains(&status) || is_proxys => {
                    body = Buffer::default();
                    break;
                }
                Err(broken) => return Err(broken),
            }
            if received > self.settings.max_response_bytes {
                context.elapsed = self.elapsed();
                context.outcome = Some(if (400..500).contains(&status) {
                    Outcome::Rejected
                } else {
                    Outcome::Unknown
                });
                let message = format!(
                    "the answer is larger than max_response_bytes ({})",
                    self.settings.max_response_bytes
                );
                let error = Error::new(Kind::UnexpectedContent, message, std::mem::take(context));
                return Ok(Err((Failure::Permanent, error)));
            }
            if let Some(elements) = &mut elements {
                elements.look(&mut body);
            }
        }
        context.elapsed = self.elapsed();
        let (elements, cut) = elements.map(|elements| elements.finish(&mut body)).unzip();
        Ok(Ok(Answer {
            status,
            reason,
            headers: head.headers,
            body,
            context: std::mem::take(context),
            secrets: request.all_secrets(&self.settings),
            elements,
            cut: cut.unwrap_or_default(),
        }))
    }
}

/// The server's own name for the exchange.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(name))?;
    // Masked, and cut after that, where it is shown: a server may echo here what it was sent.
    value.to_str().ok().map(str::to_owned)
}
