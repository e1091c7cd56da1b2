//! Versions of a report, identities, stays, and the two extremes: the longest and the least.

use super::*;

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

/// 40: version 3, a correction of version 2, with what changed said in a comment.
pub fn correction_report() -> Report {
    let mut r = replacing_report();
    r.version = 3;
    r.replaces = Some(r.id.clone());
    r.id = format!("{LAB_ARC}.10.2026030407.3");
    r.created_at = at("2026-03-06T08:00:00+01:00");
    let Block::Result(tsh) = &mut r.chapters[1].sub_chapters[0].blocks[0] else { panic!("result") };
    *tsh = num("3016-3", "Thyréostimuline", "TSH", "7.950", ("mUI/L", "m[IU]/L"))
        .range("0.270", "4.200")
        .flag(Interpretation::H);
    r.comments.push(Comment {
        title: Some("Correction".into()),
        text: "TSH rendue à 1,950 mUI/L par erreur de saisie ; prescripteur prévenu.".into(),
    });
    r
}

/// 41: a second partial version.
pub fn second_partial_report() -> Report {
    let mut r = partial_report();
    r.version = 2;
    r.replaces = Some(r.id.clone());
    r.id = format!("{LAB_ARC}.10.2026030441.2");
    r.created_at = at("2026-03-04T18:00:00+01:00");
    r
}

/// 42: emergency with a stay that ended; summer time.
pub fn emergency_report() -> Report {
    let mut r = lipids_report();
    r.id = format!("{LAB_ARC}.10.2026030442.1");
    r.set_id = format!("{LAB_ARC}.11.2026030442");
    r.encounter = Encounter {
        id: Some(id("7", "URG-12")),
        kind: Some(EncounterKind::Emergency),
        start: Some(at("2026-07-03T23:50:00+02:00")),
        end: Some(at("2026-07-04T06:30:00+02:00")),
    };
    r.created_at = at("2026-07-04T02:10:00+02:00");
    r.service_start = at("2026-07-04T00:20:00+02:00");
    r.service_end = at("2026-07-04T02:05:00+02:00");
    r.signed_at = r.service_end;
    r.laboratory.practice_setting = "ETABLISSEMENT".into();
    r
}

/// 43: sampled at home by a nurse of a practice; prescriber with a structure; attending physician; two prescriptions.
pub fn home_report() -> Report {
    let mut r = inr_report();
    r.id = format!("{LAB_ARC}.10.2026030443.1");
    r.set_id = format!("{LAB_ARC}.11.2026030443");
    r.encounter = Encounter { kind: Some(EncounterKind::Home), ..Encounter::default() };
    let practice = Organization {
        national_id: Some("235000000000001".into()),
        name: "Cabinet infirmier d'essai".into(),
        address: Some(address("3 rue des Soins", "35000", "RENNES")),
        telecoms: vec![phone("02 99 00 00 09")],
        practice_setting: Some("AMBULATOIRE".into()),
    };
    let mut sampler = nurse();
    sampler.organization = Some(practice.clone());
    r.sampler = Some(sampler);
    let mut doctor = prescriber();
    doctor.professional.organization =
        Some(Organization { name: "Maison de santé d'essai".into(), ..practice });
    doctor.prescribed_at = None;
    r.attending_physician = Some(doctor.professional.clone());
    r.prescriber = Some(doctor);
    r.prescriptions = vec![id("4", "ORD-1"), id("4", "ORD-2")];
    r.encounter.kind = Some(EncounterKind::Home);
    r
}

/// 44: demonstration base (its own OID), name in use without given name in use, no address.
pub fn demonstration_report() -> Report {
    let mut r = lipids_report();
    r.id = format!("{LAB_ARC}.10.2026030444.1");
    r.set_id = format!("{LAB_ARC}.11.2026030444");
    r.training = true;
    r.patient.ins = ins("2780599999042", InsOid::NirDemo);
    r.patient.used.name = Some(name("USUEL"));
    r.patient.address = None;
    r.patient.telecoms.clear();
    r.confidentiality = Confidentiality::VeryRestricted;
    r
}

/// 45: two laboratories did the work of two chapters, in a report that is not qualified.
pub fn two_subcontractors_report() -> Report {
    let mut r = subcontracted_report();
    r.id = format!("{LAB_ARC}.10.2026030445.1");
    r.set_id = format!("{LAB_ARC}.11.2026030445");
    r.patient.ins = None;
    let mut other = r.chapters[0].sub_chapters[0].subcontractor.clone().unwrap();
    other.organization.national_id = Some("1690000003".into());
    other.organization.name = "Second laboratoire d'essai".into();
    other.organization.practice_setting = Some("AMBULATOIRE".into());
    other.professional.family = "DEUXIEME".into();
    r.chapters[1].sub_chapters[0].subcontractor = Some(other);
    r
}
