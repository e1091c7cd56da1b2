//! A typed client over the real socket. Calls are blocking; events that come meanwhile are kept.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, ErrorKind as Io, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::methods::{Empty, EventsSubscribe, Method, SessionHello};
use paillasse_shared::protocol::session::HelloParams;
use paillasse_shared::protocol::{Event, VERSION, WireError};
use serde_json::Value;

use crate::PATIENCE;

/// Why there is no good answer.
#[derive(Debug)]
pub enum Failure {
    /// The daemon said no.
    Said(WireError),
    /// The line broke: whether the request was carried out is not known.
    Gone(String),
}

impl Failure {
    /// The daemon's error.
    ///
    /// # Panics
    /// The line broke instead.
    #[must_use]
    #[track_caller]
    pub fn said(self) -> WireError {
        match self {
            Self::Said(e) => e,
            Self::Gone(why) => panic!("no answer: {why}"),
        }
    }
}

/// A request whose answer is awaited later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pending(u64);

/// An open connection, subscribed to events.
pub struct Client {
    write: UnixStream,
    read: BufReader<UnixStream>,
    line: Vec<u8>,
    next: u64,
    answers: HashMap<u64, Result<Value, WireError>>,
    /// Failures without the number of a request: what the daemon could not read.
    pub complaints: VecDeque<WireError>,
    events: VecDeque<Event>,
}

impl Client {
    /// Connects, says hello, subscribes to events.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn connect(socket: &Path) -> Result<Self, Failure> {
        let mut client = Self::raw(socket)?;
        let hello = HelloParams { client: "paillasse-tests".into(), protocol: VERSION, login: None };
        client.call::<SessionHello>(&hello)?;
        client.call::<EventsSubscribe>(&Empty {})?;
        Ok(client)
    }

    /// Connects and says nothing.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn raw(socket: &Path) -> Result<Self, Failure> {
        let gone = |e: std::io::Error| Failure::Gone(e.to_string());
        let write = UnixStream::connect(socket).map_err(gone)?;
        let read = BufReader::new(write.try_clone().map_err(gone)?);
        Ok(Self {
            write,
            read,
            line: Vec::new(),
            next: 0,
            answers: HashMap::new(),
            complaints: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// The line broke.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write.write_all(bytes).map_err(|e| Failure::Gone(e.to_string()))
    }

    /// Says that nothing more will be written.
    pub fn close_write(&mut self) {
        let _ = self.write.shutdown(std::net::Shutdown::Write);
    }

    /// Sends a request without waiting.
    ///
    /// # Errors
    /// The line broke.
    pub fn start<M: Method>(&mut self, params: &M::Params) -> Result<Pending, Failure> {
        self.start_value(M::NAME, serde_json::to_value(params).expect("parameters are JSON"))
    }

    /// The same with a name and parameters that may be wrong.
    ///
    /// # Errors
    /// The line broke.
    pub fn start_value(&mut self, method: &str, params: Value) -> Result<Pending, Failure> {
        self.next += 1;
        let request = RpcRequest {
            jsonrpc: "2.0".into(),
            id: self.next,
            method: method.into(),
            params,
            deadline_ms: Some(u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX)),
        };
        let mut line = serde_json::to_vec(&request).expect("a request is JSON");
        line.push(b'\n');
        self.write(&line)?;
        Ok(Pending(self.next))
    }

    /// True when the answer is there already, without waiting for it.
    pub fn answered(&mut self, pending: Pending) -> bool {
        while matches!(self.pump(Duration::from_millis(1)), Ok(true)) {}
        self.answers.contains_key(&pending.0)
    }

    /// Waits for the answer of a request.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn answer(&mut self, pending: Pending) -> Result<Value, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.answers.remove(&pending.0) {
                return answer.map_err(Failure::Said);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::Gone("no answer in time".into()));
            }
            self.pump(left)?;
        }
    }

    /// Calls and waits.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Result, Failure> {
        let pending = self.start::<M>(params)?;
        let value = self.answer(pending)?;
        Ok(serde_json::from_value(value).expect("the answer is of the protocol"))
    }

    /// Calls what must succeed.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn ok<M: Method>(&mut self, params: &M::Params) -> M::Result {
        match self.call::<M>(params) {
            Ok(result) => result,
            Err(e) => panic!("{} : {e:?}", M::NAME),
        }
    }

    /// Calls what must be refused.
    ///
    /// # Panics
    /// It is not.
    #[track_caller]
    pub fn refused<M: Method>(&mut self, params: &M::Params) -> WireError {
        match self.call::<M>(params) {
            Ok(_) => panic!("{} was accepted", M::NAME),
            Err(e) => e.said(),
        }
    }

    /// Waits for an error that answers no request in particular.
    ///
    /// # Panics
    /// None comes.
    #[track_caller]
    pub fn complaint(&mut self) -> WireError {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(e) = self.complaints.pop_front() {
                return e;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the daemon did not complain");
            if let Err(e) = self.pump(left) {
                panic!("the daemon did not complain: {e:?}");
            }
        }
    }

    /// Asks again at each event until there is an answer.
    ///
    /// # Panics
    /// It does not come in time, or the line broke.
    #[track_caller]
    pub fn until<T>(&mut self, what: &str, mut probe: impl FnMut(&mut Self) -> Option<T>) -> T {
        match self.try_until(what, |c| Ok(probe(c))) {
            Ok(found) => found,
            Err(e) => panic!("waiting until {what}: {e:?}"),
        }
    }

    /// The same for a daemon that may die meanwhile.
    ///
    /// # Errors
    /// The line broke, the probe failed, or it did not come in time.
    pub fn try_until<T>(
        &mut self,
        what: &str,
        mut probe: impl FnMut(&mut Self) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Whatever happens after the probe was asked wakes the wait below.
            self.events.clear();
            if let Some(found) = probe(self)? {
                return Ok(found);
            }
            while self.events.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Failure::Gone(format!("not in time: {what}")));
                }
                self.pump(left)?;
            }
        }
    }

    /// True when the daemon closed the line.
    pub fn closed(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.pump(deadline.saturating_duration_since(Instant::now())) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Reads one message; false when none came in time.
    fn pump(&mut self, patience: Duration) -> Result<bool, Failure> {
        let gone = |e: std::io::Error| Failure::Gone(e.to_string());
        self.read.get_ref().set_read_timeout(Some(patience.max(Duration::from_millis(1)))).map_err(gone)?;
        match self.read.read_until(b'\n', &mut self.line) {
            Ok(0) => return Err(Failure::Gone("closed".into())),
            Ok(_) if self.line.ends_with(b"\n") => {}
            Ok(_) => return Err(Failure::Gone("closed in the middle of a line".into())),
            // What was read so far stays in the line.
            Err(e) if matches!(e.kind(), Io::WouldBlock | Io::TimedOut) => return Ok(false),
            Err(e) => return Err(gone(e)),
        }
        let message: RpcMessage = serde_json::from_slice(&self.line)
            .unwrap_or_else(|e| panic!("not of the protocol ({e}): {}", String::from_utf8_lossy(&self.line)));
        self.line.clear();
        match message {
            RpcMessage::Answer { id, result, .. } => {
                self.answers.insert(id, Ok(result));
            }
            RpcMessage::Failure { id: Some(id), error, .. } => {
                self.answers.insert(id, Err(error.data));
            }
            RpcMessage::Failure { id: None, error, .. } => self.complaints.push_back(error.data),
            RpcMessage::Notification { params, .. } => self.events.push_back(params),
        }
        Ok(true)
    }
}
