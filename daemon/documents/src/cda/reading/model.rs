//! What a CDA says, as read: header, narrative, structured entries, joined files. Nothing is corrected here: a value
//! keeps the characters of the document, a code keeps the label it came with.

use serde::Serialize;

use super::narrative::Narrative;

/// A CDA document as read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// Level of the body.
    pub level: Level,
    /// Everything before the body.
    pub header: Header,
    /// Sections of a structured body, in order.
    pub sections: Vec<Section>,
    /// Files carried by the document: PDF, images; in order.
    pub attachments: Vec<Attachment>,
    /// The style sheet the document asks for.
    pub style: Style,
    /// What a reader must know of it: scripts, addresses, references that lead nowhere…
    pub flags: Vec<Flag>,
}

/// Level of the body of a CDA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `nonXMLBody`: one file (N1).
    One,
    /// `structuredBody` without entries (N2).
    Two,
    /// `structuredBody` with entries (N3).
    Three,
    /// No body.
    None,
}

impl Level {
    /// `N1`, `N2`, `N3`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::One => "N1",
            Self::Two => "N2",
            Self::Three => "N3",
            Self::None => "sans corps",
        }
    }
}

/// The style sheet of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// None is named.
    None,
    /// In the document itself: a `data:` address, or the « autoprésentable » form.
    Embedded,
    /// Another file or an address, never fetched.
    External(String),
}

/// Something to tell about a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A script, ignored; where it stood.
    Script(String),
    /// An external address, shown but not followed.
    ExternalAddress(String),
    /// An element that the narrative of CDA does not know; its text is shown.
    UnknownMarkup(String),
    /// A style sheet that is another file, not used.
    ExternalStyle(String),
    /// A reference to an identifier that does not exist.
    DanglingReference(String),
    /// A file whose content cannot be decoded; its identifier.
    Undecodable(String),
    /// A structured element this program does not interpret; its name. Its text is in the narrative.
    Uninterpreted(String),
    /// A date-time without its offset; its value.
    WithoutOffset(String),
    /// Texts repeated by references were cut short: too many of them.
    Shortened,
}

impl Flag {
    /// The sentence for a user.
    #[must_use]
    pub fn french(&self) -> String {
        match self {
            Self::Script(place) => format!("script ignoré ({place})"),
            Self::ExternalAddress(url) => format!("adresse extérieure, non suivie : {url}"),
            Self::UnknownMarkup(name) => format!("balise inconnue « {name} » : seul son texte est montré"),
            Self::ExternalStyle(href) => format!("feuille de style extérieure, non utilisée : {href}"),
            Self::DanglingReference(id) => format!("renvoi vers « {id} », qui n'existe pas"),
            Self::Undecodable(id) => format!("fichier joint « {id} » illisible"),
            Self::Uninterpreted(name) => format!("élément « {name} » non interprété"),
            Self::WithoutOffset(value) => format!("heure sans fuseau : {value}"),
            Self::Shortened => "textes répétés abrégés".to_owned(),
        }
    }
}

/// An identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Id {
    /// OID or UUID; empty when the identifier is null.
    pub root: String,
    /// Number in that space.
    pub extension: Option<String>,
    /// Name of who gave it.
    pub authority: Option<String>,
}

/// A coded element.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Code.
    pub code: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// OID of the system.
    pub system: Option<String>,
    /// Name of the system.
    pub system_name: Option<String>,
    /// Why there is none.
    pub null_flavor: Option<String>,
    /// Its words in the narrative, or written in place.
    pub text: Option<String>,
    /// The same in other systems.
    pub translations: Vec<Code>,
    /// Qualifiers (of a site): name and value.
    pub qualifiers: Vec<(Code, Code)>,
}

impl Code {
    /// The words to show: those of the narrative, else the label, else the code.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        let translated = || self.translations.iter().find_map(|t| t.label.as_deref().or(t.code.as_deref()));
        let own = self.text.as_deref().filter(|t| !t.is_empty());
        own.or(self.label.as_deref()).or(self.code.as_deref()).or_else(translated)
    }

    /// The label, else the words of the narrative, else the code.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.label.as_deref().or_else(|| self.words())
    }
}

