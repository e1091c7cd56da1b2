//! Reads the files of an edition into the table. Bounded: sizes are checked before anything is built.

use std::borrow::Cow;

use paillasse_shared::domain::identity::normalise::normalise;

use super::search::Index;
use super::{Code, Cog, Day, FileStatus, Kind, Link, Period, Span, code_of};

/// Largest file of an edition, in bytes; the largest of 2026 has 1.2 MB.
const MAX_FILE: usize = 16 * 1024 * 1024;

/// Most periods in an edition: positions travel in 24 bits inside the index.
const MAX_PERIODS: usize = 1 << 20;

/// Why an edition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CogError {
    /// A line is not what its file announces.
    #[error("{file}, ligne {line} : {what}")]
    Line {
        /// File.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A file is too large to be one of an edition.
    #[error("{0} est trop volumineux pour être un fichier du code officiel géographique")]
    TooLarge(&'static str),
    /// A file that is no edition.
    #[error("ce fichier n'est pas une édition : {0}")]
    Edition(&'static str),
    /// Two periods of one code overlap.
    #[error("le code {0} a deux libellés à la même date")]
    Overlap(String),
}

/// The texts of one edition; tab-separated, one header line. Columns: see `data/cog/README.md`.
///
/// A newer edition read from a file ends here too: whoever reads it checks its checksum first (COG-08).
#[derive(Debug, Clone)]
pub struct Sources {
    /// `communes-depuis-1943.tsv`.
    pub communes: Cow<'static, str>,
    /// `evenements-communes.tsv`.
    pub events: Cow<'static, str>,
    /// `pays-depuis-1943.tsv`.
    pub countries: Cow<'static, str>,
    /// `successions-pays.tsv`.
    pub successions: Cow<'static, str>,
    /// `collectivites-outre-mer.tsv`.
    pub overseas: Cow<'static, str>,
    /// Millésime of the communes, events and collectivities.
    pub edition: String,
    /// Millésime of the countries.
    pub countries_edition: String,
}

impl Sources {
    /// The files of `data/cog`.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            communes: Cow::Borrowed(include_str!("../../../data/cog/communes-depuis-1943.tsv")),
            events: Cow::Borrowed(include_str!("../../../data/cog/evenements-communes.tsv")),
            countries: Cow::Borrowed(include_str!("../../../data/cog/pays-depuis-1943.tsv")),
            successions: Cow::Borrowed(include_str!("../../../data/cog/successions-pays.tsv")),
            overseas: Cow::Borrowed(include_str!("../../../data/cog/collectivites-outre-mer.tsv")),
            edition: "2026 (1er janvier 2026)".to_owned(),
            countries_edition: "2025".to_owned(),
        }
    }
}

/// One line of a file, with what is needed to name it in an error.
struct Line<'a, const N: usize> {
    file: &'static str,
    number: usize,
    cells: [&'a str; N],
}

impl<const N: usize> Line<'_, N> {
    fn wrong(&self, what: &'static str) -> CogError {
        CogError::Line { file: self.file, line: self.number, what }
    }

    fn cell(&self, n: usize) -> &str {
        self.cells.get(n).copied().unwrap_or("")
    }

    fn code(&self, n: usize) -> Result<Code, CogError> {
        code_of(self.cell(n)).ok_or_else(|| self.wrong("le code ne compte pas 5 caractères"))
    }

    /// An empty cell is `open`.
    fn day(&self, n: usize, open: Day) -> Result<Day, CogError> {
        let text = self.cell(n);
        if text.is_empty() {
            return Ok(open);
        }
        let digits: String = text.split('-').collect();
        let shape = text.len() == 10 && digits.len() == 8;
        match digits.parse() {
            Ok(day) if shape => Ok(Day(day)),
            _ => Err(self.wrong("la date n'est pas de la forme AAAA-MM-JJ")),
        }
    }
}

/// The lines after the header.
fn lines<'a, const N: usize>(
    file: &'static str,
    text: &'a str,
) -> Result<impl Iterator<Item = Result<Line<'a, N>, CogError>>, CogError> {
    if text.len() > MAX_FILE {
        return Err(CogError::TooLarge(file));
    }
    Ok(text.lines().enumerate().skip(1).map(move |(n, line)| {
        let mut cells = [""; N];
        let mut parts = line.split('\t');
        let short = || CogError::Line { file, line: n + 1, what: "il manque des colonnes" };
        for cell in &mut cells {
            *cell = parts.next().ok_or_else(short)?;
        }
        Ok(Line { file, number: n + 1, cells })
    }))
}

/// Grows the table.
struct Builder {
    periods: Vec<Period>,
    folded: String,
    shared_out: Vec<(Code, Code)>,
    links: Vec<Link>,
}

