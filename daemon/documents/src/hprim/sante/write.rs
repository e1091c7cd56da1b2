//! One report as an HPRIM Santé 2.4 file. Field numbers are those of the recommendation; field 1 is the name.

use paillasse_shared::domain::report::{
    AnalysisCode, Coded, Interpretation, Moment, OID_LOINC, Outcome, PreviousResult, Professional,
    ReferenceRange, Report, ReportStatus, ReportedValue, ResultItem, Unit,
};
use paillasse_shared::domain::result::{Comparator, Decimal};

use crate::error::DocumentError;
use crate::hprim::latin1;
use crate::hprim::segment::Writer;
use crate::narrative::{BatteryText, BlockText, Narrative, ResultText, SubText};
use crate::{DOCUMENT_TITLE, check, text, wording};

/// One end of the exchange.
#[derive(Debug, Clone)]
pub struct Party {
    /// Code agreed with the other side.
    pub code: String,
    /// Name.
    pub name: String,
}

/// What the two sides agreed on.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// Name of the file without its folder: eight characters A-Z 0-9 and `.HPR`, counted by sender.
    pub file: &'a str,
    /// The laboratory as the receiver knows it.
    pub sender: Party,
    /// The receiver.
    pub receiver: Party,
    /// Number of the patient at the requester, when there is one.
    pub requester_patient: Option<&'a str>,
    /// Also send the whole report as text (`CREDITABLE`).
    pub readable_text: bool,
    /// Also send the PDF of the report (`CRMPDF`).
    pub pdf: Option<&'a [u8]>,
}

/// Largest content of OBX.4's first part.
const CODE: usize = 22;
/// Largest label in OBX.4.
const LABEL: usize = 60;
/// Largest sample and request number of OBR.3 and OBR.4.
const NUMBER: usize = 16;

/// Rank of the first comment on the whole report, of the report as text and of its PDF: past the results of any OBR.
const GENERAL: usize = 9001;
const READABLE: usize = 9801;

/// Writes the file, ISO 8859-1, CR LF, at most 220 characters a line.
///
/// # Errors
/// [`DocumentError`] naming the first value of the report that no document accepts, or a file name against the rule.
pub fn write(report: &Report, settings: &Settings<'_>) -> Result<Vec<u8>, DocumentError> {
    check::report(report)?;
    let stem = settings.file.strip_suffix(".HPR").unwrap_or_default();
    if stem.len() != 8 || !stem.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Err(DocumentError::invalid(
            "nom du fichier HPRIM",
            "attendu : huit lettres capitales ou chiffres, puis .HPR",
        ));
    }
    let mut w = Writer::new();
    header(&mut w, report, settings);
    patient(&mut w, report, settings);
    let narrative = Narrative::of(report);
    let mut rank = 0;
    for (c, chapter) in narrative.chapters.iter().enumerate() {
        for sub in &chapter.subs {
            rank += 1;
            let title = sub.title.as_deref().unwrap_or(&chapter.title);
            let code = sub.source.code.as_ref().unwrap_or(&chapter.source.code);
            request(&mut w, report, sub, rank, code, title);
            let place = Place { sector: &chapter.source.code, sector_rank: c + 1 };
            results(&mut w, sub, &place);
        }
    }
    whole(&mut w, report, settings, &narrative);
    let lines = w.lines + 1;
    w.segment(&["L".into(), "1".into(), String::new(), "1".into(), lines.to_string()]);
    Ok(w.finish())
}

fn header(w: &mut Writer, r: &Report, s: &Settings<'_>) {
    let d = w.d;
    let party = |p: &Party| format!("{}{}{}", d.word(&p.code), d.sub, d.word(&p.name));
    let phone = r.laboratory.telecoms.first().map(|t| d.word(&t.value)).unwrap_or_default();
    let mut f = fields(14);
    set(&mut f, 1, "H".into());
    // The delimiters stand right after the H: the first of them is the separator itself.
    set(&mut f, 2, [d.sub, d.repetition, d.escape, d.subsub].iter().collect());
    set(&mut f, 3, s.file.to_owned());
    set(&mut f, 5, party(&s.sender));
    set(&mut f, 7, "ORU".into());
    set(&mut f, 8, phone);
    set(&mut f, 10, party(&s.receiver));
    set(&mut f, 12, if r.training { "T" } else { "P" }.into());
    set(&mut f, 13, format!("H2.4{}C", d.sub));
    set(&mut f, 14, minute(r.created_at));
    w.segment(&f);
}

