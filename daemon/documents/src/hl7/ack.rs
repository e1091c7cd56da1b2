//! Acknowledgements: `MSH` + `MSA` + `ERR` when not accepted (fact sheet §3).
//!
//! `AA` means "taken in charge, do not resend" and must only be asked for after the durable commit of the raw message.
//! Results that cannot be matched are a matter for the worklist, not for `AE`.

use super::charset::{Announced, Charset, announced};
use super::message::{Delimiters, Message, Segment};
use jiff::civil::DateTime;

/// How far the MSH of an unreadable message is looked for, in bytes.
const MAX_SEARCH: usize = 64 * 1024;
/// Longest echoed field, in characters.
const MAX_ECHO: usize = 250;

/// MSA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckCode {
    /// `AA`: taken in charge.
    Accept,
    /// `AE`: content error, not to be resent unchanged.
    Error,
    /// `AR`: circumstantial refusal, may be resent later.
    Reject,
    /// `CA`: enhanced mode, received.
    CommitAccept,
    /// `CE`.
    CommitError,
    /// `CR`.
    CommitReject,
}

impl AckCode {
    /// The two letters of HL7 table 0008.
    pub fn as_str(self) -> &'static str {
        match self {
            AckCode::Accept => "AA",
            AckCode::Error => "AE",
            AckCode::Reject => "AR",
            AckCode::CommitAccept => "CA",
            AckCode::CommitError => "CE",
            AckCode::CommitReject => "CR",
        }
    }
}

/// ERR-3, table 0357.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCondition {
    /// 100
    SegmentSequence,
    /// 101
    RequiredFieldMissing,
    /// 102
    DataType,
    /// 103
    TableValueNotFound,
    /// 200
    UnsupportedMessageType,
    /// 201
    UnsupportedEvent,
    /// 202
    UnsupportedProcessingId,
    /// 203
    UnsupportedVersion,
    /// 204
    UnknownKey,
    /// 205
    DuplicateKey,
    /// 206
    RecordLocked,
    /// 207
    ApplicationError,
}

impl ErrorCondition {
    fn code_and_text(self) -> (&'static str, &'static str) {
        match self {
            ErrorCondition::SegmentSequence => ("100", "Segment sequence error"),
            ErrorCondition::RequiredFieldMissing => ("101", "Required field missing"),
            ErrorCondition::DataType => ("102", "Data type error"),
            ErrorCondition::TableValueNotFound => ("103", "Table value not found"),
            ErrorCondition::UnsupportedMessageType => ("200", "Unsupported message type"),
            ErrorCondition::UnsupportedEvent => ("201", "Unsupported event code"),
            ErrorCondition::UnsupportedProcessingId => ("202", "Unsupported processing id"),
            ErrorCondition::UnsupportedVersion => ("203", "Unsupported version id"),
            ErrorCondition::UnknownKey => ("204", "Unknown key identifier"),
            ErrorCondition::DuplicateKey => ("205", "Duplicate key identifier"),
            ErrorCondition::RecordLocked => ("206", "Application record locked"),
            ErrorCondition::ApplicationError => ("207", "Application internal error"),
        }
    }
}

/// ERR-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `E`
    Error,
    /// `F`
    Fatal,
    /// `W`
    Warning,
    /// `I`
    Information,
}

/// ERR-2: where the error is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrLocation {
    /// Segment name.
    pub segment: String,
    /// Which segment of that name, from 1.
    pub sequence: u32,
    /// Field number.
    pub field: Option<u16>,
}

impl ErrLocation {
    /// A field of the first segment of that name.
    pub fn field(segment: &str, field: u16) -> Self {
        Self { segment: segment.to_owned(), sequence: 1, field: Some(field) }
    }
}

/// The ERR segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrDetail {
    /// ERR-2.
    pub location: Option<ErrLocation>,
    /// ERR-3.
    pub condition: ErrorCondition,
    /// ERR-4.
    pub severity: Severity,
    /// ERR-5: code and label of the application, e.g. 902, unknown patient.
    pub application: Option<(String, String)>,
    /// ERR-7: words for the engineer at the other end; never traits of a patient.
    pub text: Option<String>,
}

/// What is ours in an acknowledgement; given by the caller, who owns the clock and the identifiers.
#[derive(Debug, Clone, Copy)]
pub struct AckStamp<'a> {
    /// MSH-10 of the acknowledgement, unique for the sender of it.
    pub control_id: &'a str,
    /// MSH-7, local time of the laboratory.
    pub time: DateTime,
}

/// What is echoed of the message that is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckTarget {
    delimiters: Delimiters,
    charset: Charset,
    /// MSH-3 to MSH-6, raw.
    parties: [String; 4],
    trigger: String,
    control_id: String,
    processing: String,
    version: String,
    country: String,
    announced_charset: String,
}

impl AckTarget {
    /// From a message that was read.
    pub fn from_message(message: &Message) -> Self {
        Self::from_msh(message.msh(), message.delimiters(), message.charset())
    }

