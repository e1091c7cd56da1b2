//! `paillasse ins`: the INSi cycle.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use paillasse_shared::domain::identity::{DeviceKind, FieldComparison, Level};
use paillasse_shared::domain::ids::ReturnId;
use paillasse_shared::protocol::card::{CallParams, ShowParams};
use paillasse_shared::protocol::ins::{
    DecideParams, FetchParams, FetchState, PendingReturn, QualifyParams, Stats, StatsParams, VerifyParams,
};
use paillasse_shared::protocol::methods::{
    CardShow, Empty, InsAccept, InsCompare, InsFetch, InsFetchAllNames, InsFetchByCard, InsQualify,
    InsRefuse, InsStats, InsValidate, InsVerify, InsWorklist, SessionHello,
};
use paillasse_shared::protocol::patient::PatientRef;
use paillasse_shared::protocol::session::HelloParams;
use paillasse_shared::protocol::{ErrorKind, VERSION, WireError};

use super::page::{Page, Table, french_date, or_empty};
use super::patient::{insi, record};
use super::session::{Outcome, Session, file_error};
use super::value::{self, Target};
use crate::messages as words;

/// How long a call that waits for INSi may take: the service itself is given 30 s.
const FETCH: Duration = Duration::from_secs(60);

/// Commands about INSi.
#[derive(Debug, Subcommand)]
pub enum InsCommand {
    #[command(about = "Appelle INSi pour un patient et attend sa réponse")]
    Fetch {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(long, help = "N'attend pas la réponse : l'appel se fait en arrière-plan")]
        no_wait: bool,
        #[arg(long, conflicts_with = "all_names", help = "Par la carte lue sur ce poste")]
        card: bool,
        #[arg(
            long,
            value_name = "N",
            requires = "card",
            help = "Cette personne de la carte, par son numéro"
        )]
        person: Option<u8>,
        #[arg(long, help = "Tous les prénoms et le lieu à la fois, quand plusieurs personnes répondent")]
        all_names: bool,
    },
    #[command(about = "Appels faits, par mois, site et mode : réponses, échecs, délai moyen")]
    Stats {
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=60), help = "Sur N mois (12 sans cette option)")]
        months: Option<u8>,
    },
    #[command(about = "Compare l'identité locale avec le retour qui attend une décision")]
    Compare {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
    #[command(about = "Accepte le retour d'INSi")]
    Accept {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(
            long = "return",
            value_name = "N",
            help = "Le retour que l'on a vu ; sans elle, celui qui attend"
        )]
        seen: Option<ReturnId>,
        #[arg(long, help = "Accepte malgré un nom, une date ou un sexe contraires")]
        despite_contradiction: bool,
    },
    #[command(about = "Refuse le retour d'INSi")]
    Refuse {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: Option<String>,
        #[arg(
            long = "return",
            value_name = "N",
            help = "Le retour que l'on a vu ; sans elle, celui qui attend"
        )]
        seen: Option<ReturnId>,
    },
    #[command(about = "Enregistre la pièce d'identité vue, et valide ainsi l'identité")]
    Qualify {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(
            long,
            value_name = "PIÈCE",
            value_parser = value::device,
            help = "cni, passeport, sejour, france-identite, circulation, livret, acte, ou un code de « ins documents »"
        )]
        device: DeviceKind,
        #[arg(long, value_name = "PIÈCE", value_parser = value::device, help = "Pièce d'un parent, pour un mineur")]
        parent_device: Option<DeviceKind>,
    },
    #[command(about = "Valide l'identité sur la pièce enregistrée, là où l'enregistrer ne suffit pas")]
    Validate {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
    #[command(about = "Liste les pièces admises par le laboratoire, avec leur niveau de confiance")]
    Documents,
    #[command(about = "Demande à INSi de vérifier des identités qui en viennent")]
    Verify {
        #[arg(
            value_name = "PATIENT",
            required_unless_present_any = ["file", "due"],
            help = "Identifiants de patients, ou numéros de dossiers"
        )]
        ids: Vec<Target>,
        #[arg(long, value_name = "FICHIER", help = "Ces patients aussi, un par ligne")]
        file: Option<PathBuf>,
        #[arg(long, help = "Toutes celles dont la vérification est due, étalées sur la nuit prochaine")]
        due: bool,
    },
    #[command(about = "Liste les retours d'INSi qui attendent une décision")]
    Worklist,
}

