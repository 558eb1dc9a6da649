//! A tunnel through an HTTP proxy: CONNECT, and the proxy's word on it.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::way::NoWay;

/// More than any proxy has to say before the tunnel stands.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 100;

/// Has the proxy connect this stream to the server.
pub(super) async fn dig<S>(stream: &mut S, server: &Uri, login: Option<&HeaderValue>) -> Result<(), NoWay>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let place = format!(
        "{}:{}",
        server.host().unwrap_or_default(),
        server.port_u16().unwrap_or(443)
    );
    let mut request = Zeroizing::new(Vec::with_capacity(512));
    request.extend_from_slice(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").as_bytes());
    if let Some(login) = login {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(login.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(NoWay::Broke)?;
    stream.flush().await.map_err(NoWay::Broke)?;
    let mut read = Vec::with_capacity(1024);
    loop {
        if read.len() >= HEAD_BYTES_MAX {
            return Err(NoWay::TooLong);
        }
        if stream.read_buf(&mut read).await.map_err(NoWay::Broke)? == 0 {
            return Err(NoWay::Ended);
        }
        while let Some((length, status, headers)) = head(&read)? {
            if status.is_informational() {
                drop(read.drain(..length));
                continue;
            }
            // The server speaks after the client: what follows the head of a tunnel is none of it.
            return match status.is_success() {
                true => Ok(()),
                false => Err(NoWay::Answered(status, Box::new(headers))),
            };
        }
    }
}

/// The first head in these bytes, if it is whole, and how long it is.
fn head(bytes: &[u8]) -> Result<Option<(usize, StatusCode, HeaderMap)>, NoWay> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut fields);
    let length = match parsed.parse(bytes).map_err(|_| NoWay::NotHttp)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let fields = parsed.headers.iter().filter_map(|field| {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(field.value).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    Ok(Some((length, status.ok_or(NoWay::NotHttp)?, headers)))
}
