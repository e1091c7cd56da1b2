//! Layout of a report: letterhead, identity, tables ([`super::table`]), closing, then headers and footers of every
//! page.

use paillasse_shared::domain::identity::{InsNature, Sex};
use paillasse_shared::domain::report::{Report, ReportStatus, Specimen};

use super::canvas::{CONTENT, Canvas, HEIGHT, Ink, MARGIN, Op, Style, WIDTH};
use super::fonts::{Faces, Weight};
use super::table::{comment, sub_chapter};
use crate::error::DocumentError;
use crate::narrative::{Line, Narrative, accreditation};
use crate::{DOCUMENT_TITLE, datamatrix, wording};

pub(super) const BODY: Style = Style::new(9.0, Weight::Regular, Ink::Text);
pub(super) const STRONG: Style = Style::new(9.0, Weight::Bold, Ink::Text);
pub(super) const SMALL: Style = Style::new(7.6, Weight::Regular, Ink::Soft);
pub(super) const SMALL_TEXT: Style = Style::new(8.2, Weight::Regular, Ink::Text);
pub(super) const CAPTION: Style = Style::new(7.2, Weight::Bold, Ink::Soft);
pub(super) const HEADING: Style = Style::new(9.2, Weight::Bold, Ink::Accent);

/// Top of the text on pages after the first, and lowest point of the text.
pub(super) const TOP: f32 = 74.0;
pub(super) const BOTTOM: f32 = HEIGHT - 52.0;

/// Side of a module of the datamatrix, in points: 0.42 mm, over the 0.3 mm required.
const MODULE: f32 = 0.42 / 25.4 * 72.0;
/// Width of the name and address of the laboratory; the title stands at their right.
const LETTERHEAD: f32 = 262.0;
const SYMBOL_CAPTION: &str = "INS à scanner";
/// Places after which the digits of a matricule are set apart: `2 97 02 2A 020 778 78`.
const MATRICULE_GROUPS: &[usize] = &[1, 3, 5, 7, 10, 13];

/// Lays the whole report out.
pub(super) fn lay_out(report: &Report, faces: &Faces, draft: bool) -> Result<Vec<Vec<Op>>, DocumentError> {
    let narrative = Narrative::of(report);
    let mut c = Canvas::new(faces);
    letterhead(&mut c, report);
    identity(&mut c, report);
    for chapter in &narrative.chapters {
        let mut header_due = true;
        for (i, sub) in chapter.subs.iter().enumerate() {
            let title = (i == 0).then_some(chapter.title.as_str());
            sub_chapter(&mut c, title, &chapter.title, sub, &mut header_due)?;
        }
    }
    closing(&mut c, report, &narrative);
    furniture(&mut c, report, draft);
    Ok(c.pages)
}

/// Starts a new page when less than `height` is left; says whether it did.
pub(super) fn need(c: &mut Canvas<'_>, height: f32) -> bool {
    if c.y + height <= BOTTOM {
        return false;
    }
    c.pages.push(Vec::new());
    c.y = TOP;
    true
}

/// Draws wrapped lines from the pen down and moves the pen.
pub(super) fn paragraph(c: &mut Canvas<'_>, x: f32, width: f32, style: Style, text: &str) {
    for line in c.wrap(style, text, width) {
        need(c, style.leading());
        c.y += style.leading();
        let y = c.y - style.size * 0.28;
        c.text(x, y, style, &line);
    }
}

fn letterhead(c: &mut Canvas<'_>, r: &Report) {
    let lab = &r.laboratory;
    let name = Style::new(14.0, Weight::Bold, Ink::Accent);
    c.y = 34.0;
    paragraph(c, MARGIN, LETTERHEAD, name, &lab.name);
    c.y += 2.0;
    paragraph(c, MARGIN, LETTERHEAD, SMALL, &wording::address(&lab.address).join(", "));
    let reach: Vec<String> = lab.telecoms.iter().map(wording::telecom).collect();
    paragraph(c, MARGIN, LETTERHEAD, SMALL, &reach.join("  ·  "));
    let mut numbers = vec![format!("FINESS {}", lab.finess)];
    if let Some(number) = accreditation(r) {
        numbers.push(format!("Accréditation Cofrac n° {number}, portée sur www.cofrac.fr"));
    }
    paragraph(c, MARGIN, LETTERHEAD, SMALL, &numbers.join("  ·  "));
    let left_end = c.y;

    let right = WIDTH - MARGIN;
    let title = Style::new(12.5, Weight::Bold, Ink::Text);
    let mut y = 34.0 + name.leading() - 4.0;
    c.text_right(right, y, title, DOCUMENT_TITLE);
    let state = match r.status {
        ReportStatus::Final => "Compte rendu définitif",
        ReportStatus::Partial => "Compte rendu partiel : des résultats sont en cours",
    };
    y += 13.0;
    let ink = if r.status == ReportStatus::Partial { Ink::Alert } else { Ink::Text };
    c.text_right(right, y, Style::new(9.0, Weight::Bold, ink), state);
    y += 12.0;
    c.text_right(right, y, SMALL_TEXT, &format!("Dossier n° {}", r.request.extension));
    y += 10.5;
    c.text_right(right, y, SMALL_TEXT, &format!("Édité le {}", r.created_at.french()));
    if r.version > 1 {
        y += 11.0;
        let text = format!("Version {} : annule et remplace la version {}", r.version, r.version - 1);
        c.text_right(right, y, Style::new(8.6, Weight::Bold, Ink::Alert), &text);
    }
    c.y = left_end.max(y + 2.0) + 7.0;
    c.rule(MARGIN, c.y, CONTENT, 1.4, Ink::Accent);
    c.y += 9.0;
}

