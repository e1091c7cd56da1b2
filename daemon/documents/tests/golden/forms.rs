//! Forms of results: every kind of value, limits, ranges, interpretations, comments, pictures, mentions, recipients.

use super::*;

const LOCAL: &str = "Codes locaux";

/// A result under a code of the laboratory.
pub fn local(code: &str, label: &str, value: ReportedValue) -> ResultItem {
    let mut item = text("", label, "x");
    item.code =
        AnalysisCode { loinc: None, local: Some(coded(code, &format!("{LAB_ARC}.20"), LOCAL, label)) };
    item.outcome = Outcome::Done(value);
    item
}

pub fn numeric(sign: Option<Comparator>, value: &str, unit: Option<(&str, &str)>) -> ReportedValue {
    ReportedValue::Numeric {
        comparator: sign,
        value: dec(value),
        unit: unit.map(|(display, ucum)| Unit { display: display.into(), ucum: ucum.into() }),
    }
}

pub fn range_with(low: &str, high: &str, text: &str) -> ReferenceRange {
    let bound = |t: &str| (!t.is_empty()).then(|| dec(t));
    ReferenceRange {
        low: bound(low),
        high: bound(high),
        text: (!text.is_empty()).then(|| text.to_owned()),
        ..ReferenceRange::default()
    }
}

/// A report of one chapter with one sub-chapter.
pub fn simple(number: u32, chapter_code: (&str, &str), items: Vec<ResultItem>) -> Report {
    let mut r = base(number);
    r.chapters = vec![chapter(
        chapter_code.0,
        chapter_code.1,
        vec![sub("", None, &[&r.specimens[0]], results(items))],
    )];
    r
}

const BIOCHEMISTRY: (&str, &str) = ("18719-5", "Biochimie");
const VIRAL: (&str, &str) = ("92893-7", "Sérologie virale");

fn troponin(sign: Comparator, value: &str) -> ResultItem {
    num(
        "10839-9",
        "Troponine I cardiaque [Masse/Volume] Sérum/Plasma ; Numérique",
        "Troponine I",
        value,
        ("ng/L", "ng/L"),
    )
    .sign(sign)
    .range("", "34")
}

/// 17: beyond a limit, in the four signs, with and without unit.
pub fn limits_report() -> Report {
    use Comparator::{AtLeast, AtMost, Less, More};
    let mut items: Vec<ResultItem> = [(Less, "3"), (AtMost, "2.5"), (More, "50000"), (AtLeast, "1000")]
        .map(|(s, v)| troponin(s, v))
        .into();
    items[0].interpretation = Some(Interpretation::BelowLimit);
    items[2].interpretation = Some(Interpretation::AboveLimit);
    items.push(local("IND1", "Index d'avidité", numeric(Some(Less), "0.20", None)));
    items.push(local("IND2", "Rapport d'index", numeric(Some(More), "12", None)));
    simple(17, BIOCHEMISTRY, items)
}

fn nominal(code: &str, label: &str, sct: (&str, &str), shown: &str, flag: Interpretation) -> ResultItem {
    let mut item = text(code, label, "x");
    item.outcome = Outcome::Done(ReportedValue::Coded { code: snomed(sct.0, sct.1), text: shown.into() });
    item.interpretation = Some(flag);
    item
}

/// 18: nominal results: detected, not detected, positive, negative, not determined, normal.
pub fn nominal_report() -> Report {
    const POSITIVE: (&str, &str) = ("10828004", "positif(-ive)");
    const NEGATIVE: (&str, &str) = ("260385009", "négatif(-ive)");
    let unclear = ("373068000", "non déterminé(e)");
    simple(
        18,
        VIRAL,
        vec![
            nominal("5196-1", "Antigène HBs", NEGATIVE, "Absence", Interpretation::NEG),
            nominal("16933-4", "Anticorps anti-HBc", POSITIVE, "Présence", Interpretation::POS),
            nominal("13955-0", "Anticorps anti-VHC", NEGATIVE, "Non réactif", Interpretation::NR),
            nominal("56888-1", "VIH 1+2 anticorps et antigène p24", POSITIVE, "Réactif", Interpretation::RR),
            nominal("11259-9", "ARN du VHC", NEGATIVE, "Non détecté", Interpretation::ND),
            nominal("94500-6", "SARS-CoV-2 (ARN)", POSITIVE, "Détecté", Interpretation::DET),
            nominal("5390-0", "Toxoplasmose IgM", unclear, "Indéterminé", Interpretation::IND),
            nominal("5256-2", "Oreillons IgM", unclear, "Équivoque", Interpretation::E),
            nominal("5334-8", "Rubéole IgG", POSITIVE, "Faiblement réactif", Interpretation::WR),
        ],
    )
}

