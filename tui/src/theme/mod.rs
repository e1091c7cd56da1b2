//! Themes: a style per *meaning* (role), read from `themes/*.toml`.
//!
//! Invariants: view code names roles, never colours; a role a theme does not define takes its
//! parent's style (`status.ok` → `status` → `text`), so a user theme holds only what differs;
//! every built-in theme parses (tested). Deliberately not here: what a role is used for (that is the
//! view's business) and the meaning itself, which is always also a sign and a word.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// Everything the screens can mean by a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the meanings; the theme files comment them")]
pub enum Role {
    Text,
    Quiet,
    Strong,
    Title,
    TitleQuiet,
    School,
    Rule,
    Heading,
    Selected,
    Field,
    FieldFocus,
    Locked,
    Key,
    Label,
    Notice,
    NoticeWarning,
    NoticeError,
    NoticeDone,
    StatusOk,
    StatusWait,
    StatusHold,
    StatusAlert,
    StatusOff,
    Abnormal,
    Critical,
    Unit,
    Differs,
    Same,
    Match,
    Overlay,
    OverlayBorder,
}

impl Role {
    /// Every role with its name in theme files.
    pub const ALL: &'static [(Role, &'static str)] = &[
        (Role::Text, "text"),
        (Role::Quiet, "quiet"),
        (Role::Strong, "strong"),
        (Role::Title, "title"),
        (Role::TitleQuiet, "title.quiet"),
        (Role::School, "school"),
        (Role::Rule, "rule"),
        (Role::Heading, "heading"),
        (Role::Selected, "selected"),
        (Role::Field, "field"),
        (Role::FieldFocus, "field.focus"),
        (Role::Locked, "locked"),
        (Role::Key, "key"),
        (Role::Label, "label"),
        (Role::Notice, "notice"),
        (Role::NoticeWarning, "notice.warning"),
        (Role::NoticeError, "notice.error"),
        (Role::NoticeDone, "notice.done"),
        (Role::StatusOk, "status.ok"),
        (Role::StatusWait, "status.wait"),
        (Role::StatusHold, "status.hold"),
        (Role::StatusAlert, "status.alert"),
        (Role::StatusOff, "status.off"),
        (Role::Abnormal, "abnormal"),
        (Role::Critical, "critical"),
        (Role::Unit, "unit"),
        (Role::Differs, "differs"),
        (Role::Same, "same"),
        (Role::Match, "match"),
        (Role::Overlay, "overlay"),
        (Role::OverlayBorder, "overlay.border"),
    ];
}

/// Why a theme file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Not TOML, or not of the documented form.
    #[error("thème illisible : {0}")]
    Syntax(#[from] toml::de::Error),
    /// A colour name that does not exist.
    #[error("couleur inconnue « {0} »")]
    Color(String),
    /// A role that does not exist (a spelling mistake would otherwise go unnoticed).
    #[error("rôle inconnu « {0} »")]
    Role(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    roles: BTreeMap<String, RawStyle>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawStyle {
    fg: Option<RawColor>,
    bg: Option<RawColor>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawColor {
    Index(u8),
    Name(String),
}

impl RawColor {
    fn color(&self) -> Result<Color, ThemeError> {
        let name = match self {
            RawColor::Index(i) => return Ok(Color::Indexed(*i)),
            RawColor::Name(n) => n.as_str(),
        };
        Ok(match name {
            "black" => Color::Black,
            "red" => Color::Red,
            "green" => Color::Green,
            "yellow" => Color::Yellow,
            "blue" => Color::Blue,
            "magenta" => Color::Magenta,
            "cyan" => Color::Cyan,
            "gray" => Color::Gray,
            "gray-dark" => Color::DarkGray,
            "red-bright" => Color::LightRed,
            "green-bright" => Color::LightGreen,
            "yellow-bright" => Color::LightYellow,
            "blue-bright" => Color::LightBlue,
            "magenta-bright" => Color::LightMagenta,
            "cyan-bright" => Color::LightCyan,
            "white" | "white-bright" => Color::White,
            other => return Err(ThemeError::Color(other.to_owned())),
        })
    }
}

/// One resolved theme: a style for every role.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Name shown in the palette and accepted by `--theme`.
    pub name: String,
    styles: BTreeMap<Role, Style>,
}

/// The themes built into the program, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("ansi16", include_str!("../../../themes/ansi16.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

impl Theme {
    /// Reads a theme file.
    ///
    /// # Errors
    /// When the text is not TOML of the documented form, or names an unknown colour or role.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let file: File = toml::from_str(text)?;
        for name in file.roles.keys() {
            // "status" has no role of its own; it is only a parent.
            if name != "status" && !Role::ALL.iter().any(|(_, n)| n == name) {
                return Err(ThemeError::Role(name.clone()));
            }
        }
        let mut styles = BTreeMap::new();
        for (role, name) in Role::ALL {
            styles.insert(*role, resolve(&file.roles, name)?);
        }
        Ok(Theme { name: file.name, styles })
    }

    /// A built-in theme by name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name)?;
        Self::parse(text).ok()
    }

    /// The theme to use when the user chose none: what the terminal can show decides.
    /// `term` is `$TERM`; `no_color` is whether `NO_COLOR` is set to something.
    #[must_use]
    pub fn automatic(term: &str, no_color: bool) -> Self {
        let many = term.contains("256")
            || term.contains("direct")
            || term.contains("kitty")
            || term.contains("alacritty");
        let name = match (no_color, many) {
            (true, _) => "mono",
            (false, true) => "dark",
            (false, false) if term == "dumb" || term.is_empty() || term.starts_with("vt") => "mono",
            (false, false) => "ansi16",
        };
        Self::built_in(name).unwrap_or_else(Self::bare)
    }

    /// No style at all: the last resort, and what tests of text use.
    #[must_use]
    pub fn bare() -> Self {
        Theme { name: "bare".to_owned(), styles: BTreeMap::new() }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }
}

