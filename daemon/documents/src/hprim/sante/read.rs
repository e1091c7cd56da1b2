//! Reading an HPRIM Santé file: hierarchy H { P { OBR { OBX } } } L, comments anywhere.

use super::{Code, Line, Message, Patient, Request, Value, bounds};
use crate::hprim::segment::{Delimiters, Raw, segments};
use crate::hprim::{HprimError, MAX_BYTES, Remark, latin1};

/// Reads a file of results.
///
/// # Errors
/// [`HprimError`] with the line: no H, unknown context, a result without its patient or request, a field without which
/// nothing can be filed (test, sender), or a limit passed.
pub fn read(bytes: &[u8]) -> Result<Message, HprimError> {
    if bytes.len() > MAX_BYTES {
        return Err(HprimError::TooLarge(bytes.len()));
    }
    let text = latin1::decode(bytes);
    let start = text.trim_start_matches(|c: char| c.is_whitespace());
    if start.is_empty() {
        return Err(HprimError::Empty);
    }
    let line = 1 + text.get(..text.len() - start.len()).unwrap_or_default().matches('\n').count();
    let d = Delimiters::declared(start).ok_or(HprimError::NotHprim {
        line,
        what: "un segment H suivi de ses cinq délimiteurs est attendu",
    })?;
    let (found, long) = segments(&text, d)?;
    let mut remarks: Vec<Remark> =
        long.into_iter().map(|line| Remark::new(line, "ligne de plus de 220 caractères")).collect();
    let mut all = found.iter();
    let mut message = match all.next() {
        Some(h) => header(h, &mut remarks)?,
        None => return Err(HprimError::Empty),
    };
    let mut ended = false;
    for s in all {
        if ended {
            remarks.push(Remark::new(s.line, "segment après L, laissé de côté"));
            continue;
        }
        match s.name() {
            "P" => message.patients.push(patient(s)),
            "OBR" => {
                let patient =
                    message.patients.last_mut().ok_or_else(|| misplaced(s, "un segment P avant"))?;
                patient.requests.push(request(s));
            }
            "OBX" => {
                let request = message.patients.last_mut().and_then(|p| p.requests.last_mut());
                let request = request.ok_or_else(|| misplaced(s, "un segment OBR avant"))?;
                request.results.push(result(s, d, &mut remarks)?);
            }
            "C" => comment(s, &mut message),
            "L" => {
                ended = true;
                trailer(s, &message, &mut remarks);
            }
            "H" => return Err(misplaced(s, "un seul segment H, en tête")),
            other => {
                remarks.push(Remark::new(s.line, format!("segment {} inconnu, laissé de côté", short(other))))
            }
        }
    }
    if !ended {
        let last = found.last().map_or(line, |s| s.line);
        remarks.push(Remark::new(last, "fin de fichier sans segment L : fichier peut-être coupé"));
    }
    if message.patients.is_empty() {
        remarks.push(Remark::new(line, "aucun patient"));
    }
    message.remarks = remarks;
    Ok(message)
}

