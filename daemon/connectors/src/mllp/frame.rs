//! The envelope of MLLP: `VT` payload `FS CR`. Pure, byte-driven.

/// Start of a block.
const VT: u8 = 0x0B;
/// End of a block.
const FS: u8 = 0x1C;
const CR: u8 = 0x0D;
const LF: u8 = 0x0A;

/// What is kept of a message over the limit: enough to find its MSH and refuse it politely.
pub(super) const OVERSIZE_HEAD: usize = 64 * 1024;

/// `payload` in its envelope.
pub fn wrap(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 3);
    out.push(VT);
    out.extend_from_slice(payload);
    out.extend_from_slice(&[FS, CR]);
    out
}

/// A block taken off the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The payload, or its first [`OVERSIZE_HEAD`] bytes when `total` is over the limit.
    pub bytes: Vec<u8>,
    /// Bytes received between VT and FS.
    pub total: u64,
    /// Bytes skipped before VT since the last block (a lone CR or LF after FS is not counted).
    pub skipped: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    Block(Block),
    /// A VT came before the FS: the unfinished block was dropped.
    Aborted {
        /// Bytes dropped.
        bytes: u64,
    },
}

/// Cuts a byte stream into blocks without ever holding more than `max` bytes.
#[derive(Debug)]
pub(super) struct Deframer {
    max: usize,
    inside: bool,
    buffer: Vec<u8>,
    total: u64,
    skipped: u64,
}

impl Deframer {
    pub fn new(max: usize) -> Self {
        Self { max, inside: false, buffer: Vec::new(), total: 0, skipped: 0 }
    }

    /// In the middle of a block: a silence now is an incident, not idleness.
    pub fn inside(&self) -> bool {
        self.inside
    }

    /// Bytes skipped since the last block.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes bytes until something happens. Returns how many were taken; call again with the rest.
    pub fn feed(&mut self, input: &[u8]) -> (usize, Option<Output>) {
        if !self.inside {
            let Some(at) = input.iter().position(|b| *b == VT) else {
                self.skip(input);
                return (input.len(), None);
            };
            self.skip(input.get(..at).unwrap_or_default());
            self.begin();
            let (taken, output) = self.feed(input.get(at + 1..).unwrap_or_default());
            return (at + 1 + taken, output);
        }
        let Some(at) = input.iter().position(|b| matches!(*b, VT | FS)) else {
            self.keep(input);
            return (input.len(), None);
        };
        self.keep(input.get(..at).unwrap_or_default());
        if input.get(at) == Some(&VT) {
            let bytes = self.total;
            self.begin();
            return (at + 1, Some(Output::Aborted { bytes }));
        }
        self.inside = false;
        let block = Block {
            bytes: std::mem::take(&mut self.buffer),
            total: self.total,
            skipped: std::mem::take(&mut self.skipped),
        };
        (at + 1, Some(Output::Block(block)))
    }

    fn begin(&mut self) {
        self.inside = true;
        self.buffer.clear();
        self.total = 0;
    }

    fn skip(&mut self, bytes: &[u8]) {
        let noise = bytes.iter().filter(|b| !matches!(**b, CR | LF)).count();
        self.skipped = self.skipped.saturating_add(noise as u64);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total <= self.max as u64 {
            self.buffer.extend_from_slice(bytes);
            return;
        }
        // Over the limit: only the head is wanted from now on, and the memory of the rest is given back.
        if self.buffer.len() < OVERSIZE_HEAD {
            let room = OVERSIZE_HEAD - self.buffer.len();
            self.buffer.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        self.buffer.truncate(OVERSIZE_HEAD);
        self.buffer.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything a stream gives, fed in pieces of `step` bytes.
    fn all(stream: &[u8], step: usize, max: usize) -> (Vec<Output>, Deframer) {
        let mut deframer = Deframer::new(max);
        let mut outputs = Vec::new();
        for mut piece in stream.chunks(step) {
            while !piece.is_empty() {
                let (taken, output) = deframer.feed(piece);
                outputs.extend(output);
                piece = &piece[taken..];
            }
        }
        (outputs, deframer)
    }

    fn block(bytes: &[u8], skipped: u64) -> Output {
        Output::Block(Block { bytes: bytes.to_vec(), total: bytes.len() as u64, skipped })
    }

    #[test]
    fn blocks_are_found_whatever_the_packets() {
        let stream = b"noise\x0Bone\x1C\r\x0Btwo\x1C\x0Bthree\x1C\r\n\x0Bunfinished";
        for step in 1..stream.len() {
            let (outputs, deframer) = all(stream, step, 100);
            assert_eq!(outputs, [block(b"one", 5), block(b"two", 0), block(b"three", 0)], "step {step}");
            assert!(deframer.inside());
        }
    }

    #[test]
    fn a_start_inside_a_block_abandons_it() {
        for step in 1..10 {
            let (outputs, _) = all(b"\x0Bhalf\x0Bwhole\x1C\r", step, 100);
            assert_eq!(outputs, [Output::Aborted { bytes: 4 }, block(b"whole", 0)], "step {step}");
        }
    }

    #[test]
    fn over_the_limit_only_the_head_is_kept() {
        let long = vec![b'x'; 3 * OVERSIZE_HEAD];
        for step in [1000, OVERSIZE_HEAD, 4 * OVERSIZE_HEAD] {
            for max in [10, 2 * OVERSIZE_HEAD] {
                let (outputs, _) = all(&wrap(&long), step, max);
                let [Output::Block(block)] = &outputs[..] else { panic!("{outputs:?}") };
                assert_eq!(
                    (block.bytes.len(), block.total),
                    (OVERSIZE_HEAD, long.len() as u64),
                    "step {step} max {max}"
                );
            }
        }
        let (outputs, _) = all(&wrap(b"exactly"), 2, 7);
        assert_eq!(outputs, [block(b"exactly", 0)]);
    }

    #[test]
    fn an_end_without_a_start_is_noise() {
        let (outputs, deframer) = all(b"\x1C\x1C\r", 1, 100);
        assert_eq!((outputs, deframer.skipped(), deframer.inside()), (vec![], 2, false));
    }
}
