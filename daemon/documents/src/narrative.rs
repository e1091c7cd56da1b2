//! The readable content of a report, built once and used by the CDA narrative, the PDF and the plain text, so that
//! the three have the same order and the same words (DOC-04).
//!
//! Each block keeps the source it was made from and the identifiers of its cells; the CDA entries are written from
//! the same blocks, so an entry cannot point at a cell that does not exist. Identifiers are XML names, unique in the
//! document, and depend only on the position: `c1s2b3` is chapter 1, sub-chapter 2, block 3.

use paillasse_shared::domain::report::{
    Battery, Block, Chapter, Comment, Image, Isolate, Outcome, Professional, Report, ResultItem,
    SecondExpression, SubChapter, Unit,
};

use crate::wording;

/// A comment as shown, with the identifier of its cell.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub id: String,
    pub text: String,
}

impl Note {
    fn new(id: String, comment: &Comment, default_title: &str) -> Self {
        let title =
            comment.title.as_deref().map(str::trim).filter(|t| !t.is_empty()).unwrap_or(default_title);
        Self { id, text: format!("{title} : {}", comment.text.trim()) }
    }
}

/// A previous result as shown.
#[derive(Debug, Clone)]
pub(crate) struct PreviousText {
    pub id: String,
    pub value: String,
    pub day: String,
    pub abnormal: bool,
}

/// The second expression of a result, shown as a line of its own.
#[derive(Debug, Clone)]
pub(crate) struct SecondText<'r> {
    pub source: &'r SecondExpression,
    pub id: String,
    pub result: String,
    pub unit: String,
    pub reference: String,
}

/// A result as shown.
#[derive(Debug, Clone)]
pub(crate) struct ResultText<'r> {
    pub source: &'r ResultItem,
    pub id: String,
    pub label: String,
    pub method: Option<String>,
    pub result: String,
    /// `H`, `B`, `HH`… or nothing.
    pub sign: &'static str,
    pub abnormal: bool,
    pub unit: String,
    /// One line for each range.
    pub reference: String,
    /// [`MARK`] where the accreditation covers the analysis, else nothing.
    pub mark: &'static str,
    pub previous: Vec<PreviousText>,
    pub second: Option<SecondText<'r>>,
    pub notes: Vec<Note>,
}

impl ResultText<'_> {
    /// Identifier of the result cell.
    pub fn result_id(&self) -> String {
        format!("{}-r", self.id)
    }

    /// Identifier of the method.
    pub fn method_id(&self) -> String {
        format!("{}-m", self.id)
    }
}

/// A battery or antibiogram as shown.
#[derive(Debug, Clone)]
pub(crate) struct BatteryText<'r> {
    pub source: &'r Battery,
    pub id: String,
    pub title: String,
    pub results: Vec<ResultText<'r>>,
    pub notes: Vec<Note>,
}

/// An isolate as shown.
#[derive(Debug, Clone)]
pub(crate) struct IsolateText<'r> {
    pub source: &'r Isolate,
    pub id: String,
    pub title: String,
    pub results: Vec<ResultText<'r>>,
    pub antibiograms: Vec<BatteryText<'r>>,
    pub notes: Vec<Note>,
}

/// One block of a sub-chapter as shown.
#[derive(Debug, Clone)]
pub(crate) enum BlockText<'r> {
    Result(Box<ResultText<'r>>),
    Battery(BatteryText<'r>),
    Isolate(IsolateText<'r>),
    Image { source: &'r Image, id: String },
}

/// One line of a table, in reading order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line<'a> {
    Heading { id: &'a str, text: &'a str, level: u8 },
    Result { row: &'a ResultText<'a>, level: u8 },
    Second { row: &'a SecondText<'a>, label: &'a str, level: u8 },
    Note { note: &'a Note, level: u8 },
    Image { id: &'a str, source: &'a Image },
}

/// A sub-chapter as shown.
#[derive(Debug, Clone)]
pub(crate) struct SubText<'r> {
    pub source: &'r SubChapter,
    pub title: Option<String>,
    pub sampling: Vec<String>,
    pub blocks: Vec<BlockText<'r>>,
    /// Comments on the sub-chapter, then those on the chapter if it is its last one.
    pub notes: Vec<Note>,
    /// Who did the work when it is another laboratory, and who validated.
    pub closing: Vec<String>,
}

impl SubText<'_> {
    /// The lines of the table, in reading order.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let mut out = Vec::new();
        for block in &self.blocks {
            match block {
                BlockText::Result(row) => push_result(&mut out, row, 0),
                BlockText::Battery(b) => push_battery(&mut out, b, 0),
                BlockText::Isolate(i) => {
                    out.push(Line::Heading { id: &i.id, text: &i.title, level: 0 });
                    i.results.iter().for_each(|r| push_result(&mut out, r, 1));
                    i.antibiograms.iter().for_each(|b| push_battery(&mut out, b, 1));
                    out.extend(i.notes.iter().map(|note| Line::Note { note, level: 1 }));
                }
                BlockText::Image { source, id } => out.push(Line::Image { id, source }),
            }
        }
        out
    }
}

fn push_result<'a>(out: &mut Vec<Line<'a>>, row: &'a ResultText<'a>, level: u8) {
    out.push(Line::Result { row, level });
    if let Some(second) = &row.second {
        out.push(Line::Second { row: second, label: &row.label, level });
    }
    out.extend(row.notes.iter().map(|note| Line::Note { note, level }));
}

