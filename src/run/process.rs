//! One process from its start to the end of its output.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use super::cancellation::{Cancellation, Urgency};
use super::event::Stream;
use super::group::{Group, LOOK, Signal, lead};
use super::keyboard::Keyboard;
use super::mask::MaskSet;
use super::outcome::Outcome;
use super::outlet::{Outlet, Sink};
use super::pipe::{Pipe, Reader};
use super::screen::{Ends, Screen};
use super::signals::Signals;
use super::supervisor::Supervisor;
use super::window::Window;

/// How long an ended process's output may be silent before it counts as held open by something left behind.
const SILENCE: Duration = Duration::from_millis(200);

/// How long it may go on in any case.
const REST: Duration = Duration::from_secs(5);

/// What may end a process before its time.
#[derive(Default)]
pub(super) struct Limits {
    /// When it has taken too long.
    pub(super) deadline: Option<Instant>,
    /// Who may end it, and how urgent that was when it started.
    pub(super) cancellation: Option<(Cancellation, Urgency)>,
    /// How long it may take to end when it is told to.
    pub(super) grace: Duration,
    /// Signals to pass on.
    pub(super) signals: Option<Signals>,
}

/// A process that runs.
pub(super) struct Process {
    child: Child,
    group: Group,
    /// Whether a terminal's own signals reach the child without help.
    #[cfg_attr(not(unix), allow(dead_code))]
    attached: bool,
    stdout: Pipe,
    stderr: Pipe,
    screen: Option<Screen>,
    /// Who types, where the process reads from a pseudo-terminal.
    keyboard: Option<Keyboard>,
}

/// How a process is started.
pub(super) struct Setup<'m> {
    /// Where its streams lead.
    pub(super) ends: Ends,
    /// The window of its pseudo-terminal, if it has one.
    pub(super) window: Option<&'m Window>,
    /// Whether it leads a process group of its own, which ends with it; otherwise it stays in the terminal's foreground.
    /// On a pseudo-terminal it always does.
    pub(super) own: bool,
    /// What of its output must not be seen.
    pub(super) masks: &'m Arc<MaskSet>,
    /// Who types.
    pub(super) keyboard: Option<Keyboard>,
    /// Who ends it when this process is killed.
    pub(super) supervisor: Option<&'m Supervisor>,
}

/// How a process ended, and what is left of it.
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// Those of its group who live.
    pub(super) left: Option<Group>,
    /// What they may write, or somebody who left the group.
    pub(super) rest: Option<Rest>,
}

/// Output that goes on after the end of the process that it was for.
pub(super) struct Rest {
    stdout: Pipe,
    stderr: Pipe,
    outlet: Outlet,
}

impl Rest {
    /// Passes it on to its end.
    pub(super) async fn drain(mut self) {
        while !(self.stdout.is_closed() && self.stderr.is_closed()) {
            tokio::select! {
                (count, place) = self.stdout.read(&self.outlet) => self.stdout.pass(count, place),
                (count, place) = self.stderr.read(&self.outlet) => self.stderr.pass(count, place),
            }
        }
        self.outlet.end(std::future::pending()).await;
    }
}

/// What the end of a process is waiting for.
enum Phase {
    /// Its own end.
    Running,
    /// The end of its group, which was told to end.
    Ending { kill: Instant },
    /// The end of its output, with nobody known who could write.
    Resting { silent: Instant, last: Instant },
}

impl Process {
    /// Starts a command.
    ///
    /// # Errors
    /// When the system can't start it.
    pub(super) fn start(mut command: Command, setup: Setup<'_>) -> io::Result<Self> {
        let Setup { ends, window, own, masks, keyboard, supervisor } = setup;
        command.kill_on_drop(true);
        let (mut child, screen, own) = if let Some(window) = window.filter(|_| ends.has_screen()) {
            let (child, reader, screen) = Screen::start(command, window, ends, keyboard.is_some())?;
            (child, Some((reader, screen)), true)
        } else {
            ends.tie(&mut command);
            if own {
                lead(&mut command);
            }
            (command.spawn()?, None, own)
        };
        let stdout = child.stdout.take().map(|reader| Box::new(reader) as Reader);
        let stderr = child.stderr.take().map(|reader| Box::new(reader) as Reader);
        let (shown, screen) = screen.map_or((None, None), |(reader, screen)| (Some(reader), Some(screen)));
        Ok(Self {
            group: Group::of(&child, own, supervisor),
            attached: !own,
            // What is drawn on a terminal is one stream.
            stdout: Pipe::new(stdout.or(shown), Stream::Stdout, masks),
            stderr: Pipe::new(stderr, Stream::Stderr, masks),
            child,
            screen,
            keyboard,
        })
    }

