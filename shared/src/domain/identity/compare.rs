//! Field-by-field comparison of the local identity with an INSi return (RET-06).

use serde::{Deserialize, Serialize};

use super::traits::heads;
use super::{InsNature, InsOid, Insi, Matricule, StrictTraits};

/// The fields compared, in the order shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraitField {
    /// Nom de naissance.
    BirthName,
    /// Premier prénom de naissance.
    FirstName,
    /// Prénoms de naissance.
    GivenNames,
    /// Date de naissance.
    BirthDate,
    /// Sexe.
    Sex,
    /// Lieu de naissance.
    BirthPlace,
    /// Matricule INS.
    Matricule,
}

/// How close two values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same, letter for letter.
    Same,
    /// Different, but explained (see [`FieldComparison::explanation`]).
    Close,
    /// Only INSi has a value.
    Added,
    /// A contradiction.
    Different,
}

/// Why two different values are close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explanation {
    /// Only hyphens, apostrophes or spaces differ.
    Separators,
    /// The local list of given names is shorter.
    LongerList,
    /// The date is the same once unknown parts are interpreted.
    InterpretedDate,
    /// The two codes are the same place today, or one is what became of the other.
    SamePlace,
    /// The local place was not known.
    PlaceUnknownHere,
    /// The code that INSi returned is not in the local reference.
    CodeFromInsi,
    /// The first given name typed stands further in the list.
    OtherGivenName,
    /// The key returned by INSi is not the computed one.
    UnusualKey,
    /// The waiting number (NIA) became a NIR, all traits standing (VER-02).
    NiaReplaced,
}

/// What the geographic reference says of two places; computed by who holds the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceRelation {
    /// The same place, under two codes or names; with a sentence.
    Same(String),
    /// Two different places.
    Different,
    /// The returned code is not in the local reference.
    UnknownReturned,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldComparison {
    /// Which trait.
    pub field: TraitField,
    /// Value here, as shown.
    pub local: Option<String>,
    /// Value of INSi, as shown.
    pub insi: Option<String>,
    /// How close.
    pub level: Level,
    /// Why it is close, when it is.
    pub explanation: Option<Explanation>,
    /// A sentence for the place (merged commune…), when there is one.
    pub note: Option<String>,
}

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// One line per field, in the order of [`TraitField`].
    pub fields: Vec<FieldComparison>,
}

impl Comparison {
    /// True when nothing differs but what INSi adds.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.fields.iter().all(|f| matches!(f.level, Level::Same | Level::Added))
    }

    /// Lines that differ with an explanation.
    #[must_use]
    pub fn explained(&self) -> usize {
        self.fields.iter().filter(|f| f.level == Level::Close).count()
    }

    /// Lines that contradict.
    #[must_use]
    pub fn contradictions(&self) -> usize {
        self.fields.iter().filter(|f| f.level == Level::Different).count()
    }
}

