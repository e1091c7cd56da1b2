//! Gates: each says whether an order may leave, and if not gives the reason (never a boolean).

use paillasse_shared::domain::identity::{IdentityState, Status};
use paillasse_shared::domain::order::{Reason, Service};

/// Facts that decide, loaded by the store in the transaction that may change them.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Identity of the patient.
    pub identity: IdentityState,
    /// A return of INSi that contradicts this identity waits for a decision.
    pub to_control: bool,
    /// The patient opposed the feeding of the DMP.
    pub opposed: bool,
    /// Who holds the document back.
    pub held_by: Option<String>,
    /// Invisible to the patient.
    pub invisible: bool,
    /// The document was built with the INS.
    pub with_ins: bool,
    /// The recipient is the patient.
    pub to_patient: bool,
    /// The recipient has an address.
    pub has_address: bool,
    /// Name of the recipient.
    pub recipient: String,
    /// The dossier comes from this laboratory, and the order goes to another.
    pub other_laboratory: Option<String>,
    /// A former version of the document is on its way to the same recipient.
    pub predecessor_open: bool,
    /// The service is configured.
    pub configured: bool,
}

/// A gate: code (see `messages::fr::gate`) and what it says.
pub type Verdict = (&'static str, Option<Reason>);

/// Every gate of a service, in the order in which reasons are shown.
#[must_use]
pub fn verdicts(service: Service, f: &Facts) -> Vec<Verdict> {
    let configured = ("service", (!f.configured).then_some(Reason::NotConfigured { service }));
    let held = ("document", f.held_by.clone().map(|by| Reason::HeldByUser { by }));
    let identity = ("identity", identity(f));
    let predecessor = ("predecessor", f.predecessor_open.then_some(Reason::AfterPredecessor));
    let address = ("address", (!f.has_address).then(|| Reason::NoAddress { recipient: f.recipient.clone() }));
    let asked = f.other_laboratory.clone();
    let requester = ("requester", asked.map(|laboratory| Reason::ReceivedFromLaboratory { laboratory }));
    match service {
        Service::Insi | Service::Verify => vec![configured],
        Service::Dmp => {
            let opposition = ("opposition", f.opposed.then_some(Reason::PatientOpposed));
            vec![requester, held, opposition, identity, predecessor, configured]
        }
        Service::Mss if f.to_patient => {
            let visible = ("visibility", f.invisible.then_some(Reason::InvisibleToPatient));
            vec![requester, held, visible, identity, predecessor, configured]
        }
        Service::Mss => vec![requester, held, address, predecessor, configured],
    }
}

/// The first reason not to leave.
#[must_use]
pub fn first_reason(service: Service, facts: &Facts) -> Option<Reason> {
    verdicts(service, facts).into_iter().find_map(|(_, reason)| reason)
}

/// An INS leaves only when qualified, and only in a document that was built with it.
fn identity(f: &Facts) -> Option<Reason> {
    if f.to_control {
        return Some(Reason::IdentityToControl);
    }
    let qualified = f.identity.status() == Status::Qualifiee;
    (!qualified || !f.with_ins).then(|| {
        let missing = f.identity.missing();
        Reason::IdentityNotQualified { insi: missing.insi, device: missing.device }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Facts {
        Facts {
            identity: IdentityState { validated: true, from_insi: true, ..IdentityState::default() },
            with_ins: true,
            has_address: true,
            configured: true,
            ..Facts::default()
        }
    }

    #[test]
    fn ins_17_nothing_that_needs_the_ins_leaves_before_qualification() {
        let recovered =
            Facts { identity: IdentityState { from_insi: true, ..IdentityState::default() }, ..open() };
        assert_eq!(
            first_reason(Service::Dmp, &recovered),
            Some(Reason::IdentityNotQualified { insi: false, device: true })
        );
        assert_eq!(first_reason(Service::Mss, &recovered), None, "professionals may receive it without INS");
        let patient = Facts { to_patient: true, ..recovered };
        assert!(matches!(first_reason(Service::Mss, &patient), Some(Reason::IdentityNotQualified { .. })));
        assert_eq!(first_reason(Service::Dmp, &open()), None);
        let without = Facts { with_ins: false, ..open() };
        assert!(
            first_reason(Service::Dmp, &without).is_some(),
            "a document built without INS never feeds the DMP"
        );
    }

    #[test]
    fn each_gate_gives_its_reason() {
        let held = Facts { held_by: Some("dr.lefevre".into()), opposed: true, ..open() };
        assert_eq!(first_reason(Service::Dmp, &held), Some(Reason::HeldByUser { by: "dr.lefevre".into() }));
        let opposed = Facts { opposed: true, ..open() };
        assert_eq!(first_reason(Service::Dmp, &opposed), Some(Reason::PatientOpposed));
        assert_eq!(first_reason(Service::Mss, &opposed), None);
        let nowhere = Facts { has_address: false, recipient: "Dr Roux".into(), ..open() };
        assert_eq!(
            first_reason(Service::Mss, &nowhere),
            Some(Reason::NoAddress { recipient: "Dr Roux".into() })
        );
        let hidden = Facts { invisible: true, to_patient: true, ..open() };
        assert_eq!(first_reason(Service::Mss, &hidden), Some(Reason::InvisibleToPatient));
        let foreign =
            Facts { other_laboratory: Some("LBM du Canal".into()), held_by: Some("x".into()), ..open() };
        for service in [Service::Dmp, Service::Mss] {
            assert!(matches!(first_reason(service, &foreign), Some(Reason::ReceivedFromLaboratory { .. })));
        }
        let off = Facts { configured: false, ..open() };
        assert!(matches!(first_reason(Service::Insi, &off), Some(Reason::NotConfigured { .. })));
    }
}
