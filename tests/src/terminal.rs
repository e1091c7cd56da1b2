//! A person at a terminal: a real pseudo-terminal of 80 columns and 24 lines, keys in, a screen out. Keys are pressed
//! only when the footer of the screen shows them.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::PATIENCE;

/// Lines of the terminal.
const ROWS: u16 = 24;
/// Columns of the terminal.
const COLUMNS: u16 = 80;

struct Shown {
    parser: vt100::Parser,
    closed: bool,
}

/// A program in a terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    // Closed last: the program gets a hang-up.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a program with these variables besides its own.
    ///
    /// # Panics
    /// There is no pseudo-terminal, or it does not start.
    #[must_use]
    pub fn start(program: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        let shown = Arc::new((Mutex::new(Shown { parser, closed: false }), Condvar::new()));
        let drawn = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            loop {
                let read = reader.read(&mut bytes).unwrap_or(0);
                let mut shown = drawn.0.lock().unwrap();
                shown.parser.process(&bytes[..read]);
                shown.closed = read == 0;
                drawn.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { child, keys, shown, _master: pair.master }
    }

    /// What the screen shows, line by line.
    #[must_use]
    pub fn screen(&self) -> String {
        self.shown.0.lock().unwrap().parser.screen().contents()
    }

    /// Waits until the screen is as wanted, and gives it.
    ///
    /// # Panics
    /// It does not become so in time; the screen is printed.
    #[track_caller]
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.shown.0.lock().unwrap();
        loop {
            let screen = shown.parser.screen().contents();
            if wanted(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || shown.closed {
                let state = if shown.closed { "the program ended" } else { "not in time" };
                drop(shown);
                panic!("{what}: {state}. The screen:\n{screen}");
            }
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        self.until(&format!("« {text} »"), |s| s.contains(text))
    }

    /// Types a text.
    ///
    /// # Panics
    /// The program ended.
    pub fn types(&mut self, text: &str) {
        self.keys
            .write_all(text.as_bytes())
            .and_then(|()| self.keys.flush())
            .expect("the program reads its keys");
    }

    /// Presses a key that the footer shows with what it does, such as `F2 Créer`.
    ///
    /// # Panics
    /// The footer does not show it in time.
    #[track_caller]
    pub fn press(&mut self, shown: &str) {
        self.until(&format!("key « {shown} » in the footer"), |s| footer(s).contains(shown));
        let name = shown.split_whitespace().next().unwrap_or_default();
        let bytes = match name {
            "Entrée" => "\r".to_owned(),
            "Échap" => "\u{1b}".to_owned(),
            "Tab" => "\t".to_owned(),
            "F1" => "\u{1b}OP".to_owned(),
            "F2" => "\u{1b}OQ".to_owned(),
            "F4" => "\u{1b}OS".to_owned(),
            "F7" => "\u{1b}[18~".to_owned(),
            "F8" => "\u{1b}[19~".to_owned(),
            ctrl if ctrl.starts_with("Ctrl-") => {
                let letter = ctrl.bytes().last().unwrap_or_default();
                char::from(letter & 0x1f).to_string()
            }
            letter => letter.to_lowercase(),
        };
        self.types(&bytes);
    }

    /// Waits until the program ended; its exit code.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.shown.0.lock().unwrap();
        while !shown.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program does not end:\n{}", shown.parser.screen().contents());
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
        drop(shown);
        self.child.wait().expect("a child is waited for").exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last line of a screen that has a text.
#[must_use]
pub fn footer(screen: &str) -> &str {
    screen.lines().rfind(|l| !l.trim().is_empty()).unwrap_or_default()
}
