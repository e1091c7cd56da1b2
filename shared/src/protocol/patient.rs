//! Patients: search, record, creation, changes.

use serde::{Deserialize, Serialize};

use crate::domain::identity::status::{Effect, IdentityState, Missing};
use crate::domain::identity::{
    Attribute, InsNature, InsOid, Matricule, Proof, Status, StrictTraits, UsedNames,
};
use crate::domain::ids::{DossierId, PatientId};

/// A patient by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientRef {
    /// Which.
    pub id: PatientId,
}

/// A search as typed: name, first name, date, matricule, dossier number, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchParams {
    /// What was typed or scanned.
    pub text: String,
    /// At most so many hits, 1 to 200; 50 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// How the text was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Understood {
    /// Nothing typed: the latest patients.
    Recent,
    /// Names and perhaps a date (`AAAA-MM-JJ`) or a year.
    Names {
        /// Folded words.
        words: Vec<String>,
        /// Date of birth.
        date: Option<String>,
        /// Year of birth.
        year: Option<u16>,
    },
    /// A matricule INS.
    Matricule,
    /// An INS datamatrix.
    Datamatrix,
    /// A dossier number.
    Dossier,
}

/// Answer to a search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResult {
    /// Best first.
    pub hits: Vec<PatientHit>,
    /// True when there are more than the limit.
    pub more: bool,
    /// How the text was understood.
    pub understood: Understood,
    /// Dossier found by its number.
    pub dossier: Option<DossierId>,
    /// What a scanned INS datamatrix says, to prefill a new patient when nobody was found.
    #[serde(default)]
    pub scanned: Option<ScannedTraits>,
    /// Time spent in the daemon, in microseconds.
    pub took_us: u64,
}

/// Traits read from an INS datamatrix, as a form takes them. They say nothing about trust: the identity
/// stays provisional until INSi confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannedTraits {
    /// Nom de naissance.
    pub birth_name: String,
    /// Premier prénom: the first of the list.
    pub first_name: String,
    /// Liste des prénoms.
    pub given_names: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// `M` or `F`.
    pub sex: String,
    /// Code of the place of birth, when encoded.
    pub birth_place: Option<String>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientHit {
    /// Which.
    pub id: PatientId,
    /// Nom de naissance.
    pub birth_name: String,
    /// Prénoms, the list if known, else the first one.
    pub given_names: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// `M`, `F`, `I`.
    pub sex: String,
    /// Nom utilisé.
    pub used_name: Option<String>,
    /// Status.
    pub status: Status,
    /// Attribute homonyme.
    pub homonyme: bool,
    /// True when the text fits only nearly: letters wrong, day and month exchanged, a word too many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// Last dossier, if any: number and day.
    pub last_dossier: Option<LastDossier>,
}

/// The last dossier of a patient, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDossier {
    /// Which.
    pub id: DossierId,
    /// Number.
    pub number: String,
    /// Opened at.
    pub opened_at: jiff::Timestamp,
    /// State of the dossier and of what leaves, in words.
    pub summary: String,
}

/// A new patient, as typed; the daemon normalises and checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateParams {
    /// Nom de naissance.
    pub birth_name: String,
    /// Premier prénom de naissance.
    pub first_name: String,
    /// Liste des prénoms de naissance.
    #[serde(default)]
    pub given_names: Option<String>,
    /// `M`, `F` or `I`.
    pub sex: String,
    /// `JJ/MM/AAAA` or `AAAA-MM-JJ`.
    pub birth_date: String,
    /// Code of the place of birth; needed to create, `99999` when nobody knows it.
    #[serde(default)]
    pub birth_place: Option<String>,
    /// Nom utilisé.
    #[serde(default)]
    pub used_name: Option<String>,
    /// Prénom utilisé.
    #[serde(default)]
    pub used_first_name: Option<String>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// Number of social security used for billing, 13 or 15 characters; often that of a parent, never the INS.
    #[serde(default)]
    pub social_security: Option<String>,
    /// Close identities that are other persons: `homonyme` is set on them and on the new one (STA-21).
    #[serde(default)]
    pub homonyms: Vec<PatientId>,
    /// Why it is created here although identities are kept elsewhere: the degraded procedure (INS-25).
    #[serde(default)]
    pub degraded: Option<String>,
    /// True when close identities were shown and the person is another one.
    #[serde(default)]
    pub not_a_duplicate: bool,
    /// Number chosen by the client for this creation: a second one with the same number is the same.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// Outcome of a creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Created {
    /// Created.
    Created {
        /// The record.
        patient: Box<PatientRecord>,
    },
    /// Close identities exist: look at them, then ask again with `not_a_duplicate`.
    Similar {
        /// The close ones.
        hits: Vec<PatientHit>,
    },
}

