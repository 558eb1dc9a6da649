//! The work whose instructions and allocations are counted: a small GET, a page of jobs, the document of a review update.
//!
//! `counts WORK TIMES` does it; `scripts/counts.py` runs it under callgrind, twice, so that what is done once does not
//! count. The server is another process of this program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod server;

use std::hint::black_box;
use std::sync::Arc;

use infosecops::core::config::{Options, Settings};
use infosecops::core::credential::{Credential, Holder};
use infosecops::core::error::System;
use infosecops::core::http_client::{Allowance, build_http};
use infosecops::core::roots::Roots;
use infosecops::core::secret::Secret;
use infosecops::core::transport::Call;
use infosecops::systems::bamboo_agents::{self, Api, BambooAgents, Login};
use infosecops::systems::governance_lifecycle::{Changes, Entitlement, Item, ReviewItemChange, UpdateOptions, dry_run};
use infosecops::systems::sd_elements::{self, ListFilter, PackedConnection, PackedJob, SdElements};

const CHANGES: usize = 1000;

struct Client {
    runtime: tokio::runtime::Runtime,
    settings: Arc<Settings>,
    call: Call,
}

impl Client {
    fn new(system: System, api_paths: &[&[&str]], url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut options = Options::new(url);
        options.proxy = Some("direct".into());
        let settings = Arc::new(Settings::new(system, api_paths, &options).unwrap());
        let http = build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).unwrap();
        Self {
            runtime: runtime.unwrap(),
            call: Call::new(settings.clone(), http, None),
            settings,
        }
    }

    /// Each use of a client begins a call of its own.
    fn call(&self) -> Call {
        self.call.with_timeout(self.settings.timeout)
    }
}

fn token() -> Holder {
    Holder::new(Credential::Fixed(Secret::new("5f0c0d12")))
}

fn small_get(url: &str) -> impl FnMut() {
    let client = Client::new(System::BambooAgents, bamboo_agents::API_PATHS, url);
    let bamboo = BambooAgents::new(Login::Bearer(token()), Some(Api::AgentConfig));
    move || {
        let call = client.call();
        let tokens = client.runtime.block_on(bamboo_agents::list(&bamboo, &call)).unwrap();
        assert_eq!(tokens[0].name, "Token Uno");
    }
}

fn job_page(url: &str) -> impl FnMut() {
    let client = Client::new(System::SdElements, sd_elements::API_PATHS, url);
    let sde = SdElements::new(token());
    move || {
        let call = client.call();
        let mut pages = sd_elements::list_of::<PackedJob>(Some("alm"), &ListFilter::default()).unwrap();
        let page = client.runtime.block_on(pages.next(&sde, &call)).unwrap().unwrap();
        assert_eq!(page.len(), server::JOBS);
        for job in &page {
            let connection = job.connection().map(PackedConnection::id);
            black_box((job.id(), job.kind(), job.last_run(), connection));
        }
    }
}

fn review_document(_: &str) -> impl FnMut() {
    let changes: Vec<ReviewItemChange> = (0..CHANGES).map(change).collect();
    move || {
        let kept = Arc::new(Changes::collect(&changes).unwrap());
        let update = dry_run("Quarterly <review>", &kept, &UpdateOptions::default()).unwrap();
        black_box(update);
    }
}

fn change(number: usize) -> ReviewItemChange {
    ReviewItemChange {
        state: if number.is_multiple_of(3) { "revoke" } else { "maintain" }.into(),
        reviewee: format!("user{number}"),
        item: Item::Entitlement(Entitlement {
            resource: format!("Payments & Settlements {}", number % 97),
            action: "approve".into(),
            business_source: "SAP".into(),
        }),
        account: None,
        comments: Some("reviewed <again> in the 2nd quarter".into()),
        expires_on: None,
    }
}

/// Callgrind counts inside this alone.
#[inline(never)]
fn measured_part(work: &mut dyn FnMut(), times: usize) {
    for _ in 0..times {
        work();
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [work, times] = arguments[..] else {
        // `cargo bench` and `cargo test --benches` pass arguments of their own.
        return;
    };
    if work == "serve" {
        return server::serve();
    }
    let server = server::Process::start();
    let mut work: Box<dyn FnMut()> = match work {
        "W1" => Box::new(small_get(&server.url)),
        "W3" => Box::new(job_page(&server.url)),
        "W4" => Box::new(review_document(&server.url)),
        _ => return eprintln!("no such work: {work}"),
    };
    // What is made at first use.
    work();
    work();
    measured_part(&mut *work, times.parse().unwrap());
}
