//! DMP answers: faults, RegistryResponse, query responses, plain or multipart.

use crate::http::Reply;
use crate::xml::escape;

/// Success of a registry response.
pub const SUCCESS: &str = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success";
const FAILURE: &str = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure";
const ERROR: &str = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error";

/// A SOAP fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status that goes with it.
    pub status: u16,
    /// Qualified subcode, "" when none.
    pub subcode: &'static str,
    /// Text.
    pub text: String,
}

impl Fault {
    /// The request does not follow the contract.
    pub fn sender(text: impl Into<String>) -> Fault {
        Fault { status: 500, subcode: "", text: text.into() }
    }

    /// Not the media type of the transaction.
    pub fn media_type(text: impl Into<String>) -> Fault {
        Fault { status: 415, subcode: "", text: text.into() }
    }

    /// A WS-Addressing header is absent (subcode and text of WS-Addressing 1.0 SOAP Binding §6.4.1.2).
    pub fn addressing(header: &str) -> Fault {
        let text =
            format!("A required header representing a Message Addressing Property is not present ({header})");
        Fault { status: 500, subcode: "wsa:MessageAddressingHeaderRequired", text }
    }

    /// Something is wrong with the VIHF (subcode of WS-Security 1.1).
    pub fn vihf(text: impl Into<String>) -> Fault {
        Fault { status: 500, subcode: "wsse:InvalidSecurityToken", text: text.into() }
    }

    /// The signature of the VIHF does not verify (subcode of WS-Security 1.1).
    pub fn signature(text: impl Into<String>) -> Fault {
        Fault { status: 500, subcode: "wsse:FailedCheck", text: text.into() }
    }

    /// Signed with another certificate than the cachet serveur (spec/dmp.md §2).
    pub fn certificate(why: &dyn std::fmt::Display) -> Fault {
        let text = format!("Le certificat de signature n'est pas valide : {why}");
        Fault { status: 500, subcode: "soap:DMPInvalidCertificate", text }
    }

    /// Short name for the journal.
    pub fn outcome(&self) -> String {
        let code = self.subcode.split(':').next_back().filter(|c| !c.is_empty()).unwrap_or("Sender");
        format!("fault {code}")
    }

    fn body(&self) -> String {
        let subcode = if self.subcode.is_empty() {
            String::new()
        } else {
            format!("<soap:Subcode><soap:Value>{}</soap:Value></soap:Subcode>", self.subcode)
        };
        format!(
            "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value>{subcode}</soap:Code><soap:Reason><soap:Text xml:lang=\"fr\">{}</soap:Text></soap:Reason></soap:Fault>",
            escape(&self.text)
        )
    }
}

/// One `RegistryError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `errorCode`.
    pub code: &'static str,
    /// `codeContext`, in words.
    pub context: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &'static str, context: impl Into<String>) -> Refusal {
        Refusal { code, context: context.into() }
    }
}

/// What is answered.
#[derive(Debug)]
pub enum Answer {
    /// `RegistryResponse` of TD2.1 or TD3.3.
    Registry {
        /// Response action.
        action: &'static str,
        /// Empty for a success.
        refusals: Vec<Refusal>,
    },
    /// `AdhocQueryResponse` with these entryUUIDs.
    References(Vec<String>),
    /// A query refused.
    QueryRefused(Refusal),
    /// A fault.
    Fault(Fault),
}

fn errors(refusals: &[Refusal]) -> String {
    if refusals.is_empty() {
        return String::new();
    }
    let list: String = refusals
        .iter()
        .map(|r| {
            format!(
                "<ns2:RegistryError codeContext=\"{}\" errorCode=\"{}\" location=\"\" severity=\"{ERROR}\"/>",
                escape(&r.context),
                r.code
            )
        })
        .collect();
    format!("<ns2:RegistryErrorList highestSeverity=\"{ERROR}\">{list}</ns2:RegistryErrorList>")
}

impl Answer {
    /// `success`, `failure CODE`, `fault CODE`, for the journal.
    pub fn outcome(&self) -> String {
        match self {
            Answer::Registry { refusals, .. } => match refusals.first() {
                Some(r) => format!("failure {}", r.code),
                None => "success".into(),
            },
            Answer::References(_) => "success".into(),
            Answer::QueryRefused(r) => format!("failure {}", r.code),
            Answer::Fault(f) => f.outcome(),
        }
    }