/// 19: ordinal results, coded crosses and plain ones.
pub fn ordinal_report() -> Report {
    let crosses = |label: &str, sct: &str, official: &str, shown: &str| {
        nominal("20409-9", label, (sct, official), shown, Interpretation::A)
    };
    let mut plain = text("5804-0", "Protéines (bandelette)", "++");
    plain.interpretation = Some(Interpretation::A);
    let mut r = simple(
        19,
        ("18729-4", "Examens urinaires - cristallurie"),
        vec![
            crosses("Sang (bandelette)", "441614007", "présence + sur +++", "+"),
            crosses("Leucocytes (bandelette)", "441517005", "présence ++ sur +++", "++"),
            crosses("Nitrites", "441521003", "présence +++ sur +++", "+++"),
            crosses("Corps cétoniques", "260405006", "trace", "Traces"),
            plain,
        ],
    );
    r.specimens[0].kind = coded("UR", "2.16.840.1.113883.18.311", "HL7 v2 0487", "Urine");
    r
}

/// 20: ratios and titres.
pub fn ratio_report() -> Report {
    let titre =
        |denominator: &str| ReportedValue::Titre { numerator: dec("1"), denominator: dec(denominator) };
    let mut anti = local("AAN2", "Anticorps anti-nucléaires", titre("1280"));
    anti.interpretation = Some(Interpretation::AA);
    anti.previous.push(PreviousResult {
        value: titre("640"),
        at: at("2025-10-02T09:00:00+02:00"),
        interpretation: Some(Interpretation::A),
    });
    simple(
        20,
        ("18727-8", "Auto-immunité"),
        vec![
            anti,
            local("AML", "Anticorps anti-muscle lisse", titre("40")),
            num("44429-9", "Albumine/globulines", "Rapport albumine/globulines", "1.10", ("", "{ratio}"))
                .range("1.00", "2.00"),
            num(
                "9318-7",
                "Albumine/Créatinine [Masse ratio] Urine",
                "Rapport albumine/créatinine",
                "2.4",
                ("mg/mmol", "mg/mmol"),
            )
            .range("", "3.0"),
        ],
    )
}

/// 21: intervals with and without unit.
pub fn interval_report() -> Report {
    let between = |low: &str, high: &str, unit: Option<(&str, &str)>| ReportedValue::Interval {
        low: dec(low),
        high: dec(high),
        unit: unit.map(|(display, ucum)| Unit { display: display.into(), ucum: ucum.into() }),
    };
    let mut r = simple(
        21,
        ("18729-4", "Examens urinaires - cristallurie"),
        vec![
            local("CHP", "Cellules par champ", between("5", "10", Some(("/champ", "/[HPF]")))),
            local("CRI", "Cristaux d'oxalate", between("0", "3", Some(("/champ", "/[HPF]")))),
            local("CYL", "Cylindres", between("1", "2", None)),
        ],
    );
    r.specimens[0].kind = coded("UR", "2.16.840.1.113883.18.311", "HL7 v2 0487", "Urine");
    r
}

