//! Identities that other parties send: what they are worth here, as one pure table.
//!
//! An identity that somebody else qualified is not qualified here (non-transitivity: STA-13, `référentiel INS`), unless the
//! laboratory does not take charge of the person directly and a contract of trust with the sender is recorded. An INS
//! received is set aside until INSi has confirmed it (VER-05 to VER-07). Deliberately not here: reading the message,
//! finding the local record, calling INSi.

use serde::{Deserialize, Serialize};

use super::status::IdentityState;
use super::{InsOid, Matricule, StrictTraits};

/// What a sender claims about the reliability of an identity. HL7 has no code for *qualifiée*: it is `VALI` together
/// with one INS (FR Core; PAM-FR table 0445).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Nothing said, or *provisoire*.
    Provisoire,
    /// Identity checked at the sender's, without INS.
    Validee,
    /// Checked, with an INS.
    Qualifiee,
    /// Doubtful, fictitious, usurped, invalidated or anonymous: whatever else is said is not taken.
    Unsafe,
}

/// Codes of PID-32 after which nothing of an identity is taken, INS included.
const UNSAFE: [&str; 6] = ["DOUT", "FICT", "USUR", "INVA", "ANOM", "CACH"];

/// Reads the codes of PID-32 beside the presence of an INS. `QUAL`, which is not in the table, is met and read as `VALI`.
#[must_use]
pub fn claim<'a>(codes: impl IntoIterator<Item = &'a str>, with_ins: bool) -> Claim {
    let mut validated = false;
    for code in codes {
        if UNSAFE.contains(&code) {
            return Claim::Unsafe;
        }
        validated |= matches!(code, "VALI" | "QUAL");
    }
    match (validated, with_ins) {
        (true, true) => Claim::Qualifiee,
        (true, false) => Claim::Validee,
        (false, _) => Claim::Provisoire,
    }
}

/// An INS received with the traits it came with, set aside until INSi has said what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedIns {
    /// Matricule.
    pub matricule: Matricule,
    /// Authority.
    pub oid: InsOid,
    /// Traits that came with it.
    pub traits: StrictTraits,
    /// What the sender claims.
    pub claim: Claim,
    /// The sender's word is enough, by contract.
    pub trusted: bool,
}

/// The local record that the identity received designates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Local {
    /// No record.
    Absent,
    /// A record.
    Known {
        /// What is proven of it.
        state: IdentityState,
        /// The INS received beside the one of the record.
        ins: InsBeside,
    },
}

/// An INS received beside the one of the local record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InsBeside {
    /// The record has none.
    NoneHere,
    /// The record has the same.
    Same,
    /// The record has another one.
    Other,
}

/// What is agreed with the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Trust {
    /// A contract of trust is recorded and in force.
    pub contract: bool,
    /// The laboratory takes charge of the person directly: it sees her, and can ask for a device.
    pub direct_care: bool,
}

impl Trust {
    /// True when what the sender qualified needs no second qualification here.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.contract && !self.direct_care
    }
}

/// What is done when an identity arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// A record is created.
    Create {
        /// With which facts, as the state machine will say them.
        as_: Given,
        /// The INS is to be verified.
        verify: bool,
    },
    /// The record stays as it is; the INS received is to be verified.
    Verify,
    /// The record stays as it is, nothing is to be verified.
    Keep,
    /// The record carries another INS: nothing is changed, a person looks.
    OtherIns,
}

/// Facts given to a record that is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Given {
    /// None.
    Provisoire,
    /// Identity checked, on the sender's word.
    Validee,
    /// Both facts, on the sender's word.
    Qualifiee,
}

/// Decides what an identity that arrives does.
#[must_use]
pub fn on_arrival(local: Local, claim: Claim, with_ins: bool, trust: Trust) -> Arrival {
    let with_ins = with_ins && claim != Claim::Unsafe;
    match local {
        Local::Absent => {
            let as_ = match claim {
                Claim::Qualifiee if with_ins && trust.is_enough() => Given::Qualifiee,
                Claim::Validee if trust.is_enough() => Given::Validee,
                _ => Given::Provisoire,
            };
            Arrival::Create { as_, verify: with_ins }
        }
        Local::Known { state, ins } => match ins {
            _ if !with_ins || !state.may_call_insi() => Arrival::Keep,
            InsBeside::Same => Arrival::Keep,
            InsBeside::Other => Arrival::OtherIns,
            InsBeside::NoneHere => Arrival::Verify,
        },
    }
}

/// What INSi says of an INS received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checked {
    /// The same matricule and authority, and traits that are those of the local record.
    Confirmed,
    /// The same matricule and authority, but the traits are not those of the local record.
    OtherTraits,
    /// Nobody, several, or another matricule.
    Refused,
}

/// What is done with an INS that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// The record is left as it is.
    Nothing,
    /// The INS goes to the record, with the traits of INSi.
    Attach {
        /// The device checked at the sender's counts too.
        qualified: bool,
    },
    /// A person compares and decides.
    Compare,
}

