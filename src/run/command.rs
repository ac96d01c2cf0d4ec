//! One command of a person's, with an environment that holds values.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::audience::Audience;
use super::event::{Shown, StepPlace, Stream, Unshown};
use super::keyboard::Keyboard;
use super::limits::Limits;
use super::load::Load;
use super::outcome::{Outcome, StartError};
use super::process::{End, Process, Setup};
use super::refuse::unusable_variable;
use super::screen::{Lead, Leads, is_joined};
use super::signals::Signals;
use super::supervisor::Supervisor;
use super::window::Window;
use super::{inherited, step};
use crate::mask::{Listener, MaskSet, Revealed};
use crate::render::Filled;
use crate::secret::Secret;

/// A command with all that it is given.
#[derive(Debug)]
pub struct Command {
    /// The program, a path or a name to find in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment, by name; nothing is inherited beside it.
    pub environment: Vec<(OsString, Value)>,
    /// Inherited variables whose values are masked, though it doesn't get them.
    pub withheld: Vec<OsString>,
    /// What else is masked, though it doesn't get it.
    pub masked: Vec<Arc<Secret>>,
    /// The terminal that the output is shown on: what of the command's streams is a terminal is then a pseudo-terminal of
    /// its size.
    pub window: Option<Window>,
    /// Whether its standard output is this process's own, and nobody looks at it. Its errors are masked all the same.
    pub is_unmasked: bool,
    /// The runner that reads the output: `output` is then shown what the command told that runner to mask.
    pub listener: Option<Listener>,
    /// Who ends the command when this process is killed. What it leaves behind isn't ended.
    pub supervisor: Option<Supervisor>,
    /// The program that goes on masking what the command leaves behind, and gives it somebody to write to: it is called with
    /// [`RELAY_VERB`](super::RELAY_VERB) and is to call [`relay`](super::relay()). Without one the pipes of what is left
    /// behind are closed.
    pub relay: Option<PathBuf>,
}

/// What a variable of a [`Command`] holds.
#[derive(Debug)]
pub enum Value {
    /// A value as it was found, which may be no UTF-8.
    Inherited(OsString),
    /// A value in which credentials were looked for.
    Filled(Filled),
}

impl Value {
    /// Why no process can be given this in a variable of that name. What is inherited, a process was given already.
    fn unusable(&self, name: &OsStr) -> Option<String> {
        match self {
            Self::Inherited(_) => None,
            Self::Filled(value) => unusable_variable(&name.to_string_lossy(), value.expose()),
        }
    }
}

impl Command {
    /// Runs it to its end and passes its output on, masked. SIGTERM, SIGINT, SIGHUP and SIGQUIT are passed on to it; how
    /// it deals with them is its own matter. It has credflow's standard input.
    ///
    /// With a [`window`](Command::window) it has a pseudo-terminal: it may draw, ask and be told of the window's size, and
    /// gets every key as it is typed. Without one its output goes through pipes; it then stays in the foreground of the
    /// terminal that standard input is, so that it can read, and gets SIGINT from the terminal itself. Elsewhere it leads
    /// its own process group, which is sent the signals as a whole. What it leaves behind lives on.
    ///
    /// Needs a tokio runtime with its drivers enabled. The exit code to give is the outcome's.
    ///
    /// `output` shows a piece of output, on a thread of its own, and says whether it could be shown: the command is told as it
    /// would be by a pipe of its own, or ended when its output can't be written. A slow one slows the command down. With a
    /// [`listener`](Command::listener) it is given what that is to see in the stars' places, and nothing otherwise.
    ///
    /// # Panics
    /// As `output` did.
    pub async fn execute(
        self,
        output: impl FnMut(Stream, &[u8], &[Revealed]) -> Result<(), Unshown> + Send + 'static,
    ) -> Outcome {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        for (name, value) in &self.environment {
            if let Some(reason) = value.unusable(name) {
                return Outcome::NotStarted(StartError::Unusable { reason });
            }
            match value {
                Value::Inherited(value) => command.env(name, value),
                Value::Filled(value) => command.env(name, value.expose()),
            };
        }
        let parts = self.environment.iter().flat_map(|(_, value)| match value {
            Value::Inherited(_) => &[],
            Value::Filled(value) => value.parts(),
        });
        let masks =
            Arc::new(MaskSet::new(parts.cloned().chain(inherited(&self.withheld)).chain(self.masked.iter().cloned())));
        let (program, load) = (step::name(&command), Load::of(command.as_std(), false));
        // Before it starts, so that no signal is lost.
        let signals = match Signals::take() {
            Ok(signals) => signals,
            Err(error) => return not_started(&error, program),
        };
        let typed = std::io::stdin().is_terminal();
        let leads = self.leads(typed);
        let keyboard = match leads.has_session().then(Keyboard::find).transpose() {
            Ok(keyboard) => keyboard.flatten(),
            Err(error) => return not_started(&error, program),
        };
        let (audience, ending) = Audience::start(Box::new(Shown(output)));
        let outlet = audience.outlet(StepPlace::of_command(&program));
        let setup = Setup {
            leads,
            window: self.window.as_ref(),
            own: !typed,
            masks: &masks,
            outlet,
            listener: self.listener,
            keyboard,
            supervisor: self.supervisor.as_ref(),
        };
        let outcome = match Process::start(command, setup) {
            Ok(process) => {
                let mut limits = Limits { signals: Some(signals), ..Limits::default() };
                let End { outcome, left, rest } = process.watch(&mut limits).await;
                if let Some(group) = left {
                    group.release();
                }
                let lost = match rest {
                    Some(rest) => rest.leave(limits, self.relay.as_deref(), &masks).await,
                    None => None,
                };
                lost.map_or(outcome, |reason| Outcome::OutputLost { reason })
            }
            Err(error) => Outcome::NotStarted(step::fault(&error, program, load, None)),
        };
        drop(audience);
        // All of it was told, or given up, before.
        ending.finish(std::future::ready(())).await;
        outcome
    }

    /// Where its streams lead.
    ///
    /// Only a command that shows its results on the terminal gets one of its own to type at: elsewhere somebody else may
    /// show them there, as a pager does.
    fn leads(&self, typed: bool) -> Leads {
        let shown = |is_terminal: bool| if self.window.is_some() && is_terminal { Lead::Screen } else { Lead::Pipe };
        let stderr = shown(std::io::stderr().is_terminal());
        if self.is_unmasked {
            // Even where both lead to one place, its errors come through a pipe of their own.
            return Leads { stdin: Lead::Inherited, stdout: Lead::Inherited, stderr, is_joined: false };
        }
        let stdout = shown(std::io::stdout().is_terminal());
        let stdin = if typed && stdout == Lead::Screen { Lead::Screen } else { Lead::Inherited };
        Leads { stdin, stdout, stderr, is_joined: is_joined() }
    }
}

fn not_started(error: &std::io::Error, program: String) -> Outcome {
    Outcome::NotStarted(StartError::NotExecutable { program, reason: error.to_string() })
}
