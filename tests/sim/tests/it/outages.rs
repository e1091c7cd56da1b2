//! Outages, ordered over the control socket as an exercise does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::common::{Running, client, pki, start};
use super::lot::Lot;
use super::mail;

async fn order(run: &Running, command: &str) -> Value {
    let mut stream = BufReader::new(UnixStream::connect(&run.sim.info.control).await.unwrap());
    stream.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

async fn outage(run: &Running, body: Value) {
    let answer = order(run, &json!({ "outage": body }).to_string()).await;
    assert_eq!(answer["ok"], true, "{answer}");
}

async fn submit(run: &Running, http: &reqwest::Client, lot: &Lot) -> Result<u16, reqwest::Error> {
    let (kind, body) = lot.mtom();
    let url = format!("{}/repository", run.sim.info.dmp);
    let response = http.post(url).header("Content-Type", kind).body(body).send().await?;
    let status = response.status().as_u16();
    response.bytes().await?;
    Ok(status)
}

#[tokio::test]
async fn a_cut_service_has_accepted_what_it_does_not_answer() {
    let run = start(|_| {}).await;
    let http = client(Some(&pki().dmp_auth));
    outage(&run, json!({"service":"dmp","kind":"cut"})).await;
    assert!(submit(&run, &http, &Lot::new(1)).await.is_err());
    assert!(!run.received("dmp/000001/document-1.xml").is_empty());
    let line = &run.journal()[0];
    assert_eq!((line["outcome"].as_str(), line["answered"].as_bool()), (Some("success"), Some(false)));
    assert_eq!(line["outage"], "cut");
    assert_eq!(order(&run, r#"{"clear":"dmp"}"#).await["ok"], true);
    // The same document again: it was accepted.
    assert_eq!(submit(&run, &http, &Lot::new(1)).await.unwrap(), 200);
    assert_eq!(run.journal()[1]["outcome"], "failure XDSDuplicateUniqueIdInRegistry");

    outage(&run, json!({"service":"mss","kind":"cut"})).await;
    let mut smtp = mail::ready(&run).await;
    let said =
        mail::send(&mut smtp, "jean.facticeau1@pro.mssante.example", mail::mail("m-1").as_bytes()).await;
    assert_eq!(said, "");
    assert!(!run.received("mail/000001.eml").is_empty());
    assert_eq!(run.journal()[2]["answered"], false);
    run.sim.stop().await;
}

#[tokio::test]
async fn a_refusing_service_closes_or_says_it_is_busy() {
    let run = start(|_| {}).await;
    let http = client(Some(&pki().dmp_auth));
    // A kept-alive connection is open before the outage.
    assert_eq!(submit(&run, &http, &Lot::new(1)).await.unwrap(), 200);
    outage(&run, json!({"service":"dmp","kind":"refuse","variant":"503"})).await;
    assert_eq!(submit(&run, &http, &Lot::new(2)).await.unwrap(), 503);
    outage(&run, json!({"service":"dmp","kind":"refuse"})).await;
    // The open connection may still say so once; a new one is closed before TLS.
    let _ = submit(&run, &http, &Lot::new(2)).await;
    assert!(submit(&run, &client(Some(&pki().dmp_auth)), &Lot::new(2)).await.is_err());
    assert_eq!(run.journal().len(), 1);
    order(&run, r#"{"clear":"all"}"#).await;
    assert_eq!(submit(&run, &http, &Lot::new(2)).await.unwrap(), 200);

    outage(&run, json!({"service":"mss","kind":"refuse","variant":"503"})).await;
    assert!(mail::open(&run).await.answer().await.starts_with("421"));
    outage(&run, json!({"service":"mss","kind":"refuse"})).await;
    assert_eq!(mail::open(&run).await.answer().await, "");
    run.sim.stop().await;
}

#[tokio::test]
async fn an_expired_certificate_is_seen_by_whoever_verifies() {
    let run = start(|_| {}).await;
    let http = client(Some(&pki().dmp_auth));
    assert_eq!(submit(&run, &http, &Lot::new(1)).await.unwrap(), 200);
    outage(&run, json!({"service":"dmp","kind":"expired"})).await;
    outage(&run, json!({"service":"mss","kind":"expired"})).await;
    // The pooled connection closes by itself; a fresh client has none.
    let error = submit(&run, &client(Some(&pki().dmp_auth)), &Lot::new(2)).await.unwrap_err();
    assert!(format!("{error:?}").contains("Expired"), "{error:?}");
    let error = mail::secure(&run, Some(&pki().mss_app)).await.err().unwrap();
    assert!(error.to_string().contains("expired"), "{error}");
    run.sim.stop().await;
}

#[tokio::test]
async fn a_slow_service_answers_late_but_has_already_accepted() {
    let run = start(|_| {}).await;
    outage(&run, json!({"service":"dmp","kind":"slow","delay_ms":300})).await;
    let before = Instant::now();
    assert_eq!(submit(&run, &client(Some(&pki().dmp_auth)), &Lot::new(1)).await.unwrap(), 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
    assert_eq!(run.journal()[0]["outage"], "slow");
    run.sim.stop().await;
}

#[tokio::test]
async fn the_control_socket_reports_counts_resets_and_explains() {
    let run = start(|_| {}).await;
    let http = client(Some(&pki().dmp_auth));
    assert_eq!(submit(&run, &http, &Lot::new(1)).await.unwrap(), 200);
    assert_eq!(order(&run, r#"{"count":{}}"#).await["count"]["dmp"]["success"], 1);
    outage(&run, json!({"service":"insi","kind":"slow","for_seconds":1200})).await;
    let status = order(&run, r#"{"status":{}}"#).await;
    assert_eq!(status["outages"]["insi"]["kind"], "slow");
    assert_eq!(status["outages"]["insi"]["delay_ms"], 30000);
    assert!(status["outages"]["insi"]["remaining_seconds"].as_u64().unwrap() > 1190);
    assert_eq!(status["outages"]["dmp"], Value::Null);
    assert_eq!(order(&run, r#"{"reset":{}}"#).await["ok"], true);
    assert_eq!(order(&run, r#"{"status":{}}"#).await["outages"]["insi"], Value::Null);
    assert!(!run.sim.info.received.join("dmp/000001").exists());
    // Forgotten: the same document is new again.
    assert_eq!(submit(&run, &http, &Lot::new(1)).await.unwrap(), 200);
    assert_eq!(order(&run, r#"{"count":{}}"#).await["count"], json!({"dmp":{"success":1}}));
    for (command, words) in [
        ("{\"explode\":{}}", "commande inconnue"),
        ("{}", "une seule commande"),
        ("pas du JSON", "JSON illisible"),
        ("{\"clear\":\"psc\"}", "service inconnu"),
        ("{\"outage\":{\"service\":\"dmp\",\"kind\":\"fire\"}}", "panne inconnue"),
        ("{\"outage\":{\"service\":\"dmp\",\"kind\":\"cut\",\"for\":1}}", "for"),
        ("{\"outage\":{\"service\":\"dmp\",\"kind\":\"cut\",\"variant\":\"503\"}}", "variante"),
    ] {
        let answer = order(&run, command).await;
        assert!(answer["error"].as_str().unwrap().contains(words), "{command}: {answer}");
    }
    run.sim.stop().await;
}
