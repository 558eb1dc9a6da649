//! Loops over reqwest on one thread: what our client could reach at best if Python cost nothing.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::join_all;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

use crate::Outcome;
use crate::meter::Meter;

/// Calls before the first that counts.
pub const WARM_UP: u32 = 20;

const VAULT_REQUEST: &str = r#"{"AssetType":"Unix Based","AssetHost":"web01.example.net","DBInstance":"","AccountName":"deploy","Instance":"Default"}"#;

#[derive(Deserialize)]
pub struct Token<'a> {
    #[serde(borrow, rename = "uuid")]
    _uuid: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(rename = "read")]
    _read: bool,
    #[serde(rename = "change")]
    _change: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    is_success: bool,
    #[serde(borrow)]
    result: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    #[serde(borrow)]
    password: Cow<'a, str>,
}

fn runtime() -> Outcome<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn client(ca: &str) -> Outcome<Client> {
    let builder = Client::builder().redirect(Policy::none()).no_proxy();
    if ca == "-" {
        // Its own check of the machine's store is not part of what is measured.
        return Ok(builder.tls_certs_only([]).build()?);
    }
    let certificate = Certificate::from_pem(&std::fs::read(ca)?)?;
    Ok(builder.tls_certs_only([certificate]).build()?)
}

async fn first_name(client: &Client, address: &str) -> Outcome<String> {
    let request = client
        .get(address)
        .header(AUTHORIZATION, "Bearer t")
        .header(ACCEPT, "application/json");
    let body = request.send().await?.error_for_status()?.bytes().await?;
    let tokens: Vec<Token<'_>> = serde_json::from_slice(&body)?;
    Ok(tokens.first().map(|token| token.name.to_string()).unwrap_or_default())
}

/// One call after the other.
pub fn get(url: &str, ca: &str, seconds: f64) -> Outcome<String> {
    let (runtime, client) = (runtime()?, client(ca)?);
    let address = format!("{url}/rest/agent-config/1.0/tokens/");
    repeat(seconds, || runtime.block_on(first_name(&client, &address)))
}

/// One vault request after the other.
pub fn password(url: &str, ca: &str, seconds: f64) -> Outcome<String> {
    let (runtime, client) = (runtime()?, client(ca)?);
    let address = format!("{url}/API/APP/APP008/RequestPassword");
    repeat(seconds, || {
        runtime.block_on(async {
            let request = client.post(&address).header(AUTHORIZATION, "Basic YWNjZXNza2V5Oms=");
            let request = request.header(CONTENT_TYPE, "application/json").body(VAULT_REQUEST);
            let body = request.send().await?.error_for_status()?.bytes().await?;
            let envelope: Envelope<'_> = serde_json::from_slice(&body)?;
            let record: Record<'_> = serde_json::from_str(&envelope.result)?;
            Ok(if envelope.is_success {
                record.password.into_owned()
            } else {
                String::new()
            })
        })
    })
}

fn repeat(seconds: f64, mut call: impl FnMut() -> Outcome<String>) -> Outcome<String> {
    let mut check = String::new();
    for _ in 0..WARM_UP {
        check = call()?;
    }
    let (meter, mut calls) = (Meter::start()?, 0);
    while meter.elapsed() < seconds {
        check = call()?;
        calls += 1;
    }
    meter.stop(calls, &check)
}

/// `width` callers at a time.
pub fn in_flight(url: &str, width: usize, seconds: f64) -> Outcome<String> {
    let (runtime, client) = (runtime()?, client("-")?);
    let address = format!("{url}/rest/agent-config/1.0/tokens/");
    runtime.block_on(async {
        join_all((0..width).map(|_| first_name(&client, &address)))
            .await
            .into_iter()
            .collect::<Outcome<Vec<_>>>()?;
        let meter = Rc::new(Meter::start()?);
        let (calls, check) = (Rc::new(Cell::new(0)), first_name(&client, &address).await?);
        let caller = || {
            let (client, address, meter, calls) = (client.clone(), address.clone(), meter.clone(), calls.clone());
            async move {
                while meter.elapsed() < seconds {
                    first_name(&client, &address).await?;
                    calls.set(calls.get() + 1);
                }
                Outcome::Ok(())
            }
        };
        let local = tokio::task::LocalSet::new();
        let callers: Vec<_> = (0..width).map(|_| local.spawn_local(caller())).collect();
        local
            .run_until(async {
                for caller in callers {
                    caller.await??;
                }
                Outcome::Ok(())
            })
            .await?;
        drop(local);
        let meter = Rc::into_inner(meter).ok_or("a caller is still at work")?;
        meter.stop(calls.get(), &check)
    })
}
