//! Reading and judging one INSi request, from the WSDL, its schemas and spec/ins.md B.2 to B.6.
//!
//! The public contract gives three fault codes only (spec/ins.md B.8). What the real service says to
//! a malformed request is not public: such requests get codes starting with `sim_`, which exist
//! nowhere else, so that nobody mistakes them for national ones.

use jiff::Timestamp;

use super::answer::Fault;
use super::card;
use crate::cert::CertFacts;
use crate::mime;
use crate::soap::{self, WSA, WSSE, is_uuid};
use crate::xml::{Document, Element};

/// Namespace of ContexteBAM.
pub const BAM: &str = "urn:siram:bam:ctxbam";
/// Namespace of ContexteLPS.
pub const LPS: &str = "urn:siram:lps:ctxlps";
/// Namespace of the search by traits.
pub const RECSANS: &str = "http://www.cnamts.fr/INSiRecSans";
/// Namespace of the search by Vitale card.
pub const RECVIT: &str = "http://www.cnamts.fr/INSiRecVit";
/// Common prefix of the actions.
pub const ACTIONS: &str = "urn:ServiceIdentiteCertifiee:1.0.0:";

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// `rechercherInsAvecTraitsIdentite`.
    Traits {
        /// Birth name.
        name: String,
        /// Given name, or all of them separated by one space.
        given: String,
        /// `M` or `F`.
        sex: String,
        /// `AAAA-MM-JJ`, maybe lunar.
        date: String,
        /// COG.
        place: Option<String>,
    },
    /// `rechercherInsAvecCarteVitale`.
    Vitale {
        /// Certified NIR of the beneficiary.
        nir: Option<String>,
        /// NIR of the ouvrant droit.
        od: Option<String>,
        /// Birth name.
        name: Option<String>,
        /// Birth date.
        date: Option<String>,
    },
}

impl Search {
    /// Name of the operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Search::Traits { .. } => "rechercherInsAvecTraitsIdentite",
            Search::Vitale { .. } => "rechercherInsAvecCarteVitale",
        }
    }
}

/// `wsa:MessageID` if it can be read at all, for the journal and the faults.
pub fn message_id(doc: &Document) -> String {
    let header = doc.root.child(soap::SOAP, "Header");
    header.and_then(|h| h.child(WSA, "MessageID")).map(|e| e.text().trim().to_owned()).unwrap_or_default()
}

/// What the judgement leans on.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Certificate of the authority.
    pub ca: &'a [u8],
    /// Certificate of the TLS client; empty facts when none was shown, which is the CPx mode.
    pub client: &'a CertFacts,
    /// Software authorisation numbers that are known.
    pub idams: &'a [String],
    /// Present instant.
    pub now: Timestamp,
}

/// Judges the whole request.
///
/// # Errors
/// The fault to answer.
pub fn read(doc: &Document, content_type: &str, trust: &Trust<'_>) -> Result<Search, Fault> {
    let envelope = soap::open(doc).map_err(|e| Fault::schema(e.to_string()))?;
    let block = |ns, local| envelope.block(ns, local).map_err(|e| Fault::schema(e.to_string()));
    let security = envelope.header.child(WSSE, "Security");
    // Certificate mode: the sender is the structure of the certificate; CPx mode: the professional (spec/ins.md B.3).
    let by_card = trust.client.der.is_empty();
    let sender = if by_card {
        card::professional(security, trust)?
    } else if matches!(trust.client.cn.as_str(), "INSI-MANU" | "INSI-AUTO") {
        trust.client.ou.clone()
    } else {
        return Err(Fault::rights());
    };
    let action = block(WSA, "Action")?.text().trim().to_owned();
    let Some(operation) = action.strip_prefix(ACTIONS) else {
        return Err(Fault::schema(format!("wsa:Action inconnue « {action} »")));
    };
    let http_action = mime::value(content_type);
    if http_action.param("action").is_some_and(|a| a != action) {
        return Err(Fault::schema("paramètre action du Content-Type différent de wsa:Action".into()));
    }
    let id = block(WSA, "MessageID")?.text();
    if !id.trim().strip_prefix("uuid:").is_some_and(is_uuid) {
        return Err(Fault::schema("wsa:MessageID doit être « uuid: » suivi d'un UUID".into()));
    }
    let cover = context_bam(block(BAM, "ContexteBAM")?, &sender)?;
    context_lps(block(LPS, "ContexteLPS")?, &sender, trust.idams)?;
    for e in envelope.header.elements() {
        if e.attr_ns(soap::SOAP, "mustUnderstand").is_some_and(|v| v == "1" || v == "true")
            && !matches!(e.ns.as_str(), WSA | BAM | LPS | WSSE)
        {
            return Err(Fault::schema(format!("en-tête {} non compris", e.local)));
        }
    }
    match operation {
        "rechercherInsAvecTraitsIdentite" => {
            if cover.elements().next().is_some() {
                return Err(Fault::schema("COUVERTURE doit être vide pour une recherche par traits".into()));
            }
            traits(envelope.payload)
        }
        "rechercherInsAvecCarteVitale" => {
            let nir = envelope.payload;
            vitale_context(cover)?;
            card::vitale(security, by_card, trust.now)?;
            vitale(nir)
        }
        _ => Err(Fault::schema(format!("wsa:Action inconnue « {action} »"))),
    }
}

