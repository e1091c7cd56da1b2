//! The results of a read CDA: samples, chapters, batteries, isolates, values.

use base64::Engine as _;
use paillasse_shared::domain::report::{
    AnalysisCode, Battery, Block, Chapter, Coded, Comment, Image, Interpretation, Isolate, OID_LOINC,
    Outcome, PreviousResult, ReferenceRange, ReportedValue, ResultItem, Specimen, SubChapter, Unit,
    Validation,
};
use paillasse_shared::domain::result::{Comparator, Decimal};
use serde::Deserialize as _;
use serde::de::value::{Error as Refused, StrDeserializer};

use super::people::{moment, professional, subcontractor};
use super::{Gap, identifier};
use crate::cda::reading::model::{Bound, Code, Document, Kind, Range, Section, Statement, Value};

/// Comment act.
const COMMENT: &str = "1.2.250.1.213.1.1.3.32";
/// Section codes that carry no results: comments, second intention, copy of the PDF.
const NOT_CHAPTERS: [&str; 4] = ["55112-7", "48767-8", "101792-0", "55108-5"];

/// What was taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// Samples.
    pub specimens: Vec<Specimen>,
    /// Chapters with their results.
    pub chapters: Vec<Chapter>,
    /// Comments on the whole report.
    pub comments: Vec<Comment>,
    /// Notice to the patient.
    pub notice: Option<String>,
    /// Sentence about results validated by rules.
    pub automatic_validation: Option<String>,
    /// What did not fit.
    pub gaps: Vec<Gap>,
}

/// Takes the results of a document.
#[must_use]
pub fn results(d: &Document) -> Results {
    let mut r = Results::default();
    for section in &d.sections {
        let code = section.code.as_ref().and_then(|c| c.code.as_deref()).unwrap_or_default();
        let title = section.title.clone().unwrap_or_default();
        if code == "55112-7" || code == "48767-8" {
            let text = section.narrative.as_ref().map(|n| n.plain()).unwrap_or_default();
            match title.as_str() {
                "Information du patient" => r.notice = Some(text),
                "Validation automatique" => r.automatic_validation = Some(text),
                // The number is in the header; which results it covers is a mark of the narrative alone.
                "Accréditation" => r.gaps.push(Gap::new(title, "résultats couverts par l'accréditation")),
                _ => r.comments.push(titled(&text)),
            }
        } else if !NOT_CHAPTERS.contains(&code) {
            chapter(&mut r, d, section);
        }
    }
    r
}

/// A comment whose first words before a colon are its title, as our narrative writes it.
fn titled(text: &str) -> Comment {
    const LONGEST: usize = 40;
    match text.split_once(" : ") {
        Some(("Commentaire", rest)) => Comment { title: None, text: rest.to_owned() },
        Some((title, rest)) if title.chars().count() <= LONGEST && !title.contains(['.', ',', ';']) => {
            Comment { title: Some(title.to_owned()), text: rest.to_owned() }
        }
        _ => Comment { title: None, text: text.to_owned() },
    }
}

fn chapter(r: &mut Results, d: &Document, s: &Section) {
    let place = s.title.clone().unwrap_or_else(|| "chapitre".to_owned());
    let Some(code) = s.code.as_ref().and_then(coded) else {
        r.gaps.push(Gap::new(place, "chapitre sans code"));
        return;
    };
    let mut subs = Vec::new();
    if !s.entries.is_empty() {
        let own = SubChapter { title: None, code: None, ..sub_chapter(r, d, s, &place) };
        subs.push(own);
    }
    for inner in &s.sections {
        let mut place = place.clone();
        if let Some(title) = &inner.title {
            place = format!("{place}, {title}");
        }
        subs.push(sub_chapter(r, d, inner, &place));
        if !inner.sections.is_empty() {
            r.gaps.push(Gap::new(place, "troisième niveau de chapitre"));
        }
    }
    if subs.iter().all(|x| x.blocks.is_empty()) {
        if !subs.is_empty() || s.narrative.is_some() {
            r.gaps.push(Gap::new(place, "chapitre sans résultat structuré"));
        }
        return;
    }
    let title = s.title.clone().filter(|t| *t != code.label);
    r.chapters.push(Chapter { code, title, sub_chapters: subs, comments: Vec::new() });
}

