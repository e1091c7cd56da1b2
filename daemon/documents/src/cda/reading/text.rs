//! A read CDA as text for a terminal: what must be known, header, narrative with its tables, joined files, and the
//! structured entries on demand.
//!
//! Styles travel through the layout as private characters of no width (they cannot come from the document, see
//! [`super::narrative`]) and become terminal styles, or nothing, at the end.

use super::model::{Document, Flag, Header, Id, Level, Party, Section, Statement};
use super::narrative::{Item, Setting, Tag};
use super::statement;
use super::table::{self, CellText};
use super::words;

/// How a document is shown.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Width, in characters.
    pub width: usize,
    /// With terminal styles (bold, underlined, italics).
    pub styled: bool,
    /// With the structured entries after the narrative.
    pub structured: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 96, styled: false, structured: false }
    }
}

pub(super) const BOLD: [char; 2] = ['\u{e000}', '\u{e001}'];
pub(super) const UNDERLINE: [char; 2] = ['\u{e002}', '\u{e003}'];
pub(super) const ITALIC: [char; 2] = ['\u{e004}', '\u{e005}'];

/// Whether a character is a mark of style.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{e005}')
}

/// Shows a document.
#[must_use]
pub fn render(document: &Document, options: Options) -> String {
    let mut p = Printer { out: String::new(), options };
    p.head(document);
    p.flags(&document.flags);
    p.header(&document.header);
    if document.level == Level::One {
        p.blank();
        p.line("Document N1 : le contenu est le fichier joint.");
    }
    document.sections.iter().for_each(|s| p.section(document, s, 0));
    if !document.attachments.is_empty() {
        p.blank();
        p.title("FICHIERS JOINTS");
        for a in &document.attachments {
            let name = if a.id.is_empty() { "corps du document" } else { &a.id };
            p.wrapped("", &format!("{name} : {}, {}", a.media_type, size(a.size)));
        }
    }
    if options.structured && document.level == Level::Three {
        p.blank();
        p.title("DONNÉES STRUCTURÉES");
        document.sections.iter().for_each(|s| p.entries(s));
    }
    p.out
}

/// Only the structured entries.
#[must_use]
pub fn structured(document: &Document, options: Options) -> String {
    let mut p = Printer { out: String::new(), options };
    document.sections.iter().for_each(|s| p.entries(s));
    p.out
}

/// Only the header, each field on its line.
#[must_use]
pub fn header(document: &Document, options: Options) -> String {
    let mut p = Printer { out: String::new(), options };
    p.header(&document.header);
    p.out
}

/// `12 Ko`.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} octets"),
        _ if bytes < 1 << 20 => format!("{} Ko", bytes.div_ceil(1024)),
        _ => format!("{} Mo", bytes.div_ceil(1 << 20)),
    }
}

struct Printer {
    out: String,
    options: Options,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let text = text.trim_end();
        for c in text.chars() {
            match c {
                c if !is_mark(c) => self.out.push(c),
                _ if !self.options.styled => {}
                c if c == BOLD[0] => self.out.push_str("\u{1b}[1m"),
                c if c == BOLD[1] => self.out.push_str("\u{1b}[22m"),
                c if c == UNDERLINE[0] => self.out.push_str("\u{1b}[4m"),
                c if c == UNDERLINE[1] => self.out.push_str("\u{1b}[24m"),
                c if c == ITALIC[0] => self.out.push_str("\u{1b}[3m"),
                _ => self.out.push_str("\u{1b}[23m"),
            }
        }
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn title(&mut self, text: &str) {
        self.line(&styled(text, BOLD));
    }

    fn wrapped(&mut self, lead: &str, text: &str) {
        let width = self.options.width.saturating_sub(lead.chars().count()).max(20);
        for piece in table::wrap(text, width) {
            self.line(&format!("{lead}{piece}"));
        }
    }

