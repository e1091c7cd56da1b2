//! From [`Message`] to [`InboundResults`]: one pass over the segments, with the group and the specimen they belong to.
//!
//! One file: the pass is one state machine, and its states are the segments.
//!
//! Association rules (fact sheet §7):
//! * `ORU^R01`: `{PID {[ORC] OBR {NTE} {OBX {NTE}} {SPM}}}`: an SPM *follows* and describes the current OBR. The
//!   specimen identifier is OBR-3, then SPM-2, SAC-3, OBR-2.
//! * `OUL^R22`: `{SPM {[SAC]} {OBR [ORC] {OBX {NTE}}}}`: an SPM *precedes* its OBR. The specimen identifier is SPM-2,
//!   then SAC-3, OBR-3, OBR-2.

use super::message::{Message, Part, Segment, SyntaxError};
use super::results::{
    Code, DeclaredStatus, EmbeddedData, Header, InboundResults, Instrument, MessageType, Observation,
    ObservedValue, OrderReference, PatientHints, ProcessingId, ResultGroup, Specimen, SpecimenRole, Unit,
    Warning,
};
use super::time::Hl7Time;
use super::value::{code, code_pair, comparison, structured};
use super::{ErrDetail, ErrLocation, ErrorCondition, MAX_REPETITIONS, Severity};
use thiserror::Error;

/// Longest text kept in [`Observation::raw`], in characters.
const MAX_RAW: usize = 4_000;

/// Why a message gives no results. The message itself is kept by the caller in every case.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Not HL7.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// HL7, but not a message this reader types.
    #[error("message type {}^{} is not read here", .0.message_type.code, .0.message_type.trigger)]
    Unsupported(Box<Header>),
    /// A version of another standard (MSH-12 does not begin with `2.`).
    #[error("HL7 version {version} is not read")]
    Version {
        /// MSH-12, shortened to 20 characters.
        version: String,
    },
    /// A field without which the message cannot be handled.
    #[error("{segment}-{field} is missing")]
    Missing {
        /// Segment name.
        segment: &'static str,
        /// Field number.
        field: u16,
    },
}

impl ReadError {
    /// The ERR content for the acknowledgement (`AE`) of this failure.
    pub fn detail(&self) -> ErrDetail {
        let (condition, location) = match self {
            ReadError::Syntax(SyntaxError::Charset { .. }) => {
                (ErrorCondition::TableValueNotFound, Some(ErrLocation::field("MSH", 18)))
            }
            ReadError::Syntax(SyntaxError::NoMsh | SyntaxError::Empty | SyntaxError::SeveralMessages) => {
                (ErrorCondition::SegmentSequence, None)
            }
            ReadError::Syntax(_) => (ErrorCondition::DataType, None),
            ReadError::Unsupported(_) => {
                (ErrorCondition::UnsupportedMessageType, Some(ErrLocation::field("MSH", 9)))
            }
            ReadError::Version { .. } => {
                (ErrorCondition::UnsupportedVersion, Some(ErrLocation::field("MSH", 12)))
            }
            ReadError::Missing { segment, field } => {
                (ErrorCondition::RequiredFieldMissing, Some(ErrLocation::field(segment, *field)))
            }
        };
        ErrDetail {
            location,
            condition,
            severity: Severity::Error,
            application: None,
            text: Some(self.to_string()),
        }
    }
}

/// Reads MSH alone.
///
/// # Errors
/// [`ReadError::Missing`] for MSH-9 or MSH-10, [`ReadError::Version`].
pub fn read_header(message: &Message) -> Result<Header, ReadError> {
    let msh = message.msh();
    let first = |number: usize| msh.field(number).simple().unwrap_or_default();
    let kind = msh.field(9);
    let header = Header {
        sending_application: first(3),
        sending_facility: first(4),
        receiving_application: first(5),
        receiving_facility: first(6),
        sent: Hl7Time::parse(&first(7)),
        message_type: MessageType {
            code: kind.component(1).text(),
            trigger: kind.component(2).text(),
            structure: kind.component(3).text(),
        },
        control_id: msh.field(10).text(),
        processing: match first(11).as_str() {
            "P" => ProcessingId::Production,
            "T" => ProcessingId::Training,
            "D" => ProcessingId::Debugging,
            "" => ProcessingId::Absent,
            _ => ProcessingId::Other(first(11)),
        },
        version: first(12),
        accept_acknowledgement: first(15),
        application_acknowledgement: first(16),
        profiles: msh.field(21).repetitions().take(20).filter_map(|part| part.component(1).value()).collect(),
    };
    if header.message_type.code.is_empty() {
        return Err(ReadError::Missing { segment: "MSH", field: 9 });
    }
    if header.control_id.is_empty() {
        return Err(ReadError::Missing { segment: "MSH", field: 10 });
    }
    if !header.version.is_empty() && !header.version.starts_with("2.") {
        return Err(ReadError::Version { version: header.version.chars().take(20).collect() });
    }
    Ok(header)
}

