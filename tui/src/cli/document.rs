//! `paillasse document`: documents built, their bytes, decisions about their diffusion.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use paillasse_shared::protocol::document::{
    DecideParams, Decision, DocumentRef, DocumentView, Form, GetParams, ListParams,
};
use paillasse_shared::protocol::methods::{
    DocumentCompare, DocumentDecide, DocumentGet, DocumentList, DocumentRebuild,
};

use super::document_read::ReadArgs;
use super::dossier::orders;
use super::page::{Page, Table, yes};
use super::session::{Outcome, Session, bytes_of, file_error};
use super::value::{self, Target};

/// Commands about documents.
#[derive(Debug, Subcommand)]
pub enum DocumentCommand {
    #[command(about = "Liste les documents, les derniers d'abord")]
    List {
        #[arg(long, value_name = "PATIENT", help = "De ce patient seulement")]
        patient: Option<Target>,
        #[arg(long, value_name = "DOSSIER", help = "De ce dossier seulement")]
        dossier: Option<Target>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N documents (100 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Écrit un document dans un fichier")]
    Get {
        #[arg(
            value_name = "DOCUMENT",
            help = "Identifiant du document, ou numéro de dossier pour son dernier document"
        )]
        id: Target,
        #[arg(long = "as", value_name = "FORME", value_parser = value::form, default_value = "cda", help = "cda, pdf, html, text ou xdm")]
        form: Form,
        #[arg(
            short,
            long,
            value_name = "FICHIER",
            help = "Où l'écrire ; « - » pour la sortie standard ; sans cette option, sous son nom dans le dossier courant"
        )]
        output: Option<PathBuf>,
    },
    #[command(
        about = "Lit un document CDA d'où qu'il vienne, sans le garder : texte, page, PDF joint, données"
    )]
    Read(ReadArgs),
    #[command(about = "Compare les valeurs du CDA et du PDF d'un document ; code 1 si elles diffèrent")]
    Compare {
        #[arg(value_name = "DOCUMENT", help = "Identifiant, ou numéro de dossier pour son dernier document")]
        id: Target,
    },
    #[command(
        about = "Reconstruit un document depuis la base et compare les octets ; code 1 s'ils diffèrent"
    )]
    Rebuild {
        #[arg(value_name = "DOCUMENT", help = "Identifiant, ou numéro de dossier pour son dernier document")]
        id: Target,
    },
    #[command(about = "Reçoit le compte rendu d'un autre laboratoire et le rapproche de son dossier")]
    Receive {
        #[arg(value_name = "FICHIER", help = "Document CDA reçu")]
        file: PathBuf,
    },
    #[command(about = "Retient un document : rien ne part")]
    Hold {
        #[arg(
            value_name = "DOCUMENT",
            help = "Identifiant du document, ou numéro de dossier pour son dernier document"
        )]
        id: Target,
    },
    #[command(about = "Libère un document retenu")]
    Release {
        #[arg(
            value_name = "DOCUMENT",
            help = "Identifiant du document, ou numéro de dossier pour son dernier document"
        )]
        id: Target,
    },
    #[command(about = "Rend un document invisible au patient")]
    Hide {
        #[arg(
            value_name = "DOCUMENT",
            help = "Identifiant du document, ou numéro de dossier pour son dernier document"
        )]
        id: Target,
    },
    #[command(about = "Rend un document visible au patient")]
    Show {
        #[arg(
            value_name = "DOCUMENT",
            help = "Identifiant du document, ou numéro de dossier pour son dernier document"
        )]
        id: Target,
    },
}

impl DocumentCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::List { patient, dossier, limit } => {
                let params = ListParams {
                    patient: s.patient_filter(patient)?,
                    dossier: s.dossier_filter(dossier)?,
                    limit,
                };
                s.show::<DocumentList>(&params, |p, r| list(p, &r.documents))
            }
            Self::Get { id, form, output } => get(s, id, form, output.as_deref()),
            Self::Read(args) => args.run(s),
            Self::Compare { id } => compare(s, id),
            Self::Rebuild { id } => rebuild(s, id),
            Self::Receive { file } => super::received::receive(s, &file),
            Self::Hold { id } => decide(s, id, Decision::Hold),
            Self::Release { id } => decide(s, id, Decision::Release),
            Self::Hide { id } => decide(s, id, Decision::Hide),
            Self::Show { id } => decide(s, id, Decision::Show),
        }
    }
}

