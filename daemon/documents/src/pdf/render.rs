//! Writes laid-out pages as PDF/A-1b.

use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};
use paillasse_shared::domain::report::{Moment, Report};

use super::canvas::{HEIGHT, Ink, Op, WIDTH};
use super::fonts::{Faces, Weight};
use crate::error::DocumentError;
use crate::{DOCUMENT_TITLE, wording};

/// Extra room after a group of digits of a matricule, in ems: seen by the eye, not taken for a space by readers.
const GROUP_GAP: f32 = 0.095;

pub(super) fn write(metadata: Metadata, faces: &Faces, pages: &[Vec<Op>]) -> Result<Vec<u8>, DocumentError> {
    let refused = |e: &dyn std::fmt::Debug| DocumentError::Pdf(format!("{e:?}"));
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A1_B)
        .finish()
        .map_err(|e| refused(&e))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..Default::default() });
    document.set_metadata(metadata);
    for ops in pages {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT)
            .ok_or_else(|| DocumentError::Pdf("format de page refusé".into()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        ops.iter().for_each(|op| draw(&mut surface, faces, op));
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|e| refused(&e))
}

pub(super) fn plain_metadata(title: &str, id: &str, at: Moment) -> Metadata {
    Metadata::new()
        .title(title.to_owned())
        .creator("Paillasse".to_owned())
        .language("fr-FR".to_owned())
        .document_id(id.to_owned())
        .creation_date(date(at))
}

pub(super) fn metadata(report: &Report) -> Metadata {
    Metadata::new()
        .title(DOCUMENT_TITLE.to_owned())
        .authors(vec![wording::professional(&report.responsible), report.laboratory.name.clone()])
        .creator("Paillasse".to_owned())
        .language("fr-FR".to_owned())
        .document_id(format!("{}/{}", report.id, report.version))
        .creation_date(date(report.created_at))
}

fn date(at: Moment) -> DateTime {
    let local = at.local();
    let part = |n: i8| u8::try_from(n).unwrap_or(0);
    let offset = at.offset_minutes();
    DateTime::new(u16::try_from(local.year()).unwrap_or(0))
        .month(part(local.month()))
        .day(part(local.day()))
        .hour(part(local.hour()))
        .minute(part(local.minute()))
        .second(part(local.second()))
        .utc_offset_hour(i8::try_from(offset / 60).unwrap_or(0))
        .utc_offset_minute(u8::try_from((offset % 60).abs()).unwrap_or(0))
}

fn colour(ink: Ink) -> rgb::Color {
    match ink {
        Ink::Text => rgb::Color::new(0x1a, 0x1a, 0x1a),
        Ink::Soft => rgb::Color::new(0x56, 0x62, 0x6b),
        Ink::Accent => rgb::Color::new(0x17, 0x4a, 0x5c),
        Ink::Alert => rgb::Color::new(0x9b, 0x1c, 0x1c),
        Ink::Hairline => rgb::Color::new(0xd2, 0xd9, 0xde),
        Ink::Tint => rgb::Color::new(0xe8, 0xf0, 0xf3),
        Ink::Paper => rgb::Color::new(0xff, 0xff, 0xff),
        Ink::Watermark => rgb::Color::new(0xec, 0xec, 0xec),
    }
}

fn fill(surface: &mut Surface<'_>, ink: Ink) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill { paint: colour(ink).into(), ..Default::default() }));
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, op: &Op) {
    match op {
        Op::Text { x, y, style, text, gaps } => {
            fill(surface, style.ink);
            let face = faces.get(style.weight);
            let run = face.run(text, gaps, GROUP_GAP);
            surface.draw_glyphs(Point::from_xy(*x, *y), &run, face.font.clone(), text, style.size, false);
        }
        Op::Rect { x, y, width, height, ink } => {
            fill(surface, *ink);
            rectangle(surface, *x, *y, *width, *height);
        }
        Op::Frame { x, y, width, height } => {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: colour(Ink::Hairline).into(),
                width: 0.8,
                ..Default::default()
            }));
            rectangle(surface, *x, *y, *width, *height);
        }
        Op::Curve { points, thickness, ink } => {
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: colour(*ink).into(),
                width: *thickness,
                ..Default::default()
            }));
            let mut path = PathBuilder::new();
            for (i, (x, y)) in points.iter().enumerate() {
                if i == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Op::Symbol { x, y, module, symbol } => {
            fill(surface, Ink::Text);
            // One unit is one module, so that the coordinates are whole numbers: short in the file, sharp on paper.
            surface.push_transform(&Transform::from_row(*module, 0.0, 0.0, *module, *x, *y));
            let mut path = PathBuilder::new();
            for row in 0..symbol.size() {
                let mut column = 0;
                while column < symbol.size() {
                    let start = column;
                    while symbol.is_dark(column, row) {
                        column += 1;
                    }
                    if column > start {
                        let run = Rect::from_xywh(start as f32, row as f32, (column - start) as f32, 1.0);
                        run.into_iter().for_each(|r| path.push_rect(r));
                    }
                    column += 1;
                }
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
            surface.pop();
        }
        Op::Watermark { text } => {
            fill(surface, Ink::Watermark);
            let face = faces.get(Weight::Bold);
            let size = 150.0;
            let width = face.width(text) * size;
            let centre = Transform::from_rotate_at(-52.0, WIDTH / 2.0, HEIGHT / 2.0);
            surface.push_transform(&centre);
            let start = Point::from_xy((WIDTH - width) / 2.0, HEIGHT / 2.0 + size * 0.35);
            surface.draw_glyphs(start, &face.run(text, &[], 0.0), face.font.clone(), text, size, false);
            surface.pop();
        }
        Op::Image { x, y, width, height, image } => {
            if let Some(size) = Size::from_wh(*width, *height) {
                surface.push_transform(&Transform::from_translate(*x, *y));
                surface.draw_image(image.clone(), size);
                surface.pop();
            }
        }
    }
}

fn rectangle(surface: &mut Surface<'_>, x: f32, y: f32, width: f32, height: f32) {
    let mut path = PathBuilder::new();
    if let Some(r) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(r);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}