/// Reads the results of an `ORU^R01` or `OUL^R22`, bytes without MLLP envelope.
///
/// # Errors
/// [`ReadError`]. Everything less than that is a [`Warning`] in the result.
pub fn read_results(bytes: &[u8]) -> Result<InboundResults, ReadError> {
    let message = Message::parse(bytes)?;
    let header = read_header(&message)?;
    let specimen_first = match (header.message_type.code.as_str(), header.message_type.trigger.as_str()) {
        ("ORU", "R01" | "") => false,
        ("OUL", "R22") => true,
        _ => return Err(ReadError::Unsupported(Box::new(header))),
    };
    let mut reader = Reader::new(header, specimen_first);
    for warning in message.warnings() {
        reader.warn(*warning);
    }
    reader.check_header();
    for segment in message.segments().skip(1) {
        reader.segment(segment);
    }
    Ok(reader.finish())
}

/// Where an NTE goes.
#[derive(Clone, Copy)]
enum NoteOwner {
    Message,
    Group,
    Observation,
}

struct Reader {
    out: InboundResults,
    specimen_first: bool,
    /// Specimen the next OBR belongs to (OUL).
    current_specimen: Option<usize>,
    /// ORC seen before its OBR (ORU).
    pending_order: OrderReference,
    note_owner: NoteOwner,
}

impl Reader {
    fn new(header: Header, specimen_first: bool) -> Self {
        Self {
            out: InboundResults {
                header,
                patients: Vec::new(),
                specimens: Vec::new(),
                groups: Vec::new(),
                notes: Vec::new(),
                warnings: Vec::new(),
            },
            specimen_first,
            current_specimen: None,
            pending_order: OrderReference::default(),
            note_owner: NoteOwner::Message,
        }
    }

    fn warn(&mut self, warning: Warning) {
        if !self.out.warnings.contains(&warning) {
            self.out.warnings.push(warning);
        }
    }

    fn check_header(&mut self) {
        let expected = if self.specimen_first { "OUL_R22" } else { "ORU_R01" };
        if self.out.header.message_type.structure != expected {
            self.warn(Warning::StructureMissing);
        }
        if !["2.3", "2.4", "2.5", "2.6", "2.7", "2.8"]
            .iter()
            .any(|known| self.out.header.version.starts_with(known))
        {
            self.warn(Warning::UnusualVersion);
        }
        if matches!(self.out.header.processing, ProcessingId::Absent | ProcessingId::Other(_)) {
            self.warn(Warning::UnusualProcessingId);
        }
    }

    fn segment(&mut self, segment: Segment<'_>) {
        match segment.name() {
            "PID" => {
                let patient = self.patient(segment);
                self.out.patients.push(patient);
                self.current_specimen = None;
                self.note_owner = NoteOwner::Message;
            }
            "SPM" => self.specimen(segment),
            "SAC" => {
                if let Some(index) = self.described_specimen() {
                    self.name_specimen(index, [segment.field(3).simple()]);
                }
            }
            "ORC" => self.common_order(segment),
            "OBR" => self.order(segment),
            "OBX" => self.observation(segment),
            "NTE" => self.note(segment),
            _ => {} // PV1, INV, TCD, SID, PRT, Z segments: nothing we use, kept in the raw message
        }
    }