impl InsCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::Fetch { id, no_wait, card, person, all_names } => {
                let params = FetchParams { id: s.patient_id(id)?, wait: !no_wait };
                let answer = match (card, all_names) {
                    (true, _) => by_card(s, params, person)?,
                    (_, true) => s.call_within::<InsFetchAllNames>(&params, FETCH)?,
                    _ => s.call_within::<InsFetch>(&params, FETCH)?,
                };
                s.print(&answer, |p, r| {
                    let words = insi(p, &r.insi);
                    p.line(words);
                })
            }
            Self::Compare { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<InsCompare>(&params, comparison)
            }
            Self::Accept { id, seen, despite_contradiction } => {
                let id = s.patient_id(id)?;
                let params = DecideParams { id, return_id: seen, despite_contradiction, motive: None };
                s.show::<InsAccept>(&params, record)
            }
            Self::Refuse { id, motive, seen } => {
                let id = s.patient_id(id)?;
                let params = DecideParams { id, return_id: seen, despite_contradiction: false, motive };
                s.show::<InsRefuse>(&params, record)
            }
            Self::Qualify { id, device, parent_device } => {
                let params = QualifyParams { id: s.patient_id(id)?, device, parent_device };
                s.show::<InsQualify>(&params, record)
            }
            Self::Validate { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<InsValidate>(&params, record)
            }
            Self::Documents => s.show::<SessionHello>(
                &HelloParams { protocol: VERSION, ..HelloParams::default() },
                |p, hello| {
                    let mut table = Table::new(&["Code", "Pièce", "Confiance", "Pour un mineur"]);
                    for d in &hello.identity.devices {
                        let minor = if d.with_parent { "avec la pièce d'un parent" } else { "" };
                        table.row([
                            d.kind.code().to_owned(),
                            d.label.clone(),
                            d.confidence().to_owned(),
                            minor.to_owned(),
                        ]);
                    }
                    p.table(table, "Aucune pièce n'est admise.");
                },
            ),
            Self::Verify { mut ids, file, due } => {
                if let Some(file) = file {
                    ids.extend(targets(&file)?);
                }
                let ids = ids.into_iter().map(|id| s.patient_id(id)).collect::<Result<_, _>>()?;
                s.show::<InsVerify>(&VerifyParams { ids, due }, |p, r| {
                    p.line(match r.queued {
                        0 => "Aucune vérification à faire.".to_owned(),
                        1 => "1 vérification prévue.".to_owned(),
                        n => format!("{n} vérifications prévues."),
                    });
                })
            }
            Self::Stats { months } => s.show::<InsStats>(&StatsParams { months }, stats),
            Self::Worklist => s.show::<InsWorklist>(&Empty {}, |p, r| {
                let mut table =
                    Table::new(&[">Patient", "Nom", "Né(e) le", "Identité", "INSi", "Demandé par"]);
                for item in &r.items {
                    table.row([
                        item.patient.to_string(),
                        item.name.clone(),
                        french_date(&item.birth_date),
                        item.status.label().to_owned(),
                        insi(p, &item.insi),
                        item.asked_by.clone(),
                    ]);
                }
                p.table(table, "Aucun retour n'attend.");
            }),
        }
    }
}

/// By the card of this workstation, whatever was read last.
fn by_card(s: &mut Session<'_>, p: FetchParams, position: Option<u8>) -> Result<FetchState, WireError> {
    let shown = s.call::<CardShow>(&ShowParams { patient: Some(p.id) })?;
    let card = shown.card.ok_or_else(|| {
        WireError::refused("aucune carte n'a été lue sur ce poste").hint("la lire : paillasse card read")
    })?;
    let params = CallParams { id: p.id, reading: card.reading, position, wait: p.wait };
    s.call_within::<InsFetchByCard>(&params, FETCH)
}

fn stats(p: &mut Page, r: &Stats) {
    let mut table = Table::new(&[
        "Mois",
        "Site",
        "Mode",
        ">Appels",
        ">Trouvé",
        ">Personne",
        ">Plusieurs",
        ">Échec",
        ">Réussite",
        ">Délai",
    ]);
    for l in &r.lines {
        table.row([
            l.month.clone(),
            l.site.clone(),
            words::insi_mode(&l.mode).to_owned(),
            l.calls.to_string(),
            l.found.to_string(),
            l.not_found.to_string(),
            l.several.to_string(),
            l.failed.to_string(),
            format!("{} %", (l.found * 100 + l.calls / 2) / l.calls.max(1)),
            format!("{:.1} s", l.mean_ms as f64 / 1000.0).replace('.', ","),
        ]);
    }
    p.table(table, "Aucun appel.");
}

/// Patients of a file, one a line.
fn targets(file: &Path) -> Result<Vec<Target>, WireError> {
    let text = fs::read_to_string(file).map_err(|e| file_error(file, &e))?;
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(n, line)| {
            line.parse().map_err(|why| {
                let cause = format!("{}, ligne {} : {why}", file.display(), n + 1);
                WireError::new(ErrorKind::Invalid, cause)
            })
        })
        .collect()
}

fn comparison(p: &mut Page, r: &PendingReturn) {
    p.title(&format!("Retour {} pour le patient {}, le {}", r.id, r.patient, p.time(r.at)));
    p.line(format!("  {}", r.how));
    let mut table = Table::new(&["", "", "Ici", "INSi", "Remarque"]);
    for field in &r.comparison.fields {
        let (sign, remark) = judge(field);
        table.row([
            words::trait_name(field.field).to_owned(),
            sign.to_owned(),
            or_empty(field.local.as_deref()),
            or_empty(field.insi.as_deref()),
            field.note.clone().unwrap_or_else(|| remark.to_owned()),
        ]);
    }
    p.table(table, "");
    if let Some(other) = r.held_by {
        p.line(format!("Le patient {other} porte déjà ce matricule : n'acceptez pas avant d'avoir regardé."));
    }
    if let (Some(other), None) = (r.also_known, r.held_by) {
        p.line(format!(
            "Le patient {other} porte ou a porté un matricule de cette personne : doublon possible."
        ));
    }
    if r.comparison.contradictions() > 0 {
        p.line("Une contradiction demande --despite-contradiction pour accepter.");
    }
}

fn judge(field: &FieldComparison) -> (&'static str, &'static str) {
    let remark = field.explanation.map(words::explanation).unwrap_or_default();
    match field.level {
        Level::Same => ("=", remark),
        Level::Close => ("≈", remark),
        Level::Added => ("+", if remark.is_empty() { "apporté par INSi" } else { remark }),
        Level::Different => ("≠", if remark.is_empty() { "contradiction" } else { remark }),
    }
}
