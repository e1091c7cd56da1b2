//! Random reports of every construct, each from its seed alone: the same seed gives the same report everywhere.

use super::*;

/// SplitMix64: small, and the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n` - 1.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// LOINC code, label, printed unit, UCUM, digits after the point.
const NUMBERS: [(&str, &str, &str, &str, usize); 14] = [
    ("2951-2", "Sodium", "mmol/L", "mmol/L", 0),
    ("2823-3", "Potassium", "mmol/L", "mmol/L", 1),
    ("14682-9", "Créatinine", "µmol/L", "umol/L", 0),
    ("2345-7", "Glucose", "g/L", "g/L", 2),
    ("1988-5", "CRP", "mg/L", "mg/L", 1),
    ("3016-3", "TSH", "mUI/L", "m[IU]/L", 3),
    ("6690-2", "Leucocytes", "10⁹/L", "10*9/L", 2),
    ("789-8", "Hématies", "10¹²/L", "10*12/L", 2),
    ("2157-6", "CK", "U/L", "U/L", 0),
    ("5894-1", "Taux de prothrombine", "%", "%", 0),
    ("6301-6", "INR", "", "{INR}", 1),
    ("2744-1", "pH", "", "{pH}", 3),
    ("2276-4", "Ferritine", "µg/L", "ug/L", 0),
    ("62238-1", "DFG estimé (CKD-EPI)", "mL/min/1,73 m²", "mL/min/{1.73_m2}", 0),
];

const CODED: [(&str, &str, &str); 6] = [
    ("10828004", "positif(-ive)", "Présence"),
    ("260385009", "négatif(-ive)", "Absence"),
    ("373068000", "non déterminé(e)", "Indéterminé"),
    ("260405006", "trace", "Traces"),
    ("17621005", "normal", "Normal"),
    ("441517005", "présence ++ sur +++", "++"),
];

const FLAGS: [Interpretation; 12] = {
    use Interpretation::*;
    [N, L, H, LL, HH, LU, HU, A, AA, U, D, W]
};

const CHAPTERS: [(&str, &str); 12] = [
    ("18719-5", "Biochimie"),
    ("18720-3", "Hémostase, coagulation"),
    ("18723-7", "Hématologie"),
    ("18725-2", "Microbiologie"),
    ("18727-8", "Auto-immunité"),
    ("18729-4", "Examens urinaires - cristallurie"),
    ("18767-4", "Gaz du sang"),
    ("26436-6", "Biologie polyvalente"),
    ("26438-2", "Cytologie"),
    ("92893-7", "Sérologie virale"),
    ("92894-5", "Sérologie bactérienne"),
    ("92895-2", "Endocrinologie"),
];

const TECHNIQUES: [(&str, &str); 3] = [
    ("9JX", "Electrochimie-impédance"),
    ("9FX", "Electrochimie-électrodes + enzymes"),
    ("DAX", "Spectrophotométrie-activité enzymatique-autre"),
];

const SPECIMENS: [(&str, &str); 5] = [
    ("BLDV", "Sang veineux"),
    ("UR", "Urine"),
    ("CSF", "Liquide céphalorachidien"),
    ("STL", "Selles"),
    ("PUS", "Pus"),
];

const GERMS: [(&str, &str, &str); 3] = [
    ("112283007", "Escherichia coli", "562"),
    ("56415008", "Klebsiella pneumoniae", "573"),
    ("60875001", "Staphylococcus epidermidis", "1282"),
];

const WORDS: [&str; 18] = [
    "contrôle",
    "à",
    "prévoir",
    "résultat",
    "vérifié",
    "β-lactamine",
    "≥",
    "10⁹/L",
    "«",
    "rare",
    "»",
    "hémolyse",
    "<5",
    "&",
    "sérum",
    "d'aspect",
    "opalescent,",
    "naïf",
];

const NAMES: [&str; 8] =
    ["MARTIN", "D'EXEMPLE DUPONT", "LE GOFF", "ESSAI-TEST", "NGUYEN", "O'FICTIF", "DE LA TOUR", "BA"];
const GIVEN: [&str; 6] = ["ANNE-MARIE", "JEAN", "LEA", "ZOE", "MOHAMED", "YANN"];

fn words(d: &mut Dice, most: usize) -> String {
    let count = 1 + d.below(most);
    let mut out: Vec<&str> = (0..count).map(|_| d.pick(&WORDS)).collect();
    out[0] = "Remarque";
    out.join(" ")
}

