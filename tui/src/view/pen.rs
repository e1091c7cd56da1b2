//! The only way views touch cells: clipped writing of styled text.
//!
//! Every method accepts any position and any width, so that a screen survives any window size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Look;
use crate::theme::Role;

/// Writes on a buffer, inside its area.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// How things look.
    pub look: &'a Look<'a>,
    /// Where the real cursor goes, when it is shown.
    pub cursor: Option<(u16, u16)>,
}

impl<'a> Pen<'a> {
    /// A pen for a whole frame.
    pub fn new(buffer: &'a mut Buffer, look: &'a Look<'a>) -> Self {
        Pen { buffer, look, cursor: None }
    }

    /// The whole area.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Writes text, cut with `…` to `width` columns; returns the column after it.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let area = self.buffer.area;
        if x >= area.right() || y >= area.bottom() || width == 0 {
            return x;
        }
        let room = width.min(area.right() - x);
        let style = self.look.theme.style(role);
        let shown = clip(text, room as usize, self.look.ascii);
        let (end, _) = self.buffer.set_stringn(x, y, shown, room as usize, style);
        end
    }

    /// Writes several styled pieces one behind the other; returns the column after them.
    pub fn spans(&mut self, x: u16, y: u16, width: u16, spans: &[(&str, Role)]) -> u16 {
        let end = x.saturating_add(width);
        let mut at = x;
        for (text, role) in spans {
            at = self.text(at, y, end.saturating_sub(at), text, *role);
        }
        at
    }

    /// Writes text so that it ends before column `end`.
    pub fn right(&mut self, end: u16, y: u16, width: u16, text: &str, role: Role) {
        let w = (cells(text)).min(width);
        self.text(end.saturating_sub(w), y, w, text, role);
    }

    /// Gives a whole line a style and empties it.
    pub fn band(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        let style = self.look.theme.style(role);
        for y in area.top()..area.bottom() {
            let blank = " ".repeat(area.width as usize);
            self.buffer.set_stringn(area.x, y, blank, area.width as usize, style);
        }
    }

    /// Empties a region (below an overlay).
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        self.band(area, Role::Overlay);
    }

    /// A horizontal rule with a margin of one column; nothing in plain mode.
    pub fn rule(&mut self, y: u16, double: bool) {
        if self.look.plain {
            return;
        }
        let sign = match (double, self.look.ascii) {
            (true, false) => "═",
            (false, false) => "─",
            (true, true) => "=",
            (false, true) => "-",
        };
        let width = self.buffer.area.width.saturating_sub(2);
        let line = sign.repeat(width as usize);
        self.text(1, y, width, &line, Role::Rule);
    }

    /// A frame around an area, with a title; only the title in plain mode. The lines it stands on are
    /// emptied from end to end: pieces of words beside a question only distract.
    pub fn frame(&mut self, area: Rect, title: &str) {
        self.clear(Rect { x: 0, width: self.buffer.area.width, ..area });
        if area.width < 4 || area.height < 2 {
            return;
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        if !self.look.plain {
            let [tl, tr, bl, br, h, v] = if self.look.ascii {
                ["+", "+", "+", "+", "-", "|"]
            } else {
                ["┌", "┐", "└", "┘", "─", "│"]
            };
            let bar = h.repeat(area.width as usize - 2);
            for (y, l, r) in [(area.y, tl, tr), (bottom, bl, br)] {
                self.text(area.x, y, 1, l, Role::OverlayBorder);
                self.text(area.x + 1, y, area.width - 2, &bar, Role::OverlayBorder);
                self.text(right, y, 1, r, Role::OverlayBorder);
            }
            for y in area.y + 1..bottom {
                self.text(area.x, y, 1, v, Role::OverlayBorder);
                self.text(right, y, 1, v, Role::OverlayBorder);
            }
        }
        self.text(area.x + 2, area.y, area.width - 4, &format!(" {title} "), Role::Heading);
    }

    /// Writes text on several lines, broken at spaces; returns how many lines were written.
    pub fn wrap(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let mut y = area.y;
        for line in wrapped(text, area.width as usize) {
            if y >= area.bottom() {
                break;
            }
            self.text(area.x, y, area.width, &line, role);
            y += 1;
        }
        y - area.y
    }
}

/// Width in columns.
pub fn cells(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Cuts text to `width` columns, showing that it was cut.
pub fn clip(text: &str, width: usize, ascii: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mark, room) = if ascii { (".", width.saturating_sub(1)) } else { ("…", width.saturating_sub(1)) };
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        if used + g.width() > room {
            break;
        }
        used += g.width();
        out.push_str(g);
    }
    out + mark
}

/// Breaks text at spaces and line ends into lines of at most `width` columns.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut words: Vec<String> = Vec::new();
        for word in paragraph.split(' ') {
            // French sets a space before these signs; the sign stays with its word.
            match words.last_mut() {
                Some(last) if matches!(word, "?" | "!" | ":" | ";" | "»") || last.ends_with('«') => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => words.push(word.to_owned()),
            }
        }
        for word in &words {
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_shows_itself_and_counts_columns() {
        assert_eq!(clip("DUPUY-MARCHAND", 8, false), "DUPUY-M…");
        assert_eq!(clip("日本語", 5, false), "日本…");
        assert_eq!(clip("abc", 3, true), "abc");
        assert_eq!(clip("abcd", 0, false), "…");
    }

    #[test]
    fn wrapping_never_loses_a_word() {
        let lines = wrapped("un deux trois quatre", 9);
        assert_eq!(lines, ["un deux", "trois", "quatre"]);
        assert_eq!(wrapped("la même personne ?", 16), ["la même", "personne ?"]);
    }
}
