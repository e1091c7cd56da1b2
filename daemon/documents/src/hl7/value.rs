//! Values inside fields: codes, numbers with their comparator, structured numerics.

use super::message::Part;
use super::results::{Code, CodePair, Comparator, ObservedValue};

/// The triplet that begins at component `first`.
pub(super) fn code(field: Part<'_>, first: usize) -> Option<Code> {
    let (code, label) = (field.component(first).text(), field.component(first + 1).text());
    (!code.is_empty() || !label.is_empty()).then(|| Code {
        code,
        label,
        system: field.component(first + 2).text(),
    })
}

/// Both triplets of a coded field, LOINC recognised by its system `LN`.
pub(super) fn code_pair(field: Part<'_>) -> CodePair {
    let mut pair = CodePair::default();
    for triplet in [code(field, 1), code(field, 4)].into_iter().flatten() {
        let slot = if triplet.system == "LN" { &mut pair.loinc } else { &mut pair.local };
        if slot.is_none() {
            *slot = Some(triplet);
        }
    }
    pair
}

/// Digits with a point; a comma is taken for one, a leading `+` dropped. At most 40 characters.
fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (text.len() <= 40 && all_digits(whole) && all_digits(fraction)).then(|| text.replace(',', "."))
}

fn comparator(text: &str) -> (Option<Comparator>, &str) {
    const SIGNS: [(&str, Comparator); 6] = [
        ("<=", Comparator::LessOrEqual),
        (">=", Comparator::GreaterOrEqual),
        ("≤", Comparator::LessOrEqual),
        ("≥", Comparator::GreaterOrEqual),
        ("<", Comparator::Less),
        (">", Comparator::Greater),
    ];
    let text = text.trim();
    SIGNS
        .iter()
        .find_map(|(sign, comparator)| Some((Some(*comparator), text.strip_prefix(sign)?)))
        .unwrap_or((None, text))
}

/// A number, possibly with a comparator before it.
pub(super) fn comparison(text: &str) -> Option<ObservedValue> {
    let (comparator, rest) = comparator(text);
    Some(ObservedValue::Number { comparator, number: number(rest)? })
}

/// SN: comparator ^ number ^ separator ^ number.
pub(super) fn structured(part: Part<'_>) -> Option<ObservedValue> {
    let (sign, rest) = (part.component(1).text(), part.component(2).text());
    let (comparator, leftover) = comparator(&sign);
    if !leftover.is_empty() {
        // Some senders put a plain number, or `<18`, in the first component.
        return rest.is_empty().then(|| comparison(&sign)).flatten();
    }
    let separator = part.component(3).text();
    let second = part.component(4).text();
    let optional = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
    if separator.is_empty() {
        return second
            .is_empty()
            .then(|| number(&rest))
            .flatten()
            .map(|number| ObservedValue::Number { comparator, number });
    }
    let (first, second) = (optional(&rest)?, optional(&second)?);
    Some(ObservedValue::Pair { comparator, first, separator, second })
}
