//! What can happen to the state, and what the state may ask of the world.

use std::time::Duration;

use serde_json::Value;

use crate::client::{FromDaemon, Slot};
use crate::command::Cmd;
use crate::keymap::scanner::Scan;

/// Everything that can change the state, in one total order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A command was asked for, by key or palette.
    Run(Cmd),
    /// A character for the focused field, or a letter of a choice.
    Insert(char),
    /// Pasted text.
    Paste(String),
    /// A code was scanned.
    Scan(Scan),
    /// A key that means nothing here.
    Useless(String),
    /// The window changed.
    Resize(u16, u16),
    /// The daemon said something.
    Daemon(FromDaemon),
    /// The files of a preview were written: where the page is, or why not.
    Written(Result<String, String>),
}

/// What `update` asks of the runner; it never does anything itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a request.
    Send {
        /// Ticket of the reply.
        ticket: u64,
        /// Method of the protocol.
        method: &'static str,
        /// Parameters.
        params: Value,
        /// Supersedes former requests of this slot.
        slot: Option<Slot>,
        /// How long the answer may take.
        deadline: Duration,
    },
    /// Put a text in the terminal's clipboard (OSC 52).
    Copy(String),
    /// Write a preview for a viewer outside the terminal: name without extension, page, PDF.
    Preview(String, Vec<u8>, Vec<u8>),
    /// Draw every cell again.
    Redraw,
    /// Change to the theme of that name.
    Theme(&'static str),
    /// Leave.
    Quit,
}
