//! HTTP/1.1 by hand over a blocking socket: as little as a client can do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use memchr::memmem;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::{Outcome, tls};

/// A socket, or TLS over one.
pub trait Wire: Read + Write {}
impl Wire for TcpStream {}
impl Wire for StreamOwned<ClientConnection, TcpStream> {}

/// One connection that stays open.
pub struct Connection {
    pub wire: Box<dyn Wire>,
    pub host: String,
    received: Vec<u8>,
}

impl Connection {
    /// To the origin of `url`; `ca` counts for https only.
    pub fn open(url: &str, ca: &str) -> Outcome<Self> {
        let (scheme, host) = url.split_once("://").ok_or("not a URL")?;
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let wire: Box<dyn Wire> = if scheme == "https" {
            let name = ServerName::try_from("localhost")?;
            let client = ClientConnection::new(tls::client(Path::new(ca))?, name)?;
            Box::new(StreamOwned::new(client, stream))
        } else {
            Box::new(stream)
        };
        Ok(Self {
            wire,
            host: host.to_owned(),
            received: Vec::with_capacity(64 * 1024),
        })
    }

    /// Reads one answer; gives its body.
    pub fn answer(&mut self) -> Outcome<&[u8]> {
        self.received.clear();
        let mut piece = [0; 64 * 1024];
        let body_at = loop {
            self.read(&mut piece)?;
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(self.received.get(..body_at).unwrap_or_default())?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(head.to_owned().into());
        }
        let length: usize = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(name, value)| {
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse())
            })
            .ok_or("no Content-Length")??;
        self.received
            .reserve_exact((body_at + length).saturating_sub(self.received.len()));
        while self.received.len() < body_at + length {
            self.read(&mut piece)?;
        }
        Ok(self.received.get(body_at..).unwrap_or_default())
    }

    fn read(&mut self, piece: &mut [u8]) -> Outcome<()> {
        match self.wire.read(piece)? {
            0 => Err("the server hung up".into()),
            count => {
                self.received.extend_from_slice(piece.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }
}
