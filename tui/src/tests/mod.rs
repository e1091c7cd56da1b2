//! Whole screens: key strings in, screen out, against a daemon in memory. No sleep, no socket.

mod cards;
mod desk;
mod fake;
mod flows;
mod identity;
mod screens;
mod survival;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use crate::action::Effect;
use crate::app::{App, Settings};
use crate::client::{Failure, FromDaemon, Link};
use crate::keymap::{Input, Key, Keymap};
use crate::theme::Theme;
pub use fake::Fake;

/// The application with a terminal in memory and a daemon in memory.
pub struct Bench {
    pub app: App,
    pub fake: Fake,
    terminal: Terminal<TestBackend>,
    clock: Duration,
    pending: VecDeque<Effect>,
    /// Requests stay unanswered while true.
    pub hold_answers: bool,
    pub copied: Vec<String>,
    /// Pages and PDFs written for a viewer.
    pub previews: Vec<(Vec<u8>, Vec<u8>)>,
}

pub fn settings(theme: &str) -> Settings {
    Settings {
        training: false,
        theme: Theme::built_in(theme).unwrap(),
        keymap: Keymap::standard(),
        plain: false,
        ascii: false,
        zone: TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC),
    }
}

impl Bench {
    /// A workstation that has just been greeted.
    pub fn new(width: u16, height: u16) -> Self {
        let mut bench = Self::alone(width, height, settings("dark"));
        bench.say(FromDaemon::Link(Link::Up(Fake::hello())));
        bench
    }

    /// A workstation that has reached nobody.
    pub fn alone(width: u16, height: u16, settings: Settings) -> Self {
        let app = App::new(settings, date(2026, 11, 22));
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut bench = Bench {
            app,
            fake: Fake::default(),
            terminal,
            clock: Duration::ZERO,
            pending: VecDeque::new(),
            hold_answers: false,
            copied: Vec::new(),
            previews: Vec::new(),
        };
        bench.input(Input::Resize(width, height));
        bench
    }

    /// What the daemon says by itself.
    pub fn say(&mut self, message: FromDaemon) {
        let effects = self.app.daemon(message);
        self.pending.extend(effects);
        self.settle();
    }

    /// An event of the laboratory.
    pub fn event(&mut self, event: serde_json::Value) {
        self.say(FromDaemon::Event { method: "event".into(), params: event });
    }

    fn input(&mut self, input: Input) {
        let effects = self.app.input(input, self.clock, date(2026, 11, 22));
        self.pending.extend(effects);
        self.settle();
    }

    /// Answers every request until nothing is asked any more.
    pub fn settle(&mut self) {
        while let Some(effect) = self.pending.pop_front() {
            match effect {
                Effect::Send { ticket, method, params, .. } => {
                    if self.hold_answers {
                        self.pending.push_front(Effect::Send {
                            ticket,
                            method,
                            params,
                            slot: None,
                            deadline: Duration::ZERO,
                        });
                        return;
                    }
                    let result = self.fake.answer(method, &params).map_err(|e| Failure::Refused {
                        code: e["code"].as_i64().unwrap_or(-32000),
                        message: e["message"].as_str().unwrap_or_default().to_owned(),
                        data: e["data"].clone(),
                    });
                    let effects = self.app.daemon(FromDaemon::Reply { ticket, result });
                    self.pending.extend(effects);
                }
                Effect::Copy(text) => self.copied.push(text),
                Effect::Preview(stem, html, pdf) => {
                    self.app.written(Ok(format!("/apercu/{stem}.html")));
                    self.previews.push((html, pdf));
                }
                _ => {}
            }
        }
    }

    /// Types at human speed: words as they are, keys as `<enter>`, `<f2>`, `<ctrl-p>`.
    pub fn keys(&mut self, text: &str) -> &mut Self {
        for key in parse(text) {
            self.clock += Duration::from_millis(150);
            self.input(Input::Key(key));
        }
        self
    }

    /// Scans a code at the speed of a scanner, ended by Enter.
    pub fn scan(&mut self, code: &str) -> &mut Self {
        self.clock += Duration::from_millis(500);
        let keys = code.chars().map(|c| if c == '\u{1d}' { Key::Ctrl('5') } else { Key::Char(c) });
        for key in keys.chain([Key::Enter]) {
            self.clock += Duration::from_millis(4);
            self.input(Input::Key(key));
        }
        self
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.input(Input::Paste(text.into()));
        self
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width, height);
        self.input(Input::Resize(width, height));
    }

    /// What is on the screen, one line per row, ends trimmed.
    pub fn screen(&mut self) -> String {
        let app = &self.app;
        self.terminal.draw(|frame| app.draw(frame)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let rows = (0..buffer.area.height).map(|y| {
            let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The same with the style of each run of cells, below each line.
    pub fn styled(&mut self) -> String {
        let text = self.screen();
        let buffer = self.terminal.backend().buffer();
        let mut out = String::new();
        for (y, line) in text.lines().enumerate() {
            out.push_str(line);
            out.push('\n');
            let mut runs: Vec<(String, u16, u16)> = Vec::new();
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y as u16)];
                let style = style_name(cell);
                match runs.last_mut() {
                    Some((s, _, end)) if *s == style && *end == x => *end = x + 1,
                    _ => runs.push((style, x, x + 1)),
                }
            }
            let shown: Vec<String> =
                runs.iter().filter(|(s, ..)| !s.is_empty()).map(|(s, a, b)| format!("{a}-{b} {s}")).collect();
            if !shown.is_empty() {
                out.push_str(&format!("    {}\n", shown.join(", ")));
            }
        }
        out
    }

    /// Whether any cell of the last screen has a colour.
    pub fn is_coloured(&mut self) -> bool {
        use ratatui::style::Color;
        self.screen();
        let buffer = self.terminal.backend().buffer();
        buffer.content().iter().any(|c| c.fg != Color::Reset || c.bg != Color::Reset)
    }

    /// Where the real cursor is, if shown.
    pub fn cursor(&mut self) -> (u16, u16) {
        self.screen();
        let at = self.terminal.get_cursor_position().unwrap();
        (at.x, at.y)
    }

    /// The last request of a method.
    pub fn last(&self, method: &str) -> serde_json::Value {
        let found = self.fake.asked.iter().rev().find(|(m, _)| m == method);
        found.map_or(json!(null), |(_, p)| p.clone())
    }

    /// How often a method was asked.
    pub fn count(&self, method: &str) -> usize {
        self.fake.asked.iter().filter(|(m, _)| m == method).count()
    }

    /// Asserts that the screen shows a text.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(text), "« {text} » is not on the screen:\n{screen}");
        self
    }

    #[track_caller]
    pub fn sees_not(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "« {text} » is on the screen:\n{screen}");
        self
    }
}

fn style_name(cell: &ratatui::buffer::Cell) -> String {
    use ratatui::style::Color;
    let mut parts = Vec::new();
    if cell.fg != Color::Reset {
        parts.push(format!("{}", cell.fg));
    }
    if cell.bg != Color::Reset {
        parts.push(format!("on {}", cell.bg));
    }
    if !cell.modifier.is_empty() {
        parts.push(format!("{:?}", cell.modifier));
    }
    parts.join(" ")
}

fn parse(text: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            keys.push(Key::parse(name).unwrap_or_else(|| panic!("no key <{name}>")));
            rest = after;
        } else {
            keys.push(Key::Char(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    keys
}