impl Builder {
    /// The folded form of a label and of other names of the same place, words parted by one space and names by `|`.
    fn fold(&mut self, names: [&str; 2]) -> Span {
        let start = self.folded.len();
        for (n, name) in names.iter().filter(|n| !n.is_empty()).enumerate() {
            if n > 0 {
                self.folded.push('|');
            }
            let plain = if name.is_ascii() { Cow::Borrowed(*name) } else { Cow::Owned(normalise(name)) };
            let mut gap = false;
            let begin = self.folded.len();
            for b in plain.bytes() {
                if b.is_ascii_alphanumeric() {
                    if gap && self.folded.len() > begin {
                        self.folded.push(' ');
                    }
                    gap = false;
                    self.folded.push(char::from(b.to_ascii_uppercase()));
                } else {
                    gap = true;
                }
            }
        }
        // A word further than 255 characters is out of the reach of the index: nothing is lost but that word.
        let len = (self.folded.len() - start).min(usize::from(u16::MAX));
        Span { start: u32::try_from(start).unwrap_or(u32::MAX), len: u16::try_from(len).unwrap_or(u16::MAX) }
    }

    fn push(&mut self, period: Period) -> Result<(), CogError> {
        if self.periods.len() >= MAX_PERIODS {
            return Err(CogError::TooLarge("code officiel géographique"));
        }
        self.periods.push(period);
        Ok(())
    }
}

/// The span of a cell inside its file, in the common numbering.
fn span(base: u32, file: &str, cell: &str) -> Span {
    let start = (cell.as_ptr() as usize).saturating_sub(file.as_ptr() as usize);
    Span {
        start: base.saturating_add(u32::try_from(start).unwrap_or(u32::MAX)),
        len: u16::try_from(cell.len()).unwrap_or(u16::MAX),
    }
}

impl Cog {
    /// Builds the table from the texts of one edition.
    ///
    /// # Errors
    /// [`CogError`], with file and line.
    pub fn from_sources(sources: Sources) -> Result<Self, CogError> {
        let mut b = Builder {
            periods: Vec::with_capacity(43_500),
            folded: String::with_capacity(650_000),
            shared_out: Vec::new(),
            links: Vec::with_capacity(5_200),
        };
        let base_of =
            |text: &str, base: u32| base.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
        let bases =
            [0, base_of(&sources.communes, 0), base_of(&sources.countries, base_of(&sources.communes, 0))];

        let communes = b.communes(&sources.communes, bases[0])?;
        let countries = b.countries(&sources.countries, bases[1])?;
        let overseas = b.overseas(&sources.overseas, bases[2])?;
        let events = b.events(&sources.events)?;
        let successions = b.successions(&sources.successions)?;
        b.periods.sort_by_key(|p| (p.code, p.from));
        for pair in b.periods.windows(2) {
            if let [a, c] = pair
                && a.code == c.code
                && a.to > c.from
            {
                return Err(CogError::Overlap(super::code_text(&a.code).to_owned()));
            }
        }
        b.links.sort_unstable();
        b.links.dedup();
        b.follow_countries();
        let mut links_by_after: Vec<u32> = (0..u32::try_from(b.links.len()).unwrap_or(0)).collect();
        links_by_after.sort_by_key(|n| b.links.get(*n as usize).map(|l| (l.after, l.day)));
        let open = b
            .periods
            .iter()
            .filter(|p| p.is_open() && matches!(p.kind, Kind::Commune | Kind::Arrondissement));
        let open = u32::try_from(open.count()).unwrap_or(u32::MAX);
        let index = Index::build(&b.periods, &b.folded);
        b.periods.shrink_to_fit();
        b.folded.shrink_to_fit();

        let file = |title: &str, file: &str, edition: &str, rows: u32| FileStatus {
            title: title.to_owned(),
            file: file.to_owned(),
            edition: edition.to_owned(),
            rows,
        };
        let files = vec![
            file(
                "communes en vigueur",
                "communes-depuis-1943.tsv (périodes ouvertes)",
                &sources.edition,
                open,
            ),
            file(
                "pays et territoires étrangers",
                "pays-depuis-1943.tsv",
                &sources.countries_edition,
                countries,
            ),
            file("évènements sur les communes", "evenements-communes.tsv", &sources.edition, events),
            file("communes depuis 1943", "communes-depuis-1943.tsv", &sources.edition, communes),
            file(
                "communes des collectivités d'outre-mer",
                "collectivites-outre-mer.tsv",
                &sources.edition,
                overseas,
            ),
            file("successions de pays", "successions-pays.tsv", &sources.countries_edition, successions),
        ];
        Ok(Self {
            texts: vec![sources.communes, sources.countries, sources.overseas],
            bases: bases.to_vec(),
            periods: b.periods,
            shared_out: b.shared_out,
            links: b.links,
            links_by_after,
            folded: b.folded,
            index,
            files,
        })
    }
}

