//! `paillasse patient`, `paillasse place`: identities, as the secretary makes them.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use clap::{Args, Subcommand};
use paillasse_shared::domain::identity::Attribute;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::cog::CogImportParams;
use paillasse_shared::protocol::methods::{
    CogImport, CogStatus, Empty, PatientCreate, PatientDisclosures, PatientEditTraits, PatientEditUsed,
    PatientGet, PatientHistory, PatientMatricules, PatientMerge, PatientMergePreview, PatientReceive,
    PatientSearch, PatientSetAttribute, PatientSetConsent, PatientSplit, PlaceSearch,
};
use paillasse_shared::protocol::patient::{
    CreateParams, Created, Disclosure, Disclosures, EditTraitsParams, EditUsedParams, History, InsiState,
    Matricules, MergeParams, MergePreview, PatientHit, PatientRecord, PatientRef, PlaceSearchParams,
    ReceiveParams, ReceivedIdentity, ScannedTraits, SearchParams, SetAttributeParams, SetConsentParams,
    SplitParams,
};
use paillasse_shared::protocol::{ErrorKind, WireError};

use super::messages;
use super::page::{Page, Table, french_date, or_empty, yes};
use super::session::{Outcome, Session, file_error};
use super::value::{self, Target};
use crate::messages as words;

