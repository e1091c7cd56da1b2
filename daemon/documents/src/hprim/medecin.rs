//! HPRIM Médecin: twelve lines of header, the report as text, a `****LAB****` block of `TEX` and `RES` lines.
//!
//! The text of the 3.0 recommendation is a document of members; the layout is the one that independent readers agree
//! on (fact sheet A). Line 8 (numéro de sécurité sociale) stays empty: a matricule INS is no number of an insured.

use paillasse_shared::domain::report::{
    AnalysisCode, Interpretation, Outcome, ReferenceRange, Report, ReportedValue, Unit,
};
use paillasse_shared::domain::result::{Comparator, Decimal};

use super::{HprimError, MAX_BYTES, MAX_LINES, Remark, latin1};
use crate::error::DocumentError;
use crate::narrative::{Line, Narrative, ResultText};
use crate::{check, text};

/// One end of the exchange: code of at most ten characters, and label.
#[derive(Debug, Clone)]
pub struct Party {
    /// Code.
    pub code: String,
    /// Label.
    pub label: String,
}

/// One report of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The twelve lines of the header, as sent.
    pub header: [String; 12],
    /// The report as text.
    pub text: String,
    /// Results of the LAB block.
    pub results: Vec<Res>,
}

/// One `RES` line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Res {
    /// Line in the file.
    pub line: usize,
    /// Label in clear.
    pub label: String,
    /// Code.
    pub code: String,
    /// `N`, `A` or `C`.
    pub kind: String,
    /// Value, unit, low and high; twice where the sender gives a second unit.
    pub values: Vec<[String; 4]>,
    /// `L`, `H`, `LL`, `HH`, `N` or nothing.
    pub flag: String,
    /// `F`, `R`, `C`, `P` or nothing.
    pub status: String,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// Reports.
    pub entries: Vec<Entry>,
    /// What was odd.
    pub remarks: Vec<Remark>,
}

const END: &str = "****FIN****";
const END_OF_FILE: &str = "****FINFICHIER****";
const LAB: &str = "****LAB****";

/// Writes one report, ISO 8859-1, CR LF.
///
/// # Errors
/// [`DocumentError`] naming the first value of the report that no document accepts.
pub fn write(report: &Report, sender: &Party, recipient: &Party) -> Result<Vec<u8>, DocumentError> {
    check::report(report)?;
    let mut out = String::new();
    for line in header(report, sender, recipient) {
        put(&mut out, &line);
    }
    text::render(report).lines().for_each(|line| put(&mut out, line));
    put(&mut out, LAB);
    let narrative = Narrative::of(report);
    for chapter in &narrative.chapters {
        put(&mut out, &format!("TEX|{}", field(&chapter.title)));
        for sub in &chapter.subs {
            sub.title.iter().for_each(|t| put(&mut out, &format!("TEX|{}", field(t))));
            for line in sub.lines() {
                match line {
                    Line::Heading { text, .. } => put(&mut out, &format!("TEX|{}", field(text))),
                    Line::Note { note, .. } => put(&mut out, &format!("TEX|{}", field(&note.text))),
                    Line::Image { source, .. } => put(&mut out, &format!("TEX|{}", field(&source.title))),
                    Line::Result { row, .. } => result(&mut out, row),
                    Line::Second { .. } => {} // on the line of its result
                }
            }
            sub.notes.iter().for_each(|n| put(&mut out, &format!("TEX|{}", field(&n.text))));
        }
    }
    put(&mut out, END);
    put(&mut out, END_OF_FILE);
    Ok(latin1::encode(&out))
}

fn put(out: &mut String, line: &str) {
    // A line of ours that looks like a marker would cut the file there.
    if line.trim_start().starts_with("****") && ![END, END_OF_FILE, LAB].contains(&line) {
        out.push(' ');
        out.push_str(&latin1::fold(line).replace("****", "***"));
    } else {
        out.push_str(&latin1::fold(line));
    }
    out.push_str("\r\n");
}

