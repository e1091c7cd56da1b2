//! Segments of HPRIM Santé: delimiters, escapes, continuation lines. Knows no segment by meaning but H and A.

use super::{HprimError, LINE, MAX_FIELDS, MAX_LINES, latin1};

/// The five separators, declared by characters 2 to 6 of the segment H.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields, `|`.
    pub field: char,
    /// Between sub-fields, `~`.
    pub sub: char,
    /// Between repetitions, and a line break inside texts, `^`.
    pub repetition: char,
    /// Around an escaped delimiter, `\`.
    pub escape: char,
    /// Between sub-sub-fields, `&`.
    pub subsub: char,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { field: '|', sub: '~', repetition: '^', escape: '\\', subsub: '&' }
    }
}

impl Delimiters {
    /// From the first line of a file.
    pub(super) fn declared(first: &str) -> Option<Self> {
        let mut chars = first.chars();
        if chars.next() != Some('H') {
            return None;
        }
        let found: Vec<char> = chars.take(5).collect();
        let [field, sub, repetition, escape, subsub] = found[..] else { return None };
        let usable = found.iter().all(|c| c.is_ascii_graphic() && !c.is_ascii_alphanumeric());
        let distinct = found.iter().enumerate().all(|(i, c)| !found.iter().skip(i + 1).any(|d| d == c));
        (usable && distinct).then_some(Self { field, sub, repetition, escape, subsub })
    }

    /// Escapes after ASTM E1238, which HPRIM Santé is drawn from: `\F\` field, `\S\` sub-field, `\T\` sub-sub-field,
    /// `\R\` repetition, `\E\` escape. Line breaks become the repetition character.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in latin1::fold(text).chars() {
            let name = match c {
                '\n' => {
                    out.push(self.repetition);
                    continue;
                }
                c if c == self.field => 'F',
                c if c == self.sub => 'S',
                c if c == self.subsub => 'T',
                c if c == self.repetition => 'R',
                c if c == self.escape => 'E',
                other => {
                    out.push(other);
                    continue;
                }
            };
            out.extend([self.escape, name, self.escape]);
        }
        out
    }

    /// A text on one line.
    pub(super) fn word(&self, text: &str) -> String {
        self.text(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The reverse of [`text`](Self::text): repetition characters become line breaks. Unknown escapes stay as they are.
    pub(super) fn plain(&self, raw: &str) -> String {
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            if c == self.escape {
                let mut ahead = after.chars();
                let meaning = match (ahead.next(), ahead.next()) {
                    (Some('F'), Some(end)) if end == self.escape => Some(self.field),
                    (Some('S'), Some(end)) if end == self.escape => Some(self.sub),
                    (Some('T'), Some(end)) if end == self.escape => Some(self.subsub),
                    (Some('R'), Some(end)) if end == self.escape => Some(self.repetition),
                    (Some('E'), Some(end)) if end == self.escape => Some(self.escape),
                    _ => None,
                };
                if let Some(meaning) = meaning {
                    out.push(meaning);
                    rest = ahead.as_str();
                    continue;
                }
            }
            out.push(if c == self.repetition { '\n' } else { c });
            rest = after;
        }
        out
    }
}

/// Writes segments, each cut at [`LINE`] characters with its end of line.
pub(super) struct Writer {
    pub d: Delimiters,
    out: String,
    /// Lines written, continuation lines included.
    pub lines: usize,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { d: Delimiters::default(), out: String::new(), lines: 0 }
    }

    /// One segment from its fields, already escaped; the empty ones at the end are left out.
    pub(super) fn segment(&mut self, fields: &[String]) {
        let used = fields.iter().rposition(|f| !f.is_empty()).map_or(0, |last| last + 1);
        let whole = fields.get(..used).unwrap_or_default().join(&self.d.field.to_string());
        let mut room = LINE - 2;
        let mut count = 0;
        for c in whole.chars() {
            if count == room {
                self.end();
                self.out.push('A');
                self.out.push(self.d.field);
                room = LINE - 4;
                count = 0;
            }
            self.out.push(c);
            count += 1;
        }
        self.end();
    }

    fn end(&mut self) {
        self.out.push_str("\r\n");
        self.lines += 1;
    }

    pub(super) fn finish(self) -> Vec<u8> {
        latin1::encode(&self.out)
    }
}