fn get(s: &mut Session<'_>, id: Target, form: Form, output: Option<&Path>) -> Outcome {
    let id = s.document_id(id)?;
    let content = s.call::<DocumentGet>(&GetParams { id, form })?;
    let bytes = bytes_of(&content.base64)?;
    if output == Some(Path::new("-")) {
        return s.write_bytes(&bytes).map(|()| 0);
    }
    // The daemon's name is a name, never a path: it must not lead out of the current folder.
    let own = Path::new(&content.file_name).file_name().map(PathBuf::from);
    let path = match (output, own) {
        (Some(path), _) => path.to_owned(),
        (None, Some(name)) => name,
        (None, None) => PathBuf::from(format!("document-{id}")),
    };
    fs::write(&path, &bytes).map_err(|e| file_error(&path, &e))?;
    let written = serde_json::json!({
        "file": path, "file_name": content.file_name, "media_type": content.media_type, "bytes": bytes.len(),
    });
    s.print(&written, |p, _| p.line(format!("{} ({} octets)", path.display(), bytes.len())))
}

fn compare(s: &mut Session<'_>, id: Target) -> Outcome {
    let id = s.document_id(id)?;
    let compared = s.call::<DocumentCompare>(&DocumentRef { id })?;
    s.print(&compared, |p, c| {
        if c.identical {
            p.line(format!("CDA et PDF disent la même chose ({} valeurs).", c.values));
        }
        c.only_in_cda
            .iter()
            .for_each(|v| p.line(format!("Dans le CDA, pas dans le PDF : {} = {}", v.label, v.value)));
        c.only_in_pdf.iter().for_each(|n| p.line(format!("Dans le PDF, pas dans le CDA : {n}")));
    })?;
    Ok(u8::from(!compared.identical))
}

fn rebuild(s: &mut Session<'_>, id: Target) -> Outcome {
    let id = s.document_id(id)?;
    let rebuilt = s.call::<DocumentRebuild>(&DocumentRef { id })?;
    let word =
        |same: bool| if same { "identique à l'octet près".to_owned() } else { "différent".to_owned() };
    s.print(&rebuilt, |p, r| {
        p.facts([("CDA", Some(word(r.same_cda))), ("PDF", Some(word(r.same_pdf)))]);
    })?;
    Ok(u8::from(!(rebuilt.same_cda && rebuilt.same_pdf)))
}

fn decide(s: &mut Session<'_>, id: Target, decision: Decision) -> Outcome {
    let params = DecideParams { id: s.document_id(id)?, decision };
    s.show::<DocumentDecide>(&params, |p, d| {
        p.title(&format!("Document {} (dossier {}, version {})", d.id, d.number, d.version));
        p.facts([("Retenu", Some(yes(d.held))), ("Invisible au patient", Some(yes(d.invisible)))]);
        orders(p, &d.orders);
    })
}

fn list(p: &mut Page, documents: &[DocumentView]) {
    let mut table = Table::new(&[
        ">Id",
        "Dossier",
        ">Version",
        "Construit le",
        "Nature",
        "INS",
        "Retenu",
        "Invisible",
        "Envois",
    ]);
    for d in documents {
        let sent: Vec<_> =
            d.orders.iter().map(|o| format!("{} {}", o.service.label(), o.state.label())).collect();
        table.row([
            d.id.to_string(),
            d.number.clone(),
            d.version.to_string(),
            p.time(d.built_at),
            if d.is_final { "complet" } else { "partiel" }.to_owned(),
            yes(d.with_ins),
            yes(d.held),
            yes(d.invisible),
            sent.join(", "),
        ]);
    }
    p.table(table, "Aucun document.");
}
