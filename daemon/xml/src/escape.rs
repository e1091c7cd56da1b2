//! Escaping of text and attribute values.
//!
//! The forms chosen are those of Canonical XML 1.0 (section 2.3), so that what is written with these functions is
//! already canonical. Characters that XML 1.0 forbids are replaced by U+FFFD rather than producing an unreadable
//! document.

/// Escapes character data (between tags).
#[must_use]
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    push_text(&mut out, value);
    out
}

/// Escapes an attribute value to be put between double quotes.
#[must_use]
pub fn attribute(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    push_attribute(&mut out, value);
    out
}

/// Appends escaped character data to `out`.
pub fn push_text(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(permitted(c)),
        }
    }
}

/// Appends an escaped attribute value to `out`.
pub fn push_attribute(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(permitted(c)),
        }
    }
}

/// The character itself, or U+FFFD when XML 1.0 has no place for it.
fn permitted(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => '\u{FFFD}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_take_their_canonical_forms() {
        assert_eq!(text("a<b & c>d \"e\"\r\n"), "a&lt;b &amp; c&gt;d \"e\"&#xD;\n");
        assert_eq!(attribute("a<b & c>d \"e\"\t\n"), "a&lt;b &amp; c>d &quot;e&quot;&#x9;&#xA;");
        assert_eq!(text("a\u{0}b\u{1F}"), "a\u{FFFD}b\u{FFFD}");
    }
}
