//! A daemon in memory: answers every request with fictitious people, remembers what it was asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What it keeps.
#[derive(Default)]
pub struct Fake {
    /// Every request received, in order.
    pub asked: Vec<(String, Value)>,
    /// Answers given instead of the usual ones: method, then result or `{"error": …}`.
    pub instead: BTreeMap<String, Value>,
    /// Identity status of patient 1: `recuperee` once accepted, `qualifiee` once a device was seen.
    pub accepted: bool,
    pub device: Option<String>,
    pub consent: (bool, bool),
    /// Typed results, by analysis.
    pub typed: BTreeMap<String, String>,
    /// `entered`, `technical`, `validated`.
    pub stage: usize,
    /// INSi has answered for patient 1.
    pub to_decide: bool,
}

fn strict(name: &str) -> Value {
    json!(name)
}

impl Fake {
    pub fn hello() -> Value {
        json!({
            "daemon": "0.1.0", "protocol": 1, "training": true,
            "user": {"login": "nmartin", "name": "N. Martin", "profile": "accueil", "rights": [
                "register", "see-ins", "call-insi", "qualify-identity", "enter-results", "validate-technical",
                "validate-biological", "decide-documents", "manage-queue", "read-audit"]},
            "laboratory": {"name": "LBM du Port", "site": "Quai 2", "finess": "350000001"}
        })
    }

