use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

const LOGIN: Option<(&str, &str)> = Some(("jdoe", "p\u{e9}"));

fn name() -> Place {
    Place::Name("bamboo.test".to_owned(), 8443)
}

fn address(text: &str) -> Place {
    Place::Address(text.parse().unwrap())
}

/// What comes of it if the proxy says all this at once and closes; with what it was asked, and what is left for TLS.
async fn told(version: u8, place: &Place, login: Option<(&str, &str)>, says: &[u8]) -> (String, Vec<u8>, Vec<u8>) {
    let (mut near, mut far) = duplex(4096);
    far.write_all(says).await.unwrap();
    far.shutdown().await.unwrap();
    let result = match version {
        4 => version_4(&mut near, place).await,
        _ => version_5(&mut near, place, login).await,
    };
    let mut left = Vec::new();
    near.read_to_end(&mut left).await.unwrap();
    drop(near);
    let mut asked = Vec::new();
    far.read_to_end(&mut asked).await.unwrap();
    (
        result.map_or_else(|error| error.to_string(), |()| "through".to_owned()),
        asked,
        left,
    )
}

#[tokio::test]
async fn version_5_asks_as_the_rfc_says_and_reads_to_the_last_byte() {
    let asked_name = b"\x05\x01\x00\x03\x0bbamboo.test\x20\xfb".as_slice();
    let v4 = address("192.0.2.7:443");
    let v6 = address("[2001:db8::7]:443");
    let v6_bytes = [
        b"\x05\x01\x00\x04\x20\x01\x0d\xb8".as_slice(),
        &[0; 11],
        b"\x07\x01\xbb",
    ]
    .concat();
    let bound_name = [b"\x03\x04host".as_slice(), &[0; 2]].concat();
    for (place, wanted) in [
        (name(), asked_name),
        (v4, b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb"),
        (v6, &v6_bytes),
    ] {
        for bound in [
            [&[1][..], &[0; 6]].concat(),
            [&[4][..], &[0; 18]].concat(),
            bound_name.clone(),
        ] {
            let says = [b"\x05\x00\x05\x00\x00".as_slice(), &bound, b"rest"].concat();
            let (result, asked, left) = told(5, &place, None, &says).await;
            assert_eq!(result, "through");
            assert_eq!(asked, [b"\x05\x01\x00".as_slice(), wanted].concat());
            assert_eq!(left, b"rest");
            for at in 0..says.len() - 4 {
                let (result, ..) = told(5, &place, None, &says[..at]).await;
                assert_eq!(
                    result, "unexpected end of file: the proxy closed the connection",
                    "{at}"
                );
            }
        }
    }
    let (result, asked, _) = told(5, &name(), LOGIN, b"\x05\x02\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0").await;
    assert_eq!(result, "through");
    assert_eq!(
        asked,
        [b"\x05\x01\x02\x01\x04jdoe\x03p\xc3\xa9".as_slice(), asked_name].concat()
    );
}

#[tokio::test]
async fn version_5_tells_its_refusals() {
    let not_socks = "its answer is not SOCKS of this version";
    for (login, says, wanted) in [
        (None, &b"\x05\xff"[..], "SOCKS error: server wants authentication"),
        (None, b"\x05\x02", not_socks),
        (None, b"\x04\x00", not_socks),
        (None, b"HTTP/1.1 400 Bad Request\r\n\r\n", not_socks),
        (
            LOGIN,
            b"\x05\xff",
            "SOCKS error: server does not support user/pass authentication",
        ),
        (LOGIN, b"\x05\x00", not_socks),
        (LOGIN, b"\x05\x02\x01\x01", "SOCKS error: credentials not accepted"),
        (LOGIN, b"\x05\x02\x05\xff", "SOCKS error: credentials not accepted"),
        (None, b"\x05\x00\x05\x02\x00\x01", "SOCKS error: connection not allowed"),
        (None, b"\x05\x00\x05\x05\x00\x01", "SOCKS error: connection refused"),
        (None, b"\x05\x00\x05\x63\x00\x01", "SOCKS error: an unknown failure"),
        (None, b"\x05\x00\x04\x00\x00\x01", not_socks),
        (None, b"\x05\x00\x05\x00\x00\x02", not_socks),
    ] {
        let (result, asked, _) = told(5, &name(), login, says).await;
        assert_eq!(result, wanted, "{says:?}");
        if !matches!(says, [5, 2, ..]) {
            assert!(
                !asked.windows(4).any(|part| part == b"jdoe"),
                "no login before it is asked for"
            );
        }
    }
}

#[tokio::test]
async fn what_has_no_room_is_refused_and_not_cut() {
    let long = "x".repeat(256);
    for login in [(long.as_str(), "p"), ("u", long.as_str())] {
        let (result, asked, _) = told(5, &name(), Some(login), b"\x05\x02").await;
        assert_eq!(result, "SOCKS error: user name or password is longer than 255 bytes");
        assert_eq!(asked, b"\x05\x01\x02");
    }
    let fits = "x".repeat(255);
    let says = b"\x05\x02\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0";
    assert_eq!(told(5, &name(), Some((&fits, &fits)), says).await.0, "through");
    let (result, ..) = told(5, &Place::Name(long, 443), None, b"\x05\x00").await;
    assert_eq!(result, "SOCKS error: host address is more than 255 characters");
}

#[tokio::test]
async fn version_4_asks_for_an_address_or_4a_for_a_name() {
    let granted = b"\x00\x5a\x00\x00\x00\x00\x00\x00rest";
    let by_address = b"\x04\x01\x01\xbb\xc0\x00\x02\x07\x00".as_slice();
    let by_name = b"\x04\x01\x20\xfb\x00\x00\x00\xff\x00bamboo.test\x00".as_slice();
    for (place, wanted) in [(address("192.0.2.7:443"), by_address), (name(), by_name)] {
        let (result, asked, left) = told(4, &place, None, granted).await;
        assert_eq!(
            (result.as_str(), asked.as_slice(), left.as_slice()),
            ("through", wanted, &b"rest"[..])
        );
        for at in 0..8 {
            let (result, ..) = told(4, &place, None, &granted[..at]).await;
            assert_eq!(result, "unexpected end of file: the proxy closed the connection");
        }
    }
    for (status, wanted) in [
        (0x5b, "SOCKS error: failed"),
        (0x5c, "SOCKS error: identd was not reachable"),
        (0x5d, "SOCKS error: identd could not confirm the user"),
        (0x00, "its answer is not SOCKS of this version"),
    ] {
        assert_eq!(told(4, &name(), None, &[0, status, 0, 0, 0, 0, 0, 0]).await.0, wanted);
    }
    let (result, asked, _) = told(4, &address("[2001:db8::7]:443"), None, granted).await;
    assert_eq!(
        (result.as_str(), asked.len()),
        ("SOCKS error: IPV6 is not supported", 0)
    );
}
