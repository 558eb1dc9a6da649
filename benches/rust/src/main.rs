//! `serve` is the server of `make bench`; every other command is a loop that shows the limit and prints its figures as
//! one line of JSON.

mod bodies;
mod meter;
mod pooled;
mod raw;
mod received;
mod server;
mod socket_loops;
mod tls;
mod upload;

use std::error::Error;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "serve FOLDER
get-reqwest URL CA SECONDS | get-raw URL CA SECONDS | password-reqwest URL CA SECONDS
flight-reqwest URL WIDTH SECONDS
jobs URL COUNT scalars|params | review URL COUNT | upload URL CA FILE";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match *arguments.as_slice() {
        ["serve", folder] => return server::serve(Path::new(folder)),
        ["get-reqwest", url, ca, seconds] => pooled::get(url, ca, seconds.parse()?)?,
        ["password-reqwest", url, ca, seconds] => pooled::password(url, ca, seconds.parse()?)?,
        ["flight-reqwest", url, width, seconds] => pooled::in_flight(url, width.parse()?, seconds.parse()?)?,
        ["get-raw", url, ca, seconds] => socket_loops::get(url, ca, seconds.parse()?)?,
        ["jobs", url, count, what] => socket_loops::jobs(url, count.parse()?, what == "params")?,
        ["review", url, count] => socket_loops::review(url, count.parse()?)?,
        ["upload", url, ca, file] => upload::upload(url, ca, Path::new(file))?,
        _ => return Err(USAGE.into()),
    };
    println!("{figures}");
    Ok(())
}
