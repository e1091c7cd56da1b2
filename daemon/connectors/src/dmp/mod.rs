//! Client of the DMP in *authentification indirecte* (structure certificate): feeding, technical search, deletion.
//!
//! | call | transaction | contract |
//! | --- | --- | --- |
//! | [`DmpClient::submit`] | TD2.1, ITI-41 over MTOM | DMP sheet sections 2.1, 3.4 |
//! | [`DmpClient::find`] | TD3.1b, ITI-18 GetDocuments | section 3.5 |
//! | [`DmpClient::delete`] | TD3.3c, ITI-57 status update | section 3.7 |
//! | [`webps::web_ps_url`] | TD0.9, an address for the user's browser | section 3.3 |
//!
//! Each call carries a new signed assertion ([`vihf`]) in its single `wsse:Security` header. The metadata, the
//! signature of the lot and the documents arrive ready and leave untouched: bytes that were hashed are never
//! written again. An error says its class ([`errors`]), the peer's own words, and whether the outcome is unknown;
//! after an unknown outcome [`DmpClient::find`] tells whether the document arrived.
//!
//! Deliberately not here: queues, delays, retries (the outbox), TD0.2 and everything that needs a person's
//! authentication (TD0.3, TD3.1, TD3.2, TD3.3a), user sentences. No identity is ever logged.

pub mod errors;
mod requests;
mod responses;
pub mod vihf;
pub mod webps;

use std::time::Duration;

use jiff::Timestamp;
use paillasse_xml::{IdentityError, SigningIdentity};
use uuid::Uuid;

pub use errors::{DmpError, DmpErrorKind, ErrorClass, ErrorTable, PeerError};
pub use vihf::{Actor, CodedValue, Software, VihfSettings};

use crate::soap::{self, Message, Post};
use crate::tls::{CertificateFacts, Deadlines, TlsError, TlsMaterial};

/// What can be set for a DMP connection. Addresses have no default: they are configuration only (section 2).
#[derive(Debug, Clone)]
pub struct DmpSettings {
    /// `https://<host>/si-dmp-server/v2/services`, without a final slash.
    pub base_url: String,
    /// Deadline to connect (10 s suggested).
    pub connect_timeout: Duration,
    /// Deadline of a TD2.1 call (60 s suggested).
    pub submit_timeout: Duration,
    /// Deadline of the other calls (30 s suggested).
    pub call_timeout: Duration,
    /// Greatest size of all documents of a lot, bytes. The official bound is unknown; 10 MB advised.
    pub max_documents: usize,
    /// Greatest answer read, bytes.
    pub max_response: usize,
    /// Content of the assertion.
    pub vihf: VihfSettings,
    /// What each error code means for the queue.
    pub errors: ErrorTable,
}

impl DmpSettings {
    /// The suggested values around an address and an assertion.
    #[must_use]
    pub fn new(base_url: &str, vihf: VihfSettings) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            connect_timeout: Duration::from_secs(10),
            submit_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(30),
            max_documents: 10_000_000,
            max_response: 4 << 20,
            vihf,
            errors: ErrorTable::default(),
        }
    }
}

/// Why a client cannot be made: configuration faults, found at start-up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DmpSetupError {
    /// TLS material.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Signing identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The signing certificate is the TLS one; the DMP refuses it (`DMPInvalidCertificate`).
    #[error("the signing certificate is the TLS client certificate")]
    SameCertificate,
    /// The structure is not the one of the signing certificate.
    #[error("structure {structure} is not in the OU of the signing certificate ({found:?})")]
    Structure {
        /// Configured Struct_IdNat.
        structure: String,
        /// Organisational units of the certificate.
        found: Vec<String>,
    },
}

/// What makes a call unique, given by the caller so that tests own it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContext {
    /// Now.
    pub now: Timestamp,
    /// Identifier of the message, new for each call.
    pub message_id: Uuid,
    /// Identifier of the assertion, new for each call.
    pub assertion_id: Uuid,
}

