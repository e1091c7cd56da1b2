//! One SMTP conversation: RFC 5321, 3207 (STARTTLS), 4954 (AUTH), 1870 (SIZE), 3461 (DSN), 6152
//! (8BITMIME), 2034 (enhanced codes).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Operator, Sent};
use crate::cert::CertFacts;
use crate::outage::{Kind, Outage};

/// Longest command line; AUTH lines may reach 12288 octets (RFC 4954 §4).
const MAX_LINE: u64 = 12_300;
/// Longest silence of a client.
const PATIENCE: Duration = Duration::from_secs(300);
/// Most recipients of one mail.
const MAX_RECIPIENTS: usize = 100;

/// What is known of the client so far.
#[derive(Default)]
struct State {
    greeted: bool,
    certificate: Option<CertFacts>,
    secure: bool,
    login: Option<String>,
    sent: Option<Sent>,
}

enum Next {
    Continue,
    StartTls,
    Close,
}

/// Runs the conversation to its end.
///
/// # Errors
/// The connection broke, was too slow, or an outage cut it.
pub async fn run(stream: TcpStream, operator: &Operator) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut plain = BufReader::new(stream);
    if refusing(operator) {
        return plain.write_all(b"421 4.3.2 Service indisponible\r\n").await;
    }
    plain.write_all(b"220 localhost ESMTP operateur MSSante simule\r\n").await?;
    let mut state = State::default();
    if !matches!(talk(&mut plain, &mut state, operator).await?, Next::StartTls) {
        return Ok(());
    }
    // Anything already sent in clear after STARTTLS would be an injection (RFC 3207 §4.2).
    if !plain.buffer().is_empty() {
        return Ok(());
    }
    let face = match operator.outage() {
        Some(Outage { kind: Kind::Expired, .. }) => &operator.faces.expired,
        _ => &operator.faces.good,
    };
    let accepted = TlsAcceptor::from(Arc::clone(face)).accept(plain.into_inner());
    let tls = tokio::time::timeout(Duration::from_secs(20), accepted).await??;
    let certificate = tls.get_ref().1.peer_certificates().and_then(|c| c.first()).cloned();
    let mut state = State {
        certificate: certificate.and_then(|c| CertFacts::read(&c).ok()),
        secure: true,
        ..State::default()
    };
    talk(&mut BufReader::new(tls), &mut state, operator).await.map(|_| ())
}

fn refusing(operator: &Operator) -> bool {
    operator.outage().is_some_and(|o| o.kind == Kind::Refuse)
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.take(MAX_LINE).read_until(b'\n', &mut bytes)).await??;
    if read == 0 {
        return Ok(None);
    }
    if !bytes.ends_with(b"\r\n") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "ligne trop longue ou sans CRLF"));
    }
    bytes.truncate(bytes.len() - 2);
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "ligne non ASCII"))
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, text: &str) -> io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &mut State,
    operator: &Operator,
) -> io::Result<Next> {
    while let Some(text) = line(stream).await? {
        if refusing(operator) {
            say(stream, "421 4.3.2 Service indisponible").await?;
            return Ok(Next::Close);
        }
        match command(stream, state, operator, &text).await? {
            Next::Continue => {}
            next => return Ok(next),
        }
    }
    Ok(Next::Close)
}

