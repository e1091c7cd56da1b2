//! What the catalogue file may hold, and the checks that need its lines: every refusal names one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use paillasse_shared::domain::catalogue::{
    Analysis, Chapter, Correspondence, Group, ReferenceRule, Specimen, Technique,
};
use paillasse_shared::domain::identity::Sex;
use paillasse_shared::domain::result::{Decimal, Interval};
use paillasse_shared::protocol::dossier::Panel;
use serde::Deserialize;
use toml::Spanned;

use super::{CatalogueError, key};

/// Longest local code, in characters.
const MAX_CODE: usize = 20;

/// The closed list of UCUM units of the CR-BIO rules.
const UNITS: &str = include_str!("../../../data/cda/ucum-units.txt");

pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: String,
    #[serde(default)]
    pub(super) chapter: Vec<RawChapter>,
    #[serde(default)]
    pub(super) group: Vec<RawGroup>,
    #[serde(default)]
    pub(super) specimen: Vec<RawSpecimen>,
    #[serde(default)]
    pub(super) technique: Vec<RawTechnique>,
    #[serde(default)]
    pub(super) analysis: Vec<RawAnalysis>,
    #[serde(default)]
    pub(super) panel: Vec<RawPanel>,
    #[serde(default)]
    pub(super) mapping: Vec<RawMapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChapter {
    pub(super) code: Text,
    pub(super) title: String,
    pub(super) rank: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    pub(super) code: Text,
    pub(super) title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSpecimen {
    pub(super) code: Text,
    pub(super) system: String,
    pub(super) label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTechnique {
    pub(super) code: Text,
    pub(super) label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInterval {
    pub(super) low: Option<Text>,
    pub(super) high: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    pub(super) sex: Option<Text>,
    pub(super) from_age: Option<u16>,
    pub(super) to_age: Option<u16>,
    pub(super) low: Option<Text>,
    pub(super) high: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCorrespondence {
    pub(super) loinc: Text,
    pub(super) unit: String,
    pub(super) ucum: Text,
    pub(super) factor: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnalysis {
    pub(super) code: Text,
    pub(super) label: Text,
    #[serde(default)]
    pub(super) synonyms: Vec<String>,
    pub(super) loinc: Option<Text>,
    pub(super) loinc_label: Option<String>,
    pub(super) chapter: Text,
    pub(super) group: Option<Text>,
    pub(super) unit: Option<String>,
    pub(super) ucum: Option<Text>,
    pub(super) specimen: Text,
    pub(super) technique: Option<Text>,
    pub(super) method: Option<String>,
    #[serde(default)]
    pub(super) references: Vec<Spanned<RawReference>>,
    pub(super) critical: Option<Spanned<RawInterval>>,
    pub(super) correspondence: Option<RawCorrespondence>,
    pub(super) rank: u16,
    #[serde(default)]
    pub(super) accredited: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPanel {
    pub(super) code: Text,
    pub(super) label: String,
    pub(super) analyses: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMapping {
    pub(super) sender: Text,
    pub(super) code: Text,
    pub(super) analysis: Text,
}

/// LOINC syntax and modulo-10 check digit.
#[must_use]
pub fn is_loinc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else { return false };
    let digits = |s: &str| !s.is_empty() && s.len() <= 7 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(number) || !digits(check) || check.len() != 1 {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, b)| {
            let digit = u32::from(b - b'0') * if n % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    check.parse() == Ok((10 - sum % 10) % 10)
}

/// True for a unit of the closed list, its annotations left out.
fn is_listed_unit(ucum: &str) -> bool {
    static LIST: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let list = LIST.get_or_init(|| UNITS.lines().collect());
    let mut plain = String::new();
    let mut rest = ucum;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let Some((_, tail)) = after.split_once('}') else { return false };
        rest = tail;
    }
    plain.push_str(rest);
    // An annotation as a divisor leaves its bar: `mL/min/{1.73_m2}`.
    let plain = if rest.is_empty() { plain.strip_suffix('/').unwrap_or(&plain) } else { &plain };
    list.contains(plain) || list.contains(ucum)
}

/// The text being read, to name lines.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
}

impl Reader<'_> {
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    pub(super) fn line<T>(&self, spanned: &Spanned<T>) -> usize {
        self.line_at(spanned.span().start)
    }

    pub(super) fn wrong(&self, text: &Text, what: &'static str) -> CatalogueError {
        CatalogueError::Value { line: self.line(text), value: text.get_ref().clone(), what }
    }

    pub(super) fn unknown(&self, text: &Text, kind: &'static str) -> CatalogueError {
        CatalogueError::Unknown { line: self.line(text), kind, code: text.get_ref().clone() }
    }

    pub(super) fn duplicate(&self, text: &Text, kind: &'static str) -> CatalogueError {
        CatalogueError::Duplicate { line: self.line(text), kind, code: text.get_ref().clone() }
    }

    pub(super) fn code(&self, text: &Text) -> Result<String, CatalogueError> {
        let code = text.get_ref();
        let legal = !code.is_empty()
            && code.chars().count() <= MAX_CODE
            && code.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if legal {
            Ok(code.clone())
        } else {
            Err(self.wrong(text, "n'est pas un code : 1 à 20 caractères, sans espace"))
        }
    }

    pub(super) fn loinc(&self, text: &Text) -> Result<String, CatalogueError> {
        if is_loinc(text.get_ref()) {
            Ok(text.get_ref().clone())
        } else {
            Err(self.wrong(text, "n'est pas un code LOINC (chiffres, tiret, chiffre de contrôle)"))
        }
    }

    pub(super) fn ucum(&self, text: &Text) -> Result<String, CatalogueError> {
        if is_listed_unit(text.get_ref()) {
            Ok(text.get_ref().clone())
        } else {
            Err(self.wrong(text, "n'est pas une unité UCUM de la liste fermée des comptes rendus"))
        }
    }

    pub(super) fn number(&self, text: Option<&Text>) -> Result<Option<Decimal>, CatalogueError> {
        text.map(|t| Decimal::parse(t.get_ref()).ok_or_else(|| self.wrong(t, "n'est pas un nombre décimal")))
            .transpose()
    }

    pub(super) fn interval(
        &self,
        line: usize,
        low: Option<&Text>,
        high: Option<&Text>,
    ) -> Result<Interval, CatalogueError> {
        let interval = Interval { low: self.number(low)?, high: self.number(high)? };
        let wrong = |what| CatalogueError::Value { line, value: interval.french(), what };
        match (&interval.low, &interval.high) {
            (None, None) => Err(wrong("est un intervalle sans borne")),
            (Some(low), Some(high)) if low.value() >= high.value() => {
                Err(wrong("est un intervalle à l'envers : la borne basse dépasse la haute"))
            }
            _ => Ok(interval),
        }
    }

    pub(super) fn reference(&self, raw: &Spanned<RawReference>) -> Result<ReferenceRule, CatalogueError> {
        let line = self.line(raw);
        let raw = raw.get_ref();
        let sex = match &raw.sex {
            None => None,
            Some(text) => Some(
                Sex::parse(text.get_ref())
                    .filter(|s| *s != Sex::I)
                    .ok_or_else(|| self.wrong(text, "n'est pas un sexe : M ou F"))?,
            ),
        };
        if let (Some(from), Some(to)) = (raw.from_age, raw.to_age)
            && from >= to
        {
            let value = format!("{from} – {to} ans");
            return Err(CatalogueError::Value { line, value, what: "est une tranche d'âge à l'envers" });
        }
        let interval = self.interval(line, raw.low.as_ref(), raw.high.as_ref())?;
        Ok(ReferenceRule { sex, from_age: raw.from_age, to_age: raw.to_age, interval })
    }
}

/// Builds a map from code to definition and refuses doubles.
pub(super) fn define<T>(
    reader: &Reader<'_>,
    kind: &'static str,
    items: impl IntoIterator<Item = (Text, T)>,
) -> Result<BTreeMap<String, T>, CatalogueError> {
    let mut map = BTreeMap::new();
    for (code, item) in items {
        reader.code(&code)?;
        if map.insert(code.get_ref().clone(), item).is_some() {
            return Err(reader.duplicate(&code, kind));
        }
    }
    Ok(map)
}

/// What analyses refer to.
pub(super) struct Definitions {
    pub(super) chapters: BTreeMap<String, Chapter>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) specimens: BTreeMap<String, Specimen>,
    pub(super) techniques: BTreeMap<String, Technique>,
}

impl Definitions {
    pub(super) fn analysis(&self, reader: &Reader<'_>, raw: RawAnalysis) -> Result<Analysis, CatalogueError> {
        let code = reader.code(&raw.code)?;
        if raw.label.get_ref().trim().is_empty() {
            return Err(reader.wrong(&raw.label, "est un libellé vide"));
        }
        if !self.chapters.contains_key(raw.chapter.get_ref()) {
            return Err(reader.unknown(&raw.chapter, "le chapitre"));
        }
        let find = |text: &Option<Text>| text.as_ref().map(|t| t.get_ref().clone());
        let group = match &raw.group {
            None => None,
            Some(text) => Some(
                self.groups.get(text.get_ref()).ok_or_else(|| reader.unknown(text, "le sous-chapitre"))?,
            ),
        };
        let technique = match &raw.technique {
            None => None,
            Some(text) => Some(
                self.techniques.get(text.get_ref()).ok_or_else(|| reader.unknown(text, "la technique"))?,
            ),
        };
        let specimen = self
            .specimens
            .get(raw.specimen.get_ref())
            .ok_or_else(|| reader.unknown(&raw.specimen, "le prélèvement"))?;
        raw.loinc.as_ref().map(|t| reader.loinc(t)).transpose()?;
        raw.ucum.as_ref().map(|t| reader.ucum(t)).transpose()?;
        if let (Some(ucum), None) = (&raw.ucum, &raw.unit) {
            return Err(reader.wrong(ucum, "est une unité UCUM sans l'unité que les gens lisent (unit)"));
        }
        let critical = match &raw.critical {
            None => None,
            Some(c) => {
                let (low, high) = (c.get_ref().low.as_ref(), c.get_ref().high.as_ref());
                Some(reader.interval(reader.line(c), low, high)?)
            }
        };
        let correspondence = match &raw.correspondence {
            None => None,
            Some(c) => {
                let factor = reader.number(Some(&c.factor))?.filter(|f| f.value() > 0.0);
                let factor = factor.ok_or_else(|| reader.wrong(&c.factor, "n'est pas un facteur positif"))?;
                if raw.ucum.is_none() {
                    return Err(reader.wrong(&c.loinc, "correspond à une analyse sans unité UCUM"));
                }
                Some(Correspondence {
                    loinc: reader.loinc(&c.loinc)?,
                    unit: c.unit.clone(),
                    ucum: reader.ucum(&c.ucum)?,
                    factor,
                })
            }
        };
        let references = raw.references.iter().map(|r| reader.reference(r)).collect::<Result<_, _>>()?;
        Ok(Analysis {
            code,
            label: raw.label.get_ref().clone(),
            loinc: find(&raw.loinc),
            loinc_label: raw.loinc_label,
            chapter: raw.chapter.into_inner(),
            group: group.cloned(),
            unit: raw.unit,
            ucum: find(&raw.ucum),
            specimen: specimen.clone(),
            method: raw.method,
            references,
            critical,
            rank: raw.rank,
            synonyms: raw.synonyms,
            technique: technique.cloned(),
            correspondence,
            accredited: raw.accredited,
        })
    }
}

pub(super) fn read_panels(
    reader: &Reader<'_>,
    raw: Vec<RawPanel>,
    analyses: &BTreeMap<String, usize>,
) -> Result<Vec<Panel>, CatalogueError> {
    let mut panels = Vec::with_capacity(raw.len());
    let mut codes = BTreeSet::new();
    for p in raw {
        let code = reader.code(&p.code)?;
        // One code must mean one thing: a panel and an analysis never share theirs.
        if analyses.contains_key(&key(&code)) || !codes.insert(key(&code)) {
            return Err(reader.duplicate(&p.code, "le code"));
        }
        for a in &p.analyses {
            if !analyses.contains_key(&key(a.get_ref())) {
                return Err(reader.unknown(a, "l'analyse"));
            }
        }
        if p.analyses.is_empty() {
            return Err(reader.wrong(&p.code, "est un bilan sans analyse"));
        }
        let analyses = p.analyses.into_iter().map(Spanned::into_inner).collect();
        panels.push(Panel { code, label: p.label, analyses });
    }
    Ok(panels)
}
