//! Against a scripted operator, in process: every refusal and every cut of the contract, with real TLS.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const BOX: &str = "resultats@lbm.mssante.example";
const ANNE: &str = "anne@medecin.mssante.example";
const BOB: &str = "bob@medecin.mssante.example";

struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn ca(name: &str) -> Ca {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let pem = params.self_signed(&key).unwrap().pem();
    Ca { pem, issuer: Issuer::new(params, key) }
}

/// Certificate and key in one PEM.
fn leaf(ca: &Ca, name: &str, usage: ExtendedKeyUsagePurpose, last_year: i32) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
    params.signed_by(&key, &ca.issuer).unwrap().pem() + &key.serialize_pem()
}

/// What the operator does otherwise than well.
#[derive(Clone, Default)]
struct Script {
    /// Replies for commands that begin so, in place of the good one.
    replies: Vec<(&'static str, &'static str)>,
    /// Capabilities before TLS; empty means STARTTLS only.
    clear: Option<&'static [&'static str]>,
    /// Capabilities after TLS.
    inside: Option<&'static [&'static str]>,
    /// Bytes sent right behind the reply to STARTTLS.
    smuggled: &'static str,
    /// Close instead of answering the command (`.` is the final dot).
    cut_at: Option<&'static str>,
    /// Never answer it.
    mute_at: Option<&'static str>,
    /// Say this and close after so many lines of content.
    stop_content_after: Option<(usize, &'static str)>,
}

#[derive(Default)]
struct Seen {
    clear: Vec<String>,
    inside: Vec<String>,
    content: Vec<u8>,
}

struct Operator {
    ca: Ca,
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

const INSIDE: &[&str] = &["SIZE 10240000", "DSN", "8BITMIME", "AUTH PLAIN XOAUTH2"];

impl Operator {
    async fn start(script: Script) -> Self {
        Self::with_certificate(script, "localhost", 2035).await
    }

    async fn with_certificate(script: Script, name: &str, last_year: i32) -> Self {
        let ca = ca("AC d'essai");
        let pem = leaf(&ca, name, ExtendedKeyUsagePurpose::ServerAuth, last_year);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        )
        .build()
        .unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap(),
                PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log, acceptor) = (script.clone(), Arc::clone(&log), acceptor.clone());
                tokio::spawn(async move {
                    let Some(stream) = talk(stream, &script, &log, false).await else { return };
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    talk(stream, &script, &log, true).await;
                });
            }
        });
        Self { ca, port, seen }
    }

    fn client(&self) -> SmtpClient {
        self.client_with(
            &self.ca.pem,
            Some(&leaf(&self.ca, "lbm", ExtendedKeyUsagePurpose::ClientAuth, 2035)),
            plain(),
        )
        .unwrap()
    }

    fn client_with(
        &self,
        roots: &str,
        identity: Option<&str>,
        auth: SmtpAuth,
    ) -> Result<SmtpClient, TlsError> {
        let material =
            TlsMaterial::new(roots.as_bytes().to_vec(), identity.map(|pem| pem.as_bytes().to_vec()));
        SmtpClient::new(self.endpoint(), &material, auth)
    }

    fn endpoint(&self) -> SmtpEndpoint {
        SmtpEndpoint {
            host: "localhost".into(),
            port: self.port,
            hello: "lbm.mssante.example".into(),
            size_limit: None,
        }
    }

    async fn send(&self, to: &[&str]) -> Result<SmtpReceipt, SmtpError> {
        self.client().send(&mail(), BOX, to, &MailDeadlines::default()).await
    }

    fn inside(&self) -> Vec<String> {
        self.seen.lock().unwrap().inside.clone()
    }
}

fn plain() -> SmtpAuth {
    SmtpAuth::Plain { mailbox: BOX.into(), password: Zeroizing::new(String::new()) }
}

fn mail() -> ComposedMail {
    ComposedMail {
        bytes: b"Subject: x\r\n\r\nune ligne\r\n.cach\xC3\xA9e\r\n..\r\nfin".to_vec(),
        message_id: "<a=b+1@lbm.example>".into(),
    }
}

