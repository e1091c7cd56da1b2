//! SOAP envelopes: writing, posting, reading the answer, and saying precisely what went wrong.
//!
//! The distinction that the send queue lives on is whether a request *may have reached* its receiver
//! ([`SoapError::unknown_outcome`]): a refused connection surely did not, a missing answer may have. Everything
//! that is not certain counts as unknown, and is reconciled before anything is sent again.
//!
//! Answers are matched by namespace and local name, plain or `multipart/related`, SOAP 1.2 or 1.1 (gateways
//! answer either), and are bounded in size. Not here: WS-Security content (each service has its own assertion),
//! message identifiers and clocks (given by the caller).

use std::error::Error;
use std::time::Duration;

use paillasse_xml::{Element, Limits, XmlError, escape};

use crate::mime::{self, MediaType, Part};

/// SOAP 1.2 envelope namespace, the one we write.
pub const SOAP12_NS: &str = "http://www.w3.org/2003/05/soap-envelope";
/// SOAP 1.1 envelope namespace, tolerated in answers.
pub const SOAP11_NS: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// WS-Addressing 1.0 namespace.
pub const WSA_NS: &str = "http://www.w3.org/2005/08/addressing";
/// Anonymous address of WS-Addressing.
pub const WSA_ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// WS-Security 1.0 extension namespace.
pub const WSSE_NS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// Longest text kept from a peer's fault, in characters.
const MAX_PEER_WORDS: usize = 2_000;
/// Most detail elements kept from a fault.
const MAX_DETAILS: usize = 32;

/// WS-Addressing headers of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressing<'a> {
    /// Action URI of the operation.
    pub action: &'a str,
    /// Message identifier as the service wants it, scheme included (`urn:uuid:…`, `uuid:…`).
    pub message_id: &'a str,
    /// Destination; left out when `None`.
    pub to: Option<&'a str>,
    /// Whether to ask for the answer at the anonymous address.
    pub reply_to: bool,
    /// Whether `Action` and `ReplyTo` carry `mustUnderstand`.
    pub must_understand: bool,
}

impl Addressing<'_> {
    /// The header blocks as XML. They rely on the `soap` prefix declared by [`envelope`].
    #[must_use]
    pub fn to_xml(&self) -> String {
        let must = if self.must_understand { " soap:mustUnderstand=\"true\"" } else { "" };
        let mut out = format!(
            "<wsa:Action xmlns:wsa=\"{WSA_NS}\"{must}>{}</wsa:Action><wsa:MessageID xmlns:wsa=\"{WSA_NS}\">{}</wsa:MessageID>",
            escape::text(self.action),
            escape::text(self.message_id)
        );
        if let Some(to) = self.to {
            out.push_str(&format!("<wsa:To xmlns:wsa=\"{WSA_NS}\">{}</wsa:To>", escape::text(to)));
        }
        if self.reply_to {
            out.push_str(&format!(
                "<wsa:ReplyTo xmlns:wsa=\"{WSA_NS}\"{must}><wsa:Address>{WSA_ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
            ));
        }
        out
    }
}

/// A SOAP 1.2 envelope around header blocks and a body already written as XML. Prefix of the envelope: `soap`.
#[must_use]
pub fn envelope(header_blocks: &[&str], body: &str) -> String {
    let size: usize = header_blocks.iter().map(|b| b.len()).sum::<usize>() + body.len() + 256;
    let mut out = String::with_capacity(size);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"");
    out.push_str(SOAP12_NS);
    out.push_str("\"><soap:Header>");
    for block in header_blocks {
        out.push_str(block);
    }
    out.push_str("</soap:Header><soap:Body>");
    out.push_str(body);
    out.push_str("</soap:Body></soap:Envelope>");
    out
}

/// `Content-Type` of a plain SOAP 1.2 request.
#[must_use]
pub fn content_type(action: &str) -> String {
    format!("application/soap+xml; charset=utf-8; action=\"{action}\"")
}

/// One request to post.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// Endpoint.
    pub url: &'a str,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The whole body.
    pub body: Vec<u8>,
    /// Deadline of this call when it differs from the client's.
    pub timeout: Option<Duration>,
    /// Greatest size of the answer, in bytes.
    pub max_response: usize,
}

