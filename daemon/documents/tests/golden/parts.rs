//! What reports are built of: people, samples, results.

use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::{
    BirthDate, CogCode, InsOid, Matricule, Sex, StrictName, StrictTraits, UsedNames,
};
use paillasse_shared::domain::report::*;
use paillasse_shared::domain::result::{Comparator, Decimal};

pub const LAB_ARC: &str = "1.2.250.1.999.1.1";

pub fn at(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

pub fn dec(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

pub fn name(text: &str) -> StrictName {
    StrictName::parse(text).unwrap()
}

pub fn matricule(number: &str) -> Matricule {
    Matricule::parse(&format!("{number}{:02}", key_of(number))).unwrap()
}

pub fn id(root: &str, extension: &str) -> Identifier {
    Identifier { root: format!("{LAB_ARC}.{root}"), extension: extension.into() }
}

pub fn coded(code: &str, system: &str, system_name: &str, label: &str) -> Coded {
    Coded {
        code: code.into(),
        system: system.into(),
        system_name: Some(system_name.into()),
        label: label.into(),
    }
}

pub fn loinc(code: &str, label: &str) -> Coded {
    coded(code, OID_LOINC, "LOINC", label)
}

pub fn snomed(code: &str, label: &str) -> Coded {
    coded(code, OID_SNOMED_CT, "SNOMED CT", label)
}

pub fn phone(number: &str) -> Telecom {
    Telecom { kind: TelecomKind::Phone, value: number.into() }
}

pub fn mssante(address: &str) -> Telecom {
    Telecom { kind: TelecomKind::Mssante, value: address.into() }
}

pub fn address(line: &str, postal_code: &str, city: &str) -> Address {
    Address { lines: vec![line.into()], postal_code: postal_code.into(), city: city.into() }
}

pub fn professional(
    rpps: &str,
    profession: &str,
    title: Option<ProfessionalTitle>,
    given: &str,
    family: &str,
) -> Professional {
    Professional {
        national_id: Some(format!("8{rpps}")),
        civility: Some(Civility::Madam),
        title,
        family: family.into(),
        given: Some(given.into()),
        profession: Some(profession.into()),
        address: None,
        telecoms: vec![],
        organization: None,
    }
}

pub fn biologist() -> Professional {
    professional("99900000011", "G15_10/SM03", Some(ProfessionalTitle::Doctor), "Hélène", "FICTIVE-MARTEAU")
}

pub fn pharmacist() -> Professional {
    let mut p = professional("99900000029", "G15_21/G", Some(ProfessionalTitle::Doctor), "Yann", "EXEMPLE");
    p.civility = Some(Civility::Mister);
    p
}

pub fn prescriber() -> Prescriber {
    let mut p = professional("99900000037", "G15_10/SM26", Some(ProfessionalTitle::Doctor), "Paul", "MODELE");
    p.civility = Some(Civility::Mister);
    p.address = Some(address("5 place du Marché", "35000", "RENNES"));
    p.telecoms = vec![phone("02 99 00 00 01"), mssante("paul.modele@medecin.test.mssante.fr")];
    Prescriber { professional: p, prescribed_at: Some(at("2026-03-02T00:00:00+01:00")) }
}

pub fn nurse() -> Professional {
    professional("99900000045", "G15_60", None, "Roberta", "ESSAI")
}

pub fn ins(number: &str, oid: InsOid) -> Option<QualifiedIns> {
    Some(QualifiedIns { matricule: matricule(number), oid })
}

pub fn patient() -> Patient {
    Patient {
        traits: StrictTraits {
            birth_name: name("D'EXEMPLE DUPONT"),
            first_name: name("ANNE-MARIE"),
            given_names: Some(name("ANNE-MARIE ODETTE")),
            sex: Sex::F,
            birth_date: BirthDate::lunar("1978-05-14").unwrap(),
            birth_place: Some(CogCode::parse("99100").unwrap()),
        },
        used: UsedNames::default(),
        birth_place_label: Some("BELGIQUE".into()),
        ins: ins("2780599999042", InsOid::Nir),
        local_id: id("2", "P000123"),
        address: Some(address("12 rue des Essais", "35000", "RENNES")),
        telecoms: vec![Telecom { kind: TelecomKind::Phone, value: "06 00 00 00 01".into() }],
    }
}

pub fn specimen(number: &str, code: &str, label: &str) -> Specimen {
    Specimen {
        id: id("5", number),
        kind: coded(code, "2.16.840.1.113883.18.311", "HL7 v2 0487", label),
        sampled_at: Some(at("2026-03-04T07:35:00+01:00")),
        received_at: Some(at("2026-03-04T08:10:00+01:00")),
        act: None,
        site: None,
        sampler: None,
    }
}

pub fn base(number: u32) -> Report {
    let serial = format!("2026030400{number:02}");
    Report {
        id: format!("{LAB_ARC}.10.{serial}.1"),
        set_id: format!("{LAB_ARC}.11.{serial}"),
        version: 1,
        replaces: None,
        created_at: at("2026-03-04T16:05:27+01:00"),
        service_start: at("2026-03-04T08:10:00+01:00"),
        service_end: at("2026-03-04T16:05:00+01:00"),
        status: ReportStatus::Final,
        confidentiality: Confidentiality::Normal,
        training: false,
        patient: patient(),
        laboratory: Laboratory {
            name: "Laboratoire des Fougères".into(),
            finess: "350999999".into(),
            address: address("8 rue Frédéric Bastia", "35000", "RENNES"),
            telecoms: vec![phone("02 99 00 00 00"), mssante("labo.fougeres@lbm.test.mssante.fr")],
            cofrac: Some("8-9999".into()),
            practice_setting: "AMBULATOIRE".into(),
            facility_type: "SA25".into(),
        },
        author: Author::Person(Box::new(biologist())),
        director: pharmacist(),
        responsible: biologist(),
        signed_at: at("2026-03-04T16:05:00+01:00"),
        validations: vec![Validation { biologist: biologist(), at: at("2026-03-04T15:58:00+01:00") }],
        prescriber: Some(prescriber()),
        sampler: Some(nurse()),
        attending_physician: None,
        recipients: vec![Recipient { person: Some(prescriber().professional), organization: None }],
        request: id("3", &serial),
        prescriptions: vec![],
        encounter: Encounter { kind: Some(EncounterKind::Ambulatory), ..Encounter::default() },
        specimens: vec![specimen(&format!("{serial}-1"), "BLDV", "Sang veineux")],
        chapters: vec![],
        comments: vec![],
        notice: None,
        automatic_validation: None,
        second_intention: None,
        display: DisplayOptions::default(),
    }
}

pub fn num(code: &str, reference_label: &str, label: &str, value: &str, unit: (&str, &str)) -> ResultItem {
    ResultItem {
        code: AnalysisCode { loinc: Some(loinc(code, reference_label)), local: None },
        label: label.into(),
        outcome: Outcome::Done(ReportedValue::Numeric {
            comparator: None,
            value: dec(value),
            unit: (!unit.1.is_empty()).then(|| Unit { display: unit.0.into(), ucum: unit.1.into() }),
        }),
        at: Some(at("2026-03-04T10:12:00+01:00")),
        interpretation: None,
        technique: None,
        method: None,
        reference: None,
        other_references: vec![],
        accredited: false,
        previous: vec![],
        second: None,
        comments: vec![],
    }
}

pub fn text(code: &str, label: &str, value: &str) -> ResultItem {
    ResultItem {
        outcome: Outcome::Done(ReportedValue::Text(value.into())),
        ..num(code, label, label, "0", ("", ""))
    }
}

pub trait Built: Sized {
    fn range(self, low: &str, high: &str) -> Self;
    fn flag(self, flag: Interpretation) -> Self;
    fn before(self, value: &str, day: &str, flag: Option<Interpretation>) -> Self;
    fn technique(self, code: &str, label: &str) -> Self;
    fn remark(self, text: &str) -> Self;
    fn sign(self, sign: Comparator) -> Self;
}

impl Built for ResultItem {
    fn range(mut self, low: &str, high: &str) -> Self {
        let bound = |t: &str| (!t.is_empty()).then(|| dec(t));
        self.reference =
            Some(ReferenceRange { low: bound(low), high: bound(high), ..ReferenceRange::default() });
        self
    }
    fn flag(mut self, flag: Interpretation) -> Self {
        self.interpretation = Some(flag);
        self
    }
    fn before(mut self, value: &str, day: &str, flag: Option<Interpretation>) -> Self {
        let Outcome::Done(ReportedValue::Numeric { unit, .. }) = &self.outcome else { panic!("numeric") };
        let value = ReportedValue::Numeric { comparator: None, value: dec(value), unit: unit.clone() };
        self.previous.push(PreviousResult {
            value,
            at: at(&format!("{day}T09:00:00+01:00")),
            interpretation: flag,
        });
        self
    }
    fn technique(mut self, code: &str, label: &str) -> Self {
        self.technique = Some(coded(code, OID_TECHNIQUES, "ANSM", label));
        self
    }
    fn remark(mut self, text: &str) -> Self {
        self.comments.push(Comment { title: None, text: text.into() });
        self
    }
    fn sign(mut self, sign: Comparator) -> Self {
        let Outcome::Done(ReportedValue::Numeric { comparator, .. }) = &mut self.outcome else {
            panic!("numeric")
        };
        *comparator = Some(sign);
        self
    }
}

pub fn sub(title: &str, code: Option<Coded>, specimens: &[&Specimen], blocks: Vec<Block>) -> SubChapter {
    SubChapter {
        code,
        title: (!title.is_empty()).then(|| title.to_owned()),
        specimens: specimens.iter().map(|s| s.id.extension.clone()).collect(),
        blocks,
        comments: vec![],
        subcontractor: None,
        validation: None,
    }
}

pub fn chapter(code: &str, label: &str, sub_chapters: Vec<SubChapter>) -> Chapter {
    Chapter { code: loinc(code, label), title: None, sub_chapters, comments: vec![] }
}

pub fn results(items: Vec<ResultItem>) -> Vec<Block> {
    items.into_iter().map(Block::Result).collect()
}

pub fn battery(title: &str, code: Option<Coded>, results: Vec<ResultItem>) -> Battery {
    Battery {
        code: code.map(|c| AnalysisCode { loinc: Some(c), local: None }),
        title: title.into(),
        results,
        comments: vec![],
    }
}

pub const MMOL: (&str, &str) = ("mmol/L", "mmol/L");

pub const GL: (&str, &str) = ("g/L", "g/L");

pub const PERCENT: (&str, &str) = ("%", "%");

pub const GIGA: (&str, &str) = ("10⁹/L", "10*9/L");

pub const IU: (&str, &str) = ("U/L", "U/L");