/// 22: several reference intervals for one result.
pub fn several_ranges_report() -> Report {
    let mut ferritin = num(
        "2276-4",
        "Ferritine [Masse/Volume] Sérum/Plasma ; Numérique",
        "Ferritine",
        "18",
        ("µg/L", "ug/L"),
    )
    .range("15", "150")
    .flag(Interpretation::N);
    ferritin.reference = Some(range_with("15", "150", "(femme)"));
    ferritin.other_references = vec![
        range_with("30", "400", "(homme)"),
        range_with("30", "150", "(sujet âgé)"),
        range_with("", "", "carence certaine au-dessous de 15 µg/L"),
    ];
    let mut ldl =
        num("13457-7", "Cholestérol LDL calculé", "LDL calculé", "0.92", GL).flag(Interpretation::N);
    ldl.reference = Some(ReferenceRange { high_excluded: true, ..range_with("", "1.16", "risque faible") });
    ldl.other_references = vec![
        ReferenceRange { high_excluded: true, ..range_with("", "1.00", "risque modéré") },
        ReferenceRange { high_excluded: true, ..range_with("", "0.70", "risque élevé") },
        ReferenceRange { high_excluded: true, ..range_with("", "0.55", "risque très élevé") },
    ];
    let mut hcg = num(
        "19080-1",
        "Choriogonadotropine [Arbitraire/Volume] Sérum/Plasma",
        "hCG",
        "12450",
        ("UI/L", "[IU]/L"),
    );
    hcg.reference = Some(ReferenceRange { high_excluded: true, ..range_with("", "5", "hors grossesse") });
    hcg.other_references = (4..10)
        .map(|week| {
            range_with(&format!("{}", week * 100), &format!("{}", week * 12000), &format!("{week} SA"))
        })
        .collect();
    let open = ReferenceRange { low_excluded: true, ..range_with("20", "", "") };
    let mut vitamin = num(
        "49054-0",
        "25-hydroxyvitamine D [Masse/Volume]",
        "Vitamine D (25-OH D2 + D3)",
        "14",
        ("ng/mL", "ng/mL"),
    )
    .flag(Interpretation::LL);
    vitamin.reference = Some(open);
    simple(22, BIOCHEMISTRY, vec![ferritin, ldl, hcg, vitamin])
}

/// 23: every interpretation code.
pub fn interpretations_report() -> Report {
    use Interpretation::*;
    let all = [
        N, L, H, LL, HH, LU, HU, A, AA, BelowLimit, AboveLimit, B, W, U, D, S, SDD, I, R, NS, POS, NEG, DET,
        ND, IND, E, RR, WR, NR,
    ];
    let items = all.iter().enumerate().map(|(i, flag)| {
        num("2075-0", "Chlorures", &format!("Analyse {}, {}", i + 1, flag.code()), "98", MMOL)
            .range("98", "107")
            .flag(*flag)
    });
    simple(23, BIOCHEMISTRY, items.collect())
}

/// 24: previous results: five of a number, beyond a limit, coded, as text.
pub fn history_report() -> Report {
    let mut psa = num("2857-1", "PSA [Masse/Volume] Sérum/Plasma", "PSA total", "4.82", ("µg/L", "ug/L"))
        .range("", "4.00")
        .flag(Interpretation::H);
    for (value, day) in [
        ("4.10", "2025-09-01"),
        ("3.55", "2025-03-03"),
        ("3.10", "2024-09-02"),
        ("2.20", "2023-09-04"),
        ("1.95", "2022-09-05"),
    ] {
        psa = psa.before(value, day, Some(if value > "4" { Interpretation::H } else { Interpretation::N }));
    }
    let mut crp = num("1988-5", "C Réactive protéine", "CRP", "48", ("mg/L", "mg/L"))
        .range("", "5")
        .flag(Interpretation::H);
    crp = crp.before("112", "2026-03-02", Some(Interpretation::H)).before(
        "164",
        "2026-02-28",
        Some(Interpretation::HH),
    );
    crp.previous.push(PreviousResult {
        value: numeric(Some(Comparator::Less), "5", Some(("mg/L", "mg/L"))),
        at: at("2025-03-10T09:00:00+01:00"),
        interpretation: None,
    });
    let mut hbs = nominal(
        "16935-9",
        "Anticorps anti-HBs",
        ("10828004", "positif(-ive)"),
        "Présence",
        Interpretation::POS,
    );
    hbs.previous.push(PreviousResult {
        value: ReportedValue::Coded { code: snomed("260385009", "négatif(-ive)"), text: "Absence".into() },
        at: at("2024-01-15T09:00:00+01:00"),
        interpretation: Some(Interpretation::NEG),
    });
    let mut smear = text("18314-5", "Frottis", "Quelques annulocytes");
    smear.previous.push(PreviousResult {
        value: ReportedValue::Text("Sans particularité".into()),
        at: at("2025-01-15T09:00:00+01:00"),
        interpretation: None,
    });
    simple(24, BIOCHEMISTRY, vec![psa, crp, hbs, smear])
}

fn comment(title: Option<&str>, text: &str) -> Comment {
    Comment { title: title.map(str::to_owned), text: text.into() }
}

