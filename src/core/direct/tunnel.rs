//! A tunnel through an HTTP proxy: CONNECT, and the proxy's word on it.

use std::io::ErrorKind;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::way::NoWay;

/// More than any proxy has to say before the tunnel stands.
const HEAD_BYTES_MAX: usize = 16 * 1024;

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
    let mut head = Vec::with_capacity(256);
    loop {
        // Byte by byte: what follows the head comes through the tunnel, whatever the head says of a content (RFC 9110,
        // section 9.3.6).
        let byte = stream.read_u8().await.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => NoWay::Ended,
            _ => NoWay::Broke(error),
        })?;
        head.push(byte);
        let is_whole = head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n");
        // Now and then before its end too, so that no end is waited for of what is no head.
        if (is_whole || head.len().is_power_of_two())
            && let Some((status, headers)) = parsed(&head)?
        {
            // The protocol does not change to another one than that of the tunnel.
            if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                head.clear();
            } else if status.is_success() {
                return Ok(());
            } else {
                return Err(NoWay::Answered(status, Box::new(headers)));
            }
        }
        if head.len() >= HEAD_BYTES_MAX {
            return Err(NoWay::TooLong);
        }
    }
}

/// What this head says, if it is whole. Its lines are taken as leniently as those of an answer.
fn parsed(bytes: &[u8]) -> Result<Option<(StatusCode, HeaderMap)>, NoWay> {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let mut response = httparse::Response::new(&mut fields);
    let read = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, bytes);
    if read.map_err(|_| NoWay::NotHttp)?.is_partial() {
        return Ok(None);
    }
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let fields = response.headers.iter().filter_map(|field| {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        // Of a folded line, the breaks are left in it.
        let value: Vec<u8> = field
            .value
            .iter()
            .map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte })
            .collect();
        Some((name, HeaderValue::from_bytes(&value).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    Ok(Some((status.ok_or(NoWay::NotHttp)?, headers)))
}

#[cfg(test)]
#[path = "tunnel_tests.rs"]
mod tests;
