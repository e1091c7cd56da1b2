//! The INS datamatrix: the symbol printed beside the traits of a **qualified** identity, and its reader.
//!
//! Contract: ANS "Datamatrix INS" version 01, derived from the 2D-Doc syntax: plain ECC 200 content (no FNC1),
//! a 26-character header, then fields `S1` to `S7`. Writing follows the order S1…S7; reading accepts any order, and
//! recovers from what keyboard-wedge scanners do to the separator.
//!
//! A payload that was read says nothing about trust: the identity stays provisional until INSi confirms it.
//! Deliberately not here: the screen that offers the traits, and any call to INSi.

use paillasse_shared::domain::identity::{
    BirthDate, CogCode, InsOid, Matricule, MatriculeError, Sex, StrictName,
};
use paillasse_shared::domain::report::Report;
use thiserror::Error;

/// `IS`, version `01`, and the 22 zeros that stand for the 2D-Doc header.
pub const HEADER: &str = "IS010000000000000000000000";
/// Group separator that ends a variable field shorter than its maximum.
pub const GS: char = '\u{1d}';
/// Longest text a scanner may hand over, in bytes; more is refused unread.
pub const MAX_INPUT: usize = 2_048;

/// Longest name field, in characters.
const MAX_NAME: usize = 100;
/// Longest OID, in characters.
const MAX_OID: usize = 20;

/// What an INS datamatrix says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsDatamatrix {
    /// Matricule with a checked key.
    pub matricule: Matricule,
    /// OID; NIR, NIA, test or demonstration.
    pub oid: InsOid,
    /// List of given names, as encoded.
    pub given_names: String,
    /// Birth name, as encoded.
    pub birth_name: String,
    /// Sex, `M` or `F`.
    pub sex: Sex,
    /// Date of birth; may be lunar.
    pub birth_date: BirthDate,
    /// Place of birth, when encoded.
    pub birth_place: Option<CogCode>,
}

/// Why a scanned text is not an INS datamatrix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DatamatrixError {
    /// Longer than [`MAX_INPUT`].
    #[error("le texte lu est trop long pour un datamatrix INS")]
    TooLong,
    /// The digits came as the signs of an AZERTY keyboard.
    #[error(
        "le lecteur envoie les touches d'un autre clavier : réglez la disposition du lecteur (AZERTY/QWERTY)"
    )]
    KeyboardLayout,
    /// Does not begin as an INS datamatrix.
    #[error("ce code n'est pas un datamatrix INS")]
    Header,
    /// A version this reader does not know.
    #[error("version {0} du datamatrix INS non prise en charge")]
    Version(String),
    /// A mandatory field is absent.
    #[error("datamatrix INS incomplet : champ {0} absent")]
    MissingField(&'static str),
    /// A field has a wrong form.
    #[error("datamatrix INS : champ {0} incorrect")]
    Field(&'static str),
    /// The same field twice.
    #[error("datamatrix INS : champ {0} en double")]
    Repeated(String),
    /// The matricule is not one.
    #[error("datamatrix INS : {0}")]
    Matricule(#[from] MatriculeError),
}

/// Payload for the patient of a report, or `None` when the identity is not qualified (INS-16, INS-17).
#[must_use]
pub fn payload_of(report: &Report) -> Option<String> {
    let patient = &report.patient;
    let ins = patient.ins.as_ref()?;
    let traits = &patient.traits;
    let given = traits.given_names.as_ref().unwrap_or(&traits.first_name);
    let place = traits.birth_place.as_ref().map(CogCode::as_str);
    Some(encode_ins(
        &ins.matricule,
        ins.oid,
        given.as_str(),
        traits.birth_name.as_str(),
        traits.sex,
        &traits.birth_date,
        place,
    ))
}

/// Content of the symbol. Names longer than 100 characters are cut at 100, as the fields are.
#[must_use]
pub fn encode_ins(
    matricule: &Matricule,
    oid: InsOid,
    given_names: &str,
    birth_name: &str,
    sex: Sex,
    birth_date: &BirthDate,
    birth_place: Option<&str>,
) -> String {
    let mut out = format!("{HEADER}S1{}", matricule.compact());
    variable(&mut out, "S2", oid.as_str(), MAX_OID);
    variable(&mut out, "S3", given_names, MAX_NAME);
    variable(&mut out, "S4", birth_name, MAX_NAME);
    let (year, month, day) = birth_date.parts();
    out.push_str(&format!("S5{}S6{day:02}-{month:02}-{year:04}", sex.letter()));
    if let Some(place) = birth_place {
        out.push_str("S7");
        out.push_str(place);
    }
    out
}

fn variable(out: &mut String, tag: &str, text: &str, max: usize) {
    let kept: String = text.chars().take(max).collect();
    out.push_str(tag);
    out.push_str(&kept);
    if kept.chars().count() < max {
        out.push(GS);
    }
}

/// A printable symbol: `size` by `size` modules without the quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    size: usize,
    modules: Vec<bool>,
}

impl Symbol {
    /// Modules on one side.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the module is dark; `false` outside the symbol.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && self.modules.get(y * self.size + x).copied().unwrap_or(false)
    }

    /// All modules, row by row.
    #[must_use]
    pub fn modules(&self) -> &[bool] {
        &self.modules
    }
}

