//! Blocking client of the daemon: one JSON-RPC message per line, over a Unix socket.
//!
//! Invariants: every call ends, with an answer or at its deadline; "connected" means that the greeting was answered in
//! the same version of the protocol; the memory taken by an answer is bounded by [`MAX_LINE`].
//! Deliberately not here: reconnection and events (see the workstation's own client); a script runs the command again.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, ErrorKind as Io, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::methods::{Method, SessionHello};
use paillasse_shared::protocol::session::{Hello, HelloParams};
use paillasse_shared::protocol::{ErrorKind, MAX_LINE, VERSION, WireError};
use serde::Deserialize;
use serde_json::Value;

use super::messages;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no socket file.
    #[error("{}", messages::absent(.0))]
    Absent(PathBuf),
    /// There is a socket file and nobody behind it.
    #[error("{}", messages::stale(.0))]
    Stale(PathBuf),
    /// The system account may not open the socket.
    #[error("{}", messages::permission(.0))]
    Permission(PathBuf),
    /// Another fault of the socket.
    #[error("{}", messages::unusable(.0, &.1.to_string()))]
    Socket(PathBuf, io::Error),
    /// The deadline passed.
    #[error("{}", messages::too_slow(.0.as_secs_f32()))]
    Timeout(Duration),
    /// The daemon closed the line.
    #[error("{}", messages::CLOSED)]
    Closed,
    /// The daemon speaks another version.
    #[error("{}", messages::version(VERSION, *.0))]
    Version(u32),
    /// The answer is not of the protocol.
    #[error("{}", messages::unreadable(.0))]
    Unreadable(String),
    /// The daemon said no.
    #[error("{0}")]
    Refused(WireError),
}

impl From<Failure> for WireError {
    fn from(failure: Failure) -> Self {
        let (kind, hint) = match &failure {
            Failure::Refused(_) => (ErrorKind::Internal, None),
            Failure::Absent(_) | Failure::Stale(_) => (ErrorKind::Unavailable, Some(messages::START_IT)),
            Failure::Permission(_) => (ErrorKind::Forbidden, Some(messages::ASK_ACCESS)),
            Failure::Socket(..) => (ErrorKind::Unavailable, None),
            Failure::Timeout(_) => (ErrorKind::Timeout, Some(messages::WAIT_MORE)),
            Failure::Closed => (ErrorKind::Unavailable, Some(messages::CLOSED_HINT)),
            Failure::Version(_) => (ErrorKind::Protocol, Some(messages::SAME_VERSION)),
            Failure::Unreadable(_) => (ErrorKind::Protocol, Some(messages::SAME_VERSION)),
        };
        match failure {
            Failure::Refused(error) => error,
            other => {
                let error = WireError::new(kind, other.to_string());
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
        }
    }
}

/// An open connection whose greeting was answered.
#[derive(Debug)]
pub struct Client {
    line: BufReader<UnixStream>,
    next_id: u64,
    /// What the daemon said of itself and of the caller.
    pub hello: Hello,
}

impl Client {
    /// Connects and greets within `limit`; `login` is the person wanted where an account may act for several.
    ///
    /// # Errors
    /// Nobody there, no right, no answer in time, another version.
    pub fn connect(socket: &Path, login: Option<String>, limit: Duration) -> Result<Self, Failure> {
        let deadline = Instant::now() + limit;
        let stream = open(socket, limit)?;
        let mut line = BufReader::new(stream);
        let params = HelloParams {
            client: concat!("paillasse ", env!("CARGO_PKG_VERSION")).to_owned(),
            protocol: VERSION,
            login,
        };
        send(&mut line, &RpcRequest::call::<SessionHello>(0, &params, millis(limit)))?;
        let answer = loop {
            let (id, answer) = receive(&mut line, deadline, limit)?;
            if id.is_none_or(|id| id == 0) {
                break answer.map_err(Failure::Refused)?;
            }
        };
        // The version is looked at first: the rest of the greeting of another version may read differently.
        #[derive(Deserialize)]
        struct Spoken {
            protocol: u32,
        }
        let unreadable = |e: serde_json::Error| Failure::Unreadable(e.to_string());
        let spoken = Spoken::deserialize(&answer).map_err(unreadable)?.protocol;
        if spoken != VERSION {
            return Err(Failure::Version(spoken));
        }
        let hello = serde_json::from_value(answer).map_err(unreadable)?;
        Ok(Self { line, next_id: 1, hello })
    }

