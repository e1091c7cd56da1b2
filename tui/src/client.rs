//! The connection to the daemon. The only file that knows the socket.
//!
//! One task: connects, greets, sends requests as JSON-RPC lines, matches replies by id, and tells the
//! loop what happened as [`FromDaemon`] messages. Invariants: no caller ever waits; every request ends
//! (reply, deadline, or loss of the line) except one superseded by a newer request of its [`Slot`],
//! whose reply is dropped; "connected" means the greeting was answered, never that a file exists;
//! with nothing pending, the task sleeps without any timer.
//!
//! Deliberately not here: what the requests mean (`wire.rs`) and what to do with the answers (`update/`).

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

/// First and longest pause between two attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(5));
/// How long the daemon may take to answer the greeting.
const GREETING: Duration = Duration::from_secs(5);
/// Longest line accepted from the daemon (a document preview is the largest thing it sends).
const LONGEST_LINE: usize = paillasse_shared::protocol::MAX_LINE;

/// Requests of one slot supersede each other: only the newest matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Search as you type.
    Search,
    /// The line under the list about the selected row.
    Peek,
    /// Choosing in a catalogue or directory as you type.
    Pick,
    /// Services and counters.
    Status,
    /// The card of this workstation.
    Card,
}

/// A request on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Ticket by which the reply is recognised; unique during a session.
    pub ticket: u64,
    /// Method of the protocol.
    pub method: &'static str,
    /// Its parameters.
    pub params: Value,
    /// Superseded by the next request of the same slot.
    pub slot: Option<Slot>,
    /// How long the answer may take.
    pub deadline: Duration,
}

/// Why a request has no answer, as far as the user is concerned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Nobody at the other end: start it.
    #[error("le service du laboratoire n'est pas joignable")]
    Absent,
    /// It did not answer in time: wait.
    #[error("le service du laboratoire ne répond pas")]
    Busy,
    /// It said no, in its own French words.
    #[error("{message}")]
    Refused {
        /// Number of the protocol.
        code: i64,
        /// Sentence for the user.
        message: String,
        /// Machine-readable detail (field errors, hint), when there is one.
        data: Value,
    },
    /// It speaks another version of the protocol: upgrade.
    #[error("versions différentes du poste et du service ({0})")]
    Version(String),
    /// It answered something that cannot be read.
    #[error("réponse illisible du service : {0}")]
    Unreadable(String),
}

/// State of the line.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Link {
    /// First attempt under way.
    #[default]
    Connecting,
    /// Greeted; the answer to the greeting.
    Up(Value),
    /// Lost or never found; tried again by itself.
    Down(Failure),
}

/// What the connection tells the loop.
#[derive(Debug, Clone, PartialEq)]
pub enum FromDaemon {
    /// The state of the line changed.
    Link(Link),
    /// A request ended.
    Reply {
        /// Its ticket.
        ticket: u64,
        /// Its end.
        result: Result<Value, Failure>,
    },
    /// Something happened in the laboratory.
    Event {
        /// Name of the event.
        method: String,
        /// Its content.
        params: Value,
    },
}

/// What the client sends first, and how it judges the answer.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// Method of the greeting.
    pub method: &'static str,
    /// Its parameters.
    pub params: Value,
    /// Protocol version this program speaks: the answer's `protocol` must equal it.
    pub protocol: u64,
    /// Requests sent right behind (subscriptions); their answers are not looked at.
    pub then: Vec<(&'static str, Value)>,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    params: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Incoming {
    id: Option<u64>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Value,
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    code: i64,
    message: String,
    #[serde(default)]
    data: Value,
}

