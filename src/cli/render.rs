//! `render`: the workflow with its values.

use super::args::{Global, Render, RenderFormat};
use super::audit::Trail;
use super::used::Uses;
use super::{Exit, Terminal, fetch, input};
use crate::audit::Outcome;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::file;
use crate::plan::{self, Plan, Purpose};
use crate::reference::Template;
use crate::render::{self, Filled, FilledFile, Format, Reveal, Unrenderable};
use crate::resolve::Resolved;
use crate::secret::Buffer;
use crate::source::printable;
use crate::workflow::{Condition, Workflow};

pub(super) fn render(args: &Render, global: &Global, terminal: &Terminal) -> Exit {
    let reveal = if args.reveal { Reveal::Revealed } else { Reveal::Masked };
    let format = match args.format {
        RenderFormat::Dotenv => Format::Dotenv,
        RenderFormat::Shell => Format::Shell,
        RenderFormat::DockerEnv => Format::DockerEnv,
        RenderFormat::GithubEnv => Format::GithubEnv,
        RenderFormat::AzureVso => Format::AzureVso,
        RenderFormat::Yaml | RenderFormat::Json if args.step.is_some() => {
            terminal.error("`--step` is for the formats of one step's variables: `--format dotenv` or `shell`, say");
            return Exit::Usage;
        }
        RenderFormat::Yaml => {
            let planned = input::plan::<plan::Render>(&args.file, global, terminal, Ok);
            return output(planned, args, terminal, move |resolved| yaml(resolved, reveal));
        }
        RenderFormat::Json => {
            let planned = input::plan::<plan::Run>(&args.file, global, terminal, Ok);
            hint(&planned, args, terminal);
            return output(planned, args, terminal, move |resolved| Ok(render::json(&resolved.render(), reveal)));
        }
    };
    // The files aren't written, so that their values aren't fetched.
    let mut left_out = Diagnostics::new();
    let mut planned = input::plan::<plan::Run>(&args.file, global, terminal, |workflow| {
        let selected = match &args.step {
            Some(step) => workflow.select_step(step)?,
            None => workflow,
        };
        left_out = files(&selected);
        Ok(selected.without_files())
    });
    if let Ok((plan, warnings)) = &mut planned {
        if let Err(exit) = single(plan, terminal) {
            return exit;
        }
        warnings.extend(left_out);
    }
    if !format.has_comments() {
        hint(&planned, args, terminal);
    }
    output(planned, args, terminal, move |resolved| variables(&resolved.render(), format, reveal))
}

/// Says that values are masked where the format has no comments that could.
fn hint<P>(planned: &Result<(Plan<P>, Diagnostics), input::Failure>, args: &Render, terminal: &Terminal) {
    if !args.reveal && planned.as_ref().is_ok_and(|(plan, _)| !plan.fetches().is_empty()) {
        terminal.say("hint: *** stands for each value; `--reveal` writes them");
    }
}

/// A warning of each of a step's `files`, which a format of variables has no place for.
fn files(workflow: &Workflow<Template>) -> Diagnostics {
    let jobs = workflow.documents.iter().flat_map(|document| &document.jobs);
    let mut warnings = Diagnostics::new();
    for file in jobs.flat_map(|job| &job.steps).flat_map(|step| &step.files) {
        let message = format!("`{}` of `files` isn't written", printable(&file.name));
        let warning =
            Diagnostic::warning(Code::LeftOut, message).at(workflow.source(), workflow.tree.span(file.key), "");
        warnings.push(warning.help("this format has variables alone; take `--format json`, or `run` the step"));
    }
    warnings
}

/// Complains unless a workflow has one step alone, which runs.
fn single(plan: &Plan, terminal: &Terminal) -> Result<(), Exit> {
    let jobs = plan.workflow().documents.iter().flat_map(|document| &document.jobs);
    let mut steps = jobs.flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let (Some((job, step)), None) = (steps.next(), steps.next()) else {
        terminal.error("the workflow has several steps; say which one with `--step JOB/STEP`");
        return Err(Exit::Usage);
    };
    if [job.settings.condition, step.settings.condition].contains(&Condition::Never) {
        let label = printable(&format!("{}/{}", job.id, step.label()));
        terminal.error(&format!("the step {label} never runs (`if: false`), so it has no variables"));
        return Err(Exit::Usage);
    }
    Ok(())
}