/// One phase of a dialogue; gives the stream back after STARTTLS.
async fn talk<S>(stream: S, script: &Script, seen: &Mutex<Seen>, inside: bool) -> Option<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    let mut content: Option<usize> = None;
    if !inside {
        let greeting = script.replies.iter().find(|(command, _)| command.is_empty());
        let line = greeting.map_or("220 operateur ESMTP", |(_, line)| line);
        stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    }
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let command = String::from_utf8_lossy(&line).trim_end().to_owned();
        if let Some(lines) = content {
            if command != "." {
                seen.lock().unwrap().content.extend_from_slice(&line);
                content = Some(lines + 1);
                if let Some((after, words)) = script.stop_content_after
                    && lines + 1 == after
                {
                    stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()?;
                    return None;
                }
                continue;
            }
            content = None;
        }
        {
            let mut seen = seen.lock().unwrap();
            if inside { seen.inside.push(command.clone()) } else { seen.clear.push(command.clone()) }
        }
        if script.cut_at.is_some_and(|at| command.starts_with(at)) {
            return None;
        }
        if script.mute_at.is_some_and(|at| command.starts_with(at)) {
            continue;
        }
        let verb = command.split([' ', ':']).next().unwrap().to_owned();
        let scripted =
            script.replies.iter().find(|(start, _)| !start.is_empty() && command.starts_with(start));
        let reply = match (scripted, verb.as_str()) {
            (Some((_, line)), _) => (*line).to_owned(),
            (None, "EHLO") => {
                let capabilities = if inside {
                    script.inside.unwrap_or(INSIDE)
                } else {
                    script.clear.unwrap_or(&["STARTTLS"])
                };
                let mut lines = vec!["operateur".to_owned()];
                lines.extend(capabilities.iter().map(|c| (*c).to_owned()));
                let last = lines.pop().unwrap();
                lines.iter().map(|l| format!("250-{l}\r\n")).collect::<String>() + "250 " + &last
            }
            (None, "STARTTLS") => {
                format!("220 go\r\n{}", script.smuggled).trim_end_matches("\r\n").to_owned()
            }
            (None, "AUTH") => "334 ".to_owned(),
            (None, "MAIL" | "RCPT") => "250 2.1.0 ok".to_owned(),
            (None, "DATA") => "354 go".to_owned(),
            (None, ".") => "250 2.0.0 queued as 4F2".to_owned(),
            (None, "QUIT") => "221 bye".to_owned(),
            (None, _) => "235 2.7.0 logged in".to_owned(),
        };
        if verb == "DATA" && reply.starts_with("354") {
            content = Some(0);
        }
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        if verb == "STARTTLS" && reply.starts_with("220") {
            return Some(stream.into_inner());
        }
    }
}

#[tokio::test]
async fn mss_17_20_27_an_applicative_mailbox_hands_its_mail_over() {
    let operator = Operator::start(Script::default()).await;
    let receipt = operator.send(&[ANNE]).await.unwrap();
    assert_eq!(receipt.reply.text, "2.0.0 queued as 4F2");
    assert_eq!((receipt.accepted, receipt.refused, receipt.dsn), (vec![ANNE.to_owned()], vec![], true));
    assert!(receipt.tls.starts_with("TLSv1_3 TLS13_"), "{}", receipt.tls);
    let seen = operator.seen.lock().unwrap();
    assert_eq!(seen.clear, ["EHLO lbm.mssante.example", "STARTTLS"]);
    let login = STANDARD.encode(format!("\0{BOX}\0"));
    let size = mail().bytes.len();
    assert_eq!(
        seen.inside,
        [
            "EHLO lbm.mssante.example".to_owned(),
            "AUTH PLAIN".to_owned(),
            login,
            format!("MAIL FROM:<{BOX}> SIZE={size} RET=HDRS ENVID=a+3Db+2B1@lbm.example"),
            format!("RCPT TO:<{ANNE}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{ANNE}"),
            "DATA".to_owned(),
            ".".to_owned(),
            "QUIT".to_owned(),
        ]
    );
    assert_eq!(seen.content, b"Subject: x\r\n\r\nune ligne\r\n..cach\xC3\xA9e\r\n...\r\nfin\r\n");
}

#[tokio::test]
async fn mss_25_an_operator_without_extensions_is_spoken_to_plainly() {
    let script = Script { inside: Some(&["AUTH=PLAIN", "AUTH LOGIN PLAIN"]), ..Script::default() };
    let operator = Operator::start(script).await;
    let receipt = operator.send(&[ANNE]).await.unwrap();
    assert!(!receipt.dsn);
    assert_eq!(operator.inside()[3..5], [format!("MAIL FROM:<{BOX}>"), format!("RCPT TO:<{ANNE}>")]);
}