/// A point in time or a period, as HL7 writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Time {
    /// The point.
    pub value: Option<String>,
    /// Start.
    pub low: Option<String>,
    /// End.
    pub high: Option<String>,
    /// Why there is none.
    pub null_flavor: Option<String>,
}

impl Time {
    /// `04/03/2026 07:35`, or a period; nothing when it is null.
    #[must_use]
    pub fn french(&self) -> Option<String> {
        let of = |v: &Option<String>| v.as_deref().map(super::words::date);
        match (of(&self.value), of(&self.low), of(&self.high)) {
            (Some(at), ..) => Some(at),
            (None, Some(low), Some(high)) if low != high => Some(format!("du {low} au {high}")),
            (None, Some(at), _) | (None, None, Some(at)) => Some(at),
            (None, None, None) => None,
        }
    }

    /// The end, or the point.
    #[must_use]
    pub fn end(&self) -> Option<&str> {
        self.value.as_deref().or(self.high.as_deref()).or(self.low.as_deref())
    }
}

/// The name of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Civility.
    pub prefix: Option<String>,
    /// Title.
    pub suffix: Option<String>,
    /// Family names with their qualifier (`BR`, `CL`, `SP` or none).
    pub family: Vec<(Option<String>, String)>,
    /// Given names with their qualifier.
    pub given: Vec<(Option<String>, String)>,
}

impl Name {
    /// The first family name of that qualifier.
    #[must_use]
    pub fn family_of(&self, qualifier: Option<&str>) -> Option<&str> {
        self.family.iter().find(|(q, _)| q.as_deref() == qualifier).map(|(_, t)| t.as_str())
    }

    /// The first given name of that qualifier.
    #[must_use]
    pub fn given_of(&self, qualifier: Option<&str>) -> Option<&str> {
        self.given.iter().find(|(q, _)| q.as_deref() == qualifier).map(|(_, t)| t.as_str())
    }
}

/// An organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Org {
    /// Identifiers.
    pub ids: Vec<Id>,
    /// Name.
    pub name: Option<String>,
    /// Addresses, each as its lines.
    pub addresses: Vec<Vec<String>>,
    /// Addresses of communication, as they are written (`tel:…`).
    pub telecoms: Vec<String>,
    /// Sector of activity.
    pub setting: Option<Code>,
}

/// Someone or something that takes part: author, recipient, biologist, prescriber, performer…
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Element that named it (`author`, `participant`…).
    pub role: String,
    /// Templates.
    pub templates: Vec<String>,
    /// `typeCode`, when there is one.
    pub type_code: Option<String>,
    /// `classCode` of the entity, when there is one.
    pub class_code: Option<String>,
    /// Function.
    pub function: Option<Code>,
    /// When.
    pub time: Option<Time>,
    /// Identifiers.
    pub ids: Vec<Id>,
    /// Profession.
    pub code: Option<Code>,
    /// Addresses, each as its lines.
    pub addresses: Vec<Vec<String>>,
    /// Addresses of communication.
    pub telecoms: Vec<String>,
    /// Person.
    pub name: Option<Name>,
    /// Device: model and software.
    pub device: Option<(Option<String>, Option<String>)>,
    /// Code of the device or material.
    pub device_code: Option<Code>,
    /// Organization.
    pub organization: Option<Org>,
}

/// The patient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Patient {
    /// Identifiers: INS and local.
    pub ids: Vec<Id>,
    /// Name.
    pub name: Name,
    /// Sex.
    pub gender: Option<Code>,
    /// Date of birth, HL7.
    pub born: Option<String>,
    /// Code of the place of birth (COG).
    pub birth_place_code: Option<String>,
    /// Label of the place of birth.
    pub birth_place: Option<String>,
    /// Addresses.
    pub addresses: Vec<Vec<String>>,
    /// Addresses of communication.
    pub telecoms: Vec<String>,
    /// Guardians.
    pub guardians: Vec<Party>,
}

