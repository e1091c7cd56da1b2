//! A client of the daemon's socket that measures: one thread, blocking, typed by the protocol.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::methods::{Empty, Method, SessionHello, StatusGet};
use paillasse_shared::protocol::session::HelloParams;

use crate::Outcome;

/// How long an answer may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Wire {
    read: BufReader<UnixStream>,
    write: UnixStream,
    next: u64,
}

impl Wire {
    /// Connects and says hello.
    pub fn connect(socket: &Path) -> Outcome<Self> {
        let write = UnixStream::connect(socket)?;
        write.set_read_timeout(Some(PATIENCE))?;
        let mut wire = Self { read: BufReader::new(write.try_clone()?), write, next: 1 };
        wire.call::<SessionHello>(&HelloParams {
            client: "paillasse-bench".into(),
            ..HelloParams::default()
        })?;
        Ok(wire)
    }

    /// Tries until a daemon that starts answers a request.
    pub fn when_it_answers(socket: &Path) -> Outcome<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Self::connect(socket).and_then(|mut w| w.call::<StatusGet>(&Empty {}).map(|_| w)) {
                Ok(wire) => return Ok(wire),
                Err(e) if Instant::now() > deadline => {
                    return Err(format!("no daemon on its socket: {e}").into());
                }
                Err(_) => std::thread::sleep(Duration::from_micros(500)),
            }
        }
    }

    fn send<M: Method>(&mut self, params: &M::Params) -> Outcome<u64> {
        let id = self.next;
        self.next += 1;
        let mut line = serde_json::to_vec(&RpcRequest::call::<M>(id, params, None))?;
        line.push(b'\n');
        self.write.write_all(&line)?;
        Ok(id)
    }

    /// The next answer, with the instant when its last byte was there.
    fn receive(&mut self) -> Outcome<(u64, Instant, serde_json::Value)> {
        loop {
            let mut line = Vec::new();
            if self.read.read_until(b'\n', &mut line)? == 0 {
                return Err("the daemon closed the connection".into());
            }
            let at = Instant::now();
            match serde_json::from_slice(&line)? {
                RpcMessage::Answer { id, result, .. } => return Ok((id, at, result)),
                RpcMessage::Failure { error, .. } => return Err(error.message.into()),
                RpcMessage::Notification { .. } => {}
            }
        }
    }

    /// One request, its answer.
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Outcome<M::Result> {
        Ok(self.timed::<M>(params)?.1)
    }

    /// One request, how long it took on the socket, its answer.
    pub fn timed<M: Method>(&mut self, params: &M::Params) -> Outcome<(Duration, M::Result)> {
        let start = Instant::now();
        let sent = self.send::<M>(params)?;
        loop {
            let (id, at, result) = self.receive()?;
            if id == sent {
                return Ok((at - start, serde_json::from_value(result)?));
            }
        }
    }

    /// Many requests, so many at once without their answer; how long each took, and the answers in order of arrival.
    pub fn many<M: Method>(
        &mut self,
        params: impl IntoIterator<Item = M::Params>,
        at_once: usize,
    ) -> Outcome<Vec<(Duration, M::Result)>> {
        let mut params = params.into_iter();
        let mut waiting: HashMap<u64, Instant> = HashMap::new();
        let mut done = Vec::new();
        loop {
            while waiting.len() < at_once {
                let Some(next) = params.next() else { break };
                let start = Instant::now();
                waiting.insert(self.send::<M>(&next)?, start);
            }
            if waiting.is_empty() {
                return Ok(done);
            }
            let (id, at, result) = self.receive()?;
            if let Some(start) = waiting.remove(&id) {
                done.push((at - start, serde_json::from_value(result)?));
            }
        }
    }
}
