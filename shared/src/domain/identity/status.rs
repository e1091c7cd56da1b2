//! The four statuses and three attributes of an identity, as one pure state machine.
//!
//! Two facts decide the status: *validated* (a high-confidence device was checked) and *from INSi* (created or updated
//! from an INSi return). `douteux` and `fictif` force *provisoire*. Nothing else in the program decides a status.

use serde::{Deserialize, Serialize};

/// Status of an identity (Ségur guide §3.2; STA-01 to STA-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Default.
    Provisoire,
    /// From INSi, no device checked.
    Recuperee,
    /// Device checked, not from INSi.
    Validee,
    /// Both.
    Qualifiee,
}

impl Status {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Provisoire => "provisoire",
            Self::Recuperee => "récupérée",
            Self::Validee => "validée",
            Self::Qualifiee => "qualifiée",
        }
    }
}

/// Attributes beside the status (STA-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Another person with close traits exists.
    Homonyme,
    /// The identity is in doubt.
    Douteux,
    /// The identity is fictitious on purpose.
    Fictif,
}

impl Attribute {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Homonyme => "homonyme",
            Self::Douteux => "douteuse",
            Self::Fictif => "fictive",
        }
    }
}

/// What was proven about an identity. The status is computed from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdentityState {
    /// A high-confidence device was checked.
    pub validated: bool,
    /// Created or updated from an INSi return; matricule and OID are present exactly when this is true.
    pub from_insi: bool,
    /// Attribute homonyme.
    pub homonyme: bool,
    /// Attribute douteux.
    pub douteux: bool,
    /// Attribute fictif.
    pub fictif: bool,
}

/// What happened to an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An INSi return 00 was accepted (E2, E5).
    InsiAccepted,
    /// A device was shown and the traits agree (E3).
    DeviceChecked {
        /// High confidence or not.
        high_confidence: bool,
    },
    /// Appli carte Vitale read: both facts at once (E4).
    ApcvRead,
    /// An attribute was set or removed (E6 to E9).
    AttributeChanged {
        /// Which one.
        attribute: Attribute,
        /// Set or removed.
        on: bool,
    },
    /// A strict trait was modified (E10 to E12).
    StrictTraitEdited {
        /// By a person who holds the special right.
        privileged: bool,
    },
    /// INSi confirmed the identity (E13).
    VerificationOk,
    /// INSi did not confirm and nothing could be recovered (E14).
    VerificationFailed,
    /// The NIA became a NIR (E15).
    MatriculeReplaced,
    /// A partner vouches for the identity by contract (STA-13): the device was checked there, the INS came with it or not.
    PartnerVouches {
        /// The INS came with it.
        with_ins: bool,
    },
    /// INSi does not know what a partner vouched for (VER-06): neither the INS nor the partner's word stands.
    PartnerRefuted,
}

/// What an event does beside changing the state; each is listed before confirmation and observed after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Matricule and OID go to the history and leave the record.
    InsDropped,
    /// The device checked no longer proves this identity.
    ProofDropped,
    /// Orders that need a qualified identity are held with the reason.
    OrdersHeld,
    /// Orders held for lack of qualification may leave.
    OrdersReleased,
    /// Partners that received the former identity are to be told.
    PropagationPlanned,
    /// The change of status is written in the history.
    StatusHistorised,
}

/// Why an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// STA-07.
    #[error("une identité douteuse ou fictive ne peut pas être enrichie par INSi")]
    DoubtfulOrFictitious,
    /// STA-05.
    #[error("une identité ne peut pas être à la fois douteuse et fictive")]
    DoubtfulAndFictitious,
    /// STA-09.
    #[error(
        "les traits stricts d'une identité récupérée ou qualifiée ne se modifient qu'avec le droit « traits stricts »"
    )]
    LockedTraits,
    /// A device that does not prove an identity.
    #[error("ce document ne suffit pas : il faut une pièce d'identité à haut niveau de confiance")]
    WeakDevice,
    /// A verification without INS.
    #[error("cette identité n'a pas d'INS à vérifier")]
    NoIns,
}

/// The state after an event, and its effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// State before.
    pub from: IdentityState,
    /// State after.
    pub to: IdentityState,
    /// What else happens, in the order of [`Effect`].
    pub effects: Vec<Effect>,
}

impl IdentityState {
    /// Status computed from the facts.
    #[must_use]
    pub fn status(self) -> Status {
        if self.douteux || self.fictif {
            return Status::Provisoire;
        }
        match (self.validated, self.from_insi) {
            (false, false) => Status::Provisoire,
            (false, true) => Status::Recuperee,
            (true, false) => Status::Validee,
            (true, true) => Status::Qualifiee,
        }
    }