    /// Passes its output on, masked and as it comes, and waits for its end or brings it about.
    pub(super) async fn watch(mut self, mut limits: Limits, sink: Sink) -> End {
        let outlet = Outlet::new(sink);
        let mut unseen = outlet.unseen();
        let mut phase = Phase::Running;
        let (mut ended, mut forced) = (None, None);
        loop {
            let silent = self.stdout.is_closed() && self.stderr.is_closed();
            if silent && ended.is_some() && matches!(phase, Phase::Resting { .. }) {
                break;
            }
            let alarm = match &phase {
                Phase::Running => limits.deadline,
                Phase::Ending { kill } if ended.is_none() => Some(*kill),
                Phase::Ending { kill } => Some((Instant::now() + LOOK).min(*kill)),
                Phase::Resting { silent, last, .. } => Some(*silent.min(last)),
            };
            tokio::select! {
                (count, place) = self.stdout.read(&outlet) => {
                    self.stdout.pass(count, place);
                    phase.hear();
                }
                (count, place) = self.stderr.read(&outlet) => {
                    self.stderr.pass(count, place);
                    phase.hear();
                }
                () = unseen.changed() => {
                    // Whoever writes there is to know, as it would from a pipe of its own.
                    self.stdout.leave(&unseen);
                    self.stderr.leave(&unseen);
                }
                status = self.child.wait(), if ended.is_none() => {
                    ended = Some(status.map_or(Outcome::Failed(1), Outcome::from));
                    if matches!(phase, Phase::Running) {
                        phase = Phase::rest();
                    }
                }
                () = until(alarm) => match phase {
                    Phase::Running => {
                        forced = Some(Outcome::TimedOut);
                        phase = self.end(limits.grace);
                    }
                    Phase::Ending { kill } => {
                        if Instant::now() >= kill {
                            phase = self.kill();
                        } else if !self.group.is_alive() {
                            phase = Phase::rest();
                        }
                    }
                    // Somebody who was left behind holds the pipe.
                    Phase::Resting { .. } => break,
                },
                urgency = cancelled(&mut limits.cancellation) => match phase {
                    Phase::Running => {
                        forced = Some(Outcome::Cancelled);
                        phase = if urgency < Urgency::Now { self.end(limits.grace) } else { self.kill() };
                    }
                    Phase::Ending { .. } if urgency < Urgency::Now => {}
                    Phase::Ending { .. } | Phase::Resting { .. } => phase = self.kill(),
                },
                signal = signalled(&mut limits.signals) => self.forward(signal),
                () = served(&mut self.screen, &mut self.keyboard) => {}
            }
        }
        let is_open = !(self.stdout.is_closed() && self.stderr.is_closed());
        let goes_on = is_open && forced.is_none();
        let Self { group, mut stdout, mut stderr, .. } = self;
        let rest = if goes_on {
            Some(Rest { stdout, stderr, outlet })
        } else {
            stdout.close(outlet.place_now());
            stderr.close(outlet.place_now());
            let is_forced = forced.is_some();
            outlet
                .end(async move {
                    if !is_forced {
                        tokio::select! {
                            () = until(limits.deadline) => {}
                            _ = cancelled(&mut limits.cancellation) => {}
                            _ = signalled(&mut limits.signals) => {}
                        }
                    }
                })
                .await;
            None
        };
        End { outcome: forced.or(ended).unwrap_or(Outcome::Cancelled), left: group.left(), rest }
    }

    /// Tells the group to end.
    fn end(&mut self, grace: Duration) -> Phase {
        self.group.send(Signal::TERM, &mut self.child);
        Phase::Ending { kill: Instant::now() + grace }
    }

    /// Ends the group.
    fn kill(&mut self) -> Phase {
        self.group.send(Signal::KILL, &mut self.child);
        Phase::rest()
    }

    /// Passes a signal on; not those that a terminal sends to all of its foreground.
    fn forward(&mut self, signal: Signal) {
        #[cfg(unix)]
        if self.attached && (signal == Signal::INT || signal == Signal::QUIT) {
            return;
        }
        self.group.send(signal, &mut self.child);
    }
}

impl Phase {
    fn rest() -> Self {
        let now = Instant::now();
        Self::Resting { silent: now + SILENCE, last: now + REST }
    }

    /// Something was written.
    fn hear(&mut self) {
        if let Self::Resting { silent, .. } = self {
            *silent = Instant::now() + SILENCE;
        }
    }
}

/// Passes on one change of the window's size, or what is typed next.
async fn served(screen: &mut Option<Screen>, keyboard: &mut Option<Keyboard>) {
    match screen {
        Some(screen) => screen.serve(keyboard.as_mut()).await,
        None => std::future::pending().await,
    }
}

/// Waits for an instant, or for ever.
async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

/// Waits until the run is to end, or to end sooner than known.
async fn cancelled(cancellation: &mut Option<(Cancellation, Urgency)>) -> Urgency {
    match cancellation {
        Some((cancellation, known)) => {
            *known = cancellation.beyond(*known).await;
            *known
        }
        None => std::future::pending().await,
    }
}

async fn signalled(signals: &mut Option<Signals>) -> Signal {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}
