//! `paillasse call`: any request of the protocol.

use std::io::Read;

use clap::Args;
use paillasse_shared::protocol::methods::NAMES;
use paillasse_shared::protocol::{ErrorKind, MAX_REQUEST, WireError};
use serde_json::Value;

use super::session::{Outcome, Session};

/// A request by its name.
#[derive(Debug, Args)]
pub struct Call {
    #[arg(long, help = "Liste les requêtes du protocole")]
    list: bool,
    #[arg(
        value_name = "REQUÊTE",
        required_unless_present = "list",
        help = "Nom de la requête, par exemple status.get"
    )]
    method: Option<String>,
    #[arg(value_name = "JSON", help = "Paramètres ; « - » les lit sur l'entrée standard ; rien vaut {}")]
    params: Option<String>,
}

impl Call {
    /// Runs it; the answer is always JSON.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        let Some(method) = self.method.filter(|_| !self.list) else {
            return s.print(&NAMES, |p, names| names.iter().for_each(|name| p.line(name)));
        };
        let text = match self.params.as_deref() {
            None => "{}".to_owned(),
            Some("-") => standard_input()?,
            Some(text) => text.to_owned(),
        };
        let params: Value = serde_json::from_str(&text).map_err(|e| {
            WireError::invalid("JSON", format!("les paramètres ne sont pas du JSON : {e}"))
                .hint("par exemple : paillasse call patient.get '{\"id\": 1}'")
        })?;
        let answer = s.call_named(&method, params)?;
        s.json = true;
        s.print(&answer, |_, _| ())
    }
}

fn standard_input() -> Result<String, WireError> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_REQUEST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|e| WireError::new(ErrorKind::Invalid, format!("entrée standard illisible : {e}")))?;
    if text.len() > MAX_REQUEST {
        let most = MAX_REQUEST / 1_048_576;
        return Err(WireError::invalid("JSON", format!("les paramètres dépassent {most} Mio")));
    }
    Ok(text)
}