    /// Calls a method of the protocol.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call<M: Method>(&mut self, params: &M::Params, limit: Duration) -> Result<M::Result, Failure> {
        let params = serde_json::to_value(params).map_err(|e| Failure::Unreadable(e.to_string()))?;
        let answer = self.call_named(M::NAME, params, limit)?;
        serde_json::from_value(answer).map_err(|e| Failure::Unreadable(e.to_string()))
    }

    /// Calls a method by its name, with whatever parameters.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call_named(&mut self, method: &str, params: Value, limit: Duration) -> Result<Value, Failure> {
        let mut one = self.pipeline(vec![(method.to_owned(), params)], 1, limit)?;
        one.pop()
            .unwrap_or(Err(WireError::new(ErrorKind::Internal, messages::CLOSED)))
            .map_err(Failure::Refused)
    }

    /// Calls many methods without waiting for each answer: at most `window` are on their way. `limit` counts from
    /// one answer to the next. Outcomes come back in the order of the calls.
    ///
    /// # Errors
    /// A failure of the connection; refusals stand among the outcomes.
    pub fn pipeline(
        &mut self,
        calls: Vec<(String, Value)>,
        window: usize,
        limit: Duration,
    ) -> Result<Vec<Result<Value, WireError>>, Failure> {
        let first = self.next_id;
        let total = calls.len() as u64;
        self.next_id += total;
        let mut waiting: VecDeque<_> = (first..).zip(calls).collect();
        let mut outcomes = BTreeMap::new();
        let mut on_their_way = 0;
        while (outcomes.len() as u64) < total {
            while on_their_way < window.max(1)
                && let Some((id, (method, params))) = waiting.pop_front()
            {
                let jsonrpc = "2.0".to_owned();
                let request = RpcRequest { jsonrpc, id, method, params, deadline_ms: millis(limit) };
                send(&mut self.line, &request)?;
                on_their_way += 1;
            }
            match receive(&mut self.line, Instant::now() + limit, limit)? {
                (None, Err(error)) => return Err(Failure::Refused(error)),
                (Some(id), outcome) if (first..first + total).contains(&id) => {
                    outcomes.insert(id, outcome);
                    on_their_way = on_their_way.saturating_sub(1);
                }
                // An answer to a call given up before.
                _ => {}
            }
        }
        Ok(outcomes.into_values().collect())
    }
}

fn millis(limit: Duration) -> Option<u64> {
    u64::try_from(limit.as_millis()).ok()
}

/// Connecting blocks while the daemon lives but accepts nobody, and the standard library knows no limit for it: it is
/// done aside.
fn open(socket: &Path, limit: Duration) -> Result<UnixStream, Failure> {
    let (tell, told) = mpsc::channel();
    let path = socket.to_owned();
    std::thread::spawn(move || {
        let _ = tell.send(UnixStream::connect(path));
    });
    let path = || socket.to_owned();
    match told.recv_timeout(limit) {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) => Err(match e.kind() {
            Io::NotFound => Failure::Absent(path()),
            Io::ConnectionRefused => Failure::Stale(path()),
            Io::PermissionDenied => Failure::Permission(path()),
            _ => Failure::Socket(path(), e),
        }),
        Err(_) => Err(Failure::Timeout(limit)),
    }
}

/// An answer with its id, absent when the daemon could not read the request.
type Answer = (Option<u64>, Result<Value, WireError>);

fn send(line: &mut BufReader<UnixStream>, request: &RpcRequest) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(request).map_err(|e| Failure::Unreadable(e.to_string()))?;
    text.push(b'\n');
    line.get_mut().write_all(&text).map_err(|_| Failure::Closed)
}

