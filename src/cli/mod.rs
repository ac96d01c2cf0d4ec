//! The command: the only layer that prints.
//!
//! [`main`] takes arguments and streams and gives an exit code, so that it can be called in a test.

mod advice;
mod args;
mod audit;
mod check;
mod emulate;
mod exec;
mod fetch;
mod get;
mod input;
mod live;
mod merged;
mod plan;
mod probe;
mod render;
mod run;
mod runner;
mod stores;
mod streams;
mod supervision;
mod terminal;
mod told;
mod used;
mod variables;
mod waiting;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use args::{Cli, Verb};
pub use terminal::Terminal;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// As it should.
    Success,
    /// Faults in the files.
    Faults,
    /// The arguments don't fit together, or to the files.
    Usage,
    /// The network, an identity, a vault, or the file system.
    World,
    /// What `run` and `exec` give on.
    Child(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Faults => 1,
            Self::Usage => 2,
            Self::World => 3,
            Self::Child(code) => code,
        }
    }
}

/// Before or around a child credflow itself failed.
const AROUND: u8 = 125;

/// Runs the command and gives its exit code. What couldn't be written is never a success.
pub fn main(args: impl IntoIterator<Item = OsString>, terminal: &mut Terminal) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if supervision::is_asked_for(&args) {
        return supervision::supervise().code();
    }
    if let Some(relayed) = supervision::relay(&args, terminal) {
        return relayed.code();
    }
    match verb(args, terminal) {
        (0, failed) if terminal.has_failed() => failed.code(),
        (code, _) => code,
    }
}

/// The exit code of a verb, and how it ends when its words couldn't be written.
fn verb(args: impl IntoIterator<Item = OsString>, terminal: &mut Terminal) -> (u8, Exit) {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; the rest is an error. clap colours by its own look at the stream.
            let rendered = error.render();
            let text = if terminal.is_live() { rendered.ansi().to_string() } else { rendered.to_string() };
            let _ = terminal.pass(error.use_stderr(), text.as_bytes());
            return (if error.use_stderr() { Exit::Usage.code() } else { Exit::Success.code() }, Exit::World);
        }
    };
    terminal.set_level(cli.global.quiet, cli.global.verbose);
    let global = &cli.global;
    let around = |exit: Exit| match exit {
        Exit::Faults | Exit::Usage | Exit::World => AROUND,
        exit => exit.code(),
    };
    let failed = if matches!(cli.verb, Verb::Run(_) | Verb::Exec(_)) { Exit::Child(AROUND) } else { Exit::World };
    let code = match &cli.verb {
        Verb::Check(args) => check::check(args, global, terminal).code(),
        Verb::Plan(args) => plan::plan(args, global, terminal).code(),
        Verb::Render(args) => render::render(args, global, terminal).code(),
        Verb::Get(args) => get::get(args, global, terminal).code(),
        Verb::Run(args) => around(run::run(args, global, terminal)),
        Verb::Exec(args) => around(exec::exec(args, global, terminal)),
        Verb::Audit(args) => audit::audit(args, terminal).code(),
        Verb::Stores(args) => stores::stores(args, global, terminal).code(),
        Verb::Emulate(args) => emulate::emulate(args, terminal).code(),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "credflow", &mut script);
            terminal.result(&script).code()
        }
    };
    (code, failed)
}