    /// The answer to a request, or an error object.
    pub fn answer(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.asked.push((method.to_owned(), params.clone()));
        if let Some(v) = self.instead.get(method) {
            return match v.get("error") {
                Some(e) => Err(e.clone()),
                None => Ok(v.clone()),
            };
        }
        let id = params.get("id").and_then(Value::as_i64).unwrap_or(1);
        Ok(match method {
            "session.hello" => Self::hello(),
            "events.subscribe" => json!({}),
            "status.get" => self.status(),
            "patient.search" => self.search(params["text"].as_str().unwrap_or_default()),
            "patient.get" => self.record(id),
            "patient.create" => {
                if params["birth_name"] == "DUPOND" && params["not_a_duplicate"] != json!(true) {
                    json!({"outcome": "similar", "hits": hits()[2..3].to_vec()})
                } else {
                    let mut r = self.record(9);
                    r["traits"]["birth_name"] = params["birth_name"].clone();
                    r["traits"]["first_name"] = params["first_name"].clone();
                    json!({"outcome": "created", "patient": r})
                }
            }
            "patient.edit_traits" | "patient.edit_used" | "ins.validate" => self.record(id),
            "patient.set_attribute" => self.record(id),
            "patient.set_consent" => {
                self.consent = (params["informed"] == json!(true), params["opposed"] == json!(true));
                self.record(id)
            }
            "patient.history" => json!({"lines": [
                {"at": "2026-11-22T09:03:00Z", "by": "nmartin", "what": "Pièce contrôlée : Carte nationale d'identité",
                    "status": ["recuperee", "qualifiee"]},
                {"at": "2026-11-22T08:02:00Z", "by": "nmartin", "what": "Fiche créée", "status": null}]}),
            "place.search" => json!({"places": [
                {"code": "35147", "label": "LANHELIN", "area": "Ille-et-Vilaine", "from": null, "to": "2018-12-31", "today": "MESNIL-ROC'H"},
                {"code": "35308", "label": "MESNIL-ROC'H", "area": "Ille-et-Vilaine", "from": "2019-01-01", "to": null, "today": null}]}),
            "ins.fetch" => json!({"insi": {"state": "running", "since": "2026-11-22T09:00:00Z"}}),
            "ins.compare" => self.pending(),
            "ins.accept" => {
                self.accepted = true;
                self.to_decide = false;
                self.record(id)
            }
            "ins.refuse" => {
                self.to_decide = false;
                self.record(id)
            }
            "ins.qualify" => {
                self.device = params["device"].as_str().map(str::to_owned);
                self.record(id)
            }
            "ins.worklist" => {
                json!({"items": [{"patient": 1, "name": "DE LA TOUR JEAN-BAPTISTE", "birth_date": "1961-07-04",
                "status": "provisoire", "insi": {"state": "to_decide", "since": "2026-11-22T08:55:00Z"}, "asked_by": "nmartin"}]})
            }
            "catalogue.search" => catalogue(params["text"].as_str().unwrap_or_default()),
            "correspondent.search" => json!({"correspondents": [
                {"id": 4, "family": "ROUX", "given": "Claire", "title": "DR", "rpps": "10001234567", "profession": "G15_10/SM54",
                 "profession_label": "Médecine générale", "mss_address": "claire.roux@medecin.mssante.fr", "town": "Le Port"},
                {"id": 5, "family": "MOREL", "given": "Yves", "title": "DR", "mss_address": null, "town": "Dinan"}]}),
            "correspondent.update" => json!({"id": 5, "family": "MOREL", "given": "Yves"}),
            "dossier.create" | "dossier.get" | "dossier.add" | "result.cancel" | "dossier.trace_call" => {
                self.dossier(id)
            }
            "result.enter" => {
                let (a, v) = (
                    params["analysis"].as_str().unwrap_or_default(),
                    params["value"].as_str().unwrap_or_default(),
                );
                self.typed.insert(a.to_owned(), v.to_owned());
                self.dossier(params["dossier"].as_i64().unwrap_or(7))
            }
            "dossier.validate_technical" => {
                self.stage = 1;
                self.dossier(id)
            }
            "dossier.validate" => {
                self.stage = 2;
                self.dossier(id)
            }
            "dossier.preview" => {
                json!({"text": "LBM du Port\nCompte rendu 26-118733\n\nPotassium 6,9 mmol/L HH\n"})
            }
            "dossier.preview_files" => {
                json!({"stem": "apercu-26-118733", "html": "PHA+", "pdf": "JVBERg=="})
            }
            "dossier.billing" => {
                json!({"text": "Relevé pour facturation\n\nN° de sécurité sociale : 1550169382001\n",
                "file_name": "releve.pdf", "base64": ""})
            }
            "validation.worklist" => json!({"dossiers": [
                line(7, "26-118733", "DUPONT MARIE CLAIRE", "qualifiee", true, "HH"),
                line(8, "26-118690", "LE GOFF YANN", "recuperee", true, "H"),
                line(9, "26-118701", "NGUYEN THI MAI", "provisoire", false, ""),
                line(10, "26-118702", "D'EXEMPLE ANNE-MARIE", "validee", false, "B")]}),
            "document.decide" => {
                json!({"id": 3, "unique_id": "1.2.3", "set_id": "1.2", "version": 1, "dossier": 7, "number": "26-118733",
                "patient": 1, "built_at": "2026-11-22T09:00:00Z", "is_final": true, "held": params["decision"] == json!("hold"),
                "invisible": params["decision"] == json!("hide"), "with_ins": true, "cda_sha256": "", "pdf_sha256": "", "orders": []})
            }
            "queue.summary" | "queue.pause" | "queue.resume" => self.queue(),
            "queue.list" => json!({"orders": [order(11), order(12)]}),
            "queue.explain" => json!({"order": order(id), "gates": [
                {"name": "Identité qualifiée", "reason": null, "why": null},
                {"name": "Patient non opposé", "reason": null, "why": null},
                {"name": "Adresse du destinataire", "reason": {"cause": "no_address", "recipient": "Dr Morel Yves"}, "why": "Pas d'adresse MSSanté connue pour Dr Morel Yves"}],
                "attempts": [{"number": 1, "started_at": "2026-11-22T08:02:14Z", "ended_at": "2026-11-22T08:02:15Z", "outcome": "refused",
                    "words": "550 5.1.1 mailbox unavailable"}]}),
            "queue.retry" | "queue.cancel" => json!({"orders": 41}),
            "inbox.list" => json!({"messages": [message(21, "unmatched"), message(22, "unreadable")]}),
            "inbox.get" => {
                json!({"message": message(id, "unmatched"), "text": "MSH|^~\\&|COBAS|LABO|PAILLASSE|LBM|20261122085959||ORU^R01|77|P|2.5.1\rPID|1||99999\rOBX|1|NM|2823-3^Potassium||6.9|mmol/L\r",
                "remarks": ["Potassium : aucun dossier ne porte le n° 26-999999"]})
            }
            "propagation.list" => json!({"lines": [correction(31, "DMP", "dmp", "to_confirm"),
                correction(32, "DR ROUX Claire", "professional", "to_confirm")]}),
            "propagation.decide" => {
                let state = if id == 31 { "to_do" } else { "planned" };
                correction(id, if id == 31 { "DMP" } else { "DR ROUX Claire" }, "dmp", state)
            }
            "inbox.attach" => message(id, "filed"),
            "inbox.replay" => message(id, "filed"),
            "inbox.close" => message(id, "closed"),
            "audit.list" => {
                json!({"lines": [{"seq": 1, "at": "2026-11-22T08:00:00Z", "actor": "nmartin", "act": "patient.create",
                "subject": "patient 1", "detail": "", "previous": "0", "seal": "1"}]})
            }
            other => {
                return Err(json!({"code": -32600, "message": format!("inconnu {other}"),
                "data": {"kind": "protocol", "cause": format!("inconnu {other}")}}));
            }
        })
    }