/// Decides what becomes of an INS that was set aside for a record that has none.
#[must_use]
pub fn on_verdict(state: IdentityState, claim: Claim, trusted: bool, checked: Checked) -> Settlement {
    if state.from_insi || !state.may_call_insi() || claim == Claim::Unsafe {
        return Settlement::Nothing;
    }
    match checked {
        Checked::Refused => Settlement::Nothing,
        Checked::OtherTraits => Settlement::Compare,
        Checked::Confirmed => Settlement::Attach { qualified: trusted && claim == Claim::Qualifiee },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRUSTED: Trust = Trust { contract: true, direct_care: false };

    fn known(from_insi: bool, ins: InsBeside) -> Local {
        Local::Known { state: IdentityState { from_insi, ..IdentityState::default() }, ins }
    }

    #[test]
    fn claims_are_read_from_the_codes_and_the_presence_of_an_ins() {
        for (codes, ins, expected) in [
            (&["VALI"][..], true, Claim::Qualifiee),
            (&["VALI"], false, Claim::Validee),
            (&["QUAL"], true, Claim::Qualifiee),
            (&["PROV"], true, Claim::Provisoire),
            (&[], true, Claim::Provisoire),
            (&["VALI", "DOUT"], true, Claim::Unsafe),
            (&["FICT", "VALI"], true, Claim::Unsafe),
            (&["VIDE"], false, Claim::Provisoire),
        ] {
            assert_eq!(claim(codes.iter().copied(), ins), expected, "{codes:?} {ins}");
        }
    }

    #[test]
    fn sta_13_and_ver_07_the_table_of_arrivals() {
        use Arrival as A;
        use Claim as C;
        let unknown = Trust::default();
        let create = |as_, verify| A::Create { as_, verify };
        for (local, said, ins, trust, expected) in [
            // Somebody else's qualification is not ours.
            (Local::Absent, C::Qualifiee, true, unknown, create(Given::Provisoire, true)),
            (Local::Absent, C::Qualifiee, true, TRUSTED, create(Given::Qualifiee, true)),
            (
                Local::Absent,
                C::Qualifiee,
                true,
                Trust { direct_care: true, ..TRUSTED },
                create(Given::Provisoire, true),
            ),
            (
                Local::Absent,
                C::Qualifiee,
                true,
                Trust { contract: false, direct_care: false },
                create(Given::Provisoire, true),
            ),
            (Local::Absent, C::Validee, false, TRUSTED, create(Given::Validee, false)),
            (Local::Absent, C::Validee, false, unknown, create(Given::Provisoire, false)),
            (Local::Absent, C::Provisoire, true, TRUSTED, create(Given::Provisoire, true)),
            (Local::Absent, C::Unsafe, true, TRUSTED, create(Given::Provisoire, false)),
            // Already recovered or qualified here: nothing to ask.
            (known(true, InsBeside::Same), C::Qualifiee, true, unknown, A::Keep),
            (known(true, InsBeside::Other), C::Qualifiee, true, TRUSTED, A::OtherIns),
            (known(false, InsBeside::NoneHere), C::Qualifiee, true, unknown, A::Verify),
            (known(false, InsBeside::NoneHere), C::Qualifiee, true, TRUSTED, A::Verify),
            (known(false, InsBeside::NoneHere), C::Validee, false, TRUSTED, A::Keep),
        ] {
            assert_eq!(on_arrival(local, said, ins, trust), expected, "{local:?} {said:?} {ins} {trust:?}");
        }
    }

    fn any_claim() -> impl Strategy<Value = Claim> {
        prop_oneof![
            Just(Claim::Provisoire),
            Just(Claim::Validee),
            Just(Claim::Qualifiee),
            Just(Claim::Unsafe)
        ]
    }

    fn any_state() -> impl Strategy<Value = IdentityState> {
        (any::<bool>(), any::<bool>(), 0u8..3).prop_map(|(validated, from_insi, doubt)| IdentityState {
            validated: validated && doubt == 0,
            from_insi: from_insi && doubt == 0,
            douteux: doubt == 1,
            fictif: doubt == 2,
            homonyme: false,
        })
    }

    proptest! {
        #[test]
        fn sta_13_and_ver_05_and_06_nothing_is_taken_on_a_word_that_is_not_enough(
            state in any_state(), said in any_claim(), ins in any::<bool>(),
            contract in any::<bool>(), direct_care in any::<bool>(), beside in 0u8..3,
        ) {
            let trust = Trust { contract, direct_care };
            let beside = match (state.from_insi, beside) {
                (false, _) => InsBeside::NoneHere,
                (true, 0) => InsBeside::Other,
                (true, _) => InsBeside::Same,
            };
            // A record that exists is never changed by an arrival.
            let there = on_arrival(Local::Known { state, ins: beside }, said, ins, trust);
            let created = matches!(there, Arrival::Create { .. });
            prop_assert!(!created);
            // Without a word that is enough, a new record is provisoire.
            if let Arrival::Create { as_, verify } = on_arrival(Local::Absent, said, ins, trust) {
                prop_assert!(as_ == Given::Provisoire || trust.is_enough());
                prop_assert!(!verify || ins);
                prop_assert!(as_ != Given::Qualifiee || ins);
            }
            // A refusal changes nothing; a confirmation qualifies only on a word that is enough.
            prop_assert_eq!(on_verdict(state, said, trust.is_enough(), Checked::Refused), Settlement::Nothing);
            let good = on_verdict(state, said, trust.is_enough(), Checked::Confirmed);
            if good == (Settlement::Attach { qualified: true }) {
                prop_assert!(trust.is_enough() && said == Claim::Qualifiee);
            }
            if state.douteux || state.fictif {
                prop_assert_eq!(good, Settlement::Nothing);
            }
        }
    }
}
