//! The CR-BIO carried to a hospital system or an integration platform (créateur to gestionnaire): `ORU^R01` 2.5 or
//! `MDM` 2.6 around the exact bytes of the CDA.
//!
//! Contract: guide of the ANS "Transmission de documents CDA en HL7 v2" 2.1.2, as told by the project's fact sheet on
//! HL7 v2 (§8.1 to §8.4). Request, trigger, ORC-1 and OBX-11 come from one [`Request`], so they cannot disagree.
//!
//! Invariants:
//! * the document is one line of base64 of the very bytes that were kept, sealed and hashed;
//! * the identifiers of the patient are those of the CDA, no more: no INS unless the report carries one;
//! * a combination of visibility and recipients that the guide has no row for is refused before the first byte;
//! * a training report never says it is production.
//!
//! Deliberately not here: when to send, the link (MLLP), the business answers ZAM.

mod write;

pub use write::write;

use jiff::civil::DateTime;
use paillasse_shared::domain::report::{Confidentiality, Report};

use super::Charset;
use crate::error::DocumentError;
use crate::xds::Visibility;

/// Which message carries the document; the guide allows both, biology usually takes ORU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// `ORU^R01^ORU_R01`, HL7 2.5.
    Oru,
    /// `MDM^T02`, `T10` or `T04`, HL7 2.6.
    Mdm,
}

/// What the receiver is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// A document the receiver does not know: `T02`, NW, F.
    Initial,
    /// A new version that replaces another, or new visibility of the same one: `T10`, RO, C.
    Replacement,
    /// Withdraw: `T04`, CA, D. The message carries the latest version.
    Deletion,
}

/// Reliability of the identity where the report has no INS (PID-32). With an INS it is always `VALI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// Validée, `VALI`.
    Validated,
    /// Provisoire or récupérée, `PROV`.
    Provisional,
}

/// An application and its facility (MSH-3 and 4, or 5 and 6).
#[derive(Debug, Clone)]
pub struct End {
    /// Application.
    pub application: String,
    /// Facility.
    pub facility: String,
}

/// Who gets the document by MSSanté (PRT `RCT`).
#[derive(Debug, Clone)]
pub enum Recipient {
    /// A professional: national identifier with its type digit (`8` + RPPS), name, address of the mailbox.
    Professional {
        /// National identifier.
        id: String,
        /// Name.
        family: String,
        /// Given name.
        given: String,
        /// MSSanté address.
        address: String,
    },
    /// A structure: identifier with its type digit (`1` + FINESS), name, address.
    Structure {
        /// National identifier.
        id: String,
        /// Name.
        name: String,
        /// MSSanté address.
        address: String,
    },
    /// The patient, in Mon espace santé. Needs the INS; the address is derived from it by the caller.
    Patient {
        /// MSSanté address.
        address: String,
        /// Whether the patient may answer.
        may_reply: bool,
    },
}

/// What the receiver must do with the document, and who may see it.
#[derive(Debug, Clone, Default)]
pub struct Instructions {
    /// Masking and visibility, as in the DMP metadata.
    pub visibility: Visibility,
    /// Access without trace visible to the representatives (secret care of a minor).
    pub secret: bool,
    /// This message only changes masking or visibility; goes with [`Request::Replacement`].
    pub changes_visibility: bool,
    /// The receiver takes mail to professionals for a document hidden from the representatives. The guide's table has
    /// no such row, one of its examples does it: a setting of each platform, off unless agreed.
    pub mail_although_hidden_from_representatives: bool,
    /// Feed the DMP.
    pub dmp: bool,
    /// Ask for the business acknowledgements of reception.
    pub acknowledge_reception: bool,
    /// Ask for the business acknowledgement of reading.
    pub acknowledge_reading: bool,
    /// Text of the mail to professionals.
    pub mail_to_professionals: Option<String>,
    /// Text of the mail to the patient.
    pub mail_to_patient: Option<String>,
}