fn comments(d: &mut Dice, rarity: usize) -> Vec<Comment> {
    let mut out = Vec::new();
    while out.len() < 3 && d.once_in(rarity) {
        let mut text = words(d, 25);
        if d.once_in(3) {
            text = format!("{text}\n{}", words(d, 12));
        }
        out.push(Comment { title: d.once_in(2).then(|| "Interprétation".into()), text });
    }
    out
}

fn decimal(d: &mut Dice, digits: usize, negative: bool) -> Decimal {
    let whole = [d.below(10), d.below(100), d.below(10_000)][d.below(3)];
    let sign = if negative && d.once_in(6) && whole > 0 { "-" } else { "" };
    if digits == 0 {
        return dec(&format!("{sign}{whole}"));
    }
    let fraction = d.below(10usize.pow(u32::try_from(digits).unwrap()));
    dec(&format!("{sign}{whole}.{fraction:0digits$}"))
}

fn moment(d: &mut Dice, year: i16) -> Moment {
    let (month, day) = (1 + d.below(12), 1 + d.below(28));
    let offset = if (4..=10).contains(&month) { "+02:00" } else { "+01:00" };
    at(&format!("{year}-{month:02}-{day:02}T{:02}:{:02}:00{offset}", d.below(24), d.below(60)))
}

fn ranged(d: &mut Dice, digits: usize) -> ReferenceRange {
    let (a, b) = (decimal(d, digits, false), decimal(d, digits, false));
    let (low, high) = if a.value() <= b.value() { (a, b) } else { (b, a) };
    let kind = d.below(4);
    ReferenceRange {
        low: (kind != 1 && kind != 3).then_some(low),
        high: (kind != 2 && kind != 3).then_some(high),
        low_excluded: kind == 2 && d.once_in(3),
        high_excluded: kind == 1 && d.once_in(3),
        text: (kind == 3 || d.once_in(5)).then(|| "selon l'âge et le sexe".into()),
    }
}

fn value(d: &mut Dice, unit: Option<Unit>, digits: usize) -> ReportedValue {
    use Comparator::{AtLeast, AtMost, Less, More};
    match d.below(20) {
        0 | 1 => ReportedValue::Numeric {
            comparator: Some(d.pick(&[Less, AtMost, More, AtLeast])),
            value: decimal(d, digits, false),
            unit,
        },
        2 => {
            let (a, b) = (decimal(d, 0, false), decimal(d, 0, false));
            let (low, high) = if a.value() <= b.value() { (a, b) } else { (b, a) };
            ReportedValue::Interval { low, high, unit }
        }
        3 => ReportedValue::Titre {
            numerator: dec("1"),
            denominator: dec(d.pick(&["40", "80", "160", "1280"])),
        },
        4 | 5 => {
            let (code, label, shown) = d.pick(&CODED);
            ReportedValue::Coded { code: snomed(code, label), text: shown.into() }
        }
        6 | 7 => ReportedValue::Text(words(d, 40)),
        _ => ReportedValue::Numeric { comparator: None, value: decimal(d, digits, true), unit },
    }
}

fn item(d: &mut Dice, status: ReportStatus) -> ResultItem {
    let (code, label, display, ucum, digits) = d.pick(&NUMBERS);
    let mut item = num(code, &format!("{label} [libellé de référence]"), label, "1", (display, ucum));
    let Outcome::Done(ReportedValue::Numeric { unit, .. }) = item.outcome.clone() else { unreachable!() };
    if d.once_in(6) {
        item.code = AnalysisCode {
            loinc: None,
            local: Some(coded("LOC", &format!("{LAB_ARC}.20"), "Codes locaux", label)),
        };
    } else if d.once_in(6) {
        item.code.local = Some(coded("LOC", &format!("{LAB_ARC}.20"), "Codes locaux", label));
    }
    match d.below(14) {
        0 if status == ReportStatus::Partial => {
            item.outcome = Outcome::Pending;
            item.at = None;
        }
        1 => {
            item.outcome = Outcome::NotDone(d.once_in(2).then(|| "échantillon coagulé".into()));
            item.at = None;
        }
        _ => {
            item.outcome = Outcome::Done(value(d, unit.clone(), digits));
            item.at = Some(moment(d, 2026));
            item.interpretation = d.once_in(2).then(|| d.pick(&FLAGS));
        }
    }
    let numeric = matches!(item.outcome, Outcome::Done(ReportedValue::Numeric { .. }));
    if numeric && !d.once_in(3) {
        item.reference = Some(ranged(d, digits));
        while d.once_in(5) && item.other_references.len() < 4 {
            item.other_references.push(ranged(d, digits));
        }
        if d.once_in(6) {
            item.second = Some(Box::new(SecondExpression {
                code: AnalysisCode { loinc: Some(loinc("14749-6", "Glucose [Moles/Volume]")), local: None },
                comparator: d.once_in(5).then_some(Comparator::Less),
                value: decimal(d, 2, false),
                unit: Unit { display: "mmol/L".into(), ucum: "mmol/L".into() },
                reference: d.once_in(2).then(|| ranged(d, 2)),
            }));
        }
    }
    if d.once_in(4) {
        let (code, label) = d.pick(&TECHNIQUES);
        item = item.technique(code, label);
    }
    if d.once_in(6) {
        item.method = Some("Hexokinase, automate d'essai".into());
    }
    if matches!(item.outcome, Outcome::Done(_)) {
        for back in 0..d.below(5) {
            item.previous.push(PreviousResult {
                value: value(d, unit.clone(), digits),
                at: moment(d, 2025 - i16::try_from(back).unwrap()),
                interpretation: d.once_in(2).then(|| d.pick(&FLAGS)),
            });
        }
    }
    item.accredited = d.once_in(3);
    item.comments = comments(d, 6);
    item
}