/// Two boxes: the patient with the INS, and the request.
fn identity(c: &mut Canvas<'_>, r: &Report) {
    const PAD: f32 = 8.0;
    const GAP: f32 = 10.0;
    let left = CONTENT * 0.565;
    let top = c.y;
    let symbol = datamatrix_of(r);
    let symbol_side = symbol.as_ref().map_or(0.0, |s| s.size() as f32 * MODULE);
    let symbol_width = symbol_side.max(c.width(CAPTION, SYMBOL_CAPTION));
    let text_width = left - 2.0 * PAD - if symbol.is_some() { symbol_width + 12.0 } else { 0.0 };

    c.y = top + PAD - 2.0;
    patient(c, r, MARGIN + PAD, text_width);
    let mut end = c.y + PAD - 2.0;
    if let Some(symbol) = symbol {
        // One module of quiet zone is asked for; the box leaves at least four.
        let middle = MARGIN + left - PAD - symbol_width / 2.0;
        c.push(Op::Symbol { x: middle - symbol_side / 2.0, y: top + PAD, module: MODULE, symbol });
        let y = top + PAD + symbol_side + 11.0;
        let width = c.width(CAPTION, SYMBOL_CAPTION);
        c.text(middle - width / 2.0, y, CAPTION, SYMBOL_CAPTION);
        end = end.max(y + PAD - 2.0);
    }
    c.y = top + PAD - 2.0;
    let x = MARGIN + left + GAP;
    let width = CONTENT - left - GAP;
    request(c, r, x + PAD, width - 2.0 * PAD);
    end = end.max(c.y + PAD - 2.0);
    c.push(Op::Frame { x: MARGIN, y: top, width: left, height: end - top });
    c.push(Op::Frame { x, y: top, width, height: end - top });
    c.y = end + 8.0;
}

fn datamatrix_of(r: &Report) -> Option<datamatrix::Symbol> {
    if !r.display.datamatrix {
        return None;
    }
    datamatrix::payload_of(r).as_deref().and_then(datamatrix::symbol)
}

fn patient(c: &mut Canvas<'_>, r: &Report, x: f32, width: f32) {
    let p = &r.patient;
    let t = &p.traits;
    let big = Style::new(11.5, Weight::Bold, Ink::Text);
    paragraph(c, x, width, CAPTION, "PATIENT");
    paragraph(c, x, width, big, &format!("{} {}", t.birth_name.as_str(), t.first_name.as_str()));
    c.y += 1.5;
    fact(c, x, width, "Nom de naissance", t.birth_name.as_str());
    fact(c, x, width, "Premier prénom", t.first_name.as_str());
    if let Some(list) = t.given_names.as_ref().filter(|l| r.display.all_given_names && **l != t.first_name) {
        fact(c, x, width, "Prénoms", list.as_str());
    }
    if r.display.used_names {
        if let Some(name) = &p.used.name {
            fact(c, x, width, "Nom utilisé", name.as_str());
        }
        if let Some(name) = &p.used.first_name {
            fact(c, x, width, "Prénom utilisé", name.as_str());
        }
    }
    let sex = match t.sex {
        Sex::F => "F (féminin)",
        Sex::M => "M (masculin)",
        Sex::I => "non connu",
    };
    fact(c, x, width, "Date de naissance", &t.birth_date.french());
    fact(c, x, width, "Sexe", sex);
    if r.display.birth_place {
        let label = p.birth_place_label.as_deref().map(str::trim).filter(|l| !l.is_empty());
        match (label, &t.birth_place) {
            (Some(label), Some(code)) => {
                fact(c, x, width, "Lieu de naissance", &format!("{label} ({})", code.as_str()))
            }
            (Some(label), None) => fact(c, x, width, "Lieu de naissance", label),
            (None, Some(code)) => fact(c, x, width, "Lieu de naissance", code.as_str()),
            (None, None) => {}
        }
    }
    if let Some(ins) = &p.ins {
        let nature = match ins.oid.nature() {
            InsNature::Nir => "NIR",
            InsNature::Nia => "NIA",
        };
        let lead = "Matricule INS : ";
        c.y += BODY.leading();
        let y = c.y - BODY.size * 0.28;
        c.text(x, y, SMALL, lead);
        let at = x + c.width(SMALL, lead);
        let number = ins.matricule.compact();
        let room = c.width(STRONG, &number) + 0.095 * STRONG.size * (MATRICULE_GROUPS.len() as f32);
        c.push(Op::Text { x: at, y, style: STRONG, text: number, gaps: MATRICULE_GROUPS });
        c.text(at + room + 3.0, y, STRONG, &format!("({nature})"));
    }
    fact(c, x, width, "N° patient", &p.local_id.extension);
}

