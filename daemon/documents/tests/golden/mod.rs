//! Golden reports: fictitious people, one report per situation a laboratory meets.
//!
//! Used by the tests and by the examples. The matricules have an impossible place (`99999`, or a commune that does
//! not exist) and a computed key; no one bears them.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

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

fn name(text: &str) -> StrictName {
    StrictName::parse(text).unwrap()
}

pub fn matricule(number: &str) -> Matricule {
    Matricule::parse(&format!("{number}{:02}", key_of(number))).unwrap()
}

fn id(root: &str, extension: &str) -> Identifier {
    Identifier { root: format!("{LAB_ARC}.{root}"), extension: extension.into() }
}

fn coded(code: &str, system: &str, system_name: &str, label: &str) -> Coded {
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

fn phone(number: &str) -> Telecom {
    Telecom { kind: TelecomKind::Phone, value: number.into() }
}

fn mssante(address: &str) -> Telecom {
    Telecom { kind: TelecomKind::Mssante, value: address.into() }
}

fn address(line: &str, postal_code: &str, city: &str) -> Address {
    Address { lines: vec![line.into()], postal_code: postal_code.into(), city: city.into() }
}

fn professional(
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

fn prescriber() -> Prescriber {
    let mut p = professional("99900000037", "G15_10/SM26", Some(ProfessionalTitle::Doctor), "Paul", "MODELE");
    p.civility = Some(Civility::Mister);
    p.address = Some(address("5 place du Marché", "35000", "RENNES"));
    p.telecoms = vec![phone("02 99 00 00 01"), mssante("paul.modele@medecin.test.mssante.fr")];
    Prescriber { professional: p, prescribed_at: Some(at("2026-03-02T00:00:00+01:00")) }
}

fn nurse() -> Professional {
    professional("99900000045", "G15_60", None, "Roberta", "ESSAI")
}

pub fn ins(number: &str, oid: InsOid) -> Option<QualifiedIns> {
    Some(QualifiedIns { matricule: matricule(number), oid })
}

fn patient() -> Patient {
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

fn results(items: Vec<ResultItem>) -> Vec<Block> {
    items.into_iter().map(Block::Result).collect()
}

fn battery(title: &str, code: Option<Coded>, results: Vec<ResultItem>) -> Battery {
    Battery {
        code: code.map(|c| AnalysisCode { loinc: Some(c), local: None }),
        title: title.into(),
        results,
        comments: vec![],
    }
}

const MMOL: (&str, &str) = ("mmol/L", "mmol/L");
const GL: (&str, &str) = ("g/L", "g/L");
const PERCENT: (&str, &str) = ("%", "%");
const GIGA: (&str, &str) = ("10⁹/L", "10*9/L");
const IU: (&str, &str) = ("U/L", "U/L");

fn glucose() -> ResultItem {
    let mut glucose = num(
        "53049-3",
        "Glucose à jeun [Masse/Volume] Sérum/Plasma ; Numérique",
        "Glucose à jeun",
        "1.32",
        GL,
    )
    .range("0.74", "1.06")
    .flag(Interpretation::H)
    .before("1.18", "2025-09-12", Some(Interpretation::H))
    .before("1.02", "2025-03-10", Some(Interpretation::N))
    .technique("DAX", "Spectrophotométrie-activité enzymatique-autre");
    glucose.method = Some("Hexokinase".into());
    glucose.second = Some(Box::new(SecondExpression {
        code: AnalysisCode {
            loinc: Some(loinc("40193-5", "Glucose a jeun [Moles/Volume] Sérum/Plasma ; Numérique")),
            local: None,
        },
        comparator: None,
        value: dec("7.33"),
        unit: Unit { display: "mmol/L".into(), ucum: "mmol/L".into() },
        reference: Some(ReferenceRange {
            low: Some(dec("4.11")),
            high: Some(dec("5.89")),
            ..Default::default()
        }),
    }));
    glucose
}

fn ionogram() -> Battery {
    battery(
        "Ionogramme sanguin",
        None,
        vec![
            num("2951-2", "Sodium [Moles/Volume] Sérum/Plasma ; Numérique", "Sodium", "141", MMOL)
                .range("136", "145")
                .flag(Interpretation::N)
                .before("139", "2025-09-12", None)
                .technique("9FX", "Electrochimie-électrodes + enzymes"),
            num("2823-3", "Potassium [Moles/Volume] Sérum/Plasma ; Numérique", "Potassium", "6.4", MMOL)
                .range("3.5", "5.1")
                .flag(Interpretation::HH)
                .before("5.0", "2025-09-12", Some(Interpretation::N))
                .remark("Résultat contrôlé sur un second prélèvement.\nPrescripteur prévenu par téléphone à 10:20."),
            num("2075-0", "Chlorures [Moles/Volume] Sérum/Plasma ; Numérique", "Chlorures", "97", MMOL)
                .range("98", "107")
                .flag(Interpretation::L),
        ],
    )
}

fn kidney() -> Vec<ResultItem> {
    let mut gfr = num(
        "62238-1",
        "DFG estimé (CKD-EPI)",
        "DFG estimé (CKD-EPI)",
        "58",
        ("mL/min/1,73 m²", "mL/min/{1.73_m2}"),
    )
    .range("90", "")
    .flag(Interpretation::L);
    gfr.comments.push(Comment {
        title: Some("Interprétation".into()),
        text: "Insuffisance rénale modérée (stade 3A) à confirmer par un second dosage à trois mois.".into(),
    });
    vec![
        num(
            "14682-9",
            "Créatinine [Moles/Volume] Sérum/Plasma ; Numérique",
            "Créatinine",
            "98",
            ("µmol/L", "umol/L"),
        )
        .range("45", "84")
        .flag(Interpretation::H)
        .before("92", "2025-09-12", Some(Interpretation::H)),
        gfr,
        num("22664-7", "Urée [Moles/Volume] Sérum/Plasma ; Numérique", "Urée", "5.20", MMOL)
            .range("2.76", "8.07"),
    ]
}

/// 1: fasting glucose in two units, ionogram with flags, alert, previous results, comments at each level.
pub fn ionogram_report() -> Report {
    let mut r = base(1);
    let mut blocks = vec![Block::Result(glucose()), Block::Battery(ionogram())];
    blocks.extend(results(kidney()));
    if let Some(Block::Battery(b)) = blocks.get_mut(1) {
        b.comments.push(Comment { title: None, text: "Absence d'hémolyse.".into() });
    }
    let mut part = sub("", None, &[&r.specimens[0]], blocks);
    part.comments.push(Comment { title: None, text: "Sérum clair.".into() });
    let mut c = chapter("18719-5", "Biochimie", vec![part]);
    c.comments.push(Comment { title: None, text: "Bilan demandé en urgence.".into() });
    r.chapters = vec![c];
    r.comments
        .push(Comment { title: None, text: "Contrôle du potassium conseillé sous 24 heures.".into() });
    r.notice = Some(
        "Les données de ce compte rendu sont traitées par le laboratoire pour la réalisation des examens. Vous \
         disposez d'un droit d'accès et de rectification auprès du laboratoire."
            .into(),
    );
    r.prescriptions = vec![id("4", "ORD-2026-77")];
    r
}

fn blood_count() -> Vec<Block> {
    let count = battery(
        "Hémogramme",
        None,
        vec![
            num(
                "789-8",
                "Érythrocytes [Nombre/Volume] Sang ; Numérique ; Comptage automate",
                "Hématies",
                "3.98",
                ("10¹²/L", "10*12/L"),
            )
            .range("3.90", "5.20")
            .technique("9JX", "Electrochimie-impédance"),
            num(
                "20509-6",
                "Hémoglobine [Masse/Volume] Sang ; Numérique ; Résultat calculé",
                "Hémoglobine",
                "10.8",
                ("g/dL", "g/dL"),
            )
            .range("12.0", "15.5")
            .flag(Interpretation::L)
            .before("12.4", "2025-09-12", None),
            num(
                "4544-3",
                "Hématocrite [Fraction volumique] Sang ; Numérique ; Comptage automate",
                "Hématocrite",
                "33.1",
                PERCENT,
            )
            .range("36.0", "46.0")
            .flag(Interpretation::L),
            num(
                "30428-7",
                "Volume globulaire moyen [Volume d'entité] Erythrocytes ; Numérique ; Comptage automate",
                "V.G.M.",
                "78.2",
                ("fL", "fL"),
            )
            .range("80.0", "100.0")
            .flag(Interpretation::L),
            num(
                "28539-5",
                "Teneur corpusculaire moyenne en hémoglobine [Masse d'entité] Érythrocytes ; Numérique",
                "T.C.M.H.",
                "27.1",
                ("pg", "pg"),
            )
            .range("27.0", "33.0"),
            num(
                "777-3",
                "Plaquettes [Nombre/Volume] Sang ; Numérique ; Comptage automate",
                "Plaquettes",
                "412",
                GIGA,
            )
            .range("150", "400")
            .flag(Interpretation::H),
            num(
                "6690-2",
                "Leucocytes [Nombre/Volume] Sang ; Numérique ; Comptage automate",
                "Leucocytes",
                "6.85",
                GIGA,
            )
            .range("4.00", "10.00"),
        ],
    );
    let differential = [
        ("26511-6", "26499-4", "Polynucléaires neutrophiles", "58.0", "3.97", "1.80", "7.50"),
        ("26450-7", "26449-9", "Polynucléaires éosinophiles", "3.1", "0.21", "0.04", "0.50"),
        ("30180-4", "26444-0", "Polynucléaires basophiles", "0.6", "0.04", "0.00", "0.10"),
        ("26478-8", "26474-7", "Lymphocytes", "30.2", "2.07", "1.00", "4.00"),
        ("26485-3", "26484-6", "Monocytes", "8.1", "0.55", "0.20", "1.00"),
    ];
    let formula = differential
        .into_iter()
        .flat_map(|(percent_code, code, label, percent, count, low, high)| {
            [
                num(
                    percent_code,
                    &format!("{label}/100 leucocytes [Fraction de nombres] Sang ; Numérique"),
                    label,
                    percent,
                    PERCENT,
                ),
                num(
                    code,
                    &format!("{label} [Nombre/Volume] Sang ; Numérique"),
                    &format!("{label} (valeur absolue)"),
                    count,
                    GIGA,
                )
                .range(low, high),
            ]
        })
        .collect();
    let mut formula = battery("Formule leucocytaire", None, formula);
    formula.comments.push(Comment {
        title: None,
        text: "Frottis relu : hypochromie modérée, quelques annulocytes.".into(),
    });
    vec![Block::Battery(count), Block::Battery(formula)]
}

/// 2: blood count with differential.
pub fn blood_count_report() -> Report {
    let mut r = base(2);
    r.specimens[0].kind.label = "Sang veineux (EDTA)".into();
    r.chapters = vec![chapter(
        "18723-7",
        "Hématologie",
        vec![sub(
            "NFS - Hémogramme",
            Some(loinc("18768-2", "NFS - Hémogramme")),
            &[&r.specimens[0]],
            blood_count(),
        )],
    )];
    r
}

/// 3: lipids, LDL below the limit of calculation.
pub fn lipids_report() -> Report {
    let mut r = base(3);
    let mut ldl = num(
        "13457-7",
        "Cholestérol LDL [Masse/Volume] Sérum/Plasma ; Numérique ; Résultat calculé",
        "Cholestérol LDL calculé",
        "0.10",
        GL,
    )
    .sign(Comparator::Less);
    ldl.reference = Some(ReferenceRange {
        high: Some(dec("1.60")),
        high_excluded: true,
        text: Some("selon le risque cardiovasculaire".into()),
        ..Default::default()
    });
    ldl.interpretation = Some(Interpretation::BelowLimit);
    let items = vec![
        num("2093-3", "Cholestérol [Masse/Volume] Sérum/Plasma ; Numérique", "Cholestérol total", "1.12", GL)
            .range("", "2.00"),
        num(
            "2085-9",
            "Cholestérol HDL [Masse/Volume] Sérum/Plasma ; Numérique",
            "Cholestérol HDL",
            "0.61",
            GL,
        )
        .range("0.50", ""),
        num("2571-8", "Triglycérides [Masse/Volume] Sérum/Plasma ; Numérique", "Triglycérides", "2.05", GL)
            .range("", "1.50")
            .flag(Interpretation::H),
        ldl,
    ];
    r.chapters = vec![chapter(
        "18719-5",
        "Biochimie",
        vec![sub(
            "Bilan lipidique",
            Some(loinc("57698-3", "Bilan lipidique")),
            &[&r.specimens[0]],
            results(items),
        )],
    )];
    r
}

/// 4: INR, a number without unit.
pub fn inr_report() -> Report {
    let mut r = base(4);
    let mut inr = num(
        "6301-6",
        "Temps de quick INR [Temps relatif] Plasma pauvre en plaquettes ; Numérique ; Coagulation",
        "INR",
        "2.6",
        ("", "{INR}"),
    )
    .before("3.1", "2026-02-18", None);
    inr.reference =
        Some(ReferenceRange { text: Some("zone thérapeutique 2,0 – 3,0".into()), ..Default::default() });
    let pt = num("5894-1", "Taux de prothrombine", "Taux de prothrombine", "32", PERCENT)
        .flag(Interpretation::L)
        .range("70", "100");
    r.chapters = vec![chapter(
        "18720-3",
        "Hémostase, coagulation",
        vec![sub("", None, &[&r.specimens[0]], results(vec![pt, inr]))],
    )];
    r.comments.push(Comment {
        title: Some("Renseignement clinique".into()),
        text: "Traitement par warfarine.".into(),
    });
    r
}

fn qualitative(code: &str, label: &str, negative: bool) -> ResultItem {
    let (sct, official, shown, flag) = if negative {
        ("260385009", "négatif(-ive)", "Négatif", Interpretation::NEG)
    } else {
        ("10828004", "positif(-ive)", "Positif", Interpretation::POS)
    };
    let mut item = text(code, label, "");
    item.outcome = Outcome::Done(ReportedValue::Coded { code: snomed(sct, official), text: shown.into() });
    item.interpretation = Some(flag);
    item
}

/// 5: coded serology.
pub fn serology_report() -> Report {
    let mut r = base(5);
    let mut rubella = num("5334-8", "Rubéole IgG", "Rubéole IgG", "38", ("UI/mL", "[IU]/mL"));
    rubella.method = Some("Chimiluminescence, automate de démonstration".into());
    rubella.comments.push(Comment { title: Some("Interprétation".into()), text: "Sujet immunisé.".into() });
    let items = vec![
        qualitative("5196-1", "Antigène HBs", true),
        qualitative("56888-1", "VIH 1+2 anticorps et antigène p24", true),
        qualitative("5390-0", "Toxoplasmose IgM", false),
        rubella,
    ];
    r.chapters =
        vec![chapter("92893-7", "Sérologie virale", vec![sub("", None, &[&r.specimens[0]], results(items))])];
    r
}

fn susceptibility(code: &str, label: &str, mic: &str, flag: Interpretation) -> ResultItem {
    num(code, label, label.split(" [").next().unwrap_or(label), mic, ("mg/L", "mg/L")).flag(flag)
}

/// 6: urine culture with an isolate, its antibiogram and text results.
pub fn urine_report() -> Report {
    let mut r = base(6);
    r.specimens = vec![specimen("2026030406-U", "UR", "Urine")];
    r.sampler = None;
    let mut examination = text("5767-9", "Aspect", "Trouble");
    examination.label = "Aspect".into();
    let leucocytes = num(
        "30405-5",
        "Leucocytes [Nombre/Volume] Urine ; Numérique",
        "Leucocytes",
        "850000",
        ("/mL", "/mL"),
    )
    .range("", "10000")
    .flag(Interpretation::HH);
    let red =
        num("30391-7", "Érythrocytes [Nombre/Volume] Urine ; Numérique", "Hématies", "4000", ("/mL", "/mL"))
            .range("", "10000");
    let direct = text(
        "653-6",
        "Examen direct (coloration de Gram)",
        "Nombreux bacilles à Gram négatif. Présence de rares cellules épithéliales, sans valeur pathologique.",
    );
    let isolate = Isolate {
        id: id("6", "2026030406-U-1"),
        organism: snomed("112283007", "Escherichia coli"),
        ncbi: Some(coded("562", "2.16.840.1.113883.3.9471", "NCBI-Taxonomy", "Escherichia coli")),
        at: at("2026-03-05T11:40:00+01:00"),
        results: vec![
            num(
                "51480-2",
                "Bactérie [Nombre/Volume] Urine ; Numérique ; Comptage automate",
                "Dénombrement",
                "100000",
                ("UFC/mL", "/mL"),
            )
            .sign(Comparator::AtLeast),
        ],
        antibiograms: vec![battery(
            "Antibiogramme",
            Some(loinc("18769-0", "Antibiogramme")),
            vec![
                susceptibility(
                    "28-1",
                    "Ampicilline [Sensibilité] Isolat ; Alphanumérique ; CMI",
                    "32",
                    Interpretation::R,
                )
                .sign(Comparator::More),
                susceptibility(
                    "20-8",
                    "Amoxicilline+clavulanate [Sensibilité] Isolat ; Alphanumérique ; CMI",
                    "8",
                    Interpretation::S,
                ),
                susceptibility(
                    "267-5",
                    "Gentamicine [Sensibilité] Isolat ; Alphanumérique ; CMI",
                    "1",
                    Interpretation::S,
                )
                .sign(Comparator::AtMost),
            ],
        )],
        comments: vec![Comment {
            title: None,
            text: "Interprétation selon les recommandations de l'année en cours.".into(),
        }],
    };
    let culture = text("630-4", "Culture", "Positive : une espèce significative, voir ci-dessous.");
    let blocks = vec![
        Block::Battery(battery("Examen cytologique", None, vec![examination, leucocytes, red])),
        Block::Result(direct),
        Block::Result(culture),
        Block::Isolate(isolate),
    ];
    r.chapters = vec![chapter(
        "18725-2",
        "Microbiologie",
        vec![sub("Examen cytobactériologique des urines", None, &[&r.specimens[0]], blocks)],
    )];
    r
}

/// 7: partial report, one result awaited, one that will not be done.
pub fn partial_report() -> Report {
    let mut r = base(7);
    r.status = ReportStatus::Partial;
    let mut awaited = num(
        "3016-3",
        "Thyréostimuline [Arbitraire/Volume] Sérum/Plasma ; Numérique",
        "TSH",
        "1",
        ("mUI/L", "m[IU]/L"),
    )
    .range("0.27", "4.20");
    awaited.outcome = Outcome::Pending;
    awaited.at = None;
    let mut refused =
        num("2823-3", "Potassium [Moles/Volume] Sérum/Plasma ; Numérique", "Potassium", "1", MMOL);
    refused.outcome = Outcome::NotDone(Some("échantillon hémolysé".into()));
    let crp = num(
        "1988-5",
        "C Réactive protéine [Masse/Volume] Sérum/Plasma ; Numérique",
        "CRP",
        "5",
        ("mg/L", "mg/L"),
    )
    .sign(Comparator::Less)
    .range("", "5");
    r.chapters = vec![
        chapter("18719-5", "Biochimie", vec![sub("", None, &[&r.specimens[0]], results(vec![crp, refused]))]),
        chapter("92895-2", "Endocrinologie", vec![sub("", None, &[&r.specimens[0]], results(vec![awaited]))]),
    ];
    r
}

/// 8: version 2 that replaces report 7, now final.
pub fn replacing_report() -> Report {
    let mut r = partial_report();
    r.status = ReportStatus::Final;
    r.version = 2;
    r.replaces = Some(r.id.clone());
    r.id = format!("{LAB_ARC}.10.2026030407.2");
    r.created_at = at("2026-03-05T09:12:00+01:00");
    let tsh = &mut r.chapters[1].sub_chapters[0].blocks[0];
    let Block::Result(item) = tsh else { panic!("result") };
    *item = num(
        "3016-3",
        "Thyréostimuline [Arbitraire/Volume] Sérum/Plasma ; Numérique",
        "TSH",
        "1.950",
        ("mUI/L", "m[IU]/L"),
    )
    .range("0.270", "4.200");
    r
}

/// 9: identity that is not qualified: no INS anywhere.
pub fn unqualified_report() -> Report {
    let mut r = lipids_report();
    r.id = format!("{LAB_ARC}.10.2026030409.1");
    r.set_id = format!("{LAB_ARC}.11.2026030409");
    r.patient.ins = None;
    r.patient.traits.birth_place = None;
    r.patient.birth_place_label = None;
    r.patient.address = None;
    r.patient.telecoms.clear();
    r
}

/// 10: NIA (waiting number), two biologists, system as author.
pub fn nia_report() -> Report {
    let mut r = inr_report();
    r.id = format!("{LAB_ARC}.10.2026030410.1");
    r.set_id = format!("{LAB_ARC}.11.2026030410");
    r.patient.ins = ins("2780599999888", InsOid::Nia);
    r.validations.push(Validation { biologist: pharmacist(), at: at("2026-03-04T16:01:00+01:00") });
    r.author = Author::System {
        id: id("1", "SGL-1"),
        manufacturer: "Paillasse".into(),
        software: "Paillasse 0.1".into(),
    };
    r
}

/// 11: born in Corsica; hospital stay; two recipients, one a structure.
pub fn corsican_report() -> Report {
    let mut r = blood_count_report();
    r.id = format!("{LAB_ARC}.10.2026030411.1");
    r.set_id = format!("{LAB_ARC}.11.2026030411");
    r.patient.traits = StrictTraits {
        birth_name: name("ESSAIACCI"),
        first_name: name("ANTO"),
        given_names: Some(name("ANTO SANTU")),
        sex: Sex::M,
        birth_date: BirthDate::lunar("1985-06-01").unwrap(),
        birth_place: Some(CogCode::parse("2A999").unwrap()),
    };
    r.patient.birth_place_label = Some("COMMUNE FICTIVE".into());
    r.patient.ins = ins("185062A999123", InsOid::Nir);
    r.encounter = Encounter {
        id: Some(id("7", "SEJ-88")),
        kind: Some(EncounterKind::Inpatient),
        start: Some(at("2026-03-03T18:00:00+01:00")),
        end: None,
    };
    r.recipients.push(Recipient {
        person: None,
        organization: Some(Organization {
            national_id: Some("1350000001".into()),
            name: "Centre hospitalier d'essai".into(),
            address: None,
            telecoms: vec![mssante("ch.essai@etab.test.mssante.fr")],
            practice_setting: None,
        }),
    });
    r
}

/// 12: minor with a used name and used given name; lunar date of birth; capillary sample.
pub fn minor_report() -> Report {
    let mut r = ionogram_report();
    r.id = format!("{LAB_ARC}.10.2026030412.1");
    r.set_id = format!("{LAB_ARC}.11.2026030412");
    r.patient.traits = StrictTraits {
        birth_name: name("TESTEUR"),
        first_name: name("CAMILLE"),
        given_names: Some(name("CAMILLE")),
        sex: Sex::M,
        birth_date: BirthDate::lunar("2017-00-00").unwrap(),
        birth_place: Some(CogCode::parse("99351").unwrap()),
    };
    r.patient.birth_place_label = Some("TUNISIE".into());
    r.patient.used = UsedNames { name: Some(name("TESTEUR-ESSAI")), first_name: Some(name("CAMILO")) };
    r.patient.ins = ins("1179999351007", InsOid::Nir);
    r.specimens[0].kind = coded("BLDC", "2.16.840.1.113883.5.129", "HL7 v3 SpecimenType", "Sang capillaire");
    r.display.all_given_names = true;
    r.attending_physician = Some(prescriber().professional);
    r
}

/// 13: many chapters over several pages.
pub fn long_report() -> Report {
    let mut r = base(13);
    let serial = r.request.extension.clone();
    r.specimens.push(specimen(&format!("{serial}-2"), "UR", "Urine"));
    let (blood, urine) = (r.specimens[0].clone(), r.specimens[1].clone());
    let liver = vec![
        num("30239-8", "Aspartate aminotransférase [Catalytique/Volume] Sérum/Plasma ; Numérique ; Avec phosphate de pyridoxal", "ASAT", "41", IU).range("", "35").flag(Interpretation::H),
        num("1743-4", "Alanine aminotransférase [Catalytique/Volume] Sérum/Plasma ; Numérique ; Avec phosphate de pyridoxal", "ALAT", "28", IU).range("", "35"),
        num("2324-2", "Gamma glutamyltransférase [Catalytique/Volume] Sérum/Plasma ; Numérique", "Gamma-GT", "22", IU).range("", "40").before("25", "2025-09-12", None),
    ];
    let mut first = ionogram_report().chapters.remove(0);
    first.sub_chapters[0].specimens = vec![blood.id.extension.clone()];
    first.sub_chapters[0].title = Some("Biochimie générale".into());
    let lipids = lipids_report().chapters.remove(0).sub_chapters.remove(0);
    let lipids = SubChapter { specimens: vec![blood.id.extension.clone()], ..lipids };
    first.sub_chapters.insert(1, lipids);
    first.sub_chapters.insert(1, sub("Bilan hépatique", None, &[&blood], results(liver)));
    let mut urinary = urine_report().chapters.remove(0);
    urinary.sub_chapters[0].specimens = vec![urine.id.extension.clone()];
    let mut serology = serology_report().chapters.remove(0);
    serology.sub_chapters[0].specimens = vec![blood.id.extension.clone()];
    let mut count = blood_count_report().chapters.remove(0);
    count.sub_chapters[0].specimens = vec![blood.id.extension.clone()];
    let mut clot = inr_report().chapters.remove(0);
    clot.sub_chapters[0].specimens = vec![blood.id.extension.clone()];
    let mut hormones = replacing_report().chapters.remove(1);
    hormones.sub_chapters[0].specimens = vec![blood.id.extension.clone()];
    r.chapters = vec![first, count, clot, hormones, serology, urinary];
    r
}

/// 14: subcontracted electrophoresis with its picture, a titre, an interval, local codes without LOINC.
pub fn subcontracted_report() -> Report {
    let mut r = base(14);
    let mut titre = text("", "", "");
    titre.code = AnalysisCode {
        loinc: None,
        local: Some(coded("AAN", &format!("{LAB_ARC}.20"), "Codes locaux", "Anticorps anti-nucléaires")),
    };
    titre.label = "Anticorps anti-nucléaires (α et β)".into();
    titre.outcome = Outcome::Done(ReportedValue::Titre { numerator: dec("1"), denominator: dec("160") });
    titre.interpretation = Some(Interpretation::A);
    let mut cells = text("", "", "");
    cells.code = AnalysisCode {
        loinc: None,
        local: Some(coded("123456", OID_WAITING_CODES, "Codes d'attente", "Cellules par champ")),
    };
    cells.label = "Cellules par champ".into();
    cells.outcome = Outcome::Done(ReportedValue::Interval {
        low: dec("5"),
        high: dec("10"),
        unit: Some(Unit { display: "/champ".into(), ucum: "/[HPF]".into() }),
    });
    let items = vec![
        num("2885-2", "Protéines [Masse/Volume] Sérum/Plasma ; Numérique", "Protéines totales", "72", GL)
            .range("64", "83"),
        num(
            "2862-1",
            "Albumine [Masse/Volume] Sérum/Plasma ; Numérique ; Electrophorèse",
            "Albumine",
            "41.2",
            GL,
        )
        .range("40.2", "47.6"),
        num(
            "2865-4",
            "Alpha-1 globulines [Masse/Volume] Sérum/Plasma ; Numérique ; Electrophorèse",
            "α1-globulines",
            "2.9",
            GL,
        )
        .range("2.1", "3.5"),
        num(
            "2874-6",
            "Gamma globulines [Masse/Volume] Sérum/Plasma ; Numérique ; Electrophorèse",
            "γ-globulines",
            "11.8",
            GL,
        )
        .range("8.0", "13.5"),
        num(
            "44429-9",
            "Albumine/globulines [Masse ratio] Sérum/Plasma ; Numérique ; Électrophorèse",
            "Rapport albumine/globulines",
            "1.34",
            ("", "{ratio}"),
        ),
    ];
    let mut blocks = results(items);
    blocks.push(Block::Image(Image {
        title: "Profil d'électrophorèse".into(),
        media_type: "image/png".into(),
        base64: include_str!("electrophoresis.b64").into(),
    }));
    let mut electrophoresis = sub(
        "Électrophorèse des protéines",
        Some(loinc("14340-4", "Electrophorèse des protéines")),
        &[&r.specimens[0]],
        blocks,
    );
    electrophoresis.subcontractor = Some(Subcontractor {
        professional: professional(
            "99900000052",
            "G15_10/SM03",
            Some(ProfessionalTitle::Professor),
            "Irène",
            "SPECIMEN",
        ),
        organization: Organization {
            national_id: Some("1750000002".into()),
            name: "Laboratoire spécialisé d'essai".into(),
            address: Some(address("1 avenue de l'Exemple", "75013", "PARIS")),
            telecoms: vec![phone("01 00 00 00 02")],
            practice_setting: Some("ETABLISSEMENT".into()),
        },
        at: at("2026-03-04T14:30:00+01:00"),
    });
    let mut immunity = sub("", None, &[&r.specimens[0]], results(vec![titre, cells]));
    immunity.validation = Some(Validation { biologist: pharmacist(), at: at("2026-03-04T15:30:00+01:00") });
    r.chapters = vec![
        chapter("18719-5", "Biochimie", vec![electrophoresis]),
        chapter("18727-8", "Auto-immunité", vec![immunity]),
    ];
    r
}

/// 15: training base, test OID, very long free text, unknown sampling time, markup in the text.
pub fn training_report() -> Report {
    let mut r = base(15);
    r.training = true;
    r.patient.ins = ins("2780599999042", InsOid::NirTest);
    r.specimens[0].sampled_at = None;
    r.confidentiality = Confidentiality::Restricted;
    let long =
        "Frottis : cellules <atypiques> & « rares », rapport > 2 ; β-lactamines évitées, 10⁻³ mol·L⁻¹. "
            .repeat(12);
    let mut analysis = text("", "", "");
    analysis.code = AnalysisCode {
        loinc: None,
        local: Some(coded("CYT", &format!("{LAB_ARC}.20"), "Codes locaux", "Cytologie")),
    };
    analysis.label = "Cytologie".into();
    analysis.outcome = Outcome::Done(ReportedValue::Text(long));
    r.chapters = vec![chapter(
        "26438-2",
        "Cytologie",
        vec![sub("", None, &[&r.specimens[0]], results(vec![analysis]))],
    )];
    r
}

/// 16: the least a report can hold, with a scanned report of another laboratory.
pub fn minimal_report() -> Report {
    let mut r = base(16);
    r.prescriber = None;
    r.sampler = None;
    r.recipients.clear();
    r.validations.clear();
    r.encounter = Encounter::default();
    r.specimens.clear();
    r.patient.ins = None;
    r.patient.traits.sex = Sex::I;
    r.patient.traits.given_names = None;
    let item = num(
        "1988-5",
        "C Réactive protéine [Masse/Volume] Sérum/Plasma ; Numérique",
        "CRP",
        "12",
        ("mg/L", "mg/L"),
    );
    r.chapters = vec![chapter("18719-5", "Biochimie", vec![sub("", None, &[], results(vec![item]))])];
    r
}

/// All golden reports with their file names.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("01-ionogramme", ionogram_report()),
        ("02-hemogramme", blood_count_report()),
        ("03-lipides", lipids_report()),
        ("04-inr", inr_report()),
        ("05-serologie", serology_report()),
        ("06-ecbu", urine_report()),
        ("07-partiel", partial_report()),
        ("08-remplacement", replacing_report()),
        ("09-non-qualifie", unqualified_report()),
        ("10-nia", nia_report()),
        ("11-corse", corsican_report()),
        ("12-mineur", minor_report()),
        ("13-long", long_report()),
        ("14-sous-traitance", subcontracted_report()),
        ("15-ecole", training_report()),
        ("16-minimal", minimal_report()),
    ]
}
