//! Sections of the CR-BIO: chapters, comments, notice, second intention, and the copy of the PDF, always last.

use paillasse_shared::domain::report::{Image, Report};

use super::xml::Xml;
use super::{coded, derived_uuid, entries, loinc, templates};
use crate::narrative::{ChapterText, Line, Narrative, Note, SubText};

/// Writes `component/structuredBody`.
pub(super) fn write(x: &mut Xml, r: &Report, n: &Narrative<'_>, pdf: &str) {
    x.nest("component", &[], |x| {
        x.nest("structuredBody", &[], |x| {
            n.chapters.iter().for_each(|c| section(x, |x| chapter(x, r, c)));
            for note in &n.comments {
                section(x, |x| comment(x, r, "Commentaire", note));
            }
            for (title, note) in &n.mentions {
                section(x, |x| comment(x, r, title, note));
            }
            if let Some(text) = &n.notice {
                let note = Note { id: "notice".into(), text: text.clone() };
                section(x, |x| comment(x, r, "Information du patient", &note));
            }
            if let Some(attached) = &r.second_intention {
                let kind = Attachment {
                    section: "1.2.250.1.213.1.1.2.60",
                    code: ("101792-0", "Résultats de laboratoire scannés"),
                    title: "Résultats de laboratoire de biologie de seconde intention",
                    caption: &attached.title,
                    id: "seconde-intention",
                };
                section(x, |x| attachment(x, r, &kind, &attached.base64));
            }
            let kind = Attachment {
                section: "1.2.250.1.213.1.1.2.243",
                code: ("55108-5", "Copie du document"),
                title: "Copie du document",
                caption: "Copie PDF du document",
                id: "copie-pdf",
            };
            section(x, |x| attachment(x, r, &kind, pdf));
        });
    });
}

fn section(x: &mut Xml, content: impl FnOnce(&mut Xml)) {
    x.nest("component", &[], |x| x.nest("section", &[], content));
}

fn chapter(x: &mut Xml, r: &Report, c: &ChapterText<'_>) {
    templates(x, &["1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.250.1.213.1.1.2.70"]);
    coded(x, "code", &c.source.code);
    x.leaf("title", &[], &c.title);
    for sub in &c.subs {
        section(x, |x| {
            templates(x, &["1.3.6.1.4.1.19376.1.3.3.2.2", "1.2.250.1.213.1.1.2.71"]);
            // A waiting code is allowed for a chapter; a sub-chapter is coded in LOINC or not at all.
            let code = sub.source.code.as_ref().unwrap_or(&c.source.code);
            if code.system == super::OID_LOINC {
                coded(x, "code", code);
            }
            x.leaf("title", &[], sub.title.as_deref().unwrap_or(&c.title));
            narrative(x, sub);
            entries::write(x, r, sub, sub.source.code.as_ref().unwrap_or(&c.source.code));
        });
    }
}

const COLUMNS: [&str; 5] = ["Analyse", "Résultat", "Unité", "Référence", "Antériorités"];

fn narrative(x: &mut Xml, sub: &SubText<'_>) {
    x.nest("text", &[], |x| {
        for line in &sub.sampling {
            x.leaf("paragraph", &[], line);
        }
        x.nest("table", &[("border", "1")], |x| {
            x.nest("thead", &[], |x| {
                x.nest("tr", &[], |x| COLUMNS.iter().for_each(|c| x.leaf("th", &[("align", "left")], c)));
            });
            x.nest("tbody", &[], |x| sub.lines().iter().for_each(|line| row(x, line)));
        });
        for note in &sub.notes {
            x.mixed("paragraph", &[], |x| content(x, &note.id, &note.text, None));
            x.line_break();
        }
        for line in &sub.closing {
            x.leaf("paragraph", &[], line);
        }
    });
}

fn row(x: &mut Xml, line: &Line<'_>) {
    x.mixed("tr", &[], |x| match line {
        Line::Heading { id, text, .. } => {
            x.mixed("td", &[("colspan", "5")], |x| content(x, id, text, Some("Bold")));
        }
        Line::Note { note, .. } => {
            x.mixed("td", &[("colspan", "5")], |x| content(x, &note.id, &note.text, Some("Italics")));
        }
        Line::Image { id, source } => x.mixed("td", &[("colspan", "5")], |x| {
            content(x, id, &source.title, None);
            x.inline_empty("br", &[]);
            x.inline_empty("renderMultiMedia", &[("referencedObject", &format!("{id}-i"))]);
        }),
        Line::Second { row, label, .. } => {
            x.mixed("td", &[], |x| content(x, &row.id, label, None));
            x.mixed("td", &[], |x| content(x, &format!("{}-r", row.id), &row.result, None));
            x.inline("td", &[], &row.unit);
            x.mixed("td", &[], |x| lines(x, &row.reference));
            x.inline_empty("td", &[]);
        }
        Line::Result { row, .. } => {
            x.mixed("td", &[], |x| {
                content(x, &row.id, &row.label, None);
                if !row.mark.is_empty() {
                    x.text(" ");
                    x.text(row.mark);
                }
                if let Some(method) = &row.method {
                    x.inline_empty("br", &[]);
                    content(x, &row.method_id(), method, Some("Italics"));
                }
            });
            x.mixed("td", &[], |x| {
                content(x, &row.result_id(), &row.result, row.abnormal.then_some("Bold"));
                if !row.sign.is_empty() {
                    x.text(" ");
                    x.inline("content", &[("styleCode", "Bold")], row.sign);
                }
            });
            x.inline("td", &[], &row.unit);
            x.mixed("td", &[], |x| lines(x, &row.reference));
            x.mixed("td", &[], |x| {
                for (i, p) in row.previous.iter().enumerate() {
                    if i > 0 {
                        x.inline_empty("br", &[]);
                    }
                    content(x, &p.id, &p.value, p.abnormal.then_some("Bold"));
                    x.text(&format!(" ({})", p.day));
                }
            });
        }
    });
    x.line_break();
}

