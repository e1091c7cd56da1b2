//! What a results message says, in types. Field numbers are those of HL7 2.5.1 (fact sheet §7).

use super::time::Hl7Time;

/// MSH-9.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageType {
    /// `ORU`, `OUL`, `ADT`…
    pub code: String,
    /// `R01`, `R22`… Empty at some old senders.
    pub trigger: String,
    /// `ORU_R01`… Often missing before 2.5.
    pub structure: String,
}

/// MSH-11. Training and debugging messages must never reach a dossier, the DMP or MSSanté.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessingId {
    /// `P`.
    Production,
    /// `T`.
    Training,
    /// `D`.
    Debugging,
    /// Empty: read as production, because the field is often forgotten by middleware.
    Absent,
    /// Anything else, as received.
    Other(String),
}

/// MSH, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// MSH-3, first component.
    pub sending_application: String,
    /// MSH-4, first component.
    pub sending_facility: String,
    /// MSH-5, first component.
    pub receiving_application: String,
    /// MSH-6, first component.
    pub receiving_facility: String,
    /// MSH-7.
    pub sent: Option<Hl7Time>,
    /// MSH-9.
    pub message_type: MessageType,
    /// MSH-10, with MSH-3 and MSH-4 the key of idempotency. Never empty in a message read without error.
    pub control_id: String,
    /// MSH-11.
    pub processing: ProcessingId,
    /// MSH-12, first component.
    pub version: String,
    /// MSH-15: who wants a commit acknowledgement (`AL`, `NE`, `ER`, `SU`); empty in original mode.
    pub accept_acknowledgement: String,
    /// MSH-16: same for the application acknowledgement.
    pub application_acknowledgement: String,
    /// MSH-21, first component of each repetition; `LAB-29` for IHE LAW.
    pub profiles: Vec<String>,
}

impl Header {
    /// (MSH-3, MSH-4, MSH-10): the same key with the same bytes is a repetition and gets the same acknowledgement.
    pub fn idempotency_key(&self) -> (&str, &str, &str) {
        (&self.sending_application, &self.sending_facility, &self.control_id)
    }
}

/// What the sender believes about the person. Only to be compared with our identity: a difference holds the result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientHints {
    /// PID-3, every repetition.
    pub identifiers: Vec<PatientIdentifier>,
    /// PID-5.1 of the name of birth (type L, else the first repetition), as received (case, accents).
    pub family_name: Option<String>,
    /// PID-5.2 of it.
    pub given_name: Option<String>,
    /// PID-5.3 of it: the list of first names, in France.
    pub given_names: Option<String>,
    /// PID-5.1 of the name used every day (type D).
    pub used_name: Option<String>,
    /// PID-5.2 of it.
    pub used_first_name: Option<String>,
    /// PID-7.
    pub birth_date: Option<Hl7Time>,
    /// ZFD-1, `AAAA-MM-JJ` with `00` for what is unknown; only in messages of identity.
    pub lunar_date: Option<String>,
    /// Code of the place of birth: XAD.9 of the repetition `BDL` of PID-11.
    pub birth_place: Option<String>,
    /// PID-8 as received (`M`, `F`, `U`, `O`…).
    pub sex: Option<String>,
    /// PID-32, codes of table 0445.
    pub reliability: Vec<String>,
}

/// One repetition of PID-3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientIdentifier {
    /// CX.1.
    pub value: String,
    /// CX.4: OID when there is one (second subcomponent), else the namespace.
    pub authority: String,
    /// CX.5: `PI` (IPP), `INS`, `AN`…
    pub kind: String,
}

/// SPM-11. Only a patient's specimen enters a dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecimenRole {
    /// `P`.
    Patient,
    /// `Q`: quality control.
    Control,
    /// `C`: calibrator.
    Calibrator,
    /// `B`: blind sample.
    Blind,
    /// `R`: replicate of a control or patient sample, for the analyser's own use.
    Replicate,
    /// `L`: pooled.
    Pooled,
    /// No SPM-11, the normal case of `ORU^R01`: a patient's, unless the connection's control-lot pattern says otherwise.
    Unstated,
    /// Anything else, as received; does not enter a dossier.
    Other(String),
}

impl SpecimenRole {
    /// May results on this specimen enter a patient's dossier?
    pub fn enters_dossier(&self) -> bool {
        matches!(self, SpecimenRole::Patient | SpecimenRole::Unstated)
    }
}

