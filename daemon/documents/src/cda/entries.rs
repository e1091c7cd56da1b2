//! Entries of a sub-chapter: "résultats d'examens" act, samples, batteries, isolates, results, comments.

use paillasse_shared::domain::report::{
    AnalysisCode, Coded, Moment, Outcome, ReferenceRange, Report, ReportedValue, ResultItem,
    SecondExpression, Specimen, Unit,
};
use paillasse_shared::domain::result::{Comparator, Decimal};

use super::header::{self, identifier, time};
use super::xml::Xml;
use super::{body, coded, loinc, templates};
use crate::narrative::{BatteryText, BlockText, IsolateText, Note, ResultText, SubText};
use crate::tables::{self, CdaUnit};
use crate::wording;

const OBSERVATION: [(&str, &str); 2] = [("classCode", "OBS"), ("moodCode", "EVN")];
const BATTERY: [(&str, &str); 2] = [("classCode", "BATTERY"), ("moodCode", "EVN")];

/// Writes the one `entry` of a sub-chapter.
pub(super) fn write(x: &mut Xml, r: &Report, sub: &SubText<'_>, code: &Coded) {
    x.nest("entry", &[("typeCode", "DRIV")], |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.1", "1.2.250.1.213.1.1.3.21"]);
        x.nest("act", &[("classCode", "ACT"), ("moodCode", "EVN")], |x| {
            if code.system == super::OID_LOINC {
                coded(x, "code", code);
            } else {
                x.nest("code", &[], |x| coded(x, "translation", code));
            }
            x.empty("statusCode", &[("code", status(items(sub).map(|i| &i.outcome)))]);
            subcontractor(x, sub);
            validator(x, r, sub);
            for number in &sub.source.specimens {
                if let Some(s) = r.specimens.iter().find(|s| s.id.extension == *number) {
                    component(x, |x| sampling(x, s));
                }
            }
            sub.blocks.iter().for_each(|block| match block {
                BlockText::Result(row) => both(row, |which| component(x, |x| observation(x, row, which))),
                BlockText::Battery(b) => component(x, |x| battery(x, b)),
                BlockText::Isolate(i) => component(x, |x| isolate(x, i)),
                BlockText::Image { source, id } => component(x, |x| body::image(x, id, source)),
            });
            for note in &sub.notes {
                x.nest("entryRelationship", &[("typeCode", "SUBJ")], |x| comment(x, note));
            }
        });
    });
}

fn component(x: &mut Xml, content: impl FnOnce(&mut Xml)) {
    x.nest("entryRelationship", &[("typeCode", "COMP")], content);
}

fn items<'a>(sub: &'a SubText<'_>) -> impl Iterator<Item = &'a ResultItem> {
    sub.blocks.iter().flat_map(|block| -> Box<dyn Iterator<Item = &ResultItem>> {
        match block {
            BlockText::Result(row) => Box::new(std::iter::once(row.source)),
            BlockText::Battery(b) => Box::new(b.source.results.iter()),
            BlockText::Isolate(i) => {
                let tests = i.source.antibiograms.iter().flat_map(|b| b.results.iter());
                Box::new(i.source.results.iter().chain(tests))
            }
            BlockText::Image { .. } => Box::new(std::iter::empty()),
        }
    })
}

/// `active` while something is awaited, `aborted` when nothing was done, else `completed`.
fn status<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> &'static str {
    let (mut any, mut done) = (false, false);
    for outcome in outcomes {
        any = true;
        match outcome {
            Outcome::Pending => return "active",
            Outcome::Done(_) => done = true,
            Outcome::NotDone(_) => {}
        }
    }
    if any && !done { "aborted" } else { "completed" }
}

fn subcontractor(x: &mut Xml, sub: &SubText<'_>) {
    let Some(other) = &sub.source.subcontractor else { return };
    x.nest("performer", &[("typeCode", "PRF")], |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.7", "1.2.250.1.213.1.1.3.23"]);
        x.nest("time", &[], |x| time(x, "high", other.at));
        x.nest("assignedEntity", &[], |x| {
            let p = &other.professional;
            if let Some(id) = &p.national_id {
                x.empty("id", &[("root", paillasse_shared::domain::report::OID_PERSONS), ("extension", id)]);
            }
            if let Some(c) = p.profession.as_deref().and_then(|c| tables::profession(c).map(|t| (c, t))) {
                x.empty("code", &[("code", c.0), ("displayName", c.1.label), ("codeSystem", c.1.system)]);
            }
            header::address(x, p.address.as_ref().or(other.organization.address.as_ref()));
            header::telecoms(
                x,
                if p.telecoms.is_empty() { &other.organization.telecoms } else { &p.telecoms },
            );
            x.nest("assignedPerson", &[], |x| header::name(x, p));
            x.nest("representedOrganization", &[], |x| header::organization(x, &other.organization, true));
        });
    });
}