    /// Every reason given, for the verdict file.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Answer::Registry { refusals, .. } => {
                refusals.iter().map(|r| format!("{} : {}", r.code, r.context)).collect()
            }
            Answer::References(_) => Vec::new(),
            Answer::QueryRefused(r) => vec![format!("{} : {}", r.code, r.context)],
            Answer::Fault(f) => vec![f.text.clone()],
        }
    }

    fn status(&self) -> u16 {
        match self {
            Answer::Fault(f) => f.status,
            _ => 200,
        }
    }

    /// The SOAP envelope. `id` is the fresh UUID of the answer, `relates_to` the request's MessageID.
    pub fn envelope(&self, id: &str, relates_to: &str) -> String {
        const NS: &str = "xmlns:ns2=\"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0\" xmlns:ns3=\"urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0\" xmlns:ns4=\"urn:ihe:iti:xds-b:2007\" xmlns:ns5=\"urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0\" xmlns:ns6=\"urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0\"";
        const QUERY: &str = "urn:ihe:iti:2007:RegistryStoredQueryResponse";
        let (action, body) = match self {
            Answer::Registry { action, refusals } => {
                let status = if refusals.is_empty() { SUCCESS } else { FAILURE };
                let list = errors(refusals);
                (
                    *action,
                    format!("<ns2:RegistryResponse status=\"{status}\" {NS}>{list}</ns2:RegistryResponse>"),
                )
            }
            Answer::References(found) => {
                let list: String =
                    found.iter().map(|id| format!("<ns5:ObjectRef id=\"{}\"/>", escape(id))).collect();
                (
                    QUERY,
                    format!(
                        "<ns6:AdhocQueryResponse status=\"{SUCCESS}\" {NS}><ns5:RegistryObjectList>{list}</ns5:RegistryObjectList></ns6:AdhocQueryResponse>"
                    ),
                )
            }
            Answer::QueryRefused(refusal) => {
                let list = errors(std::slice::from_ref(refusal));
                (
                    QUERY,
                    format!(
                        "<ns6:AdhocQueryResponse status=\"{FAILURE}\" {NS}>{list}<ns5:RegistryObjectList/></ns6:AdhocQueryResponse>"
                    ),
                )
            }
            Answer::Fault(fault) => ("http://www.w3.org/2005/08/addressing/soap/fault", fault.body()),
        };
        let relates = if relates_to.is_empty() {
            String::new()
        } else {
            format!(
                "<RelatesTo xmlns=\"http://www.w3.org/2005/08/addressing\">{}</RelatesTo>",
                escape(relates_to)
            )
        };
        format!(
            "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:wsse=\"{}\"><soap:Header><Action xmlns=\"http://www.w3.org/2005/08/addressing\">{action}</Action><MessageID xmlns=\"http://www.w3.org/2005/08/addressing\">urn:uuid:{id}</MessageID><To xmlns=\"http://www.w3.org/2005/08/addressing\">http://www.w3.org/2005/08/addressing/anonymous</To>{relates}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>",
            crate::soap::WSSE
        )
    }

    /// The HTTP answer, as one XML body or as a one-part MTOM message: the DMP may do either, even
    /// for faults (spec/dmp.md §2.1).
    pub fn reply(&self, envelope: &str, multipart: bool) -> Reply {
        if !multipart {
            let content_type = "application/soap+xml; charset=utf-8".to_owned();
            return Reply { status: self.status(), content_type, body: envelope.as_bytes().to_vec() };
        }
        const BOUNDARY: &str = "uuid:0a1b2c3d-sim";
        let body = format!(
            "--{BOUNDARY}\r\nContent-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root.message@sim>\r\n\r\n{envelope}\r\n--{BOUNDARY}--\r\n"
        );
        Reply {
            status: self.status(),
            content_type: format!(
                "multipart/related; type=\"application/xop+xml\"; boundary=\"{BOUNDARY}\"; start=\"<root.message@sim>\"; start-info=\"application/soap+xml\""
            ),
            body: body.into_bytes(),
        }
    }
}
