//! `paillasse dossier`: requests, results, validations.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use paillasse_shared::domain::dossier::{CorrespondentRole, DossierState};
use paillasse_shared::domain::ids::CorrespondentId;
use paillasse_shared::protocol::dossier::{
    AddParams, CorrespondentChoice, CreateParams, DossierLine, DossierView, ListParams, OrderLine,
    ReceivedFrom, ResultCancelParams, ResultEnterParams, ResultView, TraceCallParams, ValidateParams,
};
use paillasse_shared::protocol::methods::{
    DossierAdd, DossierBilling, DossierCreate, DossierGet, DossierLabels, DossierList, DossierPreview,
    DossierPreviewFiles, DossierTraceCall, DossierValidate, DossierValidateTechnical, Empty, ResultCancel,
    ResultEnter, ValidationWorklist,
};

use super::page::{Page, Table, or_empty};
use super::session::{Outcome, Session, bytes_of, dossier_ref, file_error};
use super::value::{self, Target};

/// Commands about dossiers.
#[derive(Debug, Subcommand)]
pub enum DossierCommand {
    #[command(about = "Liste les dossiers")]
    List {
        #[arg(long, value_name = "PATIENT", help = "De ce patient seulement")]
        patient: Option<Target>,
        #[arg(
            long,
            value_name = "ÉTAT",
            value_parser = value::dossier_state,
            help = "Dans cet état seulement : registered, in-progress, to-validate, partial, complete"
        )]
        state: Option<DossierState>,
        #[arg(
            long,
            conflicts_with_all = ["patient", "state", "limit"],
            help = "La liste de validation du biologiste, dans son ordre"
        )]
        to_validate: bool,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N dossiers (100 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Montre un dossier : résultats, documents, envois")]
    Show {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
    },
    #[command(about = "Ouvre un dossier")]
    Create {
        #[arg(long, value_name = "PATIENT", help = "Pour ce patient")]
        patient: Target,
        #[arg(
            long = "analysis",
            value_name = "CODE",
            value_delimiter = ',',
            help = "Code d'une analyse ou d'un examen ; se répète, ou se sépare par des virgules"
        )]
        analyses: Vec<String>,
        #[command(flatten)]
        people: People,
        #[arg(
            long,
            value_name = "ID",
            requires = "lab_number",
            help = "Dossier reçu d'un autre LBM (correspondant) : le compte rendu ne part que vers lui"
        )]
        from_lab: Option<CorrespondentId>,
        #[arg(long, value_name = "N°", requires = "from_lab", help = "Numéro de dossier chez ce LBM")]
        lab_number: Option<String>,
        #[arg(long, help = "Urgent")]
        urgent: bool,
        #[arg(long, value_name = "DATE", value_parser = value::time, help = "Prélevé le (maintenant sans cette option)")]
        sampled_at: Option<Timestamp>,
        #[arg(long, value_name = "DATE", help = "Prescrit le AAAA-MM-JJ (aujourd'hui sans cette option)")]
        prescribed_on: Option<String>,
        #[arg(
            long,
            value_name = "CLÉ",
            help = "Clé de cet acte : répété avec la même clé, il ne crée rien de plus"
        )]
        request_id: Option<String>,
    },
    #[command(about = "Ajoute des analyses ou des correspondants à un dossier")]
    Add {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(
            long = "analysis",
            value_name = "CODE",
            value_delimiter = ',',
            help = "Code d'une analyse ou d'un examen ; se répète, ou se sépare par des virgules"
        )]
        analyses: Vec<String>,
        #[command(flatten)]
        people: People,
    },
    #[command(about = "Saisit un résultat ; une valeur vide retire celle qui n'est pas encore validée")]
    Result {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(value_name = "ANALYSE", help = "Code de l'analyse")]
        analysis: String,
        #[arg(
            value_name = "VALEUR",
            allow_hyphen_values = true,
            help = "Valeur, par exemple 4,1 ou « < 0,5 »"
        )]
        value: String,
        #[arg(long, value_name = "TEXTE", help = "Commentaire de ce résultat")]
        comment: Option<String>,
    },
    #[command(about = "Note qu'une analyse ne sera pas faite")]
    CancelResult {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(value_name = "ANALYSE", help = "Code de l'analyse")]
        analysis: String,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: String,
    },
    #[command(about = "Valide techniquement")]
    ValidateTechnical {
        #[command(flatten)]
        which: Which,
    },
    #[command(about = "Valide biologiquement : le compte rendu est construit et ses envois prévus")]
    Validate {
        #[command(flatten)]
        which: Which,
        #[arg(long, help = "Retient le compte rendu : rien ne part avant « document release »")]
        hold: bool,
        #[arg(long, help = "Rend le compte rendu invisible au patient")]
        invisible: bool,
    },
    #[command(about = "Note que le prescripteur a été prévenu de résultats critiques")]
    TraceCall {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(value_name = "NOTE", help = "Qui a été prévenu, et de quoi")]
        note: String,
    },
    #[command(
        about = "Montre le compte rendu tel qu'il partirait maintenant ; rien n'est construit ni gardé"
    )]
    Preview {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(long, value_name = "FICHIER", help = "Écrit la page HTML dans ce fichier")]
        html: Option<PathBuf>,
        #[arg(long, value_name = "FICHIER", help = "Écrit le PDF dans ce fichier")]
        pdf: Option<PathBuf>,
    },
    #[command(about = "Relevé pour facturation : texte, ou PDF avec --output ; il ne porte jamais l'INS")]
    Billing {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
        #[arg(long, value_name = "FICHIER", help = "Écrit le PDF dans ce fichier (- : sortie standard)")]
        output: Option<PathBuf>,
    },
    #[command(about = "Texte des étiquettes d'un dossier")]
    Labels {
        #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
        id: Target,
    },
}

