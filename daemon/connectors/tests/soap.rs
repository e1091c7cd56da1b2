//! What a call says when things go wrong, over a real TLS connection: the kind, and whether the request may have
//! reached its receiver.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod common;

use std::time::Duration;

use common::{Behaviour, client, http, material, serve, serve_as};
use paillasse_connectors::mime::MediaType;
use paillasse_connectors::soap::{self, NetworkKind, Post, SoapError};
use paillasse_connectors::tls::TlsMaterial;
use paillasse_xml::testing::TestAuthority;

fn post(url: &str) -> Post<'_> {
    Post {
        url,
        content_type: soap::content_type("urn:essai"),
        body: soap::envelope(&[], "<a/>").into_bytes(),
        timeout: None,
        max_response: 4096,
    }
}

fn sent_maybe(error: &SoapError) -> (NetworkKind, bool) {
    match error {
        SoapError::Network { kind, sent_maybe } => {
            assert_eq!(error.unknown_outcome(), *sent_maybe);
            (kind.clone(), *sent_maybe)
        }
        other => panic!("not a network failure: {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_over_mutual_tls_is_read() {
    let ca = TestAuthority::new("AC");
    let body = soap::envelope(
        &["<wsa:RelatesTo xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">urn:uuid:1</wsa:RelatesTo>"],
        "<r xmlns='urn:r'>ok</r>",
    );
    let mut server = serve(&ca, http(200, "application/soap+xml", body.as_bytes())).await;
    let answer = soap::call(&client(&material(&ca)), post(&server.url)).await.unwrap();
    assert_eq!(answer.relates_to().as_deref(), Some("urn:uuid:1"));
    assert_eq!(answer.body.unwrap().text(), "ok");
    let request = String::from_utf8(server.received.recv().await.unwrap()).unwrap().to_ascii_lowercase();
    assert!(request.contains("content-type: application/soap+xml; charset=utf-8; action=\"urn:essai\"\r\n"));
}

#[tokio::test]
async fn what_fails_before_the_request_is_surely_not_sent() {
    let ca = TestAuthority::new("AC");
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let closed = format!("https://localhost:{}/", unused.local_addr().unwrap().port());
    drop(unused);
    let good = client(&material(&ca));
    let error = soap::call(&good, post(&closed)).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::Connect, false));
    assert!(error.retryable());

    let error = soap::call(&good, post("https://hote.invalid/")).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::Dns, false));

    let error = soap::call(&good, post("http://localhost/")).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::BadRequest, false));
    assert!(!error.retryable());

    let ok = http(200, "application/soap+xml", b"<a/>");
    let mut other = serve_as(&ca, "autre.test", ok.clone()).await;
    let error = soap::call(&good, post(&other.url)).await.unwrap_err();
    assert!(matches!(sent_maybe(&error), (NetworkKind::PeerCertificate(_), false)), "{error:?}");

    let mut server = serve(&ca, ok).await;
    let anonymous = client(&TlsMaterial::new(ca.ca_pem.clone().into_bytes(), None));
    let error = soap::call(&anonymous, post(&server.url)).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::OwnCertificate("CertificateRequired".into()), false));
    assert!(
        server.received.try_recv().is_err() && other.received.try_recv().is_err(),
        "nothing reached a server"
    );
}

#[tokio::test]
async fn what_fails_after_the_request_may_have_been_received() {
    let ca = TestAuthority::new("AC");
    let good = client(&material(&ca));
    let mut server = serve(&ca, Behaviour::Cut).await;
    let error = soap::call(&good, post(&server.url)).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::Interrupted, true));
    assert!(server.received.recv().await.is_some());

    let server = serve(&ca, Behaviour::Silence).await;
    let request = Post { timeout: Some(Duration::from_millis(300)), ..post(&server.url) };
    let error = soap::call(&good, request).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::AnswerTimeout, true));

    let half = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n<a>".to_vec();
    let server = serve(&ca, Behaviour::Answer(half)).await;
    let error = soap::call(&good, post(&server.url)).await.unwrap_err();
    assert_eq!(sent_maybe(&error), (NetworkKind::Interrupted, true));

    let server = serve(&ca, http(200, "text/xml", &[b'x'; 5000])).await;
    let error = soap::call(&good, post(&server.url)).await.unwrap_err();
    assert_eq!(error, SoapError::TooLarge { limit: 4096 });
    assert!(error.unknown_outcome() && !error.retryable());
}

fn answer(status: u16, content_type: &str, body: &str) -> SoapError {
    soap::read_answer(status, &MediaType::parse(content_type), body.as_bytes().to_vec()).unwrap_err()
}

#[test]
fn statuses_without_soap_and_answers_that_are_not_soap_are_told_apart() {
    for (status, retryable, unknown) in [
        (404, false, false),
        (403, false, false),
        (429, true, false),
        (503, true, false),
        (502, true, true),
        (504, true, true),
    ] {
        let error = answer(status, "text/html", "<html>");
        assert_eq!(error, SoapError::HttpStatus { status });
        assert_eq!((error.retryable(), error.unknown_outcome()), (retryable, unknown), "{status}");
    }
    let portal = answer(200, "text/html", "<html><body/></html>");
    assert!(matches!(portal, SoapError::Malformed { .. }) && portal.unknown_outcome());
    let doctype = answer(200, "text/xml", "<!DOCTYPE a><a/>");
    assert!(matches!(doctype, SoapError::Malformed { .. }));
}

#[test]
fn a_soap_12_fault_keeps_codes_words_and_details_plain_or_multipart() {
    let fault = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><s:Fault>\
        <s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:DMPInvalidCertificate</s:Value>\
        <s:Subcode><s:Value xmlns:x='urn:x'>x:detail_2</s:Value></s:Subcode></s:Subcode></s:Code>\
        <s:Reason><s:Text xml:lang='en'>bad certificate</s:Text><s:Text xml:lang='fr-FR'>Certificat non valide</s:Text></s:Reason>\
        <s:Detail><e:Erreur xmlns:e='urn:siram' code='insi_102' severite='fatal'>Service indisponible</e:Erreur></s:Detail>\
        </s:Fault></s:Body></s:Envelope>";
    let multipart =
        format!("--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n{fault}\r\n--b--\r\n");
    for (content_type, body) in [
        ("application/soap+xml", fault.to_owned()),
        ("multipart/related; boundary=b; start=\"<r>\"", multipart),
    ] {
        let error = answer(500, content_type, &body);
        let SoapError::Fault(read) = &error else { panic!("{error:?}") };
        assert_eq!((read.code.as_str(), read.http_status), ("Sender", 500));
        assert_eq!(read.subcodes, ["DMPInvalidCertificate", "detail_2"]);
        assert_eq!(read.reason, "Certificat non valide");
        assert_eq!(read.details[0].name, "Erreur");
        assert_eq!(read.details[0].attr("code"), Some("insi_102"));
        assert_eq!(read.details[0].text, "Service indisponible");
        assert!(!error.retryable() && !error.unknown_outcome());
    }
}

#[test]
fn a_soap_11_fault_is_understood_and_a_receiver_fault_can_be_retried() {
    let error = answer(
        500,
        "text/xml",
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>boum</faultstring></e:Fault></e:Body></e:Envelope>",
    );
    let SoapError::Fault(read) = &error else { panic!("{error:?}") };
    assert_eq!((read.code.as_str(), read.reason.as_str()), ("Receiver", "boum"));
    assert!(error.retryable() && !error.unknown_outcome());
}