/// A document of a lot.
#[derive(Debug, Clone, Copy)]
pub struct Td21Document<'a> {
    /// `id` of its `ExtrinsicObject`.
    pub entry_id: &'a str,
    /// MIME type of its entry.
    pub mime_type: &'a str,
    /// Exact bytes, as hashed.
    pub bytes: &'a [u8],
}

/// A lot to submit. A replacement is a lot whose metadata carry RPLC.
#[derive(Debug, Clone)]
pub struct Td21Request<'a> {
    /// INS of the patient as CX (`<matricule>^^^&<OID>&ISO^NH`).
    pub patient_id: &'a str,
    /// `lcm:SubmitObjectsRequest`, without XML declaration.
    pub submit_objects_request: &'a str,
    /// One for each entry of the metadata, the signature of the lot included.
    pub documents: Vec<Td21Document<'a>>,
    /// Who acts; `None` for the automate of the settings.
    pub actor: Option<&'a Actor>,
    /// Identifiers and time of this call.
    pub context: CallContext,
}

/// A technical search by uniqueId.
#[derive(Debug, Clone, Copy)]
pub struct FindRequest<'a> {
    /// INS of the patient as CX.
    pub patient_id: &'a str,
    /// uniqueId of the document.
    pub unique_id: &'a str,
    /// Who acts; `None` for the automate of the settings.
    pub actor: Option<&'a Actor>,
    /// Identifiers and time of this call.
    pub context: CallContext,
}

/// A deletion.
#[derive(Debug, Clone, Copy)]
pub struct DeleteRequest<'a> {
    /// INS of the patient as CX.
    pub patient_id: &'a str,
    /// `lcm:SubmitObjectsRequest` with the status update, without XML declaration.
    pub status_update_request: &'a str,
    /// Who acts; `None` for the automate of the settings.
    pub actor: Option<&'a Actor>,
    /// Identifiers and time of this call.
    pub context: CallContext,
}

/// The DMP accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmpReceipt {
    /// Our message.
    pub message_id: Uuid,
    /// Status as the DMP wrote it.
    pub status: String,
    /// Warnings, in the DMP's words.
    pub warnings: Vec<PeerError>,
}

/// Identifier of a document in the registry, `urn:uuid:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryUuid(pub String);

/// A connection to one DMP for one structure. Cheap to share; calls may run at the same time.
#[derive(Debug)]
pub struct DmpClient {
    settings: DmpSettings,
    http: reqwest::Client,
    identity: SigningIdentity,
}