/// Correspondents with their role.
#[derive(Debug, clap::Args)]
pub struct People {
    #[arg(long, value_name = "ID", help = "Prescripteur (voir « paillasse correspondent search »)")]
    prescriber: Option<CorrespondentId>,
    #[arg(long, value_name = "ID", help = "Médecin traitant")]
    attending: Option<CorrespondentId>,
    #[arg(long, value_name = "ID", help = "En copie ; se répète")]
    copy: Vec<CorrespondentId>,
}

impl People {
    fn choices(self) -> Vec<CorrespondentChoice> {
        use CorrespondentRole as R;
        let one = |who: Option<CorrespondentId>, role| {
            who.map(|correspondent| CorrespondentChoice { correspondent, role })
        };
        let copies = self.copy.into_iter().map(|c| CorrespondentChoice { correspondent: c, role: R::Copy });
        let named = one(self.prescriber, R::Prescriber).into_iter();
        named.chain(one(self.attending, R::AttendingPhysician)).chain(copies).collect()
    }
}

/// What to validate.
#[derive(Debug, clap::Args)]
pub struct Which {
    #[arg(value_name = "DOSSIER", help = "Identifiant ou numéro du dossier")]
    id: Target,
    #[arg(
        long = "analysis",
        value_name = "CODE",
        value_delimiter = ',',
        help = "Ces analyses seulement ; sans cette option, tout ce qui peut l'être"
    )]
    analyses: Vec<String>,
    #[arg(long, value_name = "N", value_parser = value::number, help = "Version vue : refuse si le dossier a changé depuis")]
    seen_version: Option<i64>,
}

impl Which {
    fn params(self, hold: bool, invisible: bool) -> ValidateParams {
        let target = dossier_ref(self.id);
        ValidateParams {
            id: target.id,
            number: target.number,
            version: self.seen_version,
            analyses: self.analyses,
            hold,
            invisible,
        }
    }
}

