//! The loop: keys, daemon messages, signals. Nothing else ever wakes it.
//!
//! Invariants: the first frame is painted before the daemon is reached; a frame is drawn only when
//! something changed, once for everything that was already waiting; the loop is generic over the
//! backend and its inputs, so tests run this very loop.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::PathBuf;
use std::time::Instant;

use base64::Engine;
use crossterm::event::EventStream;
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use crate::action::Effect;
use crate::app::{App, Settings};
use crate::client::{self, Ask, FromDaemon};
use crate::keymap::{Input, key};
use crate::preview::Previews;
use crate::terminal::Guard;
use crate::wire;

/// Size of the write buffer: a full frame at 120x40 leaves in one write.
const FRAME_BYTES: usize = 32 * 1024;

/// Keys read ahead of the loop; beyond, they wait in the kernel (a paste of a whole file into the terminal).
const TYPED_AHEAD: usize = 256;

/// Where frames go.
pub trait Screen {
    /// Draws the application.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn paint(&mut self, app: &App) -> io::Result<()>;
    /// Forgets what the terminal shows, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn forget(&mut self) -> io::Result<()>;
    /// Gives a text to the terminal's clipboard.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

/// The real terminal, with synchronised output.
pub struct RealScreen(Terminal<CrosstermBackend<BufWriter<Stdout>>>);

impl RealScreen {
    /// The terminal of standard output.
    ///
    /// # Errors
    /// When its size cannot be known.
    pub fn new() -> io::Result<Self> {
        let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        Ok(RealScreen(Terminal::new(CrosstermBackend::new(out))?))
    }
}

impl Screen for RealScreen {
    fn paint(&mut self, app: &App) -> io::Result<()> {
        queue!(self.0.backend_mut(), BeginSynchronizedUpdate)?;
        self.0.draw(|frame| app.draw(frame))?;
        queue!(self.0.backend_mut(), EndSynchronizedUpdate)?;
        Write::flush(self.0.backend_mut())
    }

    fn forget(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        // OSC 52: the terminal's own clipboard, also through SSH.
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        write!(self.0.backend_mut(), "\x1b]52;c;{encoded}\x07")?;
        Write::flush(self.0.backend_mut())
    }
}

/// A screen in memory, for tests.
impl<B: Backend<Error = std::convert::Infallible>> Screen for Terminal<B> {
    fn paint(&mut self, app: &App) -> io::Result<()> {
        let Ok(_) = self.draw(|frame| app.draw(frame));
        Ok(())
    }
    fn forget(&mut self) -> io::Result<()> {
        let Ok(()) = self.clear();
        Ok(())
    }
    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// What the workstation needs to start.
pub struct Start {
    /// Socket of the daemon.
    pub socket: PathBuf,
    /// Person wanted, where the system account may act for several (training).
    pub login: Option<String>,
    /// Look and keys.
    pub settings: Settings,
}

/// Runs the workstation in this terminal until the user leaves.
///
/// # Errors
/// When standard output is not a terminal, or it disappears.
pub fn workstation(start: Start) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = Guard::take()?;
    let result = runtime.block_on(async {
        let mut screen = RealScreen::new()?;
        let app = App::new(start.settings, today());
        // Paint before anything else: the user sees a place to type in at once.
        screen.paint(&app)?;
        let (asks, asks_rx) = unbounded_channel();
        let (daemon, daemon_rx) = unbounded_channel();
        tokio::spawn(client::run(start.socket, wire::greeting(start.login), asks_rx, daemon));
        let (typed, keys) = channel(TYPED_AHEAD);
        tokio::spawn(read_keys(typed));
        let mut stop = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            end = serve(app, &mut screen, keys, daemon_rx, asks) => end.map(|_| ()),
            _ = stop.recv() => Ok(()),
            _ = hangup.recv() => Ok(()),
        }
    });
    drop(guard);
    // A thread blocked on the keyboard must not hold the exit back.
    runtime.shutdown_background();
    result
}

/// The loop itself; returns the application when the user leaves or the inputs end.
///
/// # Errors
/// When the screen or the inputs fail.
pub async fn serve<S: Screen>(
    mut app: App,
    screen: &mut S,
    mut inputs: Receiver<io::Result<Input>>,
    mut daemon: UnboundedReceiver<FromDaemon>,
    asks: UnboundedSender<Ask>,
) -> io::Result<App> {
    let origin = Instant::now();
    let mut previews = Previews::of_this_person();
    while !app.quitting() {
        if app.take_dirty() {
            screen.paint(&app)?;
        }
        let mut effects = tokio::select! {
            input = inputs.recv() => match input {
                Some(input) => app.input(input?, origin.elapsed(), today()),
                None => return Ok(app),
            },
            message = daemon.recv() => match message {
                Some(message) => app.daemon(message),
                None => return Ok(app),
            },
        };
        // Everything already waiting goes into the same frame: a scanned code is drawn once.
        tokio::task::yield_now().await;
        while let Ok(input) = inputs.try_recv() {
            effects.extend(app.input(input?, origin.elapsed(), today()));
        }
        while let Ok(message) = daemon.try_recv() {
            effects.extend(app.daemon(message));
        }
        perform(effects, &mut app, screen, &asks, &mut previews)?;
    }
    Ok(app)
}