fn push_battery<'a>(out: &mut Vec<Line<'a>>, b: &'a BatteryText<'a>, level: u8) {
    out.push(Line::Heading { id: &b.id, text: &b.title, level });
    b.results.iter().for_each(|r| push_result(out, r, level + 1));
    out.extend(b.notes.iter().map(|note| Line::Note { note, level: level + 1 }));
}

/// A chapter as shown.
#[derive(Debug, Clone)]
pub(crate) struct ChapterText<'r> {
    pub source: &'r Chapter,
    pub title: String,
    pub subs: Vec<SubText<'r>>,
}

/// Stands behind the label of an analysis that the accreditation covers.
pub(crate) const MARK: &str = "#";

/// Number of the accreditation, if the report has at least one analysis that it covers: a report without any bears no
/// trace of it (LAB-10).
pub(crate) fn accreditation(r: &Report) -> Option<&str> {
    let number = r.laboratory.cofrac.as_deref().map(str::trim).filter(|n| !n.is_empty())?;
    let any = |items: &[ResultItem]| items.iter().any(|i| i.accredited);
    let covered = r.chapters.iter().flat_map(|c| &c.sub_chapters).flat_map(|s| &s.blocks).any(|b| match b {
        Block::Result(item) => item.accredited,
        Block::Battery(b) => any(&b.results),
        Block::Isolate(i) => any(&i.results) || i.antibiograms.iter().any(|b| any(&b.results)),
        Block::Image(_) => false,
    });
    covered.then_some(number)
}

/// The whole readable body.
#[derive(Debug, Clone)]
pub(crate) struct Narrative<'r> {
    pub chapters: Vec<ChapterText<'r>>,
    /// Comments on the report.
    pub comments: Vec<Note>,
    /// What the report must say of itself: accreditation, validation by rules. Title of the section, and text.
    pub mentions: Vec<(&'static str, Note)>,
    /// Information notice to the patient.
    pub notice: Option<String>,
}

impl<'r> Narrative<'r> {
    /// Builds the readable body of a report.
    pub fn of(report: &'r Report) -> Self {
        let chapters = report.chapters.iter().enumerate().map(|(i, c)| chapter(report, c, i + 1)).collect();
        let comments = notes("g", &report.comments, "Commentaire");
        let notice = report.notice.as_deref().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned);
        Self { chapters, comments, mentions: mentions(report), notice }
    }
}

fn mentions(r: &Report) -> Vec<(&'static str, Note)> {
    let covered = accreditation(r).map(|number| {
        let text = format!(
            "{MARK} : examen couvert par l'accréditation Cofrac n° {number} (portée disponible sur www.cofrac.fr)"
        );
        ("Accréditation", Note { id: "mention-accreditation".into(), text })
    });
    let automatic = r.automatic_validation.as_deref().map(str::trim).filter(|t| !t.is_empty());
    let automatic = automatic
        .map(|t| ("Validation automatique", Note { id: "mention-validation".into(), text: t.to_owned() }));
    covered.into_iter().chain(automatic).collect()
}

/// The range that decides, then the others, one on each line.
fn references(source: &ResultItem) -> String {
    let lines = source.reference.iter().chain(&source.other_references).map(wording::reference);
    lines.collect::<Vec<_>>().join("\n")
}

fn notes(prefix: &str, comments: &[Comment], title: &str) -> Vec<Note> {
    let one = |(i, c): (usize, &Comment)| Note::new(format!("{prefix}n{}", i + 1), c, title);
    comments.iter().enumerate().map(one).collect()
}

fn chapter<'r>(report: &'r Report, source: &'r Chapter, number: usize) -> ChapterText<'r> {
    let title = source.title.as_deref().unwrap_or(&source.code.label).trim().to_owned();
    let last = source.sub_chapters.len();
    let subs = source
        .sub_chapters
        .iter()
        .enumerate()
        .map(|(i, sub)| {
            let id = format!("c{number}s{}", i + 1);
            let mut text = sub_chapter(report, sub, &id);
            if i + 1 == last {
                text.notes.extend(notes(&format!("c{number}"), &source.comments, "Commentaire du chapitre"));
            }
            // A sub-chapter that repeats the title of its chapter says nothing more on paper.
            text.title = text.title.filter(|t| !t.eq_ignore_ascii_case(&title));
            text
        })
        .collect();
    ChapterText { source, title, subs }
}