/// Checks an `xsd:sequence`: order, cardinality (max 0 = unbounded), nothing else.
fn sequence(e: &Element, ns: &str, spec: &[(&str, usize, usize)]) -> Result<(), Fault> {
    if !e.has_no_text() {
        return Err(Fault::schema(format!("texte inattendu dans {}", e.local)));
    }
    let mut children = e.elements().peekable();
    for (local, min, max) in spec {
        let mut seen = 0;
        while (seen < *max || *max == 0) && children.next_if(|c| c.is(ns, local)).is_some() {
            seen += 1;
        }
        if seen < *min {
            let found =
                children.peek().map(|c| format!(", {} trouvé à sa place", c.local)).unwrap_or_default();
            return Err(Fault::schema(format!("{local} attendu dans {}{found}", e.local)));
        }
    }
    match children.next() {
        Some(extra) => Err(Fault::schema(format!(
            "{} inattendu dans {} (inconnu, répété ou mal placé)",
            extra.local, e.local
        ))),
        None => Ok(()),
    }
}

fn leaf(e: &Element, ns: &str, local: &str) -> Result<Option<String>, Fault> {
    match e.child(ns, local) {
        Some(c) if c.elements().next().is_some() => {
            Err(Fault::schema(format!("{local} ne doit contenir que du texte")))
        }
        Some(c) => Ok(Some(c.text())),
        None => Ok(None),
    }
}

fn mandatory(e: &Element, ns: &str, local: &str) -> Result<String, Fault> {
    leaf(e, ns, local)?
        .filter(|t| !t.is_empty())
        .ok_or_else(|| Fault::schema(format!("{local} absent ou vide")))
}

fn context(e: &Element, ns: &str, version: &str, nature: &str, sender: &str) -> Result<(), Fault> {
    if e.attr("Version") != Some(version) {
        return Err(Fault::schema(format!("{}/@Version doit être {version}", e.local)));
    }
    if e.attr("Nature").is_some_and(|n| n != nature) {
        return Err(Fault::schema(format!("{}/@Nature doit être {nature}", e.local)));
    }
    if !is_uuid(&mandatory(e, ns, "Id")?) {
        return Err(Fault::schema(format!("{}/Id n'est pas un UUID", e.local)));
    }
    if mandatory(e, ns, "Temps")?.parse::<Timestamp>().is_err() {
        return Err(Fault::schema(format!("{}/Temps n'est pas une date UTC", e.local)));
    }
    if leaf(e, ns, "Emetteur")?.is_some_and(|v| v != sender) {
        return Err(Fault::schema(format!(
            "{}/Emetteur n'est pas la structure ou le professionnel",
            e.local
        )));
    }
    Ok(())
}

fn context_bam<'a>(e: &'a Element, sender: &str) -> Result<&'a Element, Fault> {
    sequence(
        e,
        BAM,
        &[("Id", 1, 1), ("Temps", 1, 1), ("Emetteur", 0, 1), ("DateRef", 0, 1), ("COUVERTURE", 1, 1)],
    )?;
    context(e, BAM, "01_02", "CTXBAM", sender)?;
    e.child(BAM, "COUVERTURE").ok_or_else(|| Fault::schema("COUVERTURE absent".into()))
}