fn validator(x: &mut Xml, r: &Report, sub: &SubText<'_>) {
    let Some(v) = &sub.source.validation else { return };
    x.nest("participant", &[("typeCode", "AUTHEN")], |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.3.1.5", "1.2.250.1.213.1.1.3.109"]);
        x.nest("time", &[], |x| time(x, "high", v.at));
        x.nest("participantRole", &[], |x| {
            if let Some(id) = &v.biologist.national_id {
                x.empty("id", &[("root", paillasse_shared::domain::report::OID_PERSONS), ("extension", id)]);
            }
            header::address(x, v.biologist.address.as_ref().or(Some(&r.laboratory.address)));
            let own = &v.biologist.telecoms;
            header::telecoms(x, if own.is_empty() { &r.laboratory.telecoms } else { own });
            x.nest("playingEntity", &[], |x| header::name(x, &v.biologist));
        });
    });
}

fn sampling(x: &mut Xml, s: &Specimen) {
    x.nest("procedure", &[("classCode", "PROC"), ("moodCode", "EVN")], |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.1.2", "1.2.250.1.213.1.1.3.77"]);
        match &s.act {
            Some(act) => coded(x, "code", act),
            None => loinc(x, "33882-2", "Prélèvement"),
        }
        match s.sampled_at {
            Some(at) => x.nest("effectiveTime", &[], |x| time(x, "high", at)),
            None => x.empty("effectiveTime", &[("nullFlavor", "UNK")]),
        }
        if let Some(site) = &s.site {
            coded(x, "targetSiteCode", site);
        }
        x.nest("participant", &[("typeCode", "PRD")], |x| {
            x.nest("participantRole", &[("classCode", "SPEC")], |x| {
                identifier(x, &s.id);
                x.nest("playingEntity", &[], |x| coded(x, "code", &s.kind));
            });
        });
        if let Some(at) = s.received_at {
            component(x, |x| {
                x.nest("act", &[("classCode", "ACT"), ("moodCode", "EVN")], |x| {
                    templates(x, &["1.3.6.1.4.1.19376.1.3.1.3", "1.2.250.1.213.1.1.3.107"]);
                    // The published code system begins 1.3.5: copied as it is.
                    x.empty(
                        "code",
                        &[
                            ("code", "SPRECEIVE"),
                            ("displayName", "Date/heure de réception"),
                            ("codeSystem", "1.3.5.1.4.1.19376.1.5.3.2"),
                            ("codeSystemName", "IHEActCode"),
                        ],
                    );
                    time(x, "effectiveTime", at);
                });
            });
        }
    });
}

fn battery(x: &mut Xml, b: &BatteryText<'_>) {
    x.nest("organizer", &BATTERY, |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.1.4", "1.2.250.1.213.1.1.3.78"]);
        if let Some(code) = &b.source.code {
            analysis_code(x, code, &b.id);
        }
        x.empty("statusCode", &[("code", status(b.source.results.iter().map(|i| &i.outcome)))]);
        rows(x, &b.results);
        b.notes.iter().for_each(|note| x.nest("component", &[], |x| comment(x, note)));
    });
}

fn isolate(x: &mut Xml, i: &IsolateText<'_>) {
    x.nest("organizer", &[("classCode", "CLUSTER"), ("moodCode", "EVN")], |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.1.5", "1.2.250.1.213.1.1.3.79"]);
        let all = i.source.results.iter().chain(i.source.antibiograms.iter().flat_map(|b| b.results.iter()));
        x.empty("statusCode", &[("code", status(all.map(|item| &item.outcome)))]);
        time(x, "effectiveTime", i.source.at);
        x.nest("specimen", &[("typeCode", "SPC")], |x| {
            x.nest("specimenRole", &[("classCode", "SPEC")], |x| {
                identifier(x, &i.source.id);
                x.nest("specimenPlayingEntity", &[("classCode", "MIC")], |x| {
                    with_text(x, "code", Some(&i.source.organism), i.source.ncbi.as_ref(), &i.id);
                });
            });
        });
        rows(x, &i.results);
        i.antibiograms.iter().for_each(|b| x.nest("component", &[], |x| battery(x, b)));
        i.notes.iter().for_each(|note| x.nest("component", &[], |x| comment(x, note)));
    });
}