/// A specimen, from SPM (and SAC), or from OBR-7 and OBR-15 where the sender has no SPM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specimen {
    /// SPM-2, SAC-3, or what identifies it in the OBR: most trustworthy first, without repetition.
    pub ids: Vec<String>,
    /// SPM-11.
    pub role: SpecimenRole,
    /// SPM-4, or OBR-15.1.
    pub kind: Option<Code>,
    /// SPM-17 (start of the range), or OBR-7.
    pub collected: Option<Hl7Time>,
}

/// A code with its label and system (CE, CWE).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// First component of the triplet.
    pub code: String,
    /// Second component.
    pub label: String,
    /// Third component, e.g. `L`, `LN`, `UCUM`, `HL70487`.
    pub system: String,
}

/// A coded field holds up to two triplets; the one whose system is `LN` is the LOINC code, the other the sender's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodePair {
    /// The sender's code (analyser channel, local code).
    pub local: Option<Code>,
    /// The LOINC code.
    pub loinc: Option<Code>,
}

impl CodePair {
    /// The code to show when one word is wanted: the local one, else LOINC.
    pub fn shown(&self) -> Option<&Code> {
        self.local.as_ref().or(self.loinc.as_ref())
    }
}

/// OBX-6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// As received (`mmol/L`, `G/L`…), not normalised.
    pub code: String,
    /// The sender says it is UCUM (component 3).
    pub is_ucum: bool,
}

/// Relation carried by a measure outside the measuring range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// OBX-5, typed by OBX-2 when the content agrees with it. The raw text is always kept beside, in [`Observation::raw`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObservedValue {
    /// Nothing sent: a pending or impossible result.
    Absent,
    /// HL7 null `""`.
    Deleted,
    /// A number, with its comparator kept apart. From NM, SN, or ST when the whole text is a number (`<18`).
    Number {
        /// `<`, `>`…
        comparator: Option<Comparator>,
        /// Digits with a point, sign kept, never rounded: `6.7`, `-0.50`. At most 40 characters.
        number: String,
    },
    /// SN with two numbers: an interval (`-`) or a ratio (`:` or `/`), e.g. a titre `1:128`.
    Pair {
        /// Comparator before the pair.
        comparator: Option<Comparator>,
        /// First number, may be absent.
        first: Option<String>,
        /// `-`, `:`, `/`, or `+` for the grades `2+`.
        separator: String,
        /// Second number, absent for a grade.
        second: Option<String>,
    },
    /// CE, CWE, CNE, CF, IS, ID.
    Coded(CodePair),
    /// ST, TX, FT and every type not listed; repetitions of a text become lines.
    Text(String),
    /// ED, RP: image, graph, document.
    Data(EmbeddedData),
    /// DT, TM, TS, DTM.
    Time(Hl7Time),
    /// Several repetitions of a type other than text.
    Several(Vec<ObservedValue>),
}

/// An ED value. The data stay as sent (usually base64).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedData {
    /// ED.2, e.g. `TEXT`, `IM`, `AP`.
    pub kind: String,
    /// ED.3, e.g. `XML`, `PNG`, `PDF`.
    pub subtype: String,
    /// ED.4: `Base64`, `Hex`, `A`.
    pub encoding: String,
    /// ED.5.
    pub data: String,
}

/// OBX-11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredStatus {
    /// `F`.
    Final,
    /// `P`.
    Preliminary,
    /// `R`: entered, not verified.
    NotVerified,
    /// `I`: specimen in the laboratory, result pending.
    Pending,
    /// `C`: replaces a result already sent.
    Correction,
    /// `X`: cannot be obtained.
    NotObtainable,
    /// `D`: delete the result sent before.
    Delete,
    /// `W`: was the wrong patient.
    WrongPatient,
    /// Empty. Not read as final: the caller decides by its setting of the link.
    Absent,
    /// Anything else, as received.
    Other(String),
}

/// One repetition of OBX-18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// EI.1.
    pub id: String,
    /// EI.2, often the maker.
    pub namespace: String,
}