fn context_lps(e: &Element, sender: &str, idams: &[String]) -> Result<(), Fault> {
    sequence(e, LPS, &[("Id", 1, 1), ("Temps", 1, 1), ("Emetteur", 0, 1), ("LPS", 0, 1)])?;
    context(e, LPS, "01_00", "CTXLPS", sender)?;
    let lps = e.child(LPS, "LPS").ok_or_else(|| Fault::schema("LPS absent de ContexteLPS".into()))?;
    sequence(lps, LPS, &[("IDAM", 0, 1), ("Version", 0, 1), ("Instance", 0, 1), ("Nom", 0, 1)])?;
    let idam = lps.child(LPS, "IDAM");
    if idam.and_then(|i| i.attr("R")) != Some("4") {
        return Err(Fault::schema("IDAM absent, ou IDAM/@R différent de 4".into()));
    }
    if !idams.contains(&mandatory(lps, LPS, "IDAM")?) {
        return Err(Fault::unknown_software());
    }
    mandatory(lps, LPS, "Version")?;
    if !is_uuid(&mandatory(lps, LPS, "Instance")?) {
        return Err(Fault::schema("LPS/Instance n'est pas un UUID".into()));
    }
    if !mandatory(lps, LPS, "Nom")?.starts_with("urn:lps:") {
        return Err(Fault::schema("LPS/Nom doit commencer par urn:lps:".into()));
    }
    Ok(())
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// `\d{4}-\d{2}-\d{2}`: a lunar date is not a calendar date.
fn is_lunar_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2))
}

/// The narrow alphabet of what is sent (spec/ins.md A.3): `[A-Z]+` joined by `-`, `--`, `'` or one space.
pub fn is_sent_name(text: &str) -> bool {
    if text.is_empty() || text.chars().count() > 100 {
        return false;
    }
    let words = text.replace("--", "-");
    !words.contains("--")
        && words.split(['-', '\'', ' ']).all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_uppercase()))
}

fn is_nir(text: &str) -> bool {
    text.len() == 13
        && text.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B')))
}

fn traits(e: &Element) -> Result<Search, Fault> {
    if !e.is(RECSANS, "RECSANSVITALE") {
        return Err(Fault::schema(format!("{} à la place de RECSANSVITALE", e.local)));
    }
    sequence(
        e,
        RECSANS,
        &[
            ("NomNaissance", 0, 1),
            ("Prenom", 0, 0),
            ("Sexe", 0, 1),
            ("DateNaissance", 0, 1),
            ("LieuNaissance", 0, 1),
        ],
    )?;
    let name = mandatory(e, RECSANS, "NomNaissance")?;
    mandatory(e, RECSANS, "Prenom")?;
    let given: Vec<String> = e.named(RECSANS, "Prenom").map(Element::text).collect();
    for (local, text) in std::iter::once(("NomNaissance", &name)).chain(given.iter().map(|g| ("Prenom", g))) {
        if !is_sent_name(text) {
            return Err(Fault::schema(format!(
                "{local} : 1 à 100 caractères A-Z, tiret, apostrophe ou espace, sans accent ni espace double"
            )));
        }
    }
    let sex = mandatory(e, RECSANS, "Sexe")?;
    if sex != "M" && sex != "F" {
        return Err(Fault::schema("Sexe doit être M ou F".into()));
    }
    let date = mandatory(e, RECSANS, "DateNaissance")?;
    if !is_lunar_date(&date) {
        return Err(Fault::schema("DateNaissance doit être de la forme AAAA-MM-JJ".into()));
    }
    let place = leaf(e, RECSANS, "LieuNaissance")?;
    if let Some(place) = &place {
        if place == "99999" {
            return Err(Fault::schema("LieuNaissance : 99999 (inconnu) ne doit jamais être envoyé".into()));
        }
        if place.len() != 5 || !place.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            return Err(Fault::schema("LieuNaissance doit être un code COG de 5 caractères".into()));
        }
    }
    Ok(Search::Traits { name, given: given.join(" "), sex, date, place })
}