fn header(r: &Report, sender: &Party, recipient: &Party) -> [String; 12] {
    let (t, used) = (&r.patient.traits, &r.patient.used);
    let a = r.patient.address.as_ref();
    let line = |i: usize| a.and_then(|a| a.lines.get(i)).map(|l| one_line(l, 50)).unwrap_or_default();
    let city = a.map(|a| format!("{} {}", a.postal_code, a.city).trim().to_owned()).unwrap_or_default();
    let day = |d: &str| match (d.get(..4), d.get(4..6), d.get(6..8)) {
        (Some(y), Some(m), Some(d)) => format!("{d}/{m}/{y}"),
        _ => String::new(),
    };
    let party =
        |p: &Party| format!("{:<10} {}", one_line(&p.code, 10), one_line(&p.label, 50)).trim_end().to_owned();
    [
        one_line(&r.patient.local_id.extension, 10),
        one_line(used.name.as_ref().unwrap_or(&t.birth_name).as_str(), 50),
        one_line(used.first_name.as_ref().unwrap_or(&t.first_name).as_str(), 50),
        line(0),
        line(1),
        one_line(&city, 50),
        day(&t.birth_date.compact()),
        String::new(),
        one_line(&tail(&r.request.extension, 10), 10),
        r.service_start.french_day(),
        party(sender),
        party(recipient),
    ]
}

/// The last characters: the ones that differ from one request to the next.
fn tail(text: &str, limit: usize) -> String {
    let skip = text.chars().count().saturating_sub(limit);
    text.chars().skip(skip).collect()
}

fn one_line(text: &str, limit: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(limit).collect()
}

/// A field of a RES or TEX line: one line, no separator.
fn field(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/")
}

fn result(out: &mut String, row: &ResultText<'_>) {
    let item = row.source;
    let Outcome::Done(value) = &item.outcome else {
        put(out, &format!("TEX|{} : {}", field(&row.label), field(&row.result)));
        return;
    };
    put(out, format!("TEX|  {} {} {}", field(&row.label), field(&row.result), field(&row.unit)).trim_end());
    let (kind, value, unit) = typed(value);
    let code = code(&item.code);
    let mut parts = vec![row.label.clone(), code, kind.into(), value, unit_text(unit)];
    parts.extend(bounds(item.reference.as_ref()));
    parts.push(item.interpretation.and_then(flag).unwrap_or_default().into());
    parts.push("F".into());
    if let Some(second) = &row.second {
        let s = second.source;
        parts.extend([number(s.comparator, &s.value).1, unit_text(Some(&s.unit))]);
        parts.extend(bounds(s.reference.as_ref()));
    }
    let fields: Vec<String> = parts.iter().map(|p| field(p)).collect();
    put(out, &format!("RES|{}|", fields.join("|")));
}

fn code(code: &AnalysisCode) -> String {
    code.local.as_ref().or(code.loinc.as_ref()).map(|c| c.code.clone()).unwrap_or_default()
}

fn typed(v: &ReportedValue) -> (&'static str, String, Option<&Unit>) {
    match v {
        ReportedValue::Numeric { comparator, value, unit } => {
            let (kind, text) = number(*comparator, value);
            (kind, text, unit.as_ref())
        }
        ReportedValue::Interval { low, high, unit } => {
            ("A", format!("{} - {}", low.as_str(), high.as_str()), unit.as_ref())
        }
        ReportedValue::Titre { numerator, denominator } => {
            ("A", format!("{}/{}", numerator.as_str(), denominator.as_str()), None)
        }
        ReportedValue::Coded { text, .. } | ReportedValue::Text(text) => ("A", text.clone(), None),
    }
}

fn number(comparator: Option<Comparator>, value: &Decimal) -> (&'static str, String) {
    match comparator {
        None => ("N", value.as_str().to_owned()),
        Some(sign) => ("A", format!("{}{}", sign.sign(), value.as_str())),
    }
}

fn unit_text(unit: Option<&Unit>) -> String {
    unit.map(|u| if latin1::is_latin1(&u.display) { u.display.clone() } else { u.ucum.clone() })
        .unwrap_or_default()
}

fn bounds(range: Option<&ReferenceRange>) -> [String; 2] {
    let text = |b: Option<&Decimal>| b.map(|v| v.as_str().to_owned()).unwrap_or_default();
    [text(range.and_then(|r| r.low.as_ref())), text(range.and_then(|r| r.high.as_ref()))]
}

fn flag(i: Interpretation) -> Option<&'static str> {
    match i {
        Interpretation::L | Interpretation::LU => Some("L"),
        Interpretation::H | Interpretation::HU => Some("H"),
        Interpretation::LL => Some("LL"),
        Interpretation::HH => Some("HH"),
        Interpretation::N => Some("N"),
        _ => None,
    }
}

