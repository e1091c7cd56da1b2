//! The operator: conversation by hand, verdicts on mails.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_sim::ca::Identity;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::common::{Running, pki, reference, start};
use super::lot::sha1_hex;

pub const BOX: &str = "resultats@laboratoire10.mssante.example";
const TO: &str = "jean.facticeau1@pro.mssante.example";

/// A conversation, in clear or not.
pub struct Smtp<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Smtp<S> {
    /// The whole answer, lines joined.
    pub async fn answer(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return all;
            }
            all.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return all;
            }
        }
    }

    pub async fn say(&mut self, command: &str) -> String {
        let _ = self.0.write_all(format!("{command}\r\n").as_bytes()).await;
        let _ = self.0.flush().await;
        self.answer().await
    }
}

pub fn tls_config(identity: Option<&Identity>) -> Arc<ClientConfig> {
    let pki = pki();
    let mut roots = RootCertStore::empty();
    roots.add(pki.ca.clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(match identity {
        Some(i) => config.with_client_auth_cert(vec![i.cert.clone()], i.key.clone_key()).unwrap(),
        None => config.with_no_client_auth(),
    })
}

pub type Secure = Smtp<tokio_rustls::client::TlsStream<TcpStream>>;

pub async fn open(run: &Running) -> Smtp<TcpStream> {
    Smtp(BufReader::new(TcpStream::connect(("127.0.0.1", run.sim.info.smtp.port)).await.unwrap()))
}

pub async fn secure(run: &Running, identity: Option<&Identity>) -> Result<Secure, std::io::Error> {
    let mut plain = open(run).await;
    assert!(plain.answer().await.starts_with("220 "));
    assert!(plain.say("EHLO labo").await.contains("STARTTLS"));
    assert!(plain.say("STARTTLS").await.starts_with("220 "));
    let name = ServerName::try_from("localhost").unwrap();
    let tls = TlsConnector::from(tls_config(identity)).connect(name, plain.0.into_inner()).await?;
    let mut smtp = Smtp(BufReader::new(tls));
    smtp.say("EHLO labo").await;
    Ok(smtp)
}

pub fn plain(login: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{login}\0x")))
}

pub async fn ready(run: &Running) -> Secure {
    let mut smtp = secure(run, Some(&pki().mss_app)).await.unwrap();
    assert!(smtp.say(&plain(BOX)).await.starts_with("235 "));
    smtp
}

pub async fn send(smtp: &mut Secure, to: &str, mail: &[u8]) -> String {
    let said = smtp.say(&format!("MAIL FROM:<{BOX}> BODY=8BITMIME RET=HDRS ENVID=x1")).await;
    assert!(said.starts_with("250 "), "{said}");
    let said = smtp.say(&format!("RCPT TO:<{to}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{to}")).await;
    assert!(said.starts_with("250 "), "{said}");
    assert!(smtp.say("DATA").await.starts_with("354 "));
    smtp.0.write_all(mail).await.unwrap();
    smtp.say("\r\n.").await
}

/// The archive of spec/xdm-mssante-archive.md §3, with a small CDA.
fn archive(edit: (&str, &str)) -> Option<Vec<u8>> {
    let cda = r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.2"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/><recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="279035121518989"/></patientRole></recordTarget></ClinicalDocument>"#;
    let model = String::from_utf8(reference("xds/derived_xdm/METADATA.XML")?).unwrap();
    let (head, tail) =
        model.split_once("<rim:Value>750faac6df9c268026c57e7df9887e35fa5bc76f</rim:Value>").unwrap();
    let metadata = format!("{head}<rim:Value>{}</rim:Value>{tail}", sha1_hex(cda.as_bytes()))
        .replace("<rim:Value>135156</rim:Value>", &format!("<rim:Value>{}</rim:Value>", cda.len()));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("README.TXT", "Essai\r\n"),
        ("INDEX.HTM", "<html/>"),
        ("IHE_XDM/SUBSET01/METADATA.XML", metadata.as_str()),
        ("IHE_XDM/SUBSET01/DOC00001.XML", cda),
    ] {
        let content = if edit.0.is_empty() { content.to_owned() } else { content.replace(edit.0, edit.1) };
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    Some(zip.finish().unwrap().into_inner())
}

pub fn mail(id: &str) -> String {
    format!(
        "Date: Sun, 01 Mar 2026 12:00:00 +0100\r\nFrom: LABORATOIRE DE DEMONSTRATION <{BOX}>\r\nTo: {TO}\r\nReply-To: secretariat@laboratoire10.mssante.example\r\nMessage-ID: <{id}@laboratoire10.mssante.example>\r\nX-MSS-NIL: 12345\r\nSubject: Fermeture du laboratoire\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nBonjour.\r\n\r\nMessage envoyé automatiquement, répondre à secretariat@laboratoire10.mssante.example\r\n"
    )
}

/// A mail with the archive and its PDF.
fn report(id: &str, zip: &[u8]) -> String {
    let (headers, body) = {
        let text = mail(id);
        let (h, b) = text.split_once("\r\n\r\n").unwrap();
        (h.to_owned(), b.to_owned())
    };
    let headers = headers
        .replace(
            "Fermeture du laboratoire",
            "XDM/1.0/DDM+CR d'examens biologiques PAT-TROIS Dominique 28/03/1979",
        )
        .replace(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
            "X-MSS-INS: O\r\nX-MSS-CODECDA: 11502-2\r\nContent-Type: multipart/mixed; boundary=\"limite\"",
        );
    format!(
        "{headers}\r\n\r\n--limite\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n--limite\r\nContent-Type: application/zip; name=\"IHE_XDM.zip\"\r\nContent-Disposition: attachment; filename=\"IHE_XDM.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--limite\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"20210104_CR d'examens biologiques_PAT-TROIS_Dominique_42.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--limite--\r\n",
        STANDARD.encode(zip),
        STANDARD.encode("%PDF-1.4 essai")
    )
}

#[tokio::test]
async fn nothing_goes_in_clear_or_without_a_certificate() {
    let run = start(|_| {}).await;
    let mut smtp = open(&run).await;
    assert!(smtp.answer().await.starts_with("220 "));
    let hello = smtp.say("EHLO labo").await;
    for capability in ["SIZE ", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS"] {
        assert!(hello.contains(capability), "{capability}");
    }
    assert!(!hello.contains("AUTH"));
    for command in [plain(BOX).as_str(), "MAIL FROM:<a@b.fr>", "DATA"] {
        assert!(smtp.say(command).await.starts_with("530 5.7.0"), "{command}");
    }
    let mut smtp = secure(&run, None).await.unwrap();
    let hello = smtp.say("EHLO labo").await;
    assert!(hello.contains("AUTH PLAIN") && !hello.contains("STARTTLS"));
    assert!(smtp.say(&plain(BOX)).await.starts_with("535 5.7.8 Certificat"));
    assert!(smtp.say(&format!("MAIL FROM:<{BOX}>")).await.starts_with("530 5.7.0"));
    let mut smtp = secure(&run, Some(&pki().mss_app)).await.unwrap();
    assert!(smtp.say("AUTH LOGIN").await.starts_with("504"));
    assert!(smtp.say(&plain("pas une adresse")).await.starts_with("535"));
    assert!(smtp.say("AUTH PLAIN").await.starts_with("334"));
    assert!(smtp.say(&STANDARD.encode(format!("\0{BOX}\0"))).await.starts_with("235"));
    assert!(smtp.say("MAIL FROM:<autre@laboratoire10.mssante.example>").await.starts_with("553"));
    run.sim.stop().await;
}

#[tokio::test]
async fn recipients_and_sizes_are_checked() {
    let run = start(|c| {
        c.mail.max_size = 1000;
        c.mail.unknown = vec!["parti@pro.mssante.example".into()];
        c.mail.mailboxes = vec![BOX.into()];
    })
    .await;
    let mut smtp = ready(&run).await;
    assert!(smtp.say(&format!("MAIL FROM:<{BOX}> SIZE=1001")).await.starts_with("552 5.3.4"));
    assert!(smtp.say(&format!("MAIL FROM:<{BOX}> SIZE=1000 XYZ=1")).await.starts_with("555"));
    assert!(smtp.say(&format!("MAIL FROM:<{BOX}> SIZE=1000")).await.starts_with("250"));
    for (to, expected) in [
        ("a@ailleurs.example", "554 5.7.1"),
        ("boite.inconnue@pro.mssante.example", "550 5.1.1"),
        ("parti@pro.mssante.example", "550 5.1.1"),
        ("dupont@patient.mssante.fr", "550 5.1.1"),
        ("pas une adresse", "501"),
        ("207058575627097@patient.mssante.fr", "250"),
    ] {
        let said = smtp.say(&format!("RCPT TO:<{to}>")).await;
        assert!(said.starts_with(expected), "{to}: {said}");
    }
    assert!(smtp.say("DATA").await.starts_with("354"));
    assert!(smtp.say(&format!("{}\r\n.", "x".repeat(1001))).await.starts_with("552 5.3.4"));
    assert!(smtp.say("QUIT").await.starts_with("221"));
    assert!(!run.sim.info.received.join("mail/000001.eml").exists());
    run.sim.stop().await;
}

#[tokio::test]
async fn a_right_report_is_accepted_kept_and_recognised_when_it_comes_again() {
    let run = start(|_| {}).await;
    let Some(zip) = archive(("", "")) else { return };
    let mut smtp = ready(&run).await;
    let mail = report("cr-1", &zip);
    let said = send(&mut smtp, TO, mail.as_bytes()).await;
    assert!(
        said.starts_with("250 2.0.0"),
        "{said} {}",
        String::from_utf8_lossy(&run.received("mail/000001.json"))
    );
    assert!(send(&mut smtp, TO, mail.as_bytes()).await.starts_with("250"));
    assert!(
        send(&mut smtp, "paul.fictivel3@medecin.mssante.example", mail.as_bytes()).await.starts_with("250")
    );
    assert_eq!(run.received("mail/000001.eml"), format!("{mail}\r\n").into_bytes());
    let note: serde_json::Value = serde_json::from_slice(&run.received("mail/000001.json")).unwrap();
    assert_eq!(note["envelope"]["from"], BOX);
    assert_eq!(note["envelope"]["recipients"][0][0], TO);
    assert_eq!(note["verdict"]["errors"].as_array().unwrap().len(), 0);
    let outcomes: Vec<_> = run.journal().iter().map(|l| l["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcomes, ["accepted", "duplicate", "accepted"]);
    assert_eq!(run.journal()[0]["message_id"], "<cr-1@laboratoire10.mssante.example>");
    run.sim.stop().await;
}

#[tokio::test]
async fn what_the_referentiel_refuses_is_refused_with_its_rule() {
    let run = start(|_| {}).await;
    let Some(zip) = archive(("", "")) else { return };
    let mut smtp = ready(&run).await;
    let good = report("cr-1", &zip);
    for (from, to, rule) in [
        ("X-MSS-NIL: 12345\r\n", "", "ECO.2.4.3"),
        ("Message-ID: <cr-1@laboratoire10.mssante.example>\r\n", "", "ECO.2.2.1"),
        ("cr-1@laboratoire10", "cr-1@ailleurs", "ECO.2.2.1"),
        ("From: LABORATOIRE DE DEMONSTRATION <", "From: <", "ECO.2.2.7"),
        ("Reply-To: secretariat@", "Reply-To: resultats@", "ECO.2.2.5"),
        ("envoyé automatiquement", "envoyé", "ECO.2.2.5"),
        ("XDM/1.0/DDM+", "", "ECO.2.1.3"),
        ("28/03/1979", "1979-03-28 1/1", "ECO.2.1.3"),
        ("X-MSS-INS: O", "X-MSS-INS: N", "ECO.2.4.2"),
        ("X-MSS-CODECDA: 11502-2", "X-MSS-CODECDA: 11488-4", "ECO.2.4.1"),
        ("X-MSS-CODECDA: 11502-2\r\n", "", "ECO.2.4.1"),
        ("X-MSS-NIL: 12345\r\n", "X-MSS-NIL: 12345\r\nX-MSS-MES: FIN\r\n", "ECO.2.2.8"),
        ("application/pdf", "application/octet-stream", "ECO.2.1.5"),
        ("20210104_CR", "CR", "ECO.2.1.6"),
        ("charset=utf-8", "charset=iso-8859-1", "ECO.2.2.3"),
        (
            "application/zip; name=\"IHE_XDM.zip\"\r\nContent-Disposition: attachment; filename=\"IHE_XDM.zip\"",
            "application/zip",
            "ECO.2.1.3",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let said = send(&mut smtp, TO, good.replacen(from, to, 1).as_bytes()).await;
        assert!(said.starts_with(&format!("554 5.6.0 {rule} ")), "{rule}: {said}");
    }
    for (edit, text) in [
        (("279035121518989", "279035121518980"), "l'INS du CDA"),
        (("urn:hl7-org:v3", "urn:autre"), "hash"),
        (("<html/>", "<html></html>"), ""),
    ] {
        let mut bad = archive(edit).unwrap();
        if text.is_empty() {
            // An archive cut short.
            bad.truncate(bad.len() / 2);
        }
        let said = send(&mut smtp, TO, report("cr-2", &bad).as_bytes()).await;
        assert!(said.starts_with("554 5.6.0 ECO.2.1.1"), "{text}: {said}");
    }
    assert!(run.journal().iter().all(|l| l["outcome"] == "refused"));
    // Without an archive, its headers are out of place; without them the mail is right.
    let simple = mail("m-1");
    assert!(send(&mut smtp, TO, simple.as_bytes()).await.starts_with("250"));
    let wrong = simple.replace("X-MSS-NIL: 12345\r\n", "X-MSS-NIL: 12345\r\nX-MSS-INS: O\r\n");
    assert!(send(&mut smtp, TO, wrong.as_bytes()).await.starts_with("554 5.6.0 ECO.2.4.1"));
    run.sim.stop().await;
}

#[tokio::test]
async fn a_lax_operator_accepts_and_notes() {
    let run = start(|c| c.mail.strict = false).await;
    let mut smtp = ready(&run).await;
    let wrong = mail("m-1").replace("X-MSS-NIL: 12345\r\n", "");
    assert!(send(&mut smtp, TO, wrong.as_bytes()).await.starts_with("250"));
    let note: serde_json::Value = serde_json::from_slice(&run.received("mail/000001.json")).unwrap();
    assert_eq!(note["verdict"]["errors"][0]["rule"], "ECO.2.4.3");
    assert_eq!(note["outcome"], "accepted");
    run.sim.stop().await;
}

#[tokio::test]
async fn stuffed_dots_are_restored() {
    let run = start(|_| {}).await;
    let mut smtp = ready(&run).await;
    let text = mail("m-1").replace("Bonjour.\r\n", "..Bonjour.\r\n");
    assert!(send(&mut smtp, TO, text.as_bytes()).await.starts_with("250"));
    let kept = String::from_utf8(run.received("mail/000001.eml")).unwrap();
    assert!(kept.contains("\r\n.Bonjour.\r\n"));
    run.sim.stop().await;
}
