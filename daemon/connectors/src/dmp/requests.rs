//! Bodies and envelopes of the three transactions.

use paillasse_xml::escape;

use super::{CallContext, Td21Request};
use crate::mime::{self, Part};
use crate::soap::{self, Addressing};

/// Action of TD2.1.
pub(super) const PROVIDE_AND_REGISTER: &str = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b";
/// Action of TD3.1b.
pub(super) const STORED_QUERY: &str = "urn:ihe:iti:2007:RegistryStoredQuery";
/// Action of TD3.3c.
pub(super) const UPDATE_DOCUMENT_SET: &str = "urn:ihe:iti:2010:UpdateDocumentSet";

const XDSB_NS: &str = "urn:ihe:iti:xds-b:2007";
const XOP_NS: &str = "http://www.w3.org/2004/08/xop/include";
const QUERY_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0";
const RIM_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
/// Stored query GetDocuments.
const GET_DOCUMENTS: &str = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4";

/// Identifier of the message as WS-Addressing writes it.
pub(super) fn message_id(context: &CallContext) -> String {
    format!("urn:uuid:{}", context.message_id)
}

/// Envelope with the addressing headers and the assertion.
pub(super) fn envelope(url: &str, action: &str, security: &str, body: &str, context: &CallContext) -> String {
    let message_id = message_id(context);
    let addressing =
        Addressing { action, message_id: &message_id, to: Some(url), reply_to: true, must_understand: true };
    soap::envelope(&[&addressing.to_xml(), security], body)
}

/// Media type and body of TD2.1 (section 2.1): XOP root part, then each document as it is.
pub(super) fn provide_and_register(
    url: &str,
    security: &str,
    request: &Td21Request<'_>,
) -> (String, Vec<u8>) {
    let unique = request.context.message_id.simple();
    let content_id = |index: usize| format!("document{}.{unique}@paillasse", index + 1);
    let mut body = format!("<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb=\"{XDSB_NS}\">");
    body.push_str(request.submit_objects_request);
    for (index, document) in request.documents.iter().enumerate() {
        body.push_str(&format!(
            "<xdsb:Document id=\"{}\"><xop:Include xmlns:xop=\"{XOP_NS}\" href=\"cid:{}\"/></xdsb:Document>",
            escape::attribute(document.entry_id),
            content_id(index)
        ));
    }
    body.push_str("</xdsb:ProvideAndRegisterDocumentSetRequest>");
    let root = format!("root.{unique}@paillasse");
    let mut parts = vec![Part {
        content_type: "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"".to_owned(),
        content_id: root.clone(),
        bytes: envelope(url, PROVIDE_AND_REGISTER, security, &body, &request.context).into_bytes(),
    }];
    parts.extend(request.documents.iter().enumerate().map(|(index, document)| Part {
        content_type: document.mime_type.to_owned(),
        content_id: content_id(index),
        bytes: document.bytes.to_vec(),
    }));
    let boundary = format!("paillasse_{unique}");
    let content_type = format!(
        "multipart/related; type=\"application/xop+xml\"; start=\"<{root}>\"; start-info=\"application/soap+xml\"; \
         boundary=\"{boundary}\"; action=\"{PROVIDE_AND_REGISTER}\""
    );
    (content_type, mime::write_related(&boundary, &parts))
}

/// Body of TD3.1b: GetDocuments by uniqueId, references only.
pub(super) fn get_documents(unique_id: &str) -> String {
    // A quote inside a value of a stored query is doubled; a uniqueId is an OID and has none.
    let value = escape::text(&unique_id.replace('\'', "''"));
    format!(
        "<query:AdhocQueryRequest xmlns:query=\"{QUERY_NS}\" xmlns:rim=\"{RIM_NS}\">\
         <query:ResponseOption returnComposedObjects=\"true\" returnType=\"ObjectRef\"/>\
         <rim:AdhocQuery id=\"{GET_DOCUMENTS}\"><rim:Slot name=\"$XDSDocumentEntryUniqueId\"><rim:ValueList>\
         <rim:Value>('{value}')</rim:Value></rim:ValueList></rim:Slot></rim:AdhocQuery></query:AdhocQueryRequest>"
    )
}