    fn fact(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.wrapped("", &format!("{label} : {text}"));
        }
    }

    fn head(&mut self, d: &Document) {
        let h = &d.header;
        let title =
            h.title.as_deref().or(h.code.as_ref().and_then(|c| c.name())).unwrap_or("Document sans titre");
        self.title(title);
        let mut parts = vec![format!("CDA {}", d.level.label())];
        match h.acts.first().and_then(|a| a.status.as_deref()) {
            Some("active") => parts.push("compte rendu partiel".to_owned()),
            Some("completed") => parts.push("compte rendu définitif".to_owned()),
            Some("aborted") => parts.push("examens abandonnés".to_owned()),
            _ => {}
        }
        if let Some(version) = &h.version {
            parts.push(format!("version {version}"));
        }
        if let Some(at) = h.created.as_ref().and_then(|t| t.french()) {
            parts.push(format!("du {at}"));
        }
        self.line(&parts.join(", "));
    }

    fn flags(&mut self, flags: &[Flag]) {
        const MOST: usize = 12;
        for flag in flags.iter().take(MOST) {
            self.wrapped("! ", &flag.french());
        }
        if flags.len() > MOST {
            self.line(&format!("! et {} autres remarques", flags.len() - MOST));
        }
    }

    fn header(&mut self, h: &Header) {
        self.blank();
        let p = &h.patient;
        let name =
            |q| [p.name.family_of(q), p.name.given_of(q)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let born = [Some("BR"), None].map(name).into_iter().find(|n| !n.is_empty()).unwrap_or_default();
        self.fact("Patient", &styled(&born, BOLD));
        for (q, label) in [("CL", "Identité utilisée"), ("SP", "Nom d'usage")] {
            self.fact(label, &name(Some(q)));
        }
        self.fact("Prénoms", p.name.given_of(None).unwrap_or_default());
        let sex =
            p.gender.as_ref().and_then(|g| g.label.as_deref().or(g.code.as_deref())).unwrap_or_default();
        let date = p.born.as_deref().map(words::date).unwrap_or_default();
        self.fact("Naissance, sexe", [date.as_str(), sex].join(", ").trim_matches([',', ' ']));
        let place = [p.birth_place.as_deref(), p.birth_place_code.as_deref()];
        self.fact("Lieu de naissance", &place.into_iter().flatten().collect::<Vec<_>>().join(", "));
        for id in &p.ids {
            let number = id.extension.as_deref().unwrap_or(&id.root);
            let label =
                if id.root.starts_with(super::model::INS_ARC) { "Matricule INS" } else { "N° patient" };
            self.fact(label, &format!("{number} ({})", id.root));
        }
        self.contact("Adresse", &p.addresses, &p.telecoms);
        p.guardians.iter().for_each(|g| self.fact("Représentant", &words::party(g)));
        self.custodian(h);
        let numbers =
            |ids: &[Id]| ids.iter().filter_map(|i| i.extension.clone()).collect::<Vec<_>>().join(", ");
        self.fact("Prescription n°", &numbers(&h.orders));
        for act in &h.acts {
            let parts = [
                act.code.as_ref().and_then(|c| c.name()).map(str::to_owned),
                Some(numbers(&act.ids)).filter(|n| !n.is_empty()).map(|n| format!("n° {n}")),
                act.time.as_ref().and_then(|t| t.french()),
            ];
            self.fact("Acte", &parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
            act.performers.iter().for_each(|x| self.party("Exécutant", x));
        }
        for party in &h.parties {
            let label = match (party.role.as_str(), party.type_code.as_deref()) {
                ("author", _) => "Auteur",
                ("dataEnterer", _) => "Saisi par",
                ("informant", _) => "Informateur",
                ("informationRecipient", _) => "Destinataire",
                ("legalAuthenticator", _) => "Responsable",
                ("authenticator", _) => "Validé par",
                ("participant", Some("REF")) => "Prescripteur",
                ("participant", Some("PRF")) => "Préleveur",
                ("participant", Some("INF")) => "Médecin traitant",
                _ => "Participant",
            };
            self.party(label, party);
        }
        if let Some(e) = &h.encounter {
            let parts = [
                e.code.as_ref().and_then(|c| c.name()).map(str::to_owned),
                Some(numbers(&e.ids)).filter(|n| !n.is_empty()).map(|n| format!("n° {n}")),
                e.time.as_ref().and_then(|t| t.french()),
                e.place.as_ref().map(words::organization),
            ];
            self.fact("Venue", &parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
            e.parties.iter().for_each(|x| self.party("Responsable de la venue", x));
        }
        let full = |id: &Id| match &id.extension {
            Some(extension) => format!("{} ^ {extension}", id.root),
            None => id.root.clone(),
        };
        self.fact("Identifiant", &h.id.as_ref().map(full).unwrap_or_default());
        self.fact("Série de versions", &h.set_id.as_ref().map(full).unwrap_or_default());
        for r in &h.related {
            let what = if r.type_code == "RPLC" { "Remplace" } else { "Lié à" };
            self.fact(what, &r.ids.iter().map(full).collect::<Vec<_>>().join(", "));
        }
        let label = |c: &super::model::Code| c.name().unwrap_or_default().to_owned();
        self.fact("Confidentialité", &h.confidentiality.as_ref().map(label).unwrap_or_default());
        h.consents.iter().for_each(|c| self.fact("Consentement", &label(c)));
    }

    fn custodian(&mut self, h: &Header) {
        if let Some(keeper) = &h.custodian {
            self.fact("Conservé par", &words::organization(keeper));
            self.contact("Adresse du laboratoire", &keeper.addresses, &keeper.telecoms);
        }
    }

    fn contact(&mut self, label: &str, addresses: &[Vec<String>], telecoms: &[String]) {
        let mut parts: Vec<String> = addresses.iter().map(|a| a.join(", ")).collect();
        parts.extend(telecoms.iter().map(|t| words::telecom(t)));
        self.fact(label, &parts.join(" · "));
    }

    fn party(&mut self, label: &str, p: &Party) {
        let mut parts = vec![words::party(p)];
        parts.extend(p.code.as_ref().and_then(|c| c.label.clone()));
        parts.extend(p.telecoms.iter().filter(|t| t.starts_with("mailto:")).map(|t| words::telecom(t)));
        parts.extend(p.time.as_ref().and_then(|t| t.french()));
        parts.retain(|t| !t.is_empty());
        self.fact(label, &parts.join(", "));
    }

    fn section(&mut self, d: &Document, s: &Section, level: usize) {
        self.blank();
        let title = s.title.as_deref().or(s.code.as_ref().and_then(|c| c.name())).unwrap_or("Section");
        let title =
            if level == 0 { format!("== {} ==", title.to_uppercase()) } else { format!("-- {title}") };
        self.title(&title);
        if let Some(n) = &s.narrative {
            let mut flow = Flow {
                document: d,
                width: self.options.width,
                lines: Vec::new(),
                run: String::new(),
                notes: Vec::new(),
            };
            flow.items(&n.nodes, Setting::default(), "");
            flow.flush("");
            let (lines, notes) = (flow.lines, flow.notes);
            lines.iter().for_each(|l| self.line(l));
            for (i, note) in notes.iter().enumerate() {
                self.wrapped("", &format!("[{}] {note}", i + 1));
            }
        }
        s.sections.iter().for_each(|inner| self.section(d, inner, level + 1));
    }

    fn entries(&mut self, s: &Section) {
        s.entries.iter().for_each(|e| self.statement(e, 0));
        s.sections.iter().for_each(|inner| self.entries(inner));
    }

    fn statement(&mut self, s: &Statement, level: usize) {
        let lead = "  ".repeat(level.min(12));
        let text = statement::line(s);
        if !text.is_empty() {
            self.wrapped(&lead, &text);
        }
        s.parts.iter().for_each(|part| self.statement(part, level + 1));
    }
}

/// A text between two marks.
pub(super) fn styled(text: &str, marks: [char; 2]) -> String {
    if text.is_empty() { String::new() } else { format!("{}{text}{}", marks[0], marks[1]) }
}

/// The narrative of a section being laid out.
struct Flow<'d> {
    document: &'d Document,
    width: usize,
    lines: Vec<String>,
    /// Text of the current paragraph; `\n` breaks it.
    run: String,
    notes: Vec<String>,
}

impl Flow<'_> {
    fn flush(&mut self, lead: &str) {
        let run = std::mem::take(&mut self.run);
        if run.chars().all(|c| c.is_whitespace() || is_mark(c)) {
            return;
        }
        let width = self.width.saturating_sub(lead.chars().count()).max(10);
        let follow = " ".repeat(lead.chars().count());
        for (i, piece) in table::wrap(&run, width).into_iter().enumerate() {
            self.lines.push(format!("{}{piece}", if i == 0 { lead } else { &follow }));
        }
    }

    fn items(&mut self, items: &[Item], under: Setting, lead: &str) {
        items.iter().for_each(|item| self.item(item, under, lead));
    }

    fn item(&mut self, item: &Item, under: Setting, lead: &str) {
        let (tag, own, children) = match item {
            Item::Text(text) => return self.push(text),
            Item::Element { tag, setting, children, .. } => (tag, *setting, children),
        };
        match tag {
            Tag::Table => {
                self.flush(lead);
                if self.lines.last().is_some_and(|l| !l.is_empty()) {
                    self.lines.push(String::new());
                }
                let rows = self.rows(children, own);
                self.lines.extend(table::lay_out(&rows, self.width));
            }
            Tag::List { ordered } => {
                self.flush(lead);
                let mut number = 0;
                for child in children {
                    if let Item::Element { tag: Tag::Item, setting, children, .. } = child {
                        number += 1;
                        let bullet =
                            if *ordered { format!("{lead}{number}. ") } else { format!("{lead}• ") };
                        self.styled(*setting, own, |f, s| f.items(children, s, &bullet));
                        self.flush(&bullet);
                    } else {
                        self.item(child, own, lead);
                    }
                }
            }
            Tag::Paragraph | Tag::Caption | Tag::Item => {
                self.flush(lead);
                self.styled(own, under, |f, s| f.items(children, s, lead));
                self.flush(lead);
            }
            Tag::Break => self.run.push('\n'),
            Tag::Footnote => {
                let text = self.apart(children);
                self.notes.push(text);
                self.run.push_str(&format!(" [{}]", self.notes.len()));
            }
            Tag::FootnoteRef(id) => self.run.push_str(&format!(" [voir {id}]")),
            Tag::Link(href) => {
                self.styled(own, under, |f, s| f.items(children, s, lead));
                if !href.is_empty() && !href.starts_with('#') {
                    self.run.push_str(&format!(" (adresse : {href})"));
                }
            }
            Tag::Media(ids) => {
                for id in ids {
                    let found = self.document.attachments.iter().find(|a| a.id == *id);
                    let what = match found {
                        Some(a) if a.is_pdf() => "PDF joint",
                        Some(a) if a.image_type().is_some() => "image, à voir dans la page HTML ou le PDF",
                        Some(_) => "fichier joint",
                        None => "fichier absent",
                    };
                    self.run.push_str(&format!("[{what} : {id}]"));
                }
            }
            Tag::Sup => {
                self.run.push('^');
                self.items(children, under, lead);
            }
            Tag::Sub => {
                self.run.push('_');
                self.items(children, under, lead);
            }
            Tag::Content | Tag::Head | Tag::Body | Tag::Row | Tag::Cell { .. } => {
                self.styled(own, under, |f, s| f.items(children, s, lead));
            }
        }
    }

    /// White space of the source is one space.
    fn push(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) && !self.run.ends_with(char::is_whitespace) {
            self.run.push(' ');
        }
        for (i, word) in text.split_whitespace().enumerate() {
            if i > 0 {
                self.run.push(' ');
            }
            self.run.push_str(word);
        }
        if text.ends_with(char::is_whitespace) && !self.run.ends_with(char::is_whitespace) {
            self.run.push(' ');
        }
    }

    /// Adds the marks of a style around what is written inside, unless they are there already.
    fn styled(&mut self, own: Setting, under: Setting, inside: impl FnOnce(&mut Self, Setting)) {
        let new = [
            (own.bold && !under.bold, BOLD),
            (own.underline && !under.underline, UNDERLINE),
            (own.italic && !under.italic, ITALIC),
        ];
        let begin = new.iter().filter(|(on, _)| *on).map(|(_, marks)| marks[0]);
        self.run.extend(begin);
        inside(
            self,
            Setting {
                bold: own.bold || under.bold,
                italic: own.italic || under.italic,
                underline: own.underline || under.underline,
            },
        );
        let end = new.iter().rev().filter(|(on, _)| *on).map(|(_, marks)| marks[1]);
        self.run.extend(end);
    }

    /// The text of a footnote or cell, on its own; lists and paragraphs are lines, a table inside is its rows.
    fn apart(&mut self, children: &[Item]) -> String {
        let mut inner = Flow {
            document: self.document,
            width: 10_000,
            lines: Vec::new(),
            run: String::new(),
            notes: Vec::new(),
        };
        inner.notes = std::mem::take(&mut self.notes);
        inner.items(children, Setting::default(), "");
        inner.flush("");
        self.notes = inner.notes;
        inner.lines.join("\n")
    }

    fn rows(&mut self, children: &[Item], under: Setting) -> Vec<Vec<CellText>> {
        let mut rows = Vec::new();
        for child in children {
            let Item::Element { tag, setting, children, .. } = child else { continue };
            match tag {
                Tag::Head | Tag::Body => rows.extend(self.rows(children, *setting)),
                Tag::Row => {
                    let bold = setting.bold || under.bold;
                    rows.push(children.iter().filter_map(|c| self.cell(c, bold)).collect());
                }
                Tag::Caption => {
                    let text = self.apart(children);
                    self.lines.push(text);
                }
                _ => {}
            }
        }
        rows
    }

    fn cell(&mut self, item: &Item, row_bold: bool) -> Option<CellText> {
        let Item::Element { tag: Tag::Cell { header, columns, rows }, setting, children, .. } = item else {
            return None;
        };
        let text = self.apart(children);
        let bold = *header || setting.bold || row_bold;
        let text = if bold && !text.contains(BOLD[0]) { styled(&text, BOLD) } else { text };
        Some(CellText { text, columns: *columns, rows: *rows })
    }
}
