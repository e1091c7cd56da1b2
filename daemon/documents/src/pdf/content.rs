//! Layout of a report: letterhead, identity, chapters as tables, closing, then headers and footers of every page.

use base64::Engine as _;
use paillasse_shared::domain::identity::{InsNature, Sex};
use paillasse_shared::domain::report::{Image, Recipient, Report, ReportStatus};

use super::canvas::{CONTENT, Canvas, HEIGHT, Ink, MARGIN, Op, Style, WIDTH};
use super::fonts::{Faces, Weight};
use crate::error::DocumentError;
use crate::narrative::{Line, Narrative, Note, ResultText, SubText};
use crate::{DOCUMENT_TITLE, datamatrix, wording};

const BODY: Style = Style::new(9.0, Weight::Regular, Ink::Text);
const STRONG: Style = Style::new(9.0, Weight::Bold, Ink::Text);
const ABNORMAL: Style = Style::new(9.0, Weight::Bold, Ink::Alert);
const SMALL: Style = Style::new(7.6, Weight::Regular, Ink::Soft);
const SMALL_TEXT: Style = Style::new(8.2, Weight::Regular, Ink::Text);
const CAPTION: Style = Style::new(7.2, Weight::Bold, Ink::Soft);
const CHAPTER: Style = Style::new(10.5, Weight::Bold, Ink::Accent);
const HEADING: Style = Style::new(9.2, Weight::Bold, Ink::Accent);

/// Top of the text on pages after the first, and lowest point of the text.
const TOP: f32 = 74.0;
const BOTTOM: f32 = HEIGHT - 52.0;

/// Columns of the result table: left edge and width.
const LABEL: (f32, f32) = (MARGIN, 172.0);
const RESULT: (f32, f32) = (MARGIN + 178.0, 80.0);
const UNIT: (f32, f32) = (MARGIN + 264.0, 68.0);
const RANGE: (f32, f32) = (MARGIN + 340.0, 86.0);
const BEFORE: (f32, f32) = (MARGIN + 432.0, CONTENT - 432.0);

/// Side of a module of the datamatrix, in points: 0.42 mm, over the 0.3 mm required.
const MODULE: f32 = 0.42 / 25.4 * 72.0;
const SYMBOL_CAPTION: &str = "INS à scanner";
/// A result of more characters than this is set in ordinary weight.
const LONG_TEXT: usize = 60;
/// Places after which the digits of a matricule are set apart: `2 97 02 2A 020 778 78`.
const MATRICULE_GROUPS: &[usize] = &[1, 3, 5, 7, 10, 13];

/// Lays the whole report out.
pub(super) fn lay_out(report: &Report, faces: &Faces) -> Result<Vec<Vec<Op>>, DocumentError> {
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
    furniture(&mut c, report);
    Ok(c.pages)
}

/// Starts a new page when less than `height` is left; says whether it did.
fn need(c: &mut Canvas<'_>, height: f32) -> bool {
    if c.y + height <= BOTTOM {
        return false;
    }
    c.pages.push(Vec::new());
    c.y = TOP;
    true
}

/// Draws wrapped lines from the pen down and moves the pen.
fn paragraph(c: &mut Canvas<'_>, x: f32, width: f32, style: Style, text: &str) {
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
    paragraph(c, MARGIN, 280.0, name, &lab.name);
    c.y += 2.0;
    paragraph(c, MARGIN, 280.0, SMALL, &wording::address(&lab.address).join(", "));
    let reach: Vec<String> = lab.telecoms.iter().map(wording::telecom).collect();
    paragraph(c, MARGIN, 280.0, SMALL, &reach.join("  ·  "));
    let mut numbers = vec![format!("FINESS {}", lab.finess)];
    if let Some(cofrac) = lab.cofrac.as_deref().filter(|n| !n.trim().is_empty()) {
        numbers.push(format!("Accréditation Cofrac n° {cofrac}"));
    }
    paragraph(c, MARGIN, 280.0, SMALL, &numbers.join("  ·  "));
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
    let sampled = r.specimens.iter().filter_map(|s| s.sampled_at).min_by_key(|at| at.local());
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
            paragraph(c, x, width, SMALL_TEXT, &recipient_text(recipient));
        }
    }
}

