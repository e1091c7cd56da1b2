//! The DMP: repository (TD2.1) and registry (TD3.1b, TD3.3c) over HTTPS (spec/dmp.md).
//!
//! Only what a laboratory does in *authentification indirecte* is answered; the other transactions
//! are refused as the rights matrix says (spec/dmp.md §3), and TD0.x are not simulated.

pub mod answer;
mod cda;
mod lot;
pub mod message;
mod metadata;
mod registry;
pub mod rim;
mod submit;
mod update;
pub mod values;
pub mod vihf;

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::dsig::DS;
use crate::http::{Call, Reply, SoapService};
use crate::journal::{Entry, Journal};
use crate::outage::Service;
use crate::soap::{self, Envelope};
use crate::xml;
use answer::{Answer, Fault, Refusal};
use message::Raw;
pub use metadata::INS_OIDS;
use registry::{Registry, Status};
use vihf::{Trust, Vihf};

/// Base path of the endpoints.
pub const PATH: &str = "/si-dmp-server/v2/services";
const ITI41: &str = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b";
const ITI18: &str = "urn:ihe:iti:2007:RegistryStoredQuery";
const ITI57: &str = "urn:ihe:iti:2010:UpdateDocumentSet";
const QUERY: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0";
const GET_DOCUMENTS: &str = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4";
const DENIED: &str = "DMPAccessDeniedByRightsService";

/// Form of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplyForm {
    /// One XML body.
    #[default]
    Plain,
    /// A multipart with one part.
    Multipart,
    /// One then the other.
    Alternate,
}

/// The simulated service.
pub struct Dmp {
    journal: Arc<Journal>,
    ca: Vec<u8>,
    form: ReplyForm,
    answers: AtomicU64,
    registry: Mutex<Registry>,
    assertions: Mutex<HashSet<String>>,
}

/// One exchange under judgement.
struct Exchange {
    n: u64,
    operation: &'static str,
    message_id: String,
    unique_ids: Vec<String>,
}

impl Dmp {
    /// Opens the registry kept in the journal's folder. `ca` is the DER of the authority.
    ///
    /// # Errors
    /// The registry file cannot be read.
    pub fn open(journal: Arc<Journal>, ca: Vec<u8>, form: ReplyForm) -> std::io::Result<Dmp> {
        let registry = Registry::open(&journal.path(Service::Dmp, "registry.jsonl"))?;
        Ok(Dmp {
            journal,
            ca,
            form,
            answers: AtomicU64::new(0),
            registry: Mutex::new(registry),
            assertions: Mutex::default(),
        })
    }

    /// Forgets every document and assertion.
    pub fn reset(&self) {
        self.registry().clear();
        self.assertions.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, call: &Call, exchange: &mut Exchange) -> std::io::Result<Answer> {
        let repository = call.path == format!("{PATH}/repository");
        let raw = if repository {
            message::multipart(&call.content_type, &call.body)
        } else {
            message::plain(&call.content_type, &call.body)
        };
        let raw = match raw {
            Ok(raw) => raw,
            Err(fault) => {
                self.keep(exchange.n, "body.bin", &call.body)?;
                return Ok(Answer::Fault(fault));
            }
        };
        self.keep_parts(exchange.n, &raw)?;
        Ok(match self.open_envelope(call, &raw, repository, exchange) {
            Ok(answer) => answer,
            Err(fault) => Answer::Fault(fault),
        })
    }

    fn open_envelope(
        &self,
        call: &Call,
        raw: &Raw,
        repository: bool,
        exchange: &mut Exchange,
    ) -> Result<Answer, Fault> {
        let doc = xml::parse(&raw.envelope).map_err(|e| Fault::sender(e.to_string()))?;
        exchange.message_id = message::message_id(&doc);
        let envelope = soap::open(&doc).map_err(|e| Fault::sender(e.to_string()))?;
        let action = message::addressing(&envelope, raw.action.as_deref())?;
        exchange.operation = match (action.as_str(), repository) {
            (ITI41, true) => "TD2.1",
            (ITI18, false) => "TD3.1b",
            (ITI57, false) => "TD3.3c",
            _ => return Err(Fault::sender(format!("Action « {action} » inconnue à cette adresse"))),
        };
        let trust = Trust { ca: &self.ca, client: &call.client, now: self.journal.now() };
        let vihf = vihf::verify(&envelope, trust)?;
        if !self.assertions.lock().unwrap_or_else(PoisonError::into_inner).insert(vihf.id.clone()) {
            return Err(Fault::vihf(
                "assertion déjà utilisée : une assertion neuve est attendue à chaque appel",
            ));
        }
        match action.as_str() {
            ITI41 => self.submit(&envelope, raw, &vihf, exchange),
            ITI18 => Ok(self.query(&envelope, &vihf, exchange)),
            _ => self.update(&envelope, &vihf, exchange),
        }
    }

