//! From a draft to the bytes of a mail. Pure and deterministic: date, Message-ID and every text are given.

use jiff::Timestamp;
use jiff::civil::Date;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};
use paillasse_shared::domain::identity::normalise::normalise;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest type label in the subject, in characters (ECO.2.1.3).
const MAX_LABEL: usize = 40;
/// Longest subject, in characters (our choice; the contract's figure is not public).
const MAX_SUBJECT: usize = 150;

/// An address with the label shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    /// What people read: functional name of a mailbox, name of a person. Required for the sender (ECO.2.2.7).
    pub label: Option<String>,
    /// `local@domain`, ASCII.
    pub address: String,
}

impl MailAddress {
    /// An address without label.
    pub fn bare(address: impl Into<String>) -> Self {
        Self { label: None, address: address.into() }
    }
}

/// A file beside the XDM archive: the PDF, an HPRIM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name, may hold accents; written per RFC 2231 with an ASCII fallback.
    pub name: String,
    /// Media type, e.g. `application/pdf`.
    pub media_type: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// The archive and what the statistics headers say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XdmAttachment {
    /// `IHE_XDM.zip`.
    pub zip: Vec<u8>,
    /// Codes of the CDA documents inside, e.g. `11502-2`: header `X-MSS-CODECDA` (ECO.2.4.1).
    pub cda_codes: Vec<String>,
    /// The CDA carries a qualified INS: header `X-MSS-INS`, `O` or `N` (ECO.2.4.2).
    pub qualified_ins: bool,
}

/// A mail to be composed. One patient per mail (ECO.2.1.1): that is the caller's rule, and here only one archive fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDraft {
    /// Fixed when the order is created, `<unique@domain-of-the-mailbox>`: a replay is recognised by it.
    pub message_id: String,
    /// Header `Date`.
    pub date: Timestamp,
    /// The mailbox, with its label.
    pub from: MailAddress,
    /// At least one; one mail per recipient is the rule of the send queue.
    pub to: Vec<MailAddress>,
    /// Mandatory from an applicative mailbox (ECO.2.2.5).
    pub reply_to: Option<MailAddress>,
    /// See [`xdm_subject`] when an archive is attached.
    pub subject: String,
    /// `text/plain`, UTF-8.
    pub body: String,
    /// `X-MSS-NIL`: product reference of the Convergence portal, on every mail (ECO.2.4.3).
    pub nil: String,
    /// `X-MSS-MES: FIN`: the patient cannot reply (ECO.2.2.8).
    pub close_exchange: bool,
    /// `Disposition-Notification-To`: asks for a reading receipt (ECO.2.3.2).
    pub ask_read_receipt: bool,
    /// `Return-Receipt-To`: asks for a delivery receipt, besides the DSN of SMTP (MSS/va1.15).
    pub ask_delivery_receipt: bool,
    /// Message-ID of the mail this one answers or replaces.
    pub in_reply_to: Option<String>,
    /// Thread, oldest first.
    pub references: Vec<String>,
    /// The archive, if any.
    pub xdm: Option<XdmAttachment>,
    /// Files beside it, in order.
    pub attachments: Vec<Attachment>,
}

/// A mail ready to leave; its bytes are kept as the proof of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposedMail {
    /// RFC 5322 message, CRLF, pure ASCII.
    pub bytes: Vec<u8>,
    /// With its angle brackets.
    pub message_id: String,
}

/// Why a draft is not a mail. Texts name the field, never its content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ComposeError {
    /// Not `local@domain` in ASCII.
    #[error("unusable address in {field}")]
    Address {
        /// `From`, `To`, `Reply-To`.
        field: &'static str,
    },
    /// Nobody to send to.
    #[error("no recipient")]
    NoRecipient,
    /// The sender has no label (ECO.2.2.7).
    #[error("the sender has no label")]
    NoLabel,
    /// Not `<left@right>`.
    #[error("unusable message identifier in {field}")]
    MessageId {
        /// `Message-ID`, `In-Reply-To`, `References`.
        field: &'static str,
    },
    /// A header value is empty where required, or holds a control character (which could forge a header).
    #[error("unusable value for {field}")]
    HeaderValue {
        /// Header name.
        field: &'static str,
    },
    /// Not a media type.
    #[error("unusable media type of attachment {index}")]
    MediaType {
        /// Rank in [`MailDraft::attachments`].
        index: usize,
    },
    /// The MIME library refused; not expected once the checks above passed.
    #[error("MIME: {0}")]
    Mime(String),
}

