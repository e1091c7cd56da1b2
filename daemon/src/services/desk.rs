//! Rules of the identity desk that depend on the site: who keeps the identities, what a creation needs, homonyms,
//! the number used for billing.
//!
//! Pure but for [`mark_homonyms`]; the acts themselves stand in [`super::reception`] and [`super::identity`].

use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::{Attribute, CogCode, IdentityRole, StrictTraits};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::patient::SetAttributeParams;

use super::{App, Caller, identity};

/// Motive of the degraded procedure, when the site needs one to touch strict traits (INS-25).
///
/// # Errors
/// Identities are kept elsewhere and no motive was given, or the procedure is asked for where it has no sense.
pub fn degraded(app: &App, motive: Option<&str>) -> Result<Option<String>, WireError> {
    let motive = motive.map(str::trim).filter(|m| !m.is_empty()).map(str::to_owned);
    match (app.config.identity.role, motive) {
        (IdentityRole::Referentiel, Some(_)) => Err(WireError::invalid(
            "degraded",
            "procédure dégradée : les identités sont tenues ici, elle est sans objet",
        )),
        (IdentityRole::Esclave, None) => {
            Err(WireError::refused(fr::KEPT_ELSEWHERE).hint(fr::KEPT_ELSEWHERE_HINT))
        }
        (_, motive) => Ok(motive),
    }
}

/// A place of birth is needed; unknown is said, never supposed (INS-05, COG-05).
///
/// # Errors
/// The field is empty.
pub fn needs_place(traits: &StrictTraits) -> Result<(), WireError> {
    if traits.birth_place.is_some() {
        return Ok(());
    }
    Err(WireError::invalid("birth_place", "Lieu de naissance : à saisir pour créer une identité")
        .hint(format!("commune ou pays ; si personne ne le connaît, saisir INCONNU ({})", CogCode::UNKNOWN)))
}

/// Reads the number used for billing: 13 characters, or 15 with the key. Spaces do not count.
///
/// # Errors
/// Not of that form, or a wrong key.
pub fn social_security(text: Option<&str>) -> Result<Option<String>, WireError> {
    let number: String = text.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let number = number.to_ascii_uppercase();
    if number.is_empty() {
        return Ok(None);
    }
    let wrong = |why: &str| {
        Err(WireError::invalid("social_security", format!("N° de sécurité sociale (facturation) : {why}")))
    };
    let fits = |(i, c): (usize, char)| c.is_ascii_digit() || (i == 6 && matches!(c, 'A' | 'B'));
    if !matches!(number.len(), 13 | 15) || !number.chars().enumerate().all(fits) {
        return wrong("13 chiffres, ou 15 avec la clé");
    }
    if let (Some(body), Some(key)) = (number.get(..13), number.get(13..).filter(|k| !k.is_empty()))
        && key.parse() != Ok(key_of(body))
    {
        return wrong("la clé ne correspond pas");
    }
    Ok(Some(number))
}

/// Sets `homonyme` on the other persons of a creation, one journalled act each (STA-21).
pub async fn mark_homonyms(
    app: &App,
    caller: &Caller,
    ids: &[PatientId],
    of: PatientId,
) -> Result<(), WireError> {
    for id in ids {
        if identity::load(app, *id).await?.state.homonyme {
            continue;
        }
        let params = SetAttributeParams {
            id: *id,
            attribute: Attribute::Homonyme,
            on: true,
            motive: Some(format!("homonyme du patient n° {of}")),
        };
        identity::set_attribute(app, caller, params).await?;
    }
    Ok(())
}

/// The right that an attribute needs: homonymy is seen at the desk, doubt is a matter of identity.
#[must_use]
pub fn right_of(attribute: Attribute) -> Right {
    match attribute {
        Attribute::Homonyme => Right::Register,
        Attribute::Douteux | Attribute::Fictif => Right::QualifyIdentity,
    }
}

/// Homonyms of a creation: few, and each once.
///
/// # Errors
/// More than the list of close identities ever shows.
pub fn few_homonyms(ids: &[PatientId]) -> Result<Vec<PatientId>, WireError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > 20 {
        return Err(WireError::invalid("homonyms", "homonymes : 20 patients au plus"));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ins_04_the_number_for_billing_has_its_own_rules() {
        let read = |t: &str| social_security(Some(t));
        assert_eq!(read("2 75 12 63 220 749").unwrap().as_deref(), Some("2751263220749"));
        assert_eq!(read("275126322074974").unwrap().as_deref(), Some("275126322074974"));
        assert_eq!(read("297022a020778 78").unwrap().as_deref(), Some("297022A02077878"));
        assert_eq!(read(" ").unwrap(), None);
        for bad in ["275126322074975", "27512632207", "2751263220A49", "27512632207497X"] {
            let e = read(bad).unwrap_err();
            assert_eq!(e.field.as_deref(), Some("social_security"), "{bad}");
            assert!(!e.cause.contains("INS"), "{}", e.cause);
        }
    }
}
