//! Tests of bodies that are read from disk, on the thread of the call and beside one that others need.

use http_body_util::BodyExt;

use super::*;

fn file(name: &str, content: &[u8]) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("infosecops-body-{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

fn opened(path: &std::path::Path, is_thread_shared: bool) -> Watched {
    let body = Body::File(Arc::new(File::open(path).unwrap()));
    body.open(Arc::new(AtomicBool::new(false)), is_thread_shared).unwrap()
}

#[tokio::test]
async fn every_piece_of_a_file_is_sent_once() {
    for length in [1, PIECE_BYTES, 2 * PIECE_BYTES + 3] {
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let path = file(&length.to_string(), &content);
        for is_thread_shared in [false, true] {
            let body = opened(&path, is_thread_shared);
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(length as u64));
            assert_eq!(body.collect().await.unwrap().to_bytes(), content);
        }
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn attempts_do_not_read_in_each_others_place() {
    let content: Vec<u8> = (0..3 * PIECE_BYTES).map(|at| (at % 251) as u8).collect();
    let path = file("attempts", &content);
    for is_thread_shared in [false, true] {
        let body = Body::File(Arc::new(File::open(&path).unwrap()));
        let open = || body.open(Arc::new(AtomicBool::new(false)), is_thread_shared).unwrap();
        let mut first = open();
        let begun = first.frame().await.unwrap().unwrap().into_data().unwrap();
        let mut second = open();
        let piece = second.frame().await.unwrap().unwrap().into_data().unwrap();
        let rest = first.collect().await.unwrap().to_bytes();
        assert_eq!([begun, rest].concat(), content);
        let rest = second.collect().await.unwrap().to_bytes();
        assert_eq!([piece, rest].concat(), content);
    }
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_file_that_becomes_shorter_ends_the_request() {
    for is_thread_shared in [false, true] {
        let path = file(&format!("short-{is_thread_shared}"), &vec![1; 2 * PIECE_BYTES]);
        let mut body = opened(&path, is_thread_shared);
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), PIECE_BYTES);
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(9)
            .unwrap();
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter while it was sent");
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn few_buffers_are_used_again() {
    let path = file("again", &vec![7; 5 * PIECE_BYTES]);
    let mut body = opened(&path, false);
    let mut places = std::collections::HashSet::new();
    while let Some(frame) = body.frame().await {
        places.insert(frame.unwrap().into_data().unwrap().as_ptr() as usize);
    }
    std::fs::remove_file(path).unwrap();
    assert_eq!(places.len(), 1);
    assert!(places.iter().all(|place| place % PAGE_BYTES == 0));
}
