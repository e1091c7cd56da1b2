//! Dates and times of HL7: `YYYY[MM[DD[HH[MM[SS[.SSSS]]]]]][+ZZZZ]`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// A moment as the sender wrote it. Precision is kept: `20260518` is a day, not midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hl7Time {
    /// The field as received.
    pub raw: String,
    /// Calendar day, `None` when the field stops before the day or the day does not exist.
    pub date: Option<Date>,
    /// Local time at the sender, `None` when the field gives no hour.
    pub local: Option<DateTime>,
    /// Distance to UTC when written; absent means the local time of the laboratory (Europe/Paris).
    pub offset: Option<Offset>,
}

impl Hl7Time {
    /// Reads a TS/DTM/DT. An unreadable one keeps its raw text and nothing else; `None` only for an empty field.
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        if raw.is_empty() || raw == "\"\"" {
            return None;
        }
        let (main, offset) = split_offset(raw);
        let (whole, fraction) = main.split_once('.').unwrap_or((main, ""));
        let mut time = Self { raw: raw.chars().take(40).collect(), date: None, local: None, offset };
        if !whole.is_ascii()
            || !whole.bytes().all(|b| b.is_ascii_digit())
            || whole.len() > 14
            || !whole.len().is_multiple_of(2)
        {
            return Some(time);
        }
        let number =
            |range: std::ops::Range<usize>| whole.get(range).and_then(|digits| digits.parse::<i16>().ok());
        let small = |range| number(range).and_then(|n| i8::try_from(n).ok());
        let (Some(year), Some(month), Some(day)) = (number(0..4), small(4..6), small(6..8)) else {
            return Some(time);
        };
        time.date = Date::new(year, month, day).ok();
        if let (Some(date), Some(hour)) = (time.date, small(8..10)) {
            let nanos = nanoseconds(fraction);
            time.local =
                jiff::civil::Time::new(hour, small(10..12).unwrap_or(0), small(12..14).unwrap_or(0), nanos)
                    .ok()
                    .map(|clock| date.to_datetime(clock));
        }
        Some(time)
    }

    /// The instant meant, reading a time without offset in `zone`. `None` without an hour or where the zone has no
    /// such time.
    pub fn instant(&self, zone: &TimeZone) -> Option<Timestamp> {
        let local = self.local?;
        match self.offset {
            Some(offset) => offset.to_timestamp(local).ok(),
            None => zone.to_ambiguous_zoned(local).compatible().ok().map(|zoned| zoned.timestamp()),
        }
    }
}

fn split_offset(raw: &str) -> (&str, Option<Offset>) {
    let Some(at) = raw.rfind(['+', '-']) else { return (raw, None) };
    let (main, zone) = raw.split_at(at);
    let digits = zone.get(1..).unwrap_or_default();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return (raw, None);
    }
    let number =
        |range: std::ops::Range<usize>| digits.get(range).and_then(|d| d.parse::<i32>().ok()).unwrap_or(0);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (main, Offset::from_seconds(sign * (number(0..2) * 3600 + number(2..4) * 60)).ok())
}

fn nanoseconds(fraction: &str) -> i32 {
    let digits: String = fraction.chars().take(9).collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    format!("{digits:0<9}").parse().unwrap_or(0)
}
