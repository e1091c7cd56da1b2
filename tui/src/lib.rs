//! The workstation of Paillasse: a terminal program over the daemon's socket.
//!
//! One data flow (ARCHITECTURE.md): a key becomes an [`action::Action`] in `keymap/`, `update/` changes
//! the state and returns effects, [`runner`] performs them, [`client`] moves requests and answers, and
//! `view/` draws a pure function of the state. No key press ever waits for a network or for the disk.

pub mod action;
pub mod app;
pub mod cli;
pub mod client;
pub mod command;
pub mod demo;
pub mod keymap;
pub mod launch;
mod messages;
mod preview;
pub mod runner;
mod state;
pub mod terminal;
pub mod theme;
mod update;
mod view;
mod wire;

#[cfg(test)]
mod tests;