/// Changes strict traits; locked ones need the special right and a motive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditTraitsParams {
    /// Which.
    pub id: PatientId,
    /// Version that was shown; another one meanwhile is a conflict.
    pub version: i64,
    /// The traits as typed; `request_id`, complementary traits and homonyms are ignored.
    pub traits: CreateParams,
    /// Why.
    #[serde(default)]
    pub motive: Option<String>,
}

/// Changes complementary traits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditUsedParams {
    /// Which.
    pub id: PatientId,
    /// Nom utilisé; empty removes it, absent leaves it.
    #[serde(default)]
    pub used_name: Option<String>,
    /// Prénom utilisé; empty removes it, absent leaves it.
    #[serde(default)]
    pub used_first_name: Option<String>,
    /// Telephone; empty removes it, absent leaves it.
    #[serde(default)]
    pub phone: Option<String>,
    /// Number of social security for billing; empty removes it, absent leaves it.
    #[serde(default)]
    pub social_security: Option<String>,
}

/// Sets or removes an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAttributeParams {
    /// Which.
    pub id: PatientId,
    /// Which attribute.
    pub attribute: Attribute,
    /// Set or remove.
    pub on: bool,
    /// Why; needed for douteux and fictif.
    #[serde(default)]
    pub motive: Option<String>,
}

/// Records what the patient said about Mon espace santé.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetConsentParams {
    /// Which.
    pub id: PatientId,
    /// Informed of the feeding of Mon espace santé.
    pub informed: bool,
    /// Opposed to the feeding for a legitimate motive.
    pub opposed: bool,
}

/// What the patient said about Mon espace santé.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Informed.
    pub informed: bool,
    /// Opposed to the feeding.
    pub opposed: bool,
}

/// The INS of a record; shown only to who may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsView {
    /// Matricule.
    pub matricule: Matricule,
    /// Grouped for reading.
    pub grouped: String,
    /// Authority.
    pub oid: InsOid,
    /// NIR or NIA.
    pub nature: InsNature,
    /// When it was recovered.
    pub recovered_at: jiff::Timestamp,
    /// When it was last verified.
    pub verified_at: Option<jiff::Timestamp>,
}

/// Where the call to INSi stands for this patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InsiState {
    /// Never called.
    NotCalled,
    /// Waits for its turn or for the service.
    Waiting {
        /// Since when.
        since: jiff::Timestamp,
        /// Why it waits, when it is not just its turn.
        words: Option<String>,
    },
    /// On the wire.
    Running {
        /// Since when.
        since: jiff::Timestamp,
    },
    /// A return waits for a decision.
    ToDecide {
        /// Since when.
        since: jiff::Timestamp,
    },
    /// INSi knows nobody with these traits (01).
    NotFound {
        /// When.
        at: jiff::Timestamp,
    },
    /// INSi knows several persons (02).
    Several {
        /// When.
        at: jiff::Timestamp,
    },
    /// Accepted.
    Accepted {
        /// When.
        at: jiff::Timestamp,
    },
    /// A person refused the return.
    Refused {
        /// When.
        at: jiff::Timestamp,
    },
    /// INSi refused the call for good, or returned something impossible.
    Failed {
        /// When.
        at: jiff::Timestamp,
        /// Why, in plain French.
        words: String,
    },
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientRecord {
    /// Which.
    pub id: PatientId,
    /// Raised at each change.
    pub version: i64,
    /// Strict traits.
    pub traits: StrictTraits,
    /// Label of the place of birth at the date of birth, with its département.
    pub birth_place_label: Option<String>,
    /// Used names.
    pub used: UsedNames,
    /// Telephone.
    pub phone: Option<String>,
    /// Number of social security used for billing, when recorded; never the INS.
    #[serde(default)]
    pub social_security: Option<String>,
    /// Why it was created or corrected by the degraded procedure, when it was.
    #[serde(default)]
    pub degraded: Option<String>,
    /// Age in full years.
    pub age: Option<i16>,
    /// Facts that decide the status.
    pub state: IdentityState,
    /// Status.
    pub status: Status,
    /// What is missing to be qualified.
    pub missing: Missing,
    /// INS, when there is one and the caller may see it.
    pub ins: Option<InsView>,
    /// Device that was checked.
    pub proof: Option<Proof>,
    /// Where INSi stands.
    pub insi: InsiState,
    /// Mon espace santé.
    pub consent: Consent,
    /// Strict traits are read-only for the caller.
    pub traits_locked: bool,
    /// Who received this identity, and would be told of a correction.
    #[serde(default)]
    pub receivers: Vec<String>,
    /// Dossiers, latest first, at most 50.
    pub dossiers: Vec<LastDossier>,
    /// Effects of the last change, when this record answers a change.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Created at.
    pub created_at: jiff::Timestamp,
}

