//! From keys to commands. Keys stop here: nothing inside the program sees a key code.
//!
//! A key is looked up in the contexts of the moment, from the most particular to the most general;
//! where a text field has the focus, a printable character is always text.

pub mod key;
pub mod scanner;

use std::collections::BTreeMap;

use crate::command::{self, Cmd};
pub use key::{Input, Key};

/// Where the user is, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere.
    Global,
    /// A list with a cursor.
    List,
    /// A text field.
    Text,
    /// Search, the first screen.
    Home,
    /// A form of several fields.
    Form,
    /// The patient's record.
    Patient,
    /// The answer of INSi beside ours.
    Compare,
    /// A dossier being registered.
    Register,
    /// A short list of choices with a letter each.
    Choice,
    /// A dossier and its results.
    Dossier,
    /// Typing results.
    Result,
    /// Choosing in a catalogue by typing.
    Picker,
    /// The list of dossiers to validate.
    Validation,
    /// One dossier under validation.
    Review,
    /// The send queue by cause.
    Queue,
    /// One order of the queue.
    Order,
    /// Messages of analysers that need a person.
    Inbox,
    /// One message of an analyser.
    Message,
    /// A text to read.
    Pane,
    /// The command palette.
    Palette,
    /// A question.
    Confirm,
    /// A question that wants a reason.
    Reason,
}

impl Context {
    /// Every context with its table name in key map files.
    pub const ALL: &'static [(Context, &'static str)] = &[
        (Context::Global, "global"),
        (Context::List, "list"),
        (Context::Text, "text"),
        (Context::Home, "home"),
        (Context::Form, "form"),
        (Context::Patient, "patient"),
        (Context::Compare, "compare"),
        (Context::Register, "register"),
        (Context::Choice, "choice"),
        (Context::Dossier, "dossier"),
        (Context::Result, "result"),
        (Context::Picker, "picker"),
        (Context::Validation, "validation"),
        (Context::Review, "review"),
        (Context::Queue, "queue"),
        (Context::Order, "order"),
        (Context::Inbox, "inbox"),
        (Context::Message, "message"),
        (Context::Pane, "pane"),
        (Context::Palette, "palette"),
        (Context::Confirm, "confirm"),
        (Context::Reason, "reason"),
    ];
}

/// Why a key map file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeymapError {
    /// Not TOML of the documented form.
    #[error("touches illisibles : {0}")]
    Syntax(#[from] toml::de::Error),
    /// No such context, key or command.
    #[error("inconnu : « {0} »")]
    Unknown(String),
}

/// What a key means now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// A command.
    Run(Cmd),
    /// A character for the focused field.
    Insert(char),
    /// Nothing here.
    Nothing,
}

/// The keys of every context.
#[derive(Debug, Clone)]
pub struct Keymap {
    keys: BTreeMap<(Context, Key), Cmd>,
}

impl Keymap {
    /// The keys delivered with the program.
    #[must_use]
    pub fn standard() -> Self {
        let mut map = Keymap { keys: BTreeMap::new() };
        // A broken default file is caught by a test; at run time the arrows would still work.
        let _ = map.read(include_str!("default.toml"));
        map
    }

    /// Adds (or replaces) the bindings of a file.
    ///
    /// # Errors
    /// When the text is not TOML or names an unknown context, key or command.
    pub fn read(&mut self, text: &str) -> Result<(), KeymapError> {
        let tables: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text)?;
        for (context, keys) in tables {
            let found = Context::ALL.iter().find(|(_, n)| *n == context);
            let (context, _) = found.ok_or(KeymapError::Unknown(context))?;
            for (key, name) in keys {
                let key = Key::parse(&key).ok_or(KeymapError::Unknown(key))?;
                let command = command::by_name(&name).ok_or(KeymapError::Unknown(name))?;
                self.keys.insert((*context, key), command.id);
            }
        }
        Ok(())
    }

    /// The meaning of a key in these contexts, most particular first.
    #[must_use]
    pub fn resolve(&self, contexts: &[Context], key: Key) -> Resolved {
        for context in contexts {
            if let Some(cmd) = self.keys.get(&(*context, key)) {
                return Resolved::Run(*cmd);
            }
            if let (Context::Text, Key::Char(c)) = (*context, key) {
                return Resolved::Insert(c);
            }
        }
        Resolved::Nothing
    }

    /// The key that runs a command in these contexts, if any; the most natural one when there are several.
    #[must_use]
    pub fn key_for(&self, contexts: &[Context], cmd: Cmd) -> Option<Key> {
        contexts.iter().find_map(|context| {
            self.keys
                .iter()
                .filter(|((c, key), id)| {
                    c == context && **id == cmd && self.resolve(contexts, *key) == Resolved::Run(cmd)
                })
                .map(|((_, key), _)| *key)
                .min_by_key(|key| match key {
                    Key::Enter => 0,
                    Key::F(n) => *n,
                    Key::Esc => 20,
                    Key::Char(_) => 21,
                    Key::Ctrl('q') => 22,
                    Key::Ctrl(_) => 23,
                    _ => 24,
                })
        })
    }

    /// Every binding, for the manual and the tests.
    pub fn bindings(&self) -> impl Iterator<Item = (Context, Key, Cmd)> + '_ {
        self.keys.iter().map(|((c, k), id)| (*c, *k, *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_keys_are_readable_and_name_existing_commands() {
        let mut map = Keymap { keys: BTreeMap::new() };
        map.read(include_str!("default.toml")).unwrap();
        assert!(map.keys.len() > 40);
    }

    #[test]
    fn azerty_no_default_needs_a_digit_a_bracket_or_alt() {
        for (context, key, _) in Keymap::standard().bindings() {
            let c = match key {
                Key::Char(c) | Key::Ctrl(c) => c,
                _ => continue,
            };
            // The question mark is a key of its own there (Shift and comma), and asked for by name (STA-15).
            assert!(c.is_ascii_lowercase() || c == ' ' || c == '?', "{context:?}: {key}");
            // These Ctrl letters are other keys on every terminal (Tab, Enter, Backspace, EOT of scanners).
            if let Key::Ctrl(c) = key {
                assert!(!"ijmhdsv".contains(c) || c == 's', "{context:?}: {key}");
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_a_field_has_the_focus() {
        let map = Keymap::standard();
        let contexts = [Context::Home, Context::Text, Context::List, Context::Global];
        for c in ('a'..='z').chain(['?', '/', ' ', 'é', '1']) {
            assert_eq!(map.resolve(&contexts, Key::Char(c)), Resolved::Insert(c));
        }
    }

    #[test]
    fn unknown_names_are_refused() {
        let mut map = Keymap::standard();
        assert!(map.read("[global]\nf1 = 'no-such'\n").is_err());
        assert!(map.read("[nowhere]\nf1 = 'help'\n").is_err());
        assert!(map.read("[global]\nhyper-x = 'help'\n").is_err());
    }
}
