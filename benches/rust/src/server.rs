//! The bare server: one thread, connections kept open, answers that do not change made once.
//!
//! It listens three times: plain, over TLS, and plain with 20 ms before every answer. The addresses go to standard
//! output as one line of JSON; it ends when standard input does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use crate::{Outcome, bodies, received, tls};

const DELAY: Duration = Duration::from_millis(20);
/// How many pages the list of this kind of job has; every other kind has one.
const PAGED_KIND: &str = "analysis";
const PAGES: usize = 200;
const BODY_PIECE: usize = 64 * 1024;

type Kept = Rc<RefCell<HashMap<String, Bytes>>>;

#[derive(Clone)]
struct Site {
    scheme: &'static str,
    delay: Option<Duration>,
    kept: Kept,
}

pub fn serve(folder: &Path) -> Outcome<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, listen(folder))
}

async fn listen(folder: &Path) -> Outcome<()> {
    let ca_file = folder.join("ca.pem");
    let acceptor = TlsAcceptor::from(tls::server(&ca_file)?);
    let kept = Kept::default();
    let (plain, secure, delayed) = (bind().await?, bind().await?, bind().await?);
    let places = json!({
        "plain": format!("http://{}", plain.local_addr()?),
        "tls": format!("https://{}", secure.local_addr()?),
        "delayed": format!("http://{}", delayed.local_addr()?),
        "ca": ca_file,
    });
    println!("{places}");
    let site = |scheme, delay| Site {
        scheme,
        delay,
        kept: kept.clone(),
    };
    let (at_plain, at_tls, at_delayed) = (site("http", None), site("https", None), site("http", Some(DELAY)));
    tokio::task::spawn_local(accept(plain, at_plain, None));
    tokio::task::spawn_local(accept(secure, at_tls, Some(acceptor)));
    accept(delayed, at_delayed, None).await
}

async fn bind() -> Outcome<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

async fn accept(listener: TcpListener, site: Site, acceptor: Option<TlsAcceptor>) -> Outcome<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (site, acceptor) = (site.clone(), acceptor.clone());
        tokio::task::spawn_local(async move {
            match acceptor {
                None => converse(stream, site).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, site).await;
                    }
                }
            }
        });
    }
}

/// Until the other side hangs up.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, site: Site) {
    let service = service_fn(move |request| {
        let site = site.clone();
        async move {
            if let Some(delay) = site.delay {
                tokio::time::sleep(delay).await;
            }
            let answer = answer(&site, request).await.unwrap_or_else(|error| {
                let mut answer = Response::new(Full::from(error.to_string()));
                *answer.status_mut() = StatusCode::BAD_REQUEST;
                answer
            });
            Ok::<_, Infallible>(answer)
        }
    });
    let _ = http1::Builder::new()
        .max_buf_size(BODY_PIECE * 8)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(site: &Site, request: Request<Incoming>) -> Outcome<Response<Full<Bytes>>> {
    let uri = request.uri().clone();
    let path = uri.path();
    if !request.headers().contains_key(AUTHORIZATION) {
        return Err("no Authorization".into());
    }
    if path == "/aveksa/command.submit" {
        return governance(uri.query().unwrap_or_default(), request).await;
    }
    if path == "/rest/agent-config/1.0/tokens/" {
        return Ok(json_answer(Bytes::from_static(bodies::TOKENS.as_bytes())));
    }
    if path == "/API/APP/APP008/RequestPassword" && request.method() == Method::POST {
        let wanted = request.into_body().collect().await?.to_bytes();
        let body = bodies::password(&wanted).ok_or("no account is asked for")?;
        return Ok(json_answer(body.into()));
    }
    if let Some(kind) = path
        .strip_prefix("/api/v2/jobs/")
        .and_then(|rest| rest.strip_suffix('/'))
    {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let origin = format!("{}://{}", site.scheme, host.unwrap_or_default());
        return Ok(json_answer(jobs(site, &origin, kind, uri.query().unwrap_or_default())));
    }
    Err(format!("nothing is at {path}").into())
}

async fn governance(query: &str, request: Request<Incoming>) -> Outcome<Response<Full<Bytes>>> {
    let body = request.into_body();
    let text = match parameter(query, "cmd") {
        Some("uploadCoverage") => {
            let expected = parameter(query, "id").unwrap_or_default().parse()?;
            bodies::uploaded(expected, received::length(body).await?)
        }
        Some("updateReviewItems") => bodies::updated(received::changes(body).await?),
        other => return Err(format!("no command {}", other.unwrap_or_default()).into()),
    };
    Ok(json_answer(text.into()))
}

/// A page of a list, made when it is first asked for.
fn jobs(site: &Site, origin: &str, kind: &str, query: &str) -> Bytes {
    let size: usize = parameter(query, "page_size")
        .and_then(|size| size.parse().ok())
        .unwrap_or(100);
    let page: usize = parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let pages = if kind == PAGED_KIND { PAGES } else { 1 };
    let key = format!("{origin} {kind} {size} {page}");
    let mut kept = site.kept.borrow_mut();
    let body = kept.entry(key).or_insert_with(|| {
        let next = format!("{origin}/api/v2/jobs/{kind}/?page={}&page_size={size}", page + 1);
        let next = (page < pages).then_some(next.as_str());
        bodies::jobs(page.saturating_sub(1) * size, size, size * pages, next).into()
    });
    body.clone()
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

fn json_answer(body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    let kind = hyper::header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
