//! Dossiers, results, catalogue, correspondents, validation.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::Analysis;
use crate::domain::dossier::{CorrespondentRole, DossierState};
use crate::domain::identity::Status;
use crate::domain::ids::{CorrespondentId, DocumentId, DossierId, OrderId, PatientId, ResultId};
use crate::domain::order::{OrderState, Reason, Service};
use crate::domain::result::{Flag, ResultState, ResultValue};

/// A dossier by id or by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierRef {
    /// By id.
    #[serde(default)]
    pub id: Option<DossierId>,
    /// By number.
    #[serde(default)]
    pub number: Option<String>,
}

/// Searches the catalogue by label or code; empty text lists everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueSearchParams {
    /// As typed.
    pub text: String,
    /// At most so many; 30 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Analyses and panels found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueHits {
    /// Panels: a code that stands for several analyses.
    pub panels: Vec<Panel>,
    /// Analyses.
    pub analyses: Vec<Analysis>,
}

/// A prescribable examination made of several analyses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panel {
    /// Local code.
    pub code: String,
    /// Label.
    pub label: String,
    /// Codes of its analyses.
    pub analyses: Vec<String>,
}

/// Searches correspondents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrespondentSearchParams {
    /// Name or town, as typed.
    pub text: String,
    /// At most so many; 20 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Correspondents found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondents {
    /// Best first.
    pub correspondents: Vec<Correspondent>,
}

/// A health correspondent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondent {
    /// Which.
    pub id: CorrespondentId,
    /// Facts.
    #[serde(flatten)]
    pub facts: CorrespondentParams,
}

/// Facts about a correspondent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrespondentParams {
    /// Family name.
    pub family: String,
    /// First name.
    #[serde(default)]
    pub given: String,
    /// `DR`, `PR`… (JDV J246).
    #[serde(default)]
    pub title: Option<String>,
    /// RPPS, 11 digits.
    #[serde(default)]
    pub rpps: Option<String>,
    /// Profession / specialty code (JDV J01) such as `G15_10/SM54`.
    #[serde(default)]
    pub profession: Option<String>,
    /// Label of the profession.
    #[serde(default)]
    pub profession_label: Option<String>,
    /// MSSanté address.
    #[serde(default)]
    pub mss_address: Option<String>,
    /// Town.
    #[serde(default)]
    pub town: Option<String>,
}

/// Changes a correspondent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrespondentUpdateParams {
    /// Which.
    pub id: CorrespondentId,
    /// Facts, all of them.
    pub facts: CorrespondentParams,
}

/// Opens a dossier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateParams {
    /// For whom.
    pub patient: Option<PatientId>,
    /// Codes of analyses or panels.
    #[serde(default)]
    pub analyses: Vec<String>,
    /// Correspondents with their role.
    #[serde(default)]
    pub correspondents: Vec<CorrespondentChoice>,
    /// Sampling time; now when absent.
    #[serde(default)]
    pub sampled_at: Option<jiff::Timestamp>,
    /// Urgent.
    #[serde(default)]
    pub urgent: bool,
    /// Day of the prescription `AAAA-MM-JJ`; today when absent.
    #[serde(default)]
    pub prescribed_on: Option<String>,
    /// Another laboratory asks for these analyses: it alone receives the report.
    #[serde(default)]
    pub received_from: Option<ReceivedFrom>,
    /// Number chosen by the client for this creation: a second one with the same number is the same.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// The laboratory that subcontracts a dossier to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedFrom {
    /// Which: a correspondent, whose MSSanté address is the laboratory's.
    pub laboratory: CorrespondentId,
    /// Number of its dossier, returned in the report; 1 to 64 characters.
    pub number: String,
}

/// A correspondent in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrespondentChoice {
    /// Who.
    pub correspondent: CorrespondentId,
    /// As what.
    pub role: CorrespondentRole,
}

/// Adds to a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddParams {
    /// Which dossier.
    pub id: DossierId,
    /// Codes of analyses or panels.
    #[serde(default)]
    pub analyses: Vec<String>,
    /// Correspondents.
    #[serde(default)]
    pub correspondents: Vec<CorrespondentChoice>,
}

/// Filter of dossiers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Of this patient only.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// In this state only.
    #[serde(default)]
    pub state: Option<DossierState>,
    /// At most so many; 100 by default, 1000 at most.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Dossiers, in the order of the list asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierList {
    /// Lines.
    pub dossiers: Vec<DossierLine>,
}

/// One line of a list of dossiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierLine {
    /// Which.
    pub id: DossierId,
    /// Number.
    pub number: String,
    /// Patient.
    pub patient: PatientId,
    /// Name and first name.
    pub patient_name: String,
    /// Identity status.
    pub status: Status,
    /// Opened at.
    pub opened_at: jiff::Timestamp,
    /// State.
    pub state: DossierState,
    /// Urgent.
    pub urgent: bool,
    /// Worst flag among results not validated yet.
    pub worst: Option<Flag>,
    /// Results with a value.
    pub done: u16,
    /// Results in all.
    pub total: u16,
}

/// A whole dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierView {
    /// Which.
    pub id: DossierId,
    /// Number, such as `26-118733`.
    pub number: String,
    /// Raised at each change.
    pub version: i64,
    /// Patient.
    pub patient: PatientId,
    /// Opened at.
    pub opened_at: jiff::Timestamp,
    /// Sampled at.
    pub sampled_at: jiff::Timestamp,
    /// State.
    pub state: DossierState,
    /// Urgent.
    pub urgent: bool,
    /// Correspondents.
    pub correspondents: Vec<DossierCorrespondent>,
    /// The laboratory that asked, when it is not ours.
    #[serde(default)]
    pub received_from: Option<RequestingLaboratory>,
    /// Chapters with their results, in report order.
    pub chapters: Vec<ChapterView>,
    /// Documents with their orders, latest first.
    pub documents: Vec<DossierDocument>,
    /// What would leave after validation.
    pub departures: Vec<Departure>,
    /// Sentences to be read before validation.
    pub alerts: Vec<String>,
    /// Those of them that ask for a gesture first (a critical result not yet announced).
    #[serde(default)]
    pub gestures: Vec<String>,
}

