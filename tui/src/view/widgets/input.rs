//! A text field on screen.

use crate::state::field::Field;
use crate::theme::Role;
use crate::view::pen::Pen;
use ratatui::layout::Rect;

/// Draws a field of `width` columns; the real cursor goes there when it has the focus.
pub fn draw(pen: &mut Pen<'_>, x: u16, y: u16, width: u16, field: &Field, focus: bool) {
    let role = if focus { Role::FieldFocus } else { Role::Field };
    let inner = width.max(1);
    pen.band(Rect::new(x, y, inner, 1), role);
    let (shown, column) = if focus { field.window(inner as usize) } else { (field.text(), 0) };
    pen.text(x, y, inner, shown, role);
    if focus {
        let at = x.saturating_add(u16::try_from(column).unwrap_or(0)).min(x + inner - 1);
        pen.cursor = Some((at, y));
    }
}
