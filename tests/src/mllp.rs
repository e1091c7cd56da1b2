//! Sends HL7 messages as an analyser does: with a public client when there is one, else with the smallest one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::PATIENCE;
use crate::process::run;
use crate::tools;

/// Sends one message and gives the answer, with the smallest client.
///
/// # Panics
/// The line breaks.
#[must_use]
pub fn send(address: &str, message: &[u8]) -> String {
    try_send(address, message).expect("the daemon answers")
}

/// The same to a daemon that may die meanwhile.
///
/// # Errors
/// The line broke: whether the message was taken is not known.
pub fn try_send(address: &str, message: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&framed(message))?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.ends_with(b"\x1c\r") {
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&chunk[..n]);
    }
    Ok(String::from_utf8_lossy(&answer).trim_matches(['\u{b}', '\u{1c}', '\r']).replace('\r', "\n"))
}

/// Sends one message with the `mllp_send` of the Python package `hl7`, else with [`send`], saying so.
#[must_use]
pub fn send_public(address: &str, message: &[u8], dir: &Path) -> String {
    let (host, port) = address.rsplit_once(':').expect("host:port");
    if !tools::has("mllp_send") {
        tools::skip("public MLLP client", "mllp_send (Python package hl7) is not installed; own sender used");
        return send(address, message);
    }
    let file = dir.join("message.mllp");
    std::fs::write(&file, framed(message)).expect("own folder");
    let said = run(Command::new("mllp_send").args(["--port", port, "--file"]).arg(&file).arg(host), b"");
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().trim_matches(['\u{b}', '\u{1c}', '\r']).replace('\r', "\n")
}

/// A message between its delimiters.
fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

/// The code of an acknowledgement, with the control id that it answers.
#[must_use]
pub fn acknowledged(answer: &str) -> (String, String) {
    let msa = answer.lines().find(|l| l.starts_with("MSA|")).unwrap_or_default();
    let mut fields = msa.split('|').skip(1).map(str::to_owned);
    (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
}

/// The number of a tube, and its analyses as (code, value, unit).
pub type Tube<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)]);

/// An ORU^R01 of a middleware: one group per tube.
#[must_use]
pub fn oru(control: &str, tubes: &[Tube<'_>]) -> Vec<u8> {
    let mut text = format!(
        "MSH|^~\\&|MIDDLEWARE|LBM|SGL|LBM|20260101080000||ORU^R01^ORU_R01|{control}|P|2.5.1|||||FRA|UNICODE UTF-8|FR\r"
    );
    text.push_str("PID|1\r");
    for (n, (tube, values)) in tubes.iter().enumerate() {
        text.push_str(&format!("OBR|{}||{tube}^MIDDLEWARE|EXAM^Examens^L\r", n + 1));
        for (m, (code, value, unit)) in values.iter().enumerate() {
            text.push_str(&format!(
                "OBX|{}|NM|{code}^{code}^L||{value}|{unit}^^UCUM|||||F|||20260101075500||TECH1||AU5800-1\r",
                m + 1
            ));
        }
    }
    text.into_bytes()
}