#[tokio::test]
async fn mss_17_nothing_is_said_in_clear() {
    let refused = |script: Script| async move {
        let operator = Operator::start(script).await;
        let error = operator.send(&[ANNE]).await.unwrap_err();
        let clear = operator.seen.lock().unwrap().clear.join("\n");
        assert!(!clear.contains("MAIL") && !clear.contains("AUTH"), "{clear}");
        error.kind
    };
    let none = SmtpErrorKind::Security(SecurityCause::NoStartTls);
    assert_eq!(refused(Script { clear: Some(&["AUTH PLAIN", "SIZE 1"]), ..Script::default() }).await, none);
    let unavailable = Script { replies: vec![("STARTTLS", "502 not here")], ..Script::default() };
    assert_eq!(refused(unavailable).await, none);
    let smuggled = Script { smuggled: "250 injected\r\n", ..Script::default() };
    assert_eq!(refused(smuggled).await, SmtpErrorKind::Security(SecurityCause::EarlyData));
    let busy = Script { replies: vec![("STARTTLS", "454 TLS busy")], ..Script::default() };
    assert_eq!(refused(busy).await, SmtpErrorKind::Temporary);
}

#[tokio::test]
async fn mss_19_a_wrong_operator_certificate_is_a_security_refusal() {
    let mut causes = Vec::new();
    for (name, last_year, foreign) in
        [("localhost", 2035, true), ("other.example", 2035, false), ("localhost", 2021, false)]
    {
        let operator = Operator::with_certificate(Script::default(), name, last_year).await;
        let identity = leaf(&operator.ca, "lbm", ExtendedKeyUsagePurpose::ClientAuth, 2035);
        let roots = if foreign { ca("AC inconnue").pem } else { operator.ca.pem.clone() };
        let client = operator.client_with(&roots, Some(&identity), plain()).unwrap();
        let error = client.send(&mail(), BOX, &[ANNE], &MailDeadlines::default()).await.unwrap_err();
        assert_eq!(error.step, SmtpStep::StartTls);
        let SmtpErrorKind::Security(SecurityCause::PeerCertificate(reason)) = error.kind else {
            panic!("{error:?}")
        };
        causes.push(reason);
        assert!(operator.inside().is_empty());
    }
    assert!(causes[0].contains("UnknownIssuer") && causes[1].contains("not valid for name"), "{causes:?}");
    assert!(causes[2].contains("expired"), "{causes:?}");
}

#[tokio::test]
async fn mss_20_our_own_certificate_missing_or_refused_is_told_apart() {
    let operator = Operator::start(Script::default()).await;
    let naked = operator.client_with(&operator.ca.pem, None, plain()).unwrap();
    let error = naked.send(&mail(), BOX, &[ANNE], &MailDeadlines::default()).await.unwrap_err();
    assert_eq!(error.kind, SmtpErrorKind::Security(SecurityCause::NoClientCertificate));
    assert!(operator.seen.lock().unwrap().clear.is_empty());
    let stranger = leaf(&ca("AC d'ailleurs"), "lbm", ExtendedKeyUsagePurpose::ClientAuth, 2035);
    let client = operator.client_with(&operator.ca.pem, Some(&stranger), plain()).unwrap();
    let error = client.send(&mail(), BOX, &[ANNE], &MailDeadlines::default()).await.unwrap_err();
    assert!(matches!(&error.kind, SmtpErrorKind::Security(SecurityCause::OwnCertificate(_))), "{error:?}");
    assert!(operator.inside().is_empty());
}

