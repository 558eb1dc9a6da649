//! A connection through a SOCKS proxy, of version 4 and 4a (the protocol's memo of 1992), and 5 (RFC 1928 and 1929).

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::way::NoWay;

const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

/// The server, as the proxy is told of it.
pub(super) enum Place {
    Address(SocketAddr),
    /// The proxy resolves it.
    Name(String, u16),
}

/// Has a SOCKS4 proxy connect this stream to the server.
pub(super) async fn version_4<S>(stream: &mut S, place: &Place) -> Result<(), NoWay>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![4, 1];
    match place {
        Place::Address(SocketAddr::V4(address)) => {
            request.extend_from_slice(&address.port().to_be_bytes());
            request.extend_from_slice(&address.ip().octets());
            request.push(0);
        }
        Place::Address(SocketAddr::V6(_)) => return Err(NoWay::Socks("IPV6 is not supported")),
        Place::Name(name, port) => {
            request.extend_from_slice(&port.to_be_bytes());
            request.extend_from_slice(&[0, 0, 0, 0xff, 0]);
            request.extend_from_slice(name.as_bytes());
            request.push(0);
        }
    }
    send(stream, &request).await?;
    let [version, status, ..] = receive::<8, S>(stream).await?;
    match (version, status) {
        (0, 0x5a) => Ok(()),
        (0, 0x5b) => Err(NoWay::Socks("failed")),
        (0, 0x5c) => Err(NoWay::Socks("identd was not reachable")),
        (0, 0x5d) => Err(NoWay::Socks("identd could not confirm the user")),
        _ => Err(NoWay::NotSocks),
    }
}

/// Has a SOCKS5 proxy connect this stream to the server.
pub(super) async fn version_5<S>(stream: &mut S, place: &Place, login: Option<(&str, &str)>) -> Result<(), NoWay>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let offered = if login.is_some() { PASSWORD } else { NO_LOGIN };
    send(stream, &[5, 1, offered]).await?;
    match receive::<2, S>(stream).await? {
        [5, chosen] if chosen == offered => {}
        [5, NONE_ACCEPTABLE] if login.is_some() => {
            return Err(NoWay::Login("server does not support user/pass authentication"));
        }
        [5, NONE_ACCEPTABLE] => return Err(NoWay::Login("server wants authentication")),
        _ => return Err(NoWay::NotSocks),
    }
    if let Some((user, password)) = login {
        let mut request = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
        request.push(1);
        for part in [user, password] {
            let length = u8::try_from(part.len());
            request.push(length.map_err(|_| NoWay::Login("user name or password is longer than 255 bytes"))?);
            request.extend_from_slice(part.as_bytes());
        }
        send(stream, &request).await?;
        let [_, status] = receive::<2, S>(stream).await?;
        if status != 0 {
            return Err(NoWay::Login("credentials not accepted"));
        }
    }
    let mut request = vec![5, 1, 0];
    let port = match place {
        Place::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    request.push(1);
                    request.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    request.push(4);
                    request.extend_from_slice(&ip.octets());
                }
            }
            address.port()
        }
        Place::Name(name, port) => {
            let length = u8::try_from(name.len());
            request.extend_from_slice(&[
                3,
                length.map_err(|_| NoWay::Socks("host address is more than 255 characters"))?,
            ]);
            request.extend_from_slice(name.as_bytes());
            *port
        }
    };
    request.extend_from_slice(&port.to_be_bytes());
    send(stream, &request).await?;
    let [version, status, _, kind] = receive::<4, S>(stream).await?;
    if version != 5 {
        return Err(NoWay::NotSocks);
    }
    if status != 0 {
        return Err(NoWay::Socks(said(status)));
    }
    // The address at which the proxy speaks for us. Read to its last byte, and no further.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => receive::<1, S>(stream).await?.map(usize::from)[0],
        _ => return Err(NoWay::NotSocks),
    };
    for _ in 0..length + 2 {
        receive::<1, S>(stream).await?;
    }
    Ok(())
}

const fn said(status: u8) -> &'static str {
    match status {
        1 => "general server failure",
        2 => "connection not allowed",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "ttl expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "an unknown failure",
    }
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), NoWay> {
    stream.write_all(bytes).await.map_err(NoWay::Broke)?;
    stream.flush().await.map_err(NoWay::Broke)
}

async fn receive<const N: usize, S: AsyncRead + Unpin>(stream: &mut S) -> Result<[u8; N], NoWay> {
    let mut bytes = [0; N];
    match stream.read_exact(&mut bytes).await {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(NoWay::Ended),
        Err(error) => Err(NoWay::Broke(error)),
    }
}

#[cfg(test)]
#[path = "socks_tests.rs"]
mod tests;