/// Commands about patients.
#[derive(Debug, Subcommand)]
pub enum PatientCommand {
    #[command(
        about = "Cherche un patient : nom, prénom, date, matricule ou numéro de dossier, dans n'importe quel ordre"
    )]
    Search {
        #[arg(
            value_name = "TEXTE",
            help = "Ce que l'on sait du patient ; sans texte, les derniers patients"
        )]
        text: Vec<String>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N patients (50 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Montre une identité")]
    Show {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
    #[command(about = "Crée une identité ; en cas d'identités proches, les montre et ne crée rien")]
    Create {
        #[command(flatten)]
        traits: Traits,
        #[command(flatten)]
        used: Used,
        #[arg(long, help = "Crée malgré des identités proches : c'est une autre personne")]
        not_a_duplicate: bool,
        #[arg(
            long = "homonym",
            value_name = "PATIENT",
            help = "Cette identité proche est une autre personne : les deux deviennent homonymes (répétable)"
        )]
        homonyms: Vec<Target>,
        #[arg(
            long,
            value_name = "CLÉ",
            help = "Clé de cet acte : répété avec la même clé, il ne crée rien de plus"
        )]
        request_id: Option<String>,
    },
    #[command(about = "Modifie les traits stricts d'une identité")]
    EditTraits {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[command(flatten)]
        traits: Traits,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi ; exigé pour une identité verrouillée")]
        motive: Option<String>,
        #[arg(long, value_name = "N", value_parser = value::number, help = "Version vue ; sans elle, la version présente")]
        seen_version: Option<i64>,
    },
    #[command(about = "Modifie nom utilisé, prénom utilisé ou téléphone ; un texte vide efface")]
    EditUsed {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[command(flatten)]
        used: Used,
    },
    #[command(about = "Pose ou lève un attribut d'identité")]
    Attribute {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(value_name = "ATTRIBUT", value_parser = value::attribute, help = "homonyme, douteux ou fictif")]
        attribute: Attribute,
        #[arg(long, help = "Lève l'attribut au lieu de le poser")]
        off: bool,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: Option<String>,
    },
    #[command(about = "Note ce que le patient a dit de Mon espace santé")]
    Consent {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
        #[arg(long, value_name = "OUI|NON", value_parser = value::yes_no, help = "Informé de l'alimentation")]
        informed: Option<bool>,
        #[arg(long, value_name = "OUI|NON", value_parser = value::yes_no, help = "Opposé, pour un motif légitime")]
        opposed: Option<bool>,
    },
    #[command(
        about = "Rapproche deux fiches de la même personne ; sans motif, montre seulement ce qui se passerait"
    )]
    Merge {
        #[arg(
            value_name = "RESTE",
            help = "Fiche qui reste : identifiant du patient, ou numéro d'un de ses dossiers"
        )]
        survivor: Target,
        #[arg(
            value_name = "REJOINT",
            help = "Fiche qui la rejoint : identifiant, ou numéro d'un de ses dossiers"
        )]
        absorbed: Target,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi ; avec lui, le rapprochement est fait")]
        motive: Option<String>,
    },
    #[command(about = "Défait un rapprochement : la fiche revient, avec ses dossiers")]
    Split {
        #[arg(value_name = "PATIENT", help = "Identifiant de la fiche qui avait été rapprochée")]
        absorbed: PatientId,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: String,
    },
    #[command(
        about = "Prend une identité envoyée par un partenaire : un message HL7 v2 avec son segment PID"
    )]
    Receive {
        #[arg(value_name = "FICHIER", help = "Le message, ou - pour l'entrée standard")]
        file: PathBuf,
        #[arg(
            long,
            help = "Le laboratoire voit lui-même cette personne : la parole du partenaire ne suffit pas"
        )]
        direct_care: bool,
    },
    #[command(
        about = "Liste ceux avec qui l'INS du patient a été échangé : documents remis, identités reçues"
    )]
    Disclosures {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
    #[command(about = "Anciens matricules, jamais transmis : ils servent à trouver les doublons")]
    Matricules {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
    #[command(about = "Montre l'histoire d'une identité : statuts, dates, personnes")]
    History {
        #[arg(value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        id: Target,
    },
}

/// Strict traits as typed.
#[derive(Debug, Args)]
pub struct Traits {
    #[arg(long, value_name = "NOM", help = "Nom de naissance")]
    name: String,
    #[arg(long, value_name = "PRÉNOM", help = "Premier prénom de naissance")]
    first_name: String,
    #[arg(long, value_name = "PRÉNOMS", help = "Liste des prénoms de naissance, premier prénom compris")]
    given_names: Option<String>,
    #[arg(long, value_name = "M|F|I", help = "Sexe")]
    sex: String,
    #[arg(long, value_name = "DATE", help = "Date de naissance, JJ/MM/AAAA")]
    birth_date: String,
    #[arg(
        long,
        value_name = "CODE",
        help = "Code du lieu de naissance (voir « paillasse place search ») ; 99999 s'il est inconnu"
    )]
    birth_place: Option<String>,
    #[arg(
        long,
        value_name = "TEXTE",
        help = "Pourquoi la procédure dégradée, sur un site dont les identités viennent d'ailleurs"
    )]
    degraded: Option<String>,
}

/// Complementary traits as typed.
#[derive(Debug, Args)]
pub struct Used {
    #[arg(long, value_name = "NOM", help = "Nom utilisé")]
    used_name: Option<String>,
    #[arg(long, value_name = "PRÉNOM", help = "Prénom utilisé")]
    used_first_name: Option<String>,
    #[arg(long, value_name = "NUMÉRO", help = "Téléphone")]
    phone: Option<String>,
    #[arg(long, value_name = "NUMÉRO", help = "N° de sécurité sociale, pour la facturation seulement")]
    social_security: Option<String>,
}

impl Traits {
    fn params(self) -> CreateParams {
        CreateParams {
            birth_name: self.name,
            first_name: self.first_name,
            given_names: self.given_names,
            sex: self.sex,
            birth_date: self.birth_date,
            birth_place: self.birth_place,
            degraded: self.degraded,
            ..CreateParams::default()
        }
    }
}