fn patient(w: &mut Writer, r: &Report, s: &Settings<'_>) {
    let d = w.d;
    let (t, used) = (&r.patient.traits, &r.patient.used);
    let name = used.name.as_ref().unwrap_or(&t.birth_name).as_str();
    let given = used.first_name.as_ref().unwrap_or(&t.first_name).as_str();
    let mut f = fields(14);
    set(&mut f, 1, "P".into());
    set(&mut f, 2, "1".into());
    set(&mut f, 3, s.requester_patient.map(|id| d.word(&cut(id, NUMBER))).unwrap_or_default());
    set(&mut f, 4, d.word(&cut(&r.patient.local_id.extension, NUMBER)));
    set(&mut f, 5, r.encounter.id.as_ref().map(|id| d.word(&id.extension)).unwrap_or_default());
    set(&mut f, 6, joined(d.sub, &[d.word(name), d.word(given)]));
    set(&mut f, 7, d.word(t.birth_name.as_str()));
    set(&mut f, 8, t.birth_date.compact());
    set(&mut f, 9, if t.sex.letter() == "I" { "U".into() } else { t.sex.letter().into() });
    if let Some(a) = &r.patient.address {
        let line = |i: usize| a.lines.get(i).map(|l| d.word(l)).unwrap_or_default();
        let parts = [line(0), line(1), d.word(&a.city), String::new(), d.word(&a.postal_code)];
        set(&mut f, 11, joined(d.sub, &parts));
    }
    set(&mut f, 13, r.patient.telecoms.first().map(|t| d.word(&t.value)).unwrap_or_default());
    set(&mut f, 14, r.prescriber.as_ref().map(|p| doctor(w, &p.professional)).unwrap_or_default());
    w.segment(&f);
}

/// `code~nom&prénom~type`, with the type of the number: `R` RPPS, `A` ADELI, `L` local.
fn doctor(w: &Writer, p: &Professional) -> String {
    let d = w.d;
    let (code, kind) = match p.national_id.as_deref() {
        Some(id) if id.starts_with('8') => (id.get(1..).unwrap_or_default(), "R"),
        Some(id) if id.starts_with('0') => (id.get(1..).unwrap_or_default(), "A"),
        Some(id) => (id, "L"),
        None => ("", ""),
    };
    let name =
        joined(d.subsub, &[d.word(&p.family), p.given.as_deref().map(|g| d.word(g)).unwrap_or_default()]);
    joined(d.sub, &[d.word(code), name, kind.to_owned()])
}

fn request(w: &mut Writer, r: &Report, sub: &SubText<'_>, rank: usize, code: &Coded, title: &str) {
    let d = w.d;
    let specimens: Vec<_> = sub
        .source
        .specimens
        .iter()
        .filter_map(|n| r.specimens.iter().find(|s| s.id.extension == *n))
        .collect();
    let first = specimens.first();
    let sample = first.map(|s| d.word(&cut(&s.id.extension, NUMBER))).unwrap_or_default();
    let order = r.prescriptions.first().map(|p| d.word(&cut(&p.extension, NUMBER))).unwrap_or_default();
    let mut f = fields(33);
    set(&mut f, 1, "OBR".into());
    set(&mut f, 2, rank.to_string());
    set(&mut f, 3, joined(d.sub, &[String::new(), order]));
    set(&mut f, 4, joined(d.sub, &[sample, d.word(&cut(&r.request.extension, NUMBER))]));
    set(&mut f, 5, joined(d.sub, &[d.word(&cut(&code.code, CODE)), d.word(&cut(title, LABEL)), "L".into()]));
    set(&mut f, 6, "R".into());
    set(&mut f, 8, first.and_then(|s| s.sampled_at).map(minute).unwrap_or_default());
    set(&mut f, 15, first.and_then(|s| s.received_at).map(minute).unwrap_or_default());
    if let Some(s) = first {
        set(&mut f, 16, joined(d.subsub, &[d.word(&s.kind.code), d.word(&s.kind.label), "L".into()]));
    }
    set(&mut f, 17, r.prescriber.as_ref().map(|p| doctor(w, &p.professional)).unwrap_or_default());
    set(&mut f, 23, minute(r.service_end));
    let status = match (r.status, r.version) {
        (ReportStatus::Partial, _) => "M",
        (ReportStatus::Final, 1) => "F",
        (ReportStatus::Final, _) => "C",
    };
    set(&mut f, 26, status.into());
    let biologist = sub.source.validation.as_ref().map_or(&r.responsible, |v| &v.biologist);
    set(&mut f, 33, doctor(w, biologist));
    w.segment(&f);
    // A comment belongs to the segment before it: these speak of the whole request.
    let lines = sub.sampling.iter().chain(sub.notes.iter().map(|n| &n.text)).chain(&sub.closing);
    lines.for_each(|line| comment(w, line));
}

