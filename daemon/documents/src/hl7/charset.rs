//! Character sets of MSH-18. Only those the French profiles name, plus plain ASCII.

use std::borrow::Cow;

/// How the bytes of a message were turned into text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// `UNICODE UTF-8`, the default of the ANS guide.
    Utf8,
    /// `8859/1`.
    Latin1,
    /// `8859/15`: Latin-1 with the euro sign and the French letters it lacked.
    Latin9,
}

/// What MSH-18 announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    Known(Charset),
    Ascii,
    Absent,
    Unknown,
}

/// The eight code points where ISO 8859-15 differs from ISO 8859-1.
const LATIN9: [(u8, char); 8] =
    [(0xA4, '€'), (0xA6, 'Š'), (0xA8, 'š'), (0xB4, 'Ž'), (0xB8, 'ž'), (0xBC, 'Œ'), (0xBD, 'œ'), (0xBE, 'Ÿ')];

pub(super) fn announced(msh18: &str) -> Announced {
    let squeezed: String = msh18
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '_' | '/'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    match squeezed.as_str() {
        "" => Announced::Absent,
        "UNICODEUTF8" | "UTF8" => Announced::Known(Charset::Utf8),
        "88591" | "ISO88591" => Announced::Known(Charset::Latin1),
        "885915" | "ISO885915" => Announced::Known(Charset::Latin9),
        "ASCII" | "ISOIR6" => Announced::Ascii,
        _ => Announced::Unknown,
    }
}

impl Charset {
    /// Text of `bytes`, or `None` where the set cannot read them (only UTF-8 can refuse).
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Charset::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            _ if bytes.is_ascii() => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Charset::Latin1 => Some(bytes.iter().map(|b| char::from(*b)).collect()),
            Charset::Latin9 => Some(
                bytes
                    .iter()
                    .map(|b| LATIN9.iter().find(|(byte, _)| byte == b).map_or(char::from(*b), |(_, c)| *c))
                    .collect(),
            ),
        }
    }

    /// Bytes of `text`; a character the set does not have becomes `?`.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
            Charset::Latin9 => text
                .chars()
                .map(|c| match LATIN9.iter().find(|(_, special)| *special == c) {
                    Some((byte, _)) => *byte,
                    None => match u8::try_from(u32::from(c)) {
                        Ok(byte) if !LATIN9.iter().any(|(taken, _)| *taken == byte) => byte,
                        _ => b'?',
                    },
                })
                .collect(),
        }
    }
}
