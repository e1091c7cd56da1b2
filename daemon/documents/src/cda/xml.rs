//! A small XML writer: elements are closed by construction, attributes and text are escaped, characters that XML 1.0
//! cannot carry are dropped. Same calls, same bytes.

/// Attributes of an element.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a str)];

/// Output of the writer.
#[derive(Debug)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    /// Starts a document with its declaration.
    pub fn new(capacity: usize) -> Self {
        let mut out = String::with_capacity(capacity);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { out }
    }

    /// A processing instruction; the data holds no `?>`.
    pub fn instruction(&mut self, target: &str, data: &str) {
        self.out.push_str("<?");
        self.out.push_str(target);
        self.out.push(' ');
        self.out.push_str(data);
        self.out.push_str("?>\n");
    }

    /// An empty element.
    pub fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.out.push_str("/>\n");
    }

    /// An element that holds only text.
    pub fn leaf(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.inline(name, attributes, text);
        self.out.push('\n');
    }

    /// An element that holds elements; each child ends with a line break.
    pub fn nest(&mut self, name: &str, attributes: Attributes<'_>, children: impl FnOnce(&mut Self)) {
        self.start(name, attributes);
        self.out.push_str(">\n");
        children(self);
        self.end(name);
        self.out.push('\n');
    }

    /// An element with mixed content: nothing is added around its children.
    pub fn mixed(&mut self, name: &str, attributes: Attributes<'_>, children: impl FnOnce(&mut Self)) {
        self.start(name, attributes);
        self.out.push('>');
        children(self);
        self.end(name);
    }

    /// An element with text inside mixed content.
    pub fn inline(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.start(name, attributes);
        self.out.push('>');
        self.text(text);
        self.end(name);
    }

    /// An empty element inside mixed content.
    pub fn inline_empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.out.push_str("/>");
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        escape(&mut self.out, text, false);
    }

    /// Text known to need no escaping (base64).
    pub fn raw_leaf(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.start(name, attributes);
        self.out.push('>');
        self.out.push_str(text);
        self.end(name);
        self.out.push('\n');
    }

    /// A line break between elements of the narrative.
    pub fn line_break(&mut self) {
        self.out.push('\n');
    }

    /// The document.
    pub fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape(&mut self.out, value, true);
            self.out.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    let plain = |b: u8| !(b < 0x20 || matches!(b, b'<' | b'>' | b'&' | b'"' | 0x7f | 0xef));
    if text.bytes().all(plain) {
        return out.push_str(text);
    }
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' | '\t' if attribute => out.push(' '),
            '\n' | '\t' => out.push(c),
            // Control characters and non-characters have no place in XML 1.0.
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped_and_forbidden_characters_dropped() {
        let mut x = Xml::new(0);
        x.leaf("a", &[("b", "\"<\n>&é\u{1}")], "1 < 2 & \"x\" > \u{0}\u{ffff}\n\u{fb01}");
        let text = String::from_utf8(x.finish()).unwrap();
        assert!(
            text.ends_with("<a b=\"&quot;&lt; &gt;&amp;é\">1 &lt; 2 &amp; \"x\" &gt; \n\u{fb01}</a>\n"),
            "{text}"
        );
    }
}
