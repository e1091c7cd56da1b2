//! A barcode scanner is a keyboard that types faster than any person.
//!
//! Characters are passed on as they come, so that the echo of typing never waits; when a burst ends
//! with Enter, Tab or EOT *and* its content is a code (it holds control characters, or begins like an
//! INS datamatrix, or no text field was there to type into), the burst becomes one [`Scan`] and the
//! caller takes back the characters already echoed. A person typing, or a script sending ordinary
//! words quickly, never satisfies the content rule.

use std::time::Duration;

use super::key::Key;

/// Longest pause between two keys of one burst. Wedge scanners send a character every 1 to 20 ms.
const GAP: Duration = Duration::from_millis(60);
/// Shortest code worth treating as a scan.
const SHORTEST: usize = 5;
/// A 2D symbol carries at most 2,335 characters; beyond, it is not a scan.
const LONGEST: usize = 4096;
/// Header of an INS datamatrix (spec/ins.md, D).
const INS_HEADER: &str = "IS01";

/// A finished scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The code, control characters kept, terminator removed.
    pub text: String,
    /// How many characters were already typed into the focused field (to be taken back).
    pub echoed: usize,
}

/// Recognises bursts. Time is given by the caller.
#[derive(Debug, Default)]
pub struct Scanner {
    text: String,
    echoed: usize,
    last: Option<Duration>,
}

/// What the caller must do with the key it offered.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An ordinary key: treat it as such.
    Ordinary,
    /// Part of a code, without a meaning as a key: swallow it.
    Swallow,
    /// The end of a code: the key itself is swallowed.
    Scanned(Scan),
}

impl Scanner {
    /// Offers one key, received at `now` (since any fixed origin). `in_text` tells whether a text
    /// field has the focus.
    pub fn offer(&mut self, key: Key, now: Duration, in_text: bool) -> Verdict {
        let fast = self.last.is_some_and(|l| now.saturating_sub(l) <= GAP);
        if !fast {
            self.reset();
        }
        let control = key.scanner_control();
        match key {
            Key::Char(c) if self.text.len() < LONGEST => {
                self.text.push(c);
                self.echoed += usize::from(in_text);
                self.last = Some(now);
                Verdict::Ordinary
            }
            Key::Enter | Key::Tab => self.finish(in_text),
            _ if control == Some('\u{04}') && fast => self.finish(in_text),
            _ => match control {
                Some(c) if fast && !self.text.is_empty() && c != '\u{04}' => {
                    self.text.push(c);
                    self.last = Some(now);
                    Verdict::Swallow
                }
                _ => {
                    self.reset();
                    Verdict::Ordinary
                }
            },
        }
    }

    fn finish(&mut self, in_text: bool) -> Verdict {
        let scan = Scan { text: std::mem::take(&mut self.text), echoed: self.echoed };
        self.reset();
        let is_code = scan.text.len() >= SHORTEST
            && (scan.text.chars().any(char::is_control) || scan.text.starts_with(INS_HEADER) || !in_text);
        if is_code { Verdict::Scanned(scan) } else { Verdict::Ordinary }
    }

    fn reset(&mut self) {
        self.text.clear();
        self.echoed = 0;
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(keys: &[(Key, u64)], in_text: bool) -> Vec<Verdict> {
        let mut s = Scanner::default();
        keys.iter().map(|(k, ms)| s.offer(*k, Duration::from_millis(*ms), in_text)).collect()
    }

    fn burst(text: &str, every: u64) -> Vec<(Key, u64)> {
        let mut out: Vec<(Key, u64)> = text
            .chars()
            .enumerate()
            .map(|(i, c)| (if c == '\u{1d}' { Key::Ctrl('5') } else { Key::Char(c) }, i as u64 * every))
            .collect();
        out.push((Key::Enter, text.chars().count() as u64 * every));
        out
    }

    #[test]
    fn ux_08_a_burst_with_group_separators_is_one_scan_and_keeps_them() {
        let code = "IS010000000000000000000000S21.2.250.1.213.1.4.8\u{1d}S3ANNE\u{1d}";
        let last = feed(&burst(code, 5), true).pop().unwrap();
        let Verdict::Scanned(scan) = last else { panic!("{last:?}") };
        assert_eq!(scan.text, code);
        assert_eq!(scan.echoed, code.chars().filter(|c| !c.is_control()).count());
    }

    #[test]
    fn words_typed_quickly_stay_words() {
        assert!(feed(&burst("dupont marie", 2), true).iter().all(|v| *v == Verdict::Ordinary));
    }

    #[test]
    fn a_person_at_human_speed_never_scans() {
        assert!(feed(&burst("IS0112345678", 120), true).iter().all(|v| *v == Verdict::Ordinary));
    }

    #[test]
    fn outside_a_field_any_quick_code_is_a_scan() {
        let last = feed(&burst("26-118204", 8), false).pop().unwrap();
        assert_eq!(last, Verdict::Scanned(Scan { text: "26-118204".into(), echoed: 0 }));
    }
}