impl PatientCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::Search { text, limit } => {
                let params = SearchParams { text: text.join(" "), limit };
                s.show::<PatientSearch>(&params, |p, r| {
                    hits(p, &r.hits);
                    if let (Some(scan), true) = (&r.scanned, r.hits.is_empty()) {
                        p.line("Le code scanné dit :");
                        scanned(p, scan);
                    }
                    if r.more {
                        p.line("D'autres patients correspondent : précisez, ou élargissez avec --limit.");
                    }
                })
            }
            Self::Show { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<PatientGet>(&params, record)
            }
            Self::Create { traits, used, not_a_duplicate, homonyms, request_id } => {
                let homonyms =
                    homonyms.into_iter().map(|h| s.patient_id(h)).collect::<Result<Vec<_>, _>>()?;
                let params = CreateParams {
                    used_name: used.used_name,
                    used_first_name: used.used_first_name,
                    phone: used.phone,
                    social_security: used.social_security,
                    homonyms,
                    not_a_duplicate,
                    request_id,
                    ..traits.params()
                };
                let created = s.call::<PatientCreate>(&params)?;
                let similar = matches!(created, Created::Similar { .. });
                s.print(&created, |p, created| match created {
                    Created::Created { patient } => record(p, patient),
                    Created::Similar { hits: close } => {
                        p.line("Rien n'est créé : des identités proches existent.");
                        hits(p, close);
                        p.line(
                            "Si c'est une autre personne : recommencez avec --not-a-duplicate, ou --homonym et son identifiant.",
                        );
                    }
                })?;
                Ok(if similar { ErrorKind::Refused.exit_code() } else { 0 })
            }
            Self::EditTraits { id, traits, motive, seen_version } => {
                let id = s.patient_id(id)?;
                let version = match seen_version {
                    Some(version) => version,
                    None => s.call::<PatientGet>(&PatientRef { id })?.version,
                };
                let params = EditTraitsParams { id, version, traits: traits.params(), motive };
                s.show::<PatientEditTraits>(&params, record)
            }
            Self::EditUsed { id, used: Used { used_name, used_first_name, phone, social_security } } => {
                let said = [&used_name, &used_first_name, &phone, &social_security];
                if said.iter().all(|s| s.is_none()) {
                    return Err(WireError::new(ErrorKind::Invalid, messages::NOTHING_TO_CHANGE));
                }
                let id = s.patient_id(id)?;
                let params = EditUsedParams { id, used_name, used_first_name, phone, social_security };
                s.show::<PatientEditUsed>(&params, record)
            }
            Self::Attribute { id, attribute, off, motive } => {
                let params = SetAttributeParams { id: s.patient_id(id)?, attribute, on: !off, motive };
                s.show::<PatientSetAttribute>(&params, record)
            }
            Self::Consent { id, informed, opposed } => {
                if informed.is_none() && opposed.is_none() {
                    return Err(WireError::new(ErrorKind::Invalid, messages::NOTHING_TO_CHANGE));
                }
                let id = s.patient_id(id)?;
                let (informed, opposed) = match (informed, opposed) {
                    (Some(informed), Some(opposed)) => (informed, opposed),
                    (informed, opposed) => {
                        let now = s.call::<PatientGet>(&PatientRef { id })?.consent;
                        (informed.unwrap_or(now.informed), opposed.unwrap_or(now.opposed))
                    }
                };
                let params = SetConsentParams { id, informed, opposed };
                s.show::<PatientSetConsent>(&params, record)
            }
            Self::Merge { survivor, absorbed, motive } => {
                let (survivor, absorbed) = (s.patient_id(survivor)?, s.patient_id(absorbed)?);
                let decided = motive.is_some();
                let params = MergeParams { survivor, absorbed, motive };
                if decided {
                    return s.show::<PatientMerge>(&params, record);
                }
                let preview = s.call::<PatientMergePreview>(&params)?;
                s.print(&preview, merger)?;
                Ok(if preview.blockers.is_empty() { 0 } else { ErrorKind::Refused.exit_code() })
            }
            Self::Split { absorbed, motive } => {
                s.show::<PatientSplit>(&SplitParams { absorbed, motive }, record)
            }
            Self::Receive { file, direct_care } => {
                let content = base64::engine::general_purpose::STANDARD.encode(read(&file)?);
                s.show::<PatientReceive>(&ReceiveParams { content, direct_care }, received)
            }
            Self::Disclosures { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<PatientDisclosures>(&params, disclosures)
            }
            Self::Matricules { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<PatientMatricules>(&params, matricules)
            }
            Self::History { id } => {
                let params = PatientRef { id: s.patient_id(id)? };
                s.show::<PatientHistory>(&params, history)
            }
        }
    }
}

