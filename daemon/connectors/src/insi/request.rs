//! Writing the two search requests (fact sheet §B.3, §B.5, §B.6). The order of elements is the schemas'.

use crate::soap::{self, Addressing, WSSE_NS};
use jiff::Timestamp;
use paillasse_shared::domain::identity::{BirthDate, CogCode, Sex, StrictName};
use paillasse_xml::escape::push_text;
use thiserror::Error;
use uuid::Uuid;

const BAM_NS: &str = "urn:siram:bam:ctxbam";
const LPS_NS: &str = "urn:siram:lps:ctxlps";
const TRAITS_NS: &str = "http://www.cnamts.fr/INSiRecSans";
const CARD_NS: &str = "http://www.cnamts.fr/INSiRecVit";
const ACTION: &str = "urn:ServiceIdentiteCertifiee:1.0.0:";

/// How the software presents itself in `ContexteLPS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LpsIdentity {
    /// `IDAM`: authorisation number given by the CNDA.
    pub authorisation: String,
    /// Version as declared to the CNDA.
    pub version: String,
    /// Identifier of the installation, stable.
    pub instance: Uuid,
    /// `urn:lps:<software>:<version>`.
    pub name: String,
}

/// What is new in each call, given by the caller who owns clock and randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallStamp {
    /// `ContexteBAM/Id`.
    pub bam_id: Uuid,
    /// `ContexteLPS/Id`.
    pub lps_id: Uuid,
    /// `wsa:MessageID`, without its scheme.
    pub message: Uuid,
    /// Both `Temps`.
    pub time: Timestamp,
}

impl CallStamp {
    /// `wsa:MessageID` as written: `uuid:` and the identifier.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("uuid:{}", self.message)
    }
}

/// A search by traits. Names go out exactly as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraitsQuery {
    /// Nom de naissance, never the nom utilisé.
    pub birth_name: StrictName,
    /// One given name, or all of them joined by a space: one element either way.
    pub given_name: StrictName,
    /// M or F.
    pub sex: Sex,
    /// The raw INSi date when one is known, else the calendar date.
    pub birth_date: BirthDate,
    /// Only for the relaunch after 02; 99999 is never sent.
    pub birth_place: Option<CogCode>,
}

/// 13 characters and a key, as a card gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nir {
    /// 13 characters, the seventh may be A or B.
    pub number: String,
    /// Two digits.
    pub key: Option<String>,
}

/// A search by carte Vitale, for the one beneficiary the user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardQuery {
    /// NIR of the ouvrant droit.
    pub holder: Nir,
    /// Certified NIR of the beneficiary, when the card has it.
    pub beneficiary: Option<Nir>,
    /// Name on the card.
    pub birth_name: Option<String>,
    /// Birth date on the card, `AAAA-MM-JJ`, possibly lunar.
    pub birth_date: Option<BirthDate>,
    /// Rang gémellaire.
    pub birth_rank: Option<u8>,
    /// Grand régime, caisse, centre, when read.
    pub regime: Option<(String, String, String)>,
    /// SAML assertions of the card, made by licensed components; at most 20 minutes old, which is the caller's check.
    /// In CPx mode the professional's is put before them.
    pub assertions: Vec<String>,
}

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// INSi knows only M and F.
    #[error("INSi cannot be asked without a sex of M or F")]
    Sex,
    /// A name outside the alphabet of what may be sent, though legal in what is received (fact sheet §A.3). It is not
    /// rewritten: a rewritten name that finds nobody would look like a lost INS.
    #[error("{0} cannot be sent to INSi as it is written")]
    Name(&'static str),
    /// Not 13 characters of the NIR alphabet, or not a two-digit key.
    #[error("unusable NIR")]
    Nir,
    /// An assertion that is not XML.
    #[error("unusable SAML assertion")]
    Assertion,
}

