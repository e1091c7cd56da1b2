//! A list of rows with a cursor. Pages, never scrolls: a move changes two rows and nothing else.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::view::pen::{Pen, cells};

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Title above it.
    pub title: &'static str,
    /// Width in columns.
    pub width: u16,
    /// Share of the width left over (0: fixed).
    pub grow: u16,
    /// Numbers and dates that read better from the right.
    pub right: bool,
    /// Narrowest list in which it is shown.
    pub from: u16,
    /// Carries the look of the selected row. Only such columns change with the cursor.
    pub marked: bool,
}

impl Column {
    /// A fixed column.
    pub const fn new(title: &'static str, width: u16) -> Self {
        Column { title, width, grow: 0, right: false, from: 0, marked: false }
    }
    /// Takes a share of the width left over.
    pub const fn grow(mut self, share: u16) -> Self {
        self.grow = share;
        self
    }
    /// Aligned on its right end.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }
    /// Shown only in lists at least that wide.
    pub const fn from(mut self, width: u16) -> Self {
        self.from = width;
        self
    }
    /// Shows the cursor.
    pub const fn marked(mut self) -> Self {
        self.marked = true;
        self
    }
}

/// Widest mark of the selected row, in columns.
const MARK: u16 = 24;

/// A cell: its text and what it means.
pub type Cell = (String, Role);

/// One row: cells in the order of the columns.
pub type Row = Vec<Cell>;

/// Draws the list: titles on the first line, then rows. `selected` is an index in `rows`.
pub fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    columns: &[Column],
    rows: &[Row],
    selected: Option<usize>,
    focus: bool,
) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let layout = layout(columns, area.width.saturating_sub(3));
    let left = area.x + 3;
    for (column, x, w) in &layout {
        if column.right {
            pen.right(left + x + w, area.y, *w, column.title, Role::Quiet);
        } else {
            pen.text(left + x, area.y, *w, column.title, Role::Quiet);
        }
    }
    let height = area.height.saturating_sub(1) as usize;
    if height == 0 {
        return;
    }
    let first = selected.map_or(0, |s| s / height * height);
    for (i, row) in rows.iter().enumerate().skip(first).take(height) {
        let y = area.y + 1 + u16::try_from(i - first).unwrap_or(0);
        let here = selected == Some(i);
        if here {
            let mark = if pen.look.ascii { ">" } else { "▸" };
            pen.text(area.x + 1, y, 1, mark, Role::Key);
            if pen.look.plain && focus {
                pen.cursor = Some((area.x + 1, y));
            }
        }
        for (column, x, w) in &layout {
            let Some(index) = columns.iter().position(|c| std::ptr::eq(c, *column)) else { continue };
            let Some((text, role)) = row.get(index) else { continue };
            let role = if here && focus && column.marked { Role::Selected } else { *role };
            if role == Role::Selected {
                // Short enough for slow lines: a move stays under 300 bytes at any width.
                pen.band(Rect::new(left + x, y, (*w).min(MARK), 1), role);
            }
            if column.right {
                pen.right(left + x + w, y, *w, text, role);
            } else {
                pen.text(left + x, y, *w, text, role);
            }
        }
    }
    let hidden = rows.len().saturating_sub(first + height);
    if hidden > 0 || first > 0 {
        // On the rule above: the titles keep their line.
        let text = format!(" {}/{} ", selected.map_or(1, |s| s + 1), rows.len());
        pen.right(area.right().saturating_sub(2), area.y.saturating_sub(1), cells(&text), &text, Role::Quiet);
    }
}

fn layout(columns: &[Column], width: u16) -> Vec<(&Column, u16, u16)> {
    let shown: Vec<&Column> = columns.iter().filter(|c| width >= c.from).collect();
    let gaps = 2 * u16::try_from(shown.len().saturating_sub(1)).unwrap_or(0);
    let fixed: u16 = shown.iter().map(|c| c.width).sum::<u16>() + gaps;
    let spare = width.saturating_sub(fixed);
    let shares: u16 = shown.iter().map(|c| c.grow).sum();
    let mut x = 0;
    let mut out = Vec::with_capacity(shown.len());
    for column in shown {
        let extra = if shares == 0 {
            0
        } else {
            (u32::from(spare) * u32::from(column.grow) / u32::from(shares)) as u16
        };
        let w = (column.width + extra.min(24)).min(width.saturating_sub(x));
        out.push((column, x, w));
        x += w + 2;
    }
    out
}
