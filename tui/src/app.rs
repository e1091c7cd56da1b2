//! State, keys and theme together: everything of the workstation but the terminal and the socket.
//!
//! The runner and the tests drive the same `App`: inputs and daemon messages in, effects out, and a
//! frame drawn from `&self`. Nothing here waits, reads a clock or touches a file.

use std::time::Duration;

use ratatui::Frame;

use crate::action::{Action, Effect};
use crate::client::FromDaemon;
use crate::keymap::scanner::{Scanner, Verdict};
use crate::keymap::{Context, Input, Key, Keymap, Resolved};
use crate::state::State;
use crate::theme::Theme;
use crate::update;
use crate::view::{self, Look};

/// How the user wants it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// No borders, no drawings, the real cursor on the focus: for screen readers and Braille lines.
    pub plain: bool,
    /// The terminal cannot show more than ASCII.
    pub ascii: bool,
    /// Known to be training before the daemon says so.
    pub training: bool,
    /// Time zone in which instants are shown.
    pub zone: jiff::tz::TimeZone,
}

/// The workstation.
#[derive(Debug)]
pub struct App {
    settings: Settings,
    scanner: Scanner,
    state: State,
    dirty: bool,
    quitting: bool,
}

impl App {
    /// A workstation that has reached nobody yet.
    #[must_use]
    pub fn new(settings: Settings, today: jiff::civil::Date) -> Self {
        let mut state = State::new(today);
        state.zone = settings.zone.clone();
        state.school = settings.training;
        App { settings, scanner: Scanner::default(), state, dirty: true, quitting: false }
    }

    /// What the user did, `at` since any fixed origin, on the day `today`.
    pub fn input(&mut self, input: Input, at: Duration, today: jiff::civil::Date) -> Vec<Effect> {
        self.state.today = today;
        let action = match input {
            Input::Resize(w, h) => Action::Resize(w, h),
            Input::Paste(text) => Action::Paste(text),
            Input::Key(key) => {
                let contexts = self.state.contexts();
                let in_text = contexts.contains(&Context::Text);
                match self.scanner.offer(key, at, in_text) {
                    Verdict::Swallow => return Vec::new(),
                    Verdict::Scanned(scan) => Action::Scan(scan),
                    Verdict::Ordinary => self.key(&contexts, key),
                }
            }
        };
        self.act(action)
    }

    /// What the daemon said.
    pub fn daemon(&mut self, message: FromDaemon) -> Vec<Effect> {
        self.act(Action::Daemon(message))
    }

    /// The files of a preview were written, or not.
    pub fn written(&mut self, done: Result<String, String>) {
        self.act(Action::Written(done));
    }

    fn key(&self, contexts: &[Context], key: Key) -> Action {
        match self.settings.keymap.resolve(contexts, key) {
            Resolved::Run(cmd) => Action::Run(cmd),
            Resolved::Insert(c) => Action::Insert(c),
            Resolved::Nothing => match key {
                Key::Char(c) if contexts.contains(&Context::Choice) => Action::Insert(c),
                _ => Action::Useless(key.to_string()),
            },
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = update::update(&mut self.state, action);
        self.dirty |= !std::mem::take(&mut self.state.elsewhere);
        effects.retain(|effect| match effect {
            Effect::Theme(name) => {
                if let Some(theme) = Theme::built_in(name) {
                    self.settings.theme = theme;
                }
                false
            }
            Effect::Quit => {
                self.quitting = true;
                false
            }
            _ => true,
        });
        effects
    }

    /// Draws everything; the state of the window is the frame's.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let look = Look {
            theme: &self.settings.theme,
            keymap: &self.settings.keymap,
            plain: self.settings.plain,
            ascii: self.settings.ascii,
        };
        if let Some(at) = view::draw(frame.buffer_mut(), &self.state, &look) {
            frame.set_cursor_position(at);
        }
    }

    /// Whether something changed since the last call.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Whether the user left.
    #[must_use]
    pub fn quitting(&self) -> bool {
        self.quitting
    }

    /// The state, for tests.
    #[cfg(test)]
    pub fn state(&self) -> &State {
        &self.state
    }
}