fn short(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

fn misplaced(s: &Raw, expected: &'static str) -> HprimError {
    HprimError::Misplaced { line: s.line, segment: short(s.name()), expected }
}

fn need(s: &Raw, segment: &'static str, field: usize, what: &'static str) -> HprimError {
    HprimError::Missing { line: s.line, segment, field, what }
}

fn header(s: &Raw, remarks: &mut Vec<Remark>) -> Result<Message, HprimError> {
    let context = s.part(7, 1).ok_or_else(|| need(s, "H", 7, "contexte"))?;
    if context != "ORU" {
        return Err(HprimError::NotHprim { line: s.line, what: "seul le contexte ORU (résultats) est lu" });
    }
    let version = s.part(13, 1).ok_or_else(|| need(s, "H", 13, "version"))?;
    let Some(number) = version.strip_prefix('H').filter(|v| v.starts_with("2.")) else {
        return Err(HprimError::NotHprim { line: s.line, what: "version inconnue (H2.x attendue)" });
    };
    if !matches!(number, "2.0" | "2.1" | "2.2" | "2.3" | "2.4" | "2.5") {
        remarks.push(Remark::new(s.line, "version H2 plus récente que celles connues"));
    }
    let processing = s.part(12, 1).and_then(|p| p.chars().next()).unwrap_or('P');
    if !matches!(processing, 'P' | 'T' | 'D') {
        return Err(HprimError::NotHprim { line: s.line, what: "H.12 vaut P, T ou D" });
    }
    Ok(Message {
        file: s.text(3),
        sender: Code {
            code: s.part(5, 1).ok_or_else(|| need(s, "H", 5, "émetteur"))?,
            label: s.part(5, 2).unwrap_or_default(),
            table: String::new(),
        },
        receiver: pair(s, 10),
        processing,
        version: number.to_owned(),
        at: s.text(14).unwrap_or_default(),
        patients: Vec::new(),
        comments: Vec::new(),
        remarks: Vec::new(),
    })
}

fn pair(s: &Raw, field: usize) -> Code {
    Code {
        code: s.part(field, 1).unwrap_or_default(),
        label: s.part(field, 2).unwrap_or_default(),
        table: String::new(),
    }
}

fn patient(s: &Raw) -> Patient {
    Patient {
        requester_id: s.part(3, 1),
        laboratory_id: s.part(4, 1),
        stay: s.part(5, 1),
        used_name: s.part(6, 1),
        given_name: s.part(6, 2),
        birth_name: s.part(7, 1),
        birth_date: s.part(8, 1),
        sex: s.part(9, 1).and_then(|t| t.chars().next()).filter(|c| matches!(c, 'M' | 'F' | 'U')),
        ins_raw: s.text(12),
        comments: Vec::new(),
        requests: Vec::new(),
    }
}

fn request(s: &Raw) -> Request {
    let tests = s.parts_of(5).into_iter().map(|p| triplet(&p, 0)).collect();
    Request {
        requester: (s.part(3, 1), s.part(3, 2)),
        laboratory: (s.part(4, 1), s.part(4, 2)),
        tests,
        sampled_at: s.part(8, 1),
        received_at: s.part(15, 1),
        specimen: s.subpart(16, 1, 2).or_else(|| s.subpart(16, 1, 1)),
        resulted_at: s.part(23, 1),
        status: s.part(26, 1).and_then(|t| t.chars().next()),
        comments: Vec::new(),
        results: Vec::new(),
    }
}

/// Three parts from `from`, empty where absent.
fn triplet(parts: &[String], from: usize) -> Code {
    let at = |i: usize| parts.get(from + i).cloned().unwrap_or_default();
    Code { code: at(0), label: at(1), table: at(2) }
}

fn result(s: &Raw, d: Delimiters, remarks: &mut Vec<Remark>) -> Result<Line, HprimError> {
    let test = s.parts_of(4).into_iter().next().unwrap_or_default();
    let (first, second) = (triplet(&test, 0), triplet(&test, 3));
    if first.code.is_empty() && first.label.is_empty() {
        return Err(need(s, "OBX", 4, "analyse"));
    }
    let kind = s.part(3, 1).unwrap_or_default();
    let raw = s.raw(6);
    let value = match kind.as_str() {
        _ if raw.trim().is_empty() => Value::None,
        "NM" => number(s, d.plain(raw).trim(), remarks),
        "ST" => Value::Short(d.plain(raw).trim().to_owned()),
        "TX" => Value::Text(d.plain(raw).trim().to_owned()),
        "CE" => Value::Coded(triplet(&s.parts_of(6).into_iter().next().unwrap_or_default(), 0)),
        "PDF" | "TIF" => Value::File { kind, base64: raw.chars().filter(|c| !c.is_whitespace()).collect() },
        _ => Value::Other { kind, raw: raw.to_owned() },
    };
    let normals_raw = s.text(8);
    let normals = normals_raw.as_deref().and_then(bounds);
    let status = s.part(12, 1).and_then(|t| t.chars().next()).unwrap_or('F');
    Ok(Line {
        line: s.line,
        test: first,
        second: Some(second).filter(|c| !c.code.is_empty()),
        sub_id: s.part(5, 1),
        value,
        unit: s.part(7, 1),
        normals_text: normals_raw.filter(|_| normals.is_none()),
        normals: normals.unwrap_or_default(),
        flags: s.repetitions(9),
        status,
        at: s.part(15, 1),
        group: s.part(16, 6),
        comments: Vec::new(),
    })
}

/// A number as it is; a type NM that holds none is read as a short text and told.
fn number(s: &Raw, text: &str, remarks: &mut Vec<Remark>) -> Value {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).replace(',', ".");
    let fine = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    if fine {
        return Value::Number(text.trim_start_matches('+').replace(',', "."));
    }
    remarks.push(Remark::new(s.line, "OBX.6 annoncé numérique (NM) et qui ne l'est pas"));
    Value::Short(text.to_owned())
}

/// A comment belongs to the last thing read.
fn comment(s: &Raw, message: &mut Message) {
    let Some(text) = s.text(4) else { return };
    let target = match message.patients.last_mut() {
        None => &mut message.comments,
        Some(p) => match p.requests.last_mut() {
            None => &mut p.comments,
            Some(r) => match r.results.last_mut() {
                None => &mut r.comments,
                Some(line) => &mut line.comments,
            },
        },
    };
    target.push(text);
}

fn trailer(s: &Raw, message: &Message, remarks: &mut Vec<Remark>) {
    if let Some(said) = s.part(4, 1).and_then(|t| t.parse::<usize>().ok())
        && said != message.patients.len()
    {
        remarks.push(Remark::new(
            s.line,
            format!("L annonce {said} patients, le fichier en a {}", message.patients.len()),
        ));
    }
}
