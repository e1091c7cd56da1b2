//! From options and environment to a running workstation: the one place that reads the environment.

use std::io;
use std::path::PathBuf;

use crate::app::Settings;
use crate::keymap::Keymap;
use crate::runner::{self, Start};
use crate::theme::Theme;

/// Where the daemon listens when nothing else is said.
pub const DEFAULT_SOCKET: &str = "/run/paillasse/paillassed.sock";

/// What the user asked for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Socket of the daemon; else `PAILLASSE_SOCKET`, else [`DEFAULT_SOCKET`].
    pub socket: Option<PathBuf>,
    /// Person wanted, where the system account may act for several (training).
    pub login: Option<String>,
    /// A built-in theme's name, or the path of a theme file.
    pub theme: Option<String>,
    /// A key map file that holds what differs from the default.
    pub keys: Option<PathBuf>,
    /// No borders, no drawings, the real cursor on the focus.
    pub plain: bool,
    /// Signs and lines in ASCII, whatever the locale says.
    pub ascii: bool,
    /// Known to be training: ÉCOLE stands from the first frame on, before the daemon says it.
    pub training: bool,
}

/// The socket that these options and the environment designate.
#[must_use]
pub fn socket(option: Option<PathBuf>) -> PathBuf {
    option
        .or_else(|| std::env::var_os("PAILLASSE_SOCKET").filter(|v| !v.is_empty()).map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET))
}

/// Runs the workstation in this terminal until the user leaves.
///
/// # Errors
/// When standard output is not a terminal, or a theme or key map file cannot be used; the message is
/// in French and says which.
pub fn run(options: Options) -> io::Result<()> {
    let settings = settings(&options)?;
    runner::workstation(Start { socket: socket(options.socket), login: options.login, settings })
}

fn settings(options: &Options) -> io::Result<Settings> {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let theme = match &options.theme {
        None => Theme::automatic(&var("TERM"), !var("NO_COLOR").is_empty()),
        Some(name) => match Theme::built_in(name) {
            Some(theme) => theme,
            None => Theme::parse(&std::fs::read_to_string(name)?).map_err(io::Error::other)?,
        },
    };
    let mut keymap = Keymap::standard();
    if let Some(path) = &options.keys {
        keymap.read(&std::fs::read_to_string(path)?).map_err(io::Error::other)?;
    }
    let locale = [var("LC_ALL"), var("LC_CTYPE"), var("LANG")].into_iter().find(|v| !v.is_empty());
    let utf8 = locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    });
    let plain = options.plain;
    let (ascii, training) = (options.ascii || !utf8, options.training);
    Ok(Settings { theme, keymap, plain, ascii, training, zone: jiff::tz::TimeZone::system() })
}
