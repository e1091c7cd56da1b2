//! Reception: find, create, complementary traits, dossiers, correspondents, labels. Nothing here waits for a service.

use paillasse_shared::domain::identity::{
    BirthDate, CogCode, IdentityState, Sex, StrictName, StrictTraits, UsedNames,
};
use paillasse_shared::domain::ids::{CorrespondentId, DossierId, PatientId};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::dossier as wire;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::patient::{
    Consent, CreateParams, Created, Disclosures, EditUsedParams, History, PatientRecord, PlaceSearchParams,
    Places, SearchParams, SearchResult, SetConsentParams,
};
use serde_json::json;

use super::query::{self, Query};
use super::{App, Caller, desk, dossier_view, identity, verification};
use crate::store::dossiers::NewDossier;
use crate::store::identity::IdentityChange;
use crate::store::patients::{Patient, facts};

/// Searches patients.
pub async fn search(app: &App, params: SearchParams) -> Result<SearchResult, WireError> {
    let started = std::time::Instant::now();
    let query = query::read(&params.text, app.env.today())?;
    let (understood, scanned) = (query.understood(), query.scanned());
    let limit = u32::from(params.limit.unwrap_or(50).clamp(1, 200));
    let mut dossier = None;
    let (hits, more) = match query {
        Query::Names(q) => app.store.search_names(q, limit).await?,
        Query::Matricule(m) => (app.store.search_matricule(m).await?, false),
        Query::Datamatrix(d) => {
            let known = app.store.search_matricule(d.matricule.clone()).await?;
            if known.is_empty() {
                app.store.search_names(query::by_traits(&d), limit).await?
            } else {
                (known, false)
            }
        }
        Query::Dossier(number) => match app.store.search_dossier(number).await? {
            Some((id, hit)) => {
                dossier = Some(id);
                (vec![hit], false)
            }
            None => (vec![], false),
        },
    };
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(SearchResult { hits, more, understood, dossier, scanned, took_us })
}

/// Reads typed traits.
///
/// # Errors
/// The first field that is not right, named.
pub fn read_traits(p: &CreateParams, today: jiff::civil::Date) -> Result<StrictTraits, WireError> {
    let name = |field: &str, label: &str, text: &str| {
        StrictName::parse(text).map_err(|e| WireError::invalid(field, format!("{label} : {e}")))
    };
    let first_name = name("first_name", "Premier prénom", &p.first_name)?;
    let traits = StrictTraits {
        birth_name: name("birth_name", "Nom de naissance", &p.birth_name)?,
        given_names: optional(p.given_names.as_deref())
            .map(|g| name("given_names", "Prénoms", g))
            .transpose()?,
        sex: Sex::parse(&p.sex)
            .ok_or_else(|| WireError::invalid("sex", "Sexe : saisir M, F ou I (indéterminé)"))?,
        birth_date: BirthDate::parse(&p.birth_date, today)
            .map_err(|e| WireError::invalid("birth_date", format!("Date de naissance : {e}")))?,
        birth_place: optional(p.birth_place.as_deref())
            .map(|c| {
                CogCode::parse(c)
                    .map_err(|e| WireError::invalid("birth_place", format!("Lieu de naissance : {e}")))
            })
            .transpose()?,
        first_name,
    };
    if !traits.first_name_heads_list() {
        return Err(WireError::invalid(
            "given_names",
            "Prénoms : la liste doit commencer par le premier prénom",
        ));
    }
    Ok(traits)
}

