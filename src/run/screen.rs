//! A pseudo-terminal: what a program that draws on a terminal is given in its place.

use std::io;

use tokio::process::{Child, Command};

use super::keyboard::Keyboard;
use super::pipe::Reader;
use super::window::Window;

/// Where a stream of a process leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// To the pseudo-terminal.
    Screen,
    /// To credflow.
    Pipe,
    /// To where credflow's own does.
    Inherited,
    /// Nowhere.
    Nothing,
}

/// The three streams of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) stdin: End,
    pub(super) stdout: End,
    pub(super) stderr: End,
}

impl Ends {
    /// Whether a pseudo-terminal is needed.
    pub(super) fn has_screen(self) -> bool {
        [self.stdin, self.stdout, self.stderr].contains(&End::Screen)
    }

    /// Ties up a command that has no pseudo-terminal.
    pub(super) fn tie(self, command: &mut Command) {
        let streams =
            [self.stdin, self.stdout, self.stderr].map(|end| end.stdio().unwrap_or_else(std::process::Stdio::piped));
        let [stdin, stdout, stderr] = streams;
        command.stdin(stdin).stdout(stdout).stderr(stderr);
    }
}

impl End {
    /// Nothing for the pseudo-terminal.
    fn stdio(self) -> Option<std::process::Stdio> {
        match self {
            Self::Screen => None,
            Self::Pipe => Some(std::process::Stdio::piped()),
            Self::Inherited => Some(std::process::Stdio::inherit()),
            Self::Nothing => Some(std::process::Stdio::null()),
        }
    }
}

/// Our side of a pseudo-terminal.
#[cfg(unix)]
pub(super) struct Screen {
    size: tokio::sync::watch::Receiver<super::window::Size>,
    writer: pty_process::OwnedWritePty,
    /// When the end of input is typed next, where there is nobody to type: a program that asks on its terminal then hears
    /// that nobody is there, instead of waiting for ever.
    hush: tokio::time::Interval,
}

/// How often the end of input is typed.
#[cfg(unix)]
const HUSH: std::time::Duration = std::time::Duration::from_secs(1);

/// The key that ends input (Ctrl-D).
#[cfg(unix)]
const END_OF_INPUT: &[u8] = b"\x04";

#[cfg(unix)]
impl Screen {
    /// Starts a command at the head of a session of its own, with a pseudo-terminal of the window's size. What it writes
    /// there comes from the reader. `is_typed` tells whether a person's keys will come.
    ///
    /// # Errors
    /// When the system has no pseudo-terminal, or can't start the command.
    pub(super) fn start(
        command: Command,
        window: &Window,
        ends: Ends,
        is_typed: bool,
    ) -> io::Result<(Child, Reader, Self)> {
        use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
        let (pty, pts) = pty_process::open().map_err(error)?;
        let mut size = window.follow();
        pty.resize(dimensions(*size.borrow_and_update())).map_err(error)?;
        if !is_typed {
            // Nobody types, and the terminal behind credflow makes its own line ends.
            let mut modes = tcgetattr(&pts)?;
            modes.output_modes.remove(OutputModes::ONLCR);
            modes.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&pts, OptionalActions::Now, &modes)?;
        }
        let mut command = pty_process::Command::from(command);
        if let Some(stdin) = ends.stdin.stdio() {
            command = command.stdin(stdin);
        }
        if let Some(stdout) = ends.stdout.stdio() {
            command = command.stdout(stdout);
        }
        if let Some(stderr) = ends.stderr.stdio() {
            command = command.stderr(stderr);
        }
        let child = command.spawn(pts).map_err(error)?;
        let (reader, writer) = pty.into_split();
        let mut hush = tokio::time::interval(HUSH);
        hush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok((child, Box::new(reader), Self { size, writer, hush }))
    }

    /// Passes on one change of the window's size, of which the system tells the program, or what is typed next.
    pub(super) async fn serve(&mut self, keyboard: Option<&mut Keyboard>) {
        let Self { size, writer, hush } = self;
        let (nobody, mut typed_end) = (keyboard.is_none(), false);
        tokio::select! {
            Ok(()) = size.changed() => {
                // A program that has ended needs no size.
                let _ = writer.resize(dimensions(*size.borrow_and_update()));
            }
            () = type_next(writer, keyboard) => {}
            _ = hush.tick(), if nobody => typed_end = true,
            else => std::future::pending().await,
        }
        if typed_end {
            // Not waited for: where nobody reads, the system takes only so many.
            let _ =
                tokio::time::timeout(std::time::Duration::ZERO, tokio::io::AsyncWriteExt::write(writer, END_OF_INPUT))
                    .await;
        }
    }
}

/// Types what the keyboard has next. Nothing is lost when it isn't waited for to the end.
#[cfg(unix)]
async fn type_next(writer: &mut pty_process::OwnedWritePty, keyboard: Option<&mut Keyboard>) {
    let Some(keyboard) = keyboard else { return std::future::pending().await };
    let keys = keyboard.keys().await;
    match tokio::io::AsyncWriteExt::write(writer, keys).await {
        Ok(count) => keyboard.typed(count),
        // Nobody is there to read.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(unix)]
fn dimensions(size: super::window::Size) -> pty_process::Size {
    pty_process::Size::new(size.rows, size.columns)
}

#[cfg(unix)]
fn error(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
        other => io::Error::other(other),
    }
}

/// There are none here.
#[cfg(not(unix))]
pub(super) enum Screen {}

#[cfg(not(unix))]
impl Screen {
    pub(super) fn start(_: Command, _: &Window, _: Ends, _: bool) -> io::Result<(Child, Reader, Self)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn serve(&mut self, _: Option<&mut Keyboard>) {
        match *self {}
    }
}