/// Root of the INS matricules (production, test, demonstration).
pub const INS_ARC: &str = "1.2.250.1.213.1.4.";

impl Patient {
    /// The INS, when there is one.
    #[must_use]
    pub fn ins(&self) -> Option<&Id> {
        self.ids.iter().find(|id| id.root.starts_with(INS_ARC))
    }
}

/// An act of the header (`documentationOf/serviceEvent`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServiceAct {
    /// Identifiers (number of the request).
    pub ids: Vec<Id>,
    /// Code.
    pub code: Option<Code>,
    /// `completed`, `active`, `aborted`.
    pub status: Option<String>,
    /// Period.
    pub time: Option<Time>,
    /// Who did it.
    pub performers: Vec<Party>,
}

/// A link to another document (`relatedDocument`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Related {
    /// `RPLC`, `APND`, `XFRM`.
    pub type_code: String,
    /// Identifiers of that document.
    pub ids: Vec<Id>,
    /// Its set.
    pub set_id: Option<Id>,
    /// Its version.
    pub version: Option<String>,
}

/// The stay or visit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Encounter {
    /// Identifiers.
    pub ids: Vec<Id>,
    /// Kind.
    pub code: Option<Code>,
    /// Period.
    pub time: Option<Time>,
    /// Responsible and other people.
    pub parties: Vec<Party>,
    /// Kind of structure.
    pub facility: Option<Code>,
    /// Name and address of the place.
    pub place: Option<Org>,
}

/// Everything before the body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Templates: root and version.
    pub templates: Vec<Id>,
    /// Identifier of this version.
    pub id: Option<Id>,
    /// Type of document.
    pub code: Option<Code>,
    /// Title.
    pub title: Option<String>,
    /// When this version was made, HL7.
    pub created: Option<Time>,
    /// Confidentiality.
    pub confidentiality: Option<Code>,
    /// Language.
    pub language: Option<String>,
    /// Set of versions.
    pub set_id: Option<Id>,
    /// Number of this version.
    pub version: Option<String>,
    /// The patient.
    pub patient: Patient,
    /// Everybody else, in order; [`Party::role`] says who is what.
    pub parties: Vec<Party>,
    /// Who keeps the document.
    pub custodian: Option<Org>,
    /// Prescriptions: numbers.
    pub orders: Vec<Id>,
    /// Acts.
    pub acts: Vec<ServiceAct>,
    /// Other documents.
    pub related: Vec<Related>,
    /// Consents.
    pub consents: Vec<Code>,
    /// The stay.
    pub encounter: Option<Encounter>,
}

impl Header {
    /// People of one role.
    pub fn of_role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Party> {
        self.parties.iter().filter(move |p| p.role == role)
    }

    /// The document this one replaces.
    #[must_use]
    pub fn replaces(&self) -> Option<&Id> {
        self.related.iter().find(|r| r.type_code == "RPLC").and_then(|r| r.ids.first())
    }
}

/// A section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Templates.
    pub templates: Vec<String>,
    /// Identifier.
    pub id: Option<Id>,
    /// Code.
    pub code: Option<Code>,
    /// Title.
    pub title: Option<String>,
    /// Text for readers.
    pub narrative: Option<Narrative>,
    /// Authors of the section.
    pub parties: Vec<Party>,
    /// Structured entries.
    pub entries: Vec<Statement>,
    /// Sections inside.
    pub sections: Vec<Section>,
}

/// What kind of element a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `act`.
    Act,
    /// `observation`.
    Observation,
    /// `organizer` of class BATTERY.
    Battery,
    /// `organizer` of another class (isolates, joined documents).
    Cluster,
    /// `procedure`.
    Procedure,
    /// `observationMedia`.
    Media,
    /// Another statement of CDA, kept with its common parts.
    Other,
}