/// What failed below HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkKind {
    /// The host name cannot be resolved.
    #[error("host name not resolved")]
    Dns,
    /// No connection (refused, unreachable).
    #[error("connection refused or host unreachable")]
    Connect,
    /// No connection within its deadline.
    #[error("no connection within the deadline")]
    ConnectTimeout,
    /// We do not accept the peer's certificate.
    #[error("the server's certificate is not accepted: {0}")]
    PeerCertificate(String),
    /// The peer does not accept our certificate.
    #[error("our certificate is refused by the server: {0}")]
    OwnCertificate(String),
    /// Any other failure of the TLS handshake.
    #[error("TLS: {0}")]
    Tls(String),
    /// Connected, but no complete answer within the deadline.
    #[error("no answer within the deadline")]
    AnswerTimeout,
    /// The connection was lost while sending or waiting.
    #[error("connection lost before the answer was complete")]
    Interrupted,
    /// The request could not even be made (bad address, not https).
    #[error("request not possible: bad address")]
    BadRequest,
}

/// An element found in the detail of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultDetail {
    /// Local name of the element.
    pub name: String,
    /// Its own text.
    pub text: String,
    /// Its attributes, local names.
    pub attributes: Vec<(String, String)>,
}

impl FaultDetail {
    /// Value of an attribute.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A SOAP fault, in the peer's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status that came with it.
    pub http_status: u16,
    /// Local name of the code: `Sender`, `Receiver`, `MustUnderstand`… (`Client` and `Server` of SOAP 1.1 are
    /// given as `Sender` and `Receiver`).
    pub code: String,
    /// Local names of the subcodes, outermost first.
    pub subcodes: Vec<String>,
    /// Reason, French first when there are several.
    pub reason: String,
    /// Elements of the detail that carry text or attributes, in document order.
    pub details: Vec<FaultDetail>,
}

/// Why a call gave no answer to work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SoapError {
    /// Below HTTP. `sent_maybe`: the receiver may have got the whole request.
    #[error("{kind}")]
    Network {
        /// What failed.
        kind: NetworkKind,
        /// Whether the request may have reached the receiver.
        sent_maybe: bool,
    },
    /// An HTTP status without a readable SOAP answer.
    #[error("HTTP status {status}")]
    HttpStatus {
        /// The status.
        status: u16,
    },
    /// A SOAP fault.
    #[error("SOAP fault {}: {}", .0.code, .0.reason)]
    Fault(Box<Fault>),
    /// A successful status, but not an answer we can read.
    #[error("unreadable answer: {what}")]
    Malformed {
        /// The part at fault.
        what: String,
    },
    /// The answer passed its bound.
    #[error("answer over {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

impl SoapError {
    /// Whether sending the same request later can succeed without anybody changing anything. A fault is
    /// retryable when it blames the receiver. An unreadable answer is not: it is first reconciled.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Network { kind, .. } => !matches!(kind, NetworkKind::BadRequest),
            Self::HttpStatus { status } => matches!(status, 408 | 429 | 500..=599),
            Self::Fault(fault) => fault.code == "Receiver",
            Self::Malformed { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// Whether the request may have taken effect without our knowing. True for a lost or unreadable answer and
    /// for the statuses a gateway gives after having passed the request on.
    #[must_use]
    pub fn unknown_outcome(&self) -> bool {
        match self {
            Self::Network { sent_maybe, .. } => *sent_maybe,
            Self::HttpStatus { status } => matches!(status, 200..=299 | 500 | 502 | 504),
            Self::Fault(_) => false,
            Self::Malformed { .. } | Self::TooLarge { .. } => true,
        }
    }
}

/// An answer with its SOAP body.
#[derive(Debug, Clone)]
pub struct Message {
    /// HTTP status.
    pub http_status: u16,
    /// Header blocks.
    pub header: Vec<Element>,
    /// First element of the body; `None` when the body is empty.
    pub body: Option<Element>,
    /// Parts other than the root, when the answer was multipart.
    pub attachments: Vec<Part>,
}

impl Message {
    /// The message this one answers to, when it says so.
    #[must_use]
    pub fn relates_to(&self) -> Option<String> {
        self.header.iter().find(|e| e.is(WSA_NS, "RelatesTo")).map(Element::text)
    }

