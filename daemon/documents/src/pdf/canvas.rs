//! Pages as lists of drawing operations, and the breaking of text into lines. Units are points, origin top left.

use super::fonts::{Faces, Weight};
use crate::datamatrix::Symbol;

/// A4.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;
/// Left and right margins.
pub(super) const MARGIN: f32 = 40.0;
/// Usable width.
pub(super) const CONTENT: f32 = WIDTH - 2.0 * MARGIN;

/// Colours of the layout. Meaning never rests on colour alone: everything reads in black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Soft,
    Accent,
    Alert,
    Hairline,
    Tint,
    Paper,
    Watermark,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

impl Style {
    pub const fn new(size: f32, weight: Weight, ink: Ink) -> Self {
        Self { size, weight, ink }
    }

    /// Distance between two baselines.
    pub fn leading(self) -> f32 {
        self.size * 1.28
    }
}

/// One drawing operation.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Text on one line; `y` is the baseline. `gaps`: see [`super::fonts::Face::run`].
    Text { x: f32, y: f32, style: Style, text: String, gaps: &'static [usize] },
    /// Filled rectangle.
    Rect { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    /// Outlined rectangle.
    Frame { x: f32, y: f32, width: f32, height: f32 },
    /// Line through points.
    Curve { points: Vec<(f32, f32)>, thickness: f32, ink: Ink },
    /// Datamatrix.
    Symbol { x: f32, y: f32, module: f32, symbol: Symbol },
    /// Large diagonal text behind the page.
    Watermark { text: &'static str },
    /// Picture.
    Image { x: f32, y: f32, width: f32, height: f32, image: krilla::image::Image },
}

/// Pages under construction, with the pen at `y` of the last one.
pub(super) struct Canvas<'f> {
    pub faces: &'f Faces,
    pub pages: Vec<Vec<Op>>,
    pub y: f32,
}

impl<'f> Canvas<'f> {
    pub fn new(faces: &'f Faces) -> Self {
        Self { faces, pages: vec![Vec::new()], y: 0.0 }
    }

    pub fn push(&mut self, op: Op) {
        if let Some(page) = self.pages.last_mut() {
            page.push(op);
        }
    }

    /// One line of text at the left of `x`.
    pub fn text(&mut self, x: f32, y: f32, style: Style, text: &str) {
        if !text.is_empty() {
            self.push(Op::Text { x, y, style, text: text.to_owned(), gaps: &[] });
        }
    }

    /// One line of text that ends at `right`.
    pub fn text_right(&mut self, right: f32, y: f32, style: Style, text: &str) {
        let width = self.width(style, text);
        self.text(right - width, y, style, text);
    }

    pub fn rule(&mut self, x: f32, y: f32, width: f32, thickness: f32, ink: Ink) {
        self.push(Op::Rect { x, y, width, height: thickness, ink });
    }

    pub fn width(&self, style: Style, text: &str) -> f32 {
        self.faces.width(style.weight, style.size, text)
    }

    /// Breaks a text into lines of at most `width`; words longer than a line are cut.
    pub fn wrap(&self, style: Style, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split(' ').filter(|w| !w.is_empty()) {
                let candidate = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(style, &candidate) <= width {
                    line = candidate;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.cut(style, word, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Cuts a word that is wider than a line; the rest is returned.
    fn cut(&self, style: Style, word: &str, width: f32, lines: &mut Vec<String>) -> String {
        let mut piece = String::new();
        for c in word.chars() {
            piece.push(c);
            if piece.chars().count() > 1 && self.width(style, &piece) > width {
                piece.pop();
                lines.push(std::mem::take(&mut piece));
                piece.push(c);
            }
        }
        piece
    }
}
