//! One process from its start to the end of its output.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::audience::{Outlet, Seen};
use super::cancellation::{Cancellation, Urgency};
use super::group::{Group, LOOK, Signal, lead};
use super::keyboard::Keyboard;
use super::outcome::Outcome;
use super::output::Output;
use super::reader::Reader;
use super::screen::{Lead, Leads, Screen, Served};
use super::signals::Signals;
use super::supervisor::Supervisor;
use super::window::Window;
use crate::mask::MaskSet;

/// How long an ended process's output may be silent before it counts as held open by something left behind.
const SILENCE: Duration = Duration::from_millis(200);

/// How long a command that is suspended may take to tidy up its screen.
#[cfg(unix)]
const TIDYING: Duration = Duration::from_millis(100);

/// How long what waits to be shown may take to be, before the terminal is taken over.
const SHOWING: Duration = Duration::from_millis(50);

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
    /// Who may pause it.
    pub(super) suspension: Option<watch::Receiver<bool>>,
}

impl Limits {
    /// Waits until a reader of output isn't waited for any more: at once where the process `is_ended` by somebody.
    pub(super) async fn give_up(mut self, is_ended: bool) {
        if !is_ended {
            tokio::select! {
                () = until(self.deadline) => {}
                _ = cancelled(&mut self.cancellation) => {}
                _ = signalled(&mut self.signals) => {}
            }
        }
    }
}

/// A process that runs.
pub(super) struct Process {
    child: Child,
    group: Group,
    /// Whether a terminal's own signals reach the child without help.
    #[cfg_attr(not(unix), allow(dead_code))]
    attached: bool,
    output: Output,
    screen: Option<Screen>,
    /// Who types, where the process reads from a pseudo-terminal.
    keyboard: Option<Keyboard>,
}

/// How a process is started.
pub(super) struct Setup<'m> {
    /// Where its streams lead.
    pub(super) leads: Leads,
    /// The window of its pseudo-terminal, if it has one.
    pub(super) window: Option<&'m Window>,
    /// Whether it leads a process group of its own, which ends with it; otherwise it stays in the terminal's foreground.
    /// On a pseudo-terminal it always does.
    pub(super) own: bool,
    /// What of its output must not be seen.
    pub(super) masks: &'m Arc<MaskSet>,
    /// Where the rest of it goes.
    pub(super) outlet: Outlet,
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
pub(super) struct Rest(Output);

impl Rest {
    /// Passes it on to its end.
    pub(super) async fn drain(self) {
        let Self(mut output) = self;
        let mut seen = output.outlet().seen();
        while !output.is_closed() {
            tokio::select! {
                () = output.pass() => {}
                streams = changed(&mut seen) => output.leave(streams),
            }
        }
        output.finish(std::future::pending()).await;
    }

    /// That of a process which isn't watched.
    #[cfg(unix)]
    pub(super) fn of(output: Output) -> Self {
        Self(output)
    }

    /// Leaves it to whoever writes there, and to a relay that goes on reading; what is there by now is passed on before.
    pub(super) async fn leave(self, limits: Limits, relay: Option<&Path>, masks: &MaskSet) -> Option<String> {
        let Self(mut output) = self;
        #[cfg(unix)]
        if let Some(relay) = relay {
            let fault = output.outlet().fault();
            let pipes = output.hand_over(limits.give_up(false)).await;
            if pipes.iter().any(Option::is_some) {
                // Without it whoever writes finds the pipe closed.
                let _ = super::relay::start(relay, pipes, masks);
            }
            return fault;
        }
        #[cfg(not(unix))]
        let _ = (relay, masks);
        output.finish(limits.give_up(false)).await;
        output.outlet().fault()
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
        let Setup { leads, window, own, masks, outlet, keyboard, supervisor } = setup;
        command.kill_on_drop(true);
        let own = own || leads.has_session();
        let screen = window.filter(|_| leads.has_screen());
        let (mut child, mut shown, screen) = if let Some(window) = screen {
            let (child, reader, screen) = Screen::start(command, window, leads, own, keyboard.is_some())?;
            (child, Some(reader), Some(screen))
        } else {
            leads.tie(&mut command);
            if own {
                lead(&mut command);
            }
            (command.spawn()?, None, None)
        };
        let group = Group::of(&child, own, supervisor);
        let stdout = child.stdout.take().map(Reader::of_stdout).transpose()?;
        let stderr = child.stderr.take().map(Reader::of_stderr).transpose()?;
        // What is drawn on a terminal is one stream: that of the first that leads there.
        let stdout = if leads.stdout == Lead::Screen { shown.take() } else { stdout };
        let stderr = if leads.stderr == Lead::Screen { shown.take() } else { stderr };
        Ok(Self { group, attached: !own, output: Output::new(stdout, stderr, masks, outlet), child, screen, keyboard })
    }

