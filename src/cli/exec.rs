//! `exec`: one command with the references in its environment resolved.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;

use super::args::{Exec, Global};
use super::audit::Trail;
use super::fetch::FetchedWorkflow;
use super::input::Failure;
use super::run::exit_code;
use super::runner::{self, Registration, RunnerLog};
use super::streams::OwnStream;
use super::used::Uses;
use super::waiting::{Interrupt, Waiting};
use super::{Exit, Terminal, fetch, input, supervision, variables};
use crate::audit;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::mask::Revealed;
use crate::plan::Plan;
use crate::reference::{OPENING, Piece, PieceKind, pieces};
use crate::render::FilledWorkflow;
use crate::run::{Command, Outcome, Reaper, unusable_variable};
use crate::source::Span;

/// What a scope calls the workflow of `exec`.
const NAME: &str = "exec";

pub(super) fn exec(args: &Exec, global: &Global, terminal: &Terminal) -> Exit {
    if let Some(why) = args.no_mask.then(unmaskable).flatten() {
        terminal.error(&why);
        return Exit::Child(Exit::Usage.code());
    }
    let registration = match Registration::new(args.surroundings.register_masks, false, terminal) {
        Ok(registration) => registration,
        Err(exit) => return exit,
    };
    let plan = match plan(args, global, terminal) {
        Ok((plan, warnings)) => {
            terminal.diagnostics(&warnings);
            plan
        }
        Err(failure) => return failure.tell(terminal),
    };
    let runtime = match Waiting::new(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let command: Vec<OsString> = args.command.iter().map(literal).collect();
    let Some((program, arguments)) = command.split_first() else { return Exit::Usage };
    let trail = match Trail::open(&args.audited, terminal) {
        Ok(trail) => trail,
        Err(exit) => return exit,
    };
    runtime.block_on(async {
        let (planned, places) = (Uses::planned(&plan), places(&plan));
        let (workflow, uses) = match fetch::fill(plan, &args.fetching, terminal).await {
            Ok(FetchedWorkflow { workflow, uses }) => (workflow, uses),
            Err(exit) => {
                trail.close(&planned, audit::Outcome::NotFetched, |_| true).await;
                return exit;
            }
        };
        let unusable = unusable(&workflow, &places);
        if unusable.has_errors() {
            terminal.diagnostics(&unusable);
            trail.close(&uses, audit::Outcome::NotUsed, |_| true).await;
            return Exit::Faults;
        }
        // A value that can't be noted is not given.
        let given = if args.no_mask { audit::Outcome::Revealed } else { audit::Outcome::Given };
        let noted = Interrupt::listen(terminal).or(trail.note(&uses, given, |_| true)).await;
        match noted {
            Ok(true) => {}
            Ok(false) => return Exit::World,
            Err(exit) => {
                trail.abandon().await;
                return exit;
            }
        }
        match Interrupt::listen(terminal).or(registration.tell(&workflow, terminal)).await {
            Ok(Ok(())) => {}
            Ok(Err(exit)) | Err(exit) => {
                trail.close(&uses, audit::Outcome::NotStarted, |_| true).await;
                return exit;
            }
        }
        let surroundings = &args.surroundings;
        let listener = registration.listener();
        let _reaper = Reaper::start_if_adopting();
        let supervisor = supervision::start(terminal).await;
        let command = Command {
            program: program.clone(),
            arguments: arguments.to_vec(),
            workflow,
            clean_env: surroundings.clean_env,
            window: if surroundings.no_tty { None } else { Terminal::window() },
            is_unmasked: args.no_mask,
            listener,
            supervisor: supervisor.clone(),
            relay: supervision::relay_program(terminal),
        };
        let mut log = RunnerLog::new(terminal.clone(), listener.map(|listener| listener.runner));
        let show = move |stream, bytes: &[u8], revealed: &[Revealed]| log.pass(stream, bytes, revealed);
        let outcome = Box::pin(command.execute(show)).await;
        if let Outcome::OutputLost { reason } = &outcome {
            terminal.error(&format!("the output could not be written: {reason}"));
        }
        supervision::end(supervisor).await;
        if let Outcome::NotStarted(error) = &outcome {
            terminal.error(&error.to_string());
            // Nobody was given what had been noted.
            trail.close(&uses, audit::Outcome::NotStarted, |_| true).await;
        }
        Exit::Child(exit_code(outcome.exit_code()))
    })
}

/// Why standard output can't be left as it is, with what to do, if it can't.
fn unmaskable() -> Option<String> {
    if std::io::stdout().is_terminal() {
        let why = "`--no-mask` would show values, and standard output is a terminal";
        return Some(format!("{why}; write it into a file (`> FILE`), or leave `--no-mask` out"));
    }
    let service = runner::service().filter(|_| !OwnStream::Stdout.is_file())?;
    let why = format!("`--no-mask` would show values in a CI log (`{service}` is set)");
    Some(format!("{why}; write standard output into a regular file (`> FILE`), or leave `--no-mask` out"))
}

/// Where the first reference of each variable stands.
fn places(plan: &Plan) -> HashMap<String, Span> {
    let mut places = HashMap::new();
    for used in plan.fetches().iter().flat_map(|fetch| &fetch.uses) {
        let name = used.place.binding(plan.workflow()).name.to_string();
        let first: &mut Span = places.entry(name).or_insert(used.span);
        if used.span.start < first.start {
            *first = used.span;
        }
    }
    places
}

/// The variables that no command can be given.
fn unusable(workflow: &FilledWorkflow, places: &HashMap<String, Span>) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for binding in workflow.bindings() {
        let Some(message) = unusable_variable(&binding.name, binding.value.expose()) else { continue };
        let fault = Diagnostic::error(Code::Unusable, message);
        let place = places.get(&*binding.name);
        faults.push(match place {
            Some(span) => fault.at(workflow.source(), *span, ""),
            None => fault,
        });
    }
    faults.sort();
    faults
}

