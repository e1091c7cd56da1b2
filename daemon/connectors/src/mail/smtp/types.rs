//! What is given to the client and what comes back from it.

use super::Reply;
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use zeroize::Zeroizing;

/// Where the operator listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpEndpoint {
    /// Host name, which the certificate must bear.
    pub host: String,
    /// 587 by contract.
    pub port: u16,
    /// Name given in EHLO: the host of the daemon, or the domain of the mailbox.
    pub hello: String,
    /// Limit agreed with the operator, in bytes of the whole mail, when lower than the one it announces.
    pub size_limit: Option<u64>,
}

/// How the mailbox authenticates, inside TLS.
#[derive(Clone)]
pub enum SmtpAuth {
    /// Applicative mailbox: PLAIN with the address as login, after mutual TLS. The contract does not say what the
    /// password holds; it may be empty.
    Plain {
        /// Address of the mailbox.
        mailbox: String,
        /// Password or dummy.
        password: Zeroizing<String>,
    },
    /// Personal or organisational mailbox: XOAUTH2 with the current Pro Santé Connect access token.
    XOAuth2 {
        /// Address of the mailbox.
        mailbox: String,
        /// Access token.
        token: Zeroizing<String>,
    },
}

impl fmt::Debug for SmtpAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SmtpAuth::Plain { .. } => "Plain(***)",
            SmtpAuth::XOAuth2 { .. } => "XOAuth2(***)",
        })
    }
}

/// Longest wait at each step. Operators slow repeated failures down: commands need more than 30 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailDeadlines {
    /// Name resolution and TCP.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// Each command and its reply.
    pub command: Duration,
    /// Each 64 KB of the mail.
    pub data: Duration,
    /// From the final dot to the reply. Long: giving up here leaves an unknown outcome.
    pub acceptance: Duration,
}

impl Default for MailDeadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(15),
            command: Duration::from_secs(60),
            data: Duration::from_secs(60),
            acceptance: Duration::from_secs(300),
        }
    }
}

/// Where the exchange was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpStep {
    /// Checks made before connecting.
    Prepare,
    /// TCP.
    Connect,
    /// First reply.
    Greeting,
    /// EHLO, before or after TLS.
    Hello,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Recipient,
    /// DATA and the content, without the final dot.
    Data,
    /// The final dot and its reply.
    Final,
}

/// Why a permanent refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermanentCause {
    /// The address does not exist or is closed.
    UnknownMailbox,
    /// The mailbox has no room.
    MailboxFull,
    /// Over the operator's limit or ours.
    TooLarge,
    /// Policy, domain not authorised, content, protocol: the peer's words say which.
    Refused,
    /// The order itself cannot be spoken (an address with a blank in it): a defect on our side.
    Unspeakable,
}

/// Why the connection is not safe. No retry before an administrator acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityCause {
    /// The operator does not offer STARTTLS, or refuses it.
    NoStartTls,
    /// It said something more before the handshake (an injected command).
    EarlyData,
    /// Its certificate is refused; rustls's reason.
    PeerCertificate(String),
    /// Ours is refused; the alert received.
    OwnCertificate(String),
    /// No common version or suite, or another TLS failure.
    Handshake(String),
    /// PLAIN asked for without a client certificate.
    NoClientCertificate,
}

/// What the send queue does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpErrorKind {
    /// Not delivered; try again later with the same Message-ID.
    Temporary,
    /// Not delivered; a person must act.
    Permanent(PermanentCause),
    /// Not delivered; the mailbox did not log in.
    Authentication,
    /// Not delivered; refused for safety.
    Security(SecurityCause),
    /// Perhaps delivered: lost after the final dot. Reconcile, or send the same Message-ID again.
    UnknownOutcome,
}

/// How a sending failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("SMTP at {step:?}: {kind:?}{}", .reply.as_ref().map_or_else(String::new, |r| format!(" ({})", r.code)))]
pub struct SmtpError {
    /// What to do.
    pub kind: SmtpErrorKind,
    /// Where.
    pub step: SmtpStep,
    /// The peer's words, when it spoke.
    pub reply: Option<Reply>,
    /// Our words otherwise, in English, for the trace: no content, no address.
    pub detail: String,
}

/// A recipient refused while others were accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The address.
    pub address: String,
    /// Temporary or permanent.
    pub kind: SmtpErrorKind,
    /// The peer's words.
    pub reply: Reply,
}

/// The operator accepted the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpReceipt {
    /// The reply to the final dot.
    pub reply: Reply,
    /// Addresses accepted.
    pub accepted: Vec<String>,
    /// Addresses refused; never all of them.
    pub refused: Vec<RefusedRecipient>,
    /// DSN was asked for in SMTP.
    pub dsn: bool,
    /// TLS version and suite negotiated, for the trace (MSS-17).
    pub tls: String,
}