impl Builder {
    fn communes(&mut self, text: &str, base: u32) -> Result<u32, CogError> {
        let mut rows = 0;
        for line in lines::<6>("communes-depuis-1943.tsv", text)? {
            let line = line?;
            let [code, _, _, current, kind, label] = line.cells;
            let own = line.code(0)?;
            let mut currents = current.split(';').filter(|c| !c.is_empty());
            let first = currents.next().unwrap_or(code);
            let wrong = || line.wrong("le code actuel ne compte pas 5 caractères");
            let current = code_of(first).ok_or_else(wrong)?;
            for more in currents {
                self.shared_out.push((own, code_of(more).ok_or_else(wrong)?));
            }
            let kind = match kind {
                "" => Kind::Commune,
                "A" => Kind::Arrondissement,
                "D" => Kind::Part,
                _ => return Err(line.wrong("le type n'est ni vide, ni A, ni D")),
            };
            let (from, to) = (line.day(1, Day::MIN)?, line.day(2, Day::MAX)?);
            let folded = self.fold([label, ""]);
            let label = span(base, text, label);
            self.push(Period { from, to, label, folded, code: own, current, kind })?;
            rows += 1;
        }
        Ok(rows)
    }

    /// Names that follow one another without change are one period.
    fn countries(&mut self, text: &str, base: u32) -> Result<u32, CogError> {
        let mut rows = 0;
        let mut last: Option<(Code, Day, &str, &str)> = None;
        for line in lines::<5>("pays-depuis-1943.tsv", text)? {
            let line = line?;
            let [_, _, _, name, official] = line.cells;
            let (code, from, to) = (line.code(0)?, line.day(1, Day::MIN)?, line.day(2, Day::MAX)?);
            rows += 1;
            if let Some((c, end, n, o)) = last
                && (c, end, n) == (code, from, name)
                && (o == official || official.is_empty())
                && let Some(p) = self.periods.last_mut()
            {
                p.to = to;
                last = Some((code, to, n, o));
                continue;
            }
            if from == to {
                continue;
            }
            let folded = self.fold([name, official]);
            let label = span(base, text, name);
            self.push(Period { from, to, label, folded, code, current: code, kind: Kind::Country })?;
            last = Some((code, to, name, official));
        }
        Ok(rows)
    }

    /// Countries that ended belong today to those that succeeded them.
    fn follow_countries(&mut self) {
        let open: Vec<Code> = self.periods.iter().filter(|p| p.is_open()).map(|p| p.code).collect();
        let stands = |code: &Code| open.binary_search(code).is_ok();
        for period in self.periods.iter_mut().filter(|p| p.kind == Kind::Country && !stands(&p.code)) {
            let successions = self
                .links
                .iter()
                .filter(|l| l.event == Link::COUNTRY && l.before == period.code && stands(&l.after));
            for (n, link) in successions.enumerate() {
                if n == 0 {
                    period.current = link.after;
                } else if !self.shared_out.contains(&(period.code, link.after)) {
                    self.shared_out.push((period.code, link.after));
                }
            }
        }
    }

    fn overseas(&mut self, text: &str, base: u32) -> Result<u32, CogError> {
        let mut rows = 0;
        for line in lines::<4>("collectivites-outre-mer.tsv", text)? {
            let line = line?;
            let [_, _, label, _] = line.cells;
            let (code, from) = (line.code(0)?, line.day(1, Day::MIN)?);
            let folded = self.fold([label, ""]);
            let label = span(base, text, label);
            self.push(Period {
                from,
                to: Day::MAX,
                label,
                folded,
                code,
                current: code,
                kind: Kind::Overseas,
            })?;
            rows += 1;
        }
        Ok(rows)
    }

    fn events(&mut self, text: &str) -> Result<u32, CogError> {
        let mut rows = 0;
        for line in lines::<4>("evenements-communes.tsv", text)? {
            let line = line?;
            let event =
                line.cell(2).parse().map_err(|_| line.wrong("le type d'évènement n'est pas un nombre"))?;
            let day = line.day(1, Day::MIN)?;
            self.links.push(Link { before: line.code(0)?, day, after: line.code(3)?, event });
            rows += 1;
        }
        Ok(rows)
    }

    fn successions(&mut self, text: &str) -> Result<u32, CogError> {
        let mut rows = 0;
        for line in lines::<3>("successions-pays.tsv", text)? {
            let line = line?;
            let day = line.day(1, Day::MIN)?;
            self.links.push(Link { before: line.code(0)?, day, after: line.code(2)?, event: Link::COUNTRY });
            rows += 1;
        }
        Ok(rows)
    }
}
