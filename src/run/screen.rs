//! A pseudo-terminal: what a program that draws on a terminal is given in its place.

use std::io;
#[cfg(unix)]
use std::os::fd::AsFd;

#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use tokio::process::{Child, Command};

#[cfg(unix)]
use super::keyboard::Key;
use super::keyboard::Keyboard;
use super::reader::Reader;
use super::window::Window;
#[cfg(unix)]
use super::wish::Wish;

/// Where a stream of a process leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// To the pseudo-terminal.
    Screen,
    /// To credflow.
    Pipe,
    /// To where credflow's own does.
    Inherited,
    /// Nowhere.
    Nothing,
}

/// Where the three streams of a process lead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leads {
    pub(super) stdin: Lead,
    pub(super) stdout: Lead,
    pub(super) stderr: Lead,
    /// Whether both outputs lead to one place in the end: one pipe for both keeps their order.
    pub(super) is_joined: bool,
}

/// Whether the standard output of this process and its errors lead to the same pipe, file or terminal.
pub fn is_joined() -> bool {
    #[cfg(unix)]
    return match (rustix::fs::fstat(rustix::stdio::stdout()), rustix::fs::fstat(rustix::stdio::stderr())) {
        (Ok(stdout), Ok(stderr)) => (stdout.st_dev, stdout.st_ino) == (stderr.st_dev, stderr.st_ino),
        _ => false,
    };
    #[cfg(not(unix))]
    false
}

impl Leads {
    /// Whether a pseudo-terminal is needed.
    pub(super) fn has_screen(self) -> bool {
        self.has_session() || self.stderr == Lead::Screen
    }

    /// Whether it is the process's own terminal. One that only shows its errors isn't: where the process writes its results
    /// somewhere else, the person's terminal stays its own.
    pub(super) fn has_session(self) -> bool {
        self.stdin == Lead::Screen || self.stdout == Lead::Screen
    }

    /// Gives a command one pipe for both outputs, where they lead to one place; our end of it.
    ///
    /// # Errors
    /// When the system has none.
    #[cfg(unix)]
    pub(super) fn joint(self, command: &mut Command) -> io::Result<Option<Reader>> {
        if !self.is_joined || (self.stdout, self.stderr) != (Lead::Pipe, Lead::Pipe) {
            return Ok(None);
        }
        let (reader, writer) = io::pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        Reader::of_pipe(reader.into()).map(Some)
    }

    #[cfg(not(unix))]
    pub(super) fn joint(self, _: &mut Command) -> io::Result<Option<Reader>> {
        Ok(None)
    }

    /// Ties up what of a command leads to no pseudo-terminal.
    pub(super) fn tie(self, command: &mut Command) {
        if let Some(stdin) = self.stdin.stdio() {
            command.stdin(stdin);
        }
        if let Some(stdout) = self.stdout.stdio() {
            command.stdout(stdout);
        }
        if let Some(stderr) = self.stderr.stdio() {
            command.stderr(stderr);
        }
    }
}

impl Lead {
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

/// What came of serving a pseudo-terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// Something was passed on.
    Done,
    /// The command is to be suspended.
    Suspend,
    /// The command waits for keys: the person's terminal is to be taken over.
    Wanted,
}

/// Our side of a pseudo-terminal.
#[cfg(unix)]
pub(super) struct Screen {
    size: tokio::sync::watch::Receiver<super::window::Size>,
    writer: pty_process::OwnedWritePty,
    /// Whether keys are waited for.
    wish: Option<Wish>,
    /// When the end of input is typed next, where there is nobody to type: a program that asks on its terminal then hears
    /// that nobody is there, instead of waiting for ever.
    hush: Option<tokio::time::Interval>,
}

/// How often the end of input is typed.
#[cfg(unix)]
const HUSH: std::time::Duration = std::time::Duration::from_secs(1);

/// The key that ends input (Ctrl-D).
#[cfg(unix)]
const END_OF_INPUT: &[u8] = b"\x04";

