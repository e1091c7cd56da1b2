//! Blood counts.

use super::*;

pub fn blood_count() -> Vec<Block> {
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