fn optional(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// Reads used names.
///
/// # Errors
/// The one that is not right, named.
pub fn read_used(name: Option<&str>, first: Option<&str>) -> Result<UsedNames, WireError> {
    let read = |field: &str, label: &str, text: Option<&str>| {
        optional(text)
            .map(|t| StrictName::parse(t).map_err(|e| WireError::invalid(field, format!("{label} : {e}"))))
            .transpose()
    };
    Ok(UsedNames {
        name: read("used_name", "Nom utilisé", name)?,
        first_name: read("used_first_name", "Prénom utilisé", first)?,
    })
}

fn read_phone(text: Option<&str>) -> Result<Option<String>, WireError> {
    let Some(phone) = optional(text) else { return Ok(None) };
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-' | '(' | ')');
    if phone.len() > 40 || !phone.chars().all(allowed) {
        return Err(WireError::invalid("phone", "Téléphone : chiffres, espaces et + seulement"));
    }
    Ok(Some(phone.to_owned()))
}

/// Creates a patient, unless close identities exist that were not looked at; then calls INSi in the background.
pub async fn create(app: &App, caller: &Caller, params: CreateParams) -> Result<Created, WireError> {
    caller.require(Right::Register)?;
    let degraded = desk::degraded(app, params.degraded.as_deref())?;
    let now = app.env.now();
    let homonyms = desk::few_homonyms(&params.homonyms)?;
    let patient = Patient {
        id: PatientId(0),
        version: 0,
        traits: read_traits(&params, app.env.today())?,
        used: read_used(params.used_name.as_deref(), params.used_first_name.as_deref())?,
        phone: read_phone(params.phone.as_deref())?,
        social_security: desk::social_security(params.social_security.as_deref())?,
        degraded,
        state: IdentityState { homonyme: !homonyms.is_empty(), ..IdentityState::default() },
        ins: None,
        proof: None,
        consent: Consent::default(),
        created_at: now,
    };
    desk::needs_place(&patient.traits)?;
    for id in &homonyms {
        identity::load(app, *id).await?;
    }
    if !params.not_a_duplicate && homonyms.is_empty() {
        let hits = app.store.close_identities(patient.clone()).await?;
        if !hits.is_empty() {
            return Ok(Created::Similar { hits });
        }
    }
    let created = app.store.create_patient(patient, params.request_id, caller.user.login.clone()).await?;
    app.tell(Event::PatientChanged { patient: created.id });
    desk::mark_homonyms(app, caller, &homonyms, created.id).await?;
    identity::call_if_useful(app, caller, &created).await?;
    Ok(Created::Created { patient: Box::new(identity::record(app, caller, created.id).await?) })
}

/// Changes complementary traits; allowed whatever the status (STA-11).
pub async fn edit_used(app: &App, caller: &Caller, p: EditUsedParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::Register)?;
    let mut patient = identity::load(app, p.id).await?;
    let before = facts(&patient);
    let used = read_used(p.used_name.as_deref(), p.used_first_name.as_deref())?;
    // Absent leaves, empty removes.
    if p.used_name.is_some() {
        patient.used.name = used.name;
    }
    if p.used_first_name.is_some() {
        patient.used.first_name = used.first_name;
    }
    if p.phone.is_some() {
        patient.phone = read_phone(p.phone.as_deref())?;
    }
    if p.social_security.is_some() {
        patient.social_security = desk::social_security(p.social_security.as_deref())?;
    }
    let act = caller.act(
        app.env.now(),
        "patient-edit-used",
        format!("patient:{}", p.id),
        json!({ "before": before, "after": facts(&patient) }),
    );
    change(app, caller, patient, "Traits complémentaires modifiés", act).await
}

/// Records what the patient said about Mon espace santé; orders follow at once.
pub async fn set_consent(
    app: &App,
    caller: &Caller,
    p: SetConsentParams,
) -> Result<PatientRecord, WireError> {
    caller.require(Right::Register)?;
    let mut patient = identity::load(app, p.id).await?;
    let before = patient.consent;
    patient.consent = Consent { informed: p.informed, opposed: p.opposed };
    let what = match (p.informed, p.opposed) {
        (_, true) => "Patient opposé à l'alimentation de Mon espace santé",
        (true, false) => "Patient informé, non opposé à l'alimentation de Mon espace santé",
        (false, false) => "Information sur Mon espace santé non recueillie",
    };
    let act = caller.act(
        app.env.now(),
        "patient-consent",
        format!("patient:{}", p.id),
        json!({ "before": before, "after": patient.consent }),
    );
    change(app, caller, patient, what, act).await
}

async fn change(
    app: &App,
    caller: &Caller,
    patient: Patient,
    what: &str,
    act: crate::store::Act,
) -> Result<PatientRecord, WireError> {
    let id = patient.id;
    let change = IdentityChange {
        patient,
        what: what.to_owned(),
        status_from: None,
        ins_dropped: None,
        insi: None,
        decided: None,
        reissued: vec![],
        act,
    };
    let (_, changed) = app.store.change_identity(change, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: id });
    app.tell_orders(&changed);
    identity::record(app, caller, id).await
}

