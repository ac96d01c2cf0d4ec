//! `plan`: what would be fetched, from where, and for whom.

use super::args::{Global, Plan, PlanFormat};
use super::{Exit, Terminal, input};
use crate::plan::{human, json, yaml};

pub(super) fn plan(args: &Plan, global: &Global, terminal: &Terminal) -> Exit {
    let (plan, warnings) = match input::plan(&args.file, global, Ok) {
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