fn sub_chapter(r: &mut Results, d: &Document, s: &Section, place: &str) -> SubChapter {
    let mut sub = SubChapter {
        code: s.code.as_ref().and_then(coded),
        title: s.title.clone(),
        specimens: Vec::new(),
        blocks: Vec::new(),
        comments: Vec::new(),
        subcontractor: None,
        validation: None,
    };
    if s.entries.len() > 1 {
        r.gaps.push(Gap::new(place, "plus d'une entrée"));
    }
    let Some(act) = s.entries.first() else { return sub };
    for p in &act.parties {
        match (p.role.as_str(), p.type_code.as_deref()) {
            ("performer", _) if sub.subcontractor.is_none() => match subcontractor(p) {
                Some(other) => sub.subcontractor = Some(other),
                None => r.gaps.push(Gap::new(place, "laboratoire exécutant incomplet")),
            },
            ("participant", Some("AUTHEN")) if sub.validation.is_none() => {
                let at = p.time.as_ref().and_then(|t| t.end()).and_then(moment);
                match (professional(p), at) {
                    (Some(biologist), Some(at)) => sub.validation = Some(Validation { biologist, at }),
                    _ => r.gaps.push(Gap::new(place, "validation sans personne ou sans date")),
                }
            }
            (role, kind) => {
                let words = format!("participant {role} {}", kind.unwrap_or_default());
                r.gaps.push(Gap::new(place, words.trim()));
            }
        }
    }
    if act.time.is_some() {
        r.gaps.push(Gap::new(place, "période de l'entrée"));
    }
    for part in &act.parts {
        match part.kind {
            Kind::Procedure => sub.specimens.extend(specimen(r, part, place)),
            Kind::Battery => sub.blocks.extend(battery(r, part, place).map(Block::Battery)),
            Kind::Cluster => sub.blocks.extend(isolate(r, part, place).map(Block::Isolate)),
            Kind::Observation => sub.blocks.extend(result(r, part, place).map(Block::Result)),
            Kind::Media => sub.blocks.extend(image(r, d, part, place).map(Block::Image)),
            Kind::Act if is_comment(part) => sub.comments.extend(comment(part)),
            Kind::Act | Kind::Other => {
                r.gaps.push(Gap::new(place, "élément sans place dans un compte rendu"))
            }
        }
    }
    sub
}

fn is_comment(s: &Statement) -> bool {
    s.is(COMMENT) || s.code.as_ref().and_then(|c| c.code.as_deref()) == Some("48767-8")
}

fn comment(s: &Statement) -> Option<Comment> {
    s.text.as_deref().map(titled)
}

/// A code with system and label; null codes and codes without system are none.
fn coded(c: &Code) -> Option<Coded> {
    Some(Coded {
        code: c.code.clone()?,
        system: c.system.clone()?,
        system_name: c.system_name.clone(),
        label: c.label.clone().or_else(|| c.words().map(str::to_owned))?,
    })
}

fn specimen(r: &mut Results, s: &Statement, place: &str) -> Option<String> {
    let sample = s.specimens.first();
    let (Some(id), Some(kind)) =
        (sample.and_then(|x| x.ids.first()), sample.and_then(|x| x.code.as_ref()).and_then(coded))
    else {
        r.gaps.push(Gap::new(place, "prélèvement sans numéro ou sans nature codée"));
        return None;
    };
    let id = identifier(id);
    let act = s.code.as_ref().filter(|c| c.code.as_deref() != Some("33882-2")).and_then(coded);
    let site = s.sites.first();
    if site.is_some_and(|c| !c.qualifiers.is_empty()) {
        r.gaps.push(Gap::new(place, "précision du site de prélèvement"));
    }
    let received =
        s.parts.iter().find(|p| p.code.as_ref().and_then(|c| c.code.as_deref()) == Some("SPRECEIVE"));
    let time = |s: &Statement| s.time.as_ref().and_then(|t| t.end()).and_then(moment);
    let number = id.extension.clone();
    if !r.specimens.iter().any(|known| known.id == id) {
        r.specimens.push(Specimen {
            id,
            kind,
            sampled_at: time(s),
            received_at: received.and_then(time),
            act,
            site: site.and_then(coded),
            sampler: s.parties.iter().find(|p| p.role == "performer").and_then(professional),
        });
    }
    Some(number)
}

fn battery(r: &mut Results, s: &Statement, place: &str) -> Option<Battery> {
    let title = s.code.as_ref().and_then(|c| c.words()).unwrap_or("Examens").to_owned();
    let place = format!("{place}, {title}");
    let mut b = Battery {
        code: s.code.as_ref().map(analysis).filter(|c| c.loinc.is_some() || c.local.is_some()),
        title,
        results: Vec::new(),
        comments: Vec::new(),
    };
    for part in &s.parts {
        match part.kind {
            Kind::Observation => b.results.extend(result(r, part, &place)),
            Kind::Act if is_comment(part) => b.comments.extend(comment(part)),
            _ => r.gaps.push(Gap::new(&place, "élément sans place dans une batterie")),
        }
    }
    if b.results.is_empty() {
        r.gaps.push(Gap::new(place, "batterie sans résultat"));
        return None;
    }
    Some(b)
}

