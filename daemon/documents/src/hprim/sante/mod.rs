//! HPRIM Santé 2.4, context ORU: the results of a request, laboratory to whoever asked.
//!
//! [`write`] makes one file of one report: H, P, one OBR for each sub-chapter, its OBX and C, L. [`read`] takes any
//! H2.x file of the same context. What a value looks like is in [`Value`]; both sides use it.

mod read;
mod write;

pub use read::read;
pub use write::{Party, Settings, write};

use super::Remark;

/// A code with its label and the table it comes from (`L` local, `LN` LOINC by agreement).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// Code.
    pub code: String,
    /// Label.
    pub label: String,
    /// Table.
    pub table: String,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Name of the file as its sender gave it (H.3).
    pub file: Option<String>,
    /// Sender, `code` and name (H.5).
    pub sender: Code,
    /// Receiver, `code` and name (H.10).
    pub receiver: Code,
    /// `P` production, `T` test, `D` debug (H.12); production when absent.
    pub processing: char,
    /// Version, without the `H` (H.13.1).
    pub version: String,
    /// Date and time of the file, digits as sent (H.14).
    pub at: String,
    /// Patients.
    pub patients: Vec<Patient>,
    /// Comments right after H.
    pub comments: Vec<String>,
    /// What was odd.
    pub remarks: Vec<Remark>,
}

/// What the sender says of a patient: hints to compare with, never a source for our identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patient {
    /// Number given by the requester (P.3).
    pub requester_id: Option<String>,
    /// Number given by the laboratory (P.4).
    pub laboratory_id: Option<String>,
    /// Number of the stay (P.5).
    pub stay: Option<String>,
    /// Name in use (P.6.1).
    pub used_name: Option<String>,
    /// Given name (P.6.2).
    pub given_name: Option<String>,
    /// Birth name (P.7).
    pub birth_name: Option<String>,
    /// Date of birth, `AAAAMMJJ` as sent (P.8).
    pub birth_date: Option<String>,
    /// `M`, `F` or `U` (P.9).
    pub sex: Option<char>,
    /// Raw content of P.12, whatever it is: shown to a person, never taken as an INS.
    pub ins_raw: Option<String>,
    /// Comments on the patient.
    pub comments: Vec<String>,
    /// Requests.
    pub requests: Vec<Request>,
}

/// One OBR with its results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Sample and request numbers of the requester (OBR.3).
    pub requester: (Option<String>, Option<String>),
    /// Sample and request numbers of the laboratory (OBR.4); the second recognises a re-send.
    pub laboratory: (Option<String>, Option<String>),
    /// Tests asked for.
    pub tests: Vec<Code>,
    /// Sampling, digits as sent (OBR.8).
    pub sampled_at: Option<String>,
    /// Reception (OBR.15).
    pub received_at: Option<String>,
    /// Label of the specimen (OBR.16).
    pub specimen: Option<String>,
    /// Result date (OBR.23).
    pub resulted_at: Option<String>,
    /// `F`, `M`, `P`… (OBR.26).
    pub status: Option<char>,
    /// Comments on the request.
    pub comments: Vec<String>,
    /// Results in order.
    pub results: Vec<Line>,
}

/// One OBX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file.
    pub line: usize,
    /// Test with its local code and label.
    pub test: Code,
    /// Second triplet, LOINC by agreement.
    pub second: Option<Code>,
    /// Distinguishes several values of one test (germ 1, germ 2).
    pub sub_id: Option<String>,
    /// Value.
    pub value: Value,
    /// Unit as sent.
    pub unit: Option<String>,
    /// Normal bounds, as texts of numbers.
    pub normals: (Option<String>, Option<String>),
    /// Normals that are no pair of bounds, as sent.
    pub normals_text: Option<String>,
    /// Flags (`L`, `HH`, `R`…).
    pub flags: Vec<String>,
    /// `F` valid, `P`, `R`, `C`, `I`, `D`, `X`, `U`; `F` when absent.
    pub status: char,
    /// Result date, digits as sent.
    pub at: Option<String>,
    /// Key of OBX.16 that binds the antibiotics to their isolate.
    pub group: Option<String>,
    /// Comments on the result.
    pub comments: Vec<String>,
}

/// A value by its type (OBX.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NM: number as text with a point.
    Number(String),
    /// ST: short text or number with its sign.
    Short(String),
    /// TX: text, with its line breaks.
    Text(String),
    /// CE: code, label, table.
    Coded(Code),
    /// PDF, TIF: base64 as it came.
    File {
        /// OBX.3.
        kind: String,
        /// Content.
        base64: String,
    },
    /// Another type, raw.
    Other {
        /// OBX.3.
        kind: String,
        /// Content as sent.
        raw: String,
    },
    /// Nothing (awaited, never rendered).
    None,
}

/// Cuts `bas-haut`, `-haut`, `bas-`; bounds may be negative. `None` when it is not that.
pub(super) fn bounds(text: &str) -> Option<(Option<String>, Option<String>)> {
    let number = |t: &str| {
        let digits = t.strip_prefix('-').unwrap_or(t);
        let mut parts = digits.split(['.', ',']);
        let whole = parts.next().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        let rest = parts.next().is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        (whole && rest && parts.next().is_none()).then(|| t.replace(',', "."))
    };
    let side = |t: &str| if t.is_empty() { Some(None) } else { number(t).map(Some) };
    let text = text.trim();
    text.match_indices('-').find_map(|(i, _)| {
        let low = side(text.get(..i)?.trim())?;
        let high = side(text.get(i + 1..)?.trim())?;
        (low.is_some() || high.is_some()).then_some((low, high))
    })
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn bounds_may_be_open_or_negative() {
        let s = |t: &str| Some(t.to_owned());
        assert_eq!(bounds("136-145"), Some((s("136"), s("145"))));
        assert_eq!(bounds("-1.2"), Some((None, s("1.2"))));
        assert_eq!(bounds("0.5-"), Some((s("0.5"), None)));
        assert_eq!(bounds("-3.0--1"), Some((s("-3.0"), s("-1"))));
        assert_eq!(bounds("-3,0-1,2"), Some((s("-3.0"), s("1.2"))));
        assert_eq!(bounds("--3"), Some((None, s("-3"))));
        for odd in ["-", "négatif", "1/80", "a-b", ""] {
            assert_eq!(bounds(odd), None, "{odd}");
        }
    }
}