fn request(c: &mut Canvas<'_>, r: &Report, x: f32, width: f32) {
    if let Some(p) = &r.prescriber {
        paragraph(c, x, width, CAPTION, "PRESCRIPTEUR");
        paragraph(c, x, width, STRONG, &wording::professional(&p.professional));
        if let Some(id) = p.professional.national_id.as_deref().and_then(|id| id.strip_prefix('8')) {
            fact(c, x, width, "RPPS", id);
        }
        if let Some(at) = p.prescribed_at {
            fact(c, x, width, "Prescription du", &at.french_day());
        }
        for order in &r.prescriptions {
            fact(c, x, width, "Prescription n°", &order.extension);
        }
        c.y += 4.0;
    }
    paragraph(c, x, width, CAPTION, "DEMANDE");
    if r.prescriber.is_none() {
        for order in &r.prescriptions {
            fact(c, x, width, "N° du demandeur", &order.extension);
        }
    }
    // Only the samples that results were made from: the others are in no other form of the report.
    let used = |s: &&Specimen| {
        r.chapters.iter().flat_map(|c| &c.sub_chapters).any(|sub| sub.specimens.contains(&s.id.extension))
    };
    let sampled = r.specimens.iter().filter(used).filter_map(|s| s.sampled_at).min_by_key(|at| at.local());
    if let Some(at) = sampled {
        fact(c, x, width, "Prélevé le", &at.french());
    }
    if let Some(sampler) = &r.sampler {
        fact(c, x, width, "Préleveur", &wording::professional(sampler));
    }
    fact(c, x, width, "Reçu le", &r.service_start.french());
    fact(c, x, width, "Résultats rendus le", &r.service_end.french());
    if let Some(stay) = &r.encounter.id {
        fact(c, x, width, "Venue n°", &stay.extension);
    }
    if !r.recipients.is_empty() {
        c.y += 4.0;
        paragraph(c, x, width, CAPTION, "DESTINATAIRES");
        for recipient in &r.recipients {
            paragraph(c, x, width, SMALL_TEXT, &wording::recipient(recipient));
        }
    }
}

/// `Label : value` on one line, or two when it does not fit.
fn fact(c: &mut Canvas<'_>, x: f32, width: f32, label: &str, value: &str) {
    let lead = format!("{label} : ");
    let indent = c.width(SMALL, &lead);
    let lines = c.wrap(SMALL_TEXT, value, (width - indent).max(40.0));
    let lines = if lines.is_empty() { vec![String::new()] } else { lines };
    for (i, line) in lines.iter().enumerate() {
        c.y += 11.2;
        let y = c.y - 2.6;
        if i == 0 {
            c.text(x, y, SMALL, &lead);
        }
        c.text(x + indent, y, SMALL_TEXT, line);
    }
}

