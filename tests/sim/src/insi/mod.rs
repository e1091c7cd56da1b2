//! The INSi teleservice: SOAP 1.2 over HTTPS with a client certificate (spec/ins.md part B).
//!
//! Searches only: the contract of the verification operations is not public (spec/ins.md H.1).

pub mod answer;
pub mod card;
pub mod request;

use std::sync::Arc;

use crate::http::{Call, Reply, SoapService};
use crate::journal::{Entry, Journal};
use crate::mime;
use crate::outage::Service;
use crate::people::Base;
use crate::xml;
use answer::Fault;
use request::{Search, Trust};

/// Path of the endpoint, as in the public URLs.
pub const PATH: &str = "/lps";

/// The simulated service.
pub struct Insi {
    /// Who can be found.
    pub people: Arc<Base>,
    /// Where exchanges are kept.
    pub journal: Arc<Journal>,
    /// Software authorisation numbers (IDAM) that are known.
    pub idams: Vec<String>,
    /// Certificate of the authority that issues the professionals' cards.
    pub ca: Vec<u8>,
}

impl SoapService for Insi {
    fn service(&self) -> Service {
        Service::Insi
    }

    fn handle(&self, call: &Call) -> Reply {
        let n = self.journal.number(Service::Insi);
        let judged = self.judge(call);
        let entry = Entry {
            n,
            time: self.journal.now(),
            service: Service::Insi,
            operation: judged.operation,
            message_id: judged.message_id,
            unique_ids: Vec::new(),
            recipients: Vec::new(),
            outcome: judged.outcome,
            answered: call.answered,
            outage: call.outage.map(str::to_owned),
        };
        let kept = self
            .journal
            .keep(Service::Insi, &format!("{n:06}-request.xml"), &call.body)
            .and_then(|()| {
                self.journal.keep(Service::Insi, &format!("{n:06}-response.xml"), &judged.reply.body)
            })
            .and_then(|()| self.journal.record(&entry));
        match kept {
            Ok(()) => judged.reply,
            Err(e) => Reply::text(500, &format!("Le simulateur ne peut pas écrire : {e}")),
        }
    }
}

struct Judged {
    reply: Reply,
    operation: String,
    message_id: String,
    outcome: String,
}

impl Insi {
    fn trust<'a>(&'a self, call: &'a Call) -> Trust<'a> {
        Trust { ca: &self.ca, client: &call.client, idams: &self.idams, now: self.journal.now() }
    }

    fn judge(&self, call: &Call) -> Judged {
        let refused = |status: u16, text: &str| Judged {
            reply: Reply::text(status, text),
            operation: "?".into(),
            message_id: String::new(),
            outcome: format!("http {status}"),
        };
        if call.path != PATH {
            return refused(404, "Adresse inconnue");
        }
        if call.method != "POST" {
            return refused(405, "Seul POST est accepté");
        }
        let kind = mime::value(&call.content_type);
        let utf8 = kind.param("charset").is_none_or(|c| c.eq_ignore_ascii_case("utf-8"));
        if kind.value != "application/soap+xml" || !utf8 {
            return refused(415, "Content-Type attendu : application/soap+xml; charset=utf-8");
        }
        let doc = match xml::parse(&call.body) {
            Ok(doc) => doc,
            Err(e) => return fault("?", String::new(), Fault::schema(e.to_string())),
        };
        let message_id = request::message_id(&doc);
        match request::read(&doc, &call.content_type, &self.trust(call)) {
            Err(e) => fault("?", message_id, e),
            Ok(search) => self.search(&search, message_id),
        }
    }

    fn search(&self, search: &Search, message_id: String) -> Judged {
        let found = match search {
            Search::Traits { name, given, sex, date, place } => {
                if self.people.is_unreachable(name, given) {
                    return fault(search.operation(), message_id, Fault::technical());
                }
                self.people.by_traits(name, given, sex, date, place.as_deref())
            }
            Search::Vitale { nir, od, name, date } => {
                self.people.by_card(nir.as_deref(), od.as_deref(), name.as_deref(), date.as_deref())
            }
        };
        let (outcome, body) = match found.as_slice() {
            [] => ("01", answer::nobody()),
            [one] => ("00", answer::found(one)),
            _ => ("02", answer::several()),
        };
        Judged {
            reply: soap(200, body),
            operation: search.operation().into(),
            message_id,
            outcome: outcome.into(),
        }
    }
}

fn fault(operation: &str, message_id: String, fault: Fault) -> Judged {
    Judged {
        reply: soap(500, fault.envelope(&message_id)),
        operation: operation.into(),
        outcome: format!("fault {}", fault.code),
        message_id,
    }
}

fn soap(status: u16, body: String) -> Reply {
    Reply { status, content_type: "application/soap+xml; charset=utf-8".into(), body: body.into_bytes() }
}