/// Fetches what a plan needs, and writes what `make` makes of it.
fn output<P: Purpose>(
    planned: Result<(Plan<P>, Diagnostics), input::Failure>,
    args: &Render,
    terminal: &Terminal,
    make: impl FnOnce(Resolved<P>) -> Result<Buffer, Diagnostics> + Send + 'static,
) -> Exit {
    let (plan, warnings) = match planned {
        Ok(planned) => planned,
        Err(failure) => return failure.tell(terminal),
    };
    terminal.diagnostics(&warnings);
    let trail = match Trail::open(&args.audited, terminal) {
        Ok(trail) => trail,
        Err(exit) => return exit,
    };
    let outcome = if args.reveal { Outcome::Revealed } else { Outcome::Masked };
    let out = args.output.is_none().then(|| terminal.clone());
    let (planned, noting) = (Uses::planned(&plan), trail.clone());
    let made = fetch::blocking(plan, &args.fetching, terminal, move |resolved, uses| {
        // A value that can't be noted is not shown.
        if !noting.note_blocking(&uses, outcome, |_| true) {
            return Err(None);
        }
        let text = make(resolved).map_err(Some)?;
        // Whoever reads it may be slow.
        let told = out.map(|out| out.result(text.as_bytes()));
        Ok::<_, Option<Diagnostics>>((text, told))
    });
    let (text, told) = match made {
        Ok(Ok(made)) => made,
        Ok(Err(None)) => return Exit::World,
        Ok(Err(Some(faults))) => {
            terminal.diagnostics(&faults);
            return Exit::Faults;
        }
        Err(exit) => {
            trail.close_blocking(&planned, Outcome::NotFetched, |_| true);
            return exit;
        }
    };
    let Some(path) = &args.output else { return told.unwrap_or(Exit::Success) };
    // Not aside: what is left behind in the middle would leave a part of a file behind.
    match file::write(path, text.as_bytes()) {
        Ok(()) => Exit::Success,
        Err(error) => {
            terminal.error(&format!("cannot write {}: {error}", path.display()));
            Exit::World
        }
    }
}

fn yaml(resolved: Resolved<plan::Render>, reveal: Reveal) -> Result<Buffer, Diagnostics> {
    let file = resolved.render();
    let text = render::yaml(&file, reveal).map_err(|error| unrenderable(&file, error))?;
    let mut out = Buffer::with_capacity(text.len());
    out.push(text.as_bytes());
    Ok(out)
}

fn unrenderable(file: &FilledFile, error: Unrenderable) -> Diagnostics {
    let Unrenderable::Inexpressible(values) = error else {
        return Diagnostic::error(Code::Unusable, error.to_string()).into();
    };
    let mut faults = Diagnostics::new();
    for value in values {
        let fault = Diagnostic::error(Code::Unusable, value.to_string());
        let help = "let the step fetch it: start its command with `credflow exec`, which passes it on as it is";
        faults.push(fault.at(file.source(), file.span(value.node), "").help(help));
    }
    faults.sort();
    faults
}

fn variables(workflow: &Workflow<Filled>, format: Format, reveal: Reveal) -> Result<Buffer, Diagnostics> {
    let document = &workflow.documents[0];
    let job = &document.jobs[0];
    let variables = document.environment(job, &job.steps[0]);
    render::variables(&variables, format, reveal).map_err(|unwritable| {
        let mut faults = Diagnostics::new();
        for variable in unwritable {
            let fault = Diagnostic::error(Code::Unusable, variable.to_string());
            let span = workflow.tree.span(variable.node);
            faults.push(fault.at(workflow.source(), span, "").help(variable.help()));
        }
        faults.sort();
        faults
    })
}
