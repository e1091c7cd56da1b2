//! Submission to an MSSanté operator: a small RFC 5321 client over tokio-rustls.
//!
//! Rules of the contract (fact sheet §3, §4, §6, §7):
//! * STARTTLS always, before anything of ours is said; no clear text ever, and capabilities are read again after it.
//! * The operator is verified against dedicated roots; an applicative mailbox shows its certificate in the handshake,
//!   then logs in with PLAIN and its own address.
//! * DSN parameters where the operator offers them.
//!
//! The distinction the send queue lives on: before the final dot begins to leave, no failure can mean delivery; from
//! that moment to the operator's reply every failure is [`SmtpErrorKind::UnknownOutcome`].
//!
//! One connection carries one mail: volumes are a laboratory's, and a connection never outlives its order.

mod reply;
mod types;
mod wire;

#[cfg(test)]
mod tests;

pub use reply::Reply;
pub use types::{
    MailDeadlines, PermanentCause, RefusedRecipient, SecurityCause, SmtpAuth, SmtpEndpoint, SmtpError,
    SmtpErrorKind, SmtpReceipt, SmtpStep,
};

use super::ComposedMail;
use crate::tls::{TlsError, TlsMaterial};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reply::classify;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::{Wire, WireError};
use zeroize::Zeroizing;

/// Bytes written between two looks at the clock.
const CHUNK: usize = 64 * 1024;
/// Longest ENVID (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// What the operator announced after the handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// SIZE: limit in bytes, `None` when absent or unlimited.
    pub size: Option<u64>,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// AUTH mechanisms, upper case.
    pub auth: Vec<String>,
    starttls: bool,
    size_announced: bool,
}

impl Extensions {
    fn read(reply: &Reply) -> Self {
        let mut all = Self::default();
        for line in reply.text.split(" / ").skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("STARTTLS") => all.starttls = true,
                Some("DSN") => all.dsn = true,
                Some("SIZE") => {
                    all.size_announced = true;
                    all.size = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                }
                Some("AUTH") => all.auth.extend(words.filter(|w| !w.is_empty()).map(str::to_owned)),
                _ => {}
            }
        }
        all
    }
}

/// A mailbox and the way to its operator.
#[derive(Clone)]
pub struct SmtpClient {
    endpoint: SmtpEndpoint,
    tls: Arc<ClientConfig>,
    has_identity: bool,
    auth: SmtpAuth,
}

