//! Requests of the protocol as effects, and answers back into types. The only place where JSON meets
//! the state; `client.rs` moves it without looking inside.

use std::time::Duration;

use paillasse_shared::protocol::methods::{self, Empty, Method};
use paillasse_shared::protocol::session::HelloParams;
use paillasse_shared::protocol::{VERSION, WireError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::action::Effect;
use crate::client::{Failure, Greeting, Slot};
use crate::messages::capital;
use crate::state::{Purpose, State};

/// How long an ordinary request may take before the screen says that nobody answers.
const DEADLINE: Duration = Duration::from_secs(10);

/// The first words of a connection; `login` is the person wanted, where an account may act for several.
#[must_use]
pub fn greeting(login: Option<String>) -> Greeting {
    let params = HelloParams {
        client: concat!("paillasse ", env!("CARGO_PKG_VERSION")).to_owned(),
        protocol: VERSION,
        login,
    };
    Greeting {
        method: methods::SessionHello::NAME,
        params: serde_json::to_value(params).unwrap_or(Value::Null),
        protocol: u64::from(VERSION),
        then: vec![(methods::EventsSubscribe::NAME, Value::Object(serde_json::Map::new()))],
    }
}

/// A request whose answer is for `purpose`.
pub fn ask<M: Method>(state: &mut State, params: &M::Params, purpose: Purpose) -> Effect {
    send::<M>(state, params, purpose, None)
}

/// A request that supersedes the former ones of its slot.
pub fn ask_newest<M: Method>(state: &mut State, params: &M::Params, purpose: Purpose, slot: Slot) -> Effect {
    send::<M>(state, params, purpose, Some(slot))
}

/// A request without parameters.
pub fn ask_plain<M: Method<Params = Empty>>(state: &mut State, purpose: Purpose) -> Effect {
    send::<M>(state, &Empty {}, purpose, None)
}

fn send<M: Method>(state: &mut State, params: &M::Params, purpose: Purpose, slot: Option<Slot>) -> Effect {
    if slot.is_some() {
        // The client drops the answers of superseded requests: nothing waits for them any more.
        let kind = std::mem::discriminant(&purpose);
        state.waiting.retain(|_, p| std::mem::discriminant(p) != kind);
    }
    let ticket = state.ticket(purpose);
    let params = serde_json::to_value(params).unwrap_or(Value::Null);
    Effect::Send { ticket, method: M::NAME, params, slot, deadline: DEADLINE }
}

/// The answer of a method.
///
/// # Errors
/// [`Failure::Unreadable`] when the daemon sent something else.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|e| Failure::Unreadable(e.to_string()))
}

/// The daemon's own error behind a refusal: sentence, hint, field at fault.
#[must_use]
pub fn wire_error(failure: &Failure) -> Option<WireError> {
    match failure {
        Failure::Refused { data, .. } => serde_json::from_value(data.clone()).ok(),
        _ => None,
    }
}

/// The sentence for the user: why, and what to do next.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    match wire_error(failure) {
        Some(WireError { cause, hint: Some(hint), .. }) => {
            let cause = capital(&cause);
            let dot = if cause.ends_with(['.', '?', '!']) { "" } else { "." };
            format!("{cause}{dot} {}", capital(&hint))
        }
        Some(error) => capital(&error.cause),
        None => failure.to_string(),
    }
}