/// The next answer; events are passed over.
fn receive(line: &mut BufReader<UnixStream>, deadline: Instant, limit: Duration) -> Result<Answer, Failure> {
    loop {
        let text = read_line(line, deadline, limit)?;
        match serde_json::from_slice(&text).map_err(|e| Failure::Unreadable(e.to_string()))? {
            RpcMessage::Answer { id, result, .. } => return Ok((Some(id), Ok(result))),
            RpcMessage::Failure { id, error, .. } => return Ok((id, Err(error.data))),
            RpcMessage::Notification { .. } => {}
        }
    }
}

fn read_line(
    line: &mut BufReader<UnixStream>,
    deadline: Instant,
    limit: Duration,
) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Timeout(limit));
        }
        line.get_ref().set_read_timeout(Some(left)).map_err(|_| Failure::Closed)?;
        let chunk = match line.fill_buf() {
            Ok([]) => return Err(Failure::Closed),
            Ok(chunk) => chunk,
            Err(e) => match e.kind() {
                Io::Interrupted => continue,
                Io::WouldBlock | Io::TimedOut => return Err(Failure::Timeout(limit)),
                _ => return Err(Failure::Closed),
            },
        };
        let (used, whole) = match chunk.iter().position(|b| *b == b'\n') {
            Some(end) => (end + 1, true),
            None => (chunk.len(), false),
        };
        text.extend_from_slice(chunk.get(..used).unwrap_or(chunk));
        line.consume(used);
        if whole {
            return Ok(text);
        }
        if text.len() > MAX_LINE {
            return Err(Failure::Unreadable(messages::TOO_LONG.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, hello};
    use super::*;
    use paillasse_shared::protocol::methods::StatusGet;
    use serde_json::json;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn no_file_a_stale_file_and_a_closed_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let refused = |path: &Path| WireError::from(Client::connect(path, None, LIMIT).unwrap_err());
        let absent = refused(&path);
        assert_eq!(absent.kind, ErrorKind::Unavailable);
        assert!(absent.cause.contains("n'existe pas") && absent.hint.unwrap().contains("paillasse demo"));
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let stale = refused(&path);
        assert!(stale.cause.contains("ne répond plus"), "{}", stale.cause);
    }

    #[test]
    fn another_version_is_named() {
        let fake = Fake::start(|method, _| match method {
            "session.hello" => Ok(json!({"protocol": VERSION + 1, "something": "else"})),
            _ => unreachable!(),
        });
        let error = WireError::from(Client::connect(&fake.socket, None, LIMIT).unwrap_err());
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.cause.contains(&format!("version {}", VERSION + 1)), "{}", error.cause);
    }

    #[test]
    fn a_silent_daemon_ends_at_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let _listening = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = WireError::from(Client::connect(&path, None, Duration::from_millis(30)).unwrap_err());
        assert_eq!(error.kind, ErrorKind::Timeout);
    }

    #[test]
    fn a_refusal_keeps_kind_cause_hint_and_field() {
        let no = WireError::invalid("id", "non").hint("autrement");
        let fake = Fake::start({
            let no = no.clone();
            move |method, _| if method == "session.hello" { Ok(hello()) } else { Err(no.clone()) }
        });
        let mut client = Client::connect(&fake.socket, None, LIMIT).unwrap();
        let error = client.call::<StatusGet>(&Default::default(), LIMIT).unwrap_err();
        assert_eq!(WireError::from(error), no);
    }

    #[test]
    fn many_calls_come_back_in_their_order_whatever_the_order_of_the_answers() {
        // Answers of each pair of calls are sent the second one first, with an event between.
        let fake = Fake::pairs();
        let mut client = Client::connect(&fake.socket, None, LIMIT).unwrap();
        let calls = (0..8).map(|n| ("echo".to_owned(), json!({"n": n}))).collect();
        let outcomes = client.pipeline(calls, 4, LIMIT).unwrap();
        let expected: Vec<_> = (0..8).map(|n| Ok(json!({"n": n}))).collect();
        assert_eq!(outcomes, expected);
    }
}
