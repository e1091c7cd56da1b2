//! The MSSanté operator, sending side: SMTP submission with STARTTLS and a client certificate for
//! the applicative mailbox (spec/mssante.md §3 A1, §4, §6).
//!
//! Not here: IMAP, XOAUTH2, DSN and MDN coming back.

pub mod rules;
mod session;
mod xdm;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::journal::{Entry, Journal};
use crate::outage::{Kind, Outage, Outages, Service};
use crate::tls::Faces;
use rules::{PATIENT_DOMAIN, Verdict, domain};

/// Domains of the espace de confiance known by default. An entry `*.x` accepts any name under `x`:
/// the real list is matched exactly, the fictitious domain is opened whole so that a demonstration
/// needs no list.
pub const DEFAULT_DOMAINS: [&str; 4] =
    ["*.mssante.example", "medecin.formation.mssante.fr", "test-ci-sis.mssante.fr", PATIENT_DOMAIN];

/// Settings of the operator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Mailboxes that may authenticate; empty: any on a known domain.
    pub mailboxes: Vec<String>,
    /// Domains of the espace de confiance, see [`DEFAULT_DOMAINS`].
    pub domains: Vec<String>,
    /// Recipients unknown on known domains, besides any `boite.inconnue@…`.
    pub unknown: Vec<String>,
    /// Largest mail, in bytes.
    pub max_size: usize,
    /// Mails with errors are refused (554) instead of only noted.
    pub strict: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            mailboxes: Vec::new(),
            domains: DEFAULT_DOMAINS.map(str::to_owned).to_vec(),
            unknown: Vec::new(),
            max_size: 25 * 1024 * 1024,
            strict: true,
        }
    }
}

/// The envelope of a mail, as said in SMTP.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sent {
    /// `MAIL FROM`.
    pub from: String,
    /// Parameters of `MAIL FROM`.
    pub parameters: Vec<String>,
    /// `RCPT TO`, each with its parameters.
    pub recipients: Vec<(String, Vec<String>)>,
}

/// The simulated operator.
pub struct Operator {
    settings: Settings,
    journal: Arc<Journal>,
    outages: Arc<Outages>,
    faces: Faces,
    seen: Mutex<HashSet<(String, String)>>,
}

impl Operator {
    /// An operator with nothing delivered yet.
    pub fn new(settings: Settings, journal: Arc<Journal>, outages: Arc<Outages>, faces: Faces) -> Operator {
        Operator { settings, journal, outages, faces, seen: Mutex::default() }
    }

    /// Forgets the Message-IDs already delivered.
    pub fn reset(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn outage(&self) -> Option<Outage> {
        self.outages.current(Service::Mss)
    }

    fn knows_domain(&self, address: &str) -> bool {
        let domain = domain(address);
        self.settings.domains.iter().any(|d| match d.strip_prefix("*.") {
            Some(parent) => domain.strip_suffix(parent).is_some_and(|d| d.ends_with('.')),
            None => d.eq_ignore_ascii_case(&domain),
        })
    }

    fn may_authenticate(&self, login: &str) -> bool {
        let boxes = &self.settings.mailboxes;
        rules::is_address(login)
            && if boxes.is_empty() {
                self.knows_domain(login) && domain(login) != PATIENT_DOMAIN
            } else {
                boxes.iter().any(|b| b.eq_ignore_ascii_case(login))
            }
    }

    /// The refusal of a recipient, if any.
    fn refuses(&self, address: &str) -> Option<&'static str> {
        if !rules::is_address(address) {
            return Some("501 5.1.3 Adresse mal formee");
        }
        if !self.knows_domain(address) {
            return Some("554 5.7.1 Destinataire hors espace de confiance");
        }
        let (local, _) = address.split_once('@').unwrap_or_default();
        let matricule = local.len() == 15
            && local
                .bytes()
                .enumerate()
                .all(|(i, b)| b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B')));
        let unknown = local.eq_ignore_ascii_case("boite.inconnue")
            || self.settings.unknown.iter().any(|u| u.eq_ignore_ascii_case(address))
            || (domain(address) == PATIENT_DOMAIN && !matricule);
        unknown.then_some("550 5.1.1 Boite inconnue")
    }

    /// Judges, keeps and records a mail; gives the SMTP answer.
    fn receive(&self, sent: &Sent, login: &str, message: &[u8]) -> String {
        let n = self.journal.number(Service::Mss);
        let recipients: Vec<String> = sent.recipients.iter().map(|(a, _)| a.clone()).collect();
        let verdict = rules::judge(message, login, &recipients);
        let message_id = rules::message_id(message);
        let refused = self.settings.strict && !verdict.errors.is_empty();
        let outcome = if refused { "refused" } else { self.deliver(&message_id, &recipients) };
        match self.keep(n, sent, message, &message_id, &verdict, outcome, &recipients) {
            Err(e) => format!("451 4.3.0 Le simulateur ne peut pas ecrire : {}", e.kind()),
            Ok(()) if refused => {
                let first = verdict.errors.first();
                let rule = first.map(|f| f.rule).unwrap_or_default();
                let text = ascii(first.map(|f| f.text.as_str()).unwrap_or_default());
                format!("554 5.6.0 {rule} {text} (detail : mail/{n:06}.json)")
            }
            Ok(()) => format!("250 2.0.0 Message accepte, numero {n:06}"),
        }
    }

    /// Marks the deliveries; `duplicate` when one of them was made before.
    fn deliver(&self, message_id: &str, recipients: &[String]) -> &'static str {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut again = false;
        for recipient in recipients {
            again |= !seen.insert((message_id.to_owned(), recipient.to_ascii_lowercase()));
        }
        if again { "duplicate" } else { "accepted" }
    }

    #[allow(clippy::too_many_arguments, reason = "one call site, everything about one mail")]
    fn keep(
        &self,
        n: u64,
        sent: &Sent,
        message: &[u8],
        message_id: &str,
        verdict: &Verdict,
        outcome: &str,
        recipients: &[String],
    ) -> std::io::Result<()> {
        let outage = self.outage();
        let note = serde_json::json!({
            "envelope": sent,
            "message_id": message_id,
            "outcome": outcome,
            "verdict": verdict,
        });
        self.journal.keep(Service::Mss, &format!("{n:06}.eml"), message)?;
        self.journal.keep(Service::Mss, &format!("{n:06}.json"), format!("{note:#}\n").as_bytes())?;
        self.journal.record(&Entry {
            n,
            time: self.journal.now(),
            service: Service::Mss,
            operation: "mail".into(),
            message_id: message_id.to_owned(),
            unique_ids: Vec::new(),
            recipients: recipients.to_vec(),
            outcome: outcome.to_owned(),
            answered: !outage.is_some_and(|o| o.kind == Kind::Cut),
            outage: outage.map(|o| o.kind.name().to_owned()),
        })
    }
}

/// SMTP answers are ASCII without SMTPUTF8.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'à' | 'â' => 'a',
            'é' | 'è' | 'ê' => 'e',
            'î' => 'i',
            'ô' => 'o',
            'ù' => 'u',
            'ç' => 'c',
            '«' | '»' => '"',
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => '?',
        })
        .take(300)
        .collect()
}

/// Accepts connections until `stop` changes.
pub async fn serve(listener: TcpListener, operator: Arc<Operator>, mut stop: watch::Receiver<bool>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stop.changed() => return,
        };
        if operator.outage().is_some_and(|o| o.kind == Kind::Refuse && !o.busy) {
            continue;
        }
        let operator = Arc::clone(&operator);
        let mut stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = session::run(stream, &operator) => {}
                _ = stop.changed() => {}
            }
        });
    }
}