#[tokio::test]
async fn mss_29_a_refusal_at_any_step_keeps_the_peers_words() {
    for (command, line, step, kind) in [
        ("", "421 too many", SmtpStep::Greeting, SmtpErrorKind::Temporary),
        ("AUTH", "535 5.7.8 no", SmtpStep::Auth, SmtpErrorKind::Authentication),
        ("MAIL", "451 4.3.0 later", SmtpStep::Mail, SmtpErrorKind::Temporary),
        ("MAIL", "552 5.3.4 too big", SmtpStep::Mail, SmtpErrorKind::Permanent(PermanentCause::TooLarge)),
        (
            "RCPT",
            "550 5.1.1 unknown",
            SmtpStep::Recipient,
            SmtpErrorKind::Permanent(PermanentCause::UnknownMailbox),
        ),
        ("RCPT", "554 5.7.1 domain", SmtpStep::Recipient, SmtpErrorKind::Permanent(PermanentCause::Refused)),
        ("DATA", "452 4.3.1 full", SmtpStep::Data, SmtpErrorKind::Temporary),
        (".", "554 5.6.0 content", SmtpStep::Final, SmtpErrorKind::Permanent(PermanentCause::Refused)),
        (".", "421 4.3.2 shutting down", SmtpStep::Final, SmtpErrorKind::Temporary),
    ] {
        let operator = Operator::start(Script { replies: vec![(command, line)], ..Script::default() }).await;
        let error = operator.send(&[ANNE]).await.unwrap_err();
        assert_eq!((error.step, &error.kind), (step, &kind), "{line}");
        assert_eq!(error.reply.unwrap().text, line[4..], "{line}");
    }
}

#[tokio::test]
async fn a_cut_before_the_final_dot_is_temporary_and_after_it_unknown() {
    for (command, step) in [
        ("EHLO", SmtpStep::Hello),
        ("AUTH", SmtpStep::Auth),
        ("MAIL", SmtpStep::Mail),
        ("RCPT", SmtpStep::Recipient),
        ("DATA", SmtpStep::Data),
    ] {
        let operator = Operator::start(Script { cut_at: Some(command), ..Script::default() }).await;
        let error = operator.send(&[ANNE]).await.unwrap_err();
        assert_eq!((error.step, error.kind), (step, SmtpErrorKind::Temporary), "{command}");
    }
    let operator = Operator::start(Script { cut_at: Some("."), ..Script::default() }).await;
    let error = operator.send(&[ANNE]).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Final, SmtpErrorKind::UnknownOutcome));
    assert!(operator.seen.lock().unwrap().content.ends_with(b"fin\r\n"));

    let mute = Operator::start(Script { mute_at: Some("."), ..Script::default() }).await;
    let deadlines = MailDeadlines { acceptance: Duration::from_millis(30), ..MailDeadlines::default() };
    let error = mute.client().send(&mail(), BOX, &[ANNE], &deadlines).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Final, SmtpErrorKind::UnknownOutcome));

    let nonsense = Operator::start(Script { replies: vec![(".", "bonjour")], ..Script::default() }).await;
    assert_eq!(nonsense.send(&[ANNE]).await.unwrap_err().kind, SmtpErrorKind::UnknownOutcome);
    let positive = Operator::start(Script { replies: vec![(".", "354 go on")], ..Script::default() }).await;
    assert_eq!(positive.send(&[ANNE]).await.unwrap_err().kind, SmtpErrorKind::UnknownOutcome);
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_the_content_keeps_its_words() {
    let script = Script { stop_content_after: Some((10, "552 5.3.4 enough")), ..Script::default() };
    let operator = Operator::start(script).await;
    // Larger than what the sockets buffer, so that the writing side meets the closed connection.
    let big = ComposedMail { bytes: b"0123456789\r\n".repeat(800_000), ..mail() };
    let error = operator.client().send(&big, BOX, &[ANNE], &MailDeadlines::default()).await.unwrap_err();
    assert_eq!(error.step, SmtpStep::Data);
    // The reset that follows the close may destroy the words on their way: then it is temporary, never unknown.
    let told = SmtpErrorKind::Permanent(PermanentCause::TooLarge);
    assert!(error.kind == told || error.kind == SmtpErrorKind::Temporary, "{error:?}");
}

#[tokio::test]
async fn silence_is_bounded_at_each_step() {
    for command in ["EHLO", "AUTH", "RCPT"] {
        let operator = Operator::start(Script { mute_at: Some(command), ..Script::default() }).await;
        let deadlines = MailDeadlines { command: Duration::from_millis(30), ..MailDeadlines::default() };
        let error = operator.client().send(&mail(), BOX, &[ANNE], &deadlines).await.unwrap_err();
        assert_eq!(
            (error.kind, error.detail.as_str()),
            (SmtpErrorKind::Temporary, "no reply in time"),
            "{command}"
        );
    }
}

