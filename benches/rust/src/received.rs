//! Request bodies that are read and not kept.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use memchr::memmem::Finder;

use crate::Outcome;

const CHANGE: &[u8] = b"<ReviewItemChange ";

/// How many bytes come.
pub async fn length(mut body: Incoming) -> Outcome<u64> {
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        total += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(total)
}

/// How many changes of review items come; one may begin in one piece and end in the next.
pub async fn changes(mut body: Incoming) -> Outcome<usize> {
    const KEPT: usize = CHANGE.len() - 1;
    let finder = Finder::new(CHANGE);
    let (mut found, mut seam) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let Some(piece) = frame.data_ref() else { continue };
        found += finder.find_iter(piece).count();
        // Too short on either side to hold a whole one: what is found here lies across.
        let across: Vec<u8> = seam.iter().chain(piece.iter().take(KEPT)).copied().collect();
        found += finder.find_iter(&across).count();
        let short = if piece.len() < KEPT { seam.as_slice() } else { &[] };
        let end: Vec<u8> = short
            .iter()
            .chain(piece.iter().skip(piece.len().saturating_sub(KEPT)))
            .copied()
            .collect();
        seam = end.iter().skip(end.len().saturating_sub(KEPT)).copied().collect();
    }
    Ok(found)
}
