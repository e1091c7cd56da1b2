//! Serology, electrophoresis, subcontracted work.

use super::*;

pub fn qualitative(code: &str, label: &str, negative: bool) -> ResultItem {
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
