//! The person at the other end: two streams, and whether they are a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Exit;
use super::streams::OwnStream;
use crate::diagnostic::human::{self, Style};
use crate::diagnostic::{Diagnostics, printable};
use crate::run::{Size, Unshown, Window};

/// Where results and words go. Tests put buffers in.
#[derive(Clone)]
pub struct Terminal {
    out: Stream,
    err: Stream,
    style: Style,
    live: bool,
    screen: bool,
    level: Level,
    /// Whether there is progress to take away.
    has_progress: Arc<AtomicBool>,
    /// What couldn't be written, first of all.
    fault: Arc<Mutex<Option<String>>>,
    is_command: bool,
}

type Stream = Arc<Mutex<dyn Write + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Quiet,
    Normal,
    Verbose,
    Wordy,
}

impl Terminal {
    /// The streams of this process, which is the command itself: `run` and `exec` start its program once more, as their
    /// supervisor. Colour and progress are for a terminal alone; `NO_COLOR` turns colour off.
    pub fn of_process() -> Self {
        let terminal = io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let mut made = Self::new(OwnStream::Stdout, OwnStream::Stderr);
        made.is_command = true;
        made.live = terminal && !dumb;
        made.screen = made.live && io::stdout().is_terminal();
        if terminal && !plain && !dumb {
            made.style = Style::Colour;
        }
        made
    }

    /// Streams that are no terminal.
    pub fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Arc::new(Mutex::new(out)),
            err: Arc::new(Mutex::new(err)),
            style: Style::Plain,
            live: false,
            screen: false,
            level: Level::Normal,
            has_progress: Arc::default(),
            fault: Arc::default(),
            is_command: false,
        }
    }

    /// Whether this process's program is the command.
    pub(super) fn is_command(&self) -> bool {
        self.is_command
    }

    pub(super) fn set_level(&mut self, quiet: bool, verbose: u8) {
        self.level = match (quiet, verbose) {
            (true, _) => Level::Quiet,
            (_, 0) => Level::Normal,
            (_, 1) => Level::Verbose,
            _ => Level::Wordy,
        };
    }

    /// Writes a result, and gives how the verb ends with it. A closed pipe is no fault: nobody wants to read on.
    pub(super) fn result(&self, bytes: &[u8]) -> Exit {
        match self.write(&self.out, bytes) {
            Err(Unshown::Failed(error)) => {
                self.error(&format!("cannot write to standard output: {error}"));
                Exit::World
            }
            _ => Exit::Success,
        }
    }

    /// Says something to a person, unless it should be quiet.
    pub(super) fn say(&self, text: &str) {
        if self.level >= Level::Normal {
            self.line(text);
        }
    }

    /// Says something that only some want to know.
    pub(super) fn detail(&self, text: &str) {
        if self.level >= Level::Verbose {
            self.line(text);
        }
    }

    /// Says something that few want to know.
    pub(super) fn minutia(&self, text: &str) {
        if self.level >= Level::Wordy {
            self.line(text);
        }
    }

    /// Warns of something that is no fault of the files.
    pub(super) fn warn(&self, text: &str) {
        self.say(&format!("{}: {}", self.paint("1;33", "warning"), printable(text)));
    }

    /// Says what went wrong.
    pub(super) fn error(&self, text: &str) {
        let head = match self.style {
            Style::Plain => "error",
            Style::Colour => "\u{1b}[1;31merror\u{1b}[0m",
        };
        self.line(&format!("{head}: {}", printable(text)));
    }

    /// Shows complaints; warnings alone not when it should be quiet.
    pub(super) fn diagnostics(&self, diagnostics: &Diagnostics) {
        if diagnostics.is_empty() || (self.level == Level::Quiet && !diagnostics.has_errors()) {
            return;
        }
        let text = human::write(diagnostics, self.style);
        let _ = self.write(&self.err, text.as_bytes());
    }

    /// Shows progress on a line of its own that the next one replaces; an empty one takes it away.
    pub(super) fn progress(&self, text: &str) {
        let is_shown = self.has_progress.swap(!text.is_empty(), Ordering::Relaxed);
        if self.live && self.level >= Level::Normal && (is_shown || !text.is_empty()) {
            let _ = self.write(&self.err, format!("\r\u{1b}[2K{text}").as_bytes());
        }
    }

    /// Output of a step or command, to the stream that it came from.
    pub(super) fn pass(&self, to_stderr: bool, bytes: &[u8]) -> Result<(), Unshown> {
        self.write(if to_stderr { &self.err } else { &self.out }, bytes)
    }

    /// Writes all of some bytes. What went wrong first is kept, but for a pipe that nobody reads.
    fn write(&self, stream: &Stream, bytes: &[u8]) -> Result<(), Unshown> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let written = stream.write_all(bytes).and_then(|()| stream.flush()).map_err(Unshown::from);
        if let Err(Unshown::Failed(error)) = &written {
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
        written
    }

    /// Whether something couldn't be written, though somebody might have read it.
    pub(super) fn has_failed(&self) -> bool {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Text in a colour, where there is colour.
    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    /// Whether only errors are to be told.
    pub(super) fn is_quiet(&self) -> bool {
        self.level == Level::Quiet
    }

    /// Whether stderr is a terminal.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether standard output is a terminal as well.
    pub(super) fn is_screen(&self) -> bool {
        self.screen
    }

    /// The window in which the output of processes is shown, if any of it is. It follows the terminal's size for as long
    /// as the runtime lives.
    pub(super) fn window() -> Option<Window> {
        if !io::stdout().is_terminal() && !io::stderr().is_terminal() {
            return None;
        }
        let window = Window::new(size());
        #[cfg(unix)]
        if let Ok(mut changes) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()) {
            let window = window.clone();
            tokio::spawn(async move {
                while changes.recv().await.is_some() {
                    window.resize(size());
                }
            });
        }
        Some(window)
    }

    fn line(&self, text: &str) {
        let _ = self.write(&self.err, format!("{text}\n").as_bytes());
    }
}

/// The terminal's size; what they mostly have where it can't be known.
pub(super) fn size() -> Size {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stderr())
        && size.ws_row > 0
        && size.ws_col > 0
    {
        return Size { rows: size.ws_row, columns: size.ws_col };
    }
    Size { rows: 24, columns: 80 }
}
