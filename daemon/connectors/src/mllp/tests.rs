use super::*;
use std::sync::Mutex;
use tokio::sync::{Notify, mpsc};

const SOON: Duration = Duration::from_secs(20);

struct Bench {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    events: mpsc::UnboundedReceiver<LinkEvent>,
    served: tokio::task::JoinHandle<()>,
}

impl Bench {
    fn start<H, F>(limits: Limits, handler: H) -> Self
    where
        H: Fn(Frame) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<u8>> + Send + 'static,
    {
        let listener = MllpListener::bind("127.0.0.1:0".parse().unwrap(), limits).unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let (tell, events) = mpsc::unbounded_channel();
        let served = tokio::spawn(listener.serve(handler, move |event| drop(tell.send(event)), stopping));
        Self { addr, stop, events, served }
    }

    async fn event(&mut self) -> LinkEvent {
        timeout(SOON, self.events.recv()).await.unwrap().unwrap()
    }

    /// Events until a connection closes; returns how.
    async fn closed(&mut self) -> (ClosedHow, u64) {
        loop {
            if let LinkEvent::Closed { how, messages, .. } = self.event().await {
                return (how, messages);
            }
        }
    }
}

fn small() -> Limits {
    Limits { max_message: 1000, ..Limits::default() }
}

async fn echo(frame: Frame) -> Vec<u8> {
    [b"ack ", frame.bytes.as_slice()].concat()
}

async fn read_block(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\x1C\r") {
        let byte = timeout(SOON, stream.read_u8()).await.unwrap().unwrap();
        bytes.push(byte);
    }
    bytes[1..bytes.len() - 2].to_vec()
}

#[tokio::test]
async fn lab_03_each_message_is_answered_in_order_on_its_connection() {
    let bench = Bench::start(small(), echo);
    assert_eq!(send(bench.addr, b"one", SOON).await.unwrap(), b"ack one");
    // Pipelined by a hasty sender, with noise between: still one answer each, in order.
    let mut stream = TcpStream::connect(bench.addr).await.unwrap();
    let bytes = [wrap(b"a"), b"noise".to_vec(), wrap(b"b"), wrap(b"c")].concat();
    stream.write_all(&bytes).await.unwrap();
    for expected in [b"ack a", b"ack b", b"ack c"] {
        assert_eq!(read_block(&mut stream).await, expected);
    }
}

#[tokio::test]
async fn a_message_over_the_limit_reaches_the_handler_as_its_head() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let bench = Bench::start(small(), move |frame: Frame| {
        log.lock().unwrap().push((frame.oversize, frame.bytes.len(), frame.skipped));
        async { b"AE".to_vec() }
    });
    assert_eq!(send(bench.addr, &vec![b'x'; 200_000], SOON).await.unwrap(), b"AE");
    assert_eq!(send(bench.addr, b"small", SOON).await.unwrap(), b"AE");
    assert_eq!(*seen.lock().unwrap(), [(Some(200_000), 65_536, 0), (None, 5, 0)]);
}

#[tokio::test]
async fn a_start_inside_a_message_drops_what_came_before() {
    let mut bench = Bench::start(small(), echo);
    let mut stream = TcpStream::connect(bench.addr).await.unwrap();
    stream.write_all(b"\x0Bhalf\x0Bwhole\x1C").await.unwrap();
    assert_eq!(read_block(&mut stream).await, b"ack whole");
    assert!(matches!(bench.event().await, LinkEvent::Connected { .. }));
    assert!(matches!(bench.event().await, LinkEvent::Aborted { bytes: 4, .. }));
    drop(stream);
    assert_eq!(bench.closed().await, (ClosedHow::ByPeer, 1));
}

#[tokio::test]
async fn silence_inside_a_message_and_between_messages_have_their_own_deadline() {
    let (short, long) = (Duration::from_millis(30), Duration::from_secs(3600));
    let mut bench = Bench::start(Limits { idle: long, stall: short, ..small() }, echo);
    let mut half = TcpStream::connect(bench.addr).await.unwrap();
    half.write_all(b"\x0Bhalf").await.unwrap();
    assert_eq!(bench.closed().await, (ClosedHow::Stalled, 0));
    let mut bench = Bench::start(Limits { idle: short, stall: long, ..small() }, echo);
    let _quiet = TcpStream::connect(bench.addr).await.unwrap();
    assert_eq!(bench.closed().await, (ClosedHow::Idle, 0));
}