/// Subject of a mail with an archive: `XDM/1.0/DDM+<label> <NOM> <Prénom>[ <JJ/MM/AAAA>]` (ECO.2.1.3).
///
/// `label` is the display name of the CDA code (`CR d'examens biologiques`), or `N documents`; `family` and `given`
/// are strict traits. The given name takes an initial capital, as in the official examples.
#[must_use]
pub fn xdm_subject(label: &str, family: &str, given: &str, birth: Option<Date>) -> String {
    let label: String = one_line(label).chars().take(MAX_LABEL).collect();
    let mut start = true;
    let given: String = normalise(given)
        .chars()
        .map(|c| {
            let shown = if start { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            start = matches!(c, ' ' | '-' | '\'');
            shown
        })
        .collect();
    let birth = birth.map_or_else(String::new, |date| {
        format!(" {:02}/{:02}/{:04}", date.day(), date.month(), date.year())
    });
    let head: String = format!("XDM/1.0/DDM+{} {} {given}", label.trim(), normalise(family).to_uppercase());
    let room = MAX_SUBJECT.saturating_sub(birth.len());
    head.chars().take(room).collect::<String>().trim_end().to_owned() + &birth
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Writes the mail.
///
/// # Errors
/// [`ComposeError`]: the draft is to be corrected, nothing was built.
pub fn compose(draft: &MailDraft) -> Result<ComposedMail, ComposeError> {
    let message_id = identifier(&draft.message_id, "Message-ID")?;
    if draft.from.label.as_deref().is_none_or(|label| label.trim().is_empty()) {
        return Err(ComposeError::NoLabel);
    }
    if draft.to.is_empty() {
        return Err(ComposeError::NoRecipient);
    }
    let mut builder = Message::builder()
        .date(draft.date.into())
        .message_id(Some(message_id.clone()))
        .from(mailbox(&draft.from, "From")?);
    for to in &draft.to {
        builder = builder.to(mailbox(to, "To")?);
    }
    if let Some(reply_to) = &draft.reply_to {
        builder = builder.reply_to(mailbox(reply_to, "Reply-To")?);
    }
    builder = builder.subject(checked(&draft.subject, "Subject")?);
    if let Some(parent) = &draft.in_reply_to {
        builder = builder.in_reply_to(identifier(parent, "In-Reply-To")?);
    }
    if !draft.references.is_empty() {
        let thread: Result<Vec<_>, _> =
            draft.references.iter().map(|id| identifier(id, "References")).collect();
        builder = builder.references(thread?.join(" "));
    }
    builder = raw(builder, "X-MSS-NIL", checked(&draft.nil, "X-MSS-NIL")?)?;
    if let Some(xdm) = &draft.xdm {
        let codes = checked(&xdm.cda_codes.join(","), "X-MSS-CODECDA")?;
        builder = raw(builder, "X-MSS-CODECDA", codes)?;
        builder = raw(builder, "X-MSS-INS", if xdm.qualified_ins { "O" } else { "N" }.to_owned())?;
    }
    if draft.close_exchange {
        builder = raw(builder, "X-MSS-MES", "FIN".to_owned())?;
    }
    // Both receipts go to the envelope sender: receivers refuse to answer automatically to any other address.
    if draft.ask_read_receipt {
        builder = raw(builder, "Disposition-Notification-To", draft.from.address.clone())?;
    }
    if draft.ask_delivery_receipt {
        builder = raw(builder, "Return-Receipt-To", draft.from.address.clone())?;
    }
    let body = SinglePart::plain(draft.body.clone());
    let message = if draft.xdm.is_none() && draft.attachments.is_empty() {
        builder.singlepart(body)
    } else {
        let mut parts = MultiPart::mixed().boundary(boundary(&message_id)).singlepart(body);
        if let Some(xdm) = &draft.xdm {
            let zip = ContentType::parse("application/zip; name=\"IHE_XDM.zip\"").map_err(|e| mime(&e))?;
            parts = parts.singlepart(attached("IHE_XDM.zip", zip, &xdm.zip)?);
        }
        for (index, attachment) in draft.attachments.iter().enumerate() {
            let media =
                ContentType::parse(&attachment.media_type).map_err(|_| ComposeError::MediaType { index })?;
            parts = parts.singlepart(attached(&attachment.name, media, &attachment.bytes)?);
        }
        builder.multipart(parts)
    };
    let message = message.map_err(|e| mime(&e))?;
    Ok(ComposedMail { bytes: message.formatted(), message_id })
}

fn mime(error: &dyn std::fmt::Display) -> ComposeError {
    ComposeError::Mime(error.to_string())
}

/// The boundary depends on the Message-ID only, hence the same mail composed twice has the same bytes.
fn boundary(message_id: &str) -> String {
    let digest = Sha256::digest(message_id.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("paillasse-{hex}")
}

fn checked(value: &str, field: &'static str) -> Result<String, ComposeError> {
    let value = value.trim();
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(ComposeError::HeaderValue { field });
    }
    Ok(value.to_owned())
}

fn identifier(id: &str, field: &'static str) -> Result<String, ComposeError> {
    let inner = id.trim().strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let (left, right) =
        inner.and_then(|inner| inner.split_once('@')).ok_or(ComposeError::MessageId { field })?;
    let fine = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'@' | b'"'))
    };
    if fine(left) && fine(right) && id.len() <= 250 {
        Ok(format!("<{left}@{right}>"))
    } else {
        Err(ComposeError::MessageId { field })
    }
}