    fn repetitions<'a>(&mut self, field: Part<'a>) -> Vec<Part<'a>> {
        if field.is_empty() {
            return Vec::new();
        }
        let mut parts: Vec<Part<'a>> = field.repetitions().take(MAX_REPETITIONS + 1).collect();
        if parts.len() > MAX_REPETITIONS {
            parts.truncate(MAX_REPETITIONS);
            self.warn(Warning::TooManyRepetitions);
        }
        parts
    }

    fn patient(&mut self, pid: Segment<'_>) -> PatientHints {
        // Repetitions past the limit are told.
        self.repetitions(pid.field(3));
        super::identity::person(pid)
    }

    /// The specimen an SAC or SPM detail belongs to.
    fn described_specimen(&self) -> Option<usize> {
        if self.specimen_first {
            self.current_specimen
        } else {
            self.out.groups.last().and_then(|group| group.specimen)
        }
    }

    /// Adds identifiers to a specimen, keeping the order of trust.
    fn name_specimen(&mut self, index: usize, ids: impl IntoIterator<Item = Option<String>>) {
        if let Some(specimen) = self.out.specimens.get_mut(index) {
            for id in ids.into_iter().flatten() {
                if !specimen.ids.contains(&id) {
                    specimen.ids.push(id);
                }
            }
        }
    }

    fn specimen(&mut self, spm: Segment<'_>) {
        let pair = spm.field(2); // EIP: placer's identifier ^ filler's identifier, each an EI
        let ids = [pair.component(1).subcomponent(1).value(), pair.component(2).subcomponent(1).value()];
        let read = Specimen {
            ids: Vec::new(),
            role: self.role(spm.field(11)),
            kind: code(spm.field(4), 1),
            collected: Hl7Time::parse(&spm.field(17).component(1).text()),
        };
        let index = match self.described_specimen().filter(|_| !self.specimen_first) {
            Some(index) => {
                // ORU: the specimen drafted from the OBR is now described properly; its OBR-3 stays first.
                if let Some(specimen) = self.out.specimens.get_mut(index) {
                    specimen.role = read.role;
                    specimen.kind = read.kind.or(specimen.kind.take());
                    specimen.collected = read.collected.or(specimen.collected.take());
                }
                index
            }
            None => {
                self.out.specimens.push(read);
                self.out.specimens.len() - 1
            }
        };
        self.name_specimen(index, ids);
        if self.specimen_first {
            self.current_specimen = Some(index);
            self.note_owner = NoteOwner::Message;
        }
    }

    fn role(&mut self, field: Part<'_>) -> SpecimenRole {
        let mut role = SpecimenRole::Unstated;
        for part in self.repetitions(field) {
            let read = match part.component(1).text().as_str() {
                "" => SpecimenRole::Unstated,
                "P" => SpecimenRole::Patient,
                "Q" => SpecimenRole::Control,
                "C" => SpecimenRole::Calibrator,
                "B" => SpecimenRole::Blind,
                "R" => SpecimenRole::Replicate,
                "L" => SpecimenRole::Pooled,
                other => SpecimenRole::Other(other.to_owned()),
            };
            // One word against the dossier outweighs a "patient" beside it.
            if role == SpecimenRole::Unstated || !read.enters_dossier() {
                role = read;
            }
        }
        role
    }

    fn common_order(&mut self, orc: Segment<'_>) {
        let (placer, filler) = (orc.field(2).simple(), orc.field(3).simple());
        if self.specimen_first {
            // OUL: the ORC follows its OBR.
            if let Some(group) = self.out.groups.last_mut().filter(|group| group.observations.is_empty()) {
                group.order.placer = group.order.placer.take().or(placer);
                group.order.filler = group.order.filler.take().or(filler);
            }
        } else {
            self.pending_order = OrderReference { placer, filler, ..OrderReference::default() };
        }
    }

    fn order(&mut self, obr: Segment<'_>) {
        let pending = std::mem::take(&mut self.pending_order);
        let order = OrderReference {
            placer: obr.field(2).simple().or(pending.placer),
            filler: obr.field(3).simple().or(pending.filler),
            service: code_pair(obr.field(4)),
            status: obr.field(25).simple(),
        };
        let specimen = if self.specimen_first { self.current_specimen } else { None };
        let specimen = specimen.unwrap_or_else(|| {
            let kind = obr.field(15).component(1);
            self.out.specimens.push(Specimen {
                ids: Vec::new(),
                role: SpecimenRole::Unstated,
                kind: kind.subcomponent(1).value().map(|code| Code {
                    code,
                    label: kind.subcomponent(2).text(),
                    system: kind.subcomponent(3).text(),
                }),
                collected: Hl7Time::parse(&obr.field(7).component(1).text()),
            });
            let index = self.out.specimens.len() - 1;
            self.name_specimen(index, [order.filler.clone()]);
            index
        });
        self.out.groups.push(ResultGroup {
            order,
            specimen: Some(specimen),
            patient: self.out.patients.len().checked_sub(1),
            observations: Vec::new(),
            notes: Vec::new(),
        });
        self.note_owner = NoteOwner::Group;
    }

    fn observation(&mut self, obx: Segment<'_>) {
        let declared_type = obx.field(2).text();
        let raw = obx.field(5);
        let code = code_pair(obx.field(3));
        if code.shown().is_none() {
            self.warn(Warning::ObservationWithoutCode);
        }
        let value = self.value(&declared_type, raw);
        let observed = Hl7Time::parse(&obx.field(14).component(1).text());
        let unit = obx.field(6);
        let observation = Observation {
            set_id: obx.field(1).text(),
            code,
            sub_id: obx.field(4).value(),
            value,
            raw: raw.raw().chars().take(MAX_RAW).collect(),
            unit: unit
                .component(1)
                .value()
                .map(|code| Unit { code, is_ucum: unit.component(3).text() == "UCUM" }),
            range: obx.field(7).value(),
            flags: self
                .repetitions(obx.field(8))
                .into_iter()
                .filter_map(|part| self::code(part, 1))
                .collect(),
            status: match obx.field(11).text().as_str() {
                "" => DeclaredStatus::Absent,
                "F" => DeclaredStatus::Final,
                "P" => DeclaredStatus::Preliminary,
                "R" => DeclaredStatus::NotVerified,
                "I" => DeclaredStatus::Pending,
                "C" => DeclaredStatus::Correction,
                "X" => DeclaredStatus::NotObtainable,
                "D" => DeclaredStatus::Delete,
                "W" => DeclaredStatus::WrongPatient,
                other => DeclaredStatus::Other(other.to_owned()),
            },
            analysed: Hl7Time::parse(&obx.field(19).component(1).text()).or_else(|| observed.clone()),
            observed,
            operator: obx.field(16).simple(),
            method: self::code(obx.field(17), 1),
            instruments: self
                .repetitions(obx.field(18))
                .into_iter()
                .filter_map(|part| {
                    Some(Instrument { id: part.component(1).value()?, namespace: part.component(2).text() })
                })
                .collect(),
            notes: Vec::new(),
            declared_type,
        };
        if self.out.groups.is_empty() {
            self.warn(Warning::ObservationWithoutOrder);
            self.out.groups.push(ResultGroup {
                order: OrderReference::default(),
                specimen: self.current_specimen,
                patient: self.out.patients.len().checked_sub(1),
                observations: Vec::new(),
                notes: Vec::new(),
            });
        }
        if let Some(group) = self.out.groups.last_mut() {
            group.observations.push(observation);
        }
        self.note_owner = NoteOwner::Observation;
    }

    fn note(&mut self, nte: Segment<'_>) {
        let texts: Vec<String> = self.repetitions(nte.field(3)).iter().filter_map(Part::value).collect();
        let group = self.out.groups.last_mut();
        match (self.note_owner, group) {
            (NoteOwner::Group, Some(group)) => group.notes.extend(texts),
            (NoteOwner::Observation, Some(group)) => match group.observations.last_mut() {
                Some(observation) => observation.notes.extend(texts),
                None => group.notes.extend(texts),
            },
            _ => self.out.notes.extend(texts),
        }
    }

    fn value(&mut self, declared_type: &str, field: Part<'_>) -> ObservedValue {
        if field.is_empty() {
            return ObservedValue::Absent;
        }
        if field.is_null() {
            return ObservedValue::Deleted;
        }
        // One OBX-5 can be 30 MB of base64: the common single repetition is read without a detour.
        let parts = self.repetitions(field);
        if matches!(declared_type, "ST" | "TX" | "FT") && parts.len() > 1 {
            return ObservedValue::Text(parts.iter().map(Part::text).collect::<Vec<_>>().join("\n"));
        }
        let mut values: Vec<ObservedValue> =
            parts.into_iter().map(|part| self.single(declared_type, part)).collect();
        match values.pop() {
            Some(only) if values.is_empty() => only,
            Some(last) => {
                values.push(last);
                ObservedValue::Several(values)
            }
            None => ObservedValue::Absent,
        }
    }

    fn single(&mut self, declared_type: &str, part: Part<'_>) -> ObservedValue {
        let text = || ObservedValue::Text(part.text());
        let read = match declared_type {
            "NM" => comparison(&part.text()),
            "SN" => structured(part),
            "ST" => return comparison(&part.text()).unwrap_or_else(text),
            "CE" | "CWE" | "CNE" | "CF" | "IS" | "ID" => {
                let pair = code_pair(part);
                pair.shown().is_some().then_some(ObservedValue::Coded(pair))
            }
            "ED" => Some(ObservedValue::Data(EmbeddedData {
                kind: part.component(2).text(),
                subtype: part.component(3).text(),
                encoding: part.component(4).text(),
                data: part.component(5).text(),
            })),
            "DT" | "TM" | "TS" | "DTM" => Hl7Time::parse(&part.component(1).text()).map(ObservedValue::Time),
            _ => return text(),
        };
        read.unwrap_or_else(|| {
            self.warn(Warning::ValueNotOfItsType);
            text()
        })
    }

    fn finish(self) -> InboundResults {
        self.out
    }
}
