//! BER-TLV, as cards write it: bounded in size, depth and number of elements.

/// Deepest nesting followed.
const MAX_DEPTH: usize = 6;
/// Most elements read from one file.
const MAX_ELEMENTS: usize = 512;

/// One element. `Debug` shows tags, never values.
#[derive(Clone, PartialEq, Eq)]
pub struct Tlv {
    /// Tag, up to three bytes.
    pub tag: u32,
    /// Value.
    pub value: Vec<u8>,
    /// Elements inside, for a constructed tag.
    pub children: Vec<Tlv>,
}

impl std::fmt::Debug for Tlv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:X}({} bytes)", self.tag, self.value.len())
    }
}

impl Tlv {
    /// The first child with that tag.
    #[must_use]
    pub fn child(&self, tag: u32) -> Option<&Self> {
        self.children.iter().find(|c| c.tag == tag)
    }

    /// This element and those below it.
    pub fn walk(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.children.iter().rev());
            Some(next)
        })
    }
}

/// Reads elements one after the other; padding (`00`, `FF`) between and after them is passed over. What cannot be read
/// ends the reading: what came before is kept, since files are longer than what they hold.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Tlv> {
    let mut left = MAX_ELEMENTS;
    level(bytes, 0, &mut left)
}

fn level(mut bytes: &[u8], depth: usize, left: &mut usize) -> Vec<Tlv> {
    let mut out = Vec::new();
    loop {
        while let Some((0x00 | 0xFF, rest)) = bytes.split_first() {
            bytes = rest;
        }
        if *left == 0 {
            return out;
        }
        let Some((tag, constructed, value, rest)) = one(bytes) else { return out };
        *left -= 1;
        let children =
            if constructed && depth < MAX_DEPTH { level(value, depth + 1, left) } else { Vec::new() };
        out.push(Tlv { tag, value: value.to_vec(), children });
        bytes = rest;
    }
}

/// Tag, whether it is constructed, value, what follows.
fn one(bytes: &[u8]) -> Option<(u32, bool, &[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let constructed = first & 0x20 != 0;
    let mut tag = u32::from(*first);
    if first & 0x1F == 0x1F {
        for more in 0..2 {
            let (next, after) = rest.split_first()?;
            tag = tag << 8 | u32::from(*next);
            rest = after;
            if next & 0x80 == 0 {
                break;
            }
            if more == 1 {
                return None;
            }
        }
    }
    let (length, rest) = match rest.split_first()? {
        (n @ 0..=0x7F, rest) => (usize::from(*n), rest),
        (0x81, rest) => rest.split_first().map(|(n, rest)| (usize::from(*n), rest))?,
        (0x82, rest) => {
            let (high, rest) = rest.split_first()?;
            let (low, rest) = rest.split_first()?;
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    if length > rest.len() {
        return None;
    }
    let (value, rest) = rest.split_at(length);
    Some((tag, constructed, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_elements_padding_and_long_forms() {
        let bytes =
            [0x65, 0x08, 0x80, 0x01, b'A', 0x81, 0x81, 0x02, b'B', b'C', 0x00, 0xFF, 0x7F, 0x21, 0x01, 9];
        let read = read(&bytes);
        assert_eq!(read.iter().map(|t| t.tag).collect::<Vec<_>>(), [0x65, 0x7F21]);
        assert_eq!(read[0].child(0x81).unwrap().value, b"BC");
        assert_eq!(read[0].walk().count(), 3);
        assert!(!format!("{read:?}").contains('B'));
    }

    #[test]
    fn what_is_wrong_ends_the_reading_and_never_breaks() {
        assert!(read(&[0x65, 0x20, 0x80]).is_empty());
        assert!(read(&[0x1F, 0xFF, 0xFF, 0xFF, 1, 0]).is_empty());
        assert_eq!(read(&[0x80, 0x01, b'A', 0x81, 0x05, b'B']).len(), 1);
        // Deeper and longer than any card.
        let mut deep = vec![0x65, 0x00];
        for _ in 0..40 {
            let mut outer = vec![0x65, u8::try_from(deep.len()).unwrap()];
            outer.extend(deep);
            deep = outer;
        }
        let depth = read(&deep)[0].walk().count();
        assert!(depth <= MAX_DEPTH + 1, "{depth}");
        let wide: Vec<u8> = [0x80, 0x00].repeat(5000);
        assert!(read(&wide).len() <= MAX_ELEMENTS);
    }
}
