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
    let planned = Uses::planned(&plan);
    let resolved = match fetch::blocking(plan, &args.fetching, terminal) {
        Ok(resolved) => resolved,
        Err(exit) => {
            trail.note(&planned, Outcome::NotFetched, |_| true);
            return exit;
        }
    };
    let (reveal, outcome) =
        if args.reveal { (Reveal::Revealed, Outcome::Revealed) } else { (Reveal::Masked, Outcome::Masked) };
    // A value that can't be noted is not shown.
    if !trail.note(&Uses::resolved(&resolved), outcome, |_| true) {
        return Exit::World;
    }
    let text = match write(&resolved.render(), args.format, reveal) {
        Ok(text) => text,
        Err(message) => {
            terminal.error(&message);
            return Exit::Faults;
        }
    };
    let Some(path) = &args.output else {
        return terminal.result(text.as_bytes());
    };
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
