//! The real `paillasse` in a pseudo-terminal of 120 columns and 40 rows, and the time of each byte that it writes.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Screen;

use crate::Outcome;
use crate::programs::Programs;

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// What the program writes at the end of each frame (end of a synchronised update).
const FRAME_END: &[u8] = b"\x1b[?2026l";
/// Silence after which the screen is at rest.
pub const REST: Duration = Duration::from_millis(300);
/// How long anything may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// A workstation under measure.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    bytes: Receiver<(Instant, Vec<u8>)>,
    started: Instant,
    screen: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

/// Something that the screen must show after a key.
pub type Sight<'a> = &'a dyn Fn(&Screen) -> bool;

/// What one key caused.
pub struct Stroke {
    /// Until the last byte of the first frame that shows each thing awaited, in their order.
    pub seen: Vec<Duration>,
    /// Bytes written until then.
    pub bytes: usize,
}

impl Terminal {
    /// Starts a workstation on a socket.
    pub fn start(programs: &Programs, socket: &Path) -> Outcome<Self> {
        let pty = native_pty_system().openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let mut command = CommandBuilder::new(programs.path("paillasse"));
        command.env("PAILLASSE_SOCKET", socket);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let started = Instant::now();
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);
        let (tell, bytes) = channel();
        let mut reader = pty.master.try_clone_reader()?;
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let at = Instant::now();
                if tell.send((at, buffer.get(..n).unwrap_or_default().to_vec())).is_err() {
                    return;
                }
            }
        });
        let keyboard = pty.master.take_writer()?;
        Ok(Self {
            child,
            keyboard,
            bytes,
            started,
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            _master: pty.master,
        })
    }

    /// Its process.
    pub fn pid(&self) -> Outcome<u32> {
        self.child.process_id().ok_or_else(|| "the workstation ended".into())
    }

    /// The screen as it is now.
    pub fn screen(&self) -> &Screen {
        self.screen.screen()
    }

    /// The next whole frame: when its last byte came, and how many bytes came with it.
    fn frame(&mut self) -> Outcome<(Instant, usize)> {
        let mut seen = Vec::new();
        loop {
            let (at, bytes) = self.bytes.recv_timeout(PATIENCE)?;
            seen.extend(bytes);
            if seen.ends_with(FRAME_END) {
                self.screen.process(&seen);
                return Ok((at, seen.len()));
            }
        }
    }

    /// From the start of the process to its first whole frame.
    pub fn first_paint(&mut self) -> Outcome<Duration> {
        Ok(self.frame()?.0 - self.started)
    }

    /// Waits until nothing has been written for a while, or until it is clear that somebody else is at work.
    pub fn settle(&mut self, quiet: Duration) {
        let deadline = Instant::now() + 4 * quiet;
        while Instant::now() < deadline {
            let Ok((_, bytes)) = self.bytes.recv_timeout(quiet) else { return };
            self.screen.process(&bytes);
        }
    }

    /// Sends a key and waits until the screen shows everything awaited. Frames painted for another cause meanwhile (what
    /// other people do) are looked at too, and not taken for the answer.
    pub fn stroke(&mut self, key: &[u8], awaited: &[Sight<'_>]) -> Outcome<Stroke> {
        while let Ok((_, bytes)) = self.bytes.try_recv() {
            self.screen.process(&bytes);
        }
        let start = Instant::now();
        self.keyboard.write_all(key)?;
        self.keyboard.flush()?;
        let mut seen: Vec<Option<Duration>> = vec![None; awaited.len()];
        let mut written = 0;
        while seen.iter().any(Option::is_none) {
            let (at, bytes) = self.frame().map_err(|e| {
                format!(
                    "the workstation does not show what a key calls for ({e}):\n{}",
                    self.screen().contents()
                )
            })?;
            written += bytes;
            for (when, sight) in seen.iter_mut().zip(awaited) {
                if when.is_none() && sight(self.screen.screen()) {
                    *when = Some(at - start);
                }
            }
        }
        Ok(Stroke { seen: seen.into_iter().flatten().collect(), bytes: written })
    }

    /// Sends a series of keys so many times, as fast as the terminal takes them, dropping what is painted.
    pub fn pour(&mut self, keys: &[&[u8]], times: usize) -> Outcome<()> {
        let all = keys.concat();
        for _ in 0..times {
            self.keyboard.write_all(&all)?;
            // The next ones wait for a frame, so that none is lost in a full buffer.
            self.bytes.recv_timeout(PATIENCE)?;
            while self.bytes.try_recv().is_ok() {}
        }
        self.settle(REST);
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
