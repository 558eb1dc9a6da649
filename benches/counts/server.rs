//! A server of fixed answers in a process of its own, so that none of its work is counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Jobs on the one page.
pub const JOBS: usize = 500;

const TOKENS: &str = r#"[{"uuid": "c5ea7bea-ce25-4d8d-b7a2-4a21b4b7a3b4", "name": "Token Uno", "read": true, "change": false},
 {"uuid": "8bd66ac4-3c5b-4a42-8f7f-92b8f9a33d65", "name": "Token Dos", "read": true, "change": true}]"#;

/// The running server; it ends with its input.
pub struct Process {
    child: Child,
    pub url: String,
}

impl Process {
    pub fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut url).unwrap();
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Serves until the parent closes our input.
pub fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let jobs = job_page();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let jobs = jobs.clone();
            thread::spawn(move || answer_all(stream.unwrap(), &jobs));
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn answer_all(stream: TcpStream, jobs: &str) {
    let mut writer = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        let body = if first.contains("/tokens/") { TOKENS } else { jobs };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        writer.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    }
}

/// In the vendor's form, with as many params as its own jobs have.
fn job_page() -> String {
    let jobs: Vec<String> = (0..JOBS).map(job).collect();
    format!(
        r#"{{"next": null, "previous": null, "results": [{}]}}"#,
        jobs.join(", ")
    )
}

fn job(number: usize) -> String {
    let params: Vec<String> = (0..15)
        .map(|index| format!(r#""param_{index}": "value {} of \"{index}\"""#, number % 7))
        .collect();
    format!(
        r#"{{"id": {number}, "user": "user{}@corp.test", "succeeded": {}, "automatic": true, "ready": true, "params": {{{}}}, "result_message": "Synced {number} tasks", "last_run": "2024-02-01T10:00:00.000001Z", "connection": {{"id": 40, "alias": "Nightly", "project": 7}}}}"#,
        number % 11,
        !number.is_multiple_of(5),
        params.join(", ")
    )
}
