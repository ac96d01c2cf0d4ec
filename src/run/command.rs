//! One command of a person's, with an environment that holds values.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::Stdio;
use std::sync::Arc;

use super::event::Stream;
use super::mask::MaskSet;
use super::outcome::{Outcome, StartError};
use super::process::{Limits, Process};
use super::signals::Signals;
use super::step;
use crate::render::Filled;

/// A command with all that it is given.
#[derive(Debug)]
pub struct Command {
    /// The program, a path or a name to find in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment, by name; nothing is inherited beside it.
    pub environment: Vec<(OsString, Value)>,
}

/// What a variable of a [`Command`] holds.
#[derive(Debug)]
pub enum Value {
    /// A value as it was found, which may be no UTF-8.
    Inherited(OsString),
    /// A value in which credentials were looked for.
    Filled(Filled),
}

impl Command {
    /// Runs it to its end and passes its output on, masked. It has credflow's standard input. SIGTERM, SIGINT and SIGHUP
    /// are passed on to it; how it deals with them is its own matter.
    ///
    /// On a terminal it stays in the foreground, so that it can read, and gets SIGINT from the terminal itself. Elsewhere
    /// it leads its own process group, which is sent the signals as a whole.
    ///
    /// Needs a tokio runtime with its drivers enabled. The exit code to give is the outcome's.
    pub async fn execute(self, mut output: impl FnMut(Stream, &[u8]) + Send) -> Outcome {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().stdin(Stdio::inherit());
        for (name, value) in &self.environment {
            match value {
                Value::Inherited(value) => command.env(name, value),
                Value::Filled(value) => command.env(name, value.expose()),
            };
        }
        let parts = self.environment.iter().flat_map(|(_, value)| match value {
            Value::Inherited(_) => &[],
            Value::Filled(value) => value.parts(),
        });
        let masks = Arc::new(MaskSet::new(parts.cloned()));
        let program = step::name(&command);
        // Before it starts, so that no signal is lost.
        let signals = match Signals::take() {
            Ok(signals) => signals,
            Err(error) => {
                let reason = error.to_string();
                return Outcome::NotStarted(StartError::NotExecutable { program, reason });
            }
        };
        let own = !std::io::stdin().is_terminal();
        match Process::start(command, own, &masks) {
            Ok(process) => {
                let limits = Limits { signals: Some(signals), ..Limits::default() };
                process.watch(limits, &mut output).await
            }
            Err(error) => Outcome::NotStarted(step::fault(&error, program, None)),
        }
    }
}
