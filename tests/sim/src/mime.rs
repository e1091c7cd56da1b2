//! MIME, as far as MTOM messages and mails need it: header fields, parameters, multipart bodies cut
//! without touching a byte, transfer encodings, encoded words.
//!
//! Strict on purpose where the contracts are: a part ends exactly at the line break before its
//! boundary, since the DMP hashes those bytes.

use base64::Engine as _;

/// Deepest multipart nesting read.
pub const MAX_DEPTH: usize = 8;
/// Most parts read in one message.
pub const MAX_PARTS: usize = 64;

/// Why an entity cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MimeError {
    /// A header line without a colon, or not ASCII/UTF-8.
    #[error("en-tête illisible")]
    Header,
    /// The closing boundary, or any boundary, is missing.
    #[error("délimiteur « {0} » absent ou non refermé")]
    Boundary(String),
    /// A transfer encoding that cannot be undone.
    #[error("contenu « {0} » illisible")]
    Encoding(String),
    /// More than [`MAX_PARTS`] parts or [`MAX_DEPTH`] levels.
    #[error("trop de parties")]
    Limits,
}

/// Header fields in order, unfolded, names as written.
#[derive(Debug, Default, Clone)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// First value of a field, names compared without case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// How often a field appears.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count()
    }
}

/// A header block and the body after it.
#[derive(Debug)]
pub struct Entity<'a> {
    /// Fields.
    pub headers: Headers,
    /// Body, byte for byte.
    pub body: &'a [u8],
}

/// A value with parameters, such as a content type.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Before the first semicolon, lower case.
    pub value: String,
    /// Parameters, names in lower case, values unquoted.
    pub params: Vec<(String, String)>,
}

impl Value {
    /// A parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Reads `value; name=token; name="quoted"`, RFC 2231 `name*=charset'lang'percent` included.
pub fn value(text: &str) -> Value {
    let mut fields = Vec::new();
    let (mut current, mut quoted, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            c if escaped => {
                current.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => fields.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    fields.push(current);
    let mut fields = fields.into_iter();
    let first = fields.next().unwrap_or_default().trim().to_ascii_lowercase();
    let params = fields
        .filter_map(|f| {
            let (name, v) = f.split_once('=')?;
            let (name, v) = (name.trim().to_ascii_lowercase(), v.trim());
            match name.strip_suffix('*') {
                Some(plain) => {
                    let encoded = v.splitn(3, '\'').nth(2).unwrap_or(v);
                    Some((plain.to_owned(), String::from_utf8_lossy(&percent_decode(encoded)).into_owned()))
                }
                None => Some((name, v.to_owned())),
            }
        })
        .collect();
    Value { value: first, params }
}

/// Undoes `%XX`; anything else stays.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        if b == b'%'
            && let Some((hex, after)) = rest.split_at_checked(2)
            && let Some(n) = std::str::from_utf8(hex).ok().and_then(|h| u8::from_str_radix(h, 16).ok())
        {
            out.push(n);
            rest = after;
        } else {
            out.push(b);
        }
    }
    out
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// Splits a header block from its body and unfolds the fields. Lines end in CRLF (LF is tolerated).
///
/// # Errors
/// [`MimeError::Header`].
pub fn entity(bytes: &[u8]) -> Result<Entity<'_>, MimeError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|b| *b == b'\n').ok_or(MimeError::Header)?;
        let (line, after) = rest.split_at_checked(end + 1).ok_or(MimeError::Header)?;
        rest = after;
        let line = std::str::from_utf8(line).map_err(|_| MimeError::Header)?;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            let (_, last) = headers.last_mut().ok_or(MimeError::Header)?;
            last.push(' ');
            last.push_str(line.trim());
            continue;
        }
        let (name, v) = line.split_once(':').ok_or(MimeError::Header)?;
        if name.is_empty() || name.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(MimeError::Header);
        }
        headers.push((name.to_owned(), v.trim().to_owned()));
    }
    Ok(Entity { headers: Headers(headers), body: rest })
}