    /// True when strict traits are read-only for ordinary users (STA-09).
    #[must_use]
    pub fn traits_locked(self) -> bool {
        self.from_insi
    }

    /// True when an INSi call is allowed (STA-07).
    #[must_use]
    pub fn may_call_insi(self) -> bool {
        !self.douteux && !self.fictif
    }

    /// What is missing to reach *qualifiée* (STA-15): call INSi, check a device.
    #[must_use]
    pub fn missing(self) -> Missing {
        Missing {
            insi: !self.from_insi,
            device: !self.validated,
            doubt: self.douteux,
            fictitious: self.fictif,
        }
    }

    /// The one place where statuses and attributes change.
    ///
    /// # Errors
    /// The rule that forbids the event.
    pub fn apply(self, event: Event) -> Result<Transition, Refusal> {
        let mut to = self;
        match event {
            Event::InsiAccepted | Event::ApcvRead if !self.may_call_insi() => {
                return Err(Refusal::DoubtfulOrFictitious);
            }
            Event::InsiAccepted => to.from_insi = true,
            Event::ApcvRead => {
                to.from_insi = true;
                to.validated = true;
            }
            Event::PartnerVouches { .. } if !self.may_call_insi() => {
                return Err(Refusal::DoubtfulOrFictitious);
            }
            Event::PartnerVouches { with_ins } => {
                to.validated = true;
                to.from_insi |= with_ins;
            }
            Event::DeviceChecked { high_confidence: false } => return Err(Refusal::WeakDevice),
            Event::DeviceChecked { high_confidence: true } => {
                if !self.may_call_insi() {
                    return Err(Refusal::DoubtfulOrFictitious);
                }
                to.validated = true;
            }
            Event::AttributeChanged { attribute: Attribute::Homonyme, on } => to.homonyme = on,
            Event::AttributeChanged { attribute, on } => {
                let (mine, other) = match attribute {
                    Attribute::Douteux => (&mut to.douteux, self.fictif),
                    _ => (&mut to.fictif, self.douteux),
                };
                if on && other {
                    return Err(Refusal::DoubtfulAndFictitious);
                }
                *mine = on;
                if on {
                    to.validated = false;
                    to.from_insi = false;
                }
            }
            Event::StrictTraitEdited { privileged } => {
                if self.traits_locked() && !privileged {
                    return Err(Refusal::LockedTraits);
                }
                to.validated = false;
                to.from_insi = false;
                to.homonyme = false;
            }
            Event::VerificationOk | Event::MatriculeReplaced if !self.from_insi => {
                return Err(Refusal::NoIns);
            }
            Event::VerificationOk | Event::MatriculeReplaced => {}
            Event::VerificationFailed if !self.from_insi => return Err(Refusal::NoIns),
            Event::VerificationFailed => to.from_insi = false,
            Event::PartnerRefuted if !self.from_insi => return Err(Refusal::NoIns),
            Event::PartnerRefuted => {
                to.from_insi = false;
                to.validated = false;
            }
        }
        Ok(Transition { from: self, to, effects: effects(self, to, event) })
    }
}

/// Effects follow from the two states; only propagation also depends on the event.
fn effects(from: IdentityState, to: IdentityState, event: Event) -> Vec<Effect> {
    let mut list = Vec::new();
    if from.from_insi && !to.from_insi {
        list.push(Effect::InsDropped);
    }
    if from.validated && !to.validated {
        list.push(Effect::ProofDropped);
    }
    let was = from.status() == Status::Qualifiee;
    let is = to.status() == Status::Qualifiee;
    if was && !is {
        list.push(Effect::OrdersHeld);
    }
    if !was && is {
        list.push(Effect::OrdersReleased);
    }
    let corrected = matches!(event, Event::StrictTraitEdited { .. } | Event::MatriculeReplaced);
    if from.from_insi && (!to.from_insi || corrected) {
        list.push(Effect::PropagationPlanned);
    }
    if from.status() != to.status() {
        list.push(Effect::StatusHistorised);
    }
    list
}

