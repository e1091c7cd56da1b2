//! The grammar of HL7 v2: delimiters, character set, segments, fields, repetitions, components, escapes.
//!
//! The text is decoded once; everything below is a view on it, so a 30 MB base64 field costs nothing until asked for.

use super::charset::{Announced, Charset, announced};
use super::{MAX_FIELDS, MAX_MESSAGE_BYTES, MAX_SEGMENTS, Warning};
use std::borrow::Cow;
use std::ops::Range;
use thiserror::Error;

/// Why bytes are not an HL7 message. Never holds content of the message beyond a segment name or the announced set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxError {
    /// Nothing but blanks.
    #[error("empty message")]
    Empty,
    /// Over [`MAX_MESSAGE_BYTES`].
    #[error("message of {bytes} bytes, limit {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// Size received.
        bytes: usize,
    },
    /// The first segment is not MSH.
    #[error("the first segment is not MSH")]
    NoMsh,
    /// MSH-1/MSH-2 are missing, alphanumeric, not ASCII, or used twice.
    #[error("unusable delimiters in MSH-1 and MSH-2")]
    Delimiters,
    /// MSH-18 names a set that is not read, and the message is not plain ASCII.
    #[error("character set of MSH-18 not supported: {announced}")]
    Charset {
        /// MSH-18 as received, shortened to 40 characters.
        announced: String,
    },
    /// Over [`MAX_SEGMENTS`].
    #[error("more than {MAX_SEGMENTS} segments")]
    TooManySegments,
    /// Over [`MAX_FIELDS`] in one segment.
    #[error("more than {MAX_FIELDS} fields in segment {segment}")]
    TooManyFields {
        /// Name of the segment.
        segment: String,
    },
    /// A second MSH: acknowledging the first message would lose the second, so the frame is refused whole.
    #[error("several messages in one frame")]
    SeveralMessages,
}

/// Separators of one message, read from MSH-1 and MSH-2; always ASCII, so splitting bytes is splitting text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// MSH-1, usually `|`.
    pub field: char,
    /// Usually `^`.
    pub component: char,
    /// Usually `~`; `None` when MSH-2 is too short to name it.
    pub repetition: Option<char>,
    /// Usually `\`.
    pub escape: Option<char>,
    /// Usually `&`.
    pub subcomponent: Option<char>,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self {
            field: '|',
            component: '^',
            repetition: Some('~'),
            escape: Some('\\'),
            subcomponent: Some('&'),
        }
    }
}

impl Delimiters {
    /// Reads them from the first bytes of an MSH segment (`MSH` included).
    pub(super) fn from_msh(msh: &[u8]) -> Option<Self> {
        let usable = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
        let rest = msh.strip_prefix(b"MSH")?;
        let (field, rest) = rest.split_first()?;
        let encoding: Vec<u8> =
            rest.iter().copied().take(6).take_while(|b| b != field && *b != b'\r' && *b != b'\n').collect();
        if encoding.is_empty() || encoding.len() > 5 || !usable(field) || !encoding.iter().all(usable) {
            return None;
        }
        let distinct = encoding.iter().enumerate().all(|(i, b)| !encoding.iter().skip(i + 1).any(|c| c == b));
        if !distinct {
            return None;
        }
        let at = |i: usize| encoding.get(i).map(|b| char::from(*b));
        Some(Self {
            field: char::from(*field),
            component: at(0)?,
            repetition: at(1),
            escape: at(2),
            subcomponent: at(3),
        })
    }

    /// MSH-2 as text.
    pub(super) fn encoding_characters(&self) -> String {
        [Some(self.component), self.repetition, self.escape, self.subcomponent]
            .into_iter()
            .flatten()
            .collect()
    }

