//! `paillasse correspondent`, `paillasse catalogue`: whom to send to, what can be asked for.

use clap::{Args, Subcommand};
use paillasse_shared::domain::ids::CorrespondentId;
use paillasse_shared::protocol::dossier::{
    CatalogueHits, CatalogueSearchParams, Correspondent, CorrespondentParams, CorrespondentSearchParams,
    CorrespondentUpdateParams,
};
use paillasse_shared::protocol::methods::{
    CatalogueSearch, CorrespondentCreate, CorrespondentSearch, CorrespondentUpdate,
};

use super::page::{Page, Table, or_empty};
use super::session::{Outcome, Session};
use super::value;

/// Commands about correspondents.
#[derive(Debug, Subcommand)]
pub enum CorrespondentCommand {
    #[command(about = "Cherche un correspondant par nom ou ville")]
    Search {
        #[arg(value_name = "TEXTE", help = "Nom ou ville")]
        text: Vec<String>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N correspondants (20 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Crée un correspondant")]
    Create {
        #[command(flatten)]
        facts: Facts,
    },
    #[command(about = "Remplace les renseignements d'un correspondant")]
    Update {
        #[arg(value_name = "ID", help = "Identifiant du correspondant")]
        id: CorrespondentId,
        #[command(flatten)]
        facts: Facts,
    },
}

/// Facts about a correspondent.
#[derive(Debug, Args)]
pub struct Facts {
    #[arg(long, value_name = "NOM", help = "Nom")]
    family: String,
    #[arg(long, value_name = "PRÉNOM", default_value = "", help = "Prénom")]
    given: String,
    #[arg(long, value_name = "TITRE", help = "DR, PR… (table J246)")]
    title: Option<String>,
    #[arg(long, value_name = "RPPS", help = "Numéro RPPS, 11 chiffres")]
    rpps: Option<String>,
    #[arg(long, value_name = "CODE", help = "Profession et spécialité, par exemple G15_10/SM54 (table J01)")]
    profession: Option<String>,
    #[arg(long, value_name = "TEXTE", help = "Libellé de la profession")]
    profession_label: Option<String>,
    #[arg(long, value_name = "ADRESSE", help = "Adresse MSSanté")]
    mss_address: Option<String>,
    #[arg(long, value_name = "VILLE", help = "Ville")]
    town: Option<String>,
}

impl Facts {
    fn params(self) -> CorrespondentParams {
        CorrespondentParams {
            family: self.family,
            given: self.given,
            title: self.title,
            rpps: self.rpps,
            profession: self.profession,
            profession_label: self.profession_label,
            mss_address: self.mss_address,
            town: self.town,
        }
    }
}

impl CorrespondentCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::Search { text, limit } => {
                let params = CorrespondentSearchParams { text: text.join(" "), limit };
                s.show::<CorrespondentSearch>(&params, |p, r| correspondents(p, &r.correspondents))
            }
            Self::Create { facts } => s.show::<CorrespondentCreate>(&facts.params(), |p, c| {
                correspondents(p, std::slice::from_ref(c))
            }),
            Self::Update { id, facts } => {
                let params = CorrespondentUpdateParams { id, facts: facts.params() };
                s.show::<CorrespondentUpdate>(&params, |p, c| correspondents(p, std::slice::from_ref(c)))
            }
        }
    }
}

/// Commands about the catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    #[command(about = "Cherche une analyse ou un examen ; sans texte, tout le catalogue")]
    Search {
        #[arg(value_name = "TEXTE", help = "Libellé ou code")]
        text: Vec<String>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N lignes (30 sans cette option)")]
        limit: Option<u16>,
    },
}

impl CatalogueCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        let Self::Search { text, limit } = self;
        let params = CatalogueSearchParams { text: text.join(" "), limit };
        s.show::<CatalogueSearch>(&params, catalogue)
    }
}

fn correspondents(p: &mut Page, correspondents: &[Correspondent]) {
    let mut table = Table::new(&[">Id", "Nom", "Prénom", "Ville", "RPPS", "Profession", "Adresse MSSanté"]);
    for c in correspondents {
        let f = &c.facts;
        let title = f.title.as_deref().map(|t| format!("{t} ")).unwrap_or_default();
        table.row([
            c.id.to_string(),
            format!("{title}{}", f.family),
            f.given.clone(),
            or_empty(f.town.as_deref()),
            or_empty(f.rpps.as_deref()),
            or_empty(f.profession_label.as_deref().or(f.profession.as_deref())),
            or_empty(f.mss_address.as_deref()),
        ]);
    }
    p.table(table, "Aucun correspondant.");
}

fn catalogue(p: &mut Page, r: &CatalogueHits) {
    if !r.panels.is_empty() {
        p.title("Examens");
        let mut table = Table::new(&["Code", "Libellé", "Analyses"]);
        for panel in &r.panels {
            table.row([panel.code.clone(), panel.label.clone(), panel.analyses.join(" ")]);
        }
        p.table(table, "");
    }
    p.title("Analyses");
    let mut table = Table::new(&["Code", "Libellé", "Unité", "LOINC", "Prélèvement"]);
    for a in &r.analyses {
        table.row([
            a.code.clone(),
            a.label.clone(),
            or_empty(a.unit.as_deref()),
            or_empty(a.loinc.as_deref()),
            a.specimen.label.clone(),
        ]);
    }
    p.table(table, "Aucune analyse.");
}
