//! Faults, connections, and the life of a sandbox.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use infosecops::sandbox::{DropPoint, Fault, Filter, Options, Redirect, Sandbox, System};

use crate::sandbox_wire::{Reply, bytes, connect, read, send, start};

const REPORT: &str = r#"{"connection":12,"automatic":true,"succeeded":true,"result_message":"m"}"#;

fn post_job(sandbox: &Sandbox) -> Vec<u8> {
    let token = format!("Token {}", sandbox.credentials().sde_token);
    bytes("POST", "/api/v2/jobs/alm/", &[("Authorization", &token)], REPORT)
}

fn jobs(sandbox: &Sandbox) -> usize {
    get(sandbox).json()["results"].as_array().unwrap().len()
}

fn get(sandbox: &Sandbox) -> Reply {
    let token = format!("Token {}", sandbox.credentials().sde_token);
    send(sandbox, "GET", "/api/v2/jobs/alm/", &[("Authorization", &token)], "")
}

fn struck(sandbox: &Sandbox, fault: Fault) -> Reply {
    sandbox.faults().add(Fault {
        times: Some(1),
        ..fault
    });
    get(sandbox)
}

#[test]
fn a_dropped_request_is_applied_or_not() {
    for (point, operation, applied) in [
        (DropPoint::Before, None, false),
        (DropPoint::Before, Some("jobs.alm.report"), false),
        (DropPoint::After, Some("jobs.alm.*"), true),
    ] {
        let sandbox = start();
        let filter = Filter {
            operation: operation.map(str::to_owned),
            ..Filter::system(System::SdElements)
        };
        sandbox.faults().add(Fault {
            filter,
            times: Some(1),
            drop: Some(point),
            ..Fault::default()
        });
        let mut stream = connect(&sandbox);
        stream.write_all(&post_job(&sandbox)).unwrap();
        assert!(read(&mut stream).is_none(), "no byte of an answer");
        let entry = sandbox.journal().last(&Filter::default()).unwrap();
        assert_eq!((entry.status, entry.applied), (None, applied));
        assert_eq!(sandbox.faults().pending(), 0);
        assert_eq!(jobs(&sandbox), if applied { 3 } else { 2 });
    }
}

#[test]
fn an_answer_is_cut_in_mid_body() {
    let sandbox = start();
    sandbox.faults().add(Fault {
        times: Some(1),
        drop: Some(DropPoint::MidBody),
        ..Fault::default()
    });
    let mut stream = connect(&sandbox);
    stream.write_all(&post_job(&sandbox)).unwrap();
    let (reply, whole) = read(&mut stream).unwrap();
    assert!(!whole && reply.status == 201 && !reply.body.is_empty());
    assert_eq!(jobs(&sandbox), 3);
}

#[test]
fn answers_are_replaced() {
    let sandbox = start();
    let retry_after = Some("7".to_owned());
    let busy = struck(
        &sandbox,
        Fault {
            status: Some(503),
            retry_after,
            ..Fault::default()
        },
    );
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("7")));
    assert_eq!(busy.json(), json!({"detail": "Service Unavailable."}));
    let own = struck(
        &sandbox,
        Fault {
            status: Some(500),
            body: Some("boom".into()),
            ..Fault::default()
        },
    );
    assert_eq!((own.status, own.body.as_str()), (500, "boom"));
    let page = struck(
        &sandbox,
        Fault {
            html: true,
            ..Fault::default()
        },
    );
    assert!(page.status == 200 && page.body.contains("<form"));
    let broken = struck(
        &sandbox,
        Fault {
            broken_json: true,
            ..Fault::default()
        },
    );
    assert!(serde_json::from_str::<serde_json::Value>(&broken.body).is_err());
    let short = struck(
        &sandbox,
        Fault {
            truncate: Some(5),
            ..Fault::default()
        },
    );
    assert_eq!(short.body.len(), 5);
    let typed = struck(
        &sandbox,
        Fault {
            content_type: Some("text/css".to_owned()),
            ..Fault::default()
        },
    );
    assert_eq!(typed.header("content-type"), Some("text/css"));
    let away = Redirect::To("http://other.example/".to_owned());
    let moved = struck(
        &sandbox,
        Fault {
            redirect: Some(away),
            ..Fault::default()
        },
    );
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("http://other.example/"))
    );
    let home = Redirect::SameOrigin("/login".to_owned());
    let moved = struck(
        &sandbox,
        Fault {
            redirect: Some(home),
            status: Some(307),
            ..Fault::default()
        },
    );
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some(format!("{}/login", sandbox.url()).as_str()))
    );
    assert_eq!(get(&sandbox).status, 200);
}

