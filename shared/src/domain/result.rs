//! Results of analyses: values as validated, flags, reference intervals.

use serde::{Deserialize, Serialize};

/// A decimal number kept as the digits that were validated: the same digits leave on screen, in CDA and in PDF.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(String);

impl Decimal {
    /// Reads `-?digits[.digits]`; a decimal comma is accepted. At most 20 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim().replace(',', ".");
        let body = t.strip_prefix('-').unwrap_or(&t);
        let (whole, fraction) = body.split_once('.').unwrap_or((body, "0"));
        let digits = |s: &str| !s.is_empty() && s.len() <= 20 && s.bytes().all(|b| b.is_ascii_digit());
        (digits(whole) && digits(fraction)).then_some(Self(t))
    }

    /// With a dot, as entries of documents want it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With a comma, as French readers want it.
    #[must_use]
    pub fn french(&self) -> String {
        self.0.replace('.', ",")
    }

    /// For comparisons only.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl TryFrom<String> for Decimal {
    type Error = String;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::parse(&value).ok_or_else(|| format!("« {value} » n'est pas un nombre décimal"))
    }
}

impl From<Decimal> for String {
    fn from(value: Decimal) -> Self {
        value.0
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sign before a number beyond what the method measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparator {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `≤`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    More,
    /// `≥`
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparator {
    /// The sign shown.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "≤",
            Self::More => ">",
            Self::AtLeast => "≥",
        }
    }
}

/// A value of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResultValue {
    /// A number in the unit of the analysis, possibly beyond a limit.
    Numeric {
        /// Sign, when the value is beyond what the method measures.
        comparator: Option<Comparator>,
        /// The number.
        value: Decimal,
    },
    /// A qualitative result with a code of a national value set.
    Coded {
        /// Code.
        code: String,
        /// Code system OID.
        system: String,
        /// Label shown.
        label: String,
    },
    /// Free text.
    Text {
        /// The text.
        text: String,
    },
    /// Two numbers, such as a titre `1/128`.
    Ratio {
        /// First number.
        numerator: Decimal,
        /// Second number.
        denominator: Decimal,
    },
}

impl ResultValue {
    /// Reads what a person types: a number (with `<`, `>`, `<=`, `≥`…), else text. Empty text is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = text.trim();
        if t.is_empty() {
            return None;
        }
        let signs = [
            ("<=", Comparator::AtMost),
            (">=", Comparator::AtLeast),
            ("≤", Comparator::AtMost),
            ("≥", Comparator::AtLeast),
            ("<", Comparator::Less),
            (">", Comparator::More),
        ];
        let (comparator, rest) =
            signs.iter().find_map(|(s, c)| t.strip_prefix(s).map(|r| (Some(*c), r))).unwrap_or((None, t));
        Some(match Decimal::parse(rest) {
            Some(value) => Self::Numeric { comparator, value },
            None => Self::Text { text: t.to_owned() },
        })
    }

    /// As shown to French readers, without unit.
    #[must_use]
    pub fn french(&self) -> String {
        match self {
            Self::Numeric { comparator: None, value } => value.french(),
            Self::Numeric { comparator: Some(c), value } => format!("{} {}", c.sign(), value.french()),
            Self::Coded { label, .. } => label.clone(),
            Self::Text { text } => text.clone(),
            Self::Ratio { numerator, denominator } => {
                format!("{}/{}", numerator.french(), denominator.french())
            }
        }
    }
}

/// Interpretation of a result (HL7 ObservationInterpretation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Flag {
    /// Critically low.
    LL,
    /// Low.
    L,
    /// Normal.
    N,
    /// High.
    H,
    /// Critically high.
    HH,
    /// Abnormal (not a number).
    A,
    /// Critically abnormal.
    AA,
}

