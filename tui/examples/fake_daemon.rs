//! A daemon that answers with fictitious data, to look at the screens without a laboratory:
//! `cargo run -p paillasse --example fake_daemon -- SOCKET`, then `paillasse --socket SOCKET`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, dead_code)]

#[path = "../src/tests/fake.rs"]
mod fake;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let mut fake = fake::Fake { to_decide: true, ..fake::Fake::default() };
    for stream in listener.incoming() {
        let mut out = stream.unwrap();
        let mut input = BufReader::new(out.try_clone().unwrap());
        let mut line = String::new();
        while input.read_line(&mut line).is_ok_and(|n| n > 0) {
            let request: serde_json::Value = serde_json::from_str(&line).unwrap();
            let mut answer = match fake.answer(request["method"].as_str().unwrap(), &request["params"]) {
                Ok(result) => serde_json::json!({"result": result}),
                Err(error) => serde_json::json!({"error": error}),
            };
            answer["jsonrpc"] = "2.0".into();
            answer["id"] = request["id"].clone();
            if out.write_all(format!("{answer}\n").as_bytes()).is_err() {
                break;
            }
            line.clear();
        }
    }
}
