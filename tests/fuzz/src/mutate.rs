//! How inputs are spoiled. Deterministic: the generator is the only source of chance.

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n` - 1; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        match u64::try_from(n) {
            Ok(n @ 1..) => usize::try_from(self.draw() % n).unwrap_or(0),
            _ => 0,
        }
    }
}

/// Spoils `input` a few times; `other` is another input to borrow from, `words` mean something to the reader.
#[must_use]
pub fn mutate(d: &mut Dice, input: &[u8], other: &[u8], words: &[&str], max: usize) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..1 + d.below(6) {
        once(d, &mut out, other, words);
        out.truncate(max);
    }
    out
}

fn range(d: &mut Dice, length: usize) -> std::ops::Range<usize> {
    let start = d.below(length + 1);
    let longest = 4usize << (4 * d.below(4));
    start..(start + d.below(longest)).min(length)
}

fn once(d: &mut Dice, out: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = d.below(out.len() + 1);
    let word = words.get(d.below(words.len())).copied().unwrap_or_default();
    match d.below(11) {
        0 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << d.below(8);
            }
        }
        1 => {
            if let Some(byte) = out.get_mut(at) {
                *byte = u8::try_from(d.below(256)).unwrap_or(0);
            }
        }
        2 => {
            let gone = range(d, out.len());
            out.drain(gone);
        }
        3 => {
            let kept = range(d, out.len());
            let copy: Vec<u8> = out.get(kept).unwrap_or_default().to_vec();
            out.splice(at..at, copy);
        }
        4 | 5 => {
            out.splice(at..at, word.bytes());
        }
        6 => {
            // The same word or piece many times: depth and number.
            let piece = if d.below(2) == 0 {
                word.as_bytes().to_vec()
            } else {
                let kept = range(d, out.len());
                out.get(kept).unwrap_or_default().iter().copied().take(256).collect()
            };
            let times = 8 << (4 * d.below(3));
            out.splice(at..at, piece.repeat(times));
        }
        7 => out.truncate(at),
        8 => {
            let borrowed = other.get(range(d, other.len())).unwrap_or_default().to_vec();
            out.splice(at..at, borrowed);
        }
        9 => {
            // Swap two pieces.
            let (a, b) = (range(d, out.len()), range(d, out.len()));
            let (first, second) = (
                out.get(a.clone()).unwrap_or_default().to_vec(),
                out.get(b.clone()).unwrap_or_default().to_vec(),
            );
            if a.end <= b.start {
                out.splice(b, first);
                out.splice(a, second);
            }
        }
        _ => {
            // A number becomes another.
            let digit = out.iter().skip(at).position(u8::is_ascii_digit).map(|p| p + at);
            if let Some(start) = digit {
                let end = start + out.iter().skip(start).take_while(|b| b.is_ascii_digit()).count();
                let new = ["0", "-1", "4294967296", "9223372036854775808", "1e999", "00000000000000000001"];
                out.splice(start..end, new.get(d.below(new.len())).unwrap_or(&"0").bytes());
            }
        }
    }
}
