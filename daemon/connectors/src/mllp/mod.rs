//! MLLP: the listener that receives HL7 v2 messages from analysers, middleware and hospital systems.
//!
//! Contract: fact sheet on HL7 v2, §1. One connection is strict request/answer: the next block of a connection is
//! looked at once the answer to the previous one is written. Connections are served side by side.
//!
//! Invariants:
//! * Memory is bounded by `max_connections × max_message` whatever arrives; a message over the limit reaches the
//!   handler as its first 64 KB, so that it can be refused with its own control id instead of being resent for ever.
//! * An answer is written only after the handler returned it: the handler commits first, then acknowledges.
//! * Shutting down lets every handler finish and its answer leave; a half-received block is dropped unanswered, and
//!   its sender resends it.
//!
//! Deliberately not here: what HL7 is (the handler's business), TLS (sites that want it put these links behind a
//! tunnel until a contract asks for more), and outbound links.

mod frame;

pub use frame::wrap;

use frame::{Deframer, Output};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bounds of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest message, in bytes.
    pub max_message: usize,
    /// Connections served at once; one more is closed at once.
    pub max_connections: usize,
    /// Longest silence between two messages. Analysers keep their connection open for days, so this only reaps dead
    /// ones.
    pub idle: Duration,
    /// Longest silence inside a message, and longest time to write an answer.
    pub stall: Duration,
    /// Addresses that may connect; empty means any. These links are clear text on a laboratory's own network.
    pub allowed_peers: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 32 * 1024 * 1024,
            max_connections: 64,
            idle: Duration::from_secs(24 * 3600),
            stall: Duration::from_secs(30),
            allowed_peers: Vec::new(),
        }
    }
}

/// One message, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub peer: SocketAddr,
    /// The payload; only its first 64 KB when [`oversize`](Self::oversize) is set.
    pub bytes: Vec<u8>,
    /// Size announced by the stream when it is over the limit.
    pub oversize: Option<u64>,
    /// Bytes of noise skipped before this message.
    pub skipped: u64,
}

/// What happens on the link, for its state on screen and the log. Never holds content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A peer connected.
    Connected {
        /// Its address.
        peer: SocketAddr,
    },
    /// A peer was turned away.
    Refused {
        /// Its address.
        peer: SocketAddr,
        /// Why.
        why: RefusedWhy,
    },
    /// A block was abandoned by its sender, which began another.
    Aborted {
        /// Its address.
        peer: SocketAddr,
        /// Bytes dropped.
        bytes: u64,
    },
    /// A connection ended.
    Closed {
        /// Its address.
        peer: SocketAddr,
        /// How.
        how: ClosedHow,
        /// Messages answered on it.
        messages: u64,
        /// Bytes outside any message since the last one: a peer that speaks something else shows here.
        noise: u64,
    },
}

/// Why a peer was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedWhy {
    /// Not among the allowed addresses.
    Address,
    /// Too many connections already.
    Busy,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedHow {
    /// By the peer, between two messages.
    ByPeer,
    /// By the peer or the network, inside a message or while the answer was written.
    Cut,
    /// Silent for too long between two messages.
    Idle,
    /// Silent for too long inside a message, or not reading its answer.
    Stalled,
    /// The daemon stops.
    Shutdown,
    /// The handler failed on a message (a defect of ours); the message is unanswered.
    HandlerFailed,
}

/// A bound listener.
#[derive(Debug)]
pub struct MllpListener {
    listener: TcpListener,
    limits: Limits,
}

impl MllpListener {
    /// Binds with `SO_REUSEADDR` and TCP keep-alive, so that an analyser that was switched off is noticed.
    ///
    /// # Errors
    /// Whatever the system says of the address.
    pub fn bind(addr: SocketAddr, limits: Limits) -> io::Result<Self> {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.set_keepalive(true)?;
        socket.bind(addr)?;
        Ok(Self { listener: socket.listen(64)?, limits })
    }

