//! What Référentiel socle MSSanté #2 asks of a mail sent from an applicative mailbox
//! (spec/mssante.md §6, spec/xdm-mssante-archive.md §6). Errors refuse the mail in strict mode;
//! warnings are what the sheets only advise.

use serde::Serialize;

use super::xdm;
use crate::mime::{self, Headers, Leaf};

/// Marker of a subject that announces an archive.
const MARKER: &str = "XDM/1.0/DDM+";
/// Domain of the patients' mailboxes.
pub const PATIENT_DOMAIN: &str = "patient.mssante.fr";
/// Largest mail to a patient (spec/mssante.md §6).
const PATIENT_MAX: usize = 25 * 1024 * 1024;

/// A rule that was not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// ECO identifier of the rule, or the RFC.
    pub rule: &'static str,
    /// What is wrong.
    pub text: String,
}

/// The judgement of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Departures from mandatory rules.
    pub errors: Vec<Finding>,
    /// Departures from advice.
    pub warnings: Vec<Finding>,
}

impl Verdict {
    fn error(&mut self, right: bool, rule: &'static str, text: impl Into<String>) {
        if !right {
            self.errors.push(Finding { rule, text: text.into() });
        }
    }

    fn warning(&mut self, right: bool, rule: &'static str, text: impl Into<String>) {
        if !right {
            self.warnings.push(Finding { rule, text: text.into() });
        }
    }
}

/// `Label <address>` or a bare address: label, address.
pub fn mailbox(value: &str) -> Option<(String, String)> {
    let value = value.trim();
    let (label, address) = match value.rsplit_once('<') {
        Some((label, rest)) => (label.trim().trim_matches('"').to_owned(), rest.strip_suffix('>')?),
        None => (String::new(), value),
    };
    is_address(address).then(|| (mime::words(&label).trim().to_owned(), address.to_owned()))
}

/// A plain `local@domain`.
pub fn is_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '@' | ',' | ';' | '"');
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty() && local.chars().all(plain) && domain.contains('.') && domain.chars().all(plain)
        }
        None => false,
    }
}

/// Domain of an address, lower case.
pub fn domain(address: &str) -> String {
    address.rsplit_once('@').map(|(_, d)| d.to_ascii_lowercase()).unwrap_or_default()
}

/// `Message-ID` of a mail, if there is one.
pub fn message_id(message: &[u8]) -> String {
    mime::entity(message)
        .ok()
        .and_then(|e| e.headers.get("Message-ID").map(str::to_owned))
        .unwrap_or_default()
}

/// Judges a mail sent by `sender` (the mailbox) to `recipients`.
pub fn judge(message: &[u8], sender: &str, recipients: &[String]) -> Verdict {
    let mut v = Verdict::default();
    let entity = match mime::entity(message) {
        Ok(entity) => entity,
        Err(e) => {
            v.error(false, "RFC 5322", e.to_string());
            return v;
        }
    };
    let headers = &entity.headers;
    identity(headers, sender, &mut v);
    let patients: Vec<&String> = recipients.iter().filter(|r| domain(r) == PATIENT_DOMAIN).collect();
    v.error(
        patients.len() <= 1,
        "ECO.2.1.1",
        "plusieurs patients destinataires : un seul usager par message",
    );
    v.error(
        patients.is_empty() || message.len() <= PATIENT_MAX,
        "MSS/va1.13",
        "plus de 25 Mo vers un patient",
    );
    if let Some(mes) = headers.get("X-MSS-MES") {
        v.error(
            mes == "FIN" && !patients.is_empty(),
            "ECO.2.2.8",
            "X-MSS-MES : FIN, vers un patient seulement",
        );
    }
    let leaves = match mime::leaves(&entity) {
        Ok(leaves) => leaves,
        Err(e) => {
            v.error(false, "RFC 2045", e.to_string());
            return v;
        }
    };
    body(headers, &leaves, sender, &mut v);
    attachments(headers, &leaves, !patients.is_empty(), &mut v);
    v
}