impl fmt::Debug for SmtpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpClient")
            .field("endpoint", &self.endpoint)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl SmtpClient {
    /// Reads the TLS material once.
    ///
    /// # Errors
    /// [`TlsError`] naming the part that cannot be used.
    pub fn new(endpoint: SmtpEndpoint, material: &TlsMaterial, auth: SmtpAuth) -> Result<Self, TlsError> {
        let tls = Arc::new(material.client_config()?);
        Ok(Self { endpoint, tls, has_identity: material.identity_pem().is_some(), auth })
    }

    /// Connects, authenticates and leaves: the connection test of an administrator. Gives what the operator
    /// announced and the TLS negotiated.
    ///
    /// # Errors
    /// See [`SmtpError`].
    pub async fn probe(&self, deadlines: &MailDeadlines) -> Result<(Extensions, String), SmtpError> {
        let mut session = self.open(deadlines).await?;
        let told = (session.extensions.clone(), session.tls.clone());
        session.quit().await;
        Ok(told)
    }

    /// Hands one mail to the operator. `from` is the envelope sender (the mailbox), `to` the recipients.
    ///
    /// # Errors
    /// [`SmtpError`]; its kind says whether the mail may have been accepted.
    pub async fn send(
        &self,
        mail: &ComposedMail,
        from: &str,
        to: &[&str],
        deadlines: &MailDeadlines,
    ) -> Result<SmtpReceipt, SmtpError> {
        self.send_marked(mail, from, to, deadlines, || async { Ok(()) }).await
    }

    /// [`Self::send`], with a last word of the caller just before the final dot: the caller notes durably that from
    /// here on the operator may have the mail. When that fails the dot is not sent, and nothing was delivered.
    ///
    /// # Errors
    /// As [`Self::send`]; a refusal of `before_dot` is temporary.
    pub async fn send_marked<M, F>(
        &self,
        mail: &ComposedMail,
        from: &str,
        to: &[&str],
        deadlines: &MailDeadlines,
        before_dot: M,
    ) -> Result<SmtpReceipt, SmtpError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<(), String>>,
    {
        if to.is_empty() || !std::iter::once(&from).chain(to).all(|address| speakable(address)) {
            return Err(ours(PermanentCause::Unspeakable, "an envelope address cannot be used"));
        }
        let content = dot_stuffed(&mail.bytes);
        let size = mail.bytes.len() as u64;
        if self.endpoint.size_limit.is_some_and(|limit| size > limit) {
            return Err(ours(PermanentCause::TooLarge, "over the limit set for the operator"));
        }
        let mut session = self.open(deadlines).await?;
        if session.extensions.size.is_some_and(|limit| size > limit) {
            session.quit().await;
            return Err(ours(PermanentCause::TooLarge, "over the limit the operator announces"));
        }
        let outcome = session.submit(mail, from, to, size, &content, before_dot).await;
        // Whatever QUIT does changes nothing to what was or was not accepted; a peer that stopped answering is left.
        if outcome.as_ref().map_or_else(|error| error.reply.is_some(), |_| true) {
            session.quit().await;
        }
        outcome
    }

    async fn open(&self, deadlines: &MailDeadlines) -> Result<Session, SmtpError> {
        let plain = matches!(self.auth, SmtpAuth::Plain { .. });
        if plain && !self.has_identity {
            return Err(unsafe_at(SmtpStep::Prepare, SecurityCause::NoClientCertificate));
        }
        let host = self.endpoint.host.as_str();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ours(PermanentCause::Unspeakable, "the operator's host name cannot be used"))?;
        let connect = TcpStream::connect((host, self.endpoint.port));
        let stream = match tokio::time::timeout(deadlines.connect, connect).await {
            Err(_) => return Err(network(SmtpStep::Connect, "no connection in time")),
            Ok(Err(error)) => return Err(network(SmtpStep::Connect, &error.kind().to_string())),
            Ok(Ok(stream)) => stream,
        };
        let mut clear = Wire::new(stream);
        positive(clear.reply(deadlines.command).await, SmtpStep::Greeting)?;
        let hello = format!("EHLO {}", self.endpoint.hello);
        let announced =
            Extensions::read(&positive(clear.command(&hello, deadlines.command).await, SmtpStep::Hello)?);
        if !announced.starttls {
            return Err(unsafe_at(SmtpStep::StartTls, SecurityCause::NoStartTls));
        }
        let go = clear.command("STARTTLS", deadlines.command).await;
        match go {
            Ok(reply) if reply.code >= 500 => {
                return Err(SmtpError {
                    reply: Some(reply),
                    ..unsafe_at(SmtpStep::StartTls, SecurityCause::NoStartTls)
                });
            }
            other => positive(other, SmtpStep::StartTls)?,
        };
        let stream = clear
            .into_clean_stream()
            .ok_or_else(|| unsafe_at(SmtpStep::StartTls, SecurityCause::EarlyData))?;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        let stream = match tokio::time::timeout(deadlines.tls, handshake).await {
            Err(_) => return Err(network(SmtpStep::StartTls, "no handshake in time")),
            Ok(Err(error)) => return Err(io_error(SmtpStep::StartTls, &error)),
            Ok(Ok(stream)) => stream,
        };
        let tls = negotiated(&stream);
        let mut wire = Wire::new(stream);
        let reply = positive(wire.command(&hello, deadlines.command).await, SmtpStep::Hello)?;
        let mut session = Session { wire, extensions: Extensions::read(&reply), tls, deadlines: *deadlines };
        session.authenticate(&self.auth).await?;
        Ok(session)
    }
}

struct Session {
    wire: Wire<TlsStream<TcpStream>>,
    extensions: Extensions,
    tls: String,
    deadlines: MailDeadlines,
}