/// 25: comments at the four levels, titled or not, of several lines.
pub fn comments_report() -> Report {
    let mut item =
        num("2823-3", "Potassium", "Potassium", "5.6", MMOL).range("3.5", "5.1").flag(Interpretation::H);
    item.comments =
        vec![comment(None, "Premier.\nSecond."), comment(Some("Contrôle"), "refait sur un autre tube")];
    let mut examination = battery("Ionogramme sanguin", None, vec![item]);
    examination.comments =
        vec![comment(None, "Garrot prolongé."), comment(Some("Non-conformité"), "tube peu rempli")];
    let mut part = sub("", None, &[], vec![Block::Battery(examination)]);
    let mut r = base(25);
    part.specimens = vec![r.specimens[0].id.extension.clone()];
    part.comments = vec![comment(None, "Sous-chapitre."), comment(Some("Conditions"), "patient à jeun")];
    let mut c = chapter("18719-5", "Biochimie", vec![part]);
    c.comments = vec![comment(None, "Chapitre."), comment(Some("Avis du biologiste"), "à suivre")];
    r.chapters = vec![c];
    r.comments = vec![
        comment(None, "Compte rendu."),
        comment(Some("Conclusion"), "Hyperkaliémie modérée.\nContrôle à 48 h."),
    ];
    r
}

/// 26: a JPEG picture beside the results.
pub fn jpeg_report() -> Report {
    let mut r = base(26);
    let image = Block::Image(Image {
        title: "Électrophorèse capillaire".into(),
        media_type: "image/jpeg".into(),
        base64: include_str!("curve-jpeg.b64").into(),
    });
    let albumin =
        num("2862-1", "Albumine", "Albumine", "38.0", GL).range("40.2", "47.6").flag(Interpretation::L);
    let blocks = vec![Block::Result(albumin), image];
    r.chapters =
        vec![chapter("18719-5", "Biochimie", vec![sub("Électrophorèse", None, &[&r.specimens[0]], blocks)])];
    r
}

/// 27: the report of a referral laboratory that came as a PDF.
pub fn second_intention_report() -> Report {
    let mut awaited = text("11502-2", "Recherche de variant CFTR", "x");
    awaited.outcome = Outcome::NotDone(Some("rendu par le laboratoire spécialisé, document joint".into()));
    awaited.at = None;
    let mut r = simple(27, ("26435-8", "Génétique humaine"), vec![awaited]);
    r.second_intention = Some(AttachedPdf {
        title: "Laboratoire de génétique d'essai, compte rendu du 02/03/2026".into(),
        base64: include_str!("attached-pdf.b64").into(),
    });
    r
}

/// 28: four examinations, two covered by the accreditation.
pub fn accredited_report() -> Report {
    let item = |code, label, value| num(code, label, label, value, MMOL);
    let mut items = vec![
        item("2951-2", "Sodium", "141").range("136", "145"),
        item("2823-3", "Potassium", "4.1").range("3.5", "5.1"),
        item("2075-0", "Chlorures", "101").range("98", "107"),
        item("1963-8", "Bicarbonates", "24").range("22", "29"),
    ];
    items[0].accredited = true;
    items[1].accredited = true;
    simple(28, BIOCHEMISTRY, items)
}

/// 29: results validated by rules.
pub fn automatic_report() -> Report {
    let mut r =
        simple(29, BIOCHEMISTRY, vec![num("2345-7", "Glucose", "Glucose", "0.92", GL).range("0.74", "1.06")]);
    r.automatic_validation = Some(
        "Ce compte rendu contient des résultats validés par un système expert paramétré par les biologistes du laboratoire."
            .into(),
    );
    r.validations[0].at = at("2026-03-04T11:00:00+01:00");
    r
}

/// 30: a long information notice, with line breaks.
pub fn notice_report() -> Report {
    let mut r = simple(30, BIOCHEMISTRY, vec![num("2345-7", "Glucose", "Glucose", "0.92", GL)]);
    let sentence = "Vos données sont traitées par le laboratoire, responsable du traitement, pour la réalisation de vos \
                    examens, conservées vingt ans et communiquées aux seuls professionnels qui vous prennent en charge. ";
    r.notice = Some(format!(
        "{}\nDroits d'accès, de rectification et d'opposition : dpo@labo.test",
        sentence.repeat(4)
    ));
    r
}