    fn status(&self) -> Value {
        json!({"health": "degraded", "version": "0.1.0", "started_at": "2026-11-22T06:00:00Z", "now": "2026-11-22T09:15:00Z",
            "training": true, "services": services(),
            "worklists": {"insi": 3, "orders_parked": 41, "orders_held": 12, "orders_waiting": 251, "to_validate_urgent": 2,
                "to_validate": 37, "inbox": 2},
            "patients": 1000000, "dossiers": 2000000, "free_mib": 100000, "remarks": []})
    }

    fn search(&self, text: &str) -> Value {
        let understood = if text.trim().is_empty() {
            json!({"kind": "recent"})
        } else {
            json!({"kind": "names", "words": ["dup"], "date": null, "year": null})
        };
        let found: Vec<Value> = match text.trim() {
            "zzz" => vec![],
            t if t.starts_with("de la") => hits()[4..5].to_vec(),
            t if t.starts_with("IS01") => hits()[0..1].to_vec(),
            "" => hits(),
            _ => hits()[0..4].to_vec(),
        };
        let dossier = if text.trim() == "26-118733" { json!(7) } else { Value::Null };
        json!({"hits": found, "more": false, "understood": understood, "dossier": dossier, "took_us": 300})
    }

    pub fn record(&self, id: i64) -> Value {
        let (validated, from_insi) = (self.device.is_some(), self.accepted);
        let status = match (validated, from_insi) {
            (false, false) => "provisoire",
            (false, true) => "recuperee",
            (true, false) => "validee",
            (true, true) => "qualifiee",
        };
        let insi = if self.to_decide {
            json!({"state": "to_decide", "since": "2026-11-22T09:01:00Z"})
        } else if from_insi {
            json!({"state": "accepted", "at": "2026-11-22T09:02:00Z"})
        } else {
            json!({"state": "waiting", "since": "2026-11-22T09:00:00Z", "words": null})
        };
        let ins = if from_insi {
            json!({"matricule": "161073514701248", "grouped": "1 61 07 35 147 012 48", "oid": "1.2.250.1.213.1.4.10", "nature": "Nir",
                "recovered_at": "2026-11-22T09:02:00Z", "verified_at": null})
        } else {
            Value::Null
        };
        let proof = self.device.as_ref().map(|d| {
            json!({"device": d, "parent_device": null, "checked_at": "2026-11-22T09:03:00Z", "checked_by": "nmartin"})
        });
        json!({
            "id": id, "version": 3,
            "traits": {"birth_name": strict("DE LA TOUR"), "first_name": "JEAN-BAPTISTE", "given_names": "JEAN-BAPTISTE MARIE LOUIS",
                "sex": "M", "birth_date": "1961-07-04", "birth_place": "35308"},
            "birth_place_label": "MESNIL-ROC'H (35)",
            "used": {"name": null, "first_name": null}, "phone": "02 99 00 00 01", "age": 65,
            "social_security": "1550169382001",
            "state": {"validated": validated, "from_insi": from_insi, "homonyme": false, "douteux": false, "fictif": false},
            "status": status,
            "missing": {"insi": !from_insi, "device": !validated, "doubt": false, "fictitious": false},
            "ins": ins, "proof": proof, "insi": insi,
            "consent": {"informed": self.consent.0, "opposed": self.consent.1},
            "traits_locked": from_insi,
            "dossiers": [
                {"id": 7, "number": "26-118733", "opened_at": "2026-11-22T07:40:00Z", "summary": "en cours"},
                {"id": 6, "number": "26-101002", "opened_at": "2026-06-14T07:40:00Z", "summary": "complet, tout remis"}],
            "created_at": "2026-01-02T08:00:00Z"
        })
    }