fn closing(c: &mut Canvas<'_>, r: &Report, n: &Narrative<'_>) {
    for note in &n.comments {
        comment(c, note, MARGIN);
    }
    need(c, 46.0);
    c.y += 6.0;
    let done = format!("Biologiste responsable : {}", wording::professional(&r.responsible));
    paragraph(c, MARGIN, CONTENT, STRONG, &done);
    paragraph(c, MARGIN, CONTENT, SMALL, &format!("Compte rendu signé le {}", r.signed_at.french()));
    if let Some(attached) = &r.second_intention {
        paragraph(c, MARGIN, CONTENT, SMALL_TEXT, &format!("Document joint : {}", attached.title));
    }
    let legend = legend(n);
    if !legend.is_empty() {
        paragraph(c, MARGIN, CONTENT, SMALL, &legend);
    }
    for (_, mention) in &n.mentions {
        paragraph(c, MARGIN, CONTENT, SMALL, &mention.text);
    }
    if let Some(notice) = &n.notice {
        c.y += 4.0;
        need(c, 20.0);
        c.rule(MARGIN, c.y, CONTENT, 0.4, Ink::Hairline);
        c.y += 2.0;
        paragraph(c, MARGIN, CONTENT, Style::new(7.0, Weight::Regular, Ink::Soft), notice);
    }
}

/// Explains the signs that were printed, and only those.
fn legend(n: &Narrative<'_>) -> String {
    const MEANINGS: [(&str, &str); 11] = [
        ("H", "au-dessus des valeurs de référence"),
        ("B", "au-dessous des valeurs de référence"),
        ("HH", "très au-dessus, alerte"),
        ("BB", "très au-dessous, alerte"),
        ("*", "anormal"),
        ("**", "très anormal, alerte"),
        ("S", "sensible"),
        ("SFD", "sensible à forte posologie"),
        ("I", "intermédiaire"),
        ("R", "résistant"),
        ("NS", "non sensible"),
    ];
    let mut used: Vec<&str> = Vec::new();
    for sub in n.chapters.iter().flat_map(|chapter| &chapter.subs) {
        used.extend(sub.lines().iter().filter_map(|line| match line {
            Line::Result { row, .. } => Some(row.sign),
            _ => None,
        }));
    }
    let explained = MEANINGS.iter().filter(|(sign, _)| used.contains(sign));
    explained.map(|(sign, meaning)| format!("{sign} : {meaning}")).collect::<Vec<_>>().join("  ·  ")
}

/// What every page carries: running header from the second on, footer with the page number, mark of training or of a
/// draft.
fn furniture(c: &mut Canvas<'_>, r: &Report, draft: bool) {
    let mark = match (r.training, draft) {
        (true, _) => Some(("ÉCOLE", crate::cda::stylesheet::TRAINING)),
        (false, true) => Some(("APERÇU", wording::DRAFT)),
        (false, false) => None,
    };
    let count = c.pages.len();
    let t = &r.patient.traits;
    let born = if t.sex == Sex::F { "née le" } else { "né le" };
    let who = format!("{} {}", t.birth_name.as_str(), t.first_name.as_str());
    let details = format!("{born} {}, sexe {}", t.birth_date.french(), t.sex.letter());
    let foot = format!(
        "{}  ·  Dossier n° {}  ·  version {} du {}",
        r.laboratory.name,
        r.request.extension,
        r.version,
        r.created_at.french()
    );
    let mut pages = std::mem::take(&mut c.pages);
    for (i, page) in pages.iter_mut().enumerate() {
        c.pages = vec![Vec::new()];
        if let Some((text, _)) = mark {
            c.push(Op::Watermark { text });
        }
        if i > 0 {
            c.text(MARGIN, 42.0, Style::new(9.0, Weight::Bold, Ink::Accent), &r.laboratory.name);
            c.text_right(WIDTH - MARGIN, 42.0, SMALL_TEXT, &format!("Dossier n° {}", r.request.extension));
            c.text(MARGIN, 56.0, STRONG, &who);
            let at = MARGIN + c.width(STRONG, &who) + 6.0;
            c.text(at, 56.0, SMALL_TEXT, &details);
            c.rule(MARGIN, 62.0, CONTENT, 1.0, Ink::Accent);
        }
        let mut ops = c.pages.pop().unwrap_or_default();
        ops.append(page);
        c.pages.push(ops);
        c.rule(MARGIN, HEIGHT - 40.0, CONTENT, 0.4, Ink::Hairline);
        c.text(MARGIN, HEIGHT - 29.0, SMALL, &foot);
        c.text_right(WIDTH - MARGIN, HEIGHT - 29.0, SMALL, &format!("Page {}/{count}", i + 1));
        if let Some((_, text)) = mark {
            let style = Style::new(8.0, Weight::Bold, Ink::Alert);
            let text = if draft { wording::DRAFT } else { text };
            let width = c.width(style, text);
            c.text((WIDTH - width) / 2.0, HEIGHT - 18.0, style, text);
        }
        *page = c.pages.pop().unwrap_or_default();
    }
    c.pages = pages;
}