fn identity(headers: &Headers, sender: &str, v: &mut Verdict) {
    for name in ["Date", "From", "To", "Subject", "MIME-Version"] {
        v.error(headers.count(name) == 1, "RFC 5322", format!("en-tête {name} absent ou répété"));
    }
    let id = headers.get("Message-ID").unwrap_or_default();
    let right = id.strip_prefix('<').and_then(|i| i.strip_suffix('>')).is_some_and(is_address)
        && headers.count("Message-ID") == 1
        && domain(id.trim_end_matches('>')) == domain(sender);
    v.error(
        right,
        "ECO.2.2.1",
        "Message-ID absent, répété, ou dont la partie droite n'est pas le domaine de la boîte",
    );
    let nil = headers.get("X-MSS-NIL").unwrap_or_default();
    v.error(
        !nil.is_empty() && headers.count("X-MSS-NIL") == 1,
        "ECO.2.4.3",
        "X-MSS-NIL absent, vide ou répété",
    );
    match headers.get("From").and_then(mailbox) {
        Some((label, address)) => {
            v.error(!label.is_empty(), "ECO.2.2.7", "From sans libellé d'affichage");
            v.error(
                address.eq_ignore_ascii_case(sender),
                "ECO.2.2.7",
                "From différent de la boîte authentifiée",
            );
        }
        None => v.error(false, "ECO.2.2.7", "From illisible"),
    }
    match headers.get("Reply-To").and_then(mailbox) {
        Some((_, address)) => {
            let other = !address.eq_ignore_ascii_case(sender);
            v.error(
                other,
                "ECO.2.2.5",
                "Reply-To doit désigner une boîte lue par une personne, pas la boîte applicative",
            );
        }
        None => v.error(false, "ECO.2.2.5", "Reply-To absent ou illisible"),
    }
    let mdn = headers.get("Disposition-Notification-To").and_then(mailbox);
    v.warning(
        mdn.is_some(),
        "ECO.2.3.2",
        "Disposition-Notification-To absent : aucun accusé ne sera renvoyé",
    );
    let receipt = headers.get("Return-Receipt-To").and_then(mailbox);
    v.warning(receipt.is_some(), "ECO.2.3.1", "Return-Receipt-To absent");
}

fn body(headers: &Headers, leaves: &[Leaf], sender: &str, v: &mut Verdict) {
    let texts: Vec<&Leaf> =
        leaves.iter().filter(|l| l.file_name.is_none() && l.kind.value == "text/plain").collect();
    let [text] = texts.as_slice() else {
        v.error(false, "ECO.2.2.4", "un corps text/plain est attendu");
        return;
    };
    let charset = text.kind.param("charset").unwrap_or("us-ascii");
    let utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii");
    v.error(utf8, "ECO.2.2.3", "corps qui n'est pas en UTF-8");
    let Ok(content) = std::str::from_utf8(&text.content) else {
        v.error(false, "ECO.2.2.3", "corps illisible en UTF-8");
        return;
    };
    let reply =
        headers.get("Reply-To").and_then(mailbox).map(|(_, a)| a).unwrap_or_else(|| sender.to_owned());
    let lines: Vec<&str> = content.lines().filter(|l| !l.trim().is_empty()).collect();
    let end = lines.iter().rev().take(3).rev().copied().collect::<Vec<_>>().join(" ");
    let right = end.contains(&reply) && end.to_lowercase().contains("automatique");
    v.error(
        right,
        "ECO.2.2.5",
        "le corps doit finir par une ligne disant que le message est automatique et donnant l'adresse de réponse",
    );
}

fn attachments(headers: &Headers, leaves: &[Leaf], to_patient: bool, v: &mut Verdict) {
    let named =
        |l: &&Leaf, wanted: &str| l.file_name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(wanted));
    let archives: Vec<&Leaf> = leaves.iter().filter(|l| named(l, "IHE_XDM.zip")).collect();
    let subject = mime::words(headers.get("Subject").unwrap_or_default());
    let announced = subject.get(..MARKER.len()).is_some_and(|s| s.eq_ignore_ascii_case(MARKER));
    let headers_present = headers.get("X-MSS-INS").is_some() || headers.get("X-MSS-CODECDA").is_some();
    let [archive] = archives.as_slice() else {
        v.error(archives.is_empty(), "ECO.2.1.1", "plusieurs IHE_XDM.zip dans le même message");
        v.error(!announced, "ECO.2.1.3", "l'objet annonce une archive XDM qui n'est pas jointe");
        v.error(!headers_present, "ECO.2.4.1", "X-MSS-INS ou X-MSS-CODECDA sans CDA joint");
        return;
    };
    v.error(
        archive.kind.value == "application/zip",
        "ECO.2.1.1",
        "IHE_XDM.zip doit être de type application/zip",
    );
    pdf(leaves, v);
    let facts = match xdm::open(&archive.content) {
        Ok(facts) => facts,
        Err(errors) => {
            for e in errors {
                v.error(false, "ECO.2.1.1", e);
            }
            return;
        }
    };
    subject_form(&subject, &facts.family, v);
    let codes = headers.get("X-MSS-CODECDA").unwrap_or_default();
    let (mut given, mut wanted): (Vec<&str>, Vec<&str>) =
        (codes.split(',').map(str::trim).collect(), facts.codes.iter().map(String::as_str).collect());
    for list in [&mut given, &mut wanted] {
        list.sort_unstable();
        list.dedup();
    }
    v.error(
        given == wanted,
        "ECO.2.4.1",
        format!("X-MSS-CODECDA « {codes} » : {} attendu", wanted.join(",")),
    );
    let ins = if facts.ins { "O" } else { "N" };
    v.error(
        headers.get("X-MSS-INS") == Some(ins),
        "ECO.2.4.2",
        format!("X-MSS-INS : {ins} attendu d'après le CDA"),
    );
    let hidden = to_patient && facts.invisible;
    v.error(!hidden, "CI-SIS", "document non visible par le patient envoyé au patient");
}

