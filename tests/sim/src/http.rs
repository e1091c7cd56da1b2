//! HTTPS front of the SOAP services: TLS with a client certificate, outages, size limit, then one
//! synchronous handler per request. The handler stores what it received before it answers.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::cert::CertFacts;
use crate::outage::{Kind, Outage, Outages, Service};
use crate::tls::Faces;

/// Largest request body read: the kit of the DMP accepts 50 MB (spec/dmp.md §2).
pub const MAX_BODY: usize = 50 * 1024 * 1024;
/// Longest wait for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A request, fully read.
#[derive(Debug)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// `Content-Type`, "" when absent.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
    /// The client certificate of the connection.
    pub client: CertFacts,
    /// False when the answer will not leave (`cut`).
    pub answered: bool,
    /// Name of the outage in force, for the journal.
    pub outage: Option<&'static str>,
}

/// The answer of a handler.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A short plain-text answer, for what happens before SOAP.
    pub fn text(status: u16, text: &str) -> Reply {
        Reply { status, content_type: "text/plain; charset=utf-8".into(), body: text.as_bytes().to_vec() }
    }
}

/// A simulated SOAP service.
pub trait SoapService: Send + Sync + 'static {
    /// Which one it is.
    fn service(&self) -> Service;
    /// Handles one request; must have stored it before returning.
    fn handle(&self, call: &Call) -> Reply;
}

/// The connection must be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("coupure demandée")]
struct Cut;

/// Accepts connections until `stop` changes.
pub async fn serve(
    listener: TcpListener,
    faces: Faces,
    handler: Arc<dyn SoapService>,
    outages: Arc<Outages>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // Out of descriptors, most likely: let some connections end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stop.changed() => return,
        };
        let outage = outages.current(handler.service());
        let face = match outage {
            Some(Outage { kind: Kind::Refuse, busy: false, .. }) => continue,
            Some(Outage { kind: Kind::Expired, .. }) => &faces.expired,
            _ => &faces.good,
        };
        let acceptor = TlsAcceptor::from(Arc::clone(face));
        tokio::spawn(connection(stream, acceptor, Arc::clone(&handler), Arc::clone(&outages), stop.clone()));
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    handler: Arc<dyn SoapService>,
    outages: Arc<Outages>,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut changed = outages.watch(handler.service());
    let Ok(Ok(tls)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let certificate = tls.get_ref().1.peer_certificates().and_then(|c| c.first()).cloned();
    // Whether a certificate is required is the handshake's business.
    let Ok(client) = certificate.map_or(Ok(CertFacts::default()), |c| CertFacts::read(&c)) else {
        return;
    };
    let client = Arc::new(client);
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, outages, client) = (Arc::clone(&handler), Arc::clone(&outages), Arc::clone(&client));
        async move { answer(request, handler.as_ref(), &outages, &client).await }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(tls), service);
    tokio::pin!(serving);
    let mut closing = false;
    loop {
        tokio::select! {
            // A cut ends the connection with an error, which is the point.
            _ = &mut serving => return,
            _ = changed.changed(), if !closing => {
                closing = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = stop.changed() => return,
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    handler: &dyn SoapService,
    outages: &Outages,
    client: &CertFacts,
) -> Result<Response<Full<Bytes>>, Cut> {
    let outage = outages.current(handler.service());
    if outage.is_some_and(|o| o.kind == Kind::Refuse) {
        return Ok(respond(Reply::text(503, "Service indisponible")));
    }
    let header =
        request.headers().get(CONTENT_TYPE).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let body = match Limited::new(request.into_body(), MAX_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => {
            return Ok(respond(Reply::text(413, "Requête trop grande")));
        }
        Err(_) => return Err(Cut),
    };
    let call = Call {
        method,
        path,
        content_type: header.unwrap_or_default(),
        body,
        client: client.clone(),
        answered: !outage.is_some_and(|o| o.kind == Kind::Cut),
        outage: outage.map(|o| o.kind.name()),
    };
    let reply = handler.handle(&call);
    match outage {
        Some(Outage { kind: Kind::Cut, .. }) => Err(Cut),
        Some(Outage { kind: Kind::Slow, delay, .. }) => {
            tokio::time::sleep(delay).await;
            Ok(respond(reply))
        }
        _ => Ok(respond(reply)),
    }
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = reply.content_type.parse() {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}
