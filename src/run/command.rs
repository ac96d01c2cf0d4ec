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
use super::{ALWAYS_INHERITED, step};
use crate::mask::{Listener, MaskSet, Revealed};
use crate::render::FilledWorkflow;

/// A command with all that it is given.
#[derive(Debug)]
pub struct Command {
    /// The program, a path or a name to find in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What its variables hold, over those that it inherits.
    pub workflow: FilledWorkflow,
    /// Whether it inherits no others than [`ALWAYS_INHERITED`].
    pub clean_env: bool,
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

impl Command {
    /// A program that inherits this process's environment and is masked, without anything else.
    pub fn new(workflow: FilledWorkflow, program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            workflow,
            clean_env: false,
            window: None,
            is_unmasked: false,
            listener: None,
            supervisor: None,
            relay: None,
        }
    }

    /// Its whole environment: what is inherited, neither withheld nor replaced, and what is filled.
    fn set_environment(&self, command: &mut tokio::process::Command) -> Result<(), StartError> {
        let withheld = self.workflow.safeguards().withheld();
        let is_kept = |name: &OsStr| {
            let is_let_in = !self.clean_env || ALWAYS_INHERITED.iter().any(|kept| name == *kept);
            is_let_in && !withheld.iter().any(|withheld| name == withheld.as_str())
        };
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| is_kept(name)));
        for document in &self.workflow.documents {
            for (job, step) in document.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step))) {
                for variable in document.environment(job, step) {
                    let value = variable.binding.value.expose();
                    if let Some(reason) = unusable_variable(&variable.name, value) {
                        return Err(StartError::Unusable { reason });
                    }
                    command.env(variable.name, value);
                }
            }
        }
        Ok(())
    }

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
        command.args(&self.arguments);
        if let Err(error) = self.set_environment(&mut command) {
            return Outcome::NotStarted(error);
        }
        let masks = Arc::new(MaskSet::new(self.workflow.safeguards().masked().cloned()));
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
