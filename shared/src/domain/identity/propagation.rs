//! When an identity that left the laboratory was corrected, those who received it are to be told (INS-20; RGPD art. 19;
//! `référentiel INS`, A.11). Pure: whether a change is a correction, and what can be done towards a receiver.

use serde::{Deserialize, Serialize};

use super::{InsOid, Matricule, StrictTraits};

/// The part of an identity that receivers hold.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Strict traits.
    pub traits: &'a StrictTraits,
    /// INS, when there is one.
    pub ins: Option<(&'a Matricule, InsOid)>,
}

/// True when what receivers hold is no longer true. What is only completed (a list of first names, a place of birth, an
/// INS where there was none) is no correction.
#[must_use]
pub fn is_correction(before: Held<'_>, after: Held<'_>) -> bool {
    let (b, a) = (before.traits, after.traits);
    let changed = |b: Option<&str>, a: Option<&str>| b.is_some() && b != a;
    b.birth_name != a.birth_name
        || b.first_name != a.first_name
        || b.sex != a.sex
        || b.birth_date != a.birth_date
        || changed(b.given_names.as_ref().map(|n| n.as_str()), a.given_names.as_ref().map(|n| n.as_str()))
        || changed(b.birth_place.as_ref().map(|c| c.as_str()), a.birth_place.as_ref().map(|c| c.as_str()))
        || (before.ins.is_some() && before.ins != after.ins)
}

/// Where the telling of a correction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropagationState {
    /// Proposed; a person decides.
    ToConfirm,
    /// Confirmed, and the corrected documents are in the queue.
    Planned,
    /// Confirmed; a person does it by hand.
    ToDo,
    /// Done by hand, with a note.
    Done,
    /// A person decided that it is not to be told, with a note.
    Dismissed,
}

impl PropagationState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ToConfirm, Self::Planned, Self::ToDo, Self::Done, Self::Dismissed];

    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ToConfirm => "à confirmer",
            Self::Planned => "en file",
            Self::ToDo => "à faire",
            Self::Done => "fait",
            Self::Dismissed => "écarté",
        }
    }

    /// Name in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ToConfirm => "to_confirm",
            Self::Planned => "planned",
            Self::ToDo => "to_do",
            Self::Done => "done",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads [`Self::code`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == text)
    }
}

/// Kind of receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// DMP / Mon espace santé: the documents lie under the INS they were sent with.
    Dmp,
    /// The patient's own mailbox, whose address is the INS.
    PatientMailbox,
    /// A professional, by mail.
    Professional,
    /// A partner who sent the identity: what it holds is corrected by a message of identity, which comes with the
    /// hospital room.
    Partner,
}

/// How a correction is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// New versions of the documents, under the corrected identity, replace the former ones.
    Replace,
    /// By hand.
    ByHand,
}

/// How a receiver is told: a replacement reaches the place of the former document only when that place did not change.
#[must_use]
pub fn way(receiver: Receiver, qualified: bool, same_ins: bool) -> Way {
    match receiver {
        Receiver::Professional => Way::Replace,
        Receiver::Dmp | Receiver::PatientMailbox if qualified && same_ins => Way::Replace,
        Receiver::Dmp | Receiver::PatientMailbox | Receiver::Partner => Way::ByHand,
    }
}

/// What a person does when it is by hand.
#[must_use]
pub fn task(receiver: Receiver) -> &'static str {
    match receiver {
        Receiver::Dmp => {
            "Faire retirer du DMP les documents envoyés sous l'ancienne identité, ou requalifier l'identité puis confirmer à nouveau"
        }
        Receiver::PatientMailbox => {
            "Prévenir le patient que le courrier envoyé portait une identité corrigée depuis"
        }
        Receiver::Professional => "Prévenir ce professionnel de la correction",
        Receiver::Partner => "Prévenir ce partenaire de la correction, pour qu'il corrige sa fiche",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BirthDate, CogCode, Sex, StrictName};
    use super::*;

    fn traits() -> StrictTraits {
        StrictTraits {
            birth_name: StrictName::parse("EXEMPLE").unwrap(),
            first_name: StrictName::parse("ZOE").unwrap(),
            given_names: None,
            sex: Sex::F,
            birth_date: BirthDate::lunar("1980-03-12").unwrap(),
            birth_place: None,
        }
    }

    #[test]
    fn ins_20_completing_is_no_correction_changing_is() {
        let before = traits();
        let m = Matricule::parse("275126322074974").unwrap();
        let bare = Held { traits: &before, ins: None };
        let with = Held { traits: &before, ins: Some((&m, InsOid::Nir)) };
        let mut more = traits();
        more.given_names = StrictName::parse("ZOE MARIE").ok();
        more.birth_place = CogCode::parse("69382").ok();
        assert!(!is_correction(bare, Held { traits: &more, ins: Some((&m, InsOid::Nir)) }));
        assert!(is_correction(Held { traits: &more, ins: None }, bare), "what was told was taken back");
        assert!(is_correction(with, bare), "INS dropped");
        assert!(is_correction(with, Held { ins: Some((&m, InsOid::Nia)), ..with }));
        let mut name = traits();
        name.first_name = StrictName::parse("CHLOE").unwrap();
        assert!(is_correction(bare, Held { traits: &name, ins: None }));
    }

    #[test]
    fn ins_20_a_document_is_replaced_only_where_it_lies() {
        assert_eq!(way(Receiver::Professional, false, false), Way::Replace);
        assert_eq!(way(Receiver::Dmp, true, true), Way::Replace);
        assert_eq!(way(Receiver::Dmp, true, false), Way::ByHand, "it lies in another person's DMP");
        assert_eq!(way(Receiver::Dmp, false, true), Way::ByHand);
        assert_eq!(way(Receiver::Partner, true, true), Way::ByHand);
    }
}