#[tokio::test]
async fn a_mail_over_the_limit_never_leaves() {
    let operator =
        Operator::start(Script { inside: Some(&["SIZE 10", "AUTH PLAIN"]), ..Script::default() }).await;
    let error = operator.send(&[ANNE]).await.unwrap_err();
    assert_eq!(error.kind, SmtpErrorKind::Permanent(PermanentCause::TooLarge));
    assert!(!operator.inside().iter().any(|command| command.starts_with("MAIL")));
    let unlimited =
        Operator::start(Script { inside: Some(&["SIZE 0", "AUTH PLAIN"]), ..Script::default() }).await;
    assert!(unlimited.send(&[ANNE]).await.is_ok());
    let mut client = unlimited.client();
    client.endpoint.size_limit = Some(10);
    let error = client.send(&mail(), BOX, &[ANNE], &MailDeadlines::default()).await.unwrap_err();
    assert_eq!(error.kind, SmtpErrorKind::Permanent(PermanentCause::TooLarge));
}

#[tokio::test]
async fn one_refused_recipient_does_not_hold_the_others() {
    let replies = vec![("RCPT TO:<bob", "550 5.1.1 unknown")];
    let operator = Operator::start(Script { replies, ..Script::default() }).await;
    let receipt = operator.send(&[BOB, ANNE]).await.unwrap();
    assert_eq!(receipt.accepted, [ANNE]);
    assert_eq!(receipt.refused[0].address, BOB);
    assert_eq!(receipt.refused[0].kind, SmtpErrorKind::Permanent(PermanentCause::UnknownMailbox));
    let replies = vec![("RCPT TO:<bob", "550 5.1.1 unknown"), ("RCPT", "451 later")];
    let operator = Operator::start(Script { replies, ..Script::default() }).await;
    assert_eq!(operator.send(&[BOB, ANNE]).await.unwrap_err().kind, SmtpErrorKind::Temporary);
    let operator =
        Operator::start(Script { replies: vec![("RCPT", "421 closing")], ..Script::default() }).await;
    assert_eq!(operator.send(&[BOB, ANNE]).await.unwrap_err().kind, SmtpErrorKind::Temporary);
    for unspeakable in ["", "a b@c", "a@b>\r\nRCPT TO:<x@y", "nobody"] {
        let error = operator.send(&[unspeakable]).await.unwrap_err();
        assert_eq!(error.kind, SmtpErrorKind::Permanent(PermanentCause::Unspeakable), "{unspeakable}");
    }
}

#[tokio::test]
async fn mss_21_a_token_goes_on_its_own_line_and_is_never_shown() {
    let token = "j".repeat(1500);
    let auth = || SmtpAuth::XOAuth2 { mailbox: BOX.into(), token: Zeroizing::new(token.clone()) };
    assert!(!format!("{:?}", auth()).contains('j'));
    let operator = Operator::start(Script::default()).await;
    let identity = leaf(&operator.ca, "lbm", ExtendedKeyUsagePurpose::ClientAuth, 2035);
    let client = operator.client_with(&operator.ca.pem, Some(&identity), auth()).unwrap();
    client.probe(&MailDeadlines::default()).await.unwrap();
    let expected = STANDARD.encode(format!("user={BOX}\x01auth=Bearer {token}\x01\x01"));
    assert_eq!(operator.inside()[1..], ["AUTH XOAUTH2".to_owned(), expected, "QUIT".to_owned()]);

    // Refused: the challenge is answered by an empty line, and the real reply is the one that counts.
    let replies = vec![("dXNlcj", "334 eyJzdGF0dXMiOiI0MDEifQ=="), ("AUTH", "334 ")];
    let operator = Operator::start(Script { replies, ..Script::default() }).await;
    let identity = leaf(&operator.ca, "lbm", ExtendedKeyUsagePurpose::ClientAuth, 2035);
    let client = operator.client_with(&operator.ca.pem, Some(&identity), auth()).unwrap();
    // The script answers the empty line with 235; what matters is that the line was sent.
    client.probe(&MailDeadlines::default()).await.unwrap();
    assert_eq!(operator.inside()[3], "");

    let operator = Operator::start(Script { inside: Some(&["AUTH LOGIN"]), ..Script::default() }).await;
    let error = operator.send(&[ANNE]).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Auth, SmtpErrorKind::Authentication));
}

#[tokio::test]
async fn nobody_listening_is_temporary() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let operator = Operator { port, ..Operator::start(Script::default()).await };
    let error = operator.send(&[ANNE]).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Connect, SmtpErrorKind::Temporary));
}