    /// `text` with every delimiter escaped, line breaks written `\.br\`. Without an escape character the delimiters
    /// become blanks, because a delimiter that leaks would shift the fields after it.
    pub fn escape(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let name = if c == self.field {
                "F"
            } else if c == self.component {
                "S"
            } else if Some(c) == self.subcomponent {
                "T"
            } else if Some(c) == self.repetition {
                "R"
            } else if Some(c) == self.escape {
                "E"
            } else if c == '\n' {
                ".br"
            } else if c.is_control() {
                continue;
            } else {
                out.push(c);
                continue;
            };
            match self.escape {
                Some(escape) => {
                    out.push(escape);
                    out.push_str(name);
                    out.push(escape);
                }
                None => out.push(' '),
            }
        }
        out
    }

    /// The reverse of [`escape`](Self::escape). An unknown escape is kept as it came.
    pub(super) fn unescape<'a>(&self, raw: &'a str, charset: Charset) -> Cow<'a, str> {
        let Some(escape) = self.escape else { return Cow::Borrowed(raw) };
        if !raw.contains(escape) {
            return Cow::Borrowed(raw);
        }
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once(escape) {
            out.push_str(before);
            let replaced =
                after.split_once(escape).and_then(|(name, next)| Some((self.meaning(name, charset)?, next)));
            match replaced {
                Some((meaning, next)) => {
                    out.push_str(&meaning);
                    rest = next;
                }
                None => {
                    out.push(escape);
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    fn meaning(&self, name: &str, charset: Charset) -> Option<String> {
        match name {
            "F" => Some(self.field.to_string()),
            "S" => Some(self.component.to_string()),
            "T" => Some(self.subcomponent.map_or_else(|| "&".to_owned(), String::from)),
            "R" => Some(self.repetition.map_or_else(|| "~".to_owned(), String::from)),
            "E" => self.escape.map(String::from),
            ".br" => Some("\n".to_owned()),
            "H" | "N" => Some(String::new()), // highlighting on and off: no meaning in plain text
            _ => {
                let digits = name.strip_prefix('X')?;
                let bytes = hex::decode(digits).ok().filter(|b| !b.is_empty())?;
                charset.decode(&bytes).map(Cow::into_owned)
            }
        }
    }
}

/// One message, decoded and cut into segments.
#[derive(Debug, Clone)]
pub struct Message {
    text: String,
    delimiters: Delimiters,
    charset: Charset,
    segments: Vec<Range<usize>>,
    warnings: Vec<Warning>,
}

impl Message {
    /// Reads a message without its MLLP envelope. Segments may end with CR, LF or CRLF; a line break that is not
    /// followed by a segment name belongs to the text of the field it stands in (seen in free comments).
    ///
    /// # Errors
    /// [`SyntaxError`]; none of them depends on anything but the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(SyntaxError::TooLarge { bytes: bytes.len() });
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            return Err(SyntaxError::Empty);
        }
        if !bytes.starts_with(b"MSH") {
            return Err(SyntaxError::NoMsh);
        }
        let delimiters = Delimiters::from_msh(bytes).ok_or(SyntaxError::Delimiters)?;
        let mut warnings = Vec::new();
        let (text, charset) = decode(bytes, delimiters, &mut warnings)?;
        let segments = cut(&text, delimiters, &mut warnings)?;
        Ok(Self { text, delimiters, charset, segments, warnings })
    }

    /// The separators in use.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// The set the text was decoded with.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Oddities met while cutting.
    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Every segment, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.segments.iter().map(|range| Segment {
            text: self.text.get(range.clone()).unwrap_or_default(),
            delimiters: self.delimiters,
            charset: self.charset,
        })
    }

    /// The MSH segment (always the first; empty only if this type were built by hand).
    pub fn msh(&self) -> Segment<'_> {
        self.segments().next().unwrap_or(Segment {
            text: "",
            delimiters: self.delimiters,
            charset: self.charset,
        })
    }
}

/// One segment of a [`Message`].
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    text: &'a str,
    delimiters: Delimiters,
    charset: Charset,
}

impl<'a> Segment<'a> {
    /// A segment out of its message, for the best-effort reading of an unreadable one.
    pub(super) fn alone(text: &'a str, delimiters: Delimiters, charset: Charset) -> Self {
        Self { text, delimiters, charset }
    }

    /// Three letters, e.g. `OBX`.
    pub fn name(&self) -> &'a str {
        self.text.split(self.delimiters.field).next().unwrap_or_default()
    }

    /// Field `number`, counted as the standard does (MSH-1 is the separator itself). A missing field is empty.
    pub fn field(&self, number: usize) -> Part<'a> {
        let mut tokens = self.text.split(self.delimiters.field);
        let raw = if self.name() == "MSH" {
            match number {
                0 => None,
                1 => self.text.get(3..4),
                _ => tokens.nth(number - 1),
            }
        } else {
            tokens.nth(number)
        };
        Part { raw: raw.unwrap_or_default(), delimiters: self.delimiters, charset: self.charset }
    }
}

/// A field, a repetition, a component or a subcomponent: raw text and the means to go one level down.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    raw: &'a str,
    delimiters: Delimiters,
    charset: Charset,
}

impl<'a> Part<'a> {
    fn down(self, raw: &'a str) -> Self {
        Self { raw, ..self }
    }

    /// The text as received, escapes included.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// No information: nothing between the separators.
    pub fn is_empty(&self) -> bool {
        self.raw.trim().is_empty()
    }

    /// HL7 null `""`: the sender asks to delete the value.
    pub fn is_null(&self) -> bool {
        self.raw.trim() == "\"\""
    }