fn mailbox(address: &MailAddress, field: &'static str) -> Result<Mailbox, ComposeError> {
    let parsed: Address = address.address.parse().map_err(|_| ComposeError::Address { field })?;
    if !address.address.is_ascii() {
        return Err(ComposeError::Address { field });
    }
    let label = address.label.as_deref().map(|label| checked(label, field)).transpose()?;
    Ok(Mailbox::new(label, parsed))
}

fn raw(builder: MessageBuilder, name: &'static str, value: String) -> Result<MessageBuilder, ComposeError> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|e| mime(&e))?;
    Ok(builder.raw_header(HeaderValue::new(name, value)))
}

fn attached(name: &str, media: ContentType, bytes: &[u8]) -> Result<SinglePart, ComposeError> {
    let body = Body::new_with_encoding(bytes.to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| ComposeError::Mime("base64".to_owned()))?;
    Ok(SinglePart::builder().header(media).header(Disposition(file_name(name))).body(body))
}

/// Drops what a file system or a header cannot hold.
fn file_name(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c)).collect();
    let kept: String = kept.trim().chars().take(150).collect();
    if kept.is_empty() { "document".to_owned() } else { kept }
}

/// `Content-Disposition: attachment` with `filename` for every reader and `filename*` (RFC 2231) for accents.
#[derive(Clone)]
struct Disposition(String);

impl Header for Disposition {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        let ascii: String = self.0.chars().flat_map(ascii).collect();
        let mut value = format!("attachment;\r\n filename=\"{ascii}\"");
        if ascii != self.0 {
            let encoded: String = self
                .0
                .bytes()
                .map(|b| match b {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(b).to_string(),
                    _ => format!("%{b:02X}"),
                })
                .collect();
            value.push_str(&format!(";\r\n filename*=UTF-8''{encoded}"));
        }
        HeaderValue::dangerous_new_pre_encoded(Self::name(), value.clone(), value)
    }
}

/// A letter without its accent, keeping its case; anything else outside ASCII becomes `_`.
fn ascii(c: char) -> Vec<char> {
    if c.is_ascii() {
        return vec![c];
    }
    let folded: Vec<char> = normalise(&c.to_string()).chars().filter(char::is_ascii).collect();
    match (folded.is_empty(), c.is_uppercase()) {
        (true, _) => vec!['_'],
        (false, true) => folded.iter().map(char::to_ascii_uppercase).collect(),
        (false, false) => folded.iter().map(char::to_ascii_lowercase).collect(),
    }
}

#[cfg(test)]
mod tests;
