//! `paillasse received`: documents of other laboratories, attached, merged, embedded or put aside.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use clap::Subcommand;
use paillasse_shared::domain::ids::ReceivedId;
use paillasse_shared::protocol::methods::{
    ReceivedAttach, ReceivedClose, ReceivedGet, ReceivedList, ReceivedShow, ReceivedTake, ReceivedTakeIn,
};
use paillasse_shared::protocol::received::{
    AttachParams, CloseParams, GetParams, How, ListParams, ReceiveParams, ReceivedDetail, ReceivedForm,
    ReceivedRef, ReceivedView, TakeParams,
};

use super::messages;
use super::page::{Page, Table, or_empty};
use super::session::{Outcome, Session, bytes_of, file_error};
use super::value::{self, Target};

/// Commands about documents of other laboratories.
#[derive(Debug, Subcommand)]
pub enum ReceivedCommand {
    #[command(about = "Liste les documents reçus qui attendent une décision")]
    List {
        #[arg(long, help = "Ceux déjà décidés aussi")]
        all: bool,
        #[arg(long, value_name = "DOSSIER", help = "De ce dossier seulement")]
        dossier: Option<Target>,
    },
    #[command(about = "Montre un document reçu et ce qui est à décider avant de l'intégrer")]
    Show {
        #[arg(value_name = "REÇU", help = "Identifiant du document reçu")]
        id: ReceivedId,
        #[arg(long = "as", value_name = "VUE", value_parser = value::received_form, help = "pdf, text, header, structured, html ou cda : le contenu lui-même")]
        form: Option<ReceivedForm>,
        #[arg(short, long, value_name = "FICHIER", help = "Où l'écrire, au lieu de la sortie standard")]
        output: Option<PathBuf>,
    },
    #[command(about = "Rattache un document reçu à un dossier")]
    Attach {
        #[arg(value_name = "REÇU", help = "Identifiant du document reçu")]
        id: ReceivedId,
        #[arg(value_name = "DOSSIER", help = "Numéro du dossier")]
        number: String,
        #[arg(long, requires = "motive", help = "Bien que l'identité diffère")]
        despite_identity: bool,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: Option<String>,
    },
    #[command(
        about = "Intègre les résultats au compte rendu du dossier, avec le nom du laboratoire exécutant"
    )]
    Merge {
        #[arg(value_name = "REÇU", help = "Identifiant du document reçu")]
        id: ReceivedId,
        #[arg(long, value_name = "POINTS", value_delimiter = ',', help = "Points à garder")]
        keep: Vec<String>,
        #[arg(long, value_name = "POINTS", value_delimiter = ',', help = "Points à laisser")]
        skip: Vec<String>,
        #[arg(
            long,
            value_name = "CODES",
            value_delimiter = ',',
            help = "Analyses du dossier auxquelles il répond aussi"
        )]
        analysis: Vec<String>,
    },
    #[command(about = "Joint le PDF reçu au compte rendu du dossier")]
    Embed {
        #[arg(value_name = "REÇU", help = "Identifiant du document reçu")]
        id: ReceivedId,
        #[arg(
            long,
            value_name = "CODES",
            value_delimiter = ',',
            help = "Analyses du dossier auxquelles il répond"
        )]
        analysis: Vec<String>,
    },
    #[command(about = "Écarte un document reçu ; il reste conservé")]
    Close {
        #[arg(value_name = "REÇU", help = "Identifiant du document reçu")]
        id: ReceivedId,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: String,
    },
}

impl ReceivedCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        let take = |s: &mut Session<'_>, id, how, keep, skip, analyses| {
            let params = TakeParams { id, how, keep, skip, analyses };
            s.show::<ReceivedTake>(&params, |p, d| list(p, std::slice::from_ref(d)))
        };
        match self {
            Self::List { all, dossier } => {
                let params = ListParams { all, dossier: s.dossier_filter(dossier)? };
                s.show::<ReceivedList>(&params, |p, r| list(p, &r.documents))
            }
            Self::Show { id, form: None, .. } => s.show::<ReceivedShow>(&ReceivedRef { id }, detail),
            Self::Show { id, form: Some(form), output } => content(s, id, form, output.as_deref()),
            Self::Attach { id, number, despite_identity, motive } => {
                let params = AttachParams { id, number, despite_identity, motive };
                s.show::<ReceivedAttach>(&params, |p, d| list(p, std::slice::from_ref(d)))
            }
            Self::Merge { id, keep, skip, analysis } => take(s, id, How::Merge, keep, skip, analysis),
            Self::Embed { id, analysis } => take(s, id, How::Embed, vec![], vec![], analysis),
            Self::Close { id, motive } => {
                s.show::<ReceivedClose>(&CloseParams { id, motive }, |p, d| list(p, std::slice::from_ref(d)))
            }
        }
    }
}

/// `document receive FILE`.
pub fn receive(s: &mut Session<'_>, file: &Path) -> Outcome {
    let bytes = super::document_read::take(file)?;
    let params = ReceiveParams { base64: base64::engine::general_purpose::STANDARD.encode(bytes) };
    s.show::<ReceivedTakeIn>(&params, |p, d| {
        if d.repeated {
            p.line(messages::ALREADY_RECEIVED);
        }
        list(p, std::slice::from_ref(d));
    })
}

fn content(s: &mut Session<'_>, id: ReceivedId, form: ReceivedForm, output: Option<&Path>) -> Outcome {
    let content = s.call::<ReceivedGet>(&GetParams { id, form })?;
    let bytes = bytes_of(&content.base64)?;
    match output {
        Some(path) => fs::write(path, &bytes).map_err(|e| file_error(path, &e))?,
        None => s.write_bytes(&bytes)?,
    }
    Ok(0)
}

fn list(p: &mut Page, documents: &[ReceivedView]) {
    let mut table =
        Table::new(&[">Id", "Reçu le", "Laboratoire", "Titre", ">Version", "Remplace", "État", "Pourquoi"]);
    for d in documents {
        table.row([
            d.id.to_string(),
            p.time(d.received_at),
            d.sender.clone(),
            d.title.clone(),
            d.version.to_string(),
            d.replaces.map(|r| r.to_string()).unwrap_or_default(),
            d.state.label().to_owned(),
            or_empty(d.why.as_deref()),
        ]);
    }
    p.table(table, "Aucun document reçu.");
}

fn detail(p: &mut Page, r: &ReceivedDetail) {
    list(p, std::slice::from_ref(&r.document));
    r.flags.iter().for_each(|flag| p.line(format!("  ! {flag}")));
    p.line(format!("{} résultat(s) structuré(s), PDF : {}", r.results, super::page::yes(r.has_pdf)));
    let mut table = Table::new(&["Point", "Où", "Quoi", "Choix"]);
    for c in &r.conflicts {
        let choice = match (c.can_keep, c.can_skip) {
            (true, true) => "garder ou laisser",
            (true, false) => "garder, ou joindre le PDF",
            _ => "laisser, ou joindre le PDF",
        };
        table.row([c.item.clone(), c.place.clone(), c.what.clone(), choice.to_owned()]);
    }
    p.table(table, "Rien à décider : le document s'intègre tel quel.");
}