/// Runs until the program drops its end of `asks`.
pub async fn run(
    socket: PathBuf,
    greeting: Greeting,
    mut asks: UnboundedReceiver<Ask>,
    out: UnboundedSender<FromDaemon>,
) {
    let mut pause = BACKOFF.0;
    loop {
        let why = match Line::open(&socket, &greeting).await {
            Ok((line, hello)) => {
                pause = BACKOFF.0;
                let _ = out.send(FromDaemon::Link(Link::Up(hello)));
                match line.serve(&mut asks, &out).await {
                    Ended::Program => return,
                    Ended::Peer(why) => why,
                }
            }
            Err(why) => why,
        };
        if out.send(FromDaemon::Link(Link::Down(why))).is_err() {
            return;
        }
        let until = Instant::now() + pause;
        pause = (pause * 2).min(BACKOFF.1);
        // While the line is down requests fail at once: the screen says so and asks again later.
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => break,
                ask = asks.recv() => match ask {
                    Some(ask) => {
                        let result = Err(Failure::Absent);
                        let _ = out.send(FromDaemon::Reply { ticket: ask.ticket, result });
                    }
                    None => return,
                },
            }
        }
    }
}

enum Ended {
    Program,
    Peer(Failure),
}

struct Pending {
    until: Instant,
    slot: Option<Slot>,
}

struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    pending: BTreeMap<u64, Pending>,
}

impl Line {
    async fn open(socket: &Path, greeting: &Greeting) -> Result<(Self, Value), Failure> {
        let attempt = async {
            let stream = UnixStream::connect(socket).await.map_err(|_| Failure::Absent)?;
            let (read, writer) = stream.into_split();
            let mut line = Line { reader: BufReader::new(read), writer, pending: BTreeMap::new() };
            line.write(Some(0), greeting.method, &greeting.params, Some(GREETING)).await?;
            loop {
                let mut text = Vec::new();
                line.read_line(&mut text).await?;
                let message: Incoming =
                    serde_json::from_slice(&text).map_err(|e| Failure::Unreadable(e.to_string()))?;
                if message.id != Some(0) {
                    continue;
                }
                let hello = outcome(message.result, message.error)?;
                let theirs = hello.get("protocol").and_then(Value::as_u64).unwrap_or_default();
                if theirs != greeting.protocol {
                    return Err(Failure::Version(format!("{} / {theirs}", greeting.protocol)));
                }
                return Ok((line, hello));
            }
        };
        let (mut line, hello) =
            tokio::time::timeout(GREETING, attempt).await.map_err(|_| Failure::Busy)??;
        for (method, params) in &greeting.then {
            line.write(Some(0), method, params, None).await?;
        }
        Ok((line, hello))
    }

    async fn serve(mut self, asks: &mut UnboundedReceiver<Ask>, out: &UnboundedSender<FromDaemon>) -> Ended {
        let mut text = Vec::new();
        // Requests not written yet, and what is left of the one being written. Reading never waits for
        // writing: a daemon that is busy answering must not be met by a client that is busy asking.
        let mut unsent: VecDeque<Ask> = VecDeque::new();
        let mut writing: Vec<u8> = Vec::new();
        let why = loop {
            if writing.is_empty()
                && let Some(ask) = unsent.pop_front()
            {
                writing = line_of(Some(ask.ticket), ask.method, &ask.params, Some(ask.deadline));
            }
            let next_deadline = self.pending.values().map(|p| p.until).min();
            tokio::select! {
                biased;
                read = read_chunk(&mut self.reader, &mut text) => match read {
                    Ok(false) => {}
                    Ok(true) => {
                        if let Some(message) = self.receive(&text) {
                            let _ = out.send(message);
                        }
                        text.clear();
                    }
                    Err(why) => break why,
                },
                ask = asks.recv() => {
                    let Some(ask) = ask else { return Ended::Program };
                    self.queue(ask, &mut unsent);
                },
                written = self.writer.write(&writing), if !writing.is_empty() => match written {
                    Ok(n) => drop(writing.drain(..n.min(writing.len()))),
                    Err(_) => break Failure::Absent,
                },
                () = deadline(next_deadline) => self.expire(out, &mut unsent),
            }
        };
        for ticket in std::mem::take(&mut self.pending).into_keys() {
            let _ = out.send(FromDaemon::Reply { ticket, result: Err(Failure::Absent) });
        }
        Ended::Peer(why)
    }