    /// The repetitions of a field; a field without repetition gives itself once.
    pub fn repetitions(self) -> impl Iterator<Item = Part<'a>> {
        // NUL cannot be a delimiter, so it splits nothing when the message names no repetition separator.
        self.raw.split(self.delimiters.repetition.unwrap_or('\0')).map(move |raw| self.down(raw))
    }

    /// Component `number`, from 1, of the first repetition.
    pub fn component(self, number: usize) -> Part<'a> {
        let first = self.repetitions().next().map_or("", |part| part.raw);
        self.down(first.split(self.delimiters.component).nth(number.wrapping_sub(1)).unwrap_or_default())
    }

    /// Subcomponent `number`, from 1.
    pub fn subcomponent(self, number: usize) -> Part<'a> {
        match self.delimiters.subcomponent {
            Some(c) => self.down(self.raw.split(c).nth(number.wrapping_sub(1)).unwrap_or_default()),
            None if number == 1 => self,
            None => self.down(""),
        }
    }

    /// The readable text, escapes resolved, blanks around removed; empty for an empty or null part.
    pub fn text(&self) -> String {
        if self.is_null() { String::new() } else { self.text_or_null().trim().to_owned() }
    }

    /// Like [`text`](Self::text), `None` when there is nothing.
    pub fn value(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    fn text_or_null(&self) -> Cow<'a, str> {
        self.delimiters.unescape(self.raw, self.charset)
    }

    /// First subcomponent of the first component: the plain value of most fields, whatever the sender hung behind it.
    pub fn simple(self) -> Option<String> {
        self.component(1).subcomponent(1).value()
    }
}

fn decode(
    bytes: &[u8],
    delimiters: Delimiters,
    warnings: &mut Vec<Warning>,
) -> Result<(String, Charset), SyntaxError> {
    let msh_end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let msh = String::from_utf8_lossy(bytes.get(..msh_end).unwrap_or_default());
    let msh18 = Segment::alone(&msh, delimiters, Charset::Utf8).field(18).component(1).text();
    let strict_or_latin9 = |bytes: &[u8]| match Charset::Utf8.decode(bytes) {
        Some(text) => (text.into_owned(), Charset::Utf8),
        None => (Charset::Latin9.decode(bytes).unwrap_or_default().into_owned(), Charset::Latin9),
    };
    match announced(&msh18) {
        Announced::Known(charset) => match charset.decode(bytes) {
            Some(text) => Ok((text.into_owned(), charset)),
            None => {
                warnings.push(Warning::NotTheAnnouncedCharset);
                Ok(strict_or_latin9(bytes))
            }
        },
        Announced::Absent => Ok(strict_or_latin9(bytes)),
        Announced::Ascii => {
            if !bytes.is_ascii() {
                warnings.push(Warning::NotTheAnnouncedCharset);
            }
            Ok(strict_or_latin9(bytes))
        }
        Announced::Unknown if bytes.is_ascii() => Ok(strict_or_latin9(bytes)),
        Announced::Unknown => Err(SyntaxError::Charset { announced: msh18.chars().take(40).collect() }),
    }
}

/// Does `rest` begin like a segment: a name of three letters or digits, the first a capital, then a separator or an end?
fn begins_segment(rest: &str, field: char) -> bool {
    let mut chars = rest.chars();
    let head = chars.next().is_some_and(|c| c.is_ascii_uppercase());
    let tail = (0..2).all(|_| chars.next().is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
    head && tail && chars.next().is_none_or(|c| c == field || c == '\r' || c == '\n')
}

fn cut(
    text: &str,
    delimiters: Delimiters,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Range<usize>>, SyntaxError> {
    let mut segments: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut push = |range: Range<usize>| -> Result<(), SyntaxError> {
        let segment = text.get(range.clone()).unwrap_or_default();
        let name = segment.split(delimiters.field).next().unwrap_or_default();
        if segments.len() >= MAX_SEGMENTS {
            return Err(SyntaxError::TooManySegments);
        }
        if name == "MSH" && !segments.is_empty() {
            return Err(SyntaxError::SeveralMessages);
        }
        if segment.split(delimiters.field).nth(MAX_FIELDS + 1).is_some() {
            return Err(SyntaxError::TooManyFields { segment: name.chars().take(3).collect() });
        }
        segments.push(range);
        Ok(())
    };
    let mut stray = false;
    for (at, _) in text.match_indices(['\r', '\n']) {
        let rest = text.get(at + 1..).unwrap_or_default();
        if begins_segment(rest, delimiters.field) {
            let end = text.get(start..at).unwrap_or_default().trim_end_matches(['\r', '\n']).len() + start;
            push(start..end)?;
            start = at + 1;
        } else if !rest.starts_with(['\r', '\n']) {
            stray = true;
        }
    }
    let end = text.trim_end_matches(['\r', '\n']).len().max(start);
    push(start..end)?;
    if stray {
        warnings.push(Warning::LineBreakInField);
    }
    Ok(segments)
}