impl Session {
    async fn authenticate(&mut self, auth: &SmtpAuth) -> Result<(), SmtpError> {
        let within = self.deadlines.command;
        let (mechanism, response) = match auth {
            SmtpAuth::Plain { mailbox, password } => {
                ("PLAIN", Zeroizing::new(format!("\0{mailbox}\0{}", password.as_str())))
            }
            SmtpAuth::XOAuth2 { mailbox, token } => (
                "XOAUTH2",
                Zeroizing::new(format!("user={mailbox}\x01auth=Bearer {}\x01\x01", token.as_str())),
            ),
        };
        if !self.extensions.auth.iter().any(|offered| offered == mechanism) {
            let detail = format!("the operator does not offer AUTH {mechanism}");
            return Err(SmtpError {
                kind: SmtpErrorKind::Authentication,
                step: SmtpStep::Auth,
                reply: None,
                detail,
            });
        }
        let response = Zeroizing::new(STANDARD.encode(response.as_bytes()));
        // A token is longer than the 512 octets of a command line: the response always goes on a line of its own.
        let mut reply =
            positive(self.wire.command(&format!("AUTH {mechanism}"), within).await, SmtpStep::Auth)?;
        if reply.code == 334 {
            reply = positive(self.wire.command(&response, within).await, SmtpStep::Auth)?;
        }
        if reply.code == 334 {
            // XOAUTH2: the challenge holds the reason; an empty line asks for the real refusal.
            reply = positive(self.wire.command("", within).await, SmtpStep::Auth)?;
        }
        if reply.code == 235 {
            return Ok(());
        }
        let detail = "unexpected reply to AUTH".to_owned();
        Err(SmtpError {
            kind: SmtpErrorKind::Authentication,
            step: SmtpStep::Auth,
            reply: Some(reply),
            detail,
        })
    }

    async fn submit<M, F>(
        &mut self,
        mail: &ComposedMail,
        from: &str,
        to: &[&str],
        size: u64,
        content: &[u8],
        before_dot: M,
    ) -> Result<SmtpReceipt, SmtpError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<(), String>>,
    {
        let within = self.deadlines.command;
        let dsn = self.extensions.dsn;
        let mut command = format!("MAIL FROM:<{from}>");
        if self.extensions.size_announced {
            command.push_str(&format!(" SIZE={size}"));
        }
        if dsn {
            command.push_str(" RET=HDRS");
            let envid = xtext(mail.message_id.trim_matches(['<', '>']));
            if envid.len() <= MAX_ENVID {
                command.push_str(&format!(" ENVID={envid}"));
            }
        }
        positive(self.wire.command(&command, within).await, SmtpStep::Mail)?;
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for address in to {
            let mut command = format!("RCPT TO:<{address}>");
            if dsn {
                command.push_str(&format!(" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{}", xtext(address)));
            }
            let reply =
                self.wire.command(&command, within).await.map_err(|e| lost(e, SmtpStep::Recipient))?;
            if reply.is_positive() {
                accepted.push((*address).to_owned());
            } else if reply.code == 421 {
                return Err(refusal(reply, SmtpStep::Recipient));
            } else {
                let kind = classify(&reply, SmtpStep::Recipient);
                refused.push(RefusedRecipient { address: (*address).to_owned(), kind, reply });
            }
        }
        if accepted.is_empty() {
            // Worth another try as soon as one of them is.
            let worst = refused.iter().find(|r| r.kind == SmtpErrorKind::Temporary).or(refused.first());
            return Err(match worst {
                Some(first) => refusal(first.reply.clone(), SmtpStep::Recipient),
                None => ours(PermanentCause::Unspeakable, "no recipient"),
            });
        }
        let go = positive(self.wire.command("DATA", within).await, SmtpStep::Data)?;
        if go.code != 354 {
            return Err(network(SmtpStep::Data, "unexpected reply to DATA"));
        }
        for chunk in content.chunks(CHUNK) {
            if let Err(error) = self.wire.write(chunk, self.deadlines.data).await {
                return Err(self.refused_while_writing(error).await);
            }
        }
        if before_dot().await.is_err() {
            return Err(network(SmtpStep::Data, "the caller could not note that the mail is leaving"));
        }
        let reply = self.finish().await?;
        Ok(SmtpReceipt { reply, accepted, refused, dsn, tls: self.tls.clone() })
    }

    /// A peer that refuses a mail half way says so and closes: its words are worth more than "broken pipe".
    async fn refused_while_writing(&mut self, error: WireError) -> SmtpError {
        match self.wire.reply(Duration::from_secs(2)).await {
            Ok(reply) if !reply.is_positive() => refusal(reply, SmtpStep::Data),
            _ => lost(error, SmtpStep::Data),
        }
    }