#[derive(Clone, Copy)]
pub(super) enum Operation<'a> {
    Traits(&'a TraitsQuery),
    Card(&'a CardQuery),
}

impl Operation<'_> {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Traits(_) => "rechercherInsAvecTraitsIdentite",
            Operation::Card(_) => "rechercherInsAvecCarteVitale",
        }
    }

    pub fn action(self) -> String {
        format!("{ACTION}{}", self.name())
    }

    /// The whole request. `professional`: the assertion of the CPx mode, which goes before the card's.
    pub fn envelope(
        self,
        lps: &LpsIdentity,
        emitter: &str,
        professional: Option<&str>,
        stamp: &CallStamp,
    ) -> Result<String, QueryError> {
        let time = stamp.time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let (cover, body, assertions) = match self {
            Operation::Traits(query) => (String::new(), traits_body(query)?, &[][..]),
            Operation::Card(query) => (cover(query)?, card_body(query)?, query.assertions.as_slice()),
        };
        let mut bam = format!(
            "<b:ContexteBAM xmlns:b=\"{BAM_NS}\" Nature=\"CTXBAM\" Version=\"01_02\"><b:Id>{}</b:Id><b:Temps>{time}</b:Temps>",
            stamp.bam_id
        );
        element(&mut bam, "b:Emetteur", emitter);
        bam.push_str(&format!("<b:COUVERTURE>{cover}</b:COUVERTURE></b:ContexteBAM>"));
        let mut context = format!(
            "<l:ContexteLPS xmlns:l=\"{LPS_NS}\" Nature=\"CTXLPS\" Version=\"01_00\"><l:Id>{}</l:Id><l:Temps>{time}</l:Temps>",
            stamp.lps_id
        );
        element(&mut context, "l:Emetteur", emitter);
        context.push_str("<l:LPS><l:IDAM R=\"4\">");
        push_text(&mut context, &lps.authorisation);
        context.push_str("</l:IDAM>");
        element(&mut context, "l:Version", &lps.version);
        element(&mut context, "l:Instance", &lps.instance.to_string());
        element(&mut context, "l:Nom", &lps.name);
        context.push_str("</l:LPS></l:ContexteLPS>");
        let addressing = Addressing {
            action: &self.action(),
            message_id: &stamp.message_id(),
            to: None,
            reply_to: false,
            must_understand: false,
        }
        .to_xml();
        let security = security(professional.into_iter().chain(assertions.iter().map(String::as_str)))?;
        Ok(soap::envelope(&[&bam, &context, &addressing, &security], &body))
    }
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>"));
    push_text(out, text);
    out.push_str(&format!("</{name}>"));
}

fn traits_body(query: &TraitsQuery) -> Result<String, QueryError> {
    let sex = match query.sex {
        Sex::M => "M",
        Sex::F => "F",
        _ => return Err(QueryError::Sex),
    };
    for (element, name) in [("NomNaissance", &query.birth_name), ("Prenom", &query.given_name)] {
        if !may_be_sent(name) {
            return Err(QueryError::Name(element));
        }
    }
    let mut out = format!("<i:RECSANSVITALE xmlns:i=\"{TRAITS_NS}\">");
    element(&mut out, "i:NomNaissance", query.birth_name.as_str());
    element(&mut out, "i:Prenom", query.given_name.as_str());
    element(&mut out, "i:Sexe", sex);
    element(&mut out, "i:DateNaissance", &query.birth_date.iso());
    if let Some(place) = query.birth_place.as_ref().filter(|place| !place.is_unknown()) {
        element(&mut out, "i:LieuNaissance", place.as_str());
    }
    out.push_str("</i:RECSANSVITALE>");
    Ok(out)
}

/// Letters joined by one space, apostrophe or hyphen, or by a double hyphen: narrower than a strict trait may be.
pub(super) fn may_be_sent(name: &StrictName) -> bool {
    let joined = name.as_str().replace("--", "-");
    !joined.contains("--")
        && joined
            .split(['-', '\'', ' '])
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase()))
}

