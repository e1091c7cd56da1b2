//! `multipart/related` (RFC 2387) as MTOM/XOP uses it: writing and reading, bytes untouched.
//!
//! Invariants: a part's bytes leave and arrive exactly as given (a hash was computed over them); the number of
//! parts and the size of their headers are bounded. Not here: nested multiparts, quoted-printable.

/// Greatest number of parts read.
pub const MAX_PARTS: usize = 64;
/// Greatest size of the headers of a part, in bytes.
pub const MAX_PART_HEADERS: usize = 8 << 10;

/// One part, written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Value of `Content-Type`, as written.
    pub content_type: String,
    /// `Content-ID` without its angle brackets; empty when absent.
    pub content_id: String,
    /// The bytes, transfer encoding removed.
    pub bytes: Vec<u8>,
}

/// Why a multipart answer is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    /// `Content-Type` has no boundary.
    #[error("multipart without a boundary")]
    NoBoundary,
    /// The body does not contain the boundary, or never closes.
    #[error("multipart without parts or not closed")]
    NotClosed,
    /// Too many parts or headers too long.
    #[error("multipart over its bounds")]
    TooBig,
    /// A transfer encoding that is neither binary nor base64, or base64 that does not decode.
    #[error("unsupported or broken transfer encoding")]
    Encoding,
}

/// A media type with its parameters, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` in lower case.
    pub essence: String,
    /// Parameters in order, quotes removed.
    pub parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a `Content-Type` value, leniently.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let mut pieces = split_unquoted(value, ';').into_iter();
        let essence = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = pieces
            .filter_map(|p| {
                p.split_once('=').map(|(n, v)| (n.trim().to_ascii_lowercase(), unquote(v.trim())))
            })
            .collect();
        Self { essence, parameters }
    }

    /// Value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn split_unquoted(value: &str, separator: char) -> Vec<String> {
    let (mut out, mut current) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        if c == separator && !quoted {
            out.push(std::mem::take(&mut current));
            continue;
        }
        if escaped {
            escaped = false;
        } else if c == '\\' && quoted {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
        current.push(c);
    }
    out.push(current);
    out
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

