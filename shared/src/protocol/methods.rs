//! Every request of the protocol, once: name, parameters, result.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ErrorKind, WireError};
use super::{
    audit, card, cog, document, dossier, inbox, ins, patient, propagation, queue, received, session, status,
};

/// A request and its types.
pub trait Method {
    /// Name on the wire.
    const NAME: &'static str;
    /// Parameters.
    type Params: Serialize + DeserializeOwned + Send + 'static;
    /// Result.
    type Result: Serialize + DeserializeOwned + Send + 'static;
}

/// No parameters, or nothing to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal : $params:ty => $result:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $variant;
            impl Method for $variant {
                const NAME: &'static str = $name;
                type Params = $params;
                type Result = $result;
            }
        )*

        /// A typed request, one variant per method.
        #[derive(Debug, Clone)]
        pub enum Request {
            $($(#[$doc])* $variant($params),)*
        }

        impl Request {
            /// Name on the wire.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Reads name and parameters; absent parameters count as an empty object.
            ///
            /// # Errors
            /// Unknown method, or parameters of the wrong form, with what is wrong.
            pub fn from_parts(name: &str, params: Value) -> Result<Self, WireError> {
                let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
                match name {
                    $($name => serde_json::from_value::<$params>(params).map(Self::$variant).map_err(|e| {
                        WireError::new(ErrorKind::Invalid, format!("paramètres de {name} : {e}"))
                    }),)*
                    _ => {
                        let shown: String = name.chars().take(60).collect();
                        Err(WireError::new(ErrorKind::Protocol, format!("la requête « {shown} » n'existe pas"))
                            .hint("les requêtes existantes : paillasse call --list"))
                    }
                }
            }
        }

        /// Names of all methods, in the order of the table.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

methods! {
    /// First request of a connection: who, which version.
    SessionHello = "session.hello": session::HelloParams => session::Hello;
    /// Asks for events from now on.
    EventsSubscribe = "events.subscribe": Empty => Empty;
    /// Health, services, work lists.
    StatusGet = "status.get": Empty => status::Status;

    /// Searches patients; a newer search of the same connection supersedes this one.
    PatientSearch = "patient.search": patient::SearchParams => patient::SearchResult;
    /// One patient record.
    PatientGet = "patient.get": patient::PatientRef => patient::PatientRecord;
    /// Creates a patient.
    PatientCreate = "patient.create": patient::CreateParams => patient::Created;
    /// Changes strict traits.
    PatientEditTraits = "patient.edit_traits": patient::EditTraitsParams => patient::PatientRecord;
    /// Changes complementary traits.
    PatientEditUsed = "patient.edit_used": patient::EditUsedParams => patient::PatientRecord;
    /// Sets or removes an attribute.
    PatientSetAttribute = "patient.set_attribute": patient::SetAttributeParams => patient::PatientRecord;
    /// Records opposition or consent.
    PatientSetConsent = "patient.set_consent": patient::SetConsentParams => patient::PatientRecord;
    /// With whom data bearing the INS of this patient was exchanged.
    PatientDisclosures = "patient.disclosures": patient::PatientRef => patient::Disclosures;
    /// What merging two records would do, before it is done.
    PatientMergePreview = "patient.merge_preview": patient::MergeParams => patient::MergePreview;
    /// Merges two records of the same person; can be undone.
    PatientMerge = "patient.merge": patient::MergeParams => patient::PatientRecord;
    /// Undoes a merger: the absorbed record is there again, with its dossiers.
    PatientSplit = "patient.split": patient::SplitParams => patient::PatientRecord;
    /// History of an identity.
    PatientHistory = "patient.history": patient::PatientRef => patient::History;
    /// Corrections of identities to tell to those who received them.
    PropagationList = "propagation.list": propagation::ListParams => propagation::Propagations;
    /// A person's decision about one of them.
    PropagationDecide = "propagation.decide": propagation::DecideParams => propagation::PropagationView;
    /// Takes an identity that another party sent, as an HL7 v2 message.
    PatientReceive = "patient.receive": patient::ReceiveParams => patient::ReceivedIdentity;
    /// Former matricules of a patient, never transmitted.
    PatientMatricules = "patient.matricules": patient::PatientRef => patient::Matricules;
    /// Searches a place of birth.
    PlaceSearch = "place.search": patient::PlaceSearchParams => patient::Places;
    /// The reference of places in use, and the codes of INSi that it does not know.
    CogStatus = "cog.status": Empty => cog::CogStatus;
    /// Renews the reference from a file, offline, after its checksum.
    CogImport = "cog.import": cog::CogImportParams => cog::CogStatus;

    /// Calls INSi for a patient, in the background or waiting.
    InsFetch = "ins.fetch": ins::FetchParams => ins::FetchState;
    /// Asks with every given name and the birth place at once, when several people answered.
    InsFetchAllNames = "ins.fetch_all_names": ins::FetchParams => ins::FetchState;
    /// Calls INSi by the card of this workstation.
    InsFetchByCard = "ins.fetch_by_card": card::CallParams => ins::FetchState;
    /// Calls made, by site, month and mode: how many answered what, how fast.
    InsStats = "ins.stats": ins::StatsParams => ins::Stats;
    /// The return that waits for a decision.
    InsCompare = "ins.compare": patient::PatientRef => ins::PendingReturn;
    /// Accepts it.
    InsAccept = "ins.accept": ins::DecideParams => patient::PatientRecord;
    /// Refuses it.
    InsRefuse = "ins.refuse": ins::DecideParams => patient::PatientRecord;
    /// Records a device, and so validates the identity.
    InsQualify = "ins.qualify": ins::QualifyParams => patient::PatientRecord;
    /// Validates an identity on the document recorded, where recording does not do it.
    InsValidate = "ins.validate": patient::PatientRef => patient::PatientRecord;
    /// Queues verifications: of one identity, of a list, or of all that are due.
    InsVerify = "ins.verify": ins::VerifyParams => ins::VerifyQueued;
    /// Returns that wait for somebody.
    InsWorklist = "ins.worklist": Empty => ins::Worklist;

    /// Hands over a card that was read; kept in memory while it is useful, never written.
    CardPush = "card.push": card::PushParams => card::Shown;
    /// The card read last on this workstation.
    CardShow = "card.show": card::ShowParams => card::Shown;
    /// The card left the reader: forgets it.
    CardRemove = "card.remove": Empty => Empty;

    /// Searches the catalogue.
    CatalogueSearch = "catalogue.search": dossier::CatalogueSearchParams => dossier::CatalogueHits;
    /// Searches correspondents.
    CorrespondentSearch = "correspondent.search": dossier::CorrespondentSearchParams => dossier::Correspondents;
    /// Creates a correspondent.
    CorrespondentCreate = "correspondent.create": dossier::CorrespondentParams => dossier::Correspondent;
    /// Changes a correspondent.
    CorrespondentUpdate = "correspondent.update": dossier::CorrespondentUpdateParams => dossier::Correspondent;

    /// Opens a dossier.
    DossierCreate = "dossier.create": dossier::CreateParams => dossier::DossierView;
    /// One dossier.
    DossierGet = "dossier.get": dossier::DossierRef => dossier::DossierView;
    /// Lists dossiers.
    DossierList = "dossier.list": dossier::ListParams => dossier::DossierList;
    /// Adds analyses or correspondents.
    DossierAdd = "dossier.add": dossier::AddParams => dossier::DossierView;
    /// Text of the labels of a dossier.
    DossierLabels = "dossier.labels": dossier::DossierRef => dossier::Labels;
    /// The slip of a dossier for billing, as text and PDF.
    DossierBilling = "dossier.billing": dossier::DossierRef => dossier::BillingSlip;
    /// Enters a result by hand.
    ResultEnter = "result.enter": dossier::ResultEnterParams => dossier::DossierView;
    /// Says that an analysis will not be done.
    ResultCancel = "result.cancel": dossier::ResultCancelParams => dossier::DossierView;
    /// Validates technically.
    DossierValidateTechnical = "dossier.validate_technical": dossier::ValidateParams => dossier::DossierView;
    /// Validates biologically: documents are built and orders planned in the same act.
    DossierValidate = "dossier.validate": dossier::ValidateParams => dossier::DossierView;
    /// Records that the prescriber was told about critical results.
    DossierTraceCall = "dossier.trace_call": dossier::TraceCallParams => dossier::DossierView;
    /// The report as it would leave now, as text; nothing is built or kept.
    DossierPreview = "dossier.preview": dossier::DossierRef => dossier::Preview;
    /// The same as a page and a PDF for a viewer, marked as a preview before validation; nothing is kept.
    DossierPreviewFiles = "dossier.preview_files": dossier::DossierRef => dossier::PreviewFiles;
    /// Dossiers that wait for validation.
    ValidationWorklist = "validation.worklist": Empty => dossier::DossierList;

    /// Lists documents.
    DocumentList = "document.list": document::ListParams => document::Documents;
    /// The bytes of a document.
    DocumentGet = "document.get": document::GetParams => document::Content;
    /// Compares the values of the CDA and of the PDF of a document.
    DocumentCompare = "document.compare": document::DocumentRef => document::Compared;
    /// Builds a document again from the base and compares the bytes; nothing is kept.
    DocumentRebuild = "document.rebuild": document::DocumentRef => document::Rebuilt;
    /// Holds, releases, hides or shows one document.
    DocumentDecide = "document.decide": document::DecideParams => document::DocumentView;

    /// Orders that have not left, by cause.
    QueueSummary = "queue.summary": Empty => queue::Summary;
    /// Lists orders.
    QueueList = "queue.list": queue::ListParams => queue::Orders;
    /// One order with its attempts and why it has not left.
    QueueExplain = "queue.explain": queue::OrderRef => queue::OrderDetail;
    /// Pauses a service.
    QueuePause = "queue.pause": queue::ServiceParams => queue::Summary;
    /// Resumes a service.
    QueueResume = "queue.resume": queue::ServiceParams => queue::Summary;
    /// Sends now what waits: one order, or all of a cause.
    QueueRetry = "queue.retry": queue::RetryParams => queue::Acted;
    /// Withdraws an order that has not left.
    QueueCancel = "queue.cancel": queue::CancelParams => queue::Acted;
    /// Asks receivers about orders whose outcome is unknown.
    QueueReconcile = "queue.reconcile": Empty => queue::Acted;
    /// Waits until nothing is due for a service any more.
    QueueDrain = "queue.drain": queue::DrainParams => queue::Acted;

    /// Messages received that did not find their place.
    InboxList = "inbox.list": inbox::ListParams => inbox::Messages;
    /// One message.
    InboxGet = "inbox.get": inbox::InboxRef => inbox::MessageDetail;
    /// Reads a message again.
    InboxReplay = "inbox.replay": inbox::InboxRef => inbox::MessageView;
    /// Puts a message aside, with a reason.
    InboxClose = "inbox.close": inbox::CloseParams => inbox::MessageView;
    /// Files a message by hand, under a dossier or a record.
    InboxAttach = "inbox.attach": inbox::AttachParams => inbox::MessageView;
    /// Takes in a document of another laboratory.
    ReceivedTakeIn = "received.take_in": received::ReceiveParams => received::ReceivedView;
    /// Documents received.
    ReceivedList = "received.list": received::ListParams => received::ReceivedList;
    /// One document received, with what is to be decided before a merge.
    ReceivedShow = "received.show": received::ReceivedRef => received::ReceivedDetail;
    /// A view of a document received.
    ReceivedGet = "received.get": received::GetParams => document::Content;
    /// A view of a document given, of which nothing is kept.
    ReceivedRead = "received.read": received::ReadParams => document::Content;
    /// Attaches a document received to a dossier by hand.
    ReceivedAttach = "received.attach": received::AttachParams => received::ReceivedView;
    /// Merges a document received into the report of its dossier, or embeds its PDF.
    ReceivedTake = "received.take": received::TakeParams => received::ReceivedView;
    /// Puts a document received aside.
    ReceivedClose = "received.close": received::CloseParams => received::ReceivedView;

    /// Lists the journal.
    AuditList = "audit.list": audit::ListParams => audit::Lines;
    /// Verifies the chain of the journal, of this database or of a copy.
    AuditVerify = "audit.verify": audit::VerifyParams => audit::Verified;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_unknown_ones_are_named() {
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
        let e = Request::from_parts("patient.erase", Value::Null).unwrap_err();
        assert_eq!(e.kind, ErrorKind::Protocol);
        assert!(e.cause.contains("patient.erase"));
    }

    #[test]
    fn wrong_parameters_say_what_is_wrong() {
        let e = Request::from_parts("patient.get", serde_json::json!({"id": "douze"})).unwrap_err();
        assert_eq!(e.kind, ErrorKind::Invalid);
        assert!(e.cause.contains("patient.get"), "{}", e.cause);
    }
}
