//! Corrections of an identity to tell to those who received it: shown as a choice, confirmed one by one (INS-20).

use paillasse_shared::domain::identity::propagation::PropagationState;
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::propagation::{
    Choice as Decision, DecideParams, ListParams, PropagationView, Propagations,
};
use serde_json::Value;

use super::replies::Done;
use crate::action::Effect;
use crate::messages as m;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Confirm, Confirmed, Layer, Prompted};
use crate::state::{Level, Purpose, State};
use crate::update::reception::prompt;
use crate::wire::{self, ask};

/// Reads those of the record on screen.
pub(super) fn show(state: &mut State) -> Vec<Effect> {
    let Some(patient) = state.record().map(|r| r.id) else { return Vec::new() };
    let params = ListParams { patient: Some(patient), all: false };
    vec![ask::<rpc::PropagationList>(state, &params, Purpose::Corrections)]
}

/// Opens the choice.
pub(super) fn read(state: &mut State, value: Value) -> Done {
    let list: Propagations = wire::read(value)?;
    if list.lines.is_empty() {
        state.say(Level::Info, m::NO_CORRECTION);
        return Ok(Vec::new());
    }
    let items = ('a'..='z')
        .zip(&list.lines)
        .map(|(letter, l)| ChoiceItem {
            letter,
            label: l.recipient.clone(),
            detail: l.state.label().to_owned(),
            differs: l.dossiers.join(" "),
        })
        .collect();
    state.layers.push(Layer::Choice(Choice {
        title: m::CORRECTIONS.to_owned(),
        note: list.lines.first().map(|l| m::capital(&l.why)).unwrap_or_default(),
        items,
        selected: 0,
        then: ChoiceThen::Correction(list.lines),
    }));
    Ok(Vec::new())
}

/// What is asked about the one chosen: to confirm it, or to say how it was done.
pub(super) fn chosen(state: &mut State, line: &PropagationView) {
    if line.state == PropagationState::ToDo {
        let note = format!("{}.\n\n{}", line.task.clone().unwrap_or_default(), m::CORRECTION_DONE_NOTE);
        prompt(state, m::CORRECTION_DONE, &note, "", Prompted::CorrectionDone(line.id));
        return;
    }
    state.layers.push(Layer::Confirm(Confirm {
        question: m::correction_question(&line.recipient),
        lines: vec![format!("· {}", line.why), m::correction_dossiers(&line.dossiers)],
        then: Confirmed::Correction(line.id),
    }));
}

/// Sends a decision.
pub(super) fn decide(
    state: &mut State,
    id: paillasse_shared::domain::ids::PropagationId,
    choice: Decision,
    note: Option<String>,
) -> Vec<Effect> {
    vec![ask::<rpc::PropagationDecide>(state, &DecideParams { id, choice, note }, Purpose::CorrectionDecided)]
}

/// Says what became of it.
pub(super) fn decided(state: &mut State, value: Value) -> Done {
    let line: PropagationView = wire::read(value)?;
    match line.task {
        Some(task) => state.say(Level::Warning, format!("{} : {task}.", line.recipient)),
        None => state.say(Level::Done, format!("{} : {}.", line.recipient, line.state.label())),
    }
    Ok(Vec::new())
}
