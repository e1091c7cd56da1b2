//! Filing a message by hand: what is typed names a dossier or a record, and a difference of identity is asked about.

use paillasse_shared::domain::ids::{InboxId, PatientId};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::inbox::AttachParams;
use paillasse_shared::protocol::methods as rpc;

use crate::action::Effect;
use crate::messages as m;
use crate::state::layer::{Confirm, Confirmed, Layer};
use crate::state::{Level, Purpose, State};
use crate::wire::ask;

/// Where the message goes, as typed: a number of dossier has a hyphen, a number of record has none.
pub(super) fn typed(state: &mut State, id: InboxId, text: &str) -> Vec<Effect> {
    let text = text.trim();
    let nowhere = AttachParams {
        id,
        dossier: None,
        number: None,
        patient: None,
        new_patient: false,
        despite_identity: false,
        motive: None,
    };
    let params = if text.contains('-') {
        AttachParams { number: Some(text.to_owned()), ..nowhere }
    } else if let Ok(patient) = text.parse() {
        AttachParams { patient: Some(PatientId(patient)), ..nowhere }
    } else if text.eq_ignore_ascii_case(m::ATTACH_NEW) {
        AttachParams { new_patient: true, ..nowhere }
    } else {
        state.say(Level::Error, m::ATTACH_WHAT);
        return Vec::new();
    };
    send(state, params)
}

/// Asks the daemon.
pub(super) fn send(state: &mut State, params: AttachParams) -> Vec<Effect> {
    vec![ask::<rpc::InboxAttach>(state, &params, Purpose::Attached(Box::new(params.clone())))]
}

/// True when the refusal is about the identity: the person is asked, with what the message says.
pub(super) fn asks(state: &mut State, params: &AttachParams, error: &WireError) -> bool {
    let about_identity = error.kind == ErrorKind::Refused && error.hint.is_some();
    if !about_identity || params.despite_identity {
        return false;
    }
    let then = Confirmed::Attach(Box::new(AttachParams { despite_identity: true, ..params.clone() }));
    state.layers.push(Layer::Confirm(Confirm {
        question: m::ATTACH_DESPITE.to_owned(),
        lines: vec![m::capital(&error.cause)],
        then,
    }));
    true
}
