//! Structured entries: every statement with its common parts, results with all they carry. What is not interpreted
//! is flagged, never dropped in silence.

use paillasse_xml::Element;

use super::super::NAMESPACE;
use super::header::entity;
use super::model::{Attachment, Bound, Flag, Kind, Range, Specimen, Statement, Value};
use super::narrative::{clean, plain};
use super::parts::{Context, attr_of, ids, templates};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Names of the statements of CDA.
const STATEMENTS: [&str; 9] = [
    "act",
    "observation",
    "organizer",
    "procedure",
    "observationMedia",
    "substanceAdministration",
    "supply",
    "encounter",
    "regionOfInterest",
];

/// Reads what an `entry`, `entryRelationship` or `component` holds.
pub(super) fn read(c: &Context<'_>, holder: &Element, files: &mut Vec<Attachment>) -> Option<Statement> {
    let e = holder.children().find(|e| &*e.ns == NAMESPACE && STATEMENTS.contains(&e.name.as_str()))?;
    let kind = match e.name.as_str() {
        "act" => Kind::Act,
        "observation" => Kind::Observation,
        "organizer" if e.attr("classCode") == Some("BATTERY") => Kind::Battery,
        "organizer" => Kind::Cluster,
        "procedure" => Kind::Procedure,
        "observationMedia" => Kind::Media,
        other => {
            c.flag(Flag::Uninterpreted(other.to_owned()));
            Kind::Other
        }
    };
    let mut s = Statement {
        kind,
        link: holder.attr("typeCode").map(clean),
        // The templates of a report entry are on the entry itself.
        templates: templates(holder).into_iter().chain(templates(e)).collect(),
        ids: ids(e),
        code: c.code_of(e, "code"),
        text: e.child(NAMESPACE, "text").and_then(|t| c.text(t)),
        status: attr_of(e, "statusCode", "code"),
        time: c.time_of(e, "effectiveTime"),
        values: Vec::new(),
        interpretations: c.codes_of(e, "interpretationCode"),
        methods: c.codes_of(e, "methodCode"),
        sites: c.codes_of(e, "targetSiteCode"),
        specimens: Vec::new(),
        parties: Vec::new(),
        ranges: Vec::new(),
        attachment: None,
        parts: Vec::new(),
    };
    for child in e.children() {
        match child.name.as_str() {
            "value" if kind == Kind::Media => s.attachment = attachment(c, e, child, files),
            "value" => s.values.push(value(c, child)),
            "specimen" => s.specimens.extend(specimen(c, child)),
            "participant" => match specimen_of(c, child) {
                Some(found) => s.specimens.push(found),
                None => s.parties.extend(entity(child).map(|p| c.party(child, p))),
            },
            "performer" | "author" | "informant" | "subject" => {
                s.parties.extend(entity(child).map(|p| c.party(child, p)));
            }
            "referenceRange" => s.ranges.push(range(c, child)),
            "entryRelationship" | "component" => s.parts.extend(read(c, child, files)),
            "id" | "code" | "text" | "statusCode" | "effectiveTime" | "interpretationCode" | "methodCode"
            | "targetSiteCode" | "templateId" | "realmCode" | "typeId" | "languageCode" => {}
            other => c.flag(Flag::Uninterpreted(clean(other))),
        }
    }
    Some(s)
}

/// The sample of a sampling: `participant` PRD whose role is a specimen.
fn specimen_of(c: &Context<'_>, participant: &Element) -> Option<Specimen> {
    let role = participant.child(NAMESPACE, "participantRole")?;
    if role.attr("classCode") != Some("SPEC") {
        return None;
    }
    let entity = role.child(NAMESPACE, "playingEntity");
    Some(Specimen {
        ids: ids(role),
        class_code: entity.and_then(|e| e.attr("classCode")).map(clean),
        code: entity.and_then(|e| c.code_of(e, "code")),
    })
}

