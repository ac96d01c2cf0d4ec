//! `plan`: what would be fetched, from where, and for whom.

use super::args::{Global, Plan, PlanFormat, PlanPurpose};
use super::{Exit, Terminal, input};
use crate::plan::{Purpose, Render, Run, human, json, yaml};

pub(super) fn plan(args: &Plan, global: &Global, terminal: &Terminal) -> Exit {
    match args.purpose {
        PlanPurpose::Run => show::<Run>(args, global, terminal),
        PlanPurpose::Render => show::<Render>(args, global, terminal),
    }
}

fn show<P: Purpose>(args: &Plan, global: &Global, terminal: &Terminal) -> Exit {
    let (plan, warnings) = match input::plan::<P>(&args.file, global, terminal, Ok) {
        Ok(planned) => planned,
        Err(failure) => return failure.tell(terminal),
    };
    terminal.diagnostics(&warnings);
    let text = match args.format {
        PlanFormat::Human => human::write(&plan),
        PlanFormat::Json => json::write(&plan),
        PlanFormat::Yaml => yaml::write(&plan),
    };
    terminal.result(text.as_bytes())
}