/// The laboratory that asked for a dossier, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestingLaboratory {
    /// Who.
    pub laboratory: Correspondent,
    /// Number of its dossier.
    pub number: String,
    /// In plain French: why nothing leaves for the DMP nor for the patient.
    pub why: String,
}

/// A correspondent of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierCorrespondent {
    /// Role.
    pub role: CorrespondentRole,
    /// Who.
    pub correspondent: Correspondent,
}

/// Results of a chapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChapterView {
    /// LOINC code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Results in report order.
    pub results: Vec<ResultView>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// Which.
    pub id: ResultId,
    /// Local code of the analysis.
    pub analysis: String,
    /// Label.
    pub label: String,
    /// Group title inside the chapter.
    pub group: Option<String>,
    /// Value.
    pub value: Option<ResultValue>,
    /// Value as shown, without unit.
    pub shown: String,
    /// Unit shown.
    pub unit: Option<String>,
    /// Flag.
    pub flag: Option<Flag>,
    /// Reference interval as shown.
    pub reference: Option<String>,
    /// Previous results, latest first, at most 3.
    pub previous: Vec<PreviousResult>,
    /// State.
    pub state: ResultState,
    /// Where the value comes from, such as `automate COBAS-1` or a login.
    pub origin: Option<String>,
    /// When the value was obtained.
    pub obtained_at: Option<jiff::Timestamp>,
    /// Comment.
    pub comment: Option<String>,
    /// Remarks of the analyser.
    pub remarks: Vec<String>,
    /// Last validation: who and when.
    pub validated: Option<(String, jiff::Timestamp)>,
}

/// A previous result of the same analysis in the same unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousResult {
    /// Sampled at.
    pub at: jiff::Timestamp,
    /// Value as shown.
    pub shown: String,
    /// Value.
    pub value: ResultValue,
    /// Flag.
    pub flag: Option<Flag>,
}

/// A document of a dossier with its orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierDocument {
    /// Which.
    pub id: DocumentId,
    /// Version.
    pub version: u32,
    /// Built at.
    pub built_at: jiff::Timestamp,
    /// Partial or final.
    pub is_final: bool,
    /// Held back by a person.
    #[serde(default)]
    pub held: bool,
    /// Invisible to the patient.
    #[serde(default)]
    pub invisible: bool,
    /// Orders.
    pub orders: Vec<OrderLine>,
}

/// One order in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Which.
    pub id: OrderId,
    /// Service.
    pub service: Service,
    /// Recipient as shown.
    pub recipient: String,
    /// State.
    pub state: OrderState,
    /// Why it has not left.
    pub reason: Option<Reason>,
    /// The same in plain French.
    pub why: Option<String>,
    /// Since when it is in this state.
    pub since: jiff::Timestamp,
}

/// What would leave after validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// Service.
    pub service: Service,
    /// Recipient as shown.
    pub recipient: String,
    /// What would hold it.
    pub reason: Option<Reason>,
    /// The same in plain French.
    pub why: Option<String>,
}

/// Enters a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultEnterParams {
    /// Which dossier.
    pub dossier: DossierId,
    /// Local code of the analysis.
    pub analysis: String,
    /// As typed; empty removes a value that was not validated.
    pub value: String,
    /// Comment; absent keeps it.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Says that an analysis will not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultCancelParams {
    /// Which dossier.
    pub dossier: DossierId,
    /// Local code of the analysis.
    pub analysis: String,
    /// Why.
    pub motive: String,
}

/// Validates results of a dossier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateParams {
    /// Which dossier.
    #[serde(default)]
    pub id: Option<DossierId>,
    /// By number.
    #[serde(default)]
    pub number: Option<String>,
    /// Version that was shown; another one meanwhile is a conflict. Absent: no check (scripts).
    #[serde(default)]
    pub version: Option<i64>,
    /// Local codes of the analyses; empty means all that can be validated.
    #[serde(default)]
    pub analyses: Vec<String>,
    /// Biological validation: the document it builds is held back at once (one explicit act for this document).
    #[serde(default)]
    pub hold: bool,
    /// Biological validation: the document it builds is invisible to the patient at once.
    #[serde(default)]
    pub invisible: bool,
}

/// Records that the prescriber was told about the critical results of a dossier (LAB: traced call).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceCallParams {
    /// Which dossier.
    pub id: DossierId,
    /// Who was told, and what was said, as typed.
    pub note: String,
}

/// A report as it would leave now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Plain text for a terminal, lines of at most 78 columns.
    pub text: String,
}

/// A report as it would leave now, for a viewer outside the terminal (DOC-14). Before validation both say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewFiles {
    /// Name to give to the files, without extension; never the name of a person.
    pub stem: String,
    /// The page, base64: no script, no outside link.
    pub html: String,
    /// The PDF, base64.
    pub pdf: String,
}

/// The slip of a dossier for billing: never the INS (INS-18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingSlip {
    /// Plain text for a terminal.
    pub text: String,
    /// Name of the PDF.
    pub file_name: String,
    /// The PDF, base64.
    pub base64: String,
}

/// Text of labels, one per tube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Lines of each label.
    pub labels: Vec<Vec<String>>,
}