fn recipient_text(recipient: &Recipient) -> String {
    let person = recipient.person.as_ref().map(wording::professional);
    let organization = recipient.organization.as_ref().map(|o| o.name.clone());
    [person, organization].into_iter().flatten().collect::<Vec<_>>().join(", ")
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

fn sub_chapter(
    c: &mut Canvas<'_>,
    chapter: Option<&str>,
    continued: &str,
    sub: &SubText<'_>,
    header_due: &mut bool,
) -> Result<(), DocumentError> {
    let lines = sub.lines();
    // A title never stays alone at the foot of a page.
    let first = lines.first().map_or(0.0, |l| height_of(c, l)).min(200.0);
    let titles = if chapter.is_some() { 26.0 } else { 0.0 } + if sub.title.is_some() { 16.0 } else { 0.0 };
    let sampling: usize = sub.sampling.iter().map(|s| c.wrap(SMALL, s, CONTENT).len()).sum();
    *header_due |= need(c, titles + sampling as f32 * SMALL.leading() + 16.0 + first + 14.0);
    if let Some(title) = chapter {
        c.y += 5.0;
        c.push(Op::Rect { x: MARGIN, y: c.y, width: CONTENT, height: 17.0, ink: Ink::Tint });
        c.push(Op::Rect { x: MARGIN, y: c.y, width: 3.0, height: 17.0, ink: Ink::Accent });
        c.text(MARGIN + 10.0, c.y + 12.2, CHAPTER, &title.to_uppercase());
        c.y += 20.0;
    }
    if let Some(title) = &sub.title {
        c.y += 3.0;
        paragraph(c, MARGIN, CONTENT, HEADING, title);
    }
    for line in &sub.sampling {
        paragraph(c, MARGIN, CONTENT, SMALL, line);
    }
    if std::mem::take(header_due) {
        table_header(c);
    } else {
        c.y += 3.0;
        c.rule(MARGIN, c.y, CONTENT, 0.4, Ink::Hairline);
    }
    let mut ruled = false;
    for (i, line) in lines.iter().enumerate() {
        // A heading keeps its first row; a result keeps its second expression.
        let mut wanted = height_of(c, line);
        if matches!(line, Line::Heading { .. }) || matches!(lines.get(i + 1), Some(Line::Second { .. })) {
            wanted += lines.get(i + 1).map_or(0.0, |next| height_of(c, next));
        }
        if need(c, wanted.min(BOTTOM - TOP - 30.0)) {
            let title = sub.title.as_deref().unwrap_or(continued);
            paragraph(c, MARGIN, CONTENT, HEADING, &format!("{title} (suite)"));
            table_header(c);
            ruled = false;
        }
        // The hairline stands above a row, so that comments and second expressions stay with their result.
        if ruled && matches!(line, Line::Heading { .. } | Line::Result { .. } | Line::Image { .. }) {
            c.rule(MARGIN, c.y, CONTENT, 0.4, Ink::Hairline);
        }
        ruled = !matches!(line, Line::Heading { .. });
        draw_line(c, line)?;
    }
    c.rule(MARGIN, c.y, CONTENT, 0.4, Ink::Hairline);
    for note in &sub.notes {
        comment(c, note, MARGIN);
    }
    for line in &sub.closing {
        for piece in c.wrap(SMALL, line, CONTENT) {
            need(c, SMALL.leading());
            c.y += SMALL.leading();
            c.text_right(WIDTH - MARGIN, c.y - 2.0, SMALL, &piece);
        }
    }
    c.y += 4.0;
    Ok(())
}

fn table_header(c: &mut Canvas<'_>) {
    c.y += 12.0;
    let titles = [
        (LABEL, "Analyse"),
        (RESULT, "Résultat"),
        (UNIT, "Unité"),
        (RANGE, "Valeurs de référence"),
        (BEFORE, "Antériorités"),
    ];
    for (column, title) in titles {
        c.text(column.0, c.y - 3.0, CAPTION, title);
    }
    c.rule(MARGIN, c.y, CONTENT, 0.8, Ink::Accent);
}

/// A row broken into the lines of its cells.
struct Cells {
    label: Vec<String>,
    method: Vec<String>,
    result: Vec<String>,
    unit: Vec<String>,
    range: Vec<String>,
    before: Vec<(String, bool)>,
    style: Style,
}

impl Cells {
    fn height(&self) -> f32 {
        let left = self.label.len() as f32 * BODY.leading() + self.method.len() as f32 * SMALL.leading();
        let rest = self.result.len().max(self.unit.len()) as f32 * BODY.leading();
        let small = self.range.len().max(self.before.len()) as f32 * SMALL_TEXT.leading();
        left.max(rest).max(small) + 4.5
    }
}

fn indent(level: u8) -> f32 {
    f32::from(level) * 9.0
}

fn cells(c: &Canvas<'_>, row: &ResultText<'_>, level: u8) -> Cells {
    // A sentence in bold tires the eye; a value deserves it.
    let style = match (row.abnormal, row.result.chars().count() > LONG_TEXT) {
        (true, _) => ABNORMAL,
        (false, false) => STRONG,
        (false, true) => BODY,
    };
    // A textual result takes the room of the empty columns at its right.
    let free = [row.unit.is_empty(), row.reference.is_empty(), row.previous.is_empty()];
    let right = match free {
        [true, true, true] => WIDTH - MARGIN,
        [true, true, false] => BEFORE.0 - 6.0,
        [true, false, _] => RANGE.0 - 6.0,
        [false, _, _] => RESULT.0 + RESULT.1,
    };
    let shown = if row.sign.is_empty() { row.result.clone() } else { format!("{} {}", row.result, row.sign) };
    let width = LABEL.1 - indent(level);
    let before = row.previous.iter().map(|p| (format!("{} ({})", p.value, p.day), p.abnormal));
    let before = before.flat_map(|(text, abnormal)| {
        let style = if abnormal { Style { weight: Weight::Bold, ..SMALL_TEXT } } else { SMALL_TEXT };
        c.wrap(style, &text, BEFORE.1).into_iter().map(move |line| (line, abnormal))
    });
    Cells {
        label: c.wrap(BODY, &row.label, width),
        method: row.method.as_deref().map(|m| c.wrap(SMALL, m, width)).unwrap_or_default(),
        result: c.wrap(style, &shown, right - RESULT.0),
        unit: c.wrap(BODY, &row.unit, UNIT.1),
        range: c.wrap(SMALL_TEXT, &row.reference, RANGE.1),
        before: before.collect(),
        style,
    }
}

fn second_cells(c: &Canvas<'_>, line: &Line<'_>) -> Option<(Cells, u8)> {
    let Line::Second { row, label, level } = line else { return None };
    let cells = Cells {
        label: c.wrap(BODY, label, LABEL.1 - indent(*level)),
        method: Vec::new(),
        result: c.wrap(BODY, &row.result, RESULT.1),
        unit: c.wrap(BODY, &row.unit, UNIT.1),
        range: c.wrap(SMALL_TEXT, &row.reference, RANGE.1),
        before: Vec::new(),
        style: BODY,
    };
    Some((cells, *level))
}

fn height_of(c: &Canvas<'_>, line: &Line<'_>) -> f32 {
    match line {
        Line::Heading { .. } => 17.0,
        Line::Result { row, level } => cells(c, row, *level).height(),
        Line::Second { .. } => second_cells(c, line).map_or(0.0, |(cells, _)| cells.height()),
        Line::Note { note, level } => {
            let lines = c.wrap(SMALL_TEXT, &note.text, CONTENT - indent(*level) - 10.0).len();
            lines as f32 * SMALL_TEXT.leading() + 5.0
        }
        Line::Image { .. } => 160.0,
    }
}

fn draw_line(c: &mut Canvas<'_>, line: &Line<'_>) -> Result<(), DocumentError> {
    match line {
        Line::Heading { text, level, .. } => {
            c.y += 3.0;
            let mut style = HEADING;
            style.ink = if *level == 0 { Ink::Accent } else { Ink::Text };
            for piece in c.wrap(style, text, CONTENT - indent(*level)) {
                need(c, style.leading());
                c.y += style.leading();
                c.text(MARGIN + indent(*level), c.y - 2.6, style, &piece);
            }
        }
        Line::Result { row, level } => {
            let cells = cells(c, row, *level);
            draw_cells(c, &cells, *level);
        }
        Line::Second { .. } => {
            if let Some((cells, level)) = second_cells(c, line) {
                draw_cells(c, &cells, level);
            }
        }
        Line::Note { note, level } => comment(c, note, MARGIN + indent(*level)),
        Line::Image { source, .. } => picture(c, source)?,
    }
    Ok(())
}

fn draw_cells(c: &mut Canvas<'_>, cells: &Cells, level: u8) {
    let height = cells.height();
    // Rows taller than a page are cut at the foot of each page.
    if height > BOTTOM - TOP - 30.0 {
        return draw_tall(c, cells, level);
    }
    let top = c.y + 2.0;
    let x = LABEL.0 + indent(level);
    let base = |i: usize, style: Style| top + (i as f32 + 1.0) * style.leading() - style.size * 0.28;
    for (i, line) in cells.label.iter().enumerate() {
        c.text(x, base(i, BODY), BODY, line);
    }
    let below = top + cells.label.len() as f32 * BODY.leading();
    for (i, line) in cells.method.iter().enumerate() {
        c.text(x, below + (i as f32 + 1.0) * SMALL.leading() - 2.0, SMALL, line);
    }
    for (i, line) in cells.result.iter().enumerate() {
        c.text(RESULT.0, base(i, cells.style), cells.style, line);
    }
    for (i, line) in cells.unit.iter().enumerate() {
        c.text(UNIT.0, base(i, BODY), BODY, line);
    }
    // Smaller text keeps the baseline of the first line of the row.
    let shift = BODY.leading() - SMALL_TEXT.leading() - (BODY.size - SMALL_TEXT.size) * 0.28;
    for (i, line) in cells.range.iter().enumerate() {
        c.text(RANGE.0, base(i, SMALL_TEXT) + shift, SMALL_TEXT, line);
    }
    for (i, (line, abnormal)) in cells.before.iter().enumerate() {
        let weight = if *abnormal { Weight::Bold } else { Weight::Regular };
        c.text(BEFORE.0, base(i, SMALL_TEXT) + shift, Style { weight, ..SMALL_TEXT }, line);
    }
    c.y += height;
}

/// A result whose text is longer than a page: label once, text over the pages.
fn draw_tall(c: &mut Canvas<'_>, cells: &Cells, level: u8) {
    for line in cells.label.iter() {
        need(c, BODY.leading());
        c.y += BODY.leading();
        c.text(LABEL.0 + indent(level), c.y - 2.6, BODY, line);
    }
    for line in cells.method.iter() {
        need(c, SMALL.leading());
        c.y += SMALL.leading();
        c.text(LABEL.0 + indent(level), c.y - 2.0, SMALL, line);
    }
    for (column, style, lines) in
        [(RESULT, cells.style, &cells.result), (UNIT, BODY, &cells.unit), (RANGE, SMALL_TEXT, &cells.range)]
    {
        for line in lines {
            need(c, style.leading());
            c.y += style.leading();
            c.text(column.0, c.y - 2.6, style, line);
        }
    }
    for (line, _) in &cells.before {
        need(c, SMALL_TEXT.leading());
        c.y += SMALL_TEXT.leading();
        c.text(BEFORE.0, c.y - 2.6, SMALL_TEXT, line);
    }
    c.y += 4.5;
}

/// A comment: a thin bar at the left, text over the whole width.
fn comment(c: &mut Canvas<'_>, note: &Note, x: f32) {
    c.y += 2.0;
    for line in c.wrap(SMALL_TEXT, &note.text, WIDTH - MARGIN - x - 10.0) {
        need(c, SMALL_TEXT.leading());
        c.push(Op::Rect { x: x + 1.0, y: c.y, width: 1.6, height: SMALL_TEXT.leading(), ink: Ink::Hairline });
        c.y += SMALL_TEXT.leading();
        c.text(x + 8.0, c.y - 2.6, SMALL_TEXT, &line);
    }
    c.y += 3.0;
}

fn picture(c: &mut Canvas<'_>, source: &Image) -> Result<(), DocumentError> {
    const MAX: (f32, f32) = (360.0, 150.0);
    let field = || format!("image « {} »", source.title);
    let refused = |reason: &str| DocumentError::invalid(field(), reason);
    let text: String = source.base64.chars().filter(|ch| !ch.is_ascii_whitespace()).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| refused("le contenu n'est pas en base64"))?;
    let image = if source.media_type == "image/png" {
        if png_has_alpha(&bytes) {
            return Err(refused("une image avec transparence est interdite en PDF/A-1"));
        }
        krilla::image::Image::from_png(bytes.into(), false)
    } else {
        krilla::image::Image::from_jpeg(bytes.into(), false)
    };
    let image = image.map_err(|_| refused("image illisible"))?;
    let (width, height) = image.size();
    let (width, height) = (width.max(1) as f32, height.max(1) as f32);
    let scale = (MAX.0 / width).min(MAX.1 / height).min(1.0);
    need(c, height * scale + 18.0);
    paragraph(c, MARGIN, CONTENT, SMALL_TEXT, &source.title);
    let y = c.y + 2.0;
    c.push(Op::Image { x: MARGIN, y, width: width * scale, height: height * scale, image });
    c.y = y + height * scale + 4.0;
    Ok(())
}

/// Colour types 4 and 6 of the PNG header carry an alpha channel; a `tRNS` chunk makes some colours transparent.
fn png_has_alpha(png: &[u8]) -> bool {
    matches!(png.get(25), Some(4 | 6)) || png.windows(4).take(4_096).any(|w| w == b"tRNS")
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
    const MEANINGS: [(&str, &str); 10] = [
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

/// What every page carries: running header from the second on, footer with the page number, training mark.
fn furniture(c: &mut Canvas<'_>, r: &Report) {
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
        if r.training {
            c.push(Op::Watermark { text: "ÉCOLE" });
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
        if r.training {
            let mark = Style::new(8.0, Weight::Bold, Ink::Alert);
            let text = "ÉCOLE : document d'exercice, sans valeur médicale";
            let width = c.width(mark, text);
            c.text((WIDTH - width) / 2.0, HEIGHT - 18.0, mark, text);
        }
        *page = c.pages.pop().unwrap_or_default();
    }
    c.pages = pages;
}
