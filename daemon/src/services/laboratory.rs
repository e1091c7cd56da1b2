//! Laboratory: results by hand, technical validation, traced calls, work lists.

use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::result::{ResultState, ResultValue};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::dossier::{
    CatalogueHits, CatalogueSearchParams, DossierList, DossierView, ListParams, ResultCancelParams,
    ResultEnterParams, TraceCallParams, ValidateParams,
};
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use serde_json::json;

use super::{App, Caller, dossier_view, reception};
use crate::store::dossiers::{DossierFull, Entry, StoredResult};

/// Longest text of a value or a comment, in characters.
const MAX_TEXT: usize = 10_000;

/// Everything about a dossier that must exist.
pub async fn load(app: &App, id: DossierId) -> Result<DossierFull, WireError> {
    app.store
        .dossier_full(id, app.catalogue.clone())
        .await?
        .ok_or_else(|| WireError::not_found(format!("le dossier n° {id} n'existe pas")))
}

/// Searches the catalogue.
pub fn catalogue(app: &App, p: &CatalogueSearchParams) -> CatalogueHits {
    let (panels, analyses) = app.catalogue.search(&p.text, usize::from(p.limit.unwrap_or(30).clamp(1, 500)));
    CatalogueHits { panels, analyses }
}

/// Enters a result by hand.
pub async fn enter(app: &App, caller: &Caller, p: ResultEnterParams) -> Result<DossierView, WireError> {
    caller.require(Right::EnterResults)?;
    if p.value.chars().count() > MAX_TEXT || p.comment.as_ref().is_some_and(|c| c.chars().count() > MAX_TEXT)
    {
        return Err(WireError::invalid("value", "le texte dépasse 10 000 caractères"));
    }
    let now = app.env.now();
    let value = ResultValue::parse(&p.value);
    let act = caller.act(
        now,
        "result-enter",
        format!("dossier:{}", p.dossier),
        json!({ "analysis": p.analysis, "value": value, "comment": p.comment }),
    );
    let entry = Entry {
        analysis: p.analysis,
        value,
        flag: None,
        comment: p.comment,
        origin: caller.user.name.clone(),
        obtained_at: now,
        remarks: vec![],
    };
    app.store.enter_result(p.dossier, entry, app.catalogue.clone(), app.env.today(), act).await?;
    app.tell(Event::DossierChanged { dossier: p.dossier });
    dossier_view::view(app, p.dossier).await
}

/// Says that an analysis will not be done.
pub async fn cancel(app: &App, caller: &Caller, p: ResultCancelParams) -> Result<DossierView, WireError> {
    caller.require(Right::EnterResults)?;
    if p.motive.trim().is_empty() {
        return Err(WireError::invalid("motive", "dire pourquoi l'analyse ne sera pas faite"));
    }
    let act = caller.act(
        app.env.now(),
        "result-cancel",
        format!("dossier:{}", p.dossier),
        json!({ "analysis": p.analysis, "motive": p.motive }),
    );
    app.store.cancel_result(p.dossier, p.analysis, p.motive, act).await?;
    app.tell(Event::DossierChanged { dossier: p.dossier });
    dossier_view::view(app, p.dossier).await
}

/// Records that a prescriber was told about critical results.
pub async fn trace_call(app: &App, caller: &Caller, p: TraceCallParams) -> Result<DossierView, WireError> {
    caller.require(Right::EnterResults)?;
    let note = p.note.trim().to_owned();
    if note.is_empty() || note.chars().count() > MAX_TEXT {
        return Err(WireError::invalid("note", "dire qui a été prévenu et ce qui a été dit"));
    }
    let act = caller.act(app.env.now(), "call-traced", format!("dossier:{}", p.id), json!({ "note": note }));
    app.store.trace_call(p.id, note, act).await?;
    app.tell(Event::DossierChanged { dossier: p.id });
    dossier_view::view(app, p.id).await
}

/// Results of a dossier that a validation is about: those named, or all that have a value and are not validated.
///
/// # Errors
/// A named analysis that has no value or is validated; or nothing to validate.
pub fn chosen<'a>(
    full: &'a DossierFull,
    analyses: &[String],
    technical_only: bool,
) -> Result<Vec<&'a StoredResult>, WireError> {
    let ready = |r: &&StoredResult| {
        r.state == ResultState::Entered || (!technical_only && r.state == ResultState::Technical)
    };
    for code in analyses {
        let found = full.results.iter().find(|r| r.analysis == *code).ok_or_else(|| {
            WireError::invalid("analyses", format!("l'analyse {code} n'est pas dans ce dossier"))
        })?;
        if !ready(&found) {
            return Err(WireError::refused(format!("l'analyse {code} est « {} »", found.state.label())));
        }
    }
    let chosen: Vec<&StoredResult> = full
        .results
        .iter()
        .filter(ready)
        .filter(|r| analyses.is_empty() || analyses.contains(&r.analysis))
        .collect();
    if chosen.is_empty() {
        return Err(WireError::refused("ce dossier n'a aucun résultat à valider")
            .hint("saisir ou attendre les résultats"));
    }
    Ok(chosen)
}

/// Validates technically.
pub async fn validate_technical(
    app: &App,
    caller: &Caller,
    p: ValidateParams,
) -> Result<DossierView, WireError> {
    caller.require(Right::ValidateTechnical)?;
    let id = reception::resolve(app, p.id, p.number.as_deref()).await?;
    let full = load(app, id).await?;
    let results: Vec<_> = chosen(&full, &p.analyses, true)?.iter().map(|r| r.id).collect();
    let act = caller.act(
        app.env.now(),
        "validate-technical",
        format!("dossier:{id}"),
        json!({ "results": results, "rpps": caller.user.rpps }),
    );
    app.store.validate_technical(id, p.version, results, act).await?;
    app.tell(Event::DossierChanged { dossier: id });
    dossier_view::view(app, id).await
}

/// Lists dossiers.
pub async fn list(app: &App, p: ListParams) -> Result<DossierList, WireError> {
    Ok(DossierList { dossiers: app.store.dossiers(p).await? })
}

/// Dossiers that wait for validation.
pub async fn worklist(app: &App) -> Result<DossierList, WireError> {
    Ok(DossierList { dossiers: app.store.validation_worklist().await? })
}