/// Where a result stands, for OBX.16.
struct Place<'a> {
    sector: &'a Coded,
    sector_rank: usize,
}

/// What OBX.16 adds inside a battery.
#[derive(Clone, Copy)]
struct InBattery<'a> {
    title: &'a str,
    rank: usize,
    key: &'a str,
}

fn results(w: &mut Writer, sub: &SubText<'_>, place: &Place<'_>) {
    let mut rank = Ranks::default();
    for (i, block) in sub.blocks.iter().enumerate() {
        let alone = InBattery { title: "", rank: i + 1, key: "" };
        match block {
            BlockText::Result(row) => result(w, row, place, alone, &mut rank, ""),
            BlockText::Battery(b) => battery(w, b, place, i + 1, &mut rank, ("", "")),
            BlockText::Isolate(isolate) => {
                let germ = (i + 1).to_string();
                let key = isolate.source.id.extension.as_str();
                let code = &isolate.source.organism;
                let value = joined(w.d.sub, &[w.d.word(&code.code), w.d.word(&isolate.title), "SCT".into()]);
                let mut f = line(w, rank.next(), "CE", ("GERME", "Germe"), None);
                set(&mut f, 5, germ.clone());
                set(&mut f, 6, value);
                finish(w, f, "F", Some(isolate.source.at), &order(w, place, InBattery { key, ..alone }, 1));
                isolate.notes.iter().for_each(|n| comment(w, &n.text));
                isolate.results.iter().for_each(|row| {
                    result(w, row, place, InBattery { key, ..alone }, &mut rank, &germ);
                });
                isolate
                    .antibiograms
                    .iter()
                    .for_each(|b| battery(w, b, place, i + 1, &mut rank, (&germ, key)));
            }
            BlockText::Image { source, .. } => {
                let mut f = line(w, rank.next(), "TX", ("IMAGE", &source.title), None);
                set(&mut f, 6, "Image dans le compte rendu (PDF)".into());
                finish(w, f, "F", None, &order(w, place, alone, 0));
            }
        }
    }
}

/// Counts the OBX of one OBR.
#[derive(Default)]
struct Ranks(usize);

impl Ranks {
    fn next(&mut self) -> usize {
        self.0 += 1;
        self.0
    }
}

fn battery(
    w: &mut Writer,
    b: &BatteryText<'_>,
    place: &Place<'_>,
    at: usize,
    rank: &mut Ranks,
    germ: (&str, &str),
) {
    let (sub_id, key) = germ;
    let inside = InBattery { title: &b.title, rank: at, key };
    // A title without result is a TX whose value is a single point.
    let mut f = line(w, rank.next(), "TX", (&code_of(b.source.code.as_ref(), &b.title), &b.title), None);
    set(&mut f, 5, sub_id.into());
    set(&mut f, 6, ".".into());
    finish(w, f, "F", None, &order(w, place, inside, 0));
    b.notes.iter().for_each(|n| comment(w, &n.text));
    b.results.iter().for_each(|row| result(w, row, place, inside, rank, sub_id));
}

fn code_of(code: Option<&AnalysisCode>, label: &str) -> String {
    let known = code.and_then(|c| c.local.as_ref().or(c.loinc.as_ref()));
    known.map_or_else(|| cut(label, CODE), |c| c.code.clone())
}

/// The first fields of an OBX: rank, type, test with its LOINC code in the second triplet.
fn line(w: &Writer, rank: usize, kind: &str, test: (&str, &str), loinc: Option<&Coded>) -> Vec<String> {
    let d = w.d;
    let mut f = fields(17);
    set(&mut f, 1, "OBX".into());
    set(&mut f, 2, rank.to_string());
    set(&mut f, 3, kind.into());
    let mut parts = vec![d.word(&cut(test.0, CODE)), d.word(&cut(test.1, LABEL)), "L".into()];
    if let Some(c) = loinc.filter(|c| c.system == OID_LOINC) {
        parts.extend([d.word(&c.code), d.word(&cut(test.1, LABEL)), "LN".into()]);
    }
    set(&mut f, 4, joined(d.sub, &parts));
    f
}