/// History of an identity.
pub async fn history(app: &App, id: PatientId) -> Result<History, WireError> {
    identity::load(app, id).await?;
    Ok(History { lines: app.store.patient_history(id).await? })
}

/// With whom data bearing the INS of a patient was exchanged (INS-19).
pub async fn disclosures(app: &App, caller: &Caller, id: PatientId) -> Result<Disclosures, WireError> {
    caller.require(Right::SeeIns)?;
    identity::load(app, id).await?;
    Ok(Disclosures { lines: app.store.disclosures(id).await?, received: app.store.received_from(id).await? })
}

/// Searches a place of birth.
pub fn places(app: &App, p: &PlaceSearchParams) -> Places {
    let date = p.birth_date.as_deref().and_then(|d| BirthDate::lunar(d).ok());
    Places {
        places: app.cog.search(&p.text, date.as_ref(), usize::from(p.limit.unwrap_or(20).clamp(1, 200))),
    }
}

/// Opens a dossier.
pub async fn create_dossier(
    app: &App,
    caller: &Caller,
    p: wire::CreateParams,
) -> Result<wire::DossierView, WireError> {
    caller.require(Right::Register)?;
    let patient =
        p.patient.ok_or_else(|| WireError::invalid("patient", "dire pour quel patient ouvrir le dossier"))?;
    let now = app.env.now();
    let analyses = expand(app, &p.analyses)?;
    let today = app.env.today();
    if p.sampled_at.is_some_and(|s| s > now) {
        return Err(WireError::invalid("sampled_at", "l'heure de prélèvement est dans le futur"));
    }
    let prescribed_on = match optional(p.prescribed_on.as_deref()) {
        Some(day) => day
            .parse::<jiff::civil::Date>()
            .map_err(|_| WireError::invalid("prescribed_on", "date de prescription : AAAA-MM-JJ"))?
            .to_string(),
        None => today.to_string(),
    };
    let requested = p.received_from.as_ref().map(requester).transpose()?;
    let new = NewDossier {
        patient,
        analyses,
        correspondents: p.correspondents.iter().map(|c| (c.correspondent.0, c.role)).collect(),
        opened_at: now,
        year: today.year().rem_euclid(100),
        sampled_at: p.sampled_at.unwrap_or(now),
        prescribed_on,
        urgent: p.urgent,
        requested,
        request_id: p.request_id,
        by: caller.user.login.clone(),
    };
    let id = app.store.create_dossier(new, app.catalogue.clone()).await?;
    app.tell(Event::DossierChanged { dossier: id });
    let patient = identity::load(app, patient).await?;
    identity::call_if_useful(app, caller, &patient).await?;
    verification::at_event(app, &patient).await?;
    dossier_view::view(app, id).await
}

/// A laboratory that subcontracts to us, with the number of its dossier (SUB-09).
fn requester(p: &wire::ReceivedFrom) -> Result<(CorrespondentId, String), WireError> {
    let number = p.number.trim();
    if number.is_empty() || number.chars().count() > 64 || number.chars().any(char::is_control) {
        return Err(WireError::invalid(
            "received_from",
            "numéro de dossier du laboratoire demandeur : 1 à 64 caractères",
        ));
    }
    Ok((p.laboratory, number.to_owned()))
}

fn expand(app: &App, codes: &[String]) -> Result<Vec<String>, WireError> {
    app.catalogue.expand(codes).map_err(|code| {
        WireError::invalid("analyses", format!("le code « {code} » n'est pas au catalogue"))
            .hint("chercher l'examen par son nom")
    })
}

/// Adds analyses or correspondents to a dossier.
pub async fn add(app: &App, caller: &Caller, p: wire::AddParams) -> Result<wire::DossierView, WireError> {
    caller.require(Right::Register)?;
    let analyses = expand(app, &p.analyses)?;
    let people = p.correspondents.iter().map(|c| (c.correspondent.0, c.role)).collect();
    let act = caller.act(
        app.env.now(),
        "dossier-add",
        format!("dossier:{}", p.id),
        json!({ "analyses": analyses, "correspondents": p.correspondents }),
    );
    app.store.add_to_dossier(p.id, analyses, people, app.catalogue.clone(), act).await?;
    app.tell(Event::DossierChanged { dossier: p.id });
    dossier_view::view(app, p.id).await
}

