//! Text for people: aligned columns, French dates, bold headings where the terminal can show them.
//!
//! A page is built whole, then written at once; nothing here knows where it goes.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

/// What must be known of the place where a page is shown.
#[derive(Debug, Clone)]
pub struct Style {
    /// Headings in bold.
    pub bold: bool,
    /// Time zone of the times shown.
    pub zone: TimeZone,
}

/// A page under construction.
#[derive(Debug)]
pub struct Page {
    text: String,
    style: Style,
}

/// Side on which a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Rows with headings; a heading that starts with `>` is of a column aligned on the right.
#[derive(Debug)]
pub struct Table {
    heads: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(heads: &[&str]) -> Self {
        let side = |h: &&str| match h.strip_prefix('>') {
            Some(h) => (h.to_owned(), Side::Right),
            None => ((*h).to_owned(), Side::Left),
        };
        Self { heads: heads.iter().map(side).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        // A line break inside a cell would break the table.
        self.rows.push(cells.map(|c| c.replace(['\n', '\r'], " ")).into());
    }
}

impl Page {
    /// An empty page.
    pub fn new(style: Style) -> Self {
        Self { text: String::new(), style }
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }

    /// One line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// A heading, after an empty line unless it is the first one.
    pub fn title(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let text = self.strong(text);
        self.line(text);
    }

    /// Facts, one a line, values aligned; a fact without value is left out.
    pub fn facts<const N: usize>(&mut self, facts: [(&str, Option<String>); N]) {
        let width = facts.iter().filter(|f| f.1.is_some()).map(|f| f.0.width()).max().unwrap_or(0);
        for (label, value) in facts {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                let gap = " ".repeat(width - label.width());
                self.line(format!("  {label}{gap}  {value}"));
            }
        }
    }

    /// A table; `nothing` is said when there is no row.
    pub fn table(&mut self, table: Table, nothing: &str) {
        if table.rows.is_empty() {
            self.line(nothing);
            return;
        }
        let widths: Vec<usize> = table
            .heads
            .iter()
            .enumerate()
            .map(|(i, (head, _))| {
                let cells = table.rows.iter().filter_map(|r| r.get(i)).map(|c| c.width());
                cells.max().unwrap_or(0).max(head.width())
            })
            .collect();
        let sides: Vec<Side> = table.heads.iter().map(|h| h.1).collect();
        let align = |cells: &[String]| {
            let mut line = String::new();
            for ((cell, width), side) in cells.iter().zip(&widths).zip(&sides) {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                let _ = match side {
                    Side::Left => write!(line, "{cell}{gap}  "),
                    Side::Right => write!(line, "{gap}{cell}  "),
                };
            }
            line.trim_end().to_owned()
        };
        let heads: Vec<String> = table.heads.iter().map(|h| h.0.clone()).collect();
        let heads = self.strong(&align(&heads));
        self.line(heads);
        for row in &table.rows {
            self.line(align(row));
        }
    }

    fn strong(&self, text: &str) -> String {
        if self.style.bold { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// `22/11/2026 07:05`.
    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.style.zone.clone()).strftime("%d/%m/%Y %H:%M").to_string()
    }

    /// `22/11/2026 07:05:31`, where seconds matter.
    pub fn second(&self, at: Timestamp) -> String {
        at.to_zoned(self.style.zone.clone()).strftime("%d/%m/%Y %H:%M:%S").to_string()
    }
}

/// `12/03/1980` from `1980-03-12`; other texts, such as lunar dates, pass unless they have that very form.
pub fn french_date(iso: &str) -> String {
    let mut parts = iso.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d), None) => format!("{d}/{m}/{y}"),
        _ => iso.to_owned(),
    }
}

/// `oui` or `non`.
pub fn yes(value: bool) -> String {
    if value { "oui" } else { "non" }.to_owned()
}

/// The text, or nothing.
pub fn or_empty(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::new(Style { bold: false, zone: TimeZone::fixed(jiff::tz::offset(1)) })
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::new(&["Nom", ">Nombre", "Mot"]);
        table.row(["ÉLOÏSE".into(), "7".into(), "a\nb".into()]);
        table.row(["X".into(), "1200".into(), String::new()]);
        let mut p = page();
        p.table(table, "rien");
        assert_eq!(p.into_text(), "Nom     Nombre  Mot\nÉLOÏSE       7  a b\nX         1200\n");
    }

    #[test]
    fn dates_are_french_and_local() {
        let p = page();
        assert_eq!(p.time("2026-11-22T23:30:00Z".parse().unwrap()), "23/11/2026 00:30");
        assert_eq!(french_date("1980-03-12"), "12/03/1980");
        assert_eq!(french_date("1980"), "1980");
    }
}