impl DossierCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::List { to_validate: true, .. } => {
                s.show::<ValidationWorklist>(&Empty {}, |p, r| lines(p, &r.dossiers))
            }
            Self::List { patient, state, limit, .. } => {
                let params = ListParams { patient: s.patient_filter(patient)?, state, limit };
                s.show::<DossierList>(&params, |p, r| lines(p, &r.dossiers))
            }
            Self::Show { id } => s.show::<DossierGet>(&dossier_ref(id), view),
            Self::Create {
                patient,
                analyses,
                people,
                from_lab,
                lab_number,
                urgent,
                sampled_at,
                prescribed_on,
                request_id,
            } => {
                let params = CreateParams {
                    patient: Some(s.patient_id(patient)?),
                    analyses,
                    correspondents: people.choices(),
                    sampled_at,
                    urgent,
                    prescribed_on,
                    received_from: from_lab
                        .zip(lab_number)
                        .map(|(laboratory, number)| ReceivedFrom { laboratory, number }),
                    request_id,
                };
                s.show::<DossierCreate>(&params, view)
            }
            Self::Add { id, analyses, people } => {
                let params = AddParams { id: s.dossier_id(id)?, analyses, correspondents: people.choices() };
                s.show::<DossierAdd>(&params, view)
            }
            Self::Result { id, analysis, value, comment } => {
                let params = ResultEnterParams { dossier: s.dossier_id(id)?, analysis, value, comment };
                s.show::<ResultEnter>(&params, view)
            }
            Self::CancelResult { id, analysis, motive } => {
                let params = ResultCancelParams { dossier: s.dossier_id(id)?, analysis, motive };
                s.show::<ResultCancel>(&params, view)
            }
            Self::ValidateTechnical { which } => {
                s.show::<DossierValidateTechnical>(&which.params(false, false), view)
            }
            Self::Validate { which, hold, invisible } => {
                s.show::<DossierValidate>(&which.params(hold, invisible), view)
            }
            Self::TraceCall { id, note } => {
                let params = TraceCallParams { id: s.dossier_id(id)?, note };
                s.show::<DossierTraceCall>(&params, view)
            }
            Self::Preview { id, html, pdf } if html.is_some() || pdf.is_some() => {
                let files = s.call::<DossierPreviewFiles>(&dossier_ref(id))?;
                let mut written = Vec::new();
                for (path, base64) in [(html, files.html), (pdf, files.pdf)] {
                    let Some(path) = path else { continue };
                    let bytes = bytes_of(&base64)?;
                    std::fs::write(&path, &bytes).map_err(|e| file_error(&path, &e))?;
                    written.push(serde_json::json!({ "file": path, "bytes": bytes.len() }));
                }
                s.print(&written, |p, files| {
                    for f in files {
                        let path = f["file"].as_str().unwrap_or_default();
                        p.line(format!("{path} ({} octets)", f["bytes"]));
                    }
                })
            }
            Self::Preview { id, .. } => {
                s.show::<DossierPreview>(&dossier_ref(id), |p, r| p.line(r.text.trim_end()))
            }
            Self::Billing { id, output: None } => {
                s.show::<DossierBilling>(&dossier_ref(id), |p, r| p.line(r.text.trim_end()))
            }
            Self::Billing { id, output: Some(path) } => {
                let slip = s.call::<DossierBilling>(&dossier_ref(id))?;
                let bytes = bytes_of(&slip.base64)?;
                if path == Path::new("-") {
                    return s.write_bytes(&bytes).map(|()| 0);
                }
                std::fs::write(&path, &bytes).map_err(|e| file_error(&path, &e))?;
                let written = serde_json::json!({ "file": path, "bytes": bytes.len() });
                s.print(&written, |p, _| p.line(format!("{} ({} octets)", path.display(), bytes.len())))
            }
            Self::Labels { id } => s.show::<DossierLabels>(&dossier_ref(id), |p, r| {
                for (i, label) in r.labels.iter().enumerate() {
                    if i > 0 {
                        p.line("");
                    }
                    label.iter().for_each(|line| p.line(line));
                }
            }),
        }
    }
}

