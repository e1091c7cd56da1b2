//! Reading `RegistryResponse` and `AdhocQueryResponse`.

use paillasse_xml::Element;

use super::errors::{DmpError, ErrorTable, PeerError};
use crate::soap::Message;

const RS_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0";
const QUERY_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0";
const RIM_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
const STATUS: &str = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:";
/// Most errors kept from an answer.
const MAX_ERRORS: usize = 20;
/// Longest text kept from an error, in characters.
const MAX_WORDS: usize = 2_000;

/// Status and warnings of a success; an error for everything else.
pub(super) fn registry_response(
    message: &Message,
    table: &ErrorTable,
) -> Result<(String, Vec<PeerError>), DmpError> {
    let response = message
        .body
        .as_ref()
        .filter(|b| b.is(RS_NS, "RegistryResponse"))
        .ok_or_else(|| DmpError::unreadable("no RegistryResponse in the answer"))?;
    judge(response, table)
}

/// The references of a search.
pub(super) fn object_refs(message: &Message, table: &ErrorTable) -> Result<Vec<String>, DmpError> {
    let response = message
        .body
        .as_ref()
        .filter(|b| b.is(QUERY_NS, "AdhocQueryResponse"))
        .ok_or_else(|| DmpError::unreadable("no AdhocQueryResponse in the answer"))?;
    judge(response, table)?;
    let list = response
        .child(RIM_NS, "RegistryObjectList")
        .ok_or_else(|| DmpError::unreadable("no RegistryObjectList in the answer"))?;
    // Some registries send the whole objects although references were asked for: their id is the same.
    list.children()
        .filter(|e| e.is(RIM_NS, "ObjectRef") || e.is(RIM_NS, "ExtrinsicObject"))
        .map(|e| {
            e.attr("id")
                .filter(|id| id.starts_with("urn:uuid:"))
                .map(str::to_owned)
                .ok_or_else(|| DmpError::unreadable("an object reference is not a urn:uuid"))
        })
        .collect()
}

fn judge(response: &Element, table: &ErrorTable) -> Result<(String, Vec<PeerError>), DmpError> {
    let status = response.attr("status").ok_or_else(|| DmpError::unreadable("answer without a status"))?;
    let (warnings, errors): (Vec<PeerError>, Vec<PeerError>) = response
        .child(RS_NS, "RegistryErrorList")
        .map(|list| {
            list.children_named(RS_NS, "RegistryError").take(MAX_ERRORS).map(read_error).collect::<Vec<_>>()
        })
        .unwrap_or_default()
        .into_iter()
        .partition(|e| e.warning);
    match status.strip_prefix(STATUS) {
        Some("Success") => Ok((status.to_owned(), [errors, warnings].concat())),
        Some("Failure" | "PartialSuccess") => {
            let all = if errors.is_empty() { warnings } else { errors };
            Err(DmpError::refused(all, table))
        }
        _ => Err(DmpError::unreadable("unknown status in the answer")),
    }
}

fn read_error(element: &Element) -> PeerError {
    let words =
        |name: &str| element.attr(name).unwrap_or_default().chars().take(MAX_WORDS).collect::<String>();
    PeerError {
        code: words("errorCode"),
        context: words("codeContext"),
        location: words("location"),
        warning: words("severity").ends_with(":Warning"),
    }
}