fn items(d: &mut Dice, status: ReportStatus, most: usize) -> Vec<ResultItem> {
    (0..=d.below(most)).map(|_| item(d, status)).collect()
}

fn examination(d: &mut Dice, status: ReportStatus) -> Battery {
    let code = d.once_in(2).then(|| loinc("57698-3", "Bilan lipidique"));
    let mut b = battery("Examen d'essai", code, items(d, status, 6));
    b.comments = comments(d, 5);
    b
}

fn isolate(d: &mut Dice, number: &str) -> Isolate {
    use Interpretation::{I, R, S, SDD};
    let (sct, label, ncbi) = d.pick(&GERMS);
    let tested = |d: &mut Dice| {
        let rows = (0..=d.below(6)).map(|_| {
            let mut row = susceptibility(
                "28-1",
                "Ampicilline [Sensibilité] Isolat ; CMI",
                "2",
                d.pick(&[S, I, R, SDD]),
            );
            if d.once_in(2) {
                row = row.sign(d.pick(&[Comparator::AtMost, Comparator::More]));
            }
            row
        });
        let rows = rows.collect();
        battery("Antibiogramme", Some(loinc("18769-0", "Antibiogramme")), rows)
    };
    let antibiograms: Vec<Battery> = (0..d.below(3)).map(|_| tested(d)).collect();
    let counted = antibiograms.is_empty() || d.once_in(2);
    Isolate {
        id: id("6", number),
        organism: snomed(sct, label),
        ncbi: d.once_in(2).then(|| coded(ncbi, "2.16.840.1.113883.3.9471", "NCBI-Taxonomy", label)),
        at: moment(d, 2026),
        results: if counted { vec![text("630-4", "Abondance", "Nombreuses colonies")] } else { vec![] },
        antibiograms,
        comments: comments(d, 4),
    }
}

fn subcontractor(d: &mut Dice) -> Subcontractor {
    let mut found = subcontracted_report().chapters[0].sub_chapters[0].subcontractor.clone().unwrap();
    found.at = moment(d, 2026);
    found.organization.practice_setting = Some(d.pick(&["AMBULATOIRE", "ETABLISSEMENT"]).into());
    found
}

fn part(d: &mut Dice, r: &Report, place: &str) -> SubChapter {
    let blocks = (0..=d.below(5)).map(|i| match d.below(12) {
        0..=2 => Block::Battery(examination(d, r.status)),
        3 => Block::Isolate(isolate(d, &format!("{place}-{i}"))),
        4 if d.once_in(4) => Block::Image(Image {
            title: "Courbe".into(),
            media_type: "image/jpeg".into(),
            base64: include_str!("curve-jpeg.b64").into(),
        }),
        5 if d.once_in(4) => Block::Image(Image {
            title: "Profil d'électrophorèse".into(),
            media_type: "image/png".into(),
            base64: include_str!("electrophoresis.b64").into(),
        }),
        _ => Block::Result(item(d, r.status)),
    });
    let blocks = blocks.collect();
    let code = d.once_in(3).then(|| loinc("14340-4", "Electrophorèse des protéines"));
    let title = if d.once_in(3) { "" } else { "Sous-chapitre d'essai" };
    let mut part = sub(title, code, &[], blocks);
    part.specimens = r.specimens.iter().filter(|_| d.once_in(2)).map(|s| s.id.extension.clone()).collect();
    part.comments = comments(d, 4);
    part.subcontractor = d.once_in(8).then(|| subcontractor(d));
    part.validation = d.once_in(4).then(|| Validation { biologist: pharmacist(), at: moment(d, 2026) });
    part
}