impl Flag {
    /// The HL7 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LL => "LL",
            Self::L => "L",
            Self::N => "N",
            Self::H => "H",
            Self::HH => "HH",
            Self::A => "A",
            Self::AA => "AA",
        }
    }

    /// The sign shown to French readers: `H`, `B`, `HH`, `BB`, `A`, `AA`; nothing when normal.
    #[must_use]
    pub fn french(self) -> &'static str {
        match self {
            Self::LL => "BB",
            Self::L => "B",
            Self::N => "",
            Self::H => "H",
            Self::HH => "HH",
            Self::A => "A",
            Self::AA => "AA",
        }
    }

    /// Reads an HL7 code; `None` for codes that have no local meaning.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code.trim() {
            "LL" => Self::LL,
            "L" => Self::L,
            "N" => Self::N,
            "H" => Self::H,
            "HH" => Self::HH,
            "A" => Self::A,
            "AA" => Self::AA,
            _ => return None,
        })
    }

    /// True when a prescriber must be told at once.
    #[must_use]
    pub fn is_critical(self) -> bool {
        matches!(self, Self::LL | Self::HH | Self::AA)
    }
}

/// Reference interval, bounds in the unit of the analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: Option<Decimal>,
    /// Upper bound.
    pub high: Option<Decimal>,
}

impl Interval {
    /// `3,5 – 5,1`, `> 60`, `< 5`.
    #[must_use]
    pub fn french(&self) -> String {
        match (&self.low, &self.high) {
            (Some(l), Some(h)) => format!("{} – {}", l.french(), h.french()),
            (Some(l), None) => format!("> {}", l.french()),
            (None, Some(h)) => format!("< {}", h.french()),
            (None, None) => String::new(),
        }
    }
}

/// Flag of a numeric value against its reference interval and its critical limits.
#[must_use]
pub fn flag(value: &ResultValue, reference: Option<&Interval>, critical: Option<&Interval>) -> Option<Flag> {
    let ResultValue::Numeric { value, .. } = value else { return None };
    let v = value.value();
    let below = |i: Option<&Interval>| i.and_then(|i| i.low.as_ref()).is_some_and(|l| v < l.value());
    let above = |i: Option<&Interval>| i.and_then(|i| i.high.as_ref()).is_some_and(|h| v > h.value());
    if below(critical) {
        Some(Flag::LL)
    } else if above(critical) {
        Some(Flag::HH)
    } else if below(reference) {
        Some(Flag::L)
    } else if above(reference) {
        Some(Flag::H)
    } else if reference.is_some() {
        Some(Flag::N)
    } else {
        None
    }
}

/// Where a result stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// No value yet.
    Pending,
    /// A value is there, nobody has looked.
    Entered,
    /// Technically validated.
    Technical,
    /// Biologically validated: never overwritten.
    Validated,
    /// Will not be done.
    Cancelled,
}

impl ResultState {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "attendu",
            Self::Entered => "à valider",
            Self::Technical => "validé technique",
            Self::Validated => "validé",
            Self::Cancelled => "non fait",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (typed, shown) in
            [("5,20", "5,20"), ("< 0.5", "< 0,5"), (">=100", "≥ 100"), ("négatif", "négatif")]
        {
            assert_eq!(ResultValue::parse(typed).unwrap().french(), shown);
        }
        assert!(ResultValue::parse("  ").is_none());
        assert!(Decimal::parse("1e5").is_none());
    }

    #[test]
    fn lab_08_flags_come_from_limits() {
        let i = |l: &str, h: &str| Interval { low: Decimal::parse(l), high: Decimal::parse(h) };
        let (r, c) = (i("3.5", "5.1"), i("2.5", "6.5"));
        let f = |v: &str| flag(&ResultValue::parse(v).unwrap(), Some(&r), Some(&c));
        assert_eq!(f("7.1"), Some(Flag::HH));
        assert_eq!(f("5.2"), Some(Flag::H));
        assert_eq!(f("4.0"), Some(Flag::N));
        assert_eq!(f("3.4"), Some(Flag::L));
        assert_eq!(f("2.4"), Some(Flag::LL));
        assert_eq!(f("trace"), None);
    }
}