    /// Passes its output on, masked and as it comes, and waits for its end or brings it about.
    pub(super) async fn watch(mut self, limits: &mut Limits) -> End {
        let mut seen = self.output.outlet().seen();
        let mut phase = Phase::Running;
        let (mut ended, mut forced, mut pause, mut is_given_up) = (None, None, None::<Instant>, false);
        loop {
            if self.output.is_closed() && ended.is_some() && matches!(phase, Phase::Resting { .. }) {
                break;
            }
            let alarm = match &phase {
                Phase::Running => limits.deadline.filter(|_| pause.is_none()),
                Phase::Ending { kill } if ended.is_none() => Some(*kill),
                Phase::Ending { kill } => Some((Instant::now() + LOOK).min(*kill)),
                Phase::Resting { silent, last, .. } => Some(*silent.min(last)),
            };
            tokio::select! {
                () = self.output.pass() => {
                    phase.hear();
                    if let Some(screen) = &mut self.screen {
                        screen.hear();
                    }
                }
                streams = changed(&mut seen) => {
                    self.output.leave(streams);
                    if streams.contains(&Seen::Failed) && matches!(phase, Phase::Running) {
                        (forced, is_given_up) = (Some(Outcome::Cancelled), true);
                        phase = self.end(limits.grace);
                    }
                }
                status = self.child.wait(), if ended.is_none() => {
                    ended = Some(status.map_or(Outcome::Failed(1), Outcome::from));
                    if matches!(phase, Phase::Running) {
                        phase = Phase::rest();
                    }
                }
                () = until(alarm) => match phase {
                    Phase::Running => {
                        (forced, is_given_up) = (Some(Outcome::TimedOut), true);
                        phase = self.end(limits.grace);
                    }
                    Phase::Ending { kill } => {
                        if Instant::now() >= kill {
                            phase = self.kill();
                        } else if !self.group.is_alive() {
                            phase = Phase::rest();
                        }
                    }
                    // Nobody hears whether it is silent.
                    Phase::Resting { .. } if !(self.output.outlet().has_room() || is_given_up || is_late(limits)) => {
                        phase = Phase::rest();
                    }
                    // Somebody who was left behind holds the pipe.
                    Phase::Resting { .. } => break,
                },
                urgency = cancelled(&mut limits.cancellation) => match phase {
                    Phase::Running => {
                        (forced, is_given_up) = (Some(Outcome::Cancelled), true);
                        phase = if urgency < Urgency::Now { self.end(limits.grace) } else { self.kill() };
                    }
                    Phase::Ending { .. } if urgency < Urgency::Now => {}
                    Phase::Ending { .. } | Phase::Resting { .. } => {
                        is_given_up = true;
                        phase = self.kill();
                    }
                },
                signal = signalled(&mut limits.signals) => {
                    is_given_up = true;
                    self.forward(signal).await;
                }
                // What is typed after its end is for whoever comes next.
                served = served(&mut self.screen, &mut self.keyboard), if ended.is_none() => match served {
                    Served::Done => {}
                    Served::Suspend => self.suspend(true).await,
                    Served::Wanted => self.take_terminal().await,
                },
                is_paused = paused(&mut limits.suspension) => {
                    self.group.send(if is_paused { Signal::STOP } else { Signal::CONT }, &mut self.child);
                    match (is_paused, pause.take()) {
                        (true, since) => pause = since.or_else(|| Some(Instant::now())),
                        (false, Some(since)) => limits.deadline = limits.deadline.map(|deadline| deadline + since.elapsed()),
                        (false, None) => {}
                    }
                }
            }
        }
        let Self { group, mut output, .. } = self;
        // Whoever ended it doesn't wait for the reader of its output.
        let is_ended = forced.is_some() || (is_given_up && matches!(ended, Some(Outcome::Signalled(_))));
        let rest = if !output.is_closed() && !is_ended {
            Some(Rest(output))
        } else {
            output.finish(std::mem::take(limits).give_up(is_ended)).await;
            // What was lost counts more than how it ended.
            forced = output.outlet().fault().map(|reason| Outcome::OutputLost { reason }).or(forced);
            None
        };
        End { outcome: forced.or(ended).unwrap_or(Outcome::Cancelled), left: group.left(), rest }
    }