/// Square ECC 200 symbol of a payload; `None` when the payload does not fit (over about 1,500 bytes).
#[must_use]
pub fn symbol(payload: &str) -> Option<Symbol> {
    let squares = datamatrix::SymbolList::default().enforce_square();
    let code = datamatrix::DataMatrix::encode(payload.as_bytes(), squares).ok()?;
    let bitmap = code.bitmap();
    let size = bitmap.width();
    let mut modules = vec![false; size * size];
    for (x, y) in bitmap.pixels() {
        if let Some(module) = modules.get_mut(y * size + x) {
            *module = true;
        }
    }
    Some(Symbol { size, modules })
}

/// Reads what a scanner typed. Accepts the fields in any order, a last variable field without separator, and the
/// separator as the byte, as `<GS>`, `^]`, `\x1d`, `[GS]`, or lost (names hold no digit, so `S` and a digit is a tag).
///
/// # Errors
/// [`DatamatrixError`], whose sentence can be shown to the secretary as it is.
pub fn parse_ins(text: &str) -> Result<InsDatamatrix, DatamatrixError> {
    if text.len() > MAX_INPUT {
        return Err(DatamatrixError::TooLong);
    }
    let text = text.trim_matches(|c: char| c == '\r' || c == '\n' || c == ' ');
    // AIM symbology identifier some scanners put in front of a plain Data Matrix.
    let text = text.strip_prefix("]d1").unwrap_or(text);
    let mut clean = text.to_owned();
    for literal in ["<GS>", "[GS]", "^]", "\\x1d", "\\x1D", "\\u001d", "\\u001D", "{GS}"] {
        clean = clean.replace(literal, "\u{1d}");
    }
    let upper = clean.to_uppercase();
    let start = if upper.starts_with("IS") { &clean } else { &upper };
    if !upper.starts_with("IS01") {
        if upper.starts_with("ISÀ&") || upper.starts_with("IS)!") || upper.starts_with("ISÀ") {
            return Err(DatamatrixError::KeyboardLayout);
        }
        return Err(match upper.get(2..4).filter(|_| upper.starts_with("IS")) {
            Some(v) if v.bytes().all(|b| b.is_ascii_digit()) => DatamatrixError::Version(v.to_owned()),
            _ => DatamatrixError::Header,
        });
    }
    let body = start.to_uppercase();
    let body =
        body.get(HEADER.len()..).filter(|_| body.starts_with(HEADER)).ok_or(DatamatrixError::Header)?;
    fields(body)
}

