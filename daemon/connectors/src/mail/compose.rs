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
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn draft() -> MailDraft {
        MailDraft {
            message_id: "<8b1f5a8e-0001@lbm-des-charmes.mssante.example>".into(),
            date: "2026-05-18T07:30:00Z".parse().unwrap(),
            from: MailAddress {
                label: Some("Laboratoire des Charmes – résultats".into()),
                address: "resultats@lbm-des-charmes.mssante.example".into(),
            },
            to: vec![MailAddress::bare("anne.presc@medecin.mssante.example")],
            reply_to: Some(MailAddress::bare("secretariat@lbm-des-charmes.mssante.example")),
            subject: xdm_subject("CR d'examens biologiques", "VIAL", "PAUL", Some(date(1978, 11, 26))),
            body: "Bonjour,\nveuillez trouver le compte rendu de M. Vial, prélevé à Tours.\n".into(),
            nil: "0000-PAILLASSE-1".into(),
            close_exchange: false,
            ask_read_receipt: true,
            ask_delivery_receipt: true,
            in_reply_to: None,
            references: vec![],
            xdm: Some(XdmAttachment {
                zip: b"PK\x05\x06".repeat(40),
                cda_codes: vec!["11502-2".into()],
                qualified_ins: true,
            }),
            attachments: vec![Attachment {
                name: "20260518_CR d'examens biologiques_VIAL_Noël_12.pdf".into(),
                media_type: "application/pdf".into(),
                bytes: (0..=255).collect(),
            }],
        }
    }

    /// What Python's standard mail reader understands of `bytes`, one line per question.
    fn python(bytes: &[u8], questions: &[&str]) -> Option<Vec<String>> {
        let mut script = "import sys, email, email.policy\n\
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
            parts = list(m.iter_attachments()) if m.is_multipart() else []\n"
            .to_owned();
        for question in questions {
            script.push_str(&format!("print({question})\n"));
        }
        let child = Command::new("python3")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            println!("skipped: no python3 on this machine");
            return None;
        };
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
    }

    #[test]
    fn mss_05_another_reader_finds_archive_and_pdf_unchanged() {
        let mail = compose(&draft()).unwrap();
        let Some(seen) = python(
            &mail.bytes,
            &[
                "m.get_content_type(), m.get_body(('plain',)).get_content_charset()",
                "repr(m.get_body(('plain',)).get_content())",
                "[(p.get_content_type(), p.get_filename(), p['Content-Transfer-Encoding']) for p in parts]",
                "parts[0].get_content() == b'PK\\x05\\x06' * 40, parts[1].get_content() == bytes(range(256))",
                "m.defects, [p.defects for p in m.walk()]",
            ],
        ) else {
            return;
        };
        assert_eq!(
            seen[0],
            "('multipart/mixed', 'utf-8')".replace("('", "").replace("', '", " ").replace("')", "")
        );
        assert!(seen[1].contains("prélevé à Tours."), "{}", seen[1]);
        // This reader stops at the first of the two names; `filename*` is checked on the bytes elsewhere.
        assert_eq!(
            seen[2],
            "[('application/zip', 'IHE_XDM.zip', 'base64'), \
             ('application/pdf', \"20260518_CR d'examens biologiques_VIAL_Noel_12.pdf\", 'base64')]"
        );
        assert_eq!(seen[3], "True True");
        assert_eq!(seen[4], "[] [[], [], [], []]");
    }

    #[test]
    fn mss_10_11_13_15_16_27_headers_say_what_the_contract_wants() {
        let mut reply = draft();
        reply.in_reply_to = Some("<first@x.example>".into());
        reply.references = vec!["<first@x.example>".into(), "<second@x.example>".into()];
        reply.close_exchange = true;
        let mail = compose(&reply).unwrap();
        let names = [
            "Subject",
            "From",
            "To",
            "Reply-To",
            "Date",
            "Message-ID",
            "In-Reply-To",
            "References",
            "X-MSS-NIL",
            "X-MSS-CODECDA",
            "X-MSS-INS",
            "X-MSS-MES",
            "Disposition-Notification-To",
            "Return-Receipt-To",
            "MIME-Version",
        ];
        let questions: Vec<String> = names.iter().map(|name| format!("m['{name}']")).collect();
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        let Some(seen) = python(&mail.bytes, &questions) else { return };
        assert_eq!(
            seen,
            [
                "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978",
                "Laboratoire des Charmes – résultats <resultats@lbm-des-charmes.mssante.example>",
                "anne.presc@medecin.mssante.example",
                "secretariat@lbm-des-charmes.mssante.example",
                "Mon, 18 May 2026 07:30:00 +0000",
                "<8b1f5a8e-0001@lbm-des-charmes.mssante.example>",
                "<first@x.example>",
                "<first@x.example> <second@x.example>",
                "0000-PAILLASSE-1",
                "11502-2",
                "O",
                "FIN",
                "resultats@lbm-des-charmes.mssante.example",
                "resultats@lbm-des-charmes.mssante.example",
                "1.0",
            ]
        );
    }

    #[test]
    fn mss_11_statistics_of_a_cda_only_with_a_cda() {
        let plain = MailDraft {
            xdm: None,
            attachments: vec![],
            ask_read_receipt: false,
            ask_delivery_receipt: false,
            reply_to: None,
            subject: "Rendez-vous".into(),
            ..draft()
        };
        let text = String::from_utf8(compose(&plain).unwrap().bytes).unwrap();
        assert!(text.contains("X-MSS-NIL: 0000-PAILLASSE-1\r\n"));
        for absent in [
            "X-MSS-CODECDA",
            "X-MSS-INS",
            "X-MSS-MES",
            "Disposition",
            "Return-Receipt",
            "multipart",
            "Reply-To",
        ] {
            assert!(!text.contains(absent), "{absent}");
        }
        let mut unqualified = draft();
        unqualified.xdm.as_mut().unwrap().qualified_ins = false;
        let text = String::from_utf8(compose(&unqualified).unwrap().bytes).unwrap();
        assert!(text.contains("X-MSS-INS: N\r\n"));
    }

    #[test]
    fn mss_40_the_same_draft_gives_the_same_bytes_fit_for_any_relay() {
        let mut long = draft();
        long.body = format!("{}\nœuf\r\n.\n{}", "x".repeat(3000), "é".repeat(900));
        let first = compose(&long).unwrap();
        assert_eq!(first, compose(&long).unwrap());
        assert!(first.bytes.is_ascii());
        for line in first.bytes.split(|b| *b == b'\n') {
            assert!(line.len() <= 998 && !line.strip_suffix(b"\r").unwrap_or(line).contains(&b'\r'));
        }
        assert_eq!(first.bytes.windows(2).filter(|w| w[1] == b'\n' && w[0] != b'\r').count(), 0);
    }

    #[test]
    fn mss_10_subject_follows_the_official_examples() {
        let subject = |label: &str, family: &str, given: &str| {
            xdm_subject(label, family, given, Some(date(1978, 11, 26)))
        };
        assert_eq!(
            subject("CR d'examens biologiques", "VIAL", "PAUL"),
            "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978"
        );
        assert_eq!(
            subject("2 documents", "D'ARTAGNAN", "PIERRE-ALAIN"),
            "XDM/1.0/DDM+2 documents D'ARTAGNAN Pierre-Alain 26/11/1978"
        );
        assert_eq!(
            xdm_subject(&"é".repeat(50), "X", "Y", None),
            format!("XDM/1.0/DDM+{} X Y", "é".repeat(40))
        );
        let long = subject("CR", &"N".repeat(100), &"P".repeat(100));
        assert_eq!((long.chars().count(), long.ends_with(" 26/11/1978")), (150, true));
        assert_eq!(xdm_subject("CR\r\nBcc: x", "A", "B", None), "XDM/1.0/DDM+CR  Bcc: x A B");
    }

    #[test]
    fn what_could_forge_a_header_or_lose_the_mail_is_refused() {
        let refused = |change: fn(&mut MailDraft)| {
            let mut draft = draft();
            change(&mut draft);
            compose(&draft).unwrap_err()
        };
        assert_eq!(
            refused(|d| d.message_id = "no brackets@x".into()),
            ComposeError::MessageId { field: "Message-ID" }
        );
        assert_eq!(
            refused(|d| d.message_id = "<a\r\nb@x>".into()),
            ComposeError::MessageId { field: "Message-ID" }
        );
        assert_eq!(
            refused(|d| d.references = vec!["<a@b> <c@d>".into()]),
            ComposeError::MessageId { field: "References" }
        );
        assert_eq!(
            refused(|d| d.subject = "a\r\nBcc: b@c".into()),
            ComposeError::HeaderValue { field: "Subject" }
        );
        assert_eq!(refused(|d| d.nil = " ".into()), ComposeError::HeaderValue { field: "X-MSS-NIL" });
        assert_eq!(refused(|d| d.from.label = None), ComposeError::NoLabel);
        assert_eq!(
            refused(|d| d.from.label = Some("a\nb".into())),
            ComposeError::HeaderValue { field: "From" }
        );
        assert_eq!(refused(|d| d.to.clear()), ComposeError::NoRecipient);
        assert_eq!(
            refused(|d| d.to[0].address = "a@b\r\nRCPT".into()),
            ComposeError::Address { field: "To" }
        );
        assert_eq!(
            refused(|d| d.to[0].address = "é@b.example".into()),
            ComposeError::Address { field: "To" }
        );
        assert_eq!(
            refused(|d| d.xdm.as_mut().unwrap().cda_codes.clear()),
            ComposeError::HeaderValue { field: "X-MSS-CODECDA" }
        );
        assert_eq!(
            refused(|d| d.attachments[0].media_type = "pdf".into()),
            ComposeError::MediaType { index: 0 }
        );
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        let mut tricky = draft();
        tricky.attachments[0].name = "../a\"\r\nX: y\\b€ŒÉ.pdf".into();
        let text = String::from_utf8(compose(&tricky).unwrap().bytes).unwrap();
        assert!(
            text.contains(
                "filename=\"..aX yb_OEE.pdf\";\r\n filename*=UTF-8''..aX%20yb%E2%82%AC%C5%92%C3%89.pdf\r\n"
            ),
            "{text}"
        );
    }
}
