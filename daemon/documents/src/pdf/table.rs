//! The tables of a report: one per sub-chapter, with their columns repeated on each page.

use base64::Engine as _;
use paillasse_shared::domain::report::Image;

use super::canvas::{CONTENT, Canvas, Ink, MARGIN, Op, Style, WIDTH};
use super::content::{BODY, BOTTOM, CAPTION, HEADING, SMALL, SMALL_TEXT, TOP, need, paragraph};
use super::fonts::Weight;
use super::trend::Trend;
use crate::error::DocumentError;
use crate::narrative::{Line, Note, ResultText, SubText};

const ABNORMAL: Style = Style::new(9.0, Weight::Bold, Ink::Alert);
const CHAPTER: Style = Style::new(10.5, Weight::Bold, Ink::Accent);

/// Columns of the result table: left edge and width.
const LABEL: (f32, f32) = (MARGIN, 172.0);
const RESULT: (f32, f32) = (MARGIN + 178.0, 80.0);
const UNIT: (f32, f32) = (MARGIN + 264.0, 68.0);
const RANGE: (f32, f32) = (MARGIN + 340.0, 86.0);
/// Width of the ranges where no earlier result stands beside them.
const RANGE_ALONE: f32 = CONTENT - 340.0;
const BEFORE: (f32, f32) = (MARGIN + 432.0, CONTENT - 432.0);

/// Draws a sub-chapter: titles, samples, table, comments, validation.
pub(super) fn sub_chapter(
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
    /// Sign at the end of the result, set apart in a box: it is seen without colour.
    sign: &'static str,
    /// Earlier values and this one, where there are enough of them.
    trend: Option<Trend>,
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
    // Weight is kept for what is abnormal, so that it stands out on a black and white print too.
    let style = if row.abnormal { ABNORMAL } else { BODY };
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
        label: c.wrap(BODY, [row.label.as_str(), row.mark].join(" ").trim_end(), width),
        method: row.method.as_deref().map(|m| c.wrap(SMALL, m, width)).unwrap_or_default(),
        result: c.wrap(style, &shown, right - RESULT.0),
        unit: c.wrap(BODY, &row.unit, UNIT.1),
        range: c.wrap(
            SMALL_TEXT,
            &row.reference,
            if row.previous.is_empty() { RANGE_ALONE } else { RANGE.1 },
        ),
        before: before.collect(),
        style,
        sign: row.sign,
        trend: Trend::of(row.source),
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
        sign: "",
        trend: None,
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
        let last = i + 1 == cells.result.len();
        result_line(c, base(i, cells.style), cells.style, line, if last { cells.sign } else { "" });
    }
    if let Some(trend) = &cells.trend {
        let from = top + cells.result.len() as f32 * BODY.leading() + 3.0;
        trend.draw(c, from, c.y + height - 4.0);
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

/// One line of a result; the sign that ends it is white in a dark box where it tells an anomaly.
fn result_line(c: &mut Canvas<'_>, y: f32, style: Style, line: &str, sign: &str) {
    let value = line.strip_suffix(sign).unwrap_or(line).trim_end();
    c.text(RESULT.0, y, style, value);
    if sign.is_empty() {
        return;
    }
    if style.ink != Ink::Alert {
        let x = RESULT.0 + c.width(style, value) + 4.0;
        return c.text(x, y, Style { weight: Weight::Bold, ..style }, sign);
    }
    let mark = Style::new(7.4, Weight::Bold, Ink::Paper);
    let x = RESULT.0 + if value.is_empty() { 0.0 } else { c.width(style, value) + 4.0 };
    let width = c.width(mark, sign) + 4.4;
    c.push(Op::Rect { x, y: y - 7.3, width, height: 9.2, ink: style.ink });
    c.text(x + 2.2, y - 0.4, mark, sign);
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
pub(super) fn comment(c: &mut Canvas<'_>, note: &Note, x: f32) {
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