fn rows(x: &mut Xml, rows: &[ResultText<'_>]) {
    for row in rows {
        both(row, |which| x.nest("component", &[], |x| observation(x, row, which)));
    }
}

/// Which observation of a result line.
#[derive(Clone, Copy)]
enum Which<'a> {
    Main,
    Second(&'a SecondExpression, &'a str),
}

fn both<'a>(row: &'a ResultText<'_>, mut each: impl FnMut(Which<'a>)) {
    each(Which::Main);
    if let Some(second) = &row.second {
        each(Which::Second(second.source, &second.id));
    }
}

fn observation(x: &mut Xml, row: &ResultText<'_>, which: Which<'_>) {
    let item = row.source;
    x.nest("observation", &OBSERVATION, |x| {
        templates(x, &["1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80"]);
        let code = match which {
            Which::Main => {
                analysis_code(x, &item.code, &row.id);
                &item.code
            }
            Which::Second(second, id) => {
                analysis_code(x, &second.code, id);
                &second.code
            }
        };
        let status = match &item.outcome {
            Outcome::Done(_) => "completed",
            Outcome::Pending => "active",
            Outcome::NotDone(_) => "aborted",
        };
        x.empty("statusCode", &[("code", status)]);
        if let Some(at) = item.at {
            time(x, "effectiveTime", at);
        }
        match (which, &item.outcome) {
            (Which::Main, Outcome::Done(v)) => value(x, v, &row.result_id()),
            (Which::Second(s, _), _) => number(x, s.comparator, &s.value, Some(&s.unit)),
            _ => {}
        }
        if let (Outcome::Done(_), Some(i)) = (&item.outcome, item.interpretation) {
            interpretation(x, i.code());
        }
        method(x, row);
        if matches!(which, Which::Main) {
            row.notes.iter().for_each(|note| {
                x.nest("entryRelationship", &[("typeCode", "SUBJ")], |x| comment(x, note));
            });
            for (p, text) in item.previous.iter().zip(&row.previous) {
                x.nest("entryRelationship", &[("typeCode", "REFR")], |x| {
                    previous(x, code, &row.id, &p.value, &text.id, p.at, p.interpretation.map(|i| i.code()));
                });
            }
        }
        let (range, unit) = match which {
            Which::Main if !matches!(item.outcome, Outcome::Done(_)) => (None, None),
            Which::Main => (item.reference.as_ref(), main_unit(item)),
            Which::Second(s, _) => (s.reference.as_ref(), Some(&s.unit)),
        };
        if let Some(range) = range {
            let others = match which {
                Which::Main => item.other_references.as_slice(),
                Which::Second(..) => &[],
            };
            reference(x, range, others, unit);
        }
    });
}

fn main_unit(item: &ResultItem) -> Option<&Unit> {
    match &item.outcome {
        Outcome::Done(v) => crate::wording::unit(v),
        Outcome::Pending | Outcome::NotDone(_) => None,
    }
}

fn previous(
    x: &mut Xml,
    code: &AnalysisCode,
    label_id: &str,
    v: &ReportedValue,
    value_id: &str,
    at: Moment,
    flag: Option<&str>,
) {
    x.nest("observation", &OBSERVATION, |x| {
        analysis_code(x, code, label_id);
        x.empty("statusCode", &[("code", "completed")]);
        time(x, "effectiveTime", at);
        value(x, v, value_id);
        if let Some(flag) = flag {
            interpretation(x, flag);
        }
    });
}

/// LOINC with an optional local translation, or an empty code with the waiting or local code as translation.
fn analysis_code(x: &mut Xml, code: &AnalysisCode, label_id: &str) {
    with_text(x, "code", code.loinc.as_ref(), code.local.as_ref(), label_id);
}

fn with_text(x: &mut Xml, element: &str, main: Option<&Coded>, translation: Option<&Coded>, id: &str) {
    let mut attributes: Vec<(&str, &str)> = Vec::with_capacity(4);
    if let Some(c) = main {
        attributes.extend([("code", c.code.as_str()), ("displayName", &c.label), ("codeSystem", &c.system)]);
        if let Some(name) = &c.system_name {
            attributes.push(("codeSystemName", name));
        }
    }
    x.nest(element, &attributes, |x| {
        original_text(x, id);
        if let Some(c) = translation {
            coded(x, "translation", c);
        }
    });
}

fn original_text(x: &mut Xml, id: &str) {
    x.nest("originalText", &[], |x| x.empty("reference", &[("value", &format!("#{id}"))]));
}