/// Reads a file of reports.
///
/// # Errors
/// [`HprimError`]: limits, nothing in it, or a report with fewer than twelve lines of header.
pub fn read(bytes: &[u8]) -> Result<File, HprimError> {
    if bytes.len() > MAX_BYTES {
        return Err(HprimError::TooLarge(bytes.len()));
    }
    let text = latin1::decode(bytes).replace("\r\n", "\n").replace('\r', "\n");
    if text.trim().is_empty() {
        return Err(HprimError::Empty);
    }
    let mut file = File::default();
    let mut lines: Vec<(usize, &str)> = Vec::new();
    let mut ended = false;
    for (i, line) in text.split('\n').enumerate() {
        if i >= MAX_LINES {
            return Err(HprimError::TooMany { line: i, what: "lignes" });
        }
        match marker(line) {
            Some(Marker::End) => {
                let entry = entry(&lines, &mut file.remarks)?;
                file.entries.push(entry);
                lines.clear();
            }
            Some(Marker::EndOfFile) => {
                ended = true;
                break;
            }
            // A report begins at its first line of text; what stands between two reports is white.
            _ if lines.is_empty() && line.trim().is_empty() && !file.entries.is_empty() => {}
            _ => lines.push((i + 1, line)),
        }
    }
    let last = text.split('\n').count();
    if lines.iter().any(|(_, l)| !l.trim().is_empty()) {
        let rest = entry(&lines, &mut file.remarks)?;
        file.entries.push(rest);
        file.remarks.push(Remark::new(last, "compte rendu sans ****FIN****"));
    }
    if !ended {
        file.remarks.push(Remark::new(last, "fichier sans ****FINFICHIER****"));
    }
    if file.entries.is_empty() {
        return Err(HprimError::Empty);
    }
    Ok(file)
}

enum Marker {
    Lab,
    End,
    EndOfFile,
}

/// Markers with blanks around and one star too few or too many.
fn marker(line: &str) -> Option<Marker> {
    let line = line.trim();
    let stars = line.len() - line.trim_start_matches('*').len();
    match line.trim_matches('*').trim() {
        "LAB" if stars >= 3 => Some(Marker::Lab),
        "FIN" if stars >= 3 => Some(Marker::End),
        "FINFICHIER" if stars >= 3 => Some(Marker::EndOfFile),
        _ => None,
    }
}

fn entry(lines: &[(usize, &str)], remarks: &mut Vec<Remark>) -> Result<Entry, HprimError> {
    let first = lines.first().map_or(1, |(n, _)| *n);
    let mut out = Entry::default();
    for (i, slot) in out.header.iter_mut().enumerate() {
        let (_, line) = lines
            .get(i)
            .filter(|(_, l)| marker(l).is_none())
            .ok_or(HprimError::NotHprim { line: first, what: "un en-tête de douze lignes est attendu" })?;
        let line = line.trim();
        *slot = if line == "." { String::new() } else { line.to_owned() };
    }
    let mut in_lab = false;
    let mut body: Vec<&str> = Vec::new();
    for (number, line) in lines.iter().skip(12) {
        if matches!(marker(line), Some(Marker::Lab)) {
            in_lab = true;
        } else if !in_lab {
            body.push(line.trim_end());
        } else if let Some(rest) = line.trim_start().strip_prefix("RES|") {
            out.results.push(res(*number, rest));
        } else if !line.trim_start().starts_with("TEX") && !line.trim().is_empty() {
            remarks.push(Remark::new(*number, "ligne du bloc LAB qui n'est ni TEX ni RES, laissée de côté"));
        }
    }
    // A header pushed by one line shows here: a receiver must not file it under a wrong person unasked.
    let plausible = [is_day(&out.header[6]), is_day(&out.header[9]), is_city(&out.header[5])];
    if plausible.iter().filter(|ok| **ok).count() < 2 {
        remarks.push(Remark::new(
            first,
            "en-tête peu plausible (dates, code postal) : à vérifier avant tout usage",
        ));
    }
    out.text = body.join("\n");
    Ok(out)
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    parts.len() == 3
        && parts.iter().all(|p| p.len() <= 4 && !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

fn is_city(text: &str) -> bool {
    text.is_empty() || text.get(..5).is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
}

fn res(line: usize, rest: &str) -> Res {
    let f: Vec<&str> = rest.split('|').take(super::MAX_FIELDS).map(str::trim).collect();
    let at = |i: usize| f.get(i).map(|t| (*t).to_owned()).unwrap_or_default();
    let mut values = vec![[at(3), at(4), at(5), at(6)]];
    let second = [at(9), at(10), at(11), at(12)];
    if !second[0].is_empty() {
        values.push(second);
    }
    Res { line, label: at(0), code: at(1), kind: at(2), values, flag: at(7), status: at(8) }
}
