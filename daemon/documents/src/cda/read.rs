//! Values of a CDA read back from its entries, for the comparison with the PDF (DOC-04).

use paillasse_xml::{Element, Node, parse};

use super::NAMESPACE;
use crate::error::DocumentError;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Template of a result.
const RESULT: &str = "1.2.250.1.213.1.1.3.80";

/// One value of the entries of a CDA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdaValue {
    /// LOINC or other code of the analysis, when it has one.
    pub code: Option<String>,
    /// Label of the analysis in the narrative.
    pub label: String,
    /// The value as a French reader sees it (decimal comma), from the entry; the narrative text when the entry only
    /// refers to it.
    pub text: String,
    /// UCUM unit of the entry.
    pub unit: Option<String>,
    /// An earlier result shown for comparison.
    pub previous: bool,
}

/// All values of the results of a CDA, in document order.
///
/// # Errors
/// [`DocumentError::Unreadable`] when the bytes are not XML within the reading bounds.
pub fn values(cda: &[u8]) -> Result<Vec<CdaValue>, DocumentError> {
    let root = parse(cda).map_err(|e| DocumentError::Unreadable(e.to_string()))?;
    let mut texts = Vec::new();
    identified(&root, &mut texts);
    let mut found = Vec::new();
    for observation in root.find_all(NAMESPACE, "observation") {
        let is_result =
            observation.children_named(NAMESPACE, "templateId").any(|t| t.attr("root") == Some(RESULT));
        if !is_result {
            continue;
        }
        found.extend(one(observation, &texts, false));
        for link in observation.children_named(NAMESPACE, "entryRelationship") {
            if link.attr("typeCode") == Some("REFR") {
                found.extend(link.child(NAMESPACE, "observation").and_then(|o| one(o, &texts, true)));
            }
        }
    }
    Ok(found)
}

/// Text of every element with an `ID`.
fn identified<'a>(element: &'a Element, texts: &mut Vec<(&'a str, String)>) {
    if let Some(id) = element.attr("ID") {
        texts.push((id, deep_text(element)));
    }
    element.children().for_each(|child| identified(child, texts));
}

/// All text below an element; line breaks become spaces.
fn deep_text(element: &Element) -> String {
    let mut out = String::new();
    for node in &element.nodes {
        match node {
            Node::Text(t) => out.push_str(t),
            Node::Element(e) if e.name == "br" => out.push(' '),
            Node::Element(e) => out.push_str(&deep_text(e)),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn referred<'t>(element: &Element, texts: &'t [(&str, String)]) -> Option<&'t str> {
    let target = element.child(NAMESPACE, "originalText")?.child(NAMESPACE, "reference")?.attr("value")?;
    let id = target.strip_prefix('#')?;
    texts.iter().find(|(known, _)| *known == id).map(|(_, text)| text.as_str())
}

fn one(observation: &Element, texts: &[(&str, String)], previous: bool) -> Option<CdaValue> {
    let code = observation.child(NAMESPACE, "code")?;
    let value = observation.child(NAMESPACE, "value")?;
    let (text, unit) = printed(value, texts)?;
    Some(CdaValue {
        code: code.attr("code").map(str::to_owned),
        label: referred(code, texts).unwrap_or_default().to_owned(),
        text,
        unit,
        previous,
    })
}

fn printed(value: &Element, texts: &[(&str, String)]) -> Option<(String, Option<String>)> {
    let number = |e: &Element| e.attr("value").map(|v| v.replace('.', ","));
    let unit = |e: &Element| e.attr("unit").map(str::to_owned);
    let inclusive = |e: &Element| e.attr("inclusive") != Some("false");
    let kind = value.attr_ns(XSI, "type").unwrap_or_default();
    match kind.rsplit(':').next().unwrap_or_default() {
        "PQ" | "REAL" | "INT" => Some((number(value)?, unit(value))),
        "IVL_PQ" | "IVL_REAL" => match (value.child(NAMESPACE, "low"), value.child(NAMESPACE, "high")) {
            (Some(low), Some(high)) => Some((format!("{} – {}", number(low)?, number(high)?), unit(low))),
            (Some(low), None) => {
                Some((format!("{} {}", if inclusive(low) { "≥" } else { ">" }, number(low)?), unit(low)))
            }
            (None, Some(high)) => {
                Some((format!("{} {}", if inclusive(high) { "≤" } else { "<" }, number(high)?), unit(high)))
            }
            (None, None) => None,
        },
        "RTO" => {
            let (n, d) = (value.child(NAMESPACE, "numerator")?, value.child(NAMESPACE, "denominator")?);
            Some((format!("{}/{}", number(n)?, number(d)?), None))
        }
        "CD" | "CE" => {
            let text = referred(value, texts)
                .map(str::to_owned)
                .or_else(|| value.attr("displayName").map(str::to_owned));
            Some((text?, None))
        }
        "ST" => Some((value.text(), None)),
        _ => None,
    }
}