/// A dossier by id or number.
pub async fn resolve(app: &App, id: Option<DossierId>, number: Option<&str>) -> Result<DossierId, WireError> {
    match (id, number) {
        (Some(id), _) => Ok(id),
        (None, Some(n)) => app
            .store
            .dossier_by_number(n.trim().to_owned())
            .await?
            .ok_or_else(|| WireError::not_found(format!("aucun dossier ne porte le n° {}", n.trim()))),
        (None, None) => Err(WireError::invalid("id", "dire quel dossier : son n°")),
    }
}

/// Text of the labels of a dossier, one per tube.
pub async fn labels(app: &App, id: DossierId) -> Result<wire::Labels, WireError> {
    let full = app
        .store
        .dossier_full(id, app.catalogue.clone())
        .await?
        .ok_or_else(|| WireError::not_found(format!("le dossier n° {id} n'existe pas")))?;
    let t = &full.patient.traits;
    let day = app.env.zone().to_datetime(full.dossier.sampled_at);
    let labels = full
        .specimens
        .iter()
        .map(|(tube, kind)| {
            vec![
                format!("{} {}", t.birth_name, t.first_name),
                format!("{} {}  {}", t.sex.letter(), t.birth_date.french(), full.dossier.number),
                format!(
                    "{}  {:02}/{:02} {:02}:{:02}",
                    kind.label,
                    day.day(),
                    day.month(),
                    day.hour(),
                    day.minute()
                ),
                tube.clone(),
            ]
        })
        .collect();
    Ok(wire::Labels { labels })
}

/// Searches correspondents.
pub async fn correspondents(
    app: &App,
    p: wire::CorrespondentSearchParams,
) -> Result<wire::Correspondents, WireError> {
    let limit = u32::from(p.limit.unwrap_or(20).clamp(1, 200));
    Ok(wire::Correspondents { correspondents: app.store.search_correspondents(p.text, limit).await? })
}

fn check_correspondent(p: &wire::CorrespondentParams) -> Result<(), WireError> {
    if p.family.trim().is_empty() || p.family.chars().count() > 100 {
        return Err(WireError::invalid("family", "nom du correspondant : 1 à 100 caractères"));
    }
    let rpps = p.rpps.as_deref().unwrap_or_default();
    if !rpps.is_empty() && (rpps.len() != 11 || !rpps.bytes().all(|b| b.is_ascii_digit())) {
        return Err(WireError::invalid("rpps", "RPPS : 11 chiffres"));
    }
    if let Some(address) = p.mss_address.as_deref().map(str::trim).filter(|a| !a.is_empty()) {
        let shaped = address.split_once('@').is_some_and(|(l, d)| {
            !l.is_empty() && d.contains('.') && !address.contains([' ', '<', '>', ',', '\r', '\n'])
        });
        if !shaped || address.len() > 254 {
            return Err(WireError::invalid(
                "mss_address",
                "adresse MSSanté : par exemple dr.roux@medecin.mssante.fr",
            ));
        }
    }
    Ok(())
}

/// Creates a correspondent.
pub async fn create_correspondent(
    app: &App,
    caller: &Caller,
    p: wire::CorrespondentParams,
) -> Result<wire::Correspondent, WireError> {
    caller.require(Right::Register)?;
    check_correspondent(&p)?;
    let act = caller.act(app.env.now(), "correspondent-create", "", json!({ "facts": p }));
    Ok(app.store.create_correspondent(p, act).await?)
}

/// Changes a correspondent; orders that lacked its address leave by themselves.
pub async fn update_correspondent(
    app: &App,
    caller: &Caller,
    p: wire::CorrespondentUpdateParams,
) -> Result<wire::Correspondent, WireError> {
    caller.require(Right::Register)?;
    check_correspondent(&p.facts)?;
    let act = caller.act(
        app.env.now(),
        "correspondent-update",
        format!("correspondent:{}", p.id),
        json!({ "facts": p.facts }),
    );
    let (correspondent, changed) = app
        .store
        .update_correspondent(p.id, p.facts, act, app.gates())
        .await?
        .ok_or_else(|| WireError::not_found(format!("le correspondant n° {} n'existe pas", p.id)))?;
    app.tell_orders(&changed);
    Ok(correspondent)
}