/// History of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Latest first.
    pub lines: Vec<HistoryLine>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// When.
    pub at: jiff::Timestamp,
    /// Who.
    pub by: String,
    /// What, in plain French.
    pub what: String,
    /// Status before and after, when it changed.
    pub status: Option<(Status, Status)>,
}

/// A search of a place of birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceSearchParams {
    /// Name, code or département, as typed.
    pub text: String,
    /// Date of birth `AAAA-MM-JJ`, when known: the place as it stood then comes first.
    #[serde(default)]
    pub birth_date: Option<String>,
    /// At most so many; 20 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Places found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Best first.
    pub places: Vec<Place>,
}

/// A place of birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Code.
    pub code: String,
    /// Label.
    pub label: String,
    /// Number and name of the département, or `pays`.
    pub area: String,
    /// First day of validity `AAAA-MM-JJ`, when bounded.
    pub from: Option<String>,
    /// Last day of validity `AAAA-MM-JJ`, when bounded.
    pub to: Option<String>,
    /// Label of the place of today (several, with commas, when it was shared out), when it is another one.
    pub today: Option<String>,
}

/// With whom data bearing the INS of a patient was exchanged (INS-19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosures {
    /// Documents that left with it, latest first.
    pub lines: Vec<Disclosure>,
    /// Partners who sent it to us, latest first.
    #[serde(default)]
    pub received: Vec<ReceivedFrom>,
}

/// One INS received from a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedFrom {
    /// When.
    pub at: jiff::Timestamp,
    /// Partner, or sender as the message names it.
    pub partner: String,
    /// Kind of message, such as `ADT^A28`.
    pub kind: String,
}

/// An identity sent by another party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveParams {
    /// The HL7 v2 message, in base 64: its character set is the one that it announces.
    pub content: String,
    /// The laboratory sees this person itself, whatever the configuration says of the partner.
    #[serde(default)]
    pub direct_care: bool,
}

/// What became of an identity that another party sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedIdentity {
    /// The message as kept, with what was done or why it waits.
    pub message: crate::protocol::inbox::MessageView,
    /// Partner recognised, by its name in the configuration.
    pub partner: Option<String>,
    /// The record.
    pub patient: Option<PatientId>,
    /// Its status now.
    pub status: Option<Status>,
}

/// One exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// When the receiver accepted it.
    pub at: jiff::Timestamp,
    /// Service.
    pub service: crate::domain::order::Service,
    /// To whom.
    pub recipient: String,
    /// Number of the dossier.
    pub number: String,
    /// Version of the document.
    pub version: u32,
    /// OID of the document.
    pub unique_id: String,
}

/// Merges two records of the same person (INS-21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeParams {
    /// The record that stays.
    pub survivor: PatientId,
    /// The record that goes into it.
    pub absorbed: PatientId,
    /// Why; needed to merge, not to look.
    #[serde(default)]
    pub motive: Option<String>,
}

/// What merging would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergePreview {
    /// Dossiers that would move.
    pub dossiers: u64,
    /// Documents already sent under the identity that would go, with the INS.
    pub sent: Vec<Disclosure>,
    /// Why it is not possible, in plain French; empty when it is.
    pub blockers: Vec<String>,
    /// What would happen, in plain French.
    pub effects: Vec<String>,
}

/// Undoes a merger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitParams {
    /// The record that was absorbed.
    pub absorbed: PatientId,
    /// Why.
    pub motive: String,
}

/// Former matricules of a patient: from INSi (its history) and those that left the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matricules {
    /// Latest first.
    pub former: Vec<FormerView>,
}

/// A former matricule. It serves to find duplicates and is never transmitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerView {
    /// Matricule and key, grouped to be read.
    pub grouped: String,
    /// OID of its authority.
    pub oid: String,
    /// From, as INSi wrote it.
    pub from: Option<String>,
    /// To.
    pub to: Option<String>,
    /// Why it is here, in plain French.
    pub why: String,
    /// Another record that carries or carried it.
    pub also: Option<PatientId>,
}