fn resolve(roles: &BTreeMap<String, RawStyle>, name: &str) -> Result<Style, ThemeError> {
    let mut wanted = name;
    let raw = loop {
        if let Some(raw) = roles.get(wanted) {
            break Some(raw);
        }
        match wanted.rsplit_once('.') {
            Some((parent, _)) => wanted = parent,
            None if wanted == "text" => break None,
            None => wanted = "text",
        }
    };
    let mut style = Style::default();
    let Some(raw) = raw else { return Ok(style) };
    if let Some(c) = &raw.fg {
        style = style.fg(c.color()?);
    }
    if let Some(c) = &raw.bg {
        style = style.bg(c.color()?);
    }
    for (on, modifier) in [
        (raw.bold, Modifier::BOLD),
        (raw.dim, Modifier::DIM),
        (raw.underline, Modifier::UNDERLINED),
        (raw.reverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_parses_and_bears_its_name() {
        for (name, text) in BUILT_IN {
            let theme = Theme::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(&theme.name, name);
        }
    }

    #[test]
    fn a_missing_role_takes_its_parent_then_text() {
        let t = Theme::parse("name='x'\n[roles]\ntext={fg='red'}\nstatus={fg='blue'}\n").unwrap();
        assert_eq!(t.style(Role::StatusOk).fg, Some(Color::Blue));
        assert_eq!(t.style(Role::Heading).fg, Some(Color::Red));
    }

    #[test]
    fn spelling_mistakes_are_refused() {
        assert!(matches!(Theme::parse("name='x'\n[roles]\nselcted={}\n"), Err(ThemeError::Role(_))));
        assert!(matches!(Theme::parse("name='x'\n[roles]\ntext={fg='rouge'}\n"), Err(ThemeError::Color(_))));
    }

    #[test]
    fn mono_and_no_color_use_no_colour_at_all() {
        let t = Theme::automatic("xterm-256color", true);
        for (role, name) in Role::ALL {
            let s = t.style(*role);
            assert!(s.fg.is_none() && s.bg.is_none(), "{name} has a colour");
        }
    }

    #[test]
    fn sixteen_colour_theme_has_no_indexed_colour() {
        let t = Theme::built_in("ansi16").unwrap();
        for (role, name) in Role::ALL {
            let s = t.style(*role);
            for c in [s.fg, s.bg].into_iter().flatten() {
                assert!(!matches!(c, Color::Indexed(_) | Color::Rgb(..)), "{name}");
            }
        }
    }

    #[test]
    fn what_the_terminal_can_show_decides() {
        assert_eq!(Theme::automatic("xterm-256color", false).name, "dark");
        assert_eq!(Theme::automatic("linux", false).name, "ansi16");
        assert_eq!(Theme::automatic("dumb", false).name, "mono");
    }
}