/// Writes the parts between boundaries, each with `Content-Transfer-Encoding: binary`.
#[must_use]
pub fn write_related(boundary: &str, parts: &[Part]) -> Vec<u8> {
    let size: usize = parts.iter().map(|p| p.bytes.len() + 256).sum();
    let mut out = Vec::with_capacity(size + 128);
    for part in parts {
        out.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{}>\r\n\r\n",
                part.content_type, part.content_id
            )
            .as_bytes(),
        );
        out.extend_from_slice(&part.bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// Reads the parts of a body. Lines may end with CRLF or LF.
///
/// # Errors
/// See [`MimeError`].
pub fn read_related(content_type: &MediaType, body: &[u8]) -> Result<Vec<Part>, MimeError> {
    let boundary =
        content_type.parameter("boundary").filter(|b| !b.is_empty()).ok_or(MimeError::NoBoundary)?;
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut from = match find_delimiter(body, &delimiter, 0) {
        Some(d) => d,
        None => return Err(MimeError::NotClosed),
    };
    while !from.last {
        let next = find_delimiter(body, &delimiter, from.after).ok_or(MimeError::NotClosed)?;
        if parts.len() >= MAX_PARTS {
            return Err(MimeError::TooBig);
        }
        parts.push(read_part(body.get(from.after..next.before).unwrap_or_default())?);
        from = next;
    }
    if parts.is_empty() { Err(MimeError::NotClosed) } else { Ok(parts) }
}

/// A delimiter line: end of what precedes it, start of what follows, and whether it closes the body.
struct Delimiter {
    before: usize,
    after: usize,
    last: bool,
}

fn find_delimiter(body: &[u8], delimiter: &[u8], from: usize) -> Option<Delimiter> {
    let mut at = from;
    loop {
        let found = at + find(body.get(at..)?, delimiter)?;
        let end = found + delimiter.len();
        // The delimiter opens a line: the body's start or after a line feed.
        let line_start = found == 0 || body.get(found - 1) == Some(&b'\n');
        let rest = body.get(end..).unwrap_or_default();
        let last = rest.starts_with(b"--");
        let blank = rest.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
        let tail = rest.get(blank..).unwrap_or_default();
        let line_end = if tail.starts_with(b"\r\n") {
            Some(blank + 2)
        } else if tail.starts_with(b"\n") {
            Some(blank + 1)
        } else {
            None
        };
        if line_start && (last || line_end.is_some()) {
            let mut before = found.saturating_sub(1);
            if before > from && body.get(before - 1) == Some(&b'\r') {
                before -= 1;
            }
            return Some(Delimiter { before: before.max(from), after: end + line_end.unwrap_or(2), last });
        }
        at = found + 1;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn read_part(raw: &[u8]) -> Result<Part, MimeError> {
    let window = raw.get(..raw.len().min(MAX_PART_HEADERS)).unwrap_or_default();
    let (headers, skip) = if window.starts_with(b"\r\n") {
        (&[][..], 2)
    } else if window.starts_with(b"\n") {
        (&[][..], 1)
    } else if let Some(at) = find(window, b"\r\n\r\n") {
        (window.get(..at).unwrap_or_default(), at + 4)
    } else if let Some(at) = find(window, b"\n\n") {
        (window.get(..at).unwrap_or_default(), at + 2)
    } else {
        return Err(MimeError::TooBig);
    };
    let headers =
        String::from_utf8_lossy(headers).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let header = |name: &str| {
        headers
            .lines()
            .filter_map(|l| l.split_once(':'))
            .find(|(n, _)| n.trim().eq_ignore_ascii_case(name))
            .map(|(_, v)| v.trim().to_owned())
            .unwrap_or_default()
    };
    let content = raw.get(skip..).unwrap_or_default();
    let encoding = header("Content-Transfer-Encoding").to_ascii_lowercase();
    let bytes = match encoding.as_str() {
        "" | "binary" | "8bit" | "7bit" => content.to_vec(),
        "base64" => decode_base64(content).ok_or(MimeError::Encoding)?,
        _ => return Err(MimeError::Encoding),
    };
    let id = header("Content-ID");
    Ok(Part {
        content_type: header("Content-Type"),
        content_id: id.trim_start_matches('<').trim_end_matches('>').to_owned(),
        bytes,
    })
}

/// Decodes base64 written over several lines.
#[must_use]
pub fn decode_base64(content: &[u8]) -> Option<Vec<u8>> {
    use base64::Engine;
    let compact: Vec<u8> = content.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

/// Decodes `%XX` of a `cid:` reference; the official answers escape `:`.
#[must_use]
pub fn percent_decode(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let ahead: Vec<u8> = bytes.clone().take(2).collect();
        let decoded = std::str::from_utf8(&ahead).ok().and_then(|h| u8::from_str_radix(h, 16).ok());
        match decoded {
            Some(d) if ahead.len() == 2 => {
                out.push(d);
                bytes.by_ref().take(2).for_each(drop);
            }
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, bytes: &[u8]) -> Part {
        Part { content_type: "text/xml".into(), content_id: id.into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn what_is_written_is_read_back_byte_for_byte() {
        let parts = [
            part("root", b"<a/>"),
            part("doc@x", b"\r\n--bound\xff not a delimiter\r\n--boundary2\r\n"),
            part("e", b""),
        ];
        let body = write_related("bound", &parts);
        let media = MediaType::parse("Multipart/Related; boundary=\"bound\"; type=\"application/xop+xml\"");
        assert_eq!(media.parameter("type"), Some("application/xop+xml"));
        assert_eq!(read_related(&media, &body).unwrap(), parts);
    }

    #[test]
    fn a_reply_with_line_feeds_folded_headers_and_base64_is_read() {
        let media = MediaType::parse("multipart/related;boundary=b;start=\"<r;1>\"");
        assert_eq!(media.parameter("start"), Some("<r;1>"));
        let body = b"preamble\n--b\nContent-Type: application/xop+xml;\n charset=UTF-8\nContent-ID: <r;1>\n\n<a/>\n--b  \nContent-Transfer-Encoding: BASE64\n\nY2Fm\nw6k=\n--b--";
        let parts = read_related(&media, body).unwrap();
        assert_eq!(parts[0].content_type, "application/xop+xml; charset=UTF-8");
        assert_eq!(parts[0].content_id, "r;1");
        assert_eq!(parts[0].bytes, b"<a/>");
        assert_eq!(parts[1].bytes, "café".as_bytes());
    }

    #[test]
    fn broken_multiparts_are_refused_each_for_its_reason() {
        let media = MediaType::parse("multipart/related; boundary=b");
        let read = |body: &[u8]| read_related(&media, body).unwrap_err();
        assert_eq!(
            read_related(&MediaType::parse("multipart/related"), b"").unwrap_err(),
            MimeError::NoBoundary
        );
        assert_eq!(read(b""), MimeError::NotClosed);
        assert_eq!(read(b"--b--"), MimeError::NotClosed);
        assert_eq!(read(b"--b\r\n\r\ncut"), MimeError::NotClosed);
        assert_eq!(read(b"--b\r\nContent-Transfer-Encoding: x\r\n\r\n\r\n--b--"), MimeError::Encoding);
        assert_eq!(read(b"--b\r\nX: y\r\n--b--"), MimeError::TooBig);
        let many = b"--b\r\n\r\n\r\n".repeat(MAX_PARTS + 1);
        assert_eq!(read(&[many.as_slice(), b"--b--"].concat()), MimeError::TooBig);
    }

    #[test]
    fn a_cid_is_unescaped_and_stray_percent_signs_are_kept() {
        assert_eq!(percent_decode("a-2@urn%3Aihe%3aiti"), "a-2@urn:ihe:iti");
        assert_eq!(percent_decode("50%"), "50%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }
}