/// One OBX with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// OBX-1 as received.
    pub set_id: String,
    /// OBX-2 as received.
    pub declared_type: String,
    /// OBX-3.
    pub code: CodePair,
    /// OBX-4: run number (LAW) or isolate number (microbiology).
    pub sub_id: Option<String>,
    /// OBX-5, typed.
    pub value: ObservedValue,
    /// OBX-5 as received, shortened to 4,000 characters.
    pub raw: String,
    /// OBX-6.
    pub unit: Option<Unit>,
    /// OBX-7: the analyser's range, stored and never printed.
    pub range: Option<String>,
    /// OBX-8, every repetition: `L`, `HH`, `<`, `A`, `S`/`I`/`R`, vendor flags with their system.
    pub flags: Vec<Code>,
    /// OBX-11.
    pub status: DeclaredStatus,
    /// OBX-14.
    pub observed: Option<Hl7Time>,
    /// OBX-19, else OBX-14: when the analyser measured.
    pub analysed: Option<Hl7Time>,
    /// OBX-16.1.
    pub operator: Option<String>,
    /// OBX-17.
    pub method: Option<Code>,
    /// OBX-18.
    pub instruments: Vec<Instrument>,
    /// NTE-3 of every NTE that follows.
    pub notes: Vec<String>,
}

/// OBR (and ORC): what the results answer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderReference {
    /// OBR-2, else ORC-2: the placer's number (AWOS number in LAW).
    pub placer: Option<String>,
    /// OBR-3, else ORC-3.
    pub filler: Option<String>,
    /// OBR-4.
    pub service: CodePair,
    /// OBR-25 as received.
    pub status: Option<String>,
}

/// The observations of one OBR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultGroup {
    /// The order.
    pub order: OrderReference,
    /// Index into [`InboundResults::specimens`].
    pub specimen: Option<usize>,
    /// Index into [`InboundResults::patients`]; `None` when the sender says nothing of the person.
    pub patient: Option<usize>,
    /// In order of arrival.
    pub observations: Vec<Observation>,
    /// NTE after the OBR.
    pub notes: Vec<String>,
}

/// A whole `ORU^R01` or `OUL^R22`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundResults {
    /// MSH.
    pub header: Header,
    /// PID segments, usually one. Several are legal in `ORU^R01`: each group says whose it is.
    pub patients: Vec<PatientHints>,
    /// Every specimen named.
    pub specimens: Vec<Specimen>,
    /// One per OBR.
    pub groups: Vec<ResultGroup>,
    /// NTE before any OBR.
    pub notes: Vec<String>,
    /// Oddities that did not stop the reading, each kind once.
    pub warnings: Vec<Warning>,
}

impl InboundResults {
    /// Identifiers that may designate the specimen of `group`, most trustworthy first. When two of them are known to
    /// the laboratory and designate different specimens, the results must be held: the reader cannot know which lies.
    pub fn specimen_ids<'a>(&'a self, group: &'a ResultGroup) -> Vec<&'a str> {
        let mut ids: Vec<&'a str> = Vec::new();
        let own = [group.order.filler.as_deref(), group.order.placer.as_deref()];
        let specimen = group.specimen.and_then(|index| self.specimens.get(index));
        let named = specimen.iter().flat_map(|specimen| specimen.ids.iter().map(String::as_str));
        for id in named.chain(own.into_iter().flatten()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// The role of the specimen of `group`.
    pub fn role(&self, group: &ResultGroup) -> SpecimenRole {
        group
            .specimen
            .and_then(|index| self.specimens.get(index))
            .map_or(SpecimenRole::Unstated, |specimen| specimen.role.clone())
    }

    /// Results of `group` are a patient's: production message and patient specimen. A control lot recognised by the
    /// pattern of the connection (analysers fact sheet §6) is for the caller to exclude.
    pub fn enters_dossier(&self, group: &ResultGroup) -> bool {
        matches!(self.header.processing, ProcessingId::Production | ProcessingId::Absent)
            && self.role(group).enters_dossier()
    }
}

/// An oddity that did not stop the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Warning {
    /// The bytes are not in the set MSH-18 announces; read as UTF-8 if possible, else ISO 8859-15.
    NotTheAnnouncedCharset,
    /// A line break inside a field, not written `\.br\`.
    LineBreakInField,
    /// MSH-9.3 missing or not the expected structure.
    StructureMissing,
    /// MSH-12 is not 2.3 to 2.8.
    UnusualVersion,
    /// MSH-11 is neither P, T nor D.
    UnusualProcessingId,
    /// An OBX before any OBR; put in a group without order.
    ObservationWithoutOrder,
    /// An OBX without code.
    ObservationWithoutCode,
    /// OBX-5 does not look like the type of OBX-2; kept as text.
    ValueNotOfItsType,
    /// A field had more repetitions than are read; the rest stays in the raw message.
    TooManyRepetitions,
}
