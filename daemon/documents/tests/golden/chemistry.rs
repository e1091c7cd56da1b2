//! Biochemistry and coagulation.

use super::*;

pub fn glucose() -> ResultItem {
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

pub fn ionogram() -> Battery {
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

pub fn kidney() -> Vec<ResultItem> {
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
