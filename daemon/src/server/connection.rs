//! One connection: who it is, lines in, answers and events out. Requests run side by side; a search replaces the search
//! before it. A line that is not a request gets an error that says why; the connection goes on.

use std::sync::Arc;
use std::time::Duration;

use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::methods::Request;
use paillasse_shared::protocol::{MAX_REQUEST, VERSION, session};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::dispatch;
use crate::services::{App, Caller};

/// Answers that wait for a slow client; then its requests wait.
const OUT: usize = 64;
/// Requests of one connection at once.
const AT_ONCE: usize = 64;

/// What a line turned out to be.
enum Line {
    Request(Vec<u8>),
    TooLong,
    Cut,
    End,
}

/// Serves a connection until it closes or the daemon stops.
pub async fn run(app: App, stream: UnixStream, remarks: Arc<Vec<String>>, mut stop: watch::Receiver<bool>) {
    let uid = stream.peer_cred().map(|c| c.uid());
    let (read, mut write) = stream.into_split();
    let (out, mut answers) = mpsc::channel::<Vec<u8>>(OUT);
    let writer = tokio::spawn(async move {
        while let Some(line) = answers.recv().await {
            if write.write_all(&line).await.is_err() {
                break;
            }
        }
    });
    let caller = uid.ok().and_then(|uid| {
        let user = app.config.user(uid, None).cloned();
        if user.is_none() {
            tracing::warn!(uid, "an account without a person tried to connect");
        }
        user.map(|u| (uid, Caller::new(u)))
    });
    let mut session = Session { app, caller, remarks, out, events: None, search: None };
    let mut lines = BufReader::with_capacity(16 * 1024, read);
    let mut requests: JoinSet<()> = JoinSet::new();
    loop {
        let line = tokio::select! {
            biased;
            () = crate::stopped(&mut stop) => {
                let _ = session.out.send(RpcMessage::event(Event::Stopping).line()).await;
                break;
            }
            Some(_) = requests.join_next(), if requests.len() >= AT_ONCE => continue,
            line = next_line(&mut lines), if requests.len() < AT_ONCE => line,
        };
        match line {
            Line::Request(bytes) => session.take(&bytes, &mut requests).await,
            Line::TooLong => {
                let e = WireError::new(
                    ErrorKind::Protocol,
                    format!("le message dépasse {} Mio", MAX_REQUEST / 1_048_576),
                );
                session.fail(None, e).await;
            }
            Line::Cut => {
                let e = WireError::new(
                    ErrorKind::Protocol,
                    "le dernier message est coupé : il n'a pas été traité",
                );
                session.fail(None, e).await;
                break;
            }
            Line::End => break,
        }
    }
    // What was asked is carried out even if nobody waits for the answer any more; its answer goes nowhere.
    while requests.join_next().await.is_some() {}
    if let Some(events) = session.events.take() {
        events.abort();
    }
    drop(session);
    let _ = writer.await;
}

/// Reads one line in bounded memory: the rest of a line that is too long is skipped.
async fn next_line(lines: &mut BufReader<OwnedReadHalf>) -> Line {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX);
    match (&mut *lines).take(limit).read_until(b'\n', &mut bytes).await {
        Err(_) => Line::End,
        Ok(0) => Line::End,
        Ok(_) if bytes.ends_with(b"\n") => Line::Request(bytes),
        Ok(_) if bytes.len() < MAX_REQUEST => Line::Cut,
        Ok(_) => loop {
            let Ok(chunk) = lines.fill_buf().await else { return Line::End };
            if chunk.is_empty() {
                return Line::TooLong;
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let used = end.map_or(chunk.len(), |n| n + 1);
            lines.consume(used);
            if end.is_some() {
                return Line::TooLong;
            }
        },
    }
}

struct Session {
    app: App,
    caller: Option<(u32, Caller)>,
    remarks: Arc<Vec<String>>,
    out: mpsc::Sender<Vec<u8>>,
    events: Option<AbortHandle>,
    search: Option<(u64, AbortHandle)>,
}

impl Session {
    async fn fail(&self, id: Option<u64>, e: WireError) {
        let _ = self.out.send(RpcMessage::failure(id, e).line()).await;
    }