    fn pending(&self) -> Value {
        let f = |field: &str, local: Value, insi: &str, level: &str, why: Value, note: Value| json!({"field": field, "local": local, "insi": insi, "level": level, "explanation": why, "note": note});
        json!({"id": 31, "patient": 1, "at": "2026-11-22T09:01:00Z", "how": "par traits, sans lieu puis avec le lieu, 0,8 s",
            "insi": {"matricule": "161073514701248", "key_is_right": true, "oid": "1.2.250.1.213.1.4.10", "birth_name": "DE LA TOUR",
                "given_names": "JEAN-BAPTISTE MARIE LOUIS", "first_name": null, "sex": "M", "birth_date": "1961-07-04",
                "birth_place": "35147", "history": []},
            "comparison": {"fields": [
                f("birth_name", json!("DE LA TOUR"), "DE LA TOUR", "same", Value::Null, Value::Null),
                f("first_name", json!("JEAN-BAPTISTE"), "JEAN-BAPTISTE", "same", Value::Null, Value::Null),
                f("given_names", json!("JEAN-BAPTISTE"), "JEAN-BAPTISTE MARIE LOUIS", "close", json!("longer_list"), Value::Null),
                f("birth_date", json!("04/07/1961"), "04/07/1961", "same", Value::Null, Value::Null),
                f("sex", json!("M"), "M", "same", Value::Null, Value::Null),
                f("birth_place", json!("35308 MESNIL-ROC'H"), "35147 LANHELIN", "close", json!("same_place"),
                    json!("Lanhélin réunie à Mesnil-Roc'h le 01/01/2019")),
                f("matricule", Value::Null, "1 61 07 35 147 012 48  NIR", "added", Value::Null, Value::Null)]},
            "held_by": null})
    }