/// Cuts a multipart body into its entities, without touching their bytes.
///
/// # Errors
/// [`MimeError`]: a boundary missing, a part without header block, too many parts.
pub fn multipart<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Entity<'a>>, MimeError> {
    let missing = || MimeError::Boundary(boundary.to_owned());
    if boundary.is_empty() {
        return Err(missing());
    }
    let delimiter = format!("--{boundary}");
    let inner = format!("\r\n--{boundary}");
    // The first delimiter may stand at the very start or after a preamble.
    let mut rest = match body.strip_prefix(delimiter.as_bytes()) {
        Some(rest) => rest,
        None => {
            let at = find(body, inner.as_bytes()).ok_or_else(missing)?;
            body.get(at + inner.len()..).ok_or_else(missing)?
        }
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() >= MAX_PARTS {
            return Err(MimeError::Limits);
        }
        let eol = find(rest, b"\r\n").ok_or_else(missing)?;
        let after = rest.get(eol + 2..).ok_or_else(missing)?;
        let end = find(after, inner.as_bytes()).ok_or_else(missing)?;
        let (part, next) = after.split_at_checked(end).ok_or_else(missing)?;
        parts.push(entity(part)?);
        rest = next.get(inner.len()..).ok_or_else(missing)?;
    }
}

/// Undoes the transfer encoding of an entity.
///
/// # Errors
/// [`MimeError::Encoding`].
pub fn decoded(part: &Entity<'_>) -> Result<Vec<u8>, MimeError> {
    let encoding =
        part.headers.get("Content-Transfer-Encoding").unwrap_or("7bit").trim().to_ascii_lowercase();
    match encoding.as_str() {
        "7bit" | "8bit" | "binary" => Ok(part.body.to_vec()),
        "base64" => {
            let compact: Vec<u8> = part.body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            base64::engine::general_purpose::STANDARD
                .decode(compact)
                .map_err(|_| MimeError::Encoding(encoding.clone()))
        }
        "quoted-printable" => {
            quoted_printable(part.body, false).ok_or_else(|| MimeError::Encoding(encoding.clone()))
        }
        _ => Err(MimeError::Encoding(encoding)),
    }
}

fn quoted_printable(bytes: &[u8], word: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        match b {
            b'=' => {
                if let Some(next) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
                    rest = next;
                    continue;
                }
                let (hex, next) = rest.split_at_checked(2)?;
                out.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                rest = next;
            }
            b'_' if word => out.push(b' '),
            b => out.push(b),
        }
    }
    Some(out)
}

/// Decodes RFC 2047 encoded words in a header value; UTF-8 and ISO-8859-1 are read, anything else
/// stays as written.
pub fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, tail) = rest.split_at(at);
        let parsed = word(tail);
        // White space between two encoded words is not shown (RFC 2047 §6.2).
        if !(after_word && parsed.is_some() && before.trim().is_empty()) {
            out.push_str(before);
        }
        match parsed {
            Some((text, next)) => {
                out.push_str(&text);
                rest = next;
                after_word = true;
            }
            None => {
                out.push_str("=?");
                rest = tail.get(2..).unwrap_or_default();
                after_word = false;
            }
        }
    }
    out.push_str(rest);
    out
}

fn word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, rest) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64::engine::general_purpose::STANDARD.decode(content).ok()?,
        "Q" | "q" => quoted_printable(content.as_bytes(), true)?,
        _ => return None,
    };
    let text = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok()?,
        "iso-8859-1" => bytes.into_iter().map(char::from).collect(),
        _ => return None,
    };
    Some((text, rest))
}

/// A leaf of a message: its type, its file name if any, its decoded content.
#[derive(Debug)]
pub struct Leaf {
    /// Content type, lower case, `text/plain` by default.
    pub kind: Value,
    /// `filename` of the disposition or `name` of the type, decoded.
    pub file_name: Option<String>,
    /// Content, transfer encoding undone.
    pub content: Vec<u8>,
}