    async fn take(&mut self, bytes: &[u8], requests: &mut JoinSet<()>) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let request: RpcRequest = match serde_json::from_slice(bytes) {
            Ok(r) => r,
            Err(e) => {
                let e = WireError::new(
                    ErrorKind::Protocol,
                    format!("le message n'est pas une requête JSON-RPC : {e}"),
                );
                return self.fail(None, e).await;
            }
        };
        let (id, deadline) = (request.id, request.deadline_ms);
        let typed = match request.typed() {
            Ok(t) => t,
            Err(e) => return self.fail(Some(id), e).await,
        };
        let Some((uid, caller)) = self.caller.clone() else {
            let e = WireError::new(
                ErrorKind::Forbidden,
                "ce compte du système n'est celui de personne dans Paillasse",
            )
            .hint("l'administrateur l'ajoute dans la configuration (users, uid)");
            return self.fail(Some(id), e).await;
        };
        match typed {
            Request::SessionHello(p) => self.hello(id, uid, &p).await,
            Request::EventsSubscribe(_) => {
                self.subscribe();
                let _ = self.out.send(RpcMessage::reply(id, Ok(serde_json::json!({}))).line()).await;
            }
            typed => {
                let superseding = matches!(typed, Request::PatientSearch(_));
                let allowed = Duration::from_millis(
                    deadline.unwrap_or(self.app.config.daemon.deadline_ms).min(600_000),
                );
                let (app, out, remarks) = (self.app.clone(), self.out.clone(), self.remarks.clone());
                let handle = requests.spawn(async move {
                    let outcome = if superseding {
                        // Nothing is lost by dropping a search; a newer one does so.
                        tokio::time::timeout(allowed, dispatch::run(&app, &caller, &remarks, typed))
                            .await
                            .unwrap_or_else(|_| Err(late()))
                    } else {
                        to_its_end(app, caller, remarks, typed, allowed).await
                    };
                    let _ = out.send(RpcMessage::reply(id, outcome).line()).await;
                });
                if superseding {
                    self.supersede(id, handle).await;
                }
            }
        }
    }

    /// A newer search makes the one before useless: it is dropped, and its asker told so.
    async fn supersede(&mut self, id: u64, handle: AbortHandle) {
        if let Some((old, search)) = self.search.replace((id, handle))
            && !search.is_finished()
        {
            search.abort();
            let e = WireError::new(ErrorKind::Conflict, "recherche remplacée par une plus récente");
            self.fail(Some(old), e).await;
        }
    }

    async fn hello(&mut self, id: u64, uid: u32, p: &session::HelloParams) {
        if p.protocol != 0 && p.protocol != VERSION {
            let e = WireError::new(
                ErrorKind::Protocol,
                format!(
                    "ce poste parle la version {} du protocole, le service la version {VERSION}",
                    p.protocol
                ),
            )
            .hint("mettre à jour le plus ancien des deux");
            return self.fail(Some(id), e).await;
        }
        if let Some(login) = &p.login {
            match self.app.config.user(uid, Some(login)) {
                Some(user) => self.caller = Some((uid, Caller::new(user.clone()))),
                None => {
                    let e = WireError::new(
                        ErrorKind::Forbidden,
                        format!("ce compte ne peut pas agir pour « {login} »"),
                    );
                    return self.fail(Some(id), e).await;
                }
            }
        }
        let Some((_, caller)) = &self.caller else { return };
        let hello = dispatch::hello(&self.app, caller);
        let _ = self.out.send(RpcMessage::reply(id, dispatch::value(hello)).line()).await;
    }

    /// Forwards events; a client too slow for them is told that it missed some.
    fn subscribe(&mut self) {
        if self.events.is_some() {
            return;
        }
        let (mut events, out) = (self.app.events.subscribe(), self.out.clone());
        let task = tokio::spawn(async move {
            loop {
                let event = match events.recv().await {
                    Ok(event) => event,
                    Err(broadcast::error::RecvError::Lagged(_)) => Event::Lagged,
                    Err(broadcast::error::RecvError::Closed) => break,
                };
                if out.send(RpcMessage::event(event).line()).await.is_err() {
                    break;
                }
            }
        });
        self.events = Some(task.abort_handle());
    }
}

fn late() -> WireError {
    WireError::new(ErrorKind::Timeout, "pas de réponse dans le délai demandé")
        .hint("relire l'état avant de refaire le geste")
}

/// Carries out a request. When its deadline passes the caller is told, and what was begun ends as it must: a
/// transaction is never left half-way by impatience.
async fn to_its_end(
    app: App,
    caller: Caller,
    remarks: Arc<Vec<String>>,
    request: Request,
    allowed: Duration,
) -> Result<serde_json::Value, WireError> {
    let name = request.name();
    let work = tokio::spawn(async move { dispatch::run(&app, &caller, &remarks, request).await });
    let abort = work.abort_handle();
    match tokio::time::timeout(allowed, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(e)) => {
            tracing::error!(method = name, error = %e, "a request broke");
            Err(WireError::new(ErrorKind::Internal, "faute interne pendant cette requête")
                .hint("prévenir l'administrateur avec l'heure de l'incident"))
        }
        Err(_) => {
            if waits(name) {
                abort.abort();
            }
            Err(late())
        }
    }
}

/// Requests that only wait: nothing is lost by dropping them at their deadline.
fn waits(name: &str) -> bool {
    matches!(name, "queue.drain" | "ins.fetch")
}