/// Everything of one message that is not in the report.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// ORU or MDM.
    pub carrier: Carrier,
    /// What is asked.
    pub request: Request,
    /// Us.
    pub from: End,
    /// The receiver.
    pub to: End,
    /// MSH-10, unique for us; the same again when the same message is sent again.
    pub control_id: String,
    /// MSH-7, local time.
    pub at: DateTime,
    /// `UNICODE UTF-8` or `8859/15`; the guide knows no other.
    pub charset: Charset,
    /// PID-32 without INS.
    pub reliability: Reliability,
    /// MSSanté recipients, chosen at the time of sending.
    pub recipients: Vec<Recipient>,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// What to do with it.
    pub instructions: Instructions,
}

impl Envelope {
    /// Whether this message may say what it says of this report (§8.1, §8.4).
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] with the rule.
    pub fn check(&self, report: &Report) -> Result<(), DocumentError> {
        let refuse = |rule: &str| Err(DocumentError::invalid("message HL7", rule));
        let seen = &self.instructions.visibility;
        let to_patient = self.recipients.iter().any(|r| matches!(r, Recipient::Patient { .. }));
        let may_not_reply = |r: &Recipient| matches!(r, Recipient::Patient { may_reply: false, .. });
        if self.control_id.trim().is_empty() || self.control_id.chars().count() > 20 {
            return refuse("le numéro du message (MSH-10) compte 1 à 20 caractères");
        }
        if self.charset == Charset::Latin1 {
            return refuse("jeu de caractères : UTF-8 ou 8859/15");
        }
        if to_patient && report.patient.ins.is_none() {
            return refuse("sans INS qualifiée, pas d'envoi au patient");
        }
        if to_patient && seen.invisible_to_patient {
            return refuse("document non visible par le patient : pas d'envoi au patient");
        }
        if to_patient && (seen.invisible_to_representatives || self.instructions.secret) {
            return refuse(
                "document caché aux représentants légaux : pas d'envoi à la messagerie du patient",
            );
        }
        if seen.invisible_to_patient && seen.masked_to_professionals {
            return refuse(
                "un document n'est pas à la fois masqué aux professionnels et invisible au patient",
            );
        }
        if seen.masked_to_professionals
            && self.recipients.iter().any(|r| !matches!(r, Recipient::Patient { .. }))
        {
            return refuse("document masqué aux professionnels : pas d'envoi à un professionnel");
        }
        if seen.invisible_to_representatives
            && !self.recipients.is_empty()
            && !self.instructions.mail_although_hidden_from_representatives
        {
            return refuse(
                "document caché aux représentants légaux : DMP seulement, sauf accord de la plateforme",
            );
        }
        let patient_alone =
            to_patient && self.recipients.iter().all(|r| matches!(r, Recipient::Patient { .. }));
        if patient_alone && self.instructions.dmp {
            return refuse("envoi au patient seul : sans alimentation du DMP dans le même message");
        }
        if self.instructions.dmp && report.patient.ins.is_none() {
            return refuse("sans INS qualifiée, pas d'alimentation du DMP");
        }
        if self.instructions.dmp && report.confidentiality != Confidentiality::Normal {
            return refuse("le DMP ne reçoit que les documents de confidentialité normale");
        }
        if self.instructions.changes_visibility && self.request != Request::Replacement {
            return refuse("un changement de visibilité est un remplacement");
        }
        if self.request == Request::Initial && report.version > 1 {
            return refuse("une nouvelle version d'un document est un remplacement");
        }
        if self.request == Request::Replacement
            && report.version == 1
            && !self.instructions.changes_visibility
        {
            return refuse("la première version ne remplace rien");
        }
        if self.recipients.iter().filter(|r| may_not_reply(r)).count() > 1 {
            return refuse("une seule messagerie du patient");
        }
        Ok(())
    }
}