/// Forwards the keyboard to the loop. A task of its own, because the terminal library remembers only
/// the first waker it is given: its stream must always be awaited from one place.
async fn read_keys(to: Sender<io::Result<Input>>) {
    let mut events = EventStream::new();
    while let Some(event) = events.next().await {
        let input = match event {
            Ok(event) => key::from_terminal(event).map(Ok),
            Err(error) => Some(Err(error)),
        };
        if let Some(input) = input
            && to.send(input).await.is_err()
        {
            return;
        }
    }
}

fn perform<S: Screen>(
    effects: Vec<Effect>,
    app: &mut App,
    screen: &mut S,
    asks: &UnboundedSender<Ask>,
    previews: &mut Previews,
) -> io::Result<()> {
    for effect in effects {
        match effect {
            Effect::Send { ticket, method, params, slot, deadline } => {
                // The client only ends with the program.
                let _ = asks.send(Ask { ticket, method, params, slot, deadline });
            }
            Effect::Copy(text) => screen.copy(&text)?,
            Effect::Preview(stem, html, pdf) => {
                let done = previews.write(&stem, &html, &pdf);
                app.written(done.map(|p| p.display().to_string()).map_err(|e| e.to_string()));
            }
            Effect::Redraw => screen.forget()?,
            Effect::Theme(_) | Effect::Quit => {}
        }
    }
    Ok(())
}

fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Key;
    use crate::tests::settings;
    use ratatui::backend::TestBackend;

    struct Counted(Terminal<TestBackend>, usize);

    impl Screen for Counted {
        fn paint(&mut self, app: &App) -> io::Result<()> {
            self.1 += 1;
            self.0.paint(app)
        }
        fn forget(&mut self) -> io::Result<()> {
            self.0.forget()
        }
        fn copy(&mut self, _: &str) -> io::Result<()> {
            Ok(())
        }
    }

    fn counted() -> Counted {
        let Ok(terminal) = Terminal::new(TestBackend::new(80, 24));
        Counted(terminal, 0)
    }

    #[tokio::test]
    async fn what_is_already_waiting_goes_into_one_frame_and_one_search_per_key() {
        let (keys, keys_rx) = channel(64);
        let (_daemon, daemon_rx) = unbounded_channel();
        let (asks, mut asks_rx) = unbounded_channel();
        for c in "dupont".chars() {
            keys.send(Ok(Input::Key(Key::Char(c)))).await.unwrap();
        }
        keys.send(Ok(Input::Key(Key::Ctrl('q')))).await.unwrap();
        let mut screen = counted();
        let app = App::new(settings("mono"), jiff::civil::date(2026, 11, 22));
        let app = serve(app, &mut screen, keys_rx, daemon_rx, asks).await.unwrap();
        assert!(app.quitting());
        assert_eq!(
            screen.1, 1,
            "the first paint only: everything else came in one go and ended with leaving"
        );
        let mut texts = Vec::new();
        while let Ok(ask) = asks_rx.try_recv() {
            texts.push(ask.params["text"].as_str().unwrap().to_owned());
        }
        assert_eq!(texts.last().map(String::as_str), Some("dupont"));
    }

    #[tokio::test]
    async fn what_happens_elsewhere_is_not_drawn() {
        let (keys, keys_rx) = channel(4);
        let (daemon, daemon_rx) = unbounded_channel();
        let (asks, _asks_rx) = unbounded_channel();
        let changed = serde_json::json!({ "event": "patient_changed", "patient": 7 });
        let mut screen = counted();
        let app = App::new(settings("mono"), jiff::civil::date(2026, 11, 22));
        let serving = serve(app, &mut screen, keys_rx, daemon_rx, asks);
        let telling = async {
            for _ in 0..50 {
                daemon
                    .send(FromDaemon::Event { method: "event".to_owned(), params: changed.clone() })
                    .unwrap();
                tokio::task::yield_now().await;
            }
            keys.send(Ok(Input::Key(Key::Ctrl('q')))).await.unwrap();
        };
        let (app, ()) = tokio::join!(serving, telling);
        assert!(app.unwrap().quitting());
        assert_eq!(screen.1, 1, "the first paint only");
    }

    #[tokio::test]
    async fn the_end_of_the_keyboard_ends_the_loop() {
        let (keys, keys_rx) = channel::<io::Result<Input>>(1);
        drop(keys);
        let (_daemon, daemon_rx) = unbounded_channel();
        let (asks, _asks_rx) = unbounded_channel();
        let app = App::new(settings("mono"), jiff::civil::date(2026, 11, 22));
        let app = serve(app, &mut counted(), keys_rx, daemon_rx, asks).await.unwrap();
        assert!(!app.quitting());
    }
}
