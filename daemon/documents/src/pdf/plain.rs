//! A plain page: a title, then lines as they stand. For what is not a report.

use super::canvas::{CONTENT, Canvas, Ink, MARGIN, Op, Style};
use super::content::{BODY, TOP, need};
use super::fonts::{Faces, Weight};

const TITLE: Style = Style::new(13.0, Weight::Bold, Ink::Accent);

pub(super) fn lay_out(title: &str, lines: &[String], faces: &Faces) -> Vec<Vec<Op>> {
    let mut c = Canvas::new(faces);
    c.y = TOP;
    c.text(MARGIN, c.y, TITLE, title);
    c.y += TITLE.leading() * 1.6;
    for line in lines {
        // Leading spaces set a line in.
        let indent = if line.starts_with("  ") { 14.0 } else { 0.0 };
        let broken = c.wrap(BODY, line, CONTENT - indent);
        for piece in if broken.is_empty() { vec![String::new()] } else { broken } {
            need(&mut c, BODY.leading());
            let y = c.y;
            c.text(MARGIN + indent, y, BODY, &piece);
            c.y += BODY.leading();
        }
    }
    c.pages
}
