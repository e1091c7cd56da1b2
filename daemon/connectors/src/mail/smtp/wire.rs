//! Lines in, lines out, each step with its deadline.

use super::reply::Reply;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Longest reply accepted, all lines together.
const MAX_REPLY: usize = 64 * 1024;

/// A connection, clear or encrypted.
pub(super) struct Wire<S> {
    stream: S,
    buffer: Vec<u8>,
}

/// Why nothing usable came or went.
#[derive(Debug)]
pub(super) enum WireError {
    /// Deadline passed.
    Timeout,
    /// The peer closed.
    Closed,
    /// The system or TLS said something.
    Io(io::Error),
    /// Not an SMTP reply, or one without end.
    Nonsense,
}

impl WireError {
    fn from_io(error: io::Error) -> Self {
        // A peer that hangs up without close_notify gives UnexpectedEof.
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Closed } else { Self::Io(error) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The stream back, to be encrypted; `None` when the peer already sent something more: bytes smuggled before the
    /// encryption would be read as if they came from inside it.
    pub fn into_clean_stream(self) -> Option<S> {
        self.buffer.is_empty().then_some(self.stream)
    }

    pub async fn write(&mut self, bytes: &[u8], within: Duration) -> Result<(), WireError> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout_at(Instant::now() + within, sent).await {
            Err(_) => Err(WireError::Timeout),
            Ok(Err(error)) => Err(WireError::from_io(error)),
            Ok(Ok(())) => Ok(()),
        }
    }

    pub async fn reply(&mut self, within: Duration) -> Result<Reply, WireError> {
        let deadline = Instant::now() + within;
        let mut lines: Vec<String> = Vec::new();
        let mut total = 0;
        loop {
            let line = match timeout_at(deadline, self.line()).await {
                Err(_) => return Err(WireError::Timeout),
                Ok(line) => line?,
            };
            total += line.len();
            let same_code = lines.first().is_none_or(|first| first.get(..3) == line.get(..3));
            if total > MAX_REPLY || !same_code {
                return Err(WireError::Nonsense);
            }
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                return Reply::from_lines(&lines).ok_or(WireError::Nonsense);
            }
        }
    }

    /// One command and its reply. `command` comes without CRLF.
    pub async fn command(&mut self, command: &str, within: Duration) -> Result<Reply, WireError> {
        self.write(format!("{command}\r\n").as_bytes(), within).await?;
        self.reply(within).await
    }

    async fn line(&mut self) -> Result<String, WireError> {
        loop {
            if let Some(at) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=at).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.buffer.len() > MAX_REPLY {
                return Err(WireError::Nonsense);
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) => return Err(WireError::Closed),
                Ok(count) => self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) => return Err(WireError::from_io(error)),
            }
        }
    }
}
