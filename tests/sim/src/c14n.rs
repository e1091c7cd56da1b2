//! Canonical XML 1.0 and Exclusive XML Canonicalization 1.0, with and without comments.
//!
//! Written from the two W3C recommendations for verification only: the simulators must not share
//! code with the product they check. Works on [`crate::xml`] trees; whole documents or one element
//! with its in-scope namespaces. Document subsets chosen by XPath are not here: no contract uses
//! them, apart from leaving one `Signature` element out (the enveloped-signature transform).

use std::collections::BTreeMap;

use crate::xml::{Document, Element, Node};

/// Which canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct C14n {
    /// Exclusive (only namespaces visibly used) instead of inclusive.
    pub exclusive: bool,
    /// Comments are kept.
    pub comments: bool,
    /// `InclusiveNamespaces PrefixList` of the exclusive form ("" stands for `#default`).
    pub prefixes: Vec<String>,
}

impl C14n {
    /// Inclusive, without comments: what a same-document reference without transform means.
    pub const INCLUSIVE: C14n = C14n { exclusive: false, comments: false, prefixes: Vec::new() };

    /// The form named by an algorithm identifier, `None` when unknown. `element` is the element that
    /// carries the identifier; its `InclusiveNamespaces` child is read if there is one.
    pub fn from_algorithm(uri: &str, element: &Element) -> Option<C14n> {
        let (exclusive, comments) = match uri {
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => (false, false),
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => (false, true),
            "http://www.w3.org/2001/10/xml-exc-c14n#" => (true, false),
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => (true, true),
            _ => return None,
        };
        let prefixes = element
            .child("http://www.w3.org/2001/10/xml-exc-c14n#", "InclusiveNamespaces")
            .and_then(|e| e.attr("PrefixList"))
            .map(|list| {
                list.split_whitespace()
                    .map(|p| if p == "#default" { String::new() } else { p.to_owned() })
                    .collect()
            })
            .unwrap_or_default();
        Some(C14n { exclusive, comments, prefixes })
    }

    /// Canonical octets of a whole document.
    pub fn document(&self, doc: &Document) -> Vec<u8> {
        let mut out = String::new();
        for node in &doc.prolog {
            if self.outside(node, &mut out) {
                out.push('\n');
            }
        }
        self.element_into(&doc.root, &BTreeMap::new(), true, None, &mut out);
        for node in &doc.epilog {
            let mut text = String::new();
            if self.outside(node, &mut text) {
                out.push('\n');
                out.push_str(&text);
            }
        }
        out.into_bytes()
    }

    /// Canonical octets of one element and what is below it, without `omit` if given.
    pub fn element(&self, element: &Element, omit: Option<&Element>) -> Vec<u8> {
        let mut out = String::new();
        self.element_into(element, &BTreeMap::new(), true, omit, &mut out);
        out.into_bytes()
    }

    fn outside(&self, node: &Node, out: &mut String) -> bool {
        match node {
            Node::Comment(c) if self.comments => push_comment(c, out),
            Node::Pi(target, data) => push_pi(target, data, out),
            _ => return false,
        }
        true
    }

    fn element_into(
        &self,
        e: &Element,
        rendered: &BTreeMap<String, String>,
        apex: bool,
        omit: Option<&Element>,
        out: &mut String,
    ) {
        if omit.is_some_and(|o| std::ptr::eq(o, e)) {
            return;
        }
        let name = qualified(&e.prefix, &e.local);
        out.push('<');
        out.push_str(&name);
        let new = self.namespaces(e, rendered);
        for (prefix, uri) in &new {
            out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            out.push_str(prefix);
            push_attribute_value(uri, out);
        }
        self.attributes_into(e, apex, out);
        out.push('>');
        let mut below = rendered.clone();
        below.extend(new);
        for node in &e.children {
            match node {
                Node::Element(child) => self.element_into(child, &below, false, omit, out),
                Node::Text(t) => push_text(t, out),
                Node::Comment(c) if self.comments => push_comment(c, out),
                Node::Comment(_) => {}
                Node::Pi(target, data) => push_pi(target, data, out),
            }
        }
        out.push_str("</");
        out.push_str(&name);
        out.push('>');
    }

    /// Declarations to write on `e`, sorted by prefix, given those already written above it.
    fn namespaces(&self, e: &Element, rendered: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let in_scope = e.scope.in_scope();
        let wanted: Vec<String> = if self.exclusive {
            let mut w: Vec<String> = vec![e.prefix.clone()];
            w.extend(e.attrs.iter().filter(|a| !a.prefix.is_empty()).map(|a| a.prefix.clone()));
            w.extend(self.prefixes.iter().filter(|p| in_scope.contains_key(*p)).cloned());
            w
        } else {
            in_scope.keys().cloned().chain(std::iter::once(String::new())).collect()
        };
        let mut new = BTreeMap::new();
        for prefix in wanted {
            if prefix == "xml" {
                continue;
            }
            let uri = in_scope.get(&prefix).map_or("", String::as_str);
            // An absent default namespace is only written to undo one written above.
            let above = rendered.get(&prefix).map_or("", String::as_str);
            if uri != above {
                new.insert(prefix, uri.to_owned());
            }
        }
        new
    }