/// Commands about places of birth.
#[derive(Debug, Subcommand)]
pub enum PlaceCommand {
    #[command(about = "Cherche un lieu de naissance par nom, code ou département")]
    Search {
        #[arg(value_name = "TEXTE", required = true, help = "Nom, code ou département")]
        text: Vec<String>,
        #[arg(
            long,
            value_name = "DATE",
            help = "Date de naissance AAAA-MM-JJ : le lieu d'alors vient en tête"
        )]
        birth_date: Option<String>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N lieux (20 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Montre l'édition en service, et les codes reçus d'INSi qu'elle ne connaît pas")]
    Status,
    #[command(about = "Met à jour le code officiel géographique depuis un fichier, sans réseau")]
    Import {
        #[arg(value_name = "FICHIER", help = "Fichier de l'édition, que le service peut lire")]
        file: PathBuf,
        #[arg(long, value_name = "SHA-256", help = "Somme de contrôle publiée avec le fichier")]
        checksum: String,
    },
}

impl PlaceCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        let (text, birth_date, limit) = match self {
            Self::Search { text, birth_date, limit } => (text, birth_date, limit),
            Self::Status => return s.show::<CogStatus>(&Empty {}, cog),
            Self::Import { file, checksum } => {
                // The daemon has another current folder than the caller.
                let path = std::path::absolute(&file).map_err(|e| file_error(&file, &e))?;
                let path = path.to_string_lossy().into_owned();
                return s.show::<CogImport>(&CogImportParams { path, sha256: checksum }, cog);
            }
        };
        let params = PlaceSearchParams { text: text.join(" "), birth_date, limit };
        s.show::<PlaceSearch>(&params, |p, r| {
            let mut table = Table::new(&["Code", "Lieu", "Département", "Depuis", "Jusqu'au", "Aujourd'hui"]);
            for place in &r.places {
                table.row([
                    place.code.clone(),
                    place.label.clone(),
                    place.area.clone(),
                    place.from.as_deref().map(french_date).unwrap_or_default(),
                    place.to.as_deref().map(french_date).unwrap_or_default(),
                    or_empty(place.today.as_deref()),
                ]);
            }
            p.table(table, "Aucun lieu ne correspond.");
        })
    }
}

fn cog(p: &mut Page, r: &paillasse_shared::protocol::cog::CogStatus) {
    let mut table = Table::new(&["Contenu", "Fichier", "Millésime", ">Lignes"]);
    for f in &r.files {
        table.row([f.title.clone(), f.file.clone(), f.edition.clone(), f.rows.to_string()]);
    }
    p.table(table, "");
    match &r.imported {
        Some(i) => p.line(format!("Importée le {} par {} (SHA-256 {}).", p.time(i.at), i.by, i.sha256)),
        None => p.line("Édition fournie avec le programme."),
    }
    if let Some(remark) = &r.remark {
        p.line(format!("Attention : {remark}."));
    }
    if r.unknown.is_empty() {
        p.line("Aucun code reçu d'INSi ne manque à cette édition.");
        return;
    }
    p.title("Codes reçus d'INSi, absents de cette édition");
    let mut table = Table::new(&["Code", "Depuis", ">Patients"]);
    for u in &r.unknown {
        table.row([u.code.clone(), p.time(u.since), u.patients.to_string()]);
    }
    p.table(table, "");
}

