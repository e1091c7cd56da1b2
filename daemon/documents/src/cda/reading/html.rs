//! A read CDA as one HTML page that needs nothing else and can do nothing.
//!
//! The page has no script, no form, no address to anything outside; a policy inside it forbids them to the browser as
//! well. A style sheet that came inside the document is honoured in a frame: the document as it was received, in an
//! `iframe` with an empty `sandbox` (no script, no form, no navigation, an origin of its own), under the same policy,
//! which lets `data:` through for the style sheet alone. Our own rendering stays above it, so that nothing depends on
//! a browser that still runs XSLT.
//!
//! Invariant: every character of the document goes through [`escape`]; media are images whose bytes are images, or
//! downloads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::model::{Attachment, Document, Header, INS_ARC, Level, Party, Section};
use super::narrative::{Item, Setting, Tag};
use super::words;
use crate::cda::stylesheet::CSS;

/// Writes the page. With `own`, the document as received, its own style sheet is shown in a frame too.
#[must_use]
pub fn page(document: &Document, own: Option<&[u8]>) -> String {
    written(document, own, false)
}

/// The page of a report that is not validated: it begins by saying so (DOC-14).
#[must_use]
pub fn preview(document: &Document) -> String {
    written(document, None, true)
}

fn written(document: &Document, own: Option<&[u8]>, draft: bool) -> String {
    let mut p = Page { out: String::with_capacity(64 * 1024), document, shown: BTreeSet::new() };
    let title = document.header.title.as_deref().unwrap_or("Document");
    p.raw("<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\">");
    let policy = if own.is_some() {
        "default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; frame-src data:; script-src data:"
    } else {
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    };
    let _ = write!(p.out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    p.element("title", "", title);
    let _ = writeln!(p.out, "<style>{CSS}</style></head><body><main>");
    if draft {
        p.element("p", "flag", crate::wording::DRAFT);
    }
    p.head();
    p.flags();
    document.sections.iter().for_each(|s| p.section(s, 0, None));
    if document.level == Level::One {
        document.attachments.iter().for_each(|a| p.file(a));
    }
    p.closing();
    if let Some(bytes) = own {
        p.raw("<details><summary>Présentation d'origine, avec la feuille de style du document</summary>");
        let _ = write!(
            p.out,
            "<iframe sandbox=\"\" title=\"Présentation d'origine\" src=\"data:application/xml;base64,{}\"></iframe></details>",
            STANDARD.encode(bytes)
        );
    }
    p.raw("</main></body></html>\n");
    p.out
}

struct Page<'d> {
    out: String,
    document: &'d Document,
    /// Files already in the page: a document that shows one a thousand times gives one copy.
    shown: BTreeSet<&'d str>,
}

impl<'d> Page<'d> {
    fn raw(&mut self, html: &str) {
        self.out.push_str(html);
    }

    fn text(&mut self, text: &str) {
        escape(&mut self.out, text);
    }

    fn element(&mut self, tag: &str, class: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.open(tag, class);
        self.text(text);
        let _ = writeln!(self.out, "</{tag}>");
    }

    fn open(&mut self, tag: &str, class: &str) {
        if class.is_empty() {
            let _ = write!(self.out, "<{tag}>");
        } else {
            let _ = write!(self.out, "<{tag} class=\"{class}\">");
        }
    }

