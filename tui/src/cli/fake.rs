//! A daemon for tests: a thread that answers canned lines and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::{VERSION, WireError};
use serde_json::{Value, json};

/// A fake daemon; its folder disappears with it.
pub struct Fake {
    /// Where it listens.
    pub socket: PathBuf,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    _dir: tempfile::TempDir,
}

/// A good greeting.
pub fn hello() -> Value {
    json!({
        "daemon": "0.1.0", "protocol": VERSION, "training": true,
        "user": {"login": "demo", "name": "N. Martin", "profile": "accueil", "rights": []},
        "laboratory": {"name": "LBM du Port", "site": "Quai 2", "finess": "690000001"}
    })
}

impl Fake {
    /// Answers with what `answer` gives for a method and its parameters.
    pub fn start(answer: impl Fn(&str, &Value) -> Result<Value, WireError> + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        let answer = Arc::new(answer);
        Self::listen(calls, move |stream| {
            let mut out = stream.try_clone().unwrap();
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { return };
                let request: RpcRequest = serde_json::from_str(&line).unwrap();
                seen.lock().unwrap().push((request.method.clone(), request.params.clone()));
                let reply = RpcMessage::reply(request.id, answer(&request.method, &request.params));
                if out.write_all(&reply.line()).is_err() {
                    return;
                }
            }
        })
    }

    /// Greets, then echoes parameters, the second of each pair first, with an event in between.
    pub fn pairs() -> Self {
        Self::listen(Arc::default(), |stream| {
            let mut out = stream.try_clone().unwrap();
            let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
            let mut next = || lines.next().map(|l| serde_json::from_str::<RpcRequest>(&l).unwrap());
            let greeting = next().unwrap();
            out.write_all(&RpcMessage::reply(greeting.id, Ok(hello())).line()).unwrap();
            while let (Some(a), Some(b)) = (next(), next()) {
                for message in [
                    RpcMessage::reply(b.id, Ok(b.params)),
                    RpcMessage::event(Event::Lagged),
                    RpcMessage::reply(a.id, Ok(a.params)),
                ] {
                    out.write_all(&message.line()).unwrap();
                }
            }
        })
    }

    fn listen(
        calls: Arc<Mutex<Vec<(String, Value)>>>,
        serve: impl Fn(UnixStream) + Send + Sync + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("paillasse.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { socket, calls, _dir: dir }
    }

    /// What it was asked after the greeting, in order.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().iter().filter(|(m, _)| m != "session.hello").cloned().collect()
    }
}