fn lines(p: &mut Page, dossiers: &[DossierLine]) {
    let mut table = Table::new(&[
        ">Id",
        "Numéro",
        "Ouvert le",
        "Patient",
        "Identité",
        "État",
        ">Rendus",
        "Pire",
        "Urgent",
    ]);
    for d in dossiers {
        table.row([
            d.id.to_string(),
            d.number.clone(),
            p.time(d.opened_at),
            d.patient_name.clone(),
            d.status.label().to_owned(),
            d.state.label().to_owned(),
            format!("{}/{}", d.done, d.total),
            d.worst.map(|f| f.french().to_owned()).unwrap_or_default(),
            if d.urgent { "urgent".to_owned() } else { String::new() },
        ]);
    }
    p.table(table, "Aucun dossier.");
}

fn view(p: &mut Page, d: &DossierView) {
    p.title(&format!("Dossier {}{}", d.number, if d.urgent { " · URGENT" } else { "" }));
    let people: Vec<_> = d
        .correspondents
        .iter()
        .map(|c| {
            format!("{} {} ({})", c.correspondent.facts.family, c.correspondent.facts.given, c.role.label())
        })
        .collect();
    p.facts([
        ("Identifiant", Some(d.id.to_string())),
        ("Patient", Some(d.patient.to_string())),
        ("État", Some(d.state.label().to_owned())),
        ("Ouvert le", Some(p.time(d.opened_at))),
        ("Prélevé le", Some(p.time(d.sampled_at))),
        ("Correspondants", Some(people.join(", "))),
        (
            "Reçu de",
            d.received_from.as_ref().map(|r| format!("{}, dossier {}", r.laboratory.facts.family, r.number)),
        ),
        ("Départ", d.received_from.as_ref().map(|r| r.why.clone())),
    ]);
    d.alerts.iter().for_each(|alert| p.line(format!("  ! {alert}")));
    for chapter in &d.chapters {
        p.title(&chapter.title);
        results(p, &chapter.results);
    }
    for document in &d.documents {
        let kind = if document.is_final { "complet" } else { "partiel" };
        let held = if document.held { ", RETENU" } else { "" };
        let hidden = if document.invisible { ", INVISIBLE au patient" } else { "" };
        let at = p.time(document.built_at);
        p.title(&format!(
            "Document {} (version {}, {kind}{held}{hidden}, {at})",
            document.id, document.version
        ));
        orders(p, &document.orders);
    }
    if d.state != DossierState::Complete && !d.departures.is_empty() {
        p.title("Au départ après validation");
        let mut table = Table::new(&["Vers", "Destinataire", "Ce qui retiendrait"]);
        for departure in &d.departures {
            table.row([
                departure.service.label().to_owned(),
                departure.recipient.clone(),
                or_empty(departure.why.as_deref()),
            ]);
        }
        p.table(table, "");
    }
}

fn results(p: &mut Page, results: &[ResultView]) {
    let mut table =
        Table::new(&["Code", "Analyse", ">Résultat", "", "Unité", "Référence", "Antérieur", "État"]);
    for r in results {
        let before = r.previous.first().map(|b| format!("{} ({})", b.shown, p.time(b.at)));
        table.row([
            r.analysis.clone(),
            r.label.clone(),
            r.shown.clone(),
            r.flag.map(|f| f.french().to_owned()).unwrap_or_default(),
            or_empty(r.unit.as_deref()),
            or_empty(r.reference.as_deref()),
            before.unwrap_or_default(),
            r.state.label().to_owned(),
        ]);
    }
    p.table(table, "Aucun résultat.");
    for r in results {
        if let Some(comment) = &r.comment {
            p.line(format!("  {} : {comment}", r.analysis));
        }
    }
}

/// Orders of a document.
pub fn orders(p: &mut Page, orders: &[OrderLine]) {
    let mut table = Table::new(&[">Ordre", "Vers", "Destinataire", "État", "Depuis", "Pourquoi"]);
    for o in orders {
        table.row([
            o.id.to_string(),
            o.service.label().to_owned(),
            o.recipient.clone(),
            o.state.label().to_owned(),
            p.time(o.since),
            or_empty(o.why.as_deref()),
        ]);
    }
    p.table(table, "Aucun envoi.");
}
