//! What clap writes, in French: the frame of the help pages and the errors of parsing.
//!
//! Clap has no translations. Its fixed words are avoided in help pages (own template and headings, no generated
//! "possible values"), and its errors are rewritten from their kind and context.

use std::num::ParseIntError;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind as Clap};
use clap::{Arg, ArgAction, Command};
use paillasse_shared::protocol::{ErrorKind, WireError};

const TEMPLATE: &str = "{about-with-newline}\nUtilisation : {usage}\n\n{all-args}{after-help}";
/// Clap adds the colon; French puts a space before it.
const ARGUMENTS: &str = "Arguments ";
const OPTIONS: &str = "Options ";
const COMMANDS: &str = "Commandes ";
/// Heading of the options that every command takes.
pub const COMMON: &str = "Options communes ";

/// Dresses a command and all its subcommands in French.
pub fn dress(command: Command) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::HelpShort)
        .global(true)
        .help_heading(COMMON)
        .help("Montre cette aide");
    frame(command.styles(Styles::plain()).arg(help))
}

fn frame(command: Command) -> Command {
    command
        .help_template(TEMPLATE)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(COMMANDS)
        .subcommand_value_name("COMMANDE")
        .mut_args(|arg| {
            let heading = if arg.is_positional() { ARGUMENTS } else { OPTIONS };
            // Clap minds when values are hidden of what takes none.
            let arg = if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
                arg.hide_possible_values(true).hide_default_value(true).hide_env(true)
            } else {
                arg
            };
            if arg.get_help_heading().is_none() { arg.help_heading(heading) } else { arg }
        })
        .mut_subcommands(frame)
}

/// An error of parsing as the one error shown.
pub fn error(e: &clap::Error) -> WireError {
    let all = |kind| match e.get(kind) {
        Some(ContextValue::String(s)) => vec![s.clone()],
        Some(ContextValue::Strings(s)) => s.clone(),
        Some(ContextValue::StyledStr(s)) => vec![s.to_string()],
        Some(ContextValue::StyledStrs(s)) => s.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let one = |kind| all(kind).join(", ");
    let arg = one(ContextKind::InvalidArg);
    let value = one(ContextKind::InvalidValue);
    let cause = match e.kind() {
        Clap::UnknownArgument => format!("« {arg} » n'est pas attendu ici"),
        Clap::InvalidSubcommand => {
            format!("la commande « {} » n'existe pas", one(ContextKind::InvalidSubcommand))
        }
        Clap::MissingRequiredArgument => format!("il manque {arg}"),
        Clap::MissingSubcommand | Clap::DisplayHelpOnMissingArgumentOrSubcommand => {
            "il manque la commande".to_owned()
        }
        Clap::InvalidValue if value.is_empty() => format!("il manque la valeur de {arg}"),
        Clap::InvalidValue => {
            let valid = one(ContextKind::ValidValue);
            format!("« {value} » ne convient pas à {arg} : choix possibles : {valid}")
        }
        Clap::ValueValidation => {
            let source = std::error::Error::source(e);
            let why = match source {
                Some(s) if s.downcast_ref::<ParseIntError>().is_some() => "il faut un nombre".to_owned(),
                Some(s) => s.to_string(),
                None => String::new(),
            };
            format!("« {value} » ne convient pas à {arg} : {why}")
        }
        Clap::ArgumentConflict => format!("{arg} ne va pas avec {}", one(ContextKind::PriorArg)),
        Clap::InvalidUtf8 => "la ligne de commande n'est pas de l'UTF-8".to_owned(),
        Clap::NoEquals => format!("il faut un signe = après {arg}"),
        Clap::TooManyValues | Clap::WrongNumberOfValues | Clap::TooFewValues => {
            format!("le nombre de valeurs de {arg} ne convient pas")
        }
        _ => "la ligne de commande ne convient pas".to_owned(),
    };
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg]
        .into_iter()
        .map(one)
        .find(|s| !s.is_empty());
    let error = WireError::new(ErrorKind::Invalid, cause);
    match near {
        Some(near) => error.hint(format!("vouliez-vous dire « {near} » ?")),
        None => error.hint("ajoutez --help pour voir ce qui est attendu"),
    }
}
