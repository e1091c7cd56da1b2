//! The control socket: one JSON object per line, one JSON line in answer.
//!
//! ```text
//! {"outage":{"service":"dmp","kind":"cut","for_seconds":1200,"delay_ms":30000}}
//! {"outage":{"service":"insi","kind":"refuse","variant":"503"}}
//! {"clear":"dmp"}   {"clear":"all"}   {"status":{}}   {"count":{}}   {"reset":{}}
//! ```
//! Answers are `{"ok":true,…}` or `{"error":"…"}`, in French. `reset` ends the outages, empties the
//! received folder and forgets every document and Message-ID.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dmp::Dmp;
use crate::journal::Journal;
use crate::outage::{DEFAULT_DELAY, Kind, Outage, Outages, Service};
use crate::smtp::Operator;

/// Longest command line.
const MAX_LINE: u64 = 64 * 1024;

/// What the commands act on.
pub struct Controls {
    /// Outages.
    pub outages: Arc<Outages>,
    /// Received exchanges.
    pub journal: Arc<Journal>,
    /// The DMP, for `reset`.
    pub dmp: Arc<Dmp>,
    /// The operator, for `reset`.
    pub operator: Arc<Operator>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    service: String,
    kind: String,
    for_seconds: Option<u64>,
    delay_ms: Option<u64>,
    variant: Option<String>,
}

fn service(name: &str) -> Result<Service, String> {
    serde_json::from_value(json!(name))
        .map_err(|_| format!("service inconnu « {name} » : insi, dmp ou mss attendu"))
}

fn describe(outage: Option<Outage>) -> Value {
    let Some(o) = outage else { return Value::Null };
    let mut text = serde_json::Map::new();
    text.insert("kind".into(), json!(o.kind.name()));
    if o.kind == Kind::Slow {
        text.insert("delay_ms".into(), json!(u64::try_from(o.delay.as_millis()).unwrap_or(u64::MAX)));
    }
    if o.busy {
        text.insert("variant".into(), json!("503"));
    }
    if let Some(until) = o.until {
        let left = until.saturating_duration_since(Instant::now()).as_secs();
        text.insert("remaining_seconds".into(), json!(left));
    }
    text.into()
}

impl Controls {
    /// Obeys one line.
    pub fn obey(&self, line: &str) -> Value {
        self.command(line).unwrap_or_else(|error| json!({ "error": error }))
    }

    fn command(&self, line: &str) -> Result<Value, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("JSON illisible : {e}"))?;
        let object = value.as_object().filter(|o| o.len() == 1);
        let (name, body) = object
            .and_then(|o| o.iter().next())
            .ok_or("un objet JSON avec une seule commande est attendu")?;
        match name.as_str() {
            "outage" => self.outage(body),
            "clear" => {
                let name = body.as_str().ok_or("clear : nom de service attendu")?;
                let services = if name == "all" { Service::ALL.to_vec() } else { vec![service(name)?] };
                for service in services {
                    self.outages.clear(service);
                }
                Ok(json!({ "ok": true }))
            }
            "status" => {
                let all: serde_json::Map<String, Value> = Service::ALL
                    .into_iter()
                    .map(|s| (s.name().to_owned(), describe(self.outages.current(s))))
                    .collect();
                Ok(json!({ "ok": true, "outages": all }))
            }
            "count" => Ok(json!({ "ok": true, "count": self.journal.counts() })),
            "reset" => {
                for service in Service::ALL {
                    self.outages.clear(service);
                }
                self.dmp.reset();
                self.operator.reset();
                self.journal.reset().map_err(|e| format!("remise à zéro : {e}"))?;
                Ok(json!({ "ok": true }))
            }
            other => {
                Err(format!("commande inconnue « {other} » : outage, clear, status, count ou reset attendu"))
            }
        }
    }

    fn outage(&self, body: &Value) -> Result<Value, String> {
        let wanted: Wanted = serde_json::from_value(body.clone()).map_err(|e| format!("outage : {e}"))?;
        let service = service(&wanted.service)?;
        let kind: Kind = serde_json::from_value(json!(wanted.kind)).map_err(|_| {
            format!("panne inconnue « {} » : slow, refuse, cut ou expired attendu", wanted.kind)
        })?;
        let busy = match wanted.variant.as_deref() {
            None => false,
            Some("503") if kind == Kind::Refuse => true,
            Some(v) => return Err(format!("variante inconnue « {v} » : 503, avec refuse seulement")),
        };
        let outage = Outage {
            kind,
            delay: wanted.delay_ms.map_or(DEFAULT_DELAY, Duration::from_millis),
            busy,
            // An absurd duration means until cleared.
            until: wanted.for_seconds.and_then(|s| Instant::now().checked_add(Duration::from_secs(s))),
        };
        self.outages.start(service, outage);
        Ok(json!({ "ok": true, "service": service.name(), "outage": describe(Some(outage)) }))
    }
}

/// Serves the socket until `stop` changes.
pub async fn serve(listener: UnixListener, controls: Arc<Controls>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let (controls, mut stop) = (Arc::clone(&controls), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = talk(stream, &controls) => {}
                        _ = stop.changed() => {}
                    }
                });
            }
            _ = stop.changed() => return,
        }
    }
}

async fn talk(mut stream: UnixStream, controls: &Controls) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        if (&mut read).take(MAX_LINE).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        let complete = line.ends_with('\n');
        let answer = controls.obey(line.trim());
        write.write_all(format!("{answer}\n").as_bytes()).await?;
        if !complete {
            return Ok(());
        }
    }
}