fn scanned(p: &mut Page, r: &ScannedTraits) {
    p.facts([
        ("Nom de naissance", Some(r.birth_name.clone())),
        ("Prénoms", Some(r.given_names.clone())),
        ("Né(e) le", Some(french_date(&r.birth_date))),
        ("Sexe", Some(r.sex.clone())),
        ("Lieu de naissance", r.birth_place.clone()),
    ]);
}

fn hits(p: &mut Page, hits: &[PatientHit]) {
    let mut table = Table::new(&[
        ">Id",
        "Nom de naissance",
        "Prénoms",
        "Né(e) le",
        "S",
        "Nom utilisé",
        "Identité",
        "Dernier dossier",
    ]);
    for hit in hits {
        let homonyme = if hit.homonyme { " (homonyme)" } else { "" };
        table.row([
            hit.id.to_string(),
            hit.birth_name.clone(),
            hit.given_names.clone(),
            french_date(&hit.birth_date),
            hit.sex.clone(),
            or_empty(hit.used_name.as_deref()),
            format!("{}{homonyme}", hit.status.label()),
            hit.last_dossier.as_ref().map(|d| format!("{}, {}", d.number, d.summary)).unwrap_or_default(),
        ]);
    }
    p.table(table, "Aucun patient ne correspond.");
}

/// A whole record; also the answer to every change of an identity.
pub fn record(p: &mut Page, r: &PatientRecord) {
    let t = &r.traits;
    let text = |n: &paillasse_shared::domain::identity::StrictName| n.as_str().to_owned();
    let missing = fr::missing(r.missing).map(|m| format!(" : {m}")).unwrap_or_default();
    let place = t.birth_place.as_ref().map(|code| match &r.birth_place_label {
        Some(label) => format!("{label} ({code})"),
        None => code.to_string(),
    });
    let attributes: Vec<_> = [
        (r.state.homonyme, Attribute::Homonyme),
        (r.state.douteux, Attribute::Douteux),
        (r.state.fictif, Attribute::Fictif),
    ]
    .into_iter()
    .filter(|a| a.0)
    .map(|a| a.1.label())
    .collect();
    p.title(&format!("Patient {}", r.id));
    p.facts([
        ("Nom de naissance", Some(text(&t.birth_name))),
        ("Premier prénom", Some(text(&t.first_name))),
        ("Prénoms", t.given_names.as_ref().map(text)),
        ("Sexe", Some(t.sex.letter().to_owned())),
        (
            "Né(e) le",
            Some(format!(
                "{}{}",
                t.birth_date.french(),
                r.age.map(|a| format!(" ({a} ans)")).unwrap_or_default()
            )),
        ),
        ("Lieu de naissance", place),
        ("Nom utilisé", r.used.name.as_ref().map(text)),
        ("Prénom utilisé", r.used.first_name.as_ref().map(text)),
        ("Téléphone", r.phone.clone()),
        ("N° de sécurité sociale (facturation)", r.social_security.clone()),
        ("Identité", Some(format!("{}{missing}", r.status.label()))),
        ("Attributs", Some(attributes.join(", "))),
        ("Matricule INS", r.ins.as_ref().map(|i| i.grouped.clone())),
        ("OID", r.ins.as_ref().map(|i| format!("{} ({})", i.oid.as_str(), i.nature.label()))),
        ("INS récupéré le", r.ins.as_ref().map(|i| p.time(i.recovered_at))),
        ("INS vérifié le", r.ins.as_ref().and_then(|i| i.verified_at).map(|at| p.time(at))),
        ("INSi", Some(insi(p, &r.insi))),
        (
            "Pièce",
            r.proof
                .as_ref()
                .map(|x| format!("{}, vue par {} le {}", x.words(), x.checked_by, p.time(x.checked_at))),
        ),
        ("Procédure dégradée", r.degraded.clone()),
        ("Informé (MES)", Some(yes(r.consent.informed))),
        ("Opposé (MES)", Some(yes(r.consent.opposed))),
        ("Créé le", Some(p.time(r.created_at))),
    ]);
    for effect in &r.effects {
        p.line(format!("  → {}", fr::effect(*effect)));
    }
    if !r.dossiers.is_empty() {
        p.title("Dossiers");
        let mut table = Table::new(&["Numéro", "Ouvert le", "État"]);
        for d in &r.dossiers {
            table.row([d.number.clone(), p.time(d.opened_at), d.summary.clone()]);
        }
        p.table(table, "");
    }
}