    /// The attachment a `cid:` reference points to, percent escapes resolved.
    #[must_use]
    pub fn attachment(&self, href: &str) -> Option<&Part> {
        let id = mime::percent_decode(href.strip_prefix("cid:")?);
        self.attachments.iter().find(|p| p.content_id == id || mime::percent_decode(&p.content_id) == id)
    }
}

/// An answer as it came, before it is read; services that must trace it keep these bytes.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// HTTP status.
    pub http_status: u16,
    /// Media type, empty when not given.
    pub media: MediaType,
    /// Body.
    pub bytes: Vec<u8>,
}

/// Posts a request and reads the answer.
///
/// # Errors
/// See [`SoapError`]; a fault is an error whatever its HTTP status.
pub async fn call(client: &reqwest::Client, request: Post<'_>) -> Result<Message, SoapError> {
    let raw = exchange(client, request).await?;
    read_answer(raw.http_status, &raw.media, raw.bytes)
}

/// Posts a request and gives the answer back unread, for [`read_answer`].
///
/// # Errors
/// [`SoapError::Network`] and [`SoapError::TooLarge`] only.
pub async fn exchange(client: &reqwest::Client, request: Post<'_>) -> Result<RawAnswer, SoapError> {
    let max = request.max_response;
    let mut builder = client
        .post(request.url)
        .header(reqwest::header::CONTENT_TYPE, request.content_type)
        .body(request.body);
    if let Some(timeout) = request.timeout {
        builder = builder.timeout(timeout);
    }
    let mut response = builder.send().await.map_err(|e| network_error(&e))?;
    let status = response.status().as_u16();
    let media = response
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .map(MediaType::parse)
        .unwrap_or_else(|| MediaType::parse(""));
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if bytes.len() + chunk.len() > max {
                    return Err(SoapError::TooLarge { limit: max });
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => break,
            Err(e) => {
                let kind = if e.is_timeout() { NetworkKind::AnswerTimeout } else { NetworkKind::Interrupted };
                return Err(SoapError::Network { kind, sent_maybe: true });
            }
        }
    }
    Ok(RawAnswer { http_status: status, media, bytes })
}

/// Reads an answer already received: status, media type, body.
///
/// # Errors
/// As [`call`].
pub fn read_answer(status: u16, media: &MediaType, bytes: Vec<u8>) -> Result<Message, SoapError> {
    match read_envelope(status, media, bytes) {
        Err(SoapError::Malformed { .. }) if !(200..300).contains(&status) => {
            Err(SoapError::HttpStatus { status })
        }
        other => other,
    }
}

fn malformed(what: impl Into<String>) -> SoapError {
    SoapError::Malformed { what: what.into() }
}

fn read_envelope(status: u16, media: &MediaType, bytes: Vec<u8>) -> Result<Message, SoapError> {
    let (root, attachments) = if media.essence.starts_with("multipart/") {
        let mut parts = mime::read_related(media, &bytes).map_err(|e| malformed(e.to_string()))?;
        let start = media.parameter("start").map(|s| s.trim_start_matches('<').trim_end_matches('>'));
        let index = start.and_then(|id| parts.iter().position(|p| p.content_id == id)).unwrap_or(0);
        (parts.remove(index).bytes, parts)
    } else {
        (bytes, Vec::new())
    };
    let limits = Limits { bytes: root.len(), ..Limits::default() };
    let envelope =
        paillasse_xml::parse_with(&root, &limits).map_err(|e: XmlError| malformed(e.to_string()))?;
    let soap = [SOAP12_NS, SOAP11_NS]
        .into_iter()
        .find(|ns| envelope.is(ns, "Envelope"))
        .ok_or_else(|| malformed("not a SOAP envelope"))?;
    let header = envelope.child(soap, "Header").map(|h| h.children().cloned().collect()).unwrap_or_default();
    let body = envelope.child(soap, "Body").ok_or_else(|| malformed("envelope without a body"))?;
    let body = body.children().next().cloned();
    if let Some(fault) = body.as_ref().filter(|b| b.is(soap, "Fault")) {
        return Err(SoapError::Fault(Box::new(read_fault(status, soap, fault))));
    }
    if !(200..300).contains(&status) {
        return Err(SoapError::HttpStatus { status });
    }
    Ok(Message { http_status: status, header, body, attachments })
}