/// 31: twelve recipients, persons and structures.
pub fn recipients_report() -> Report {
    let mut r = simple(31, BIOCHEMISTRY, vec![num("2345-7", "Glucose", "Glucose", "0.92", GL)]);
    for n in 0..8 {
        let mut p = prescriber().professional;
        p.national_id = Some(format!("899900000{:03}", 100 + n));
        p.family =
            format!("CORRESPONDANT-{}", ["UN", "DEUX", "TROIS", "QUATRE", "CINQ", "SIX", "SEPT", "HUIT"][n]);
        p.telecoms = vec![mssante(&format!("correspondant.{n}@medecin.test.mssante.fr"))];
        p.address = (n % 2 == 0).then(|| address("1 rue de l'Essai", "35000", "RENNES"));
        r.recipients.push(Recipient { person: Some(p), organization: None });
    }
    for n in 0..3 {
        r.recipients.push(Recipient {
            person: None,
            organization: Some(Organization {
                national_id: (n != 1).then(|| format!("135000000{n}")),
                name: format!("Établissement d'essai n° {n}"),
                address: Some(address("2 rue du Service", "35000", "RENNES")),
                telecoms: vec![mssante(&format!("service.{n}@etab.test.mssante.fr"))],
                practice_setting: Some("ETABLISSEMENT".into()),
            }),
        });
    }
    r
}

/// 32: samples of many kinds, with site, act, own sampler; one without time.
pub fn samples_report() -> Report {
    let mut r = base(32);
    let kinds = [
        ("CSF", "Liquide céphalorachidien"),
        ("PUS", "Pus"),
        ("PLR", "Liquide pleural"),
        ("BLDA", "Sang artériel"),
    ];
    r.specimens = kinds
        .iter()
        .enumerate()
        .map(|(i, (code, label))| specimen(&format!("2026030432-{i}"), code, label))
        .collect();
    r.specimens[1].site = Some(snomed("53120007", "membre supérieur"));
    r.specimens[1].sampler = Some(nurse());
    r.specimens[2].sampled_at = None;
    r.specimens[3].received_at = None;
    r.specimens[3].act = Some(coded("9088", "1.2.250.1.213.2.7", "NABM", "Prélèvement artériel"));
    let part =
        |s: &Specimen, title: &str, item: ResultItem| sub(title, None, &[s], vec![Block::Result(item)]);
    let glucose =
        |label: &str| num("2342-4", "Glucose [Masse/Volume] Liquide céphalorachidien", label, "0.61", GL);
    let parts = vec![
        part(&r.specimens[0], "Liquide céphalorachidien", glucose("Glycorachie").range("0.40", "0.70")),
        part(&r.specimens[1], "Pus", text("653-6", "Examen direct", "Absence de germe")),
        part(&r.specimens[2], "Liquide pleural", num("2881-1", "Protéines liquide", "Protéines", "34", GL)),
        part(
            &r.specimens[3],
            "Gaz du sang",
            num("2744-1", "pH artériel", "pH", "7.31", ("", "{pH}"))
                .range("7.35", "7.45")
                .flag(Interpretation::L),
        ),
    ];
    r.chapters = vec![chapter("26436-6", "Biologie polyvalente", parts)];
    r
}

/// 33: a chapter and results under national waiting codes.
pub fn waiting_codes_report() -> Report {
    let mut viral = num("", "", "Charge virale", "1250", ("copies/mL", "{copies}/mL"));
    viral.code = AnalysisCode {
        loinc: None,
        local: Some(coded("930894", OID_WAITING_CODES, "Codes d'attente", "Charge virale")),
    };
    viral.outcome = Outcome::Done(numeric(None, "1250", Some(("copies/mL", "/mL"))));
    let mut r = simple(33, BIOCHEMISTRY, vec![viral]);
    r.chapters[0].code = coded("930894", OID_WAITING_CODES, "Codes d'attente", "Biologie moléculaire");
    r
}

