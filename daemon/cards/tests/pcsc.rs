//! The same virtual carte Vitale behind a real PC/SC service: pcscd with the driver of vsmartcard, in a network namespace
//! of its own since that driver listens on every address. Skipped, saying why, where it cannot be had: not root, not
//! installed, no namespace, or a service of readers that runs already.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

#[allow(dead_code)]
mod virtual_card;

use paillasse_cards::pcsc::{LIBRARY, ReaderError, Readers, sentence};
use paillasse_cards::vitale::read_free;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use virtual_card::VirtualVitale;

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const SERVICE: &str = "/usr/sbin/pcscd";
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const PATIENCE: Duration = Duration::from_secs(20);
/// Set in the process that plays the card.
const CARD: &str = "PAILLASSE_TEST_CARD";

fn why_not() -> Option<String> {
    let said = Command::new("id").arg("-u").output().ok()?;
    if said.stdout != b"0\n" {
        return Some("a network namespace needs root".into());
    }
    for file in [SERVICE, DRIVER] {
        if !Path::new(file).exists() {
            return Some(format!("{file} is not installed (pcscd, vsmartcard-vpcd)"));
        }
    }
    if Path::new(SOCKET).exists() {
        return Some("a service of readers runs already".into());
    }
    let namespace = Command::new("unshare").args(["-n", "ip", "link", "set", "lo", "up"]).output();
    if !namespace.is_ok_and(|o| o.status.success()) {
        return Some("no network namespace here (unshare, ip)".into());
    }
    None
}

/// Ends the service and the card, whatever happens to the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // The group that this test started, and no other.
        let _ = Command::new("kill").args(["--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// Plays the card inside the namespace: two bytes of length, then a command, both ways.
#[test]
fn plays_the_card_when_asked_to() {
    if std::env::var_os(CARD).is_none() {
        return;
    }
    let until = Instant::now() + PATIENCE;
    let mut line = loop {
        match TcpStream::connect("127.0.0.1:35963") {
            Ok(line) => break line,
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(50)),
            Err(e) => panic!("{e}"),
        }
    };
    let mut card = VirtualVitale::new("DUPONT", "ANNE-MARIE", "19800312");
    loop {
        let mut length = [0u8; 2];
        if line.read_exact(&mut length).is_err() {
            return;
        }
        let mut message = vec![0u8; usize::from(u16::from_be_bytes(length))];
        line.read_exact(&mut message).unwrap();
        let answer = match message.as_slice() {
            [0x04] => vec![0x3B, 0x75, 0x13, 0x00, 0x00, 0x56, 0x49, 0x54, 0x41],
            [_] => continue,
            command => card.answer(command).unwrap(),
        };
        line.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes()).unwrap();
        line.write_all(&answer).unwrap();
    }
}

#[test]
fn a_virtual_card_is_read_through_the_service_of_the_readers() {
    if let Some(why) = why_not() {
        println!("skipped: {why}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let reader = format!(
        "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH {DRIVER}\nCHANNELID 0x8C7B\n"
    );
    std::fs::write(folder.path().join("vpcd"), reader).unwrap();
    std::fs::create_dir_all("/run/pcscd").unwrap();
    let script = "ip link set lo up; \"$1\" --foreground --config \"$2\" & \"$3\" --exact plays_the_card_when_asked_to & wait";
    let service = Command::new("unshare")
        .args(["-n", "sh", "-c", script, "sh", SERVICE])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env(CARD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let service = Service(service);

    let until = Instant::now() + PATIENCE;
    let late = |what: &str| assert!(Instant::now() < until, "{what} did not come in time");
    // The start of a service of others has no event to wait for.
    let readers = loop {
        match Readers::open(Path::new(LIBRARY)) {
            Ok(readers) => break readers,
            Err(ReaderError::NoLibrary) => {
                println!("skipped: {LIBRARY} is not installed");
                return;
            }
            Err(_) => {
                late("the service");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    };
    let mut slots = loop {
        match readers.slots() {
            Ok(slots) => break slots,
            Err(_) => {
                late("the reader");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    };
    while !slots.iter().any(|s| s.card) {
        late("the card");
        readers.wait(&mut slots, Duration::from_secs(1)).unwrap();
    }
    let with_card = slots.iter().find(|s| s.card).unwrap().name.clone();
    assert!(with_card.starts_with("Virtual PCD"), "{with_card}");
    assert!(sentence(Path::new(LIBRARY)).contains("carte présente"));
    let holder = read_free(&mut readers.connect(&with_card).unwrap()).unwrap();
    assert_eq!((holder.name.as_str(), holder.given_name.as_str()), ("DUPONT", "ANNE-MARIE"));
    let empty = slots.iter().find(|s| !s.card).map(|s| s.name.clone()).unwrap_or_else(|| "absent".into());
    assert!(matches!(readers.connect(&empty).err(), Some(ReaderError::NoCard | ReaderError::NoReader)));
    drop(service);
    // The service ends by itself once signalled, and nobody tells when; then its absence is said, not awaited.
    while Readers::open(Path::new(LIBRARY)).is_ok() {
        late("the end of the service");
        std::thread::sleep(Duration::from_millis(50));
    }
}