fn finish(w: &mut Writer, mut f: Vec<String>, status: &str, at: Option<Moment>, order: &str) {
    set(&mut f, 12, status.into());
    set(&mut f, 15, at.map(minute).unwrap_or_default());
    set(&mut f, 16, order.to_owned());
    w.segment(&f);
}

/// OBX.16: `secteur~rang~batterie~rang~rang test~clé`.
fn order(w: &Writer, place: &Place<'_>, inside: InBattery<'_>, test: usize) -> String {
    let d = w.d;
    let parts = [
        d.word(&place.sector.code),
        place.sector_rank.to_string(),
        d.word(&cut(inside.title, LABEL)),
        inside.rank.to_string(),
        test.to_string(),
        d.word(inside.key),
    ];
    joined(d.sub, &parts)
}

fn result(
    w: &mut Writer,
    row: &ResultText<'_>,
    place: &Place<'_>,
    inside: InBattery<'_>,
    rank: &mut Ranks,
    sub_id: &str,
) {
    let item = row.source;
    let number = rank.next();
    let (kind, value, unit) = match &item.outcome {
        Outcome::Done(v) => rendered(w, v),
        Outcome::Pending | Outcome::NotDone(_) => ("ST", String::new(), None),
    };
    let status = match &item.outcome {
        Outcome::Done(_) => "F",
        Outcome::Pending => "I",
        Outcome::NotDone(_) => "X",
    };
    let place_in = order(w, place, inside, number);
    let test = code_of(Some(&item.code), &row.label);
    let mut f = line(w, number, kind, (&test, &row.label), item.code.loinc.as_ref());
    set(&mut f, 5, sub_id.into());
    set(&mut f, 6, value);
    set(&mut f, 7, unit.map(|u| unit_text(w, u)).unwrap_or_default());
    let done = matches!(item.outcome, Outcome::Done(_));
    let range = item.reference.as_ref().filter(|_| done);
    set(&mut f, 8, range.map(normals).unwrap_or_default());
    set(&mut f, 9, item.interpretation.filter(|_| done).and_then(flag).unwrap_or_default().into());
    set(
        &mut f,
        11,
        if range.is_some_and(|r| r.low.is_some() || r.high.is_some()) { "N".into() } else { String::new() },
    );
    finish(w, f, status, item.at, &place_in);
    details(w, row, item);
    if let Some(second) = &row.second {
        let s = second.source;
        let (kind, value) = numeric(s.comparator, &s.value);
        let number = rank.next();
        let test = code_of(Some(&s.code), &row.label);
        let place_in = order(w, place, inside, number);
        let mut f = line(w, number, kind, (&test, &row.label), s.code.loinc.as_ref());
        set(&mut f, 5, sub_id.into());
        set(&mut f, 6, value);
        set(&mut f, 7, unit_text(w, &s.unit));
        set(&mut f, 8, s.reference.as_ref().map(normals).unwrap_or_default());
        set(&mut f, 9, item.interpretation.and_then(flag).unwrap_or_default().into());
        finish(w, f, status, item.at, &place_in);
    }
}

/// What OBX has no field for, as comments: method, words of the range, earlier results, remarks.
fn details(w: &mut Writer, row: &ResultText<'_>, item: &ResultItem) {
    if let Outcome::NotDone(Some(reason)) = &item.outcome {
        comment(w, reason);
    }
    if let Some(method) = &row.method {
        comment(w, &format!("Méthode : {method}"));
    }
    if let Some(range) = item.reference.as_ref().filter(|r| r.text.is_some() || normals(r).is_empty()) {
        comment(w, &format!("Référence : {}", wording::reference(range)));
    }
    for range in &item.other_references {
        comment(w, &format!("Référence : {}", wording::reference(range)));
    }
    if item.interpretation == Some(Interpretation::SDD) {
        comment(w, "Sensible à forte posologie");
    }
    let unit =
        |p: &PreviousResult| wording::unit(&p.value).map(|u| format!(" {}", u.display)).unwrap_or_default();
    for p in &item.previous {
        comment(
            w,
            &format!("Antériorité du {} : {}{}", p.at.french_day(), wording::value(&p.value), unit(p)),
        );
    }
    row.notes.iter().for_each(|n| comment(w, &n.text));
}