/// One segment with its continuation lines joined.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    /// First line, from 1.
    pub line: usize,
    /// The whole text.
    text: String,
    d: Delimiters,
}

impl Raw {
    pub(super) fn name(&self) -> &str {
        let end = self.text.find(self.d.field).unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or_default().trim()
    }

    /// Field `number` as the recommendation counts: 1 is the name. In H the delimiters are field 2.
    pub(super) fn raw(&self, number: usize) -> &str {
        self.text.split(self.d.field).nth(number.saturating_sub(1)).unwrap_or_default()
    }

    /// A field as one text.
    pub(super) fn text(&self, number: usize) -> Option<String> {
        filled(self.d.plain(self.raw(number)))
    }

    /// Sub-field `part` (from 1) of the first repetition of a field.
    pub(super) fn part(&self, number: usize, part: usize) -> Option<String> {
        let first = self.raw(number).split(self.d.repetition).next().unwrap_or_default();
        filled(self.d.plain(first.split(self.d.sub).nth(part.saturating_sub(1)).unwrap_or_default()))
    }

    /// Repetitions of a field, as texts.
    pub(super) fn repetitions(&self, number: usize) -> Vec<String> {
        self.raw(number)
            .split(self.d.repetition)
            .filter_map(|r| filled(self.d.plain(r)))
            .take(MAX_FIELDS)
            .collect()
    }

    /// Sub-sub-field of a sub-field of the first repetition.
    pub(super) fn subpart(&self, number: usize, part: usize, subpart: usize) -> Option<String> {
        let first = self.raw(number).split(self.d.repetition).next().unwrap_or_default();
        let part = first.split(self.d.sub).nth(part.saturating_sub(1)).unwrap_or_default();
        filled(self.d.plain(part.split(self.d.subsub).nth(subpart.saturating_sub(1)).unwrap_or_default()))
    }

    /// Repetitions of a field, each as its sub-fields.
    pub(super) fn parts_of(&self, number: usize) -> Vec<Vec<String>> {
        let parts = |r: &str| {
            r.split(self.d.sub).take(MAX_FIELDS).map(|p| self.d.plain(p).trim().to_owned()).collect()
        };
        self.raw(number)
            .split(self.d.repetition)
            .take(MAX_FIELDS)
            .filter(|r| !r.trim().is_empty())
            .map(parts)
            .collect()
    }

    /// How many fields there are, up to the limit.
    pub(super) fn checked(self) -> Result<Self, HprimError> {
        if self.text.split(self.d.field).nth(MAX_FIELDS).is_some() {
            return Err(HprimError::TooMany { line: self.line, what: "champs" });
        }
        Ok(self)
    }
}

fn filled(text: String) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Cuts a file into segments. Lines longer than the format allows are read, and told in the second list.
pub(super) fn segments(text: &str, d: Delimiters) -> Result<(Vec<Raw>, Vec<usize>), HprimError> {
    let mut found: Vec<Raw> = Vec::new();
    let mut long = Vec::new();
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let continuation = format!("A{}", d.field);
    for (i, line) in unified.split('\n').enumerate() {
        if i >= MAX_LINES {
            return Err(HprimError::TooMany { line: i, what: "lignes" });
        }
        if line.chars().nth(LINE).is_some() {
            long.push(i + 1);
        }
        if let Some(rest) = line.strip_prefix(&continuation) {
            match found.last_mut() {
                Some(open) => open.text.push_str(rest),
                None => {
                    return Err(HprimError::Misplaced {
                        line: i + 1,
                        segment: "A".into(),
                        expected: "un segment à prolonger",
                    });
                }
            }
        } else if !line.trim_matches(|c: char| c.is_whitespace() || c == '\u{1a}').is_empty() {
            found.push(Raw { line: i + 1, text: line.to_owned(), d });
        }
    }
    let found = found.into_iter().map(Raw::checked).collect::<Result<Vec<_>, _>>()?;
    Ok((found, long))
}