    fn fact(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.raw("<div class=\"fact\"><span>");
            self.text(&format!("{label} : "));
            self.raw("</span>");
            self.text(text);
            self.raw("</div>\n");
        }
    }

    fn head(&mut self) {
        let h = &self.document.header;
        self.raw("<header><div>");
        if let Some(keeper) = &h.custodian {
            self.element("div", "lab", &words::organization(keeper));
            keeper.addresses.iter().for_each(|a| self.element("div", "soft", &a.join(", ")));
        }
        let performer =
            h.acts.first().and_then(|a| a.performers.first()).and_then(|p| p.organization.as_ref());
        let telecoms = performer.or(h.custodian.as_ref()).map(|o| o.telecoms.as_slice()).unwrap_or_default();
        let telecoms: Vec<String> = telecoms.iter().map(|t| words::telecom(t)).collect();
        self.element("div", "soft", &telecoms.join(" · "));
        self.element("div", "soft", &numbers(h).join(" · "));
        self.raw("</div><div class=\"doc\">");
        let title = h.title.as_deref().or(h.code.as_ref().and_then(|c| c.name()));
        self.element("h1", "", title.unwrap_or("Document"));
        match h.acts.first().and_then(|a| a.status.as_deref()) {
            Some("active") => {
                self.element("div", "alert", "Compte rendu partiel : des résultats sont en cours")
            }
            Some("completed") => self.element("div", "state", "Compte rendu définitif"),
            Some("aborted") => self.element("div", "alert", "Examens abandonnés"),
            _ => {}
        }
        if let Some(number) = h.acts.first().and_then(|a| a.ids.first()).and_then(|i| i.extension.as_deref())
        {
            self.element("div", "fact", &format!("Dossier n° {number}"));
        }
        let made = h.created.as_ref().and_then(|t| t.french()).unwrap_or_default();
        self.element("div", "fact", &format!("Édité le {made}"));
        self.version(h);
        self.raw("</div></header>\n<div class=\"boxes\"><div class=\"box wide\">");
        self.patient(h);
        self.raw("</div><div class=\"box\">");
        self.people(h);
        self.raw("</div></div>\n");
    }

    fn version(&mut self, h: &Header) {
        let Some(version) = h.version.as_deref().filter(|v| *v != "1") else { return };
        let before = version.parse::<u32>().ok().and_then(|v| v.checked_sub(1));
        let text = match (before, h.replaces()) {
            (Some(before), Some(_)) => format!("Version {version} : annule et remplace la version {before}"),
            _ => format!("Version {version}"),
        };
        self.element("div", "alert", &text);
    }

    fn patient(&mut self, h: &Header) {
        let p = &h.patient;
        self.element("div", "cap", "Patient");
        let of =
            |q| [p.name.family_of(q), p.name.given_of(q)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let who = [Some("BR"), None].map(of).into_iter().find(|n| !n.is_empty()).unwrap_or_default();
        self.element("div", "who", &who);
        for (qualifier, text) in &p.name.family {
            let label = match qualifier.as_deref() {
                Some("BR") => "Nom de naissance",
                Some(_) => "Nom utilisé",
                None => "Nom",
            };
            self.fact(label, text);
        }
        for (qualifier, text) in &p.name.given {
            let label = match qualifier.as_deref() {
                Some("BR") => "Premier prénom",
                Some(_) => "Prénom utilisé",
                None => "Prénoms",
            };
            self.fact(label, text);
        }
        self.fact("Date de naissance", &p.born.as_deref().map(words::date).unwrap_or_default());
        let sex = match p.gender.as_ref().and_then(|g| g.code.as_deref()) {
            Some("F") => "F (féminin)",
            Some("M") => "M (masculin)",
            _ => "non connu",
        };
        self.fact("Sexe", sex);
        let place = match (&p.birth_place, &p.birth_place_code) {
            (Some(city), Some(code)) => format!("{city} ({code})"),
            (city, code) => city.clone().or(code.clone()).unwrap_or_default(),
        };
        self.fact("Lieu de naissance", &place);
        for id in &p.ids {
            let number = id.extension.as_deref().unwrap_or(&id.root);
            match id.root.strip_prefix(INS_ARC) {
                Some("9") => self.fact("Matricule INS", &format!("{number} (NIA)")),
                Some(_) => self.fact("Matricule INS", &format!("{number} (NIR)")),
                None => self.fact("N° patient", number),
            }
        }
        p.addresses.iter().for_each(|a| self.fact("Adresse", &a.join(", ")));
        let telecoms: Vec<String> = p.telecoms.iter().map(|t| words::telecom(t)).collect();
        self.element("div", "fact", &telecoms.join(" · "));
    }

    fn people(&mut self, h: &Header) {
        let of = |code: &'static str| {
            h.parties.iter().filter(move |p| p.role == "participant" && p.type_code.as_deref() == Some(code))
        };
        for p in of("REF") {
            self.element("div", "cap", "Prescripteur");
            self.element("div", "b", &words::party(&Party { organization: None, ..p.clone() }));
            let rpps = p.ids.first().and_then(|i| i.extension.as_deref()).and_then(|e| e.strip_prefix('8'));
            self.fact("RPPS", rpps.unwrap_or_default());
            let telecoms: Vec<String> = p.telecoms.iter().map(|t| words::telecom(t)).collect();
            self.element("div", "fact", &telecoms.join(" · "));
            let day = p.time.as_ref().and_then(|t| t.end()).and_then(|d| d.get(..8)).map(words::date);
            self.fact("Prescription du", &day.unwrap_or_default());
        }
        for order in &h.orders {
            self.fact("Prescription n°", order.extension.as_deref().unwrap_or(&order.root));
        }
        self.element("div", "cap", "Demande");
        for p in of("PRF") {
            self.fact("Préleveur", &words::party(&Party { organization: None, ..p.clone() }));
        }
        let time = h.acts.first().and_then(|a| a.time.as_ref());
        let sampled = first_sampling(&self.document.sections);
        self.fact("Prélevé le", &sampled.map(|s| words::date(&s)).unwrap_or_default());
        let date = |d: Option<&String>| d.map(|d| words::date(d)).unwrap_or_default();
        self.fact("Reçu le", &date(time.and_then(|t| t.low.as_ref())));
        self.fact("Résultats rendus le", &date(time.and_then(|t| t.high.as_ref())));
        for id in h.encounter.iter().flat_map(|e| &e.ids) {
            self.fact("Venue n°", id.extension.as_deref().unwrap_or(&id.root));
        }
        of("INF").for_each(|p| self.fact("Médecin traitant", &words::party(p)));
        let recipients: Vec<String> = h.of_role("informationRecipient").map(words::party).collect();
        if !recipients.is_empty() {
            self.element("div", "cap", "Destinataires");
            recipients.iter().for_each(|r| self.element("div", "fact", r));
        }
    }

    fn flags(&mut self) {
        if self.document.flags.is_empty() {
            return;
        }
        self.raw("<ul class=\"flag\">");
        self.document.flags.iter().take(50).for_each(|f| self.element("li", "", &f.french()));
        self.raw("</ul>\n");
    }

    fn section(&mut self, s: &'d Section, level: usize, above: Option<&str>) {
        self.raw("<section>");
        let title = s.title.as_deref().or(s.code.as_ref().and_then(|c| c.name())).unwrap_or_default();
        let copy = s.code.as_ref().and_then(|c| c.code.as_deref()) == Some("55108-5");
        match level {
            _ if copy || Some(title) == above => {}
            0 => self.element("h2", "", title),
            _ => self.element("h3", "", title),
        }
        if let Some(n) = &s.narrative {
            n.nodes.iter().for_each(|item| self.item(item));
        }
        s.sections.iter().for_each(|inner| self.section(inner, level + 1, Some(title)));
        self.raw("</section>\n");
    }

    fn item(&mut self, item: &'d Item) {
        let (tag, setting, children) = match item {
            Item::Text(text) => return self.text(text),
            Item::Element { tag, setting, children, .. } => (tag, *setting, children),
        };
        let plain = match tag {
            Tag::Content => "span",
            Tag::Paragraph => "p",
            Tag::List { ordered: true } => "ol",
            Tag::List { ordered: false } => "ul",
            Tag::Item => "li",
            Tag::Table => return self.table(children),
            Tag::Head => "thead",
            Tag::Body => "tbody",
            Tag::Row => "tr",
            Tag::Caption => "caption",
            Tag::Sub => "sub",
            Tag::Sup => "sup",
            Tag::Break => return self.raw("<br>"),
            Tag::Cell { header, columns, rows } => {
                let name = if *header { "th" } else { "td" };
                let _ = write!(self.out, "<{name}");
                for (attribute, n) in [("colspan", columns), ("rowspan", rows)] {
                    if *n > 1 {
                        let _ = write!(self.out, " {attribute}=\"{n}\"");
                    }
                }
                let class = class(setting);
                if !class.is_empty() {
                    let _ = write!(self.out, " class=\"{class}\"");
                }
                self.raw(">");
                children.iter().for_each(|c| self.item(c));
                let _ = write!(self.out, "</{name}>");
                return;
            }
            Tag::Footnote => {
                self.raw("<span class=\"soft\"> (");
                children.iter().for_each(|c| self.item(c));
                return self.raw(")</span>");
            }
            Tag::FootnoteRef(id) => return self.element("sup", "", id),
            Tag::Link(href) => {
                children.iter().for_each(|c| self.item(c));
                if !href.is_empty() && !href.starts_with('#') {
                    self.element("span", "soft", &format!(" ({href})"));
                }
                return;
            }
            Tag::Media(ids) => return ids.iter().for_each(|id| self.media(id)),
        };
        self.open(plain, &class(setting));
        children.iter().for_each(|c| self.item(c));
        let _ = write!(self.out, "</{plain}>");
    }

    /// A table; the one of our own reports has its columns set.
    fn table(&mut self, children: &'d [Item]) {
        self.open("table", if is_result_table(children) { "res" } else { "" });
        // Text between the rows of a table has no place in HTML.
        children.iter().filter(|c| !matches!(c, Item::Text(_))).for_each(|c| self.item(c));
        self.raw("</table>\n");
    }

    fn media(&mut self, id: &str) {
        let document = self.document;
        match document.attachments.iter().find(|a| a.id == id) {
            Some(a) if self.shown.contains(a.id.as_str()) => {
                self.element("span", "soft", "[déjà montré plus haut]")
            }
            Some(a) => {
                self.shown.insert(&a.id);
                self.file(a);
            }
            None => self.element("span", "flag", &format!("[fichier absent : {id}]")),
        }
    }

    fn file(&mut self, a: &Attachment) {
        if let Some(kind) = a.image_type() {
            let _ = write!(self.out, "<img alt=\"image jointe\" src=\"data:{kind};base64,");
            STANDARD.encode_string(&a.bytes, &mut self.out);
            return self.raw("\">");
        }
        // The name is ours: one of the document could mislead.
        let (kind, name, words) = if a.is_pdf() {
            ("application/pdf", "document.pdf", "Document PDF joint")
        } else {
            ("application/octet-stream", "document.bin", "Fichier joint")
        };
        let _ = write!(self.out, "<a download=\"{name}\" href=\"data:{kind};base64,");
        STANDARD.encode_string(&a.bytes, &mut self.out);
        self.raw("\">");
        self.text(words);
        self.raw("</a>");
    }

    fn closing(&mut self) {
        let h = &self.document.header;
        if let Some(signer) = h.of_role("legalAuthenticator").next() {
            let who = words::party(&Party { organization: None, ..signer.clone() });
            self.element("p", "b", &format!("Biologiste responsable : {who}"));
            let at = signer.time.as_ref().and_then(|t| t.french()).unwrap_or_default();
            self.element("p", "soft", &format!("Compte rendu signé le {at}"));
        }
        let legend = legend(self.document);
        self.element("p", "soft", &legend.join(" · "));
        let keeper = h.custodian.as_ref().map(words::organization).unwrap_or_default();
        let made = h.created.as_ref().and_then(|t| t.french()).unwrap_or_default();
        let version = h.version.as_deref().unwrap_or("?");
        let number = h.acts.first().and_then(|a| a.ids.first()).and_then(|i| i.extension.as_deref());
        let foot = format!("{keeper} · Dossier n° {} · version {version} du {made}", number.unwrap_or("?"));
        self.element("footer", "soft", &foot);
    }
}