    /// The final dot. From its first byte on, only a readable reply ends the doubt.
    async fn finish(&mut self) -> Result<Reply, SmtpError> {
        let unknown = |detail: &str| SmtpError {
            kind: SmtpErrorKind::UnknownOutcome,
            step: SmtpStep::Final,
            reply: None,
            detail: detail.to_owned(),
        };
        if self.wire.write(b".\r\n", self.deadlines.data).await.is_err() {
            return Err(unknown("lost while the final dot was leaving"));
        }
        match self.wire.reply(self.deadlines.acceptance).await {
            Ok(reply) if (200..300).contains(&reply.code) => Ok(reply),
            Ok(reply) if reply.code >= 400 => Err(refusal(reply, SmtpStep::Final)),
            Ok(reply) => {
                Err(SmtpError { reply: Some(reply), ..unknown("unexpected reply to the final dot") })
            }
            Err(WireError::Timeout) => Err(unknown("no reply to the final dot in time")),
            Err(_) => Err(unknown("connection lost before the reply to the final dot")),
        }
    }

    async fn quit(&mut self) {
        let _ = self.wire.command("QUIT", Duration::from_secs(5).min(self.deadlines.command)).await;
    }
}

fn positive(reply: Result<Reply, WireError>, step: SmtpStep) -> Result<Reply, SmtpError> {
    match reply {
        Ok(reply) if reply.is_positive() => Ok(reply),
        Ok(reply) => Err(refusal(reply, step)),
        Err(error) => Err(lost(error, step)),
    }
}

fn refusal(reply: Reply, step: SmtpStep) -> SmtpError {
    SmtpError {
        kind: classify(&reply, step),
        step,
        reply: Some(reply),
        detail: "refused by the operator".to_owned(),
    }
}

fn network(step: SmtpStep, detail: &str) -> SmtpError {
    SmtpError { kind: SmtpErrorKind::Temporary, step, reply: None, detail: detail.to_owned() }
}

fn ours(cause: PermanentCause, detail: &str) -> SmtpError {
    let kind = SmtpErrorKind::Permanent(cause);
    SmtpError { kind, step: SmtpStep::Prepare, reply: None, detail: detail.to_owned() }
}

fn unsafe_at(step: SmtpStep, cause: SecurityCause) -> SmtpError {
    let detail = format!("{cause:?}");
    SmtpError { kind: SmtpErrorKind::Security(cause), step, reply: None, detail }
}

fn lost(error: WireError, step: SmtpStep) -> SmtpError {
    match error {
        WireError::Timeout => network(step, "no reply in time"),
        WireError::Closed => network(step, "connection closed by the operator"),
        WireError::Nonsense => network(step, "not an SMTP reply"),
        WireError::Io(error) => io_error(step, &error),
    }
}

/// TLS errors arrive wrapped in `io::Error`; with TLS 1.3 the refusal of our certificate comes with the first read.
fn io_error(step: SmtpStep, error: &io::Error) -> SmtpError {
    use rustls::AlertDescription as Alert;
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return network(step, &error.kind().to_string());
    };
    match tls {
        rustls::Error::InvalidCertificate(reason) => {
            unsafe_at(step, SecurityCause::PeerCertificate(reason.to_string().chars().take(300).collect()))
        }
        rustls::Error::AlertReceived(
            alert @ (Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError),
        ) => unsafe_at(step, SecurityCause::OwnCertificate(format!("{alert:?}"))),
        other => unsafe_at(step, SecurityCause::Handshake(other.to_string().chars().take(300).collect())),
    }
}

fn negotiated<S: AsyncRead + AsyncWrite>(stream: &TlsStream<S>) -> String {
    let connection = stream.get_ref().1;
    let version = connection.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
    let suite =
        connection.negotiated_cipher_suite().map_or_else(String::new, |suite| format!("{:?}", suite.suite()));
    format!("{version} {suite}").trim().to_owned()
}

/// May stand between `<` and `>` of a command.
fn speakable(address: &str) -> bool {
    let ascii = address.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'));
    ascii
        && address.len() <= 254
        && address.split_once('@').is_some_and(|(l, r)| !l.is_empty() && !r.is_empty())
}

/// RFC 3461 §4: printable ASCII but `+` and `=`, the rest as `+HH`.
fn xtext(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' => char::from(b).to_string(),
            _ => format!("+{b:02X}"),
        })
        .collect()
}

/// The content as DATA wants it: lines beginning with a dot get another, and the last line is ended.
fn dot_stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64 + 2);
    let mut line_start = true;
    for byte in bytes {
        if line_start && *byte == b'.' {
            out.push(b'.');
        }
        line_start = *byte == b'\n';
        out.push(*byte);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}