    /// From any bytes: whatever of an MSH can be found in the first 64 KB, else an empty one with the usual
    /// delimiters. Never fails: a sender that gets no answer at all blocks its link.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let head = bytes.get(..MAX_SEARCH).unwrap_or(bytes);
        let start = head.windows(3).position(|window| window == b"MSH");
        let msh = start.and_then(|at| head.get(at..)).unwrap_or_default();
        let end = msh.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(msh.len());
        let msh = msh.get(..end).unwrap_or_default();
        let delimiters = Delimiters::from_msh(msh).unwrap_or_default();
        let guess = String::from_utf8_lossy(msh);
        let charset =
            match announced(&Segment::alone(&guess, delimiters, Charset::Utf8).field(18).component(1).text())
            {
                Announced::Known(charset) => charset,
                _ => Charset::Utf8,
            };
        let text = charset.decode(msh).unwrap_or(guess.clone());
        Self::from_msh(Segment::alone(&text, delimiters, charset), delimiters, charset)
    }

    fn from_msh(msh: Segment<'_>, delimiters: Delimiters, charset: Charset) -> Self {
        let echo = |number: usize| -> String {
            msh.field(number).raw().trim().chars().filter(|c| !c.is_control()).take(MAX_ECHO).collect()
        };
        Self {
            delimiters,
            charset,
            parties: [echo(3), echo(4), echo(5), echo(6)],
            trigger: msh
                .field(9)
                .component(2)
                .raw()
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(20)
                .collect(),
            control_id: echo(10),
            processing: echo(11),
            version: echo(12),
            country: echo(17),
            announced_charset: echo(18),
        }
    }
}

/// Writes an acknowledgement, in the sender's delimiters and character set, every segment ended by CR. `detail` is
/// ignored for a positive code; a negative code without detail says "application internal error".
pub fn ack(target: &AckTarget, code: AckCode, detail: Option<&ErrDetail>, stamp: AckStamp<'_>) -> Vec<u8> {
    let d = &target.delimiters;
    let component = d.component;
    let [sending_application, sending_facility, receiving_application, receiving_facility] = &target.parties;
    let or =
        |value: &str, default: &str| if value.is_empty() { default.to_owned() } else { value.to_owned() };
    let kind = match target.trigger.as_str() {
        "" => "ACK".to_owned(),
        trigger => format!("ACK{component}{trigger}{component}ACK"),
    };
    let time = stamp.time.strftime("%Y%m%d%H%M%S").to_string();
    // MSH-1 is the separator itself, so MSH-2 directly follows the name.
    let mut msh = vec![
        "MSH".to_owned(),
        d.encoding_characters(),
        receiving_application.clone(),
        receiving_facility.clone(),
        sending_application.clone(),
        sending_facility.clone(),
        time,
        String::new(),
        kind,
        d.escape(stamp.control_id),
        or(&target.processing, "P"),
        or(&target.version, "2.5"),
    ];
    if !target.country.is_empty() || !target.announced_charset.is_empty() {
        msh.extend([String::new(), String::new(), String::new(), String::new()]);
        msh.extend([target.country.clone(), target.announced_charset.clone()]);
    }
    let mut segments = vec![msh, vec!["MSA".to_owned(), code.as_str().to_owned(), target.control_id.clone()]];
    if !matches!(code, AckCode::Accept | AckCode::CommitAccept) {
        let unexplained = ErrDetail {
            location: None,
            condition: ErrorCondition::ApplicationError,
            severity: Severity::Error,
            application: None,
            text: None,
        };
        segments.push(err(d, detail.unwrap_or(&unexplained)));
    }
    let field = d.field.to_string();
    let text: String = segments.into_iter().map(|fields| fields.join(&field) + "\r").collect();
    target.charset.encode(&text)
}

fn err(d: &Delimiters, detail: &ErrDetail) -> Vec<String> {
    let component = d.component;
    let location = detail.location.as_ref().map_or_else(String::new, |place| {
        let field = place.field.map_or_else(String::new, |number| format!("{component}{number}"));
        format!("{}{component}{}{field}", d.escape(&place.segment), place.sequence)
    });
    let (code, text) = detail.condition.code_and_text();
    let severity = match detail.severity {
        Severity::Error => "E",
        Severity::Fatal => "F",
        Severity::Warning => "W",
        Severity::Information => "I",
    };
    let application = detail.application.as_ref().map_or_else(String::new, |(code, label)| {
        format!("{}{component}{}{component}applicationErrorCondition", d.escape(code), d.escape(label))
    });
    let words = detail.text.as_deref().map_or_else(String::new, |text| d.escape(text));
    let mut fields = vec![
        "ERR".to_owned(),
        String::new(),
        location,
        format!("{code}{component}{text}{component}messageErrorCondition"),
        severity.to_owned(),
        application,
        String::new(),
        words,
    ];
    while fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    fields
}
