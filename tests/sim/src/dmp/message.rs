//! From an HTTP call to an envelope, its parts and its addressing headers.

use super::answer::Fault;
use crate::mime::{self, Headers};
use crate::soap::{self, Envelope, WSA, is_uuid};
use crate::xml::Document;

/// A MIME part after the root.
#[derive(Debug)]
pub struct Part {
    /// `Content-ID` without its angle brackets.
    pub cid: String,
    /// `Content-Type`.
    pub content_type: String,
    /// Bytes, exactly.
    pub bytes: Vec<u8>,
}

/// What came over HTTP, before any XML is read.
#[derive(Debug, Default)]
pub struct Raw {
    /// Bytes of the envelope.
    pub envelope: Vec<u8>,
    /// The other parts.
    pub parts: Vec<Part>,
    /// `action` of the HTTP media type.
    pub action: Option<String>,
}

const XOP: &str = "application/xop+xml";
const SOAP_XML: &str = "application/soap+xml";

fn utf8(kind: &mime::Value) -> bool {
    kind.param("charset").is_none_or(|c| c.eq_ignore_ascii_case("utf-8"))
}

fn cid(headers: &Headers) -> Option<String> {
    let id = headers.get("Content-ID")?.trim();
    Some(id.strip_prefix('<')?.strip_suffix('>')?.to_owned())
}

/// Cuts an MTOM request (TD2.1).
///
/// # Errors
/// The media types are not those of spec/dmp.md §2.1, or the body cannot be cut.
pub fn multipart(content_type: &str, body: &[u8]) -> Result<Raw, Fault> {
    let kind = mime::value(content_type);
    if kind.value != "multipart/related" {
        return Err(Fault::media_type(format!(
            "Content-Type attendu : multipart/related, reçu « {} »",
            kind.value
        )));
    }
    for (name, wanted) in [("type", XOP), ("start-info", SOAP_XML)] {
        if !kind.param(name).is_some_and(|v| v.eq_ignore_ascii_case(wanted)) {
            return Err(Fault::media_type(format!("paramètre {name} du Content-Type : {wanted} attendu")));
        }
    }
    let boundary = kind.param("boundary").ok_or_else(|| Fault::media_type("paramètre boundary absent"))?;
    let start = kind.param("start").ok_or_else(|| Fault::media_type("paramètre start absent"))?;
    let start = start.strip_prefix('<').and_then(|s| s.strip_suffix('>')).unwrap_or(start);
    let parts = mime::multipart(body, boundary).map_err(|e| Fault::sender(format!("MIME : {e}")))?;
    let mut raw = Raw { action: kind.param("action").map(str::to_owned), ..Raw::default() };
    let mut root_found = false;
    for part in parts {
        let id = cid(&part.headers).ok_or_else(|| Fault::sender("MIME : partie sans Content-ID"))?;
        let content_type = part.headers.get("Content-Type").unwrap_or_default().to_owned();
        let bytes = mime::decoded(&part).map_err(|e| Fault::sender(format!("MIME : {e}")))?;
        if id != start {
            if raw.parts.iter().any(|p| p.cid == id) {
                return Err(Fault::sender(format!("MIME : Content-ID « {id} » répété")));
            }
            raw.parts.push(Part { cid: id, content_type, bytes });
            continue;
        }
        let kind = mime::value(&content_type);
        if kind.value != XOP || !utf8(&kind) || kind.param("type") != Some(SOAP_XML) {
            return Err(Fault::media_type(
                "partie racine : application/xop+xml; charset=UTF-8; type=\"application/soap+xml\" attendu",
            ));
        }
        root_found = true;
        raw.envelope = bytes;
    }
    if !root_found {
        return Err(Fault::sender(format!("MIME : partie racine « {start} » absente")));
    }
    Ok(raw)
}

/// Takes a plain SOAP request (TD3.1b, TD3.3c).
///
/// # Errors
/// Not `application/soap+xml` in UTF-8.
pub fn plain(content_type: &str, body: &[u8]) -> Result<Raw, Fault> {
    let kind = mime::value(content_type);
    if kind.value != SOAP_XML || !utf8(&kind) {
        return Err(Fault::media_type("Content-Type attendu : application/soap+xml; charset=utf-8"));
    }
    let action = kind.param("action").map(str::to_owned);
    Ok(Raw { envelope: body.to_vec(), parts: Vec::new(), action })
}

/// `MessageID`, if it can be read at all.
pub fn message_id(doc: &Document) -> String {
    let header = doc.root.child(soap::SOAP, "Header");
    header.and_then(|h| h.child(WSA, "MessageID")).map(|e| e.text().trim().to_owned()).unwrap_or_default()
}

/// Checks the WS-Addressing headers and gives the action (spec/dmp.md §2).
///
/// # Errors
/// A header absent, repeated or wrong.
pub fn addressing(envelope: &Envelope<'_>, http_action: Option<&str>) -> Result<String, Fault> {
    let block = |local: &str| match envelope.header.named(WSA, local).count() {
        0 => Err(Fault::addressing(local)),
        1 => envelope.block(WSA, local).map_err(|e| Fault::sender(e.to_string())),
        _ => Err(Fault::sender(format!("en-tête {local} répété"))),
    };
    let id = block("MessageID")?.text();
    if !id.trim().strip_prefix("urn:uuid:").is_some_and(is_uuid) {
        return Err(Fault::sender("MessageID doit être « urn:uuid: » suivi d'un UUID"));
    }
    block("To")?;
    let reply = block("ReplyTo")?.child(WSA, "Address").map(|a| a.text().trim().to_owned());
    if reply.as_deref() != Some("http://www.w3.org/2005/08/addressing/anonymous") {
        return Err(Fault::sender("ReplyTo/Address doit être l'adresse anonyme de WS-Addressing"));
    }
    let action = block("Action")?.text().trim().to_owned();
    if http_action.is_some_and(|a| a != action) {
        return Err(Fault::sender("paramètre action du Content-Type différent de l'en-tête Action"));
    }
    Ok(action)
}