    fn dossier(&self, id: i64) -> Value {
        let stage = ["entered", "technical", "validated"][self.stage.min(2)];
        let result = |rid: i64,
                      code: &str,
                      label: &str,
                      value: &str,
                      unit: &str,
                      flag: &str,
                      reference: &str,
                      previous: [&str; 2]| {
            let value = self.typed.get(code).map_or(value, String::as_str);
            let number =
                |t: &str| json!({"kind": "numeric", "comparator": null, "value": t.replace(',', ".")});
            let state = if value.is_empty() { "pending" } else { stage };
            let flag = if value.is_empty() { Value::Null } else { json!(flag) };
            let before: Vec<Value> = previous
                .iter()
                .zip(["2026-11-02T07:00:00Z", "2026-06-14T07:00:00Z"])
                .filter(|(p, _)| !p.is_empty())
                .map(|(p, at)| json!({"at": at, "shown": p, "value": number(p), "flag": null}))
                .collect();
            json!({"id": rid, "analysis": code, "label": label, "group": null,
                "value": if value.is_empty() { Value::Null } else { number(value) },
                "shown": value, "unit": unit, "flag": flag, "reference": reference, "previous": before, "state": state,
                "origin": "automate COBAS-1", "obtained_at": null, "comment": null, "remarks": [], "validated": null})
        };
        let mut potassium = result(1, "K", "Potassium", "6,9", "mmol/L", "HH", "3,5 – 5,1", ["4,2", "4,1"]);
        potassium["remarks"] = json!(["Indice d'hémolyse 2+ rendu par l'automate : interférence possible"]);
        let orders = json!([
            {"id": 11, "service": "dmp", "recipient": "DMP", "state": "scheduled", "reason": null, "why": null, "since": "2026-11-22T09:10:00Z"},
            {"id": 12, "service": "mss", "recipient": "Dr Roux", "state": "delivered", "reason": null, "why": null, "since": "2026-11-22T09:10:00Z"}]);
        let documents = if self.stage == 2 {
            json!([{"id": 3, "version": 1, "built_at": "2026-11-22T09:10:00Z", "is_final": true, "orders": orders}])
        } else {
            json!([])
        };
        json!({"id": id, "number": "26-118733", "version": 5 + self.typed.len() + self.stage, "patient": 1, "opened_at": "2026-11-22T07:40:00Z",
            "sampled_at": "2026-11-22T07:35:00Z", "state": if self.stage == 2 { "complete" } else { "to_validate" }, "urgent": true,
            "correspondents": [{"role": "prescriber", "correspondent": {"id": 4, "family": "ROUX", "given": "Claire", "title": "DR"}}],
            "chapters": [
                {"code": "18719-5", "title": "Biochimie", "results": [
                    potassium,
                    result(2, "CREA", "Créatinine", "92", "µmol/L", "H", "45 – 84", ["81", "78"]),
                    result(3, "DFG", "DFG (CKD-EPI)", "67", "mL/min", "N", "> 60", ["78", "82"]),
                    result(4, "GLU", "Glycémie à jeun", "", "mmol/L", "N", "3,9 – 5,8", ["5,00", "5,30"])]},
                {"code": "18723-7", "title": "Hémogramme", "results": [
                    result(5, "HB", "Hémoglobine", "12,8", "g/dL", "N", "11,5 – 15,0", ["13,1", "12,9"])]}],
            "documents": documents,
            "departures": [
                {"service": "dmp", "recipient": "", "reason": null, "why": null},
                {"service": "mss", "recipient": "Dr Roux", "reason": null, "why": null},
                {"service": "mss", "recipient": "Patient", "reason": {"cause": "invisible_to_patient"}, "why": "Document invisible au patient"}],
            "alerts": if self.stage == 2 { json!([]) } else { json!(["Potassium critique : appel du prescripteur à tracer"]) },
            "gestures": if self.stage == 2 { json!([]) } else { json!(["Potassium critique : appel du prescripteur à tracer"]) }})
    }

    fn queue(&self) -> Value {
        let cause = |key: &str,
                     state: &str,
                     service: &str,
                     reason: Value,
                     label: &str,
                     cure: &str,
                     count: u64,
                     since: &str| {
            json!({"key": key, "state": state, "service": service, "reason": reason, "label": label, "cure": cure, "count": count,
                "since": since, "next_try": null})
        };
        json!({"services": services(), "causes": [
            cause("no_address", "parked", "mss", json!({"cause": "no_address", "recipient": "Dr Morel Yves"}), "Pas d'adresse MSSanté connue",
                "Compléter l'adresse MSSanté du correspondant", 41, "2026-11-22T08:02:00Z"),
            cause("service_suspended:dmp", "scheduled", "dmp", json!({"cause": "service_suspended", "service": "dmp", "words": "certificat expiré"}),
                "DMP refuse nos envois : certificat expiré", "Corriger certificat ou droits, puis reprendre le service", 251, "2026-11-22T08:40:00Z"),
            cause("identity_not_qualified", "held", "dmp", json!({"cause": "identity_not_qualified", "insi": true, "device": true}),
                "Identité non qualifiée", "Qualifier l'identité : l'envoi part alors de lui-même", 12, "2026-11-21T08:40:00Z"),
            cause("not_yet", "scheduled", "mss", json!({"cause": "not_yet", "at": "2026-11-22T18:00:00Z"}), "Attend son heure",
                "Attendre, ou envoyer maintenant", 13, "2026-11-22T08:00:00Z")],
            "waiting": 264, "parked": 41, "held": 12, "delivered_today": 1022})
    }
}

fn services() -> Value {
    json!([
        {"service": "insi", "state": "ok", "since": null, "words": null, "waiting": 0},
        {"service": "dmp", "state": "ok", "since": null, "words": null, "waiting": 0},
        {"service": "mss", "state": "slow", "since": "2026-11-22T08:12:00Z", "words": null, "waiting": 3}])
}