fn numbers(h: &Header) -> Vec<String> {
    let mut out = Vec::new();
    let finess = h.custodian.as_ref().and_then(|k| k.ids.first()).and_then(|i| i.extension.as_deref());
    out.extend(finess.and_then(|e| e.strip_prefix('1')).map(|n| format!("FINESS {n}")));
    let parties = h.encounter.iter().flat_map(|e| &e.parties);
    let ids = parties.filter_map(|p| p.organization.as_ref()).flat_map(|o| &o.ids);
    out.extend(
        ids.filter(|i| i.root == "1.2.250.1.213.6.3.1")
            .filter_map(|i| i.extension.as_deref())
            .map(|n| format!("Accréditation Cofrac n° {n}, portée sur www.cofrac.fr")),
    );
    out
}

/// First sampling time of the entries.
fn first_sampling(sections: &[Section]) -> Option<String> {
    fn walk(s: &super::model::Statement, best: &mut Option<String>) {
        if s.kind == super::model::Kind::Procedure
            && let Some(at) = s.time.as_ref().and_then(|t| t.end())
            && best.as_deref().is_none_or(|b| at < b)
        {
            *best = Some(at.to_owned());
        }
        s.parts.iter().for_each(|p| walk(p, best));
    }
    let mut best = None;
    let mut left: Vec<&Section> = sections.iter().collect();
    while let Some(s) = left.pop() {
        s.entries.iter().for_each(|e| walk(e, &mut best));
        left.extend(&s.sections);
    }
    best
}