fn content(x: &mut Xml, id: &str, text: &str, style: Option<&str>) {
    match style {
        Some(style) => x.mixed("content", &[("ID", id), ("styleCode", style)], |x| lines(x, text)),
        None => x.mixed("content", &[("ID", id)], |x| lines(x, text)),
    }
}

/// Text whose line breaks are kept.
fn lines(x: &mut Xml, text: &str) {
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            x.inline_empty("br", &[]);
        }
        x.text(line);
    }
}

/// A comment on the report: "commentaire non codé".
fn comment(x: &mut Xml, r: &Report, title: &str, note: &Note) {
    templates(x, &["2.16.840.1.113883.10.12.201", "1.3.6.1.4.1.19376.1.4.1.2.16", "1.2.250.1.213.1.1.2.73"]);
    x.empty("id", &[("root", &derived_uuid(r, &note.id))]);
    loinc(x, "55112-7", "Commentaire");
    x.leaf("title", &[], title);
    x.nest("text", &[], |x| {
        x.mixed("paragraph", &[], |x| content(x, &note.id, &note.text, None));
        x.line_break();
    });
}

/// The two sections that carry a PDF have the same shape.
struct Attachment<'a> {
    section: &'a str,
    code: (&'a str, &'a str),
    title: &'a str,
    caption: &'a str,
    id: &'a str,
}

fn attachment(x: &mut Xml, r: &Report, kind: &Attachment<'_>, base64: &str) {
    let caption_id = format!("titre-{}", kind.id);
    let (code, label) = kind.code;
    templates(x, &[kind.section]);
    x.empty("id", &[("root", &derived_uuid(r, &format!("{}-section", kind.id)))]);
    loinc(x, code, label);
    x.leaf("title", &[], kind.title);
    x.nest("text", &[], |x| {
        x.nest("table", &[("border", "0")], |x| {
            x.nest("tbody", &[], |x| {
                x.nest("tr", &[], |x| {
                    x.mixed("td", &[], |x| content(x, &caption_id, kind.caption, None));
                    x.line_break();
                });
                x.nest("tr", &[], |x| {
                    x.mixed("td", &[], |x| {
                        x.inline_empty("renderMultiMedia", &[("referencedObject", kind.id)]);
                    });
                    x.line_break();
                });
            });
        });
    });
    x.nest("entry", &[], |x| {
        x.nest("organizer", &[("classCode", "CLUSTER"), ("moodCode", "EVN")], |x| {
            templates(x, &["1.2.250.1.213.1.1.3.18"]);
            x.empty("id", &[("root", &derived_uuid(r, &format!("{}-organizer", kind.id)))]);
            loinc(x, "55107-7", "Document attaché");
            x.empty("statusCode", &[("code", "completed")]);
            x.nest("component", &[], |x| {
                x.nest("observation", &[("classCode", "OBS"), ("moodCode", "EVN")], |x| {
                    templates(
                        x,
                        &[
                            "1.3.6.1.4.1.19376.1.5.3.1.4.13",
                            "1.2.250.1.213.1.1.3.48",
                            "1.2.250.1.213.1.1.3.48.18",
                        ],
                    );
                    x.empty("id", &[("root", &derived_uuid(r, &format!("{}-type", kind.id)))]);
                    loinc(x, "69764-9", "Type de document");
                    x.nest("text", &[], |x| x.empty("reference", &[("value", &format!("#{caption_id}"))]));
                    x.empty("statusCode", &[("code", "completed")]);
                    x.empty("effectiveTime", &[("nullFlavor", "NA")]);
                    x.empty(
                        "value",
                        &[
                            ("xsi:type", "CD"),
                            ("code", code),
                            ("displayName", label),
                            ("codeSystem", super::OID_LOINC),
                            ("codeSystemName", "LOINC"),
                        ],
                    );
                });
            });
            x.nest("component", &[], |x| media(x, kind.id, "application/pdf", base64));
        });
    });
}

/// `observationMedia` with its payload.
pub(super) fn media(x: &mut Xml, id: &str, media_type: &str, base64: &str) {
    x.nest("observationMedia", &[("classCode", "OBS"), ("moodCode", "EVN"), ("ID", id)], |x| {
        if media_type != "application/pdf" {
            templates(x, &["2.16.840.1.113883.10.12.304", "1.2.250.1.213.1.1.3.103"]);
        }
        x.raw_leaf("value", &[("mediaType", media_type), ("representation", "B64")], base64);
    });
}

/// Picture of a block.
pub(super) fn image(x: &mut Xml, id: &str, source: &Image) {
    let clean: String =
        source.base64.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    media(x, &format!("{id}-i"), &source.media_type, &clean);
}