/// A structured statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    /// Kind.
    pub kind: Kind,
    /// Link from the statement above (`COMP`, `SUBJ`, `REFR`…), when it has one.
    pub link: Option<String>,
    /// Templates.
    pub templates: Vec<String>,
    /// Identifiers.
    pub ids: Vec<Id>,
    /// Code.
    pub code: Option<Code>,
    /// Text, resolved in the narrative.
    pub text: Option<String>,
    /// Status.
    pub status: Option<String>,
    /// When.
    pub time: Option<Time>,
    /// Values.
    pub values: Vec<Value>,
    /// Interpretations.
    pub interpretations: Vec<Code>,
    /// Methods.
    pub methods: Vec<Code>,
    /// Anatomic sites.
    pub sites: Vec<Code>,
    /// Specimens or germs.
    pub specimens: Vec<Specimen>,
    /// Performers, authors, participants.
    pub parties: Vec<Party>,
    /// Reference ranges.
    pub ranges: Vec<Range>,
    /// Identifier of the joined file (`observationMedia`).
    pub attachment: Option<String>,
    /// Statements below.
    pub parts: Vec<Statement>,
}

impl Statement {
    /// Whether it follows a template.
    #[must_use]
    pub fn is(&self, template: &str) -> bool {
        self.templates.iter().any(|t| t == template)
    }
}

/// A specimen, or the germ of an isolate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Specimen {
    /// Numbers.
    pub ids: Vec<Id>,
    /// `classCode` of the entity (`MIC` for a germ).
    pub class_code: Option<String>,
    /// Kind of sample, or germ.
    pub code: Option<Code>,
}

/// One bound of an interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// Number as written.
    pub value: String,
    /// UCUM unit as written.
    pub unit: Option<String>,
    /// Whether the bound belongs to the interval.
    pub inclusive: bool,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Value {
    /// `PQ`, `REAL`, `INT`.
    Number {
        /// Number as written.
        value: String,
        /// UCUM unit as written.
        unit: Option<String>,
        /// The same in other units: value and unit.
        translations: Vec<(String, Option<String>)>,
    },
    /// `IVL_…`.
    Interval {
        /// Lower bound.
        low: Option<Bound>,
        /// Upper bound.
        high: Option<Bound>,
    },
    /// `RTO`.
    Ratio {
        /// Numerator.
        numerator: Bound,
        /// Denominator.
        denominator: Bound,
    },
    /// `CD`, `CE`, `CV`, `CO`.
    Coded {
        /// Code.
        code: Box<Code>,
    },
    /// `ST`, `ED`.
    Text {
        /// Text.
        text: String,
    },
    /// `TS`, `IVL_TS`.
    Time {
        /// Time.
        time: Time,
    },
    /// Any other type, with its `value` and text.
    Other {
        /// HL7 type.
        name: String,
        /// What could be read.
        text: String,
    },
    /// A null value.
    Null {
        /// Why.
        flavor: String,
    },
}

/// A reference range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Code.
    pub code: Option<Code>,
    /// Text.
    pub text: Option<String>,
    /// Bounds.
    pub value: Option<Value>,
    /// Interpretation of what is inside (`N`).
    pub interpretation: Option<Code>,
    /// Conditions (age, sex): words.
    pub conditions: Vec<String>,
}

/// A file carried by the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Identifier in the document; empty for the body of an N1.
    pub id: String,
    /// Media type as announced.
    pub media_type: String,
    /// Size once decoded, in bytes.
    pub size: usize,
    /// The bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// Whether the bytes are a PDF, whatever the announced type says.
    #[must_use]
    pub fn is_pdf(&self) -> bool {
        self.bytes.starts_with(b"%PDF-")
    }

    /// The media type of an image that may be shown, from the bytes themselves.
    #[must_use]
    pub fn image_type(&self) -> Option<&'static str> {
        let starts = |magic: &[u8]| self.bytes.starts_with(magic);
        if starts(b"\x89PNG\r\n\x1a\n") {
            Some("image/png")
        } else if starts(b"\xff\xd8\xff") {
            Some("image/jpeg")
        } else if starts(b"GIF87a") || starts(b"GIF89a") {
            Some("image/gif")
        } else {
            None
        }
    }
}