    /// The address really bound (port 0 asks for any).
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` becomes true or its sender is dropped, then waits for the connections to end.
    ///
    /// `handler` gets each message and returns the payload of the answer (no envelope); an empty answer is not sent.
    /// `observer` must not block.
    pub async fn serve<H, F, O>(self, handler: H, observer: O, mut stop: watch::Receiver<bool>)
    where
        H: Fn(Frame) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<u8>> + Send + 'static,
        O: Fn(LinkEvent) + Send + Sync + 'static,
    {
        let (handler, observer) = (Arc::new(handler), Arc::new(observer));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                Some(_) = connections.join_next() => continue, // a panic shows as ClosedHow::HandlerFailed
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(pair) => pair,
                Err(error) => {
                    // Out of descriptors, or a connection gone before it was taken: breathe, then go on listening.
                    tracing::warn!(%error, "mllp: accept failed");
                    let pause = tokio::time::sleep(Duration::from_millis(100));
                    tokio::select! { () = pause => continue, () = stopped(&mut stop) => break }
                }
            };
            let allowed = &self.limits.allowed_peers;
            if !allowed.is_empty() && !allowed.contains(&peer.ip().to_canonical()) {
                observer(LinkEvent::Refused { peer, why: RefusedWhy::Address });
                continue;
            }
            if connections.len() >= self.limits.max_connections {
                observer(LinkEvent::Refused { peer, why: RefusedWhy::Busy });
                continue;
            }
            let connection = Connection {
                peer,
                limits: self.limits.clone(),
                handler: Arc::clone(&handler),
                observer: Arc::clone(&observer),
                deframer: Deframer::new(self.limits.max_message),
                messages: 0,
                how: ClosedHow::HandlerFailed,
            };
            connections.spawn(connection.run(stream, stop.clone()));
        }
        while connections.join_next().await.is_some() {}
    }
}

/// Resolves when the daemon stops; a dropped sender counts as a stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

struct Connection<H, O: Fn(LinkEvent)> {
    peer: SocketAddr,
    limits: Limits,
    handler: Arc<H>,
    observer: Arc<O>,
    deframer: Deframer,
    messages: u64,
    how: ClosedHow,
}

/// Said on drop, so that a handler that panics does not leave a connection open on the screen for ever.
impl<H, O: Fn(LinkEvent)> Drop for Connection<H, O> {
    fn drop(&mut self) {
        let (peer, how, messages, noise) = (self.peer, self.how, self.messages, self.deframer.skipped());
        (self.observer)(LinkEvent::Closed { peer, how, messages, noise });
    }
}

impl<H, F, O> Connection<H, O>
where
    H: Fn(Frame) -> F + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
    O: Fn(LinkEvent) + Send + Sync + 'static,
{
    async fn run(mut self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        (self.observer)(LinkEvent::Connected { peer: self.peer });
        let _ = stream.set_nodelay(true); // an acknowledgement is one small packet that the other side waits for
        self.how = self.talk(stream, &mut stop).await;
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        mut stream: S,
        stop: &mut watch::Receiver<bool>,
    ) -> ClosedHow {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let silence = if self.deframer.inside() { self.limits.stall } else { self.limits.idle };
            let read = tokio::select! {
                biased;
                () = stopped(stop) => return ClosedHow::Shutdown,
                read = timeout(silence, stream.read(&mut buffer)) => read,
            };
            let count = match read {
                Err(_) if self.deframer.inside() => return ClosedHow::Stalled,
                Err(_) => return ClosedHow::Idle,
                Ok(Err(_)) => return ClosedHow::Cut,
                Ok(Ok(0)) if self.deframer.inside() => return ClosedHow::Cut,
                Ok(Ok(0)) => return ClosedHow::ByPeer,
                Ok(Ok(count)) => count,
            };
            let mut input = buffer.get(..count).unwrap_or_default();
            while !input.is_empty() {
                let (taken, output) = self.deframer.feed(input);
                input = input.get(taken..).unwrap_or_default();
                let block = match output {
                    None => continue,
                    Some(Output::Aborted { bytes }) => {
                        (self.observer)(LinkEvent::Aborted { peer: self.peer, bytes });
                        continue;
                    }
                    Some(Output::Block(block)) => block,
                };
                let oversize = (block.total > self.limits.max_message as u64).then_some(block.total);
                let frame = Frame { peer: self.peer, bytes: block.bytes, oversize, skipped: block.skipped };
                let answer = (self.handler)(frame).await;
                self.messages += 1;
                if answer.is_empty() {
                    continue;
                }
                let answer = wrap(&answer);
                let written = timeout(self.limits.stall, async {
                    stream.write_all(&answer).await?;
                    stream.flush().await
                });
                match written.await {
                    Err(_) => return ClosedHow::Stalled,
                    Ok(Err(_)) => return ClosedHow::Cut,
                    Ok(Ok(())) => {}
                }
                // Messages already read are not begun once the daemon stops: unanswered, they will come again.
                if *stop.borrow() {
                    return ClosedHow::Shutdown;
                }
            }
        }
    }
}

/// Why [`send`] has no answer.
#[derive(Debug, Error)]
pub enum SendError {
    /// No connection: surely not received.
    #[error("connection: {0}")]
    Connect(io::Error),
    /// Cut after sending began: may have been received.
    #[error("connection lost before the answer")]
    Lost,
    /// No answer within the deadline: may have been received.
    #[error("no answer in time")]
    Timeout,
    /// The answer is over 1 MB.
    #[error("answer too large")]
    AnswerTooLarge,
}

/// Sends one message on a connection of its own and waits for the answer, envelope removed. A tool for tests and for
/// the training simulator, not an outbound link: no queue, no reconnection.
///
/// # Errors
/// See [`SendError`].
pub async fn send(addr: SocketAddr, bytes: &[u8], deadline: Duration) -> Result<Vec<u8>, SendError> {
    const MAX_ANSWER: usize = 1024 * 1024;
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await.map_err(SendError::Connect)?;
        stream.write_all(&wrap(bytes)).await.map_err(|_| SendError::Lost)?;
        let mut deframer = Deframer::new(MAX_ANSWER);
        let mut buffer = vec![0; 4096];
        loop {
            let count = stream.read(&mut buffer).await.map_err(|_| SendError::Lost)?;
            if count == 0 {
                return Err(SendError::Lost);
            }
            let mut input = buffer.get(..count).unwrap_or_default();
            while !input.is_empty() {
                let (taken, output) = deframer.feed(input);
                input = input.get(taken..).unwrap_or_default();
                match output {
                    Some(Output::Block(block)) if block.total > MAX_ANSWER as u64 => {
                        return Err(SendError::AnswerTooLarge);
                    }
                    Some(Output::Block(block)) => return Ok(block.bytes),
                    Some(Output::Aborted { .. }) | None => {}
                }
            }
        }
    };
    timeout(deadline, exchange).await.map_err(|_| SendError::Timeout)?
}

#[cfg(test)]
mod tests;
