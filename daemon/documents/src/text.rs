//! The report as plain text, for the preview in a terminal: same words and order as the CDA and the PDF.

use paillasse_shared::domain::report::{Report, ReportStatus};

use crate::narrative::{Line, Narrative, Note};
use crate::{DOCUMENT_TITLE, wording};

/// Width of the text, in characters.
const WIDTH: usize = 96;
/// Widths of the columns.
const COLUMNS: [usize; 5] = [34, 16, 12, 16, 18];

/// Renders a report as plain text of at most 96 columns. Nothing is checked: a preview may be incomplete.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    header(&mut out, report);
    let narrative = Narrative::of(report);
    for chapter in &narrative.chapters {
        line(&mut out, "");
        line(&mut out, &format!("== {} ==", chapter.title.to_uppercase()));
        for sub in &chapter.subs {
            if let Some(title) = &sub.title {
                line(&mut out, &format!("-- {title}"));
            }
            sub.sampling.iter().for_each(|s| wrapped(&mut out, "", s));
            row(
                &mut out,
                0,
                ["Analyse", "Résultat", "Unité", "Référence", "Antériorités"].map(str::to_owned),
            );
            sub.lines().iter().for_each(|l| table_line(&mut out, l));
            sub.notes.iter().for_each(|n| note(&mut out, n));
            sub.closing.iter().for_each(|c| wrapped(&mut out, "", c));
        }
    }
    if !narrative.comments.is_empty() {
        line(&mut out, "");
        narrative.comments.iter().for_each(|n| note(&mut out, n));
    }
    line(&mut out, "");
    let signed = format!(
        "Biologiste responsable : {}, signé le {}",
        wording::professional(&report.responsible),
        report.signed_at.french()
    );
    wrapped(&mut out, "", &signed);
    narrative.mentions.iter().for_each(|(_, mention)| wrapped(&mut out, "", &mention.text));
    if let Some(notice) = &narrative.notice {
        wrapped(&mut out, "", notice);
    }
    out
}

fn header(out: &mut String, r: &Report) {
    if r.training {
        line(out, "*** ÉCOLE : document d'exercice, sans valeur médicale ***");
    }
    line(out, DOCUMENT_TITLE);
    let state = match r.status {
        ReportStatus::Final => "définitif",
        ReportStatus::Partial => "partiel",
    };
    let version = format!("Compte rendu {state}, version {} du {}", r.version, r.created_at.french());
    line(out, &version);
    wrapped(
        out,
        "",
        &format!("{}, {}", r.laboratory.name, wording::address(&r.laboratory.address).join(", ")),
    );
    let t = &r.patient.traits;
    let born = format!(
        "Patient : {} {}, sexe {}, date de naissance {}",
        t.birth_name.as_str(),
        t.first_name.as_str(),
        t.sex.letter(),
        t.birth_date.french()
    );
    wrapped(out, "", &born);
    let used = [r.patient.used.name.as_ref(), r.patient.used.first_name.as_ref()];
    let used: Vec<&str> = used.into_iter().flatten().map(|n| n.as_str()).collect();
    if !used.is_empty() {
        line(out, &format!("Identité utilisée : {}", used.join(" ")));
    }
    if let Some(ins) = &r.patient.ins {
        line(out, &format!("Matricule INS : {} ({})", ins.matricule.compact(), ins.oid.nature().label()));
    }
    line(out, &format!("Dossier n° {}", r.request.extension));
    if let Some(p) = &r.prescriber {
        line(out, &format!("Prescripteur : {}", wording::professional(&p.professional)));
    }
    let recipients: Vec<String> = r
        .recipients
        .iter()
        .map(|x| match (&x.person, &x.organization) {
            (Some(p), _) => wording::professional(p),
            (None, Some(o)) => o.name.clone(),
            (None, None) => String::new(),
        })
        .collect();
    if !recipients.is_empty() {
        wrapped(out, "", &format!("Destinataires : {}", recipients.join(", ")));
    }
}

fn table_line(out: &mut String, l: &Line<'_>) {
    match l {
        Line::Heading { text, level, .. } => line(out, &format!("{}{text}", indent(*level))),
        Line::Result { row: r, level } => {
            let shown = if r.sign.is_empty() { r.result.clone() } else { format!("{} {}", r.result, r.sign) };
            let previous: Vec<String> =
                r.previous.iter().map(|p| format!("{} ({})", p.value, p.day)).collect();
            let label = [r.label.as_str(), r.mark].join(" ").trim_end().to_owned();
            if r.unit.is_empty() && r.reference.is_empty() && shown.chars().count() > COLUMNS[1] {
                wrapped(out, &indent(*level), &format!("{label} : {shown}"));
            } else {
                let cells = [label, shown, r.unit.clone(), r.reference.clone(), previous.join(" ")];
                row(out, *level, cells);
            }
            if let Some(method) = &r.method {
                line(out, &format!("{}  ({method})", indent(*level)));
            }
        }
        Line::Second { row: r, label, level } => {
            row(
                out,
                *level,
                [(*label).to_owned(), r.result.clone(), r.unit.clone(), r.reference.clone(), String::new()],
            );
        }
        Line::Note { note: n, .. } => note(out, n),
        Line::Image { source, .. } => line(out, &format!("[image : {}]", source.title)),
    }
}

fn indent(level: u8) -> String {
    "  ".repeat(usize::from(level))
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn note(out: &mut String, n: &Note) {
    wrapped(out, "  | ", &n.text);
}

/// Cells over as many lines as the longest needs.
fn row(out: &mut String, level: u8, cells: [String; 5]) {
    let broken: Vec<Vec<String>> =
        cells.iter().zip(COLUMNS).map(|(cell, width)| wrap(cell, width - 1)).collect();
    let height = broken.iter().map(Vec::len).max().unwrap_or(0);
    for i in 0..height {
        let mut text = indent(level);
        for (column, width) in broken.iter().zip(COLUMNS) {
            let cell = column.get(i).map_or("", String::as_str);
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
        line(out, &text);
    }
}

fn wrapped(out: &mut String, lead: &str, text: &str) {
    for piece in wrap(text, WIDTH - lead.chars().count()) {
        line(out, &format!("{lead}{piece}"));
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        for word in paragraph.split_whitespace() {
            let mut word = word;
            // A word longer than a line (a sequence, a link) is cut, so that nothing leaves the screen.
            while word.chars().count() > width.max(1) {
                if !current.is_empty() {
                    lines.push(std::mem::take(&mut current));
                }
                let at = word.char_indices().nth(width.max(1)).map_or(word.len(), |(i, _)| i);
                let (head, tail) = word.split_at(at);
                lines.push(head.to_owned());
                word = tail;
            }
            let together = current.chars().count() + 1 + word.chars().count();
            if !current.is_empty() && together > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}