/// Where the call to INSi stands, in words.
pub fn insi(p: &Page, state: &InsiState) -> String {
    words::insi(state, |at| p.time(at))
}

fn merger(p: &mut Page, r: &MergePreview) {
    r.blockers.iter().for_each(|why| p.line(format!("Impossible : {why}")));
    r.effects.iter().for_each(|what| p.line(format!("  → {what}")));
    p.line(format!("Dossiers qui changeraient de fiche : {}", r.dossiers));
    if !r.sent.is_empty() {
        p.title("Déjà transmis sous l'identité qui disparaîtrait");
        exchanges(p, &r.sent);
    }
}

fn matricules(p: &mut Page, r: &Matricules) {
    let mut table = Table::new(&["Ancien matricule", "OID", "Du", "Au", "Pourquoi", ">Aussi sur la fiche"]);
    for f in &r.former {
        table.row([
            f.grouped.clone(),
            f.oid.clone(),
            or_empty(f.from.as_deref()),
            or_empty(f.to.as_deref()),
            f.why.clone(),
            f.also.map(|id| id.to_string()).unwrap_or_default(),
        ]);
    }
    p.table(table, "Aucun ancien matricule connu.");
}

fn disclosures(p: &mut Page, r: &Disclosures) {
    exchanges(p, &r.lines);
    if !r.received.is_empty() {
        p.title("INS reçu de");
        let mut table = Table::new(&["Le", "Partenaire", "Message"]);
        for line in &r.received {
            table.row([p.time(line.at), line.partner.clone(), line.kind.clone()]);
        }
        p.table(table, "");
    }
}

/// The bytes of a message; it is small, and the daemon bounds it again.
fn read(path: &Path) -> Result<Vec<u8>, WireError> {
    const MOST: u64 = 2 * 1024 * 1024;
    let mut bytes = Vec::new();
    let input: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(|e| file_error(path, &e))?)
    };
    input.take(MOST).read_to_end(&mut bytes).map_err(|e| file_error(path, &e))?;
    Ok(bytes)
}

fn received(p: &mut Page, r: &ReceivedIdentity) {
    let partner = r.partner.as_deref().unwrap_or("aucun partenaire connu");
    p.line(format!("Message n° {} · {} · {partner}", r.message.id, r.message.state.label()));
    if let Some(why) = &r.message.why {
        p.line(words::capital(why));
    }
    if let (Some(id), Some(status)) = (r.patient, r.status) {
        p.line(format!("Fiche n° {id} : identité {}", status.label()));
    }
}

fn exchanges(p: &mut Page, lines: &[Disclosure]) {
    let mut table = Table::new(&["Le", "Vers", "Destinataire", "Dossier", ">Version", "Document"]);
    for line in lines {
        table.row([
            p.time(line.at),
            line.service.label().to_owned(),
            line.recipient.clone(),
            line.number.clone(),
            line.version.to_string(),
            line.unique_id.clone(),
        ]);
    }
    p.table(table, "L'INS de ce patient n'a été transmis à personne.");
}

fn history(p: &mut Page, r: &History) {
    let mut table = Table::new(&["Le", "Par", "Statut", "Acte"]);
    for line in &r.lines {
        let status = line.status.map(|(a, b)| format!("{} → {}", a.label(), b.label())).unwrap_or_default();
        table.row([p.time(line.at), line.by.clone(), status, line.what.clone()]);
    }
    p.table(table, "Aucune trace.");
}