    /// Queues a request; of one slot, only the newest is waited for, and only the newest is sent.
    fn queue(&mut self, ask: Ask, unsent: &mut VecDeque<Ask>) {
        if ask.slot.is_some() {
            self.pending.retain(|_, p| p.slot != ask.slot);
            unsent.retain(|u| u.slot != ask.slot);
        }
        let until = Instant::now() + ask.deadline;
        self.pending.insert(ask.ticket, Pending { until, slot: ask.slot });
        unsent.push_back(ask);
    }

    async fn write(
        &mut self,
        id: Option<u64>,
        method: &str,
        params: &Value,
        deadline: Option<Duration>,
    ) -> Result<(), Failure> {
        let bytes = line_of(id, method, params, deadline);
        let written = tokio::time::timeout(GREETING, self.writer.write_all(&bytes)).await;
        written.map_err(|_| Failure::Busy)?.map_err(|_| Failure::Absent)
    }

    async fn read_line(&mut self, text: &mut Vec<u8>) -> Result<(), Failure> {
        while !read_chunk(&mut self.reader, text).await? {}
        Ok(())
    }

    fn receive(&mut self, text: &[u8]) -> Option<FromDaemon> {
        // An unreadable line concerns no request we know: its deadline will tell.
        let message: Incoming = serde_json::from_slice(text).ok()?;
        match (message.id, message.method) {
            (None, Some(method)) => Some(FromDaemon::Event { method, params: message.params }),
            (Some(ticket), _) => {
                self.pending.remove(&ticket)?;
                Some(FromDaemon::Reply { ticket, result: outcome(message.result, message.error) })
            }
            _ => None,
        }
    }

    fn expire(&mut self, out: &UnboundedSender<FromDaemon>, unsent: &mut VecDeque<Ask>) {
        let now = Instant::now();
        let late: Vec<u64> = self.pending.iter().filter(|(_, p)| p.until <= now).map(|(t, _)| *t).collect();
        for ticket in late {
            self.pending.remove(&ticket);
            unsent.retain(|u| u.ticket != ticket);
            let _ = out.send(FromDaemon::Reply { ticket, result: Err(Failure::Busy) });
        }
    }
}