fn checked(nir: &Nir) -> Result<&Nir, QueryError> {
    let number = nir.number.len() == 13
        && nir
            .number
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B')));
    let key = nir.key.as_ref().is_none_or(|key| key.len() == 2 && key.bytes().all(|b| b.is_ascii_digit()));
    if number && key { Ok(nir) } else { Err(QueryError::Nir) }
}

fn card_body(query: &CardQuery) -> Result<String, QueryError> {
    let mut out = format!("<i:RECVITALE xmlns:i=\"{CARD_NS}\">");
    let matricule = |out: &mut String, name: &str, nir: &Nir| {
        out.push_str(&format!("<i:{name}>"));
        element(out, "i:NumIdentifiant", &nir.number);
        if let Some(key) = &nir.key {
            element(out, "i:Cle", key);
        }
        out.push_str(&format!("</i:{name}>"));
    };
    if let Some(nir) = &query.beneficiary {
        matricule(&mut out, "MatriculeIndividu", checked(nir)?);
    }
    matricule(&mut out, "MatriculeOD", checked(&query.holder)?);
    if let Some(name) = &query.birth_name {
        element(&mut out, "i:NomNaissance", name);
    }
    if let Some(date) = &query.birth_date {
        element(&mut out, "i:DateNaissance", &date.iso());
    }
    if let Some(rank) = query.birth_rank {
        element(&mut out, "i:RangNaissance", &rank.to_string());
    }
    out.push_str("</i:RECVITALE>");
    Ok(out)
}

/// Content of `ContexteBAM/COUVERTURE` for a card; empty for a search by traits.
fn cover(query: &CardQuery) -> Result<String, QueryError> {
    let mut out = String::new();
    if let Some((regime, fund, centre)) = &query.regime {
        element(&mut out, "b:GrandRegime", regime);
        element(&mut out, "b:Organisme", fund);
        element(&mut out, "b:CodeCentre", centre);
    }
    let identity = |out: &mut String, nir: &Nir| {
        element(out, "b:Num", &nir.number);
        if let Some(key) = &nir.key {
            element(out, "b:Cle", key);
        }
    };
    out.push_str("<b:ASSURE><b:Id>");
    identity(&mut out, checked(&query.holder)?);
    out.push_str("</b:Id></b:ASSURE><b:BENEFICIAIRE>");
    if let Some(nir) = &query.beneficiary {
        out.push_str("<b:Nir>");
        identity(&mut out, checked(nir)?);
        out.push_str("</b:Nir>");
    }
    if let Some(date) = &query.birth_date {
        element(&mut out, "b:DateNai", &date.iso());
    }
    if let Some(rank) = query.birth_rank {
        element(&mut out, "b:Rang", &rank.to_string());
    }
    out.push_str("</b:BENEFICIAIRE>");
    Ok(out)
}

/// `wsse:Security`, absent in organisation-certificate mode. Assertions are signed: they go in byte for byte.
fn security<'a>(assertions: impl Iterator<Item = &'a str>) -> Result<String, QueryError> {
    let mut assertions = assertions.peekable();
    if assertions.peek().is_none() {
        return Ok(String::new());
    }
    let mut out = format!("<wsse:Security xmlns:wsse=\"{WSSE_NS}\">");
    for assertion in assertions {
        let xml = assertion.trim();
        let xml = match xml.strip_prefix("<?xml") {
            Some(rest) => rest.split_once("?>").ok_or(QueryError::Assertion)?.1.trim_start(),
            None => xml,
        };
        let read = paillasse_xml::parse(xml.as_bytes()).map_err(|_| QueryError::Assertion)?;
        if !read.is("urn:oasis:names:tc:SAML:2.0:assertion", "Assertion") {
            return Err(QueryError::Assertion);
        }
        out.push_str(xml);
    }
    out.push_str("</wsse:Security>");
    Ok(out)
}