/// `XDM/1.0/DDM+<libellé> <NOM> <prénom>[ <JJ/MM/AAAA>]`
fn subject_form(subject: &str, family: &str, v: &mut Verdict) {
    let Some(rest) = subject.strip_prefix(MARKER) else {
        v.error(false, "ECO.2.1.3", format!("l'objet doit commencer par {MARKER}"));
        return;
    };
    let mut words: Vec<&str> = rest.split(' ').collect();
    if let Some(last) = words.last()
        && last.contains('/')
    {
        let parts: Vec<&str> = last.split('/').collect();
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        let right = matches!(parts.as_slice(), [d, m, y] if digits(d, 2) && digits(m, 2) && digits(y, 4));
        v.error(right, "ECO.2.1.3", "date de naissance de l'objet : JJ/MM/AAAA attendu");
        words.pop();
    }
    let right = words.len() >= 3 && words.iter().all(|w| !w.is_empty());
    v.error(right, "ECO.2.1.3", "objet attendu : libellé, NOM, prénom et, au choix, date de naissance");
    // Birth name without accents: compared when the metadata give it in that form.
    if family.is_ascii() && !family.is_empty() {
        let present = rest.to_ascii_uppercase().contains(&family.to_ascii_uppercase());
        v.error(present, "ECO.2.1.3", "le nom de naissance du patient n'est pas dans l'objet");
    }
}

/// The PDF twin: attached beside the archive, `<AAAAMMJJ>_<libellé>_<NOM>_<prenom>[_<numero>].pdf`.
fn pdf(leaves: &[Leaf], v: &mut Verdict) {
    let pdfs: Vec<&Leaf> = leaves.iter().filter(|l| l.kind.value == "application/pdf").collect();
    v.error(!pdfs.is_empty(), "ECO.2.1.5", "aucun PDF joint à côté de l'archive");
    for pdf in pdfs {
        v.error(pdf.content.starts_with(b"%PDF-"), "ECO.2.1.5", "la pièce jointe PDF n'est pas un PDF");
        let name = pdf.file_name.as_deref().unwrap_or_default();
        let stem = name.strip_suffix(".pdf").unwrap_or_default();
        let parts: Vec<&str> = stem.split('_').collect();
        let dated = parts.first().is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
        let right = dated && matches!(parts.len(), 4 | 5) && parts.iter().all(|p| !p.is_empty());
        v.error(right, "ECO.2.1.6", "nom du PDF attendu : AAAAMMJJ_libellé_NOM_prenom[_numero].pdf");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_with_their_label() {
        let read = |s: &str| mailbox(s);
        assert_eq!(read("\"LBM, Centre\" <a@b.fr>"), Some(("LBM, Centre".into(), "a@b.fr".into())));
        assert_eq!(read("=?utf-8?Q?R=C3=A9sultats?= <a@b.fr>"), Some(("Résultats".into(), "a@b.fr".into())));
        assert_eq!(read("a@b.fr"), Some((String::new(), "a@b.fr".into())));
        for ko in ["", "a", "a@b", "<a@b.fr", "x <a@b.fr> y", "a b@c.fr"] {
            assert_eq!(read(ko), None, "{ko}");
        }
    }

    #[test]
    fn the_subject_has_the_prescribed_form() {
        let errors = |s: &str| {
            let mut v = Verdict::default();
            subject_form(s, "VIAL", &mut v);
            v.errors.len()
        };
        assert_eq!(errors("XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978"), 0);
        assert_eq!(errors("XDM/1.0/DDM+2 documents VIAL Paul"), 0);
        for ko in [
            "CR d'examens biologiques VIAL Paul",
            "XDM/1.0/DDM+CR VIAL Paul 1978/11/26",
            "XDM/1.0/DDM+VIAL Paul",
            "XDM/1.0/DDM+CR d'examens MARTIN Paul",
            "XDM/1.0/DDM+ CR VIAL Paul",
        ] {
            assert!(errors(ko) > 0, "{ko}");
        }
    }
}