fn isolate(r: &mut Results, s: &Statement, place: &str) -> Option<Isolate> {
    let germ = s.specimens.first();
    let organism = germ.and_then(|g| g.code.as_ref()).and_then(coded);
    let (Some(germ), Some(organism)) = (germ, organism) else {
        r.gaps.push(Gap::new(place, "groupe sans germe codé"));
        return None;
    };
    let place = format!("{place}, {}", organism.label);
    let Some(at) = s.time.as_ref().and_then(|t| t.end()).and_then(moment) else {
        r.gaps.push(Gap::new(place, "isolat sans date"));
        return None;
    };
    let Some(id) = germ.ids.first().map(identifier) else {
        r.gaps.push(Gap::new(place, "isolat sans numéro"));
        return None;
    };
    let ncbi = germ.code.as_ref().and_then(|c| c.translations.first()).and_then(coded);
    let mut i = Isolate {
        id,
        organism,
        ncbi,
        at,
        results: Vec::new(),
        antibiograms: Vec::new(),
        comments: Vec::new(),
    };
    for part in &s.parts {
        match part.kind {
            Kind::Observation => i.results.extend(result(r, part, &place)),
            Kind::Battery => i.antibiograms.extend(battery(r, part, &place)),
            Kind::Act if is_comment(part) => i.comments.extend(comment(part)),
            _ => r.gaps.push(Gap::new(&place, "élément sans place dans un isolat")),
        }
    }
    Some(i)
}

fn image(r: &mut Results, d: &Document, s: &Statement, place: &str) -> Option<Image> {
    let file = s.attachment.as_ref().and_then(|id| d.attachments.iter().find(|a| a.id == *id));
    let Some((file, kind)) = file.and_then(|f| Some((f, f.image_type()?))) else {
        r.gaps.push(Gap::new(place, "image illisible"));
        return None;
    };
    Some(Image {
        title: s.text.clone().unwrap_or_else(|| "Image".to_owned()),
        media_type: kind.to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(&file.bytes),
    })
}

fn analysis(c: &Code) -> AnalysisCode {
    let own = coded(c);
    let (loinc, other) = match own {
        Some(own) if own.system == OID_LOINC => (Some(own), None),
        other => (None, other),
    };
    AnalysisCode { loinc, local: other.or_else(|| c.translations.first().and_then(coded)) }
}

fn result(r: &mut Results, s: &Statement, place: &str) -> Option<ResultItem> {
    let words = s.code.as_ref().and_then(|c| c.words()).unwrap_or_default().to_owned();
    let place = format!("{place}, {words}");
    let code = s.code.as_ref().map(analysis);
    let Some(code) = code.filter(|c| c.loinc.is_some() || c.local.is_some()) else {
        r.gaps.push(Gap::new(place, "résultat sans code"));
        return None;
    };
    let mut gap = |what: &str| r.gaps.push(Gap::new(&place, what));
    if s.values.len() > 1 {
        gap("plus d'une valeur");
    }
    let outcome = match (s.status.as_deref(), s.values.first()) {
        (Some("active"), None) => Outcome::Pending,
        (Some("aborted"), _) => Outcome::NotDone(None),
        (_, value) => match value.and_then(|v| reported(v, &mut gap)) {
            Some(value) => Outcome::Done(value),
            None => {
                gap("résultat sans valeur");
                Outcome::Pending
            }
        },
    };
    let interpretation = s.interpretations.first().and_then(|i| flag(i, &mut gap));
    if s.interpretations.len() > 1 {
        gap("plus d'une interprétation");
    }
    if !s.specimens.is_empty() {
        gap("prélèvement propre au résultat");
    }
    if !s.parties.is_empty() {
        gap("participants propres au résultat");
    }
    if s.ranges.len() > 1 {
        gap("plus d'un intervalle de référence");
    }
    let reference = s.ranges.first().and_then(|range| reference(range, &mut gap));
    let mut previous = Vec::new();
    let mut comments = Vec::new();
    for part in &s.parts {
        match (part.kind, part.link.as_deref()) {
            (Kind::Observation, Some("REFR")) => {
                let at = part.time.as_ref().and_then(|t| t.end()).and_then(moment);
                match (part.values.first().and_then(|v| reported(v, &mut gap)), at) {
                    (Some(value), Some(at)) => previous.push(PreviousResult {
                        value,
                        at,
                        interpretation: part.interpretations.first().and_then(|i| flag(i, &mut gap)),
                    }),
                    _ => gap("antériorité sans valeur ou sans date"),
                }
            }
            (Kind::Act, _) if is_comment(part) => comments.extend(comment(part)),
            _ => gap("élément sans place dans un résultat"),
        }
    }
    let method = s.methods.first();
    if method.is_some_and(|m| coded(m).is_none() && m.text.is_none()) {
        gap("méthode sans nom ni code");
    }
    Some(ResultItem {
        label: words,
        outcome,
        at: s.time.as_ref().and_then(|t| t.end()).and_then(moment),
        interpretation,
        technique: method.and_then(coded),
        method: method.and_then(|m| m.text.clone()),
        reference,
        // Neither is told apart by the document yet.
        other_references: Vec::new(),
        accredited: false,
        previous,
        second: None,
        comments,
        code,
    })
}

