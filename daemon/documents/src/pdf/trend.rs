//! A small curve under a result that has at least three comparable earlier ones: where the value comes from, at a glance.
//!
//! Places follow the dates; the reference range is a pale band. The numbers stay beside, so nothing is said by the
//! curve alone.

use paillasse_shared::domain::report::{Moment, Outcome, ReportedValue, ResultItem};

use super::canvas::{Canvas, Ink, MARGIN, Op};

/// Fewest earlier values.
const ENOUGH: usize = 3;
/// Left edge, width, and least and most height, in points.
const LEFT: f32 = MARGIN + 180.0;
const WIDTH: f32 = 68.0;
const HEIGHT: (f32, f32) = (10.0, 24.0);

/// The points, oldest first: days since the oldest, value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trend {
    points: Vec<(f32, f32)>,
    low: Option<f32>,
    high: Option<f32>,
}

impl Trend {
    /// The curve of a result; `None` unless it and three earlier values are plain numbers in the same unit.
    pub fn of(item: &ResultItem) -> Option<Self> {
        let Outcome::Done(now) = &item.outcome else { return None };
        let (value, unit) = plain(now)?;
        let mut all: Vec<(Moment, f32)> = vec![(item.at?, value)];
        for p in &item.previous {
            match plain(&p.value) {
                Some((value, other)) if other == unit => all.push((p.at, value)),
                _ => {}
            }
        }
        if all.len() <= ENOUGH {
            return None;
        }
        all.sort_by_key(|(at, _)| at.local());
        let first = all.first()?.0.local().date();
        let days = |at: Moment| (at.local().date() - first).get_days() as f32;
        let bound = |b: Option<&paillasse_shared::domain::result::Decimal>| b.map(|d| d.value() as f32);
        let range = item.reference.as_ref();
        Some(Self {
            points: all.into_iter().map(|(at, value)| (days(at), value)).collect(),
            low: bound(range.and_then(|r| r.low.as_ref())),
            high: bound(range.and_then(|r| r.high.as_ref())),
        })
    }

    /// Draws it between two heights, if there is room.
    pub fn draw(&self, c: &mut Canvas<'_>, top: f32, bottom: f32) {
        let bottom = bottom.min(top + HEIGHT.1);
        if bottom - top < HEIGHT.0 {
            return;
        }
        let last = self.points.last().map_or(1.0, |p| p.0).max(1.0);
        let values = self.points.iter().map(|p| p.1);
        let (mut least, mut most) = values.fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(v), b.max(v)));
        // The nearest bound of the range is shown with the values, so that the band says something.
        for bound in [self.low, self.high].into_iter().flatten() {
            let reach = (most - least).abs().max(bound.abs() * 0.2);
            if bound > least - reach && bound < most + reach {
                (least, most) = (least.min(bound), most.max(bound));
            }
        }
        let span = if most > least { most - least } else { 1.0 };
        let x = |day: f32| LEFT + 2.0 + day / last * (WIDTH - 4.0);
        let y =
            |value: f32| (bottom - 1.5 - (value - least) / span * (bottom - top - 3.0)).clamp(top, bottom);
        if self.low.is_some() || self.high.is_some() {
            let (from, to) = (self.high.map_or(top, y), self.low.map_or(bottom, y));
            if to > from {
                c.push(Op::Rect { x: LEFT, y: from, width: WIDTH, height: to - from, ink: Ink::Tint });
            }
        }
        let points: Vec<(f32, f32)> = self.points.iter().map(|(day, value)| (x(*day), y(*value))).collect();
        let end = points.last().copied();
        c.push(Op::Curve { points, thickness: 0.8, ink: Ink::Soft });
        if let Some((x, y)) = end {
            c.push(Op::Rect { x: x - 1.5, y: y - 1.5, width: 3.0, height: 3.0, ink: Ink::Text });
        }
    }
}

/// A number without sign of limit, and its unit.
fn plain(value: &ReportedValue) -> Option<(f32, Option<&str>)> {
    match value {
        ReportedValue::Numeric { comparator: None, value, unit } => {
            Some((value.value() as f32, unit.as_ref().map(|u| u.ucum.as_str())))
        }
        _ => None,
    }
}