fn read_fault(http_status: u16, soap: &str, fault: &Element) -> Fault {
    let local = |qname: String| bounded(qname.rsplit(':').next().unwrap_or_default());
    let mut subcodes = Vec::new();
    let (code, reason, detail) = if soap == SOAP12_NS {
        let code = fault.child(soap, "Code");
        let mut sub = code.and_then(|c| c.child(soap, "Subcode"));
        while let Some(s) = sub {
            subcodes.extend(s.child_text(soap, "Value").map(local));
            sub = s.child(soap, "Subcode");
        }
        let texts: Vec<&Element> =
            fault.child(soap, "Reason").map(|r| r.children_named(soap, "Text").collect()).unwrap_or_default();
        let french = texts.iter().find(|t| {
            t.attr_ns("http://www.w3.org/XML/1998/namespace", "lang").is_some_and(|l| l.starts_with("fr"))
        });
        let reason = french.or(texts.first()).map(|t| t.text()).unwrap_or_default();
        (code.and_then(|c| c.child_text(soap, "Value")).map(local), reason, fault.child(soap, "Detail"))
    } else {
        let code = fault.child_text("", "faultcode").map(|c| match local(c).as_str() {
            "Client" => "Sender".to_owned(),
            "Server" => "Receiver".to_owned(),
            other => other.to_owned(),
        });
        (code, fault.child_text("", "faultstring").unwrap_or_default(), fault.child("", "detail"))
    };
    let mut details = Vec::new();
    if let Some(detail) = detail {
        detail.children().for_each(|e| collect_details(e, &mut details));
    }
    Fault { http_status, code: code.unwrap_or_default(), subcodes, reason: bounded(&reason), details }
}

fn collect_details(element: &Element, out: &mut Vec<FaultDetail>) {
    if out.len() >= MAX_DETAILS {
        return;
    }
    let text = element.text();
    if !text.is_empty() || !element.attributes.is_empty() {
        out.push(FaultDetail {
            name: bounded(&element.name),
            text: bounded(&text),
            attributes: element
                .attributes
                .iter()
                .take(16)
                .map(|a| (bounded(&a.name), bounded(&a.value)))
                .collect(),
        });
    }
    element.children().for_each(|e| collect_details(e, out));
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_PEER_WORDS).collect()
}

/// Classifies a failure of `send`: everything before the first byte of the request is surely not sent.
fn network_error(error: &reqwest::Error) -> SoapError {
    if error.is_builder() {
        return SoapError::Network { kind: NetworkKind::BadRequest, sent_maybe: false };
    }
    let tls = tls_cause(error);
    if let Some(tls) = tls {
        let before_request = error.is_connect() || own_certificate_refused(tls);
        return SoapError::Network { kind: tls_kind(tls), sent_maybe: !before_request };
    }
    if error.is_connect() {
        let kind = if error.is_timeout() {
            NetworkKind::ConnectTimeout
        } else if error.is_dns() {
            NetworkKind::Dns
        } else {
            NetworkKind::Connect
        };
        return SoapError::Network { kind, sent_maybe: false };
    }
    let kind = if error.is_timeout() { NetworkKind::AnswerTimeout } else { NetworkKind::Interrupted };
    SoapError::Network { kind, sent_maybe: true }
}

/// The rustls error at the bottom of a chain, if any. `io::Error` hides what it wraps from `source()`.
fn tls_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next: Option<&'a (dyn Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        next = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => current.source(),
        };
    }
    None
}

/// With TLS 1.3 the refusal of a client certificate arrives after the request was written, yet the receiver never
/// looked at it: these alerts are part of the handshake.
fn own_certificate_refused(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as A;
    matches!(
        error,
        rustls::Error::AlertReceived(
            A::CertificateRequired
                | A::BadCertificate
                | A::UnsupportedCertificate
                | A::CertificateRevoked
                | A::CertificateExpired
                | A::CertificateUnknown
                | A::UnknownCA
                | A::AccessDenied
                | A::HandshakeFailure
                | A::DecryptError
        )
    )
}

fn tls_kind(error: &rustls::Error) -> NetworkKind {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            NetworkKind::PeerCertificate(bounded(&reason.to_string()))
        }
        rustls::Error::AlertReceived(alert) if own_certificate_refused(error) => {
            NetworkKind::OwnCertificate(format!("{alert:?}"))
        }
        other => NetworkKind::Tls(bounded(&other.to_string())),
    }
}