#[tokio::test]
async fn a_cut_inside_a_message_is_told_apart_from_a_polite_end() {
    let mut bench = Bench::start(small(), echo);
    let mut stream = TcpStream::connect(bench.addr).await.unwrap();
    stream.write_all(b"\x0Bhalf").await.unwrap();
    drop(stream);
    assert_eq!(bench.closed().await, (ClosedHow::Cut, 0));
}

#[tokio::test]
async fn connections_are_bounded_and_addresses_restricted() {
    let mut bench = Bench::start(Limits { max_connections: 1, ..small() }, echo);
    let first = TcpStream::connect(bench.addr).await.unwrap();
    assert!(matches!(bench.event().await, LinkEvent::Connected { .. }));
    assert!(matches!(send(bench.addr, b"x", SOON).await, Err(SendError::Lost)));
    assert!(matches!(bench.event().await, LinkEvent::Refused { why: RefusedWhy::Busy, .. }));
    drop(first);
    assert_eq!(bench.closed().await.0, ClosedHow::ByPeer);
    // The place of the finished connection is free again, once the listener has noticed.
    while send(bench.addr, b"x", SOON).await.is_err() {}

    let allowed_peers = vec!["192.0.2.1".parse().unwrap()];
    let mut closed = Bench::start(Limits { allowed_peers, ..small() }, echo);
    assert!(send(closed.addr, b"x", SOON).await.is_err());
    assert!(matches!(closed.event().await, LinkEvent::Refused { why: RefusedWhy::Address, .. }));
}

#[tokio::test]
async fn stopping_lets_the_handler_answer_and_drops_half_messages() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, release) = (Arc::clone(&entered), Arc::clone(&go));
    let mut bench = Bench::start(small(), move |_| {
        let (inside, release) = (Arc::clone(&inside), Arc::clone(&release));
        async move {
            inside.notify_one();
            release.notified().await;
            b"AA".to_vec()
        }
    });
    let mut half = TcpStream::connect(bench.addr).await.unwrap();
    half.write_all(b"\x0Bhalf").await.unwrap();
    let mut busy = TcpStream::connect(bench.addr).await.unwrap();
    busy.write_all(&[wrap(b"one"), wrap(b"two")].concat()).await.unwrap();
    entered.notified().await;
    bench.stop.send(true).unwrap();
    assert_eq!(bench.closed().await, (ClosedHow::Shutdown, 0));
    go.notify_one();
    assert_eq!(read_block(&mut busy).await, b"AA");
    assert_eq!(bench.closed().await, (ClosedHow::Shutdown, 1));
    timeout(SOON, bench.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(bench.addr).await.is_err());
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_connection_only() {
    let mut bench = Bench::start(small(), |frame: Frame| async move {
        assert_ne!(frame.bytes, b"bomb", "on purpose");
        b"AA".to_vec()
    });
    assert!(matches!(send(bench.addr, b"bomb", SOON).await, Err(SendError::Lost)));
    assert_eq!(bench.closed().await, (ClosedHow::HandlerFailed, 0));
    assert_eq!(send(bench.addr, b"good", SOON).await.unwrap(), b"AA");
}

#[tokio::test]
async fn a_send_without_listener_or_answer_says_which() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    assert!(matches!(send(addr, b"x", Duration::from_millis(50)).await, Err(SendError::Timeout)));
    drop(silent);
    assert!(matches!(send(addr, b"x", SOON).await, Err(SendError::Connect(_))));
}

/// The same exchange with PyPI `hl7` as the sending side, where it is installed.
#[tokio::test]
async fn a_python_sender_gets_its_acknowledgement() {
    let bench = Bench::start(Limits::default(), |_| async {
        b"MSH|^~\\&|B||A||2026||ACK|2|P|2.5\rMSA|AA|1\r".to_vec()
    });
    let script = r#"
import sys
try:
    from hl7.client import MLLPClient
except ImportError:
    print("missing"); sys.exit(0)
with MLLPClient("127.0.0.1", int(sys.argv[1])) as client:
    for _ in range(2):
        print(client.send_message("MSH|^~\\&|A||B||2026||ORU^R01|1|P|2.5\r").decode().count("MSA|AA|1"))
"#;
    let port = bench.addr.port().to_string();
    let run = tokio::process::Command::new("python3").args(["-c", script, &port]).output().await;
    let Ok(output) = run else {
        println!("skipped: no python3 on this machine");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    if text.starts_with("missing") {
        println!("skipped: the Python package hl7 is not installed");
        return;
    }
    assert_eq!(text.lines().collect::<Vec<_>>(), ["1", "1"]);
}