    fn attributes_into(&self, e: &Element, apex: bool, out: &mut String) {
        let mut sorted: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
        if apex && !self.exclusive {
            for (local, value) in e.scope.inherited_xml_attrs() {
                sorted
                    .insert((crate::xml::XML_NS.to_owned(), local.clone()), (format!("xml:{local}"), value));
            }
        }
        for a in &e.attrs {
            sorted.insert((a.ns.clone(), a.local.clone()), (qualified(&a.prefix, &a.local), a.value.clone()));
        }
        for (name, value) in sorted.values() {
            out.push(' ');
            out.push_str(name);
            push_attribute_value(value, out);
        }
    }
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

fn push_attribute_value(value: &str, out: &mut String) {
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}

fn push_comment(text: &str, out: &mut String) {
    out.push_str("<!--");
    out.push_str(text);
    out.push_str("-->");
}

fn push_pi(target: &str, data: &str, out: &mut String) {
    out.push_str("<?");
    out.push_str(target);
    if !data.is_empty() {
        out.push(' ');
        out.push_str(data);
    }
    out.push_str("?>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn form(exclusive: bool, comments: bool) -> C14n {
        C14n { exclusive, comments, prefixes: Vec::new() }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    // Example 3.1 of the Canonical XML 1.0 recommendation (its DOCTYPE left out: refused here).
    #[test]
    fn comments_and_instructions_outside_the_root_follow_the_recommendation() {
        let doc = parse(
            b"<?xml version=\"1.0\"?>\n\n<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\n<doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n<!-- Comment 3 -->\n",
        )
        .unwrap();
        assert_eq!(
            text(form(false, false).document(&doc)),
            "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!</doc>\n<?pi-without-data?>"
        );
        assert_eq!(
            text(form(false, true).document(&doc)),
            "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!<!-- Comment 1 --></doc>\n<?pi-without-data?>\n<!-- Comment 2 -->\n<!-- Comment 3 -->"
        );
    }

    // Example 3.3 of the same recommendation: start and end tags, namespace and attribute order.
    #[test]
    fn namespaces_and_attributes_are_sorted_and_superfluous_ones_dropped() {
        let doc = parse(
            br#"<doc>
   <e1   />
   <e3   name = "elem3"   id="elem3"   />
   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm"
      xmlns:b="http://www.ietf.org"
      xmlns:a="http://www.w3.org"
      xmlns="http://example.org"/>
   <e6 xmlns="" xmlns:a="http://www.w3.org">
      <e7 xmlns="http://www.ietf.org">
         <e8 xmlns="" xmlns:a="http://www.w3.org">
            <e9 xmlns="" xmlns:a="http://www.ietf.org"/>
         </e8>
      </e7>
   </e6>
</doc>"#,
        )
        .unwrap();
        assert_eq!(
            text(form(false, false).document(&doc)),
            r#"<doc>
   <e1></e1>
   <e3 id="elem3" name="elem3"></e3>
   <e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"></e5>
   <e6 xmlns:a="http://www.w3.org">
      <e7 xmlns="http://www.ietf.org">
         <e8 xmlns="">
            <e9 xmlns:a="http://www.ietf.org"></e9>
         </e8>
      </e7>
   </e6>
</doc>"#
        );
    }

    // Example 3.4: character references and escapes.
    #[test]
    fn characters_are_escaped_as_the_recommendation_says() {
        let doc = parse(
            "<doc><text>First line&#x0d;&#10;Second line</text><compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute><n a='&#x0d;&#10;&#9;&lt;'/></doc>".as_bytes(),
        )
        .unwrap();
        assert_eq!(
            text(form(false, false).document(&doc)),
            "<doc><text>First line&#xD;\nSecond line</text><compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute><n a=\"&#xD;&#xA;&#x9;&lt;\"></n></doc>"
        );
    }

    // The motivating example of Exclusive XML Canonicalization §2.2.
    #[test]
    fn exclusive_form_does_not_depend_on_the_envelope() {
        let pdu = r#"<n0:pdu xmlns:n0="http://a.example" xmlns:n1="http://b.example" xml:lang="fr"><n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:pdu>"#;
        let doc = parse(pdu.as_bytes()).unwrap();
        let e = doc.root.child("http://example.net", "elem2").unwrap();
        let exclusive = r#"<n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#;
        assert_eq!(text(form(true, false).element(e, None)), exclusive);
        let inclusive = r#"<n1:elem2 xmlns:n0="http://a.example" xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#;
        assert_eq!(text(form(false, false).element(e, None)), inclusive);
        let listed = C14n { exclusive: true, comments: false, prefixes: vec!["n0".into(), "n9".into()] };
        assert_eq!(text(listed.element(e, None)), inclusive);
    }

    #[test]
    fn exclusive_form_undoes_a_default_namespace_and_omits_one_element() {
        let doc = parse(b"<a xmlns='u'><b xmlns=''><s/>x</b></a>").unwrap();
        let s = doc.root.child("", "b").and_then(|b| b.child("", "s")).unwrap();
        assert_eq!(
            text(form(true, false).element(&doc.root, Some(s))),
            r#"<a xmlns="u"><b xmlns="">x</b></a>"#
        );
    }
}