fn flag(c: &Code, gap: &mut impl FnMut(&str)) -> Option<Interpretation> {
    let code = c.code.as_deref()?;
    let read = Interpretation::deserialize(StrDeserializer::<Refused>::new(code)).ok();
    if read.is_none() {
        gap(&format!("interprétation « {code} »"));
    }
    read
}

fn unit(u: Option<&str>) -> Option<Unit> {
    u.filter(|u| *u != "1").map(|u| Unit { display: u.to_owned(), ucum: u.to_owned() })
}

fn decimal(text: &str, gap: &mut impl FnMut(&str)) -> Option<Decimal> {
    let read = Decimal::parse(text);
    if read.is_none() {
        gap(&format!("nombre « {text} »"));
    }
    read
}

fn reported(v: &Value, gap: &mut impl FnMut(&str)) -> Option<ReportedValue> {
    let one_sided = |b: &Bound, inside, outside, gap: &mut dyn FnMut(&str)| {
        let comparator = Some(if b.inclusive { inside } else { outside });
        let value = Decimal::parse(&b.value);
        if value.is_none() {
            gap(&format!("nombre « {} »", b.value));
        }
        Some(ReportedValue::Numeric { comparator, value: value?, unit: unit(b.unit.as_deref()) })
    };
    match v {
        Value::Number { value, unit: u, translations } => {
            if !translations.is_empty() {
                gap("valeur traduite dans une autre unité");
            }
            Some(ReportedValue::Numeric {
                comparator: None,
                value: decimal(value, gap)?,
                unit: unit(u.as_deref()),
            })
        }
        Value::Interval { low: Some(low), high: Some(high) } => {
            if low.unit != high.unit {
                gap("bornes d'unités différentes");
            }
            Some(ReportedValue::Interval {
                low: decimal(&low.value, gap)?,
                high: decimal(&high.value, gap)?,
                unit: unit(high.unit.as_deref().or(low.unit.as_deref())),
            })
        }
        Value::Interval { low: Some(b), high: None } => {
            one_sided(b, Comparator::AtLeast, Comparator::More, gap)
        }
        Value::Interval { low: None, high: Some(b) } => {
            one_sided(b, Comparator::AtMost, Comparator::Less, gap)
        }
        Value::Interval { low: None, high: None } => None,
        Value::Ratio { numerator, denominator } => Some(ReportedValue::Titre {
            numerator: decimal(&numerator.value, gap)?,
            denominator: decimal(&denominator.value, gap)?,
        }),
        Value::Coded { code } => {
            let text = code.words()?.to_owned();
            Some(match coded(code) {
                Some(code) => ReportedValue::Coded { code, text },
                None => ReportedValue::Text(text),
            })
        }
        Value::Text { text } => Some(text.clone()).filter(|t| !t.is_empty()).map(ReportedValue::Text),
        Value::Time { time } => {
            gap("valeur qui est une date, gardée comme texte");
            time.french().map(ReportedValue::Text)
        }
        Value::Other { name, text } => {
            gap(&format!("valeur de type « {name} »"));
            Some(text.clone()).filter(|t| !t.is_empty()).map(ReportedValue::Text)
        }
        Value::Null { .. } => None,
    }
}

fn reference(range: &Range, gap: &mut impl FnMut(&str)) -> Option<ReferenceRange> {
    let mut out = ReferenceRange { text: range.text.clone(), ..ReferenceRange::default() };
    if !range.conditions.is_empty() {
        gap("condition de l'intervalle de référence");
    }
    match &range.value {
        Some(Value::Interval { low, high }) => {
            let mut take = |b: &Option<Bound>| match b {
                Some(b) => (decimal(&b.value, gap), !b.inclusive),
                None => (None, false),
            };
            (out.low, out.low_excluded) = take(low);
            (out.high, out.high_excluded) = take(high);
        }
        Some(other) => {
            gap(&format!("intervalle de référence « {} »", crate::cda::reading::words::value(other)))
        }
        None => {}
    }
    Some(out).filter(|r| r.low.is_some() || r.high.is_some() || r.text.is_some())
}