fn hits() -> Vec<Value> {
    let hit = |id: i64,
               name: &str,
               given: &str,
               born: &str,
               sex: &str,
               used: Value,
               status: &str,
               last: bool| {
        let last = if last {
            json!({"id": 6, "number": "26-118204", "opened_at": "2026-11-02T08:00:00Z", "summary": "tout remis"})
        } else {
            Value::Null
        };
        json!({"id": id, "birth_name": name, "given_names": given, "birth_date": born, "sex": sex, "used_name": used,
            "status": status, "homonyme": false, "last_dossier": last})
    };
    vec![
        hit(1, "DUPONT", "MARIE CLAIRE", "1980-03-12", "F", json!("BERGER"), "qualifiee", true),
        hit(2, "DUPONT", "MARTIN", "1980-03-12", "M", Value::Null, "recuperee", false),
        hit(3, "DUPOND", "MARIE", "1980-03-12", "F", Value::Null, "provisoire", false),
        hit(4, "DUPUY-MARCHAND", "ANNE", "1980-03-12", "F", Value::Null, "validee", false),
        hit(5, "DE LA TOUR", "JEAN-BAPTISTE", "1961-07-04", "M", Value::Null, "provisoire", true),
    ]
}

fn line(id: i64, number: &str, name: &str, status: &str, urgent: bool, worst: &str) -> Value {
    let worst = match worst {
        "" => Value::Null,
        "B" => json!("L"),
        w => json!(w),
    };
    json!({"id": id, "number": number, "patient": 1, "patient_name": name, "status": status, "opened_at": "2026-11-22T07:40:00Z",
        "state": "to_validate", "urgent": urgent, "worst": worst, "done": 5, "total": 6})
}

fn order(id: i64) -> Value {
    json!({"id": id, "service": "mss", "recipient": "Dr Morel Yves", "state": "parked",
        "reason": {"cause": "no_address", "recipient": "Dr Morel Yves"}, "why": "Pas d'adresse MSSanté connue pour Dr Morel Yves",
        "cure": "Compléter l'adresse MSSanté du correspondant", "patient": 1, "patient_name": "DE LA TOUR JEAN-BAPTISTE", "dossier": 7,
        "number": "26-118690", "document": 3, "identifier": "1.2.250.1.999.7.3", "created_at": "2026-11-22T08:00:00Z",
        "since": "2026-11-22T08:02:14Z", "due_at": null, "attempts": 1})
}

fn message(id: i64, state: &str) -> Value {
    let why = match state {
        "unmatched" => json!("aucun dossier ne porte le n° 26-999999"),
        "unreadable" => json!("le message ne commence pas par MSH"),
        _ => Value::Null,
    };
    json!({"id": id, "received_at": "2026-11-22T08:59:59Z", "sender": "COBAS-1", "kind": "ORU^R01", "state": state, "why": why,
        "dossiers": [], "size": 812})
}

fn catalogue(text: &str) -> Value {
    let analysis = |code: &str, label: &str, unit: &str| {
        json!({"code": code, "label": label, "loinc": null, "loinc_label": null, "chapter": "18719-5", "group": null, "unit": unit,
            "ucum": unit, "specimen": {"code": "SER", "system": "1", "label": "Sérum"}, "method": null, "references": [],
            "critical": null, "rank": 1})
    };
    if text.starts_with("nf") {
        return json!({"panels": [{"code": "NFS", "label": "Hémogramme", "analyses": ["HB", "GB", "PLQ"]}], "analyses": []});
    }
    json!({"panels": [], "analyses": [analysis("K", "Potassium", "mmol/L"), analysis("CREA", "Créatinine", "µmol/L")]})
}

fn correction(id: i64, recipient: &str, receiver: &str, state: &str) -> Value {
    json!({"id": id, "patient": 1, "patient_name": "DUPONT MARIE", "at": "2026-11-22T08:00:00Z", "by": "nmartin",
        "why": "Traits modifiés : acte rectifié", "receiver": receiver, "recipient": recipient, "dossiers": ["26-118733"],
        "state": state, "task": if state == "to_do" { json!("Faire retirer du DMP") } else { json!(null) },
        "decided": null, "note": null})
}
