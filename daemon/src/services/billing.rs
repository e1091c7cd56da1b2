//! The slip of a dossier for billing (INS-18). What it may carry is decided by its type, in the documents.

use base64::Engine as _;
use paillasse_documents::billing::Slip;
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::report::Moment;
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::dossier::{BillingSlip, DossierRef};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use serde_json::json;

use super::{App, Caller, laboratory, reception};

/// Makes the slip of a dossier; nothing is kept but a line of the journal.
pub async fn slip(app: &App, caller: &Caller, p: DossierRef) -> Result<BillingSlip, WireError> {
    caller.require(Right::Register)?;
    let id = reception::resolve(app, p.id, p.number.as_deref()).await?;
    let full = laboratory::load(app, id).await?;
    let (lab, patient) = (&app.config.laboratory, &full.patient);
    let (now, zone) = (app.env.now(), app.env.zone());
    let used = patient.used.name.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
    let label = |code: &str| app.catalogue.analysis(code).map_or_else(String::new, |a| a.label.clone());
    let prescriber = full.correspondents.iter().find(|(role, _)| *role == CorrespondentRole::Prescriber);
    let slip = Slip {
        laboratory: vec![
            lab.name.clone(),
            format!("FINESS {}", lab.finess),
            format!("{}, {} {}", lab.address, lab.postal_code, lab.city),
            format!("Téléphone {}", lab.phone),
        ],
        number: full.dossier.number.clone(),
        day: full.dossier.opened_at.to_zoned(zone.clone()).strftime("%d/%m/%Y").to_string(),
        name: format!("{}{used}", patient.traits.birth_name),
        first_name: patient.traits.first_name.to_string(),
        birth_date: patient.traits.birth_date.french(),
        social_security: patient.social_security.clone(),
        prescriber: prescriber.map(|(_, c)| {
            let f = &c.facts;
            let rpps = f.rpps.as_ref().map(|r| format!(", RPPS {r}")).unwrap_or_default();
            format!("{} {}{rpps}", f.family, f.given)
        }),
        analyses: full
            .results
            .iter()
            .filter(|r| r.state != ResultState::Cancelled)
            .map(|r| (r.analysis.clone(), label(&r.analysis)))
            .collect(),
        at: Moment::from_zoned(&now.to_zoned(zone.clone())),
        training: app.config.daemon.training,
    };
    let pdf = slip.pdf().map_err(|e| WireError::new(ErrorKind::Internal, format!("relevé : {e}")))?;
    let act = caller.act(
        now,
        "billing-slip",
        format!("dossier:{id}"),
        json!({ "patient": patient.id, "number": full.dossier.number }),
    );
    app.store.journal(act).await?;
    Ok(BillingSlip {
        text: slip.text(),
        file_name: format!("releve-{}.pdf", full.dossier.number),
        base64: base64::engine::general_purpose::STANDARD.encode(pdf),
    })
}