    /// Tells the group to end. One that is stopped has to go on for that.
    fn end(&mut self, grace: Duration) -> Phase {
        self.group.send(Signal::TERM, &mut self.child);
        self.group.send(Signal::CONT, &mut self.child);
        Phase::Ending { kill: Instant::now() + grace }
    }

    /// Ends the group.
    fn kill(&mut self) -> Phase {
        self.group.send(Signal::KILL, &mut self.child);
        Phase::rest()
    }

    /// Passes a signal on; not those that a terminal sends to all of its foreground.
    async fn forward(&mut self, signal: Signal) {
        #[cfg(unix)]
        match signal {
            Signal::INT | Signal::QUIT if self.attached => return,
            Signal::TSTP => return self.suspend(false).await,
            _ => {}
        }
        self.group.send(signal, &mut self.child);
    }

    /// Takes over the person's terminal, which then makes no line ends: what was written without them is shown before.
    async fn take_terminal(&mut self) {
        let (Some(screen), Some(keyboard)) = (&self.screen, &mut self.keyboard) else { return };
        screen.make_line_ends();
        let showing = async {
            self.output.pass_now().await;
            self.output.outlet().drained().await;
        };
        let _: Result<(), _> = tokio::time::timeout(SHOWING, showing).await;
        keyboard.take();
    }

    /// Stops the command and this process with it, as a terminal's own suspension does, until a person lets both go on.
    /// `by_key` tells that only the command was typed to: then whoever else is in this process's group is stopped as well.
    #[cfg(unix)]
    async fn suspend(&mut self, by_key: bool) {
        // It may have a screen to tidy up.
        self.group.send(Signal::TSTP, &mut self.child);
        let tidying = async {
            loop {
                self.output.pass().await;
            }
        };
        let _: Result<(), _> = tokio::time::timeout(TIDYING, tidying).await;
        // A command whose session nobody controls isn't stopped by that.
        self.group.send(Signal::STOP, &mut self.child);
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.give_back();
        }
        let _ = super::signals::stop(by_key).await;
        self.group.send(Signal::CONT, &mut self.child);
    }

    #[cfg(not(unix))]
    async fn suspend(&mut self, _: bool) {}
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

/// Waits until a stream can't be shown any more, and tells of both.
async fn changed(seen: &mut watch::Receiver<[Seen; 2]>) -> [Seen; 2] {
    match seen.changed().await {
        Ok(()) => *seen.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

/// Passes on one change of the window's size, or what is typed next.
async fn served(screen: &mut Option<Screen>, keyboard: &mut Option<Keyboard>) -> Served {
    match screen {
        Some(screen) => screen.serve(keyboard.as_mut()).await,
        None => std::future::pending().await,
    }
}

fn is_late(limits: &Limits) -> bool {
    limits.deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// Waits for an instant, or for ever.
pub(super) async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => sleep_until(alarm).await,
        None => std::future::pending().await,
    }
}

/// Waits until the run pauses or goes on.
async fn paused(suspension: &mut Option<watch::Receiver<bool>>) -> bool {
    match suspension {
        Some(suspension) => match suspension.changed().await {
            Ok(()) => *suspension.borrow_and_update(),
            Err(_) => std::future::pending().await,
        },
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