impl DmpClient {
    /// Checks the material and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// See [`DmpSetupError`].
    pub fn new(
        settings: DmpSettings,
        tls: &TlsMaterial,
        identity: SigningIdentity,
    ) -> Result<Self, DmpSetupError> {
        let leaf = CertificateFacts::from_der(identity.leaf())?;
        if !leaf.subject_ou.contains(&settings.vihf.structure_id) {
            return Err(DmpSetupError::Structure {
                structure: settings.vihf.structure_id.clone(),
                found: leaf.subject_ou,
            });
        }
        if tls.check()?.first().is_some_and(|t| t.serial == leaf.serial && t.issuer == leaf.issuer) {
            return Err(DmpSetupError::SameCertificate);
        }
        let deadlines = Deadlines { connect: settings.connect_timeout, total: settings.submit_timeout };
        let http = tls.http_client(deadlines)?;
        Ok(Self { settings, http, identity })
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &DmpSettings {
        &self.settings
    }

    /// TD2.1: submits a lot.
    ///
    /// # Errors
    /// [`DmpError`]; ask [`DmpError::unknown_outcome`] before sending anything again.
    pub async fn submit(&self, request: &Td21Request<'_>) -> Result<DmpReceipt, DmpError> {
        let size: usize = request.documents.iter().map(|d| d.bytes.len()).sum();
        if size > self.settings.max_documents {
            return Err(DmpError::local(DmpErrorKind::TooLarge { size, limit: self.settings.max_documents }));
        }
        let url = self.endpoint("repository");
        let security = self.security(request.patient_id, request.actor, &request.context)?;
        let (content_type, body) = requests::provide_and_register(&url, &security, request);
        let message =
            self.call(&url, content_type, body, self.settings.submit_timeout, &request.context).await?;
        self.receipt(&message, request.context.message_id)
    }

    /// TD3.1b: identifier of a document in the registry; `None` when it is unknown there, or deleted.
    ///
    /// # Errors
    /// [`DmpError`]; a search has no effect, so its outcome is never unknown.
    pub async fn find(&self, request: &FindRequest<'_>) -> Result<Option<EntryUuid>, DmpError> {
        let url = self.endpoint("registry");
        let body = requests::get_documents(request.unique_id);
        let message = self.plain(
            &url,
            requests::STORED_QUERY,
            &body,
            request.patient_id,
            request.actor,
            &request.context,
        );
        let message = message.await.map_err(DmpError::without_effect)?;
        responses::object_refs(&message, &self.settings.errors).map_err(DmpError::without_effect).map(
            |mut refs| {
                if refs.len() > 1 {
                    tracing::warn!(
                        count = refs.len(),
                        "several registry entries for one uniqueId: the first is used"
                    );
                }
                if refs.is_empty() { None } else { Some(EntryUuid(refs.swap_remove(0))) }
            },
        )
    }

    /// TD3.3c: deletes a document of the structure.
    ///
    /// # Errors
    /// [`DmpError`].
    pub async fn delete(&self, request: &DeleteRequest<'_>) -> Result<DmpReceipt, DmpError> {
        let url = self.endpoint("registry");
        let body = request.status_update_request;
        let message = self
            .plain(
                &url,
                requests::UPDATE_DOCUMENT_SET,
                body,
                request.patient_id,
                request.actor,
                &request.context,
            )
            .await?;
        self.receipt(&message, request.context.message_id)
    }

    fn endpoint(&self, suffix: &str) -> String {
        format!("{}/{suffix}", self.settings.base_url)
    }

    fn security(
        &self,
        patient: &str,
        actor: Option<&Actor>,
        context: &CallContext,
    ) -> Result<String, DmpError> {
        let assertion = vihf::assertion(&self.settings.vihf, actor, patient, context, &self.identity)
            .map_err(|e| DmpError::local(DmpErrorKind::Identity(e)))?;
        Ok(format!("<wsse:Security xmlns:wsse=\"{}\">{assertion}</wsse:Security>", soap::WSSE_NS))
    }

    async fn plain(
        &self,
        url: &str,
        action: &str,
        body: &str,
        patient: &str,
        actor: Option<&Actor>,
        context: &CallContext,
    ) -> Result<Message, DmpError> {
        let security = self.security(patient, actor, context)?;
        let envelope = requests::envelope(url, action, &security, body, context);
        let content_type = soap::content_type(action);
        self.call(url, content_type, envelope.into_bytes(), self.settings.call_timeout, context).await
    }

    async fn call(
        &self,
        url: &str,
        content_type: String,
        body: Vec<u8>,
        timeout: Duration,
        context: &CallContext,
    ) -> Result<Message, DmpError> {
        let post = Post {
            url,
            content_type,
            body,
            timeout: Some(timeout),
            max_response: self.settings.max_response,
        };
        let message =
            soap::call(&self.http, post).await.map_err(|e| DmpError::from_soap(e, &self.settings.errors))?;
        match message.relates_to() {
            // An answer to another message says nothing about ours.
            Some(id) if id != requests::message_id(context) => {
                Err(DmpError::unreadable("the answer relates to another message"))
            }
            _ => Ok(message),
        }
    }

    fn receipt(&self, message: &Message, message_id: Uuid) -> Result<DmpReceipt, DmpError> {
        let (status, warnings) = responses::registry_response(message, &self.settings.errors)?;
        Ok(DmpReceipt { message_id, status, warnings })
    }
}
