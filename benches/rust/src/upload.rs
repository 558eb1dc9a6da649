//! The upload of a file: read a piece, write it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::Outcome;
use crate::meter::Meter;
use crate::raw::Connection;

const PIECE: usize = 1024 * 1024;

pub fn upload(url: &str, ca: &str, path: &Path) -> Outcome<String> {
    let mut connection = Connection::open(url, ca)?;
    let mut piece = vec![0; PIECE];
    let meter = Meter::start()?;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let head = format!(
        "POST /aveksa/command.submit?cmd=uploadCoverage&format=json&id={length}&type=reviewer HTTP/1.1\r\nHost: {}\r\n\
         Authorization: Bearer t\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n",
        connection.host
    );
    connection.wire.write_all(head.as_bytes())?;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        connection.wire.write_all(piece.get(..count).unwrap_or_default())?;
    }
    connection.wire.flush()?;
    let answer = connection.answer()?;
    let answer: serde_json::Value = serde_json::from_slice(answer)?;
    let status = answer
        .pointer("/data/status")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("none");
    meter.stop(1, status)
}