fn sub_chapter<'r>(report: &'r Report, source: &'r SubChapter, id: &str) -> SubText<'r> {
    let sampling = source
        .specimens
        .iter()
        .filter_map(|number| report.specimens.iter().find(|s| s.id.extension == *number))
        .map(|s| wording::specimen(s, report.sampler.as_ref()))
        .collect();
    let mut closing = Vec::new();
    if let Some(other) = &source.subcontractor {
        closing.push(format!(
            "Examens réalisés par : {}, responsable {}, résultats du {}",
            wording::organization(&other.organization),
            wording::professional(&other.professional),
            other.at.french()
        ));
    }
    if source.blocks.iter().any(has_result) {
        closing.extend(validation_line(report, source));
    }
    let block = |(i, b): (usize, &'r Block)| {
        let id = format!("{id}b{}", i + 1);
        match b {
            Block::Result(r) => BlockText::Result(Box::new(result(r, id))),
            Block::Battery(b) => BlockText::Battery(battery(b, id)),
            Block::Isolate(i) => BlockText::Isolate(isolate(i, id)),
            Block::Image(source) => BlockText::Image { source, id },
        }
    };
    SubText {
        source,
        title: source.title.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned),
        sampling,
        blocks: source.blocks.iter().enumerate().map(block).collect(),
        notes: notes(id, &source.comments, "Commentaire"),
        closing,
    }
}

/// Whether a block holds something that could be validated; a line still awaited could not.
fn has_result(block: &Block) -> bool {
    let done = |items: &[ResultItem]| items.iter().any(|i| matches!(i.outcome, Outcome::Done(_)));
    match block {
        Block::Result(item) => done(std::slice::from_ref(item)),
        Block::Battery(b) => done(&b.results),
        Block::Isolate(i) => done(&i.results) || i.antibiograms.iter().any(|b| done(&b.results)),
        Block::Image(_) => true,
    }
}

/// `Validé par Dr X, le …`; from the sub-chapter, else from the report when one biologist validated it all.
fn validation_line(report: &Report, source: &SubChapter) -> Option<String> {
    let done = |b: &Professional, at: &str| format!("Validé par {}, le {at}", wording::professional(b));
    match (&source.validation, report.validations.as_slice()) {
        (Some(v), _) => Some(done(&v.biologist, &v.at.french())),
        (None, [v]) => Some(done(&v.biologist, &v.at.french())),
        (None, []) => Some(done(&report.responsible, &report.signed_at.french())),
        (None, many) => {
            let names: Vec<String> = many.iter().map(|v| wording::professional(&v.biologist)).collect();
            Some(format!("Validé par {}", names.join(", ")))
        }
    }
}

fn result<'r>(source: &'r ResultItem, id: String) -> ResultText<'r> {
    let done = match &source.outcome {
        Outcome::Done(value) => Some(value),
        Outcome::Pending | Outcome::NotDone(_) => None,
    };
    let technique = source.technique.as_ref().map(|t| t.label.as_str());
    let method = source.method.as_deref().or(technique).map(str::trim).filter(|m| !m.is_empty());
    let interpretation = source.interpretation.filter(|_| done.is_some());
    let previous = source
        .previous
        .iter()
        .enumerate()
        .map(|(i, p)| PreviousText {
            id: format!("{id}-p{}", i + 1),
            value: wording::value(&p.value),
            day: p.at.french_day(),
            abnormal: p.interpretation.is_some_and(|i| i.is_abnormal()),
        })
        .collect();
    let second = source.second.as_deref().filter(|_| done.is_some()).map(|s| SecondText {
        source: s,
        id: format!("{id}-s"),
        result: match s.comparator {
            Some(sign) => format!("{} {}", sign.sign(), s.value.french()),
            None => s.value.french(),
        },
        unit: s.unit.display.clone(),
        reference: s.reference.as_ref().map(wording::reference).unwrap_or_default(),
    });
    ResultText {
        source,
        label: source.label.trim().to_owned(),
        method: method.map(str::to_owned),
        result: wording::outcome(&source.outcome),
        sign: interpretation.map_or("", |i| i.sign()),
        abnormal: interpretation.is_some_and(|i| i.is_abnormal()),
        unit: done.and_then(wording::unit).map(|u: &Unit| u.display.clone()).unwrap_or_default(),
        // Without a result there is no unit, and bounds without a unit mislead.
        reference: if done.is_some() { references(source) } else { String::new() },
        mark: if source.accredited { MARK } else { "" },
        previous,
        second,
        notes: notes(&id, &source.comments, "Commentaire"),
        id,
    }
}

fn results<'r>(items: &'r [ResultItem], id: &str) -> Vec<ResultText<'r>> {
    items.iter().enumerate().map(|(i, r)| result(r, format!("{id}r{}", i + 1))).collect()
}

fn battery<'r>(source: &'r Battery, id: String) -> BatteryText<'r> {
    BatteryText {
        source,
        title: source.title.trim().to_owned(),
        results: results(&source.results, &id),
        notes: notes(&id, &source.comments, "Commentaire"),
        id,
    }
}

fn isolate<'r>(source: &'r Isolate, id: String) -> IsolateText<'r> {
    let antibiogram = |(i, b): (usize, &'r Battery)| battery(b, format!("{id}a{}", i + 1));
    IsolateText {
        source,
        title: source.organism.label.trim().to_owned(),
        results: results(&source.results, &id),
        antibiograms: source.antibiograms.iter().enumerate().map(antibiogram).collect(),
        notes: notes(&id, &source.comments, "Commentaire"),
        id,
    }
}