/// 34: negative numbers, many decimals, very small and very large ones.
pub fn numbers_report() -> Report {
    simple(
        34,
        ("18767-4", "Gaz du sang"),
        vec![
            num("1925-7", "Excès de base", "Excès de base", "-3.2", MMOL)
                .range("-2.0", "2.0")
                .flag(Interpretation::L),
            num("2744-1", "pH", "pH", "7.405", ("", "{pH}")).range("7.350", "7.450"),
            num("2019-8", "pCO2", "pCO₂", "38.5", ("mmHg", "mm[Hg]")).range("35.0", "45.0"),
            num("2703-7", "pO2", "pO₂", "96", ("mmHg", "mm[Hg]")),
            num("2157-6", "CK", "CK", "1250000", IU).range("", "170").flag(Interpretation::HH),
            num("3016-3", "TSH", "TSH", "0.00500", ("mUI/L", "m[IU]/L"))
                .range("0.27000", "4.20000")
                .flag(Interpretation::LL),
        ],
    )
}

/// 35: accents, Greek, exponents, markup and very long words, in every field that takes them.
pub fn characters_report() -> Report {
    let odd = "Œdème d'Élœ — β₂-microglobuline, α₁-antitrypsine, µ, Δ, ≤ 10⁻³, « & < > \" ' ]]> », naïf, Ÿ";
    let mut r = base(35);
    r.laboratory.name = "Laboratoire d'Œuvre & Fils <Çà-et-là>".into();
    r.comments = vec![comment(Some("Note & remarque"), odd)];
    r.notice = Some(odd.into());
    r.recipients.push(Recipient {
        person: None,
        organization: Some(Organization {
            national_id: None,
            name: "Cabinet « L'Été » & associés".into(),
            address: None,
            telecoms: vec![],
            practice_setting: None,
        }),
    });
    let mut item = text("1952-1", "β₂-microglobuline [Masse/Volume] Sérum/Plasma", odd);
    item.method = Some("Immunonéphélémétrie « β » ≥ 10⁹".into());
    item.comments = vec![comment(None, odd)];
    let long = text(
        "18314-5",
        "Anticonstitutionnellement-hypercholestérolémie-polymorphe-indéterminée",
        &"ACGT".repeat(60),
    );
    let mut part = sub("Sous-chapitre « α & β »", None, &[&r.specimens[0]], results(vec![item, long]));
    part.comments = vec![comment(None, odd)];
    r.chapters = vec![chapter("18719-5", "Biochimie", vec![part])];
    r.chapters[0].title = Some("Biochimie & « marqueurs »".into());
    r
}

/// 36: chapters with printed titles of their own, coded and uncoded sub-chapters, batteries with and without code.
pub fn structure_report() -> Report {
    let mut r = base(36);
    let s = r.specimens[0].clone();
    let item = |label: &str| num("2345-7", "Glucose", label, "1.00", GL);
    let lipids =
        battery("Bilan lipidique", Some(loinc("57698-3", "Bilan lipidique")), vec![item("A"), item("B")]);
    let mut own = battery("Examen du laboratoire", None, vec![item("C")]);
    own.code = Some(AnalysisCode {
        loinc: None,
        local: Some(coded("BAT1", &format!("{LAB_ARC}.20"), LOCAL, "Examen du laboratoire")),
    });
    let mut first = chapter(
        "18719-5",
        "Biochimie",
        vec![
            sub("Premier sous-chapitre", None, &[&s], vec![Block::Battery(lipids), Block::Battery(own)]),
            sub(
                "Bilan lipidique",
                Some(loinc("57698-3", "Bilan lipidique")),
                &[&s],
                results(vec![item("D")]),
            ),
            sub("", None, &[], results(vec![item("E")])),
        ],
    );
    first.title = Some("Chimie du sang".into());
    let second = chapter("18768-2", "NFS - Hémogramme", vec![sub("", None, &[&s], blood_count())]);
    r.chapters = vec![first, second];
    r
}

/// 37: partial battery: done, awaited and not done together.
pub fn mixed_states_report() -> Report {
    let mut awaited = num("2823-3", "Potassium", "Potassium", "1", MMOL);
    awaited.outcome = Outcome::Pending;
    awaited.at = None;
    let mut refused = num("2075-0", "Chlorures", "Chlorures", "1", MMOL);
    refused.outcome = Outcome::NotDone(None);
    let done = num("2951-2", "Sodium", "Sodium", "141", MMOL);
    let mut r = base(37);
    r.status = ReportStatus::Partial;
    let blocks = vec![Block::Battery(battery("Ionogramme", None, vec![done, awaited, refused]))];
    r.chapters = vec![chapter("18719-5", "Biochimie", vec![sub("", None, &[&r.specimens[0]], blocks)])];
    r
}