    /// TD3.1b: uniqueId to entryUUID. FindDocuments and full entries need a person (AIR or CPx).
    fn query(&self, envelope: &Envelope<'_>, vihf: &Vihf, exchange: &mut Exchange) -> Answer {
        let refuse = |code, text: &str| Answer::QueryRefused(Refusal::new(code, text));
        let request = envelope.payload;
        if !request.is(QUERY, "AdhocQueryRequest") {
            return refuse("XDSUnknownStoredQuery", "AdhocQueryRequest attendu");
        }
        let option = request.child(QUERY, "ResponseOption");
        let query = request.child(rim::RIM, "AdhocQuery");
        if query.and_then(|q| q.attr("id")) != Some(GET_DOCUMENTS) {
            return refuse(DENIED, "seule la requête GetDocuments est ouverte en authentification indirecte");
        }
        if option.and_then(|o| o.attr("returnType")) != Some("ObjectRef") {
            return refuse(DENIED, "seul returnType=ObjectRef est ouvert en authentification indirecte");
        }
        let slots: Vec<_> = query.into_iter().flat_map(|q| q.named(rim::RIM, "Slot")).collect();
        let wanted: Vec<String> = slots
            .iter()
            .filter(|s| s.attr("name") == Some("$XDSDocumentEntryUniqueId"))
            .filter_map(|s| s.child(rim::RIM, "ValueList"))
            .flat_map(|l| l.named(rim::RIM, "Value"))
            .map(|v| v.text().trim().to_owned())
            .collect();
        let mut ids = Vec::new();
        for value in &wanted {
            // ('a','b'): parentheses and quotes are part of the value.
            let list = value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or_default();
            for id in list.split(',') {
                let id = id.trim().strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
                match id {
                    Some(id) if !id.is_empty() => ids.push(id.to_owned()),
                    _ => {
                        let text = "valeur attendue : ('<uniqueId>')";
                        return refuse("XDSStoredQueryParamNumber", text);
                    }
                }
            }
        }
        if ids.is_empty() {
            return refuse("XDSStoredQueryMissingParam", "$XDSDocumentEntryUniqueId absent");
        }
        exchange.unique_ids.clone_from(&ids);
        let registry = self.registry();
        let found = ids
            .iter()
            .filter_map(|id| registry.unique(id))
            .filter(|e| e.status != Status::Deleted && e.patient_id == vihf.patient_id)
            .map(|e| e.entry_uuid.clone())
            .collect();
        Answer::References(found)
    }

    fn keep(&self, n: u64, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.journal.keep(Service::Dmp, &Path::new(&format!("{n:06}")).join(name).to_string_lossy(), bytes)
    }

    /// Writes the envelope and each part as they came, before anything is judged.
    fn keep_parts(&self, n: u64, raw: &Raw) -> std::io::Result<()> {
        self.keep(n, "envelope.xml", &raw.envelope)?;
        let (mut documents, mut signatures) = (0, 0);
        for part in &raw.parts {
            let signature = xml::parse(&part.bytes).is_ok_and(|d| d.root.is(DS, "Signature"));
            let (kind, count) =
                if signature { ("signature", &mut signatures) } else { ("document", &mut documents) };
            *count += 1;
            self.keep(n, &format!("{kind}-{count}.xml"), &part.bytes)?;
        }
        Ok(())
    }

    fn answer(&self, call: &Call) -> std::io::Result<Reply> {
        let n = self.journal.number(Service::Dmp);
        let mut exchange = Exchange { n, operation: "?", message_id: String::new(), unique_ids: Vec::new() };
        let answer = self.judge(call, &mut exchange)?;
        let id = uuid::Uuid::new_v4().to_string();
        let envelope = answer.envelope(&id, &exchange.message_id);
        self.keep(n, "response.xml", envelope.as_bytes())?;
        let verdict = serde_json::json!({
            "operation": exchange.operation,
            "message_id": exchange.message_id,
            "unique_ids": exchange.unique_ids,
            "outcome": answer.outcome(),
            "reasons": answer.reasons(),
        });
        self.keep(n, "verdict.json", format!("{verdict:#}\n").as_bytes())?;
        self.journal.record(&Entry {
            n,
            time: self.journal.now(),
            service: Service::Dmp,
            operation: exchange.operation.to_owned(),
            message_id: exchange.message_id,
            unique_ids: exchange.unique_ids,
            recipients: Vec::new(),
            outcome: answer.outcome(),
            answered: call.answered,
            outage: call.outage.map(str::to_owned),
        })?;
        let turn = self.answers.fetch_add(1, Ordering::Relaxed);
        let multipart = match self.form {
            ReplyForm::Plain => false,
            ReplyForm::Multipart => true,
            ReplyForm::Alternate => turn % 2 == 1,
        };
        Ok(answer.reply(&envelope, multipart))
    }
}

impl SoapService for Dmp {
    fn service(&self) -> Service {
        Service::Dmp
    }

    fn handle(&self, call: &Call) -> Reply {
        let known = call.path.strip_prefix(PATH).is_some_and(|p| p == "/repository" || p == "/registry");
        if !known {
            return Reply::text(404, "Adresse inconnue, ou transaction non simulée");
        }
        if call.method != "POST" {
            return Reply::text(405, "Seul POST est accepté");
        }
        self.answer(call)
            .unwrap_or_else(|e| Reply::text(500, &format!("Le simulateur ne peut pas écrire : {e}")))
    }
}
