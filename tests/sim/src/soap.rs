//! SOAP 1.2 envelopes as both services read them.

use crate::xml::{Document, Element};

/// Namespace of SOAP 1.2.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// Namespace of SOAP 1.1, refused everywhere.
pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of WS-Addressing 1.0.
pub const WSA: &str = "http://www.w3.org/2005/08/addressing";
/// Namespace of WS-Security.
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// What is wrong with an envelope.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// SOAP 1.1 was used.
    #[error("enveloppe SOAP 1.1 : le service n'accepte que SOAP 1.2")]
    Version,
    /// The root is not an envelope, or a part is missing, repeated or out of place.
    #[error("élément {0}")]
    Shape(String),
}

/// Header and single body element of an envelope.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// `soap:Header`.
    pub header: &'a Element,
    /// The only child of `soap:Body`.
    pub payload: &'a Element,
}

/// Opens an envelope: exactly one Header, then one Body with exactly one element.
///
/// # Errors
/// [`EnvelopeError`] naming the element at fault.
pub fn open(doc: &Document) -> Result<Envelope<'_>, EnvelopeError> {
    let root = &doc.root;
    if root.ns == SOAP11 {
        return Err(EnvelopeError::Version);
    }
    let shape = |text: &str| EnvelopeError::Shape(text.to_owned());
    if !root.is(SOAP, "Envelope") {
        return Err(EnvelopeError::Shape(format!("{} inattendu à la place de soap:Envelope", root.local)));
    }
    let mut parts = root.elements();
    let header = parts.next().filter(|e| e.is(SOAP, "Header")).ok_or_else(|| shape("soap:Header absent"))?;
    let body = parts.next().filter(|e| e.is(SOAP, "Body")).ok_or_else(|| shape("soap:Body absent"))?;
    if let Some(extra) = parts.next() {
        return Err(EnvelopeError::Shape(format!("{} inattendu après soap:Body", extra.local)));
    }
    let mut payloads = body.elements();
    let payload = payloads.next().ok_or_else(|| shape("soap:Body vide"))?;
    if payloads.next().is_some() {
        return Err(shape("soap:Body avec plusieurs éléments"));
    }
    Ok(Envelope { header, payload })
}

impl<'a> Envelope<'a> {
    /// The only header block with this name.
    ///
    /// # Errors
    /// [`EnvelopeError::Shape`] when absent or repeated.
    pub fn block(&self, ns: &str, local: &str) -> Result<&'a Element, EnvelopeError> {
        let mut found = self.header.elements().filter(|e| e.is(ns, local));
        let first =
            found.next().ok_or_else(|| EnvelopeError::Shape(format!("{local} absent de l'en-tête")))?;
        if found.next().is_some() {
            return Err(EnvelopeError::Shape(format!("{local} répété dans l'en-tête")));
        }
        Ok(first)
    }
}

/// True for the 8-4-4-4-12 hexadecimal form of a UUID.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}