/// All leaves of a message, multiparts opened.
///
/// # Errors
/// Any [`MimeError`] met on the way.
pub fn leaves(message: &Entity<'_>) -> Result<Vec<Leaf>, MimeError> {
    let mut found = Vec::new();
    collect(message, 0, &mut found)?;
    Ok(found)
}

fn collect(part: &Entity<'_>, depth: usize, found: &mut Vec<Leaf>) -> Result<(), MimeError> {
    if depth > MAX_DEPTH || found.len() >= MAX_PARTS {
        return Err(MimeError::Limits);
    }
    let kind = value(part.headers.get("Content-Type").unwrap_or("text/plain; charset=us-ascii"));
    if kind.value.starts_with("multipart/") {
        for inner in multipart(part.body, kind.param("boundary").unwrap_or_default())? {
            collect(&inner, depth + 1, found)?;
        }
        return Ok(());
    }
    let disposition = value(part.headers.get("Content-Disposition").unwrap_or_default());
    let file_name = disposition.param("filename").or_else(|| kind.param("name")).map(words);
    found.push(Leaf { kind, file_name, content: decoded(part)? });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_byte() {
        let body = b"--b\r\nContent-ID: <a>\r\n\r\nx\r\n\r\n--b\r\nContent-Type: text/xml;\r\n charset=UTF-8\r\n\r\n\r\n--b--\r\n";
        let parts = multipart(body, "b").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].body, b"x\r\n");
        assert_eq!(parts[1].headers.get("content-type"), Some("text/xml; charset=UTF-8"));
        assert_eq!(parts[1].body, b"");
    }

    #[test]
    fn a_body_that_is_not_closed_is_refused() {
        assert_eq!(multipart(b"--b\r\nA: b\r\n\r\nx", "b").unwrap_err(), MimeError::Boundary("b".into()));
        assert!(multipart(b"nothing", "b").is_err());
        assert!(multipart(b"--\r\n\r\n----", "").is_err());
        let many = "--b\r\nA: b\r\n\r\nx\r\n".repeat(MAX_PARTS + 1) + "--b--";
        assert_eq!(multipart(many.as_bytes(), "b").unwrap_err(), MimeError::Limits);
    }

    #[test]
    fn parameters_and_encoded_words_are_read() {
        let v = value("Multipart/Related; type=\"application/xop+xml\"; start=\"<r;1>\"; boundary=x");
        assert_eq!(v.value, "multipart/related");
        assert_eq!(v.param("start"), Some("<r;1>"));
        assert_eq!(v.param("boundary"), Some("x"));
        assert_eq!(value("a; filename*=UTF-8''r%C3%A9s.pdf").param("filename"), Some("rés.pdf"));
        assert_eq!(words("XDM =?utf-8?Q?R=C3=A9?= =?utf-8?B?c3VsdGF0?= x"), "XDM Résultat x");
        assert_eq!(words("=?utf-8?Q?bad"), "=?utf-8?Q?bad");
        assert_eq!(percent_decode("a%3Ab%zz"), b"a:b%zz");
    }

    #[test]
    fn leaves_are_decoded_at_any_depth() {
        let mail = b"Subject: s\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nr=C3=A9sul=\r\ntat\r\n--i--\r\n--o\r\nContent-Type: application/zip; name=\"IHE_XDM.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\nUEs=\r\n--o--\r\n";
        let leaves = leaves(&entity(mail).unwrap()).unwrap();
        assert_eq!(leaves.len(), 2);
        assert_eq!(leaves[0].content, "résultat".as_bytes());
        assert_eq!(leaves[1].file_name.as_deref(), Some("IHE_XDM.zip"));
        assert_eq!(leaves[1].content, b"PK");
    }
}