/// The plan of the variables. Faults of all that it is made from come together.
fn plan(args: &Exec, global: &Global, terminal: &Terminal) -> Result<(Plan, Diagnostics), Failure> {
    let (workflow, mut found) = variables::read(args, NAME).map_err(|mut faults| {
        faults.extend(arguments(args));
        faults.sort();
        Failure::Faults(faults)
    })?;
    found.extend(arguments(args));
    input::plan_variables(workflow, found, global, Path::new("."), terminal)
}

/// An argument as the command gets it: `$$<credential:` stands for `$<credential:`, as in variables.
fn literal(word: &OsString) -> OsString {
    let Some(text) = word.to_str().filter(|text| text.contains(OPENING)) else { return word.clone() };
    let piece = |piece: Piece| if piece.kind == PieceKind::Escape { OPENING } else { &text[piece.range] };
    pieces(text).into_iter().map(piece).collect::<String>().into()
}

/// References in the arguments: every user of the machine could read the values there, so that nothing resolves them.
fn arguments(args: &Exec) -> Diagnostics {
    let mut faults = Diagnostics::new();
    let is_reference = |piece: &Piece| matches!(piece.kind, PieceKind::Reference(_) | PieceKind::Malformed(_));
    let with_reference = |(_, word): &(usize, &OsString)| pieces(&word.to_string_lossy()).iter().any(is_reference);
    for (at, _) in args.command.iter().enumerate().filter(with_reference) {
        let word = if at == 0 { "the command".to_owned() } else { format!("argument {at} of the command") };
        let message = format!("{word} holds a reference; only variables are resolved");
        let help = "put it into a variable that the command reads: credflow exec --env NAME=store/secret -- …";
        faults.push(Diagnostic::error(Code::ReferenceOutsideEnv, message).help(help));
    }
    faults
}