fn person(d: &mut Dice) -> Patient {
    let mut p = patient();
    let first = d.pick(&GIVEN);
    p.traits = StrictTraits {
        birth_name: name(d.pick(&NAMES)),
        first_name: name(first),
        given_names: (!d.once_in(4)).then(|| name(&format!("{first} ODETTE"))),
        sex: d.pick(&[Sex::F, Sex::M]),
        birth_date: BirthDate::lunar(d.pick(&[
            "1978-05-14",
            "2020-02-29",
            "1931-00-00",
            "1962-17-45",
            "2026-01-02",
        ]))
        .unwrap(),
        birth_place: Some(CogCode::parse(d.pick(&["99100", "99999", "35238", "99351"])).unwrap()),
    };
    if d.once_in(3) {
        p.used = UsedNames { name: Some(name("USUEL")), first_name: d.once_in(2).then(|| name("CAMILO")) };
    }
    match d.below(8) {
        0 | 1 => p.ins = None,
        2 => p.ins = ins("2780599999888", InsOid::Nia),
        _ => {}
    }
    if p.ins.is_none() && d.once_in(3) {
        p.traits.sex = Sex::I;
        p.traits.birth_place = None;
        p.birth_place_label = None;
    }
    if d.once_in(5) {
        p.address = None;
        p.telecoms.clear();
    }
    p
}

/// The report of a seed.
pub fn report(seed: u64) -> Report {
    let d = &mut Dice::new(seed);
    let mut r = base(1);
    r.id = format!("{LAB_ARC}.10.7.{seed}.1");
    r.set_id = format!("{LAB_ARC}.11.7.{seed}");
    r.request = id("3", &format!("ALEA-{seed}"));
    if d.once_in(3) {
        r.version = 2 + u32::try_from(d.below(3)).unwrap();
        r.replaces = Some(r.id.clone());
        r.id = format!("{LAB_ARC}.10.7.{seed}.{}", r.version);
    }
    r.status = if d.once_in(3) { ReportStatus::Partial } else { ReportStatus::Final };
    r.patient = person(d);
    if d.once_in(8) {
        r.training = true;
        if r.patient.ins.is_some() {
            r.patient.ins = ins("2780599999042", d.pick(&[InsOid::NirTest, InsOid::NirDemo]));
        }
    }
    r.confidentiality =
        d.pick(&[Confidentiality::Normal, Confidentiality::Normal, Confidentiality::Restricted]);
    r.specimens = (0..d.below(4))
        .map(|i| {
            let (code, label) = d.pick(&SPECIMENS);
            let mut s = specimen(&format!("ALEA-{seed}-{i}"), code, label);
            s.sampled_at = (!d.once_in(6)).then(|| moment(d, 2026));
            s.received_at = (!d.once_in(6)).then(|| moment(d, 2026));
            s.sampler = d.once_in(6).then(nurse);
            s
        })
        .collect();
    let chapters = 1 + d.below(4);
    let first = d.below(CHAPTERS.len());
    r.chapters = (0..chapters)
        .map(|i| {
            let (code, label) = CHAPTERS[(first + i) % CHAPTERS.len()];
            let parts = (0..=d.below(3)).map(|j| part(d, &r, &format!("ALEA-{seed}-{i}-{j}"))).collect();
            let mut c = chapter(code, label, parts);
            c.comments = comments(d, 4);
            c.title = d.once_in(5).then(|| "Titre imprimé".into());
            c
        })
        .collect();
    r.comments = comments(d, 3);
    r.notice = d.once_in(2).then(|| words(d, 60));
    r.automatic_validation = d.once_in(4).then(|| "Résultats validés par un système expert.".into());
    r.second_intention = d.once_in(10).then(|| AttachedPdf {
        title: "Laboratoire d'essai".into(),
        base64: include_str!("attached-pdf.b64").into(),
    });
    if d.once_in(5) {
        r.author = Author::System {
            id: id("1", "SGL-1"),
            manufacturer: "Paillasse".into(),
            software: "Paillasse 0.1".into(),
        };
    }
    if d.once_in(4) {
        r.prescriber = None;
    }
    if d.once_in(4) {
        r.validations.push(Validation { biologist: pharmacist(), at: moment(d, 2026) });
    }
    for _ in 0..d.below(5) {
        r.recipients.push(d.pick(&recipients_report().recipients));
    }
    r.prescriptions = (0..d.below(3)).map(|i| id("4", &format!("ORD-{i}"))).collect();
    r.encounter = d.pick(&[
        emergency_report().encounter,
        corsican_report().encounter,
        home_report().encounter,
        Encounter::default(),
    ]);
    r.display.all_given_names = d.once_in(2);
    r
}
