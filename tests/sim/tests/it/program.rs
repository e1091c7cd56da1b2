//! The program itself: its JSON line, its end.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn the_program_says_where_everything_is_and_ends_with_its_input() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_paillasse-sim"))
        .args(["--until-stdin-closes", "--dir"])
        .arg(dir.path().join("d"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let info: Value = serde_json::from_str(&line).unwrap();
    assert!(info["insi"].as_str().unwrap().ends_with("/lps"));
    assert!(info["dmp"].as_str().unwrap().ends_with("/si-dmp-server/v2/services"));
    assert_eq!(info["smtp"]["host"], "localhost");
    assert!(info["smtp"]["port"].as_u64().unwrap() > 0);
    for file in ["ca", "insi_manu", "insi_auto", "dmp_auth", "dmp_sign", "mss_app"] {
        let pem = std::fs::read_to_string(info["certs"][file].as_str().unwrap()).unwrap();
        assert!(pem.contains("BEGIN CERTIFICATE"), "{file}");
        assert_eq!(pem.contains("PRIVATE KEY"), file != "ca", "{file}");
    }
    let control = info["control"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&control).exists());
    assert!(std::path::Path::new(info["received"].as_str().unwrap()).is_dir());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!std::path::Path::new(&control).exists());
}