/// Compares the local traits with a return. `place_label` turns a code into the text shown.
#[must_use]
pub fn compare(
    local: &StrictTraits,
    local_ins: Option<(&Matricule, InsOid)>,
    insi: &Insi,
    relation: &PlaceRelation,
    place_label: impl Fn(&str) -> String,
) -> Comparison {
    let mut fields = Vec::with_capacity(7);
    let mut push = |field, l: Option<String>, r: Option<String>, level, explanation, note| {
        fields.push(FieldComparison { field, local: l, insi: r, level, explanation, note });
    };

    let (level, why) = if local.birth_name == insi.birth_name {
        (Level::Same, None)
    } else if local.birth_name.same_letters(&insi.birth_name) {
        (Level::Close, Some(Explanation::Separators))
    } else {
        (Level::Different, None)
    };
    push(
        TraitField::BirthName,
        Some(local.birth_name.to_string()),
        Some(insi.birth_name.to_string()),
        level,
        why,
        None,
    );

    let kept = insi.to_traits(&local.first_name).first_name;
    let first = local.first_name.as_str();
    let list = insi.given_names.as_str();
    let (level, why) = if local.first_name == kept {
        (Level::Same, None)
    } else if heads(first, list) {
        (Level::Close, Some(Explanation::Separators))
    } else if list.split(' ').any(|n| n == first) {
        (Level::Different, Some(Explanation::OtherGivenName))
    } else {
        (Level::Different, None)
    };
    push(TraitField::FirstName, Some(first.to_owned()), Some(kept.to_string()), level, why, None);

    let (level, why) = match &local.given_names {
        None if heads(first, list) && first == list => (Level::Same, None),
        None => (Level::Added, None),
        Some(mine) if *mine == insi.given_names => (Level::Same, None),
        Some(mine) if mine.same_letters(&insi.given_names) => (Level::Close, Some(Explanation::Separators)),
        Some(mine) if heads(mine.as_str(), list) => (Level::Close, Some(Explanation::LongerList)),
        Some(_) => (Level::Different, None),
    };
    push(
        TraitField::GivenNames,
        local.given_names.as_ref().map(ToString::to_string),
        Some(list.to_owned()),
        level,
        why,
        None,
    );

    let (level, why) = if local.birth_date == insi.birth_date {
        (Level::Same, None)
    } else if local.birth_date.interpreted() == insi.birth_date.interpreted() {
        (Level::Close, Some(Explanation::InterpretedDate))
    } else {
        (Level::Different, None)
    };
    push(
        TraitField::BirthDate,
        Some(local.birth_date.french()),
        Some(insi.birth_date.french()),
        level,
        why,
        None,
    );

    let level = if local.sex == insi.sex { Level::Same } else { Level::Different };
    push(
        TraitField::Sex,
        Some(local.sex.letter().to_owned()),
        Some(insi.sex.letter().to_owned()),
        level,
        None,
        None,
    );

    let mine = local.birth_place.as_ref();
    let theirs = insi.birth_place.as_ref();
    let (level, why, note) = match (mine, theirs) {
        (None, None) | (Some(_), None) => (Level::Same, None, None),
        (None, Some(_)) => (Level::Added, None, None),
        (Some(a), Some(b)) if a == b => (Level::Same, None, None),
        (Some(a), Some(_)) if a.is_unknown() => (Level::Close, Some(Explanation::PlaceUnknownHere), None),
        (Some(_), Some(_)) => match relation {
            PlaceRelation::Same(note) => (Level::Close, Some(Explanation::SamePlace), Some(note.clone())),
            PlaceRelation::UnknownReturned => (Level::Close, Some(Explanation::CodeFromInsi), None),
            PlaceRelation::Different => (Level::Different, None, None),
        },
    };
    push(
        TraitField::BirthPlace,
        mine.map(|c| place_label(c.as_str())),
        theirs.map(|c| place_label(c.as_str())),
        level,
        why,
        note,
    );

    let waited_for = |oid: InsOid| {
        oid.nature() == InsNature::Nia
            && insi.oid.nature() == InsNature::Nir
            && fields.iter().all(|f| f.level != Level::Different)
    };
    let (level, why) = match local_ins {
        None if insi.key_is_right => (Level::Added, None),
        None => (Level::Close, Some(Explanation::UnusualKey)),
        Some((m, _)) if *m == insi.matricule => (Level::Same, None),
        Some((_, oid)) if waited_for(oid) => (Level::Close, Some(Explanation::NiaReplaced)),
        Some(_) => (Level::Different, None),
    };
    let shown = |m: &Matricule, oid: InsOid| format!("{}  {}", m.grouped(), oid.nature().label());
    fields.push(FieldComparison {
        field: TraitField::Matricule,
        local: local_ins.map(|(m, oid)| shown(m, oid)),
        insi: Some(shown(&insi.matricule, insi.oid)),
        level,
        explanation: why,
        note: None,
    });
    Comparison { fields }
}

#[cfg(test)]
mod tests {
    use super::super::{BirthDate, CogCode, InsOid, Sex, StrictName};
    use super::*;

    fn local(name: &str, first: &str, place: Option<&str>) -> StrictTraits {
        StrictTraits {
            birth_name: StrictName::parse(name).unwrap(),
            first_name: StrictName::parse(first).unwrap(),
            given_names: None,
            sex: Sex::M,
            birth_date: BirthDate::lunar("1961-07-04").unwrap(),
            birth_place: place.map(|p| CogCode::parse(p).unwrap()),
        }
    }

    fn returned() -> Insi {
        Insi {
            matricule: Matricule::from_insi("1610735147012", "48").unwrap().0,
            key_is_right: true,
            oid: InsOid::Nir,
            birth_name: StrictName::verbatim("DE LA TOUR").unwrap(),
            given_names: StrictName::verbatim("JEAN-BAPTISTE MARIE LOUIS").unwrap(),
            first_name: None,
            sex: Sex::M,
            birth_date: BirthDate::lunar("1961-07-04").unwrap(),
            birth_place: Some(CogCode::parse("35147").unwrap()),
            history: vec![],
        }
    }

    fn levels(c: &Comparison) -> Vec<Level> {
        c.fields.iter().map(|f| f.level).collect()
    }

    #[test]
    fn ret_06_concordances_and_divergences_by_field() {
        let c = compare(
            &local("De la Tour", "Jean-Baptiste", Some("35308")),
            None,
            &returned(),
            &PlaceRelation::Same("Lanhélin réunie à Mesnil-Roc'h le 01/01/2019".into()),
            str::to_owned,
        );
        assert_eq!(
            levels(&c),
            [Level::Same, Level::Same, Level::Added, Level::Same, Level::Same, Level::Close, Level::Added]
        );
        assert_eq!((c.explained(), c.contradictions(), c.is_exact()), (1, 0, false));
    }

    #[test]
    fn contradictions_are_counted() {
        let c = compare(
            &local("Latour", "Louis", Some("13055")),
            None,
            &returned(),
            &PlaceRelation::Different,
            str::to_owned,
        );
        assert_eq!(c.contradictions(), 3);
        assert_eq!(c.fields[1].explanation, Some(Explanation::OtherGivenName));
    }

    #[test]
    fn an_exact_match_needs_no_decision() {
        let c = compare(
            &local("DE LA TOUR", "JEAN-BAPTISTE", None),
            None,
            &returned(),
            &PlaceRelation::Different,
            str::to_owned,
        );
        assert!(c.is_exact());
    }
}
