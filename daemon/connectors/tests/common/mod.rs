//! A TLS server that asks for a client certificate and answers one request per connection as it is told.

#![allow(dead_code)] // each test binary uses a part of it

use std::sync::Arc;
use std::time::Duration;

use paillasse_connectors::tls::{Deadlines, TlsMaterial};
use paillasse_xml::testing::TestAuthority;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What the server does once it has read a request.
#[derive(Clone)]
pub enum Behaviour {
    /// Answers these bytes (status line, headers and body) and closes.
    Answer(Vec<u8>),
    /// Closes without an answer.
    Cut,
    /// Never answers.
    Silence,
}

/// Status, content type and body as an HTTP answer.
pub fn http(status: u16, content_type: &str, body: &[u8]) -> Behaviour {
    let mut out = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    Behaviour::Answer(out)
}

pub struct TestServer {
    pub url: String,
    /// Every request whole, head and body.
    pub received: mpsc::UnboundedReceiver<Vec<u8>>,
}

pub async fn serve(ca: &TestAuthority, behaviour: Behaviour) -> TestServer {
    serve_as(ca, "localhost", behaviour).await
}

/// A server whose certificate is issued to `host`.
pub async fn serve_as(ca: &TestAuthority, host: &str, behaviour: Behaviour) -> TestServer {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pem = ca.issue(2, host, "serveur", &[host]);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.ca_pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
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
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url =
        format!("https://localhost:{}/si-dmp-server/v2/services", listener.local_addr().unwrap().port());
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, sender, behaviour) = (acceptor.clone(), sender.clone(), behaviour.clone());
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let Some(request) = read_request(&mut tls).await else { return };
                let _ = sender.send(request);
                match behaviour {
                    Behaviour::Answer(bytes) => {
                        let _ = tls.write_all(&bytes).await;
                        let _ = tls.shutdown().await;
                    }
                    Behaviour::Cut => {}
                    Behaviour::Silence => std::future::pending().await,
                }
            });
        }
    });
    TestServer { url, received }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let mut chunk = [0u8; 8192];
        let n = stream.read(&mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        all.extend_from_slice(&chunk[..n]);
        if let Some(head) = all.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&all[..head]).to_ascii_lowercase();
            let length: usize = text
                .lines()
                .find_map(|l| l.strip_prefix("content-length:"))
                .and_then(|v| v.trim().parse().ok())
                .unwrap_or(0);
            if all.len() >= head + 4 + length {
                return Some(all);
            }
        }
    }
}

pub fn material(ca: &TestAuthority) -> TlsMaterial {
    let identity = ca.issue(1, "AUTH_CLI", "1120459876", &[]);
    TlsMaterial::new(ca.ca_pem.clone().into_bytes(), Some(identity.into_bytes()))
}

pub fn client(material: &TlsMaterial) -> reqwest::Client {
    material
        .http_client(Deadlines { connect: Duration::from_secs(10), total: Duration::from_secs(20) })
        .unwrap()
}
