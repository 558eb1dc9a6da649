use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

/// What comes of CONNECT if the proxy answers this, in these pieces, and then closes or stays; with what is left for TLS.
async fn told(pieces: &[&[u8]], closes: bool) -> (Result<(), NoWay>, Vec<u8>) {
    let (mut near, mut far) = duplex(64 * 1024);
    let server = Uri::from_static("https://bamboo.test:8443/");
    let login = HeaderValue::from_static("Basic eDp5");
    let proxy = async {
        let asked =
            b"CONNECT bamboo.test:8443 HTTP/1.1\r\nHost: bamboo.test:8443\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
        let mut came = vec![0; asked.len()];
        far.read_exact(&mut came).await.unwrap();
        assert_eq!(came, asked);
        for piece in pieces {
            far.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        if closes { None } else { Some(far) }
    };
    let (result, far) = tokio::join!(dig(&mut near, &server, Some(&login)), proxy);
    drop(far);
    let mut left = Vec::new();
    near.read_to_end(&mut left).await.unwrap();
    (result, left)
}

fn said(result: Result<(), NoWay>) -> String {
    match result {
        Ok(()) => "tunnel".to_owned(),
        Err(NoWay::Answered(status, headers)) => format!("{} {headers:?}", status.as_u16()),
        Err(error) => error.to_string(),
    }
}

const NOT_HTTP: &str = "its answer to CONNECT is not HTTP";
const ENDED: &str = "unexpected end of file: the proxy closed the connection";

#[tokio::test]
async fn a_head_may_come_in_any_pieces() {
    for head in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\nProxy-Agent: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nx: y\r\n\r\nHTTP/1.1 299\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\n",
        "HTTP/1.1  200  OK\r\nVia : 1.1 x\r\nX-Folded: a\r\n  b\r\nno field\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\r\nHTTP/1.1 200 Pr\u{e9}t\r\n\r\n",
    ] {
        let head = head.as_bytes();
        for at in 0..=head.len() {
            let (first, second) = head.split_at(at);
            let (result, left) = told(&[first, second, b"\x16\x03"], false).await;
            assert_eq!((said(result).as_str(), left.as_slice()), ("tunnel", &b"\x16\x03"[..]));
        }
        let whole = [head, b"\x16\x03"].concat();
        assert_eq!(
            told(&[&whole], true).await.1,
            b"\x16\x03",
            "what follows is the tunnel's"
        );
    }
}

#[tokio::test]
async fn a_head_that_ends_early_is_the_proxys_end() {
    let head =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\r\n";
    for at in 0..head.len() {
        assert_eq!(said(told(&[&head[..at]], true).await.0), ENDED, "{at}");
    }
    let whole = said(told(&[head], true).await.0);
    assert_eq!(whole, "407 {\"proxy-authenticate\": \"NTLM\"}");
}

#[tokio::test]
async fn a_refusal_tells_its_headers() {
    let head = b"HTTP/1.1 403 No\r\nX-A: 1\r\nX-A: 2\r\nX-Fold: a\r\n b\r\nbad line\r\n\r\n";
    let Err(NoWay::Answered(status, headers)) = told(&[head], false).await.0 else {
        panic!("it was refused")
    };
    assert_eq!(status, 403);
    assert_eq!(headers.get_all("x-a").iter().count(), 2);
    assert_eq!(headers["x-fold"], "a   b");
    assert_eq!(headers.len(), 3);
    assert_eq!(
        said(told(&[b"HTTP/1.1 101 Switching Protocols\r\n\r\n"], false).await.0),
        "101 {}"
    );
    assert_eq!(said(told(&[b"HTTP/1.1 302 Found\r\n\r\n"], false).await.0), "302 {}");
}

#[tokio::test]
async fn what_is_no_http_is_known_before_its_end() {
    for garbage in [
        &b"220 mail.test ESMTP\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\n",
        b"HTTP/1.1 OK and more\r\n",
        b"HTTP/1.1 2000 OK and\r\n",
        b"HTTP/1.1 000 Nothing\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"<html>\r\n",
        &[0xff; 40],
    ] {
        let result = told(&[garbage], false).await.0;
        assert_eq!(said(result), NOT_HTTP, "{garbage:?}");
    }
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let line = b"X-Line: 12345678\r\n";
    for (count, wanted) in [
        (1, "tunnel"),
        (900, "tunnel"),
        (911, "it answered CONNECT with more than 16 KiB"),
    ] {
        let head = [b"HTTP/1.1 200 OK\r\n".as_slice(), &line.repeat(count), b"\r\n"].concat();
        assert_eq!(said(told(&[&head], false).await.0), wanted, "{}", head.len());
    }
    let endless = [b"HTTP/1.1 200 ".as_slice(), &[b'x'; 40_000]].concat();
    assert_eq!(
        said(told(&[&endless], false).await.0),
        "it answered CONNECT with more than 16 KiB"
    );
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(2_000);
    let (result, _) = told(&[&interim, b"HTTP/1.1 200 OK\r\n\r\n"], false).await;
    assert_eq!(
        said(result),
        "tunnel",
        "each head has its own; connect_timeout bounds them all"
    );
}
