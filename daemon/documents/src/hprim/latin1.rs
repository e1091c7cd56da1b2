//! ISO 8859-1, the character set of both formats, and what to write for the characters it lacks.

/// `text` in the characters of ISO 8859-1: look-alikes for typography, words for Greek letters, `?` for the rest. A
/// power keeps being one: `10⁹` is `10*9` as in UCUM, never `109`. Control characters become blanks, except the line
/// break.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if let Some(plain) = superscript(c) {
            let begins = superscript(before).is_none();
            match (begins, c) {
                (true, _) if before.is_ascii_digit() => out.extend(['*', plain]),
                // A lone exponent that the set has stays what it is: m², cm³.
                (true, '¹' | '²' | '³') => out.push(c),
                _ => out.push(plain),
            }
            before = c;
            continue;
        }
        before = c;
        match c {
            '\n' => out.push('\n'),
            c if c.is_control() => out.push(' '),
            '\u{20}'..='\u{ff}' => out.push(c),
            _ => match spelled(c) {
                Some(word) => out.push_str(word),
                None => out.push('?'),
            },
        }
    }
    out
}

fn superscript(c: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺".chars().zip("0123456789-+".chars()).find(|(s, _)| *s == c).map(|(_, plain)| plain)
}

/// Whether `text` needs no replacement.
pub(super) fn is_latin1(text: &str) -> bool {
    text.chars().all(|c| c <= '\u{ff}')
}

fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        '‘' | '’' | '‛' | 'ʼ' | '′' => "'",
        '“' | '”' | '„' | '″' => "\"",
        '–' | '—' | '‑' | '‐' | '−' => "-",
        '…' => "...",
        '•' | '‣' => "-",
        '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{2028}' | '\u{2029}' => " ",
        'Œ' => "OE",
        'œ' => "oe",
        'Ÿ' => "Y",
        'Š' => "S",
        'š' => "s",
        'Ž' => "Z",
        'ž' => "z",
        '€' => "EUR",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "<>",
        '≈' => "env.",
        '→' => "->",
        '∞' => "infini",
        '₀' => "0",
        '₁' => "1",
        '₂' => "2",
        '₃' => "3",
        '₄' => "4",
        '₅' => "5",
        '₆' => "6",
        '₇' => "7",
        '₈' => "8",
        '₉' => "9",
        'α' => "alpha",
        'β' => "bêta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "epsilon",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' => "µ",
        'σ' => "sigma",
        'ω' => "oméga",
        'Δ' => "Delta",
        'Ω' => "Oméga",
        '\u{200b}' | '\u{feff}' => "",
        _ => return None,
    })
}

/// Bytes of a text that was folded.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// Text of a file: byte-order mark, strict UTF-8, MacRoman when its `é` (8E) speaks for it, else Windows-1252 (fact
/// sheet A.1). Never fails; each byte gives at most three.
pub(super) fn decode(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return String::from_utf8_lossy(rest).into_owned();
    }
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        let units = rest.chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        return char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let count = |wanted: &[u8]| bytes.iter().filter(|b| wanted.contains(b)).count();
    // In Windows-1252 8E is Ž and é is E9; no French text has Ž and no é.
    if count(&[0x8e]) > 0 && count(&[0xe9, 0xe8, 0xea]) == 0 {
        return bytes.iter().map(|b| mac_roman(*b)).collect();
    }
    bytes.iter().map(|b| windows_1252(*b)).collect()
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x8a => 'Š',
        0x8c => 'Œ',
        0x8e => 'Ž',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x95 => '•',
        0x96 => '–',
        0x97 => '—',
        0x9a => 'š',
        0x9c => 'œ',
        0x9e => 'ž',
        0x9f => 'Ÿ',
        other => char::from(other),
    }
}

/// The accented letters and signs of French in MacRoman; anything else above ASCII is told by U+FFFD.
fn mac_roman(byte: u8) -> char {
    match byte {
        0x00..=0x7f => char::from(byte),
        0x80 => 'Ä',
        0x82 => 'Ç',
        0x83 => 'É',
        0x85 => 'Ö',
        0x86 => 'Ü',
        0x88 => 'à',
        0x89 => 'â',
        0x8a => 'ä',
        0x8d => 'ç',
        0x8e => 'é',
        0x8f => 'è',
        0x90 => 'ê',
        0x91 => 'ë',
        0x94 => 'î',
        0x95 => 'ï',
        0x99 => 'ô',
        0x9a => 'ö',
        0x9d => 'ù',
        0x9e => 'û',
        0x9f => 'ü',
        0xa1 => '°',
        0xb2 => '≤',
        0xb3 => '≥',
        0xb5 => 'µ',
        0xc7 => '«',
        0xc8 => '»',
        0xc9 => '…',
        0xca => ' ',
        0xcb => 'À',
        0xce => 'Œ',
        0xcf => 'œ',
        0xd0 => '–',
        0xd5 => '’',
        0xe9 => 'È',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_character_set_lacks_is_spelled() {
        assert_eq!(fold("α1 ≥ 10⁻³ µmol · œstradiol – l’été"), "alpha1 >= 10*-3 µmol · oestradiol - l'été");
        assert_eq!(fold("7,1 10⁹/L, 1,73 m², mol·L⁻¹, 10³, H₂O"), "7,1 10*9/L, 1,73 m², mol·L-1, 10*3, H2O");
        assert_eq!(encode(&fold("é𝄞")), [0xe9, b'?']);
    }

    #[test]
    fn files_of_all_origins_are_read() {
        assert_eq!(decode("été".as_bytes()), "été");
        assert_eq!(decode(&[0xe9, b't', 0xe9]), "été");
        assert_eq!(decode(&[0x8e, b't', 0x8e]), "été");
        assert_eq!(decode(&[0xff, 0xfe, 0xe9, 0, b't', 0]), "ét");
        assert_eq!(decode(&[0xef, 0xbb, 0xbf, b'a']), "a");
    }
}