fn line_of(id: Option<u64>, method: &str, params: &Value, deadline: Option<Duration>) -> Vec<u8> {
    let deadline_ms = deadline.and_then(|d| u64::try_from(d.as_millis()).ok());
    let request = Outgoing { jsonrpc: "2.0", id, method, params, deadline_ms };
    // Values of JSON always serialise; an empty line would be ignored by the peer.
    let mut bytes = serde_json::to_vec(&request).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn outcome(result: Value, error: Option<WireError>) -> Result<Value, Failure> {
    match error {
        None => Ok(result),
        Some(e) => Err(Failure::Refused { code: e.code, message: e.message, data: e.data }),
    }
}

/// Adds what is available to `text`; true when a whole line is there. Safe to cancel: what was read
/// stays in `text`.
async fn read_chunk(reader: &mut BufReader<OwnedReadHalf>, text: &mut Vec<u8>) -> Result<bool, Failure> {
    let available = reader.fill_buf().await.map_err(|_| Failure::Absent)?;
    if available.is_empty() {
        return Err(Failure::Absent);
    }
    let end = available.iter().position(|b| *b == b'\n');
    let used = end.map_or(available.len(), |i| i + 1);
    text.extend_from_slice(available.get(..used).unwrap_or_default());
    reader.consume(used);
    if text.len() > LONGEST_LINE {
        return Err(Failure::Unreadable("ligne trop longue".to_owned()));
    }
    Ok(end.is_some())
}

async fn deadline(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tokio::net::UnixListener;
    use tokio::sync::mpsc::unbounded_channel;

    fn greeting() -> Greeting {
        Greeting { method: "hello", params: json!({}), protocol: 1, then: vec![] }
    }

    fn ask(ticket: u64, slot: Option<Slot>, deadline: Duration) -> Ask {
        Ask { ticket, method: "echo", params: json!({"n": ticket}), slot, deadline }
    }

    async fn reply(stream: &mut BufReader<UnixStream>, with: impl Fn(&Value) -> Option<Value>) -> Value {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let request: Value = serde_json::from_str(&line).unwrap();
        if let Some(mut answer) = with(&request) {
            answer["jsonrpc"] = json!("2.0");
            answer["id"] = request["id"].clone();
            stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        }
        request
    }

    #[tokio::test]
    async fn absent_daemon_is_said_at_once_and_found_again_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let (asks, asks_rx) = unbounded_channel();
        let (out, mut seen) = unbounded_channel();
        tokio::spawn(run(path.clone(), greeting(), asks_rx, out));
        assert_eq!(seen.recv().await, Some(FromDaemon::Link(Link::Down(Failure::Absent))));
        asks.send(ask(1, None, Duration::from_secs(9))).unwrap();
        assert_eq!(seen.recv().await, Some(FromDaemon::Reply { ticket: 1, result: Err(Failure::Absent) }));
        let listener = UnixListener::bind(&path).unwrap();
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        reply(&mut stream, |_| Some(json!({"result": {"protocol": 1}}))).await;
        loop {
            match seen.recv().await.unwrap() {
                FromDaemon::Link(Link::Up(hello)) => break assert_eq!(hello["protocol"], 1),
                other => assert_eq!(other, FromDaemon::Link(Link::Down(Failure::Absent))),
            }
        }
    }

    #[tokio::test]
    async fn a_newer_search_supersedes_the_older_and_errors_keep_the_peers_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (asks, asks_rx) = unbounded_channel();
        let (out, mut seen) = unbounded_channel();
        tokio::spawn(run(path, greeting(), asks_rx, out));
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        reply(&mut stream, |_| Some(json!({"result": {"protocol": 1}}))).await;
        assert!(matches!(seen.recv().await, Some(FromDaemon::Link(Link::Up(_)))));
        asks.send(ask(1, Some(Slot::Search), Duration::from_secs(9))).unwrap();
        asks.send(ask(2, Some(Slot::Search), Duration::from_secs(9))).unwrap();
        asks.send(ask(3, None, Duration::from_secs(9))).unwrap();
        // The first may have left or not; the second is read in any case, then the third.
        while reply(&mut stream, |_| None).await["id"] != 2 {}
        reply(&mut stream, |_| Some(json!({"error": {"code": 7, "message": "non"}}))).await;
        stream.get_mut().write_all(b"{\"id\":1,\"result\":1}\n{\"id\":2,\"result\":2}\n").await.unwrap();
        let mut got = [seen.recv().await.unwrap(), seen.recv().await.unwrap()];
        got.sort_by_key(|m| if let FromDaemon::Reply { ticket, .. } = m { *ticket } else { 0 });
        assert_eq!(got[0], FromDaemon::Reply { ticket: 2, result: Ok(json!(2)) });
        let refused = Failure::Refused { code: 7, message: "non".into(), data: Value::Null };
        assert_eq!(got[1], FromDaemon::Reply { ticket: 3, result: Err(refused) });
    }

    #[tokio::test]
    async fn a_silent_daemon_is_busy_after_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (asks, asks_rx) = unbounded_channel();
        let (out, mut seen) = unbounded_channel();
        tokio::spawn(run(path, greeting(), asks_rx, out));
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        reply(&mut stream, |_| Some(json!({"result": {"protocol": 1}}))).await;
        assert!(matches!(seen.recv().await, Some(FromDaemon::Link(Link::Up(_)))));
        asks.send(ask(5, None, Duration::from_millis(1))).unwrap();
        reply(&mut stream, |_| None).await;
        assert_eq!(seen.recv().await, Some(FromDaemon::Reply { ticket: 5, result: Err(Failure::Busy) }));
    }

    #[tokio::test]
    async fn another_protocol_version_is_not_connected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (_asks, asks_rx) = unbounded_channel();
        let (out, mut seen) = unbounded_channel();
        tokio::spawn(run(path, greeting(), asks_rx, out));
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        reply(&mut stream, |_| Some(json!({"result": {"protocol": 2}}))).await;
        let expected = Link::Down(Failure::Version("1 / 2".into()));
        assert_eq!(seen.recv().await, Some(FromDaemon::Link(expected)));
    }
}