async fn command<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &mut State,
    operator: &Operator,
    text: &str,
) -> io::Result<Next> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let answer = match verb.to_ascii_uppercase().as_str() {
        "QUIT" => {
            say(stream, "221 2.0.0 Au revoir").await?;
            return Ok(Next::Close);
        }
        "NOOP" => "250 2.0.0 OK".to_owned(),
        "RSET" => {
            state.sent = None;
            "250 2.0.0 OK".to_owned()
        }
        "HELO" | "EHLO" if rest.trim().is_empty() => "501 5.5.4 Nom attendu".to_owned(),
        "HELO" => {
            (state.greeted, state.sent) = (true, None);
            "250 localhost".to_owned()
        }
        "EHLO" => {
            (state.greeted, state.sent) = (true, None);
            let last = if state.secure { "AUTH PLAIN" } else { "STARTTLS" };
            let size = operator.settings.max_size;
            format!(
                "250-localhost\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250 {last}"
            )
        }
        "STARTTLS" if state.secure => "503 5.5.1 TLS deja en place".to_owned(),
        "STARTTLS" if !rest.is_empty() => "501 5.5.4 STARTTLS sans parametre".to_owned(),
        "STARTTLS" => {
            say(stream, "220 2.0.0 Commencez TLS").await?;
            return Ok(Next::StartTls);
        }
        "AUTH" | "MAIL" | "RCPT" | "DATA" if !state.secure => "530 5.7.0 STARTTLS obligatoire".to_owned(),
        "AUTH" | "MAIL" if !state.greeted => "503 5.5.1 EHLO attendu".to_owned(),
        "AUTH" => auth(stream, state, operator, rest).await?,
        "MAIL" => mail(state, operator, rest),
        "RCPT" => rcpt(state, operator, rest),
        "DATA" => return data(stream, state, operator).await,
        _ => "500 5.5.2 Commande inconnue".to_owned(),
    };
    say(stream, &answer).await?;
    Ok(Next::Continue)
}

/// AUTH PLAIN: the login is the mailbox, the proof is the client certificate; the password is not
/// specified (spec/mssante.md §3) and not looked at.
async fn auth<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &mut State,
    operator: &Operator,
    rest: &str,
) -> io::Result<String> {
    if state.login.is_some() || state.sent.is_some() {
        return Ok("503 5.5.1 Deja authentifie".into());
    }
    let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    if !mechanism.eq_ignore_ascii_case("PLAIN") {
        return Ok("504 5.5.4 Mecanisme non propose".into());
    }
    let response = if initial.is_empty() {
        say(stream, "334 ").await?;
        line(stream).await?.unwrap_or_default()
    } else {
        initial.to_owned()
    };
    if response == "*" {
        return Ok("501 5.7.0 Authentification abandonnee".into());
    }
    let Ok(decoded) = base64::engine::general_purpose::STANDARD.decode(&response) else {
        return Ok("501 5.5.2 base64 illisible".into());
    };
    let fields: Vec<&[u8]> = decoded.split(|b| *b == 0).collect();
    let [identity, login, _] = fields.as_slice() else {
        return Ok("501 5.5.2 Reponse PLAIN mal formee".into());
    };
    let login = String::from_utf8_lossy(login).into_owned();
    if state.certificate.is_none() {
        return Ok("535 5.7.8 Certificat client obligatoire pour une boite applicative".into());
    }
    let other_identity = !identity.is_empty() && *identity != login.as_bytes();
    if other_identity || !operator.may_authenticate(&login) {
        return Ok("535 5.7.8 Boite inconnue ou droits insuffisants".into());
    }
    state.login = Some(login);
    Ok("235 2.7.0 Authentification reussie".into())
}

/// `FROM:<address> params`, as address and parameters.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, Vec<String>)> {
    let head = rest.get(..keyword.len())?;
    let tail = rest.get(keyword.len()..)?.trim_start();
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, params) = tail.strip_prefix('<')?.split_once('>')?;
    Some((address, params.split_whitespace().map(str::to_owned).collect()))
}

