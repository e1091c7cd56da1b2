//! Layout of a table in columns of characters.

use super::narrative::MAX_COLUMNS;
use super::text::{BOLD, ITALIC, UNDERLINE, is_mark};

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellText {
    /// Text; `\n` breaks lines.
    pub text: String,
    /// Columns spanned.
    pub columns: usize,
    /// Rows spanned.
    pub rows: usize,
}

const GAP: usize = 2;
/// Narrowest column, in characters.
const NARROW: usize = 6;

fn visible(text: &str) -> usize {
    text.chars().filter(|c| !is_mark(*c)).count()
}

/// Lines of at most `width` characters; words that are longer are cut. Marks of style have no width and are closed
/// and opened again at line ends.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut current = String::new();
        let mut used = 0;
        for word in paragraph.split_whitespace() {
            let size = visible(word);
            if used > 0 && used + 1 + size > width {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            if used > 0 {
                current.push(' ');
                used += 1;
            }
            if size <= width {
                current.push_str(word);
                used += size;
                continue;
            }
            for c in word.chars() {
                if !is_mark(c) {
                    if used == width {
                        lines.push(std::mem::take(&mut current));
                        used = 0;
                    }
                    used += 1;
                }
                current.push(c);
            }
        }
        lines.push(current);
    }
    balance(&mut lines);
    lines
}

fn balance(lines: &mut [String]) {
    let mut open: Vec<[char; 2]> = Vec::new();
    for line in lines {
        let lead: String = open.iter().map(|marks| marks[0]).collect();
        for c in line.chars().filter(|c| is_mark(*c)) {
            for marks in [BOLD, UNDERLINE, ITALIC] {
                if c == marks[0] {
                    open.push(marks);
                } else if c == marks[1] {
                    open.retain(|m| *m != marks);
                }
            }
        }
        line.insert_str(0, &lead);
        line.extend(open.iter().rev().map(|marks| marks[1]));
    }
}

/// A cell at its column.
struct Placed<'t> {
    at: usize,
    columns: usize,
    text: &'t str,
}

/// The lines of a table. A cell that spans rows is written in the first of them.
pub(super) fn lay_out(rows: &[Vec<CellText>], width: usize) -> Vec<String> {
    let mut busy = [0usize; MAX_COLUMNS];
    let mut grid: Vec<Vec<Placed<'_>>> = Vec::with_capacity(rows.len());
    let mut count = 0;
    for row in rows {
        let mut at = 0;
        let mut placed = Vec::with_capacity(row.len());
        let mut next = busy.map(|n: usize| n.saturating_sub(1));
        for cell in row {
            while busy.get(at).is_some_and(|n| *n > 0) {
                at += 1;
            }
            if at >= MAX_COLUMNS {
                break;
            }
            let columns = cell.columns.min(MAX_COLUMNS - at);
            next.iter_mut().skip(at).take(columns).for_each(|n| *n = cell.rows.saturating_sub(1));
            placed.push(Placed { at, columns, text: &cell.text });
            at += columns;
        }
        count = count.max(at);
        busy = next;
        grid.push(placed);
    }
    if count == 0 {
        return Vec::new();
    }
    let widths = widths(&grid, count, width);
    let mut out = Vec::new();
    for row in &grid {
        print(&mut out, row, &widths);
    }
    out
}

/// Each column gets what it needs while there is room; those that need more share what is left.
fn widths(grid: &[Vec<Placed<'_>>], count: usize, width: usize) -> Vec<usize> {
    let mut need = vec![1usize; count];
    for cell in grid.iter().flatten() {
        let longest = cell.text.split('\n').map(visible).max().unwrap_or(0);
        if cell.columns == 1
            && let Some(n) = need.get_mut(cell.at)
        {
            *n = (*n).max(longest);
        }
    }
    let room = width.saturating_sub(GAP * (count - 1)).max(count * NARROW);
    if need.iter().sum::<usize>() <= room {
        return need;
    }
    let mut given = vec![0usize; count];
    let (mut left, mut open) = (room, count);
    loop {
        let share = left / open.max(1);
        let fits: Vec<usize> = need
            .iter()
            .zip(&given)
            .enumerate()
            .filter(|(_, (n, g))| **g == 0 && **n <= share)
            .map(|(i, _)| i)
            .collect();
        if fits.is_empty() {
            given.iter_mut().filter(|g| **g == 0).for_each(|g| *g = share.max(1));
            return given;
        }
        for i in fits {
            let n = need.get(i).copied().unwrap_or(1);
            if let Some(g) = given.get_mut(i) {
                *g = n;
            }
            left = left.saturating_sub(n);
            open -= 1;
        }
        if open == 0 {
            return given;
        }
    }
}

fn print(out: &mut Vec<String>, row: &[Placed<'_>], widths: &[usize]) {
    let span = |cell: &Placed<'_>| {
        let own: usize = widths.iter().skip(cell.at).take(cell.columns).sum();
        // A cell over the last columns may use what the table leaves free.
        own + GAP * cell.columns.saturating_sub(1)
    };
    let cells: Vec<(usize, usize, Vec<String>)> = row
        .iter()
        .map(|cell| {
            let before: usize = widths.iter().take(cell.at).map(|w| w + GAP).sum();
            let width = span(cell);
            (before, width, wrap(cell.text, width))
        })
        .collect();
    let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(0);
    for i in 0..height {
        let mut line = String::new();
        let mut at = 0;
        for (before, _, lines) in &cells {
            let Some(text) = lines.get(i).filter(|t| !t.is_empty()) else { continue };
            line.extend(std::iter::repeat_n(' ', before.saturating_sub(at)));
            line.push_str(text);
            at = at.max(*before) + visible(text);
        }
        out.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str, columns: usize, rows: usize) -> CellText {
        CellText { text: text.into(), columns, rows }
    }

    #[test]
    fn columns_are_aligned_spans_respected_and_long_cells_wrapped() {
        let rows = vec![
            vec![cell("Analyse", 1, 1), cell("Résultat", 1, 1)],
            vec![cell("Examen direct", 1, 2), cell("un texte bien trop long pour la place", 1, 1)],
            vec![cell("suite", 1, 1)],
            vec![cell("sur deux colonnes", 2, 1)],
        ];
        assert_eq!(
            lay_out(&rows, 30),
            [
                "Analyse        Résultat",
                "Examen direct  un texte bien",
                "               trop long pour",
                "               la place",
                "               suite",
                "sur deux colonnes",
            ]
        );
    }

    #[test]
    fn a_style_is_closed_at_the_end_of_a_line_and_opened_on_the_next() {
        let [on, off] = BOLD;
        let lines = wrap(&format!("{on}un deux{off} x"), 4);
        assert_eq!(lines, [format!("{on}un{off}"), format!("{on}deux{off}"), "x".to_owned()]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