#[test]
fn codes_come_in_each_system_s_form() {
    let sandbox = start();
    sandbox.faults().add(Fault {
        code: Some("011692".to_owned()),
        ..Fault::default()
    });
    let vault = send(&sandbox, "POST", "/API/APP/APP008/RequestPassword", &[], "{}").json();
    assert_eq!(
        (&vault["IsSuccess"], &vault["LogCode"]),
        (&json!(false), &json!("011692"))
    );
    let review = send(
        &sandbox,
        "POST",
        "/aveksa/command.submit?cmd=uploadCoverage&format=json",
        &[],
        "",
    )
    .json();
    assert_eq!(review["data"]["status"], "failure");
    sandbox.faults().clear();
    assert_eq!(get(&sandbox).status, 200);
}

#[test]
fn faults_wait_and_run_out() {
    let sandbox = start();
    sandbox.faults().add(Fault {
        skip: 1,
        times: Some(2),
        status: Some(503),
        ..Fault::default()
    });
    let seen: Vec<u16> = (0..5).map(|_| get(&sandbox).status).collect();
    assert_eq!(seen, [200, 503, 503, 200, 200]);
    let vault_only = Filter::system(System::Sectona);
    sandbox.faults().add(Fault {
        filter: vault_only,
        status: Some(503),
        ..Fault::default()
    });
    assert_eq!(get(&sandbox).status, 200);
}

#[test]
fn a_failure_can_hide_a_success() {
    let sandbox = start();
    sandbox.faults().add(Fault {
        times: Some(1),
        status: Some(502),
        apply: true,
        ..Fault::default()
    });
    let mut stream = connect(&sandbox);
    stream.write_all(&post_job(&sandbox)).unwrap();
    assert_eq!(read(&mut stream).unwrap().0.status, 502);
    assert_eq!(jobs(&sandbox), 3);
}

#[test]
fn a_hanging_request_ends_with_the_sandbox() {
    let sandbox = start();
    sandbox.faults().add(Fault {
        hang: true,
        delay: Some(Duration::from_millis(1)),
        ..Fault::default()
    });
    let mut stream = connect(&sandbox);
    stream.write_all(&post_job(&sandbox)).unwrap();
    while sandbox.journal().count(&Filter::default()) == 0 {
        std::thread::yield_now();
    }
    assert!(!sandbox.wait(Some(Duration::ZERO)));
    sandbox.stop();
    sandbox.stop();
    assert!(sandbox.wait(None));
    assert!(read(&mut stream).is_none());
    assert!(TcpStream::connect(("127.0.0.1", sandbox.port())).is_err());
}

#[test]
fn connections_are_kept_and_closed_when_told() {
    let sandbox = start();
    let mut stream = connect(&sandbox);
    for _ in 0..2 {
        stream.write_all(&post_job(&sandbox)).unwrap();
        assert_eq!(read(&mut stream).unwrap().0.status, 201);
    }
    let ports: Vec<u16> = sandbox
        .journal()
        .entries()
        .iter()
        .map(|entry| entry.peer_port)
        .collect();
    assert_eq!(ports, [stream.local_addr().unwrap().port(); 2]);
    assert_eq!(sandbox.open_connections(), 1);
    sandbox.close_idle_connections();
    assert!(read(&mut stream).is_none());
    let mut fresh = connect(&sandbox);
    fresh.write_all(&post_job(&sandbox)).unwrap();
    assert_eq!(read(&mut fresh).unwrap().0.status, 201);
}

#[test]
fn idle_connections_time_out() {
    let sandbox = start();
    let mut before = connect(&sandbox);
    before.write_all(&post_job(&sandbox)).unwrap();
    assert_eq!(read(&mut before).unwrap().0.status, 201);
    sandbox.set_idle_timeout(Some(Duration::from_millis(1)));
    assert!(read(&mut before).is_none());
    sandbox.faults().add(Fault {
        times: Some(1),
        delay: Some(Duration::from_millis(20)),
        ..Fault::default()
    });
    let mut fresh = connect(&sandbox);
    fresh.write_all(&post_job(&sandbox)).unwrap();
    assert_eq!(
        read(&mut fresh).unwrap().0.status,
        201,
        "a connection that waits for its answer is not idle"
    );
    assert!(read(&mut fresh).is_none());
    while sandbox.open_connections() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn it_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let sandbox = start();
    shared(&sandbox);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(get(&sandbox).status, 200));
        }
    });
    std::thread::scope(|scope| {
        scope.spawn(|| sandbox.stop());
        scope.spawn(|| sandbox.stop());
        assert!(sandbox.wait(None));
    });
}

#[test]
fn a_taken_port_is_an_error() {
    let sandbox = start();
    assert!(
        Sandbox::start(Options {
            port: sandbox.port(),
            ..Options::default()
        })
        .is_err()
    );
    assert_eq!(sandbox.url(), format!("http://127.0.0.1:{}", sandbox.port()));
    for system in System::ALL {
        assert_eq!(System::from_name(system.name()), Some(system));
    }
    assert!(
        sandbox
            .describe()
            .iter()
            .all(|(_, url, _, value)| url == sandbox.url() && !value.is_empty())
    );
}