fn specimen(c: &Context<'_>, e: &Element) -> Option<Specimen> {
    let role = e.child(NAMESPACE, "specimenRole")?;
    let entity = role.child(NAMESPACE, "specimenPlayingEntity");
    Some(Specimen {
        ids: ids(role),
        class_code: entity.and_then(|e| e.attr("classCode")).map(clean),
        code: entity.and_then(|e| c.code_of(e, "code")),
    })
}

fn attachment(c: &Context<'_>, media: &Element, v: &Element, files: &mut Vec<Attachment>) -> Option<String> {
    let id = media.attr("ID").map(clean).unwrap_or_default();
    match super::file(v, id.clone()) {
        Some(found) => files.push(found),
        None => c.flag(Flag::Undecodable(id.clone())),
    }
    Some(id)
}

fn bound(e: &Element) -> Option<Bound> {
    Some(Bound {
        value: clean(e.attr("value")?),
        unit: e.attr("unit").map(clean),
        inclusive: e.attr("inclusive") != Some("false"),
    })
}

/// Reads a `value` by its HL7 type; without a type, by what it holds.
pub(super) fn value(c: &Context<'_>, e: &Element) -> Value {
    let kind = e.attr_ns(XSI, "type").unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let other = || Value::Other {
        name: clean(kind),
        text: e.attr("value").map(clean).unwrap_or_else(|| plain(e, 20_000).0),
    };
    if let Some(flavor) = e.attr("nullFlavor")
        && e.nodes.iter().all(|n| matches!(n, paillasse_xml::Node::Text(_)))
    {
        return Value::Null { flavor: clean(flavor) };
    }
    match kind {
        "PQ" | "REAL" | "INT" | "MO" => match e.attr("value") {
            None => other(),
            Some(value) => Value::Number {
                value: clean(value),
                unit: e.attr("unit").map(clean),
                translations: e
                    .children_named(NAMESPACE, "translation")
                    // Older documents misplace the unit of a translation in its code.
                    .filter_map(|t| {
                        Some((clean(t.attr("value")?), t.attr("unit").or(t.attr("code")).map(clean)))
                    })
                    .collect(),
            },
        },
        "IVL_TS" | "TS" => Value::Time { time: c.time(e) },
        kind if kind.starts_with("IVL_") => Value::Interval {
            low: e.child(NAMESPACE, "low").and_then(bound),
            high: e.child(NAMESPACE, "high").and_then(bound),
        },
        kind if kind.starts_with("RTO") => {
            let of = |name| e.child(NAMESPACE, name).and_then(bound);
            match (of("numerator"), of("denominator")) {
                (Some(numerator), Some(denominator)) => Value::Ratio { numerator, denominator },
                _ => other(),
            }
        }
        "CD" | "CE" | "CV" | "CO" | "CS" => Value::Coded { code: Box::new(c.code(e)) },
        "ST" | "SC" => Value::Text { text: plain(e, 20_000).0 },
        "ED" => Value::Text { text: c.text(e).unwrap_or_default() },
        _ => other(),
    }
}

fn range(c: &Context<'_>, holder: &Element) -> Range {
    let Some(e) = holder.child(NAMESPACE, "observationRange") else { return Range::default() };
    let conditions = e.children().filter(|p| p.name == "precondition").flat_map(|p| p.children());
    Range {
        code: c.code_of(e, "code"),
        text: e.child(NAMESPACE, "text").and_then(|t| c.text(t)),
        value: e.child(NAMESPACE, "value").map(|v| value(c, v)),
        interpretation: c.code_of(e, "interpretationCode"),
        conditions: conditions
            .filter_map(|criterion| {
                let code = criterion.children().find(|x| x.name == "code").map(|x| c.code(x));
                let value = criterion.children().find(|x| x.name == "value").map(|x| value(c, x));
                let words = [
                    code.and_then(|code| code.words().map(str::to_owned)),
                    value.map(|v| super::words::value(&v)),
                ];
                let text = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
                Some(text).filter(|t| !t.is_empty())
            })
            .collect(),
    }
}
