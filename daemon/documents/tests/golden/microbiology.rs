//! Cultures, isolates, antibiograms.

use super::*;

pub fn susceptibility(code: &str, label: &str, mic: &str, flag: Interpretation) -> ResultItem {
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

fn germ(number: &str, organism: Coded, ncbi: Option<Coded>, antibiograms: Vec<Battery>) -> Isolate {
    Isolate {
        id: id("6", number),
        organism,
        ncbi,
        at: at("2026-03-06T09:15:00+01:00"),
        results: vec![],
        antibiograms,
        comments: vec![],
    }
}

/// 38: blood culture with two isolates; one with two antibiograms, all categories of susceptibility.
pub fn blood_culture_report() -> Report {
    let mut r = base(38);
    r.specimens = vec![
        specimen("2026030438-H1", "BLDV", "Sang veineux"),
        specimen("2026030438-H2", "BLDV", "Sang veineux"),
    ];
    let tested = |rows: &[(&str, &str, &str, Interpretation)]| {
        rows.iter()
            .map(|(code, label, mic, flag)| susceptibility(code, label, mic, *flag))
            .collect::<Vec<_>>()
    };
    use Interpretation::{I, NS, R, S, SDD};
    let automaton = battery(
        "Antibiogramme (automate)",
        Some(loinc("18769-0", "Antibiogramme")),
        tested(&[
            ("28-1", "Ampicilline [Sensibilité] Isolat ; CMI", "32", R),
            ("141-2", "Ceftriaxone [Sensibilité] Isolat ; CMI", "4", I),
            ("279-0", "Imipénème [Sensibilité] Isolat ; CMI", "0.5", S),
            ("185-9", "Ciprofloxacine [Sensibilité] Isolat ; CMI", "0.5", SDD),
            ("267-5", "Gentamicine [Sensibilité] Isolat ; CMI", "8", NS),
        ]),
    );
    let mut manual = battery(
        "Antibiogramme (bandelette)",
        None,
        tested(&[("279-0", "Imipénème [Sensibilité]", "0.38", S)]),
    );
    manual.comments = vec![Comment { title: None, text: "Confirmation par bandelette.".into() }];
    let mut disk = text("18907-6", "Clarithromycine (disque)", "Sensible");
    disk.interpretation = Some(S);
    let first = germ(
        "2026030438-1",
        snomed("56415008", "Klebsiella pneumoniae"),
        Some(coded("573", "2.16.840.1.113883.3.9471", "NCBI-Taxonomy", "Klebsiella pneumoniae")),
        vec![automaton, manual],
    );
    let mut second = germ(
        "2026030438-2",
        snomed("60875001", "Staphylococcus epidermidis"),
        None,
        vec![battery("Antibiogramme", Some(loinc("18769-0", "Antibiogramme")), vec![disk])],
    );
    second.comments =
        vec![Comment { title: None, text: "Souillure probable : un flacon sur quatre.".into() }];
    let blocks = vec![
        Block::Result(text("600-7", "Hémoculture", "Positive en 11 h, deux flacons sur quatre")),
        Block::Isolate(first),
        Block::Isolate(second),
    ];
    r.chapters = vec![chapter(
        "18725-2",
        "Microbiologie",
        vec![sub("Hémocultures", None, &[&r.specimens[0], &r.specimens[1]], blocks)],
    )];
    r
}

/// 39: a culture without germ, an isolate that is counted and not tested, an antibiogram awaited.
pub fn stool_report() -> Report {
    let mut r = base(39);
    r.status = ReportStatus::Partial;
    r.specimens = vec![specimen("2026030439-S", "STL", "Selles")];
    let mut counted = germ("2026030439-1", snomed("66543000", "Campylobacter jejuni"), None, vec![]);
    counted.results = vec![text("625-4", "Abondance", "Nombreuses colonies")];
    let mut awaited = susceptibility("18907-6", "Clarithromycine [Sensibilité]", "1", Interpretation::S);
    awaited.outcome = Outcome::Pending;
    awaited.at = None;
    awaited.interpretation = None;
    let pending = germ(
        "2026030439-2",
        snomed("27268008", "Salmonella"),
        None,
        vec![battery("Antibiogramme", Some(loinc("18769-0", "Antibiogramme")), vec![awaited])],
    );
    let blocks = vec![
        Block::Result(text("625-4", "Coproculture", "Absence de Shigella et de Yersinia")),
        Block::Isolate(counted),
        Block::Isolate(pending),
    ];
    r.chapters = vec![chapter(
        "18725-2",
        "Microbiologie",
        vec![sub("Coproculture", None, &[&r.specimens[0]], blocks)],
    )];
    r
}
