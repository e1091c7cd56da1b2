//! The bytes of a document as text, and what stands before its root: encoding, style sheet.

use std::borrow::Cow;

use base64::Engine as _;

use super::narrative::clean;
use crate::error::DocumentError;

/// What stands before the root element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Prolog {
    /// Address of the first XSL style sheet, else of the first one.
    pub style: Option<String>,
    /// Scripts seen in an embedded style sheet.
    pub scripts: Vec<String>,
}

/// The sentence for a document over [`super::MAX_SIZE`].
pub(super) fn too_large(size: Option<usize>) -> String {
    let most = super::MAX_SIZE >> 20;
    match size {
        Some(size) => format!("trop volumineux ({} Mo ; au plus {most} Mo)", size.div_ceil(1 << 20)),
        None => format!("trop volumineux (au plus {most} Mo)"),
    }
}

/// The text of a document in its announced encoding: UTF-8, or the Latin ones that old systems write.
///
/// # Errors
/// Too large, an encoding that is not read, or bytes that are not in the announced one.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DocumentError> {
    let refuse = |sentence: String| Err(DocumentError::Unreadable(sentence));
    if bytes.len() > super::MAX_SIZE {
        return refuse(too_large(Some(bytes.len())));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.get(1) == Some(&0) {
        return refuse("encodage UTF-16, qui n'est pas lu ; le CDA français est en UTF-8".to_owned());
    }
    match encoding(bytes).as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(e) => refuse(format!(
                "le texte n'est pas en UTF-8 comme annoncé (vers l'octet {})",
                e.valid_up_to()
            )),
        },
        Some("iso-8859-1" | "latin1") => Ok(Cow::Owned(bytes.iter().map(|b| char::from(*b)).collect())),
        Some("iso-8859-15") => Ok(Cow::Owned(bytes.iter().map(|b| latin9(*b)).collect())),
        Some("windows-1252" | "cp1252") => Ok(Cow::Owned(bytes.iter().map(|b| cp1252(*b)).collect())),
        Some(other) => refuse(format!("encodage « {} », qui n'est pas lu", clean(other))),
    }
}

/// Encoding of the XML declaration, in lower case.
fn encoding(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let start = String::from_utf8_lossy(bytes.get(..200.min(bytes.len()))?).into_owned();
    let declaration = start.split("?>").next()?;
    attribute(declaration, "encoding").map(|e| e.to_ascii_lowercase())
}

fn latin9(b: u8) -> char {
    match b {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        other => char::from(other),
    }
}

fn cp1252(b: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match b {
        0x80..=0x9f => HIGH.get(usize::from(b - 0x80)).copied().unwrap_or(char::from(b)),
        other => char::from(other),
    }
}

/// Reads the processing instructions before the root.
pub(super) fn prolog(text: &str) -> Prolog {
    let mut found = Prolog::default();
    let mut xsl = false;
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        if let Some(inner) = rest.strip_prefix("<?") {
            let Some((data, after)) = inner.split_once("?>") else { return found };
            if let Some(data) = data.strip_prefix("xml-stylesheet")
                && let Some(href) = attribute(data, "href")
            {
                let is_xsl = attribute(data, "type").is_some_and(|t| t.contains("xsl") || t.contains("xml"));
                if embedded_script(&href) {
                    found.scripts.push("feuille de style du document".to_owned());
                }
                if found.style.is_none() || (is_xsl && !xsl) {
                    xsl = is_xsl;
                    found.style = Some(short(&href));
                }
            }
            rest = after.trim_start();
        } else if let Some(inner) = rest.strip_prefix("<!--") {
            let Some((_, after)) = inner.split_once("-->") else { return found };
            rest = after.trim_start();
        } else {
            return found;
        }
    }
}

fn short(href: &str) -> String {
    if href.starts_with("data:") { "data:".to_owned() } else { clean(href).chars().take(200).collect() }
}

/// Whether the style sheet inside an address holds a script.
fn embedded_script(href: &str) -> bool {
    let Some((head, data)) = href.split_once(',').filter(|_| href.starts_with("data:")) else { return false };
    let text = if head.ends_with(";base64") {
        let raw: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        String::from_utf8_lossy(&super::LENIENT.decode(raw).unwrap_or_default()).into_owned()
    } else {
        data.replace("%3C", "<").replace("%3c", "<")
    };
    let text = text.to_ascii_lowercase();
    text.contains("<script") || text.contains("javascript:")
}

/// A pseudo-attribute of a processing instruction.
fn attribute(data: &str, name: &str) -> Option<String> {
    let mut rest = data;
    while let Some(at) = rest.find(name) {
        let before = rest.get(..at)?.chars().next_back();
        rest = rest.get(at + name.len()..)?;
        let Some(value) = rest.trim_start().strip_prefix('=') else { continue };
        if !before.is_none_or(char::is_whitespace) {
            continue;
        }
        let value = value.trim_start();
        let quote = value.chars().next().filter(|q| matches!(q, '"' | '\''))?;
        return value.get(1..)?.split(quote).next().map(str::to_owned);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_xsl_of_a_document_is_found_before_its_root() {
        let p = prolog(
            "\u{feff}<?xml version='1.0'?><!-- <?xml-stylesheet href='no'?> --><?xml-stylesheet type='text/css' href='a.css'?>\n<?xml-stylesheet type=\"text/xsl\" href=\"../b.xsl\"?><r/>",
        );
        assert_eq!(p.style.as_deref(), Some("../b.xsl"));
        assert_eq!(prolog("<r><?xml-stylesheet href='x'?></r>"), Prolog::default());
    }

    #[test]
    fn latin_encodings_are_read_and_others_told() {
        let text = decode(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>").unwrap();
        assert!(text.ends_with("<a>é</a>"));
        assert!(
            decode(b"<?xml version='1.0' encoding='windows-1252'?><a>\x9c\x80</a>")
                .unwrap()
                .ends_with("<a>œ€</a>")
        );
        for (bytes, said) in [
            (&b"\xff\xfe<\0"[..], "UTF-16"),
            (b"<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>", "UTF-8 comme annonc"),
            (b"<?xml version='1.0' encoding='EBCDIC'?><a/>", "ebcdic"),
        ] {
            let told = decode(bytes).unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