/// Type, value and unit of OBX.
fn rendered<'v>(w: &Writer, v: &'v ReportedValue) -> (&'static str, String, Option<&'v Unit>) {
    let d = w.d;
    match v {
        ReportedValue::Numeric { comparator, value, unit } => {
            let (kind, value) = numeric(*comparator, value);
            (kind, value, unit.as_ref())
        }
        ReportedValue::Interval { low, high, unit } => {
            ("ST", format!("{} - {}", low.as_str(), high.as_str()), unit.as_ref())
        }
        ReportedValue::Titre { numerator, denominator } => {
            ("ST", format!("{}/{}", numerator.as_str(), denominator.as_str()), None)
        }
        ReportedValue::Coded { code, text } => {
            let table = code.system_name.as_deref().map_or("L", |n| if n == "SNOMED CT" { "SCT" } else { n });
            ("CE", joined(d.sub, &[d.word(&code.code), d.word(text), d.word(table)]), None)
        }
        ReportedValue::Text(text) => ("TX", d.text(text.trim()), None),
    }
}

/// NM for a bare number, ST with the sign in front otherwise.
fn numeric(comparator: Option<Comparator>, value: &Decimal) -> (&'static str, String) {
    match comparator {
        None => ("NM", value.as_str().to_owned()),
        Some(sign) => ("ST", latin1::fold(&format!("{}{}", sign.sign(), value.as_str()))),
    }
}

/// The printed unit, or its UCUM form when ISO 8859-1 cannot print it (`10⁹/L`).
fn unit_text(w: &Writer, unit: &Unit) -> String {
    let shown = if latin1::is_latin1(&unit.display) { &unit.display } else { &unit.ucum };
    w.d.word(shown)
}

fn normals(range: &ReferenceRange) -> String {
    match (&range.low, &range.high) {
        (None, None) => String::new(),
        (low, high) => {
            let text = |b: &Option<Decimal>| b.as_ref().map(|v| v.as_str().to_owned()).unwrap_or_default();
            format!("{}-{}", text(low), text(high))
        }
    }
}

/// The flags HPRIM knows; others (detected, reactive…) are in the value itself.
fn flag(i: Interpretation) -> Option<&'static str> {
    use Interpretation::{A, AA, AboveLimit, B, BelowLimit, D, H, HH, HU, I, L, LL, LU, N, R, S, U, W};
    match i {
        L | LU => Some("L"),
        H | HU => Some("H"),
        LL | HH | N | A | AA | U | D | B | W | R | I | S | BelowLimit | AboveLimit => Some(i.code()),
        _ => None,
    }
}

/// The report as text, its PDF, and the comments on the report.
fn whole(w: &mut Writer, r: &Report, s: &Settings<'_>, n: &Narrative<'_>) {
    let general = n.comments.iter().map(|note| ("COMMENTAIRE", "Commentaire", &note.text));
    let mentions = n.mentions.iter().map(|(title, note)| ("MENTION", *title, &note.text));
    let notice = n.notice.iter().map(|text| ("INFORMATION", "Information du patient", text));
    for (i, (code, label, text)) in general.chain(mentions).chain(notice).enumerate() {
        let mut f = line(w, GENERAL + i, "TX", (code, label), None);
        set(&mut f, 6, w.d.text(text.trim()));
        finish(w, f, "F", Some(r.created_at), "");
    }
    if s.readable_text {
        let mut f = line(w, READABLE, "TX", ("CREDITABLE", DOCUMENT_TITLE), None);
        set(&mut f, 6, w.d.text(text::render(r).trim_end()));
        finish(w, f, "F", Some(r.created_at), "");
    }
    if let Some(pdf) = s.pdf {
        use base64::Engine as _;
        let mut f = line(w, READABLE + 1, "PDF", ("CRMPDF", DOCUMENT_TITLE), None);
        set(&mut f, 6, base64::engine::general_purpose::STANDARD.encode(pdf));
        finish(w, f, "F", Some(r.created_at), "");
    }
}

fn comment(w: &mut Writer, text: &str) {
    let text = w.d.text(text.trim());
    w.segment(&["C".into(), "1".into(), "L".into(), text]);
}

fn minute(at: Moment) -> String {
    at.local().strftime("%Y%m%d%H%M").to_string()
}

fn fields(last: usize) -> Vec<String> {
    vec![String::new(); last]
}

fn set(f: &mut [String], number: usize, value: String) {
    if let Some(place) = f.get_mut(number - 1) {
        *place = value;
    }
}

/// Parts with their separator; the empty ones at the end are left out.
fn joined(separator: char, parts: &[String]) -> String {
    let used = parts.iter().rposition(|p| !p.is_empty()).map_or(0, |last| last + 1);
    parts.get(..used).unwrap_or_default().join(&separator.to_string())
}

fn cut(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