fn vitale_context(cover: &Element) -> Result<(), Fault> {
    let matricule = [("Num", 0, 1), ("Cle", 0, 1)];
    sequence(
        cover,
        BAM,
        &[
            ("GrandRegime", 0, 1),
            ("Organisme", 0, 1),
            ("CodeCentre", 0, 1),
            ("ASSURE", 0, 1),
            ("BENEFICIAIRE", 1, 1),
        ],
    )?;
    if let Some(assure) = cover.child(BAM, "ASSURE") {
        sequence(assure, BAM, &[("Id", 0, 1)])?;
        if let Some(id) = assure.child(BAM, "Id") {
            sequence(id, BAM, &matricule)?;
        }
    }
    if let Some(b) = cover.child(BAM, "BENEFICIAIRE") {
        sequence(b, BAM, &[("Nir", 0, 1), ("DateNai", 0, 1), ("Rang", 0, 1), ("Porteur", 0, 1)])?;
        if let Some(nir) = b.child(BAM, "Nir") {
            sequence(nir, BAM, &[("Num", 0, 1), ("Cle", 0, 1), ("DateCertification", 0, 1)])?;
        }
    }
    Ok(())
}

fn vitale(e: &Element) -> Result<Search, Fault> {
    if !e.is(RECVIT, "RECVITALE") {
        return Err(Fault::schema(format!("{} à la place de RECVITALE", e.local)));
    }
    sequence(
        e,
        RECVIT,
        &[
            ("MatriculeIndividu", 0, 1),
            ("MatriculeOD", 0, 1),
            ("NomNaissance", 0, 1),
            ("DateNaissance", 0, 1),
            ("RangNaissance", 0, 1),
        ],
    )?;
    let number = |local: &str| -> Result<Option<String>, Fault> {
        let Some(m) = e.child(RECVIT, local) else { return Ok(None) };
        sequence(m, RECVIT, &[("NumIdentifiant", 0, 1), ("Cle", 0, 1), ("TypeMatricule", 0, 1)])?;
        let nir = mandatory(m, RECVIT, "NumIdentifiant")?;
        if !is_nir(&nir) {
            return Err(Fault::schema(format!("{local}/NumIdentifiant n'est pas un NIR de 13 caractères")));
        }
        if leaf(m, RECVIT, "Cle")?.is_some_and(|c| !digits(&c, 2)) {
            return Err(Fault::schema(format!("{local}/Cle doit avoir deux chiffres")));
        }
        Ok(Some(nir))
    };
    let (nir, od) = (number("MatriculeIndividu")?, number("MatriculeOD")?);
    if nir.is_none() && od.is_none() {
        return Err(Fault::schema("MatriculeIndividu ou MatriculeOD attendu dans RECVITALE".into()));
    }
    let name = leaf(e, RECVIT, "NomNaissance")?;
    let date = leaf(e, RECVIT, "DateNaissance")?;
    if date.as_deref().is_some_and(|d| !is_lunar_date(d)) {
        return Err(Fault::schema("DateNaissance doit être de la forme AAAA-MM-JJ".into()));
    }
    Ok(Search::Vitale { nir, od, name, date })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_alphabet_of_sent_names_passes() {
        for ok in ["MARTIN", "D'ARTAGNAN DE L'HERAULT", "MARTIN--DUPUIS", "PIERRE-ALAIN MURIEL FLORIANT"] {
            assert!(is_sent_name(ok), "{ok}");
        }
        for ko in
            ["", "Martin", "HÉLÈNE", "A  B", " A", "A ", "A---B", "A-", "A1", "A,B", "A' B", &"A".repeat(101)]
        {
            assert!(!is_sent_name(ko), "{ko}");
        }
    }

    #[test]
    fn dates_may_be_lunar_but_not_shapeless() {
        assert!(is_lunar_date("1950-00-00"));
        assert!(is_lunar_date("1950-13-45"));
        for ko in ["1950-1-01", "19500101", "1950-01-01T00:00:00", "195O-01-01"] {
            assert!(!is_lunar_date(ko), "{ko}");
        }
    }
}
