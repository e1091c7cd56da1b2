//! Keys as this program names them, and their only conversion from the terminal library.
//!
//! Text is normalised to NFC here, so that nothing inside ever sees a decomposed accent.

use std::fmt;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use unicode_normalization::UnicodeNormalization;

/// The control characters a scanner may send inside a code (ASCII 1C to 1F, and 04 as its end).
const SCANNER_CONTROLS: [(char, char); 5] =
    [('4', '\u{1c}'), ('5', '\u{1d}'), ('6', '\u{1e}'), ('7', '\u{1f}'), ('d', '\u{04}')];

/// One key, with the modifiers that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A printable character as typed (shift already applied).
    Char(char),
    /// Ctrl and a letter.
    Ctrl(char),
    /// F1 to F12.
    F(u8),
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home (Début, Orig).
    Home,
    /// End (Fin).
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete (Suppr).
    Delete,
}

impl Key {
    /// The control character this key stands for when a scanner sent it.
    pub fn scanner_control(self) -> Option<char> {
        let Key::Ctrl(c) = self else { return None };
        SCANNER_CONTROLS.iter().find(|(k, _)| *k == c).map(|(_, v)| *v)
    }

    /// Reads the form used in key map files: `f2`, `ctrl-p`, `enter`, `backtab`, `o`.
    pub fn parse(text: &str) -> Option<Key> {
        if let Some(rest) = text.strip_prefix("ctrl-") {
            let mut chars = rest.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) => Some(Key::Ctrl(c)),
                _ => None,
            };
        }
        if let Some(n) = text.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()) {
            return (1..=12).contains(&n).then_some(Key::F(n));
        }
        Some(match text {
            "up" => Key::Up,
            "down" => Key::Down,
            "left" => Key::Left,
            "right" => Key::Right,
            "home" => Key::Home,
            "end" => Key::End,
            "pageup" => Key::PageUp,
            "pagedown" => Key::PageDown,
            "enter" => Key::Enter,
            "esc" => Key::Esc,
            "tab" => Key::Tab,
            "backtab" => Key::BackTab,
            "backspace" => Key::Backspace,
            "delete" => Key::Delete,
            "space" => Key::Char(' '),
            other => {
                let mut chars = other.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Key::Char(c),
                    _ => return None,
                }
            }
        })
    }
}

/// The French name of the key, as printed on the keyboard and in the footer.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Key::Char(' ') => "Espace",
            Key::Char(c) => return write!(f, "{}", c.to_uppercase()),
            Key::Ctrl(c) => return write!(f, "Ctrl-{}", c.to_uppercase()),
            Key::F(n) => return write!(f, "F{n}"),
            Key::Up => "↑",
            Key::Down => "↓",
            Key::Left => "←",
            Key::Right => "→",
            Key::Home => "Début",
            Key::End => "Fin",
            Key::PageUp => "PgPréc",
            Key::PageDown => "PgSuiv",
            Key::Enter => "Entrée",
            Key::Esc => "Échap",
            Key::Tab => "Tab",
            Key::BackTab => "Maj-Tab",
            Key::Backspace => "Retour",
            Key::Delete => "Suppr",
        };
        f.write_str(word)
    }
}

/// What a person or a scanner did at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// A bracketed paste, NFC.
    Paste(String),
    /// The window has a new size (columns, rows).
    Resize(u16, u16),
}

/// Turns an event of the terminal library into an [`Input`]; `None` for what we do not use.
pub fn from_terminal(event: Event) -> Option<Input> {
    match event {
        Event::Key(k) if k.kind != KeyEventKind::Release => key(k).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text.nfc().collect())),
        Event::Resize(w, h) => Some(Input::Resize(w, h)),
        _ => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    Some(match event.code {
        // AltGr arrives as Ctrl+Alt on some terminals: then it is a plain character.
        KeyCode::Char(c) if ctrl && !alt => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) if !alt || ctrl => Key::Char(c),
        KeyCode::Char(_) => return None,
        KeyCode::F(n) => Key::F(n),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        _ => return None,
    })
}