fn mail(state: &mut State, operator: &Operator, rest: &str) -> String {
    let Some(login) = &state.login else { return "530 5.7.0 Authentification obligatoire".into() };
    if state.sent.is_some() {
        return "503 5.5.1 MAIL deja recu".into();
    }
    let Some((address, parameters)) = path(rest, "FROM:") else { return "501 5.5.4 Syntaxe de MAIL".into() };
    for p in &parameters {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        let value_up = value.to_ascii_uppercase();
        let right = match name.to_ascii_uppercase().as_str() {
            "SIZE" => match value.parse::<usize>() {
                Ok(size) if size > operator.settings.max_size => {
                    return "552 5.3.4 Message trop grand".into();
                }
                size => size.is_ok(),
            },
            "BODY" => matches!(value_up.as_str(), "7BIT" | "8BITMIME"),
            "RET" => matches!(value_up.as_str(), "FULL" | "HDRS"),
            "ENVID" => !value.is_empty() && value.len() <= 100,
            "AUTH" => !value.is_empty(),
            _ => return "555 5.5.4 Parametre inconnu".into(),
        };
        if !right {
            return "501 5.5.4 Valeur de parametre incorrecte".into();
        }
    }
    if !address.eq_ignore_ascii_case(login) {
        return "553 5.7.1 L'expediteur n'est pas la boite authentifiee".into();
    }
    state.sent = Some(Sent { from: address.to_owned(), parameters, recipients: Vec::new() });
    "250 2.1.0 OK".into()
}

fn rcpt(state: &mut State, operator: &Operator, rest: &str) -> String {
    let Some(sent) = &mut state.sent else { return "503 5.5.1 MAIL attendu".into() };
    let Some((address, parameters)) = path(rest, "TO:") else { return "501 5.5.4 Syntaxe de RCPT".into() };
    for p in &parameters {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        let right = match name.to_ascii_uppercase().as_str() {
            "NOTIFY" => {
                let kinds: Vec<String> = value.split(',').map(str::to_ascii_uppercase).collect();
                kinds == ["NEVER"]
                    || kinds.iter().all(|k| matches!(k.as_str(), "SUCCESS" | "FAILURE" | "DELAY"))
            }
            "ORCPT" => value.to_ascii_lowercase().starts_with("rfc822;"),
            _ => return "555 5.5.4 Parametre inconnu".into(),
        };
        if !right {
            return "501 5.5.4 Valeur de parametre incorrecte".into();
        }
    }
    if sent.recipients.len() >= MAX_RECIPIENTS {
        return "452 4.5.3 Trop de destinataires".into();
    }
    if let Some(refusal) = operator.refuses(address) {
        return refusal.into();
    }
    sent.recipients.push((address.to_owned(), parameters));
    "250 2.1.5 OK".into()
}

async fn data<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &mut State,
    operator: &Operator,
) -> io::Result<Next> {
    let (Some(login), Some(sent)) = (state.login.clone(), state.sent.take_if(|s| !s.recipients.is_empty()))
    else {
        say(stream, "503 5.5.1 RCPT attendu").await?;
        return Ok(Next::Continue);
    };
    say(stream, "354 Envoyez le message, terminez par un point").await?;
    let Some(message) = content(stream, operator.settings.max_size).await? else {
        say(stream, "552 5.3.4 Message trop grand").await?;
        return Ok(Next::Continue);
    };
    let answer = operator.receive(&sent, &login, &message);
    match operator.outage() {
        Some(Outage { kind: Kind::Cut, .. }) => return Ok(Next::Close),
        Some(Outage { kind: Kind::Slow, delay, .. }) => tokio::time::sleep(delay).await,
        _ => {}
    }
    say(stream, &answer).await?;
    Ok(Next::Continue)
}

/// The message, dots unstuffed; `None` when larger than `max` (read to its end all the same). A line
/// feed alone is refused: two readers could see two different messages.
async fn content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut too_large = false;
    let limit = max as u64 + 3;
    loop {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.take(limit).read_until(b'\n', &mut bytes)).await??;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if bytes == b".\r\n" {
            return Ok((!too_large).then_some(message));
        }
        if bytes.ends_with(b"\n") && !bytes.ends_with(b"\r\n") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "LF seul dans le message"));
        }
        let line = bytes.strip_prefix(b".").unwrap_or(&bytes);
        if too_large || message.len() + line.len() > max {
            too_large = true;
            message.clear();
        } else {
            message.extend_from_slice(line);
        }
    }
}