/// Walks over `tag, content` and gathers the fields.
fn fields(body: &str) -> Result<InsDatamatrix, DatamatrixError> {
    let mut found: [Option<String>; 7] = Default::default();
    let mut rest = body.trim_matches(GS);
    while !rest.is_empty() {
        let tag = rest.get(..2).ok_or(DatamatrixError::Field("inconnu"))?;
        let number = tag
            .strip_prefix('S')
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| (1..=7).contains(n))
            .ok_or(DatamatrixError::Field("inconnu"))?;
        let after = rest.get(2..).unwrap_or_default();
        let (content, tail) = match number {
            1 => fixed(after, 15, "S1 (matricule)")?,
            2 => upto(after, MAX_OID, true),
            3 | 4 => upto(after, MAX_NAME, false),
            5 => fixed(after, 1, "S5 (sexe)")?,
            6 => fixed(after, 10, "S6 (date de naissance)")?,
            _ => fixed(after, 5, "S7 (lieu de naissance)")?,
        };
        let slot = found.get_mut(number - 1).ok_or(DatamatrixError::Field("inconnu"))?;
        if slot.replace(content.to_owned()).is_some() {
            return Err(DatamatrixError::Repeated(tag.to_owned()));
        }
        rest = tail.trim_start_matches(GS);
    }
    let [s1, s2, s3, s4, s5, s6, s7] = found;
    let need = |field: Option<String>, name| field.ok_or(DatamatrixError::MissingField(name));
    let matricule = Matricule::parse(&need(s1, "S1 (matricule)")?)?;
    let oid = InsOid::parse(&need(s2, "S2 (OID)")?).ok_or(DatamatrixError::Field("S2 (OID)"))?;
    let name = |text: String, field| {
        StrictName::verbatim(&text).map(|_| text).map_err(|_| DatamatrixError::Field(field))
    };
    let given_names = name(need(s3, "S3 (prénoms)")?, "S3 (prénoms)")?;
    let birth_name = name(need(s4, "S4 (nom de naissance)")?, "S4 (nom de naissance)")?;
    let sex = Sex::parse(&need(s5, "S5 (sexe)")?)
        .filter(|s| *s != Sex::I)
        .ok_or(DatamatrixError::Field("S5 (sexe)"))?;
    let birth_date = birth_date(&need(s6, "S6 (date de naissance)")?)?;
    let birth_place = s7
        .map(|c| CogCode::parse(&c).map_err(|_| DatamatrixError::Field("S7 (lieu de naissance)")))
        .transpose()?;
    Ok(InsDatamatrix { matricule, oid, given_names, birth_name, sex, birth_date, birth_place })
}

fn fixed<'a>(
    text: &'a str,
    length: usize,
    name: &'static str,
) -> Result<(&'a str, &'a str), DatamatrixError> {
    let (content, tail) = text.split_at_checked(length).ok_or(DatamatrixError::Field(name))?;
    if content.contains(GS) { Err(DatamatrixError::Field(name)) } else { Ok((content, tail)) }
}

/// Content up to the separator, the maximum, or the next tag when the separator was lost.
fn upto(text: &str, max: usize, numeric: bool) -> (&str, &str) {
    let limit = text.char_indices().nth(max).map_or(text.len(), |(at, _)| at);
    let window = text.get(..limit).unwrap_or(text);
    let tag_at = |from: &str| {
        from.char_indices().find_map(|(at, c)| {
            let digit = from.get(at + 1..).and_then(|r| r.chars().next());
            let is_tag = c == 'S' && digit.is_some_and(|d| ('1'..='7').contains(&d));
            (is_tag && (at > 0 || !numeric)).then_some(at)
        })
    };
    let end = match (window.find(GS), tag_at(text).filter(|at| *at <= limit)) {
        (Some(gs), Some(tag)) => gs.min(tag),
        (Some(gs), None) => gs,
        (None, Some(tag)) => tag,
        (None, None) => limit,
    };
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `JJ-MM-AAAA`; scanners of another layout may send `JJ/MM/AAAA`.
fn birth_date(text: &str) -> Result<BirthDate, DatamatrixError> {
    const NAME: &str = "S6 (date de naissance)";
    let text = text.replace('/', "-");
    let mut parts = text.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year), None) => {
            BirthDate::lunar(&format!("{year}-{month}-{day}")).map_err(|_| DatamatrixError::Field(NAME))
        }
        _ => Err(DatamatrixError::Field(NAME)),
    }
}