fn value(x: &mut Xml, v: &ReportedValue, text_id: &str) {
    match v {
        ReportedValue::Numeric { comparator, value, unit } => number(x, *comparator, value, unit.as_ref()),
        ReportedValue::Interval { low, high, unit } => x.nest("value", &[("xsi:type", "IVL_PQ")], |x| {
            bound(x, "low", low, unit.as_ref(), true);
            bound(x, "high", high, unit.as_ref(), true);
        }),
        ReportedValue::Titre { numerator, denominator } => x.nest("value", &[("xsi:type", "RTO")], |x| {
            x.empty("numerator", &[("xsi:type", "REAL"), ("value", numerator.as_str())]);
            x.empty("denominator", &[("xsi:type", "REAL"), ("value", denominator.as_str())]);
        }),
        ReportedValue::Coded { code, .. } => {
            let name = code.system_name.as_deref();
            let mut attributes = vec![
                ("xsi:type", "CD"),
                ("code", code.code.as_str()),
                ("displayName", &code.label),
                ("codeSystem", &code.system),
            ];
            attributes.extend(name.map(|n| ("codeSystemName", n)));
            x.nest("value", &attributes, |x| original_text(x, text_id));
        }
        ReportedValue::Text(_) => x.nest("value", &[("xsi:type", "CD")], |x| original_text(x, text_id)),
    }
}

fn number(x: &mut Xml, comparator: Option<Comparator>, value: &Decimal, unit: Option<&Unit>) {
    let (element, inclusive) = match comparator {
        None => {
            return match ucum(unit) {
                Some(u) => x.empty("value", &[("xsi:type", "PQ"), ("value", value.as_str()), ("unit", &u)]),
                None => x.empty("value", &[("xsi:type", "REAL"), ("value", value.as_str())]),
            };
        }
        Some(Comparator::Less) => ("high", false),
        Some(Comparator::AtMost) => ("high", true),
        Some(Comparator::More) => ("low", false),
        Some(Comparator::AtLeast) => ("low", true),
    };
    x.nest("value", &[("xsi:type", "IVL_PQ")], |x| bound(x, element, value, unit, inclusive));
}

fn bound(x: &mut Xml, element: &str, value: &Decimal, unit: Option<&Unit>, inclusive: bool) {
    let unit = ucum(unit);
    let mut attributes = vec![("value", value.as_str())];
    attributes.extend(unit.as_deref().map(|u| ("unit", u)));
    attributes.push(("inclusive", if inclusive { "true" } else { "false" }));
    x.empty(element, &attributes);
}

/// The unit to write; membership in the closed list was checked before writing.
fn ucum(unit: Option<&Unit>) -> Option<String> {
    match tables::cda_unit(&unit?.ucum)? {
        CdaUnit::Unit(u) => Some(u),
        CdaUnit::None => None,
    }
}

fn interpretation(x: &mut Xml, code: &str) {
    if let Some(concept) = tables::interpretation(code) {
        x.empty(
            "interpretationCode",
            &[("code", code), ("displayName", concept.label), ("codeSystem", concept.system)],
        );
    }
}

fn method(x: &mut Xml, row: &ResultText<'_>) {
    if row.method.is_some() {
        with_text(x, "methodCode", row.source.technique.as_ref(), None, &row.method_id());
    }
}

/// The one range the volet allows; the others, and the condition of the first, are its text.
fn reference(x: &mut Xml, range: &ReferenceRange, others: &[ReferenceRange], unit: Option<&Unit>) {
    x.nest("referenceRange", &[("typeCode", "REFV")], |x| {
        x.nest("observationRange", &[("classCode", "OBS"), ("moodCode", "EVN.CRT")], |x| {
            let own = range.text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
            let words: Vec<String> = own.into_iter().chain(others.iter().map(wording::reference)).collect();
            if !words.is_empty() {
                x.leaf("text", &[], &words.join(" ; "));
            }
            if range.low.is_some() || range.high.is_some() {
                x.nest("value", &[("xsi:type", "IVL_PQ")], |x| {
                    range.low.iter().for_each(|low| bound(x, "low", low, unit, !range.low_excluded));
                    range.high.iter().for_each(|high| bound(x, "high", high, unit, !range.high_excluded));
                });
            }
            interpretation(x, "N");
        });
    });
}

fn comment(x: &mut Xml, note: &Note) {
    x.nest("act", &[("classCode", "ACT"), ("moodCode", "EVN")], |x| {
        templates(
            x,
            &["2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "1.2.250.1.213.1.1.3.32"],
        );
        loinc(x, "48767-8", "Commentaire");
        x.nest("text", &[], |x| x.empty("reference", &[("value", &format!("#{}", note.id))]));
        x.empty("statusCode", &[("code", "completed")]);
    });
}