/// What an identity lacks to be *qualifiée*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// INSi was not called with success.
    pub insi: bool,
    /// No device was checked.
    pub device: bool,
    /// The doubt is to be lifted first.
    pub doubt: bool,
    /// A fictitious identity never qualifies.
    pub fictitious: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> IdentityState {
        IdentityState::default()
    }

    const DEVICE: Event = Event::DeviceChecked { high_confidence: true };

    #[test]
    fn sta_04_both_orders_end_qualified() {
        assert_eq!(start().status(), Status::Provisoire);
        let a = start().apply(Event::InsiAccepted).unwrap().to;
        assert_eq!(a.status(), Status::Recuperee);
        let b = start().apply(DEVICE).unwrap().to;
        assert_eq!(b.status(), Status::Validee);
        assert_eq!(a.apply(DEVICE).unwrap().to.status(), Status::Qualifiee);
        assert_eq!(b.apply(Event::InsiAccepted).unwrap().to.status(), Status::Qualifiee);
        assert!(b.apply(Event::InsiAccepted).unwrap().effects.contains(&Effect::OrdersReleased));
    }

    #[test]
    fn sta_05_only_doubtful_with_fictitious_is_refused() {
        let set = |s: IdentityState, a| s.apply(Event::AttributeChanged { attribute: a, on: true });
        let doubtful = set(start(), Attribute::Douteux).unwrap().to;
        assert_eq!(set(doubtful, Attribute::Fictif), Err(Refusal::DoubtfulAndFictitious));
        assert!(set(doubtful, Attribute::Homonyme).is_ok());
        let fictitious = set(start(), Attribute::Fictif).unwrap().to;
        assert_eq!(set(fictitious, Attribute::Douteux), Err(Refusal::DoubtfulAndFictitious));
    }

    #[test]
    fn sta_06_doubt_on_a_qualified_identity_drops_the_ins_and_holds_orders() {
        let q = IdentityState { validated: true, from_insi: true, ..start() };
        let t = q.apply(Event::AttributeChanged { attribute: Attribute::Douteux, on: true }).unwrap();
        assert_eq!(t.to.status(), Status::Provisoire);
        for e in [Effect::InsDropped, Effect::ProofDropped, Effect::OrdersHeld, Effect::StatusHistorised] {
            assert!(t.effects.contains(&e), "{e:?}");
        }
        assert_eq!(t.to.apply(Event::InsiAccepted), Err(Refusal::DoubtfulOrFictitious));
    }

    #[test]
    fn sta_09_and_12_locked_traits_need_the_right_and_drop_the_ins() {
        let q = IdentityState { validated: true, from_insi: true, ..start() };
        assert_eq!(q.apply(Event::StrictTraitEdited { privileged: false }), Err(Refusal::LockedTraits));
        let t = q.apply(Event::StrictTraitEdited { privileged: true }).unwrap();
        assert_eq!(t.to.status(), Status::Provisoire);
        assert_eq!(
            t.effects,
            [
                Effect::InsDropped,
                Effect::ProofDropped,
                Effect::OrdersHeld,
                Effect::PropagationPlanned,
                Effect::StatusHistorised
            ]
        );
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let attribute =
            prop_oneof![Just(Attribute::Homonyme), Just(Attribute::Douteux), Just(Attribute::Fictif)];
        prop_oneof![
            Just(Event::InsiAccepted),
            any::<bool>().prop_map(|h| Event::DeviceChecked { high_confidence: h }),
            Just(Event::ApcvRead),
            (attribute, any::<bool>()).prop_map(|(attribute, on)| Event::AttributeChanged { attribute, on }),
            any::<bool>().prop_map(|privileged| Event::StrictTraitEdited { privileged }),
            Just(Event::VerificationOk),
            Just(Event::VerificationFailed),
            Just(Event::MatriculeReplaced),
            any::<bool>().prop_map(|with_ins| Event::PartnerVouches { with_ins }),
            Just(Event::PartnerRefuted),
        ]
    }

    proptest! {
        #[test]
        fn every_sequence_keeps_the_rules(events in prop::collection::vec(any_event(), 0..40)) {
            let mut s = start();
            for e in events {
                let Ok(t) = s.apply(e) else { continue };
                prop_assert!(!(t.to.douteux && t.to.fictif));
                if t.to.douteux || t.to.fictif {
                    prop_assert_eq!(t.to.status(), Status::Provisoire);
                    prop_assert!(!t.to.from_insi);
                }
                let lost = s.from_insi && !t.to.from_insi;
                prop_assert_eq!(lost, t.effects.contains(&Effect::InsDropped));
                let (was, is) = (s.status() == Status::Qualifiee, t.to.status() == Status::Qualifiee);
                prop_assert_eq!(was && !is, t.effects.contains(&Effect::OrdersHeld));
                prop_assert_eq!(!was && is, t.effects.contains(&Effect::OrdersReleased));
                prop_assert_eq!(s.status() != t.to.status(), t.effects.contains(&Effect::StatusHistorised));
                s = t.to;
            }
        }
    }
}
