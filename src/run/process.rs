//! One process from its start to the end of its output.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::audience::{Outlet, Seen};
use super::cancellation::Urgency;
use super::group::{Group, LOOK, Signal, lead};
use super::keyboard::Keyboard;
use super::limits::{Limits, cancelled, paused, signalled, until};
use super::outcome::Outcome;
use super::output::{Output, closed};
use super::reader::Reader;
use super::screen::{Lead, Leads, Screen, Served};
use super::supervisor::Supervisor;
use super::window::Window;
use crate::mask::{Listener, MaskSet};

/// How long an ended process's output may be silent before it counts as held open by something left behind.
const SILENCE: Duration = Duration::from_millis(200);

/// How long a command that is suspended may take to tidy up its screen.
#[cfg(unix)]
const TIDYING: Duration = Duration::from_millis(100);

/// How long it may go on in any case.
const REST: Duration = Duration::from_secs(5);

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
    /// The runner that reads it.
    pub(super) listener: Option<Listener>,
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
        let Self(output) = self;
        output.drain().await;
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
        let Setup { leads, window, own, masks, outlet, listener, keyboard, supervisor } = setup;
        command.kill_on_drop(true);
        let own = own || leads.has_session();
        let screen = window.filter(|_| leads.has_screen());
        let (mut child, mut shown, screen, joint) = if let Some(window) = screen {
            let (child, reader, screen) = Screen::start(command, window, leads, own, keyboard.is_some())?;
            (child, Some(reader), Some(screen), None)
        } else {
            leads.tie(&mut command);
            if own {
                lead(&mut command);
            }
            let joint = leads.joint(&mut command)?;
            let child = command.spawn()?;
            // The command has our copies of the pipe's other end.
            drop(command);
            (child, None, None, joint)
        };
        let group = Group::of(&child, own, supervisor);
        let stdout =
            joint.map_or_else(|| child.stdout.take().map(Reader::of_stdout).transpose(), |joint| Ok(Some(joint)))?;
        let stderr = child.stderr.take().map(Reader::of_stderr).transpose()?;
        // What is drawn on a terminal is one stream: that of the first that leads there.
        let stdout = if leads.stdout == Lead::Screen { shown.take() } else { stdout };
        let stderr = if leads.stderr == Lead::Screen { shown.take() } else { stderr };
        let mut output = Output::new(stdout, stderr, masks, outlet, listener);
        output.double_ends(keyboard.is_some());
        Ok(Self { group, attached: !own, output, child, screen, keyboard })
    }

    /// Passes its output on, masked and as it comes, and waits for its end or brings it about.
    pub(super) async fn watch(mut self, limits: &mut Limits) -> End {
        let outlet = self.output.outlet().clone();
        let mut seen = outlet.seen();
        let (mut phase, mut is_wanted) = (Phase::Running, false);
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
                streams = closed(&mut seen) => {
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
                    Phase::Resting { .. } if !(self.output.outlet().has_room() || is_given_up || limits.is_late()) => {
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
                served = served(&mut self.screen, &mut self.keyboard), if ended.is_none() && !is_wanted => match served {
                    Served::Done => {}
                    Served::Suspend => self.suspend(true).await,
                    Served::Wanted => is_wanted = true,
                },
                // The person's terminal makes no line ends once it is taken over: what has one too few is shown before.
                () = outlet.drained(), if is_wanted => if self.output.is_idle() {
                    is_wanted = false;
                    if let Some(keyboard) = &mut self.keyboard {
                        keyboard.take();
                        self.output.double_ends(!keyboard.is_taken());
                    }
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
        // Whoever ended it doesn't wait for the reader of its output.
        let is_ended = forced.is_some() || (is_given_up && matches!(ended, Some(Outcome::Signalled(_))));
        self.conclude(forced, ended, is_ended, limits).await
    }

    /// Passes on the last of its output, unless somebody who was left behind goes on writing.
    async fn conclude(
        self,
        forced: Option<Outcome>,
        ended: Option<Outcome>,
        is_ended: bool,
        limits: &mut Limits,
    ) -> End {
        // The keyboard goes last: what is shown until then has the line ends for its terminal.
        let Self { group, mut output, keyboard: _keyboard, .. } = self;
        let (mut rest, mut lost) = (None, None);
        if output.is_closed() || is_ended {
            output.finish(std::mem::take(limits).give_up(is_ended)).await;
            // What was lost counts more than how it ended.
            lost = output.outlet().fault().map(|reason| Outcome::OutputLost { reason });
        } else {
            rest = Some(Rest(output));
        }
        End { outcome: lost.or(forced).or(ended).unwrap_or(Outcome::Cancelled), left: group.left(), rest }
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
            self.output.double_ends(true);
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

/// Passes on one change of the window's size, or what is typed next.
async fn served(screen: &mut Option<Screen>, keyboard: &mut Option<Keyboard>) -> Served {
    match screen {
        Some(screen) => screen.serve(keyboard.as_mut()).await,
        None => std::future::pending().await,
    }
}
