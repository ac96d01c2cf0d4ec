//! `render`: the workflow with its values.

use super::args::{Global, Render, RenderFormat};
use super::audit::Trail;
use super::used::Uses;
use super::{Exit, Terminal, fetch, input};
use crate::audit::Outcome;
use crate::file;
use crate::render::{self, Dialect, Filled, Reveal};
use crate::secret::Buffer;
use crate::workflow::Workflow;

pub(super) fn render(args: &Render, global: &Global, terminal: &Terminal) -> Exit {
    let single = matches!(args.format, RenderFormat::Dotenv | RenderFormat::Shell);
    if args.step.is_some() && !single {
        terminal.error("`--step` goes with `--format dotenv` or `--format shell`");
        return Exit::Usage;
    }
    let planned = input::plan(&args.file, global, |workflow| match &args.step {
        Some(step) => workflow.select_step(step),
        None => Ok(workflow),
    });
    let (plan, warnings) = match planned {
        Ok(planned) => planned,
        Err(failure) => return failure.tell(terminal),
    };
    terminal.diagnostics(&warnings);
    let steps = plan.workflow().documents.iter().flat_map(|document| &document.jobs).flat_map(|job| &job.steps);
    if single && steps.count() != 1 {
        terminal.error("the workflow has several steps; say which one with `--step JOB/STEP`");
        return Exit::Usage;
    }
    let trail = match Trail::open(&args.audited, terminal) {
        Ok(trail) => trail,
        Err(exit) => return exit,
    };
    let (reveal, outcome) =
        if args.reveal { (Reveal::Revealed, Outcome::Revealed) } else { (Reveal::Masked, Outcome::Masked) };
    let (format, out) = (args.format, args.output.is_none().then(|| terminal.clone()));
    let (planned, noting) = (Uses::planned(&plan), trail.clone());
    let made = fetch::blocking(plan, &args.fetching, terminal, move |workflow, uses| {
        // A value that can't be noted is not shown.
        if !noting.note_blocking(&uses, outcome, |_| true) {
            return Err(None);
        }
        let text = write(&workflow, format, reveal).map_err(Some)?;
        // Whoever reads it may be slow.
        let told = out.map(|out| out.result(text.as_bytes()));
        Ok::<_, Option<String>>((text, told))
    });
    let (text, told) = match made {
        Ok(Ok(made)) => made,
        Ok(Err(None)) => return Exit::World,
        Ok(Err(Some(message))) => {
            terminal.error(&message);
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

fn write(workflow: &Workflow<Filled>, format: RenderFormat, reveal: Reveal) -> Result<Buffer, String> {
    let dialect = match format {
        RenderFormat::Yaml => {
            let text = render::yaml(workflow, reveal).map_err(|error| error.to_string())?;
            let mut out = Buffer::with_capacity(text.len());
            out.push(text.as_bytes());
            return Ok(out);
        }
        RenderFormat::Json => return Ok(render::json(workflow, reveal)),
        RenderFormat::Dotenv => Dialect::Dotenv,
        RenderFormat::Shell => Dialect::Shell,
    };
    let document = &workflow.documents[0];
    let job = &document.jobs[0];
    let variables = document.environment(job, &job.steps[0]);
    render::variables(&variables, dialect, reveal).map_err(|error| error.to_string())
}