#[cfg(unix)]
impl Screen {
    /// Starts a command with a pseudo-terminal of the window's size: at the head of a session of its own, or in ours where
    /// only its errors lead there; then at the head of a group of its `own`, or in ours. What it writes there comes from the
    /// reader. `is_typed` tells whether a person's keys will come.
    ///
    /// # Errors
    /// When the system has no pseudo-terminal, or can't start the command.
    pub(super) fn start(
        mut command: Command,
        window: &Window,
        leads: Leads,
        own: bool,
        is_typed: bool,
    ) -> io::Result<(Child, Reader, Self)> {
        let (pty, pts) = pty_process::open().map_err(error)?;
        let mut size = window.follow();
        pty.resize(dimensions(*size.borrow_and_update())).map_err(error)?;
        let reader = Reader::of_pty(pty.as_fd().try_clone_to_owned()?.into())?;
        if !is_typed {
            // Nobody types, and the terminal behind credflow makes its own line ends.
            let mut modes = tcgetattr(&pts)?;
            modes.output_modes.remove(OutputModes::ONLCR);
            modes.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&pts, OptionalActions::Now, &modes)?;
        }
        let child = if leads.has_session() {
            spawn(command, leads, pts)?
        } else {
            leads.tie(&mut command);
            command.stderr(pts.as_fd().try_clone_to_owned()?);
            if own {
                super::group::lead(&mut command);
            }
            let child = command.spawn()?;
            drop((command, pts));
            child
        };
        let leader = child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        let wish = leader.map(|leader| Ok::<_, io::Error>(Wish::new(pty.as_fd().try_clone_to_owned()?.into(), leader)));
        let wish = wish.transpose()?;
        let (_, writer) = pty.into_split();
        let hush = (leads.has_session() && !is_typed).then(|| {
            let mut hush = tokio::time::interval(HUSH);
            hush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            hush
        });
        Ok((child, reader, Self { size, writer, wish, hush }))
    }

    /// The command has written something.
    pub(super) fn hear(&mut self) {
        if let Some(wish) = &mut self.wish {
            wish.hear();
        }
    }

    /// Passes on one change of the window's size, of which the system tells the program, or what is typed next.
    pub(super) async fn serve(&mut self, keyboard: Option<&mut Keyboard>) -> Served {
        let Self { size, writer, wish, hush } = self;
        let mut typed_end = false;
        let served = tokio::select! {
            Ok(()) = size.changed() => {
                // A program that has ended needs no size.
                let _ = writer.resize(dimensions(*size.borrow_and_update()));
                Served::Done
            }
            served = type_next(writer, keyboard, wish) => served,
            () = tick(hush) => {
                typed_end = true;
                Served::Done
            }
            else => std::future::pending().await,
        };
        if typed_end {
            // Not waited for: where nobody reads, the system takes only so many.
            let _ =
                tokio::time::timeout(std::time::Duration::ZERO, tokio::io::AsyncWriteExt::write(writer, END_OF_INPUT))
                    .await;
        }
        served
    }
}

/// Starts a command at the head of a session on a pseudo-terminal.
#[cfg(unix)]
fn spawn(command: Command, leads: Leads, pts: pty_process::Pts) -> io::Result<Child> {
    let mut command = pty_process::Command::from(command);
    // Said again: what isn't said to it leads to the pseudo-terminal.
    if let Some(stdin) = leads.stdin.stdio() {
        command = command.stdin(stdin);
    }
    if let Some(stdout) = leads.stdout.stdio() {
        command = command.stdout(stdout);
    }
    if let Some(stderr) = leads.stderr.stdio() {
        command = command.stderr(stderr);
    }
    command.spawn(pts).map_err(error)
}

#[cfg(unix)]
async fn tick(hush: &mut Option<tokio::time::Interval>) {
    match hush {
        Some(hush) => drop(hush.tick().await),
        None => std::future::pending().await,
    }
}

/// Types what the keyboard has next. Nothing is lost when it isn't waited for
/// to the end.
#[cfg(unix)]
async fn type_next(
    writer: &mut pty_process::OwnedWritePty,
    keyboard: Option<&mut Keyboard>,
    wish: &mut Option<Wish>,
) -> Served {
    let (Some(keyboard), Some(wish)) = (keyboard, wish) else { return std::future::pending().await };
    let typed = match keyboard.next(wish).await {
        Key::Suspend => return Served::Suspend,
        Key::Wanted => return Served::Wanted,
        Key::Typed(keys) => tokio::io::AsyncWriteExt::write(writer, keys).await,
    };
    match typed {
        Ok(count) => keyboard.typed(count),
        // Nobody is there to read.
        Err(_) => std::future::pending().await,
    }
    Served::Done
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
    pub(super) fn hear(&mut self) {
        match *self {}
    }

    pub(super) fn start(_: Command, _: &Window, _: Leads, _: bool, _: bool) -> io::Result<(Child, Reader, Self)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn serve(&mut self, _: Option<&mut Keyboard>) -> Served {
        match *self {}
    }
}
