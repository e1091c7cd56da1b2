//! The two embedded typefaces, read once per process, with the width of each character.
//!
//! Text is placed glyph by glyph without ligatures or kerning: a report is searched and copied, and a plain
//! character-to-glyph run extracts exactly as it was written.

use std::sync::OnceLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};

use crate::error::DocumentError;

/// DejaVu Sans Condensed 2.37, see `data/fonts`.
const REGULAR: &[u8] = include_bytes!("../../../../data/fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../../../../data/fonts/DejaVuSansCondensed-Bold.ttf");
/// Characters looked up at start; what lies beyond is shown as a square.
const LAST: u32 = 0x2fff;
/// Shown for a character the typeface does not have.
const SQUARE: char = '\u{25a1}';

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// One typeface with its widths.
pub(super) struct Face {
    pub font: Font,
    glyphs: Vec<(u16, f32)>,
}

/// Both typefaces.
pub(super) struct Faces {
    regular: Face,
    bold: Face,
}

/// The typefaces, read at the first call.
pub(super) fn faces() -> Result<&'static Faces, DocumentError> {
    static FACES: OnceLock<Option<Faces>> = OnceLock::new();
    FACES
        .get_or_init(|| Some(Faces { regular: Face::read(REGULAR)?, bold: Face::read(BOLD)? }))
        .as_ref()
        .ok_or_else(|| DocumentError::Pdf("police de caractères illisible".into()))
}

impl Faces {
    pub fn get(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub fn width(&self, weight: Weight, size: f32, text: &str) -> f32 {
        self.get(weight).width(text) * size
    }
}

impl Face {
    fn read(data: &'static [u8]) -> Option<Self> {
        let face = ttf_parser::Face::parse(data, 0).ok()?;
        let em = f32::from(face.units_per_em());
        let glyph = |code: u32| {
            let id = char::from_u32(code).and_then(|c| face.glyph_index(c))?;
            Some((id.0, f32::from(face.glyph_hor_advance(id)?) / em))
        };
        let glyphs = (0..=LAST).map(|code| glyph(code).unwrap_or((0, 0.0))).collect();
        Some(Self { font: Font::new(data.into(), 0)?, glyphs })
    }

    fn glyph(&self, c: char) -> (u16, f32) {
        // A narrow no-break space is drawn as a space; the two typefaces lack it.
        let c = if c == '\u{202f}' || c == '\u{a0}' { ' ' } else { c };
        let look = |c: char| usize::try_from(u32::from(c)).ok().and_then(|i| self.glyphs.get(i)).copied();
        match look(c) {
            Some((id, advance)) if id != 0 => (id, advance),
            _ => look(SQUARE).unwrap_or((0, 0.6)),
        }
    }

    /// Width of a text, in ems.
    pub fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.glyph(c).1).sum()
    }

    /// Glyphs of a text; `gaps` are places (counted in characters) after which `gap` ems are added.
    pub fn run(&self, text: &str, gaps: &[usize], gap: f32) -> Vec<KrillaGlyph> {
        text.char_indices()
            .enumerate()
            .map(|(n, (at, c))| {
                let (id, advance) = self.glyph(c);
                let extra = if gaps.contains(&(n + 1)) { gap } else { 0.0 };
                let range = at..at + c.len_utf8();
                KrillaGlyph::new(GlyphId::new(u32::from(id)), advance + extra, 0.0, 0.0, 0.0, range, None)
            })
            .collect()
    }
}