/// The signs of the results explained, those only that are used.
fn legend(d: &Document) -> Vec<&'static str> {
    const MEANINGS: [(&[&str], &str); 11] = [
        (&["H", "HU"], "H : au-dessus des valeurs de référence"),
        (&["L", "LU"], "B : au-dessous des valeurs de référence"),
        (&["HH"], "HH : très au-dessus, alerte"),
        (&["LL"], "BB : très au-dessous, alerte"),
        (&["A"], "* : anormal"),
        (&["AA"], "** : très anormal, alerte"),
        (&["S"], "S : sensible"),
        (&["SDD"], "SFD : sensible à forte posologie"),
        (&["I"], "I : intermédiaire"),
        (&["R"], "R : résistant"),
        (&["NS"], "NS : non sensible"),
    ];
    fn walk<'a>(s: &'a super::model::Statement, used: &mut BTreeSet<&'a str>) {
        if s.link.as_deref() != Some("REFR") {
            used.extend(s.interpretations.iter().filter_map(|i| i.code.as_deref()));
        }
        s.parts.iter().for_each(|p| walk(p, used));
    }
    let mut used = BTreeSet::new();
    let mut left: Vec<&Section> = d.sections.iter().collect();
    while let Some(s) = left.pop() {
        s.entries.iter().for_each(|e| walk(e, &mut used));
        left.extend(&s.sections);
    }
    MEANINGS.iter().filter(|(codes, _)| codes.iter().any(|c| used.contains(c))).map(|(_, m)| *m).collect()
}

fn is_result_table(children: &[Item]) -> bool {
    fn inside<'a>(items: &'a [Item], wanted: &Tag) -> Option<&'a [Item]> {
        items.iter().find_map(|item| match item {
            Item::Element { tag, children, .. } if tag == wanted => Some(children.as_slice()),
            _ => None,
        })
    }
    let row = inside(children, &Tag::Head).and_then(|head| inside(head, &Tag::Row)).unwrap_or_default();
    let mut cells = row.iter().filter_map(|c| match c {
        Item::Element { children, .. } => Some(children),
        Item::Text(_) => None,
    });
    let first = cells.next().and_then(|c| c.first());
    cells.count() == 4 && matches!(first, Some(Item::Text(t)) if t == "Analyse")
}

fn class(s: Setting) -> String {
    let all = [(s.bold, "b"), (s.italic, "i"), (s.underline, "u")];
    all.iter().filter(|(on, _)| *on).map(|(_, c)| *c).collect::<Vec<_>>().join(" ")
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
