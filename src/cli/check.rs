//! `check`: every fault in all files.

use std::path::{Path, PathBuf};

use super::args::{Check, CheckFormat, Global};
use super::{Exit, Terminal, input};
use crate::config::Config;
use crate::diagnostic::human::counted;
use crate::diagnostic::{Diagnostics, Severity, github, json};

pub(super) fn check(args: &Check, global: &Global, terminal: &Terminal) -> Exit {
    let mut all = Diagnostics::new();
    let mut configs: Vec<(PathBuf, Option<Config>)> = Vec::new();
    for file in &args.files {
        let path = input::config_path(global, input::folder(file));
        // A configuration is read, and its faults are told, once.
        if let Some(path) = path.as_ref().filter(|path| !configs.iter().any(|(known, _)| known == *path)) {
            let config = match Config::read(path) {
                Ok((config, warnings)) => {
                    all.extend(warnings);
                    Some(config)
                }
                Err(faults) => {
                    all.extend(faults);
                    None
                }
            };
            configs.push((path.clone(), config));
        }
        let config = path.and_then(|path| configs.iter().find(|(known, _)| *known == path));
        one(file, config.map(|(_, config)| config.as_ref()), &mut all, args.format, terminal);
    }
    all.sort();
    match args.format {
        CheckFormat::Human => terminal.diagnostics(&all),
        CheckFormat::Json => terminal.result(json::write(&all).as_bytes()),
        CheckFormat::Github => terminal.result(github::write(&all).as_bytes()),
    }
    if args.format == CheckFormat::Human && !all.is_empty() {
        let count = |severity| all.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        terminal.say(&format!("\n{}, {}", counted(errors, "error"), counted(warnings, "warning")));
    }
    if all.has_errors() { Exit::Faults } else { Exit::Success }
}

/// Checks one file. The configuration is `None` when there is none, and `Some(None)` when it has faults.
fn one(file: &Path, config: Option<Option<&Config>>, all: &mut Diagnostics, format: CheckFormat, terminal: &Terminal) {
    let (workflow, found) = input::workflow(file);
    let faulty = found.has_errors();
    all.extend(found);
    // What the workflow wants of a faulty configuration can't be told.
    let Some(workflow) = workflow.filter(|_| !config.is_some_and(|config| config.is_none())) else {
        return;
    };
    match workflow.plan(config.flatten()) {
        Ok(plan) if format == CheckFormat::Human && !faulty => {
            let secrets = counted(plan.fetches().len(), "secret");
            let stores = counted(plan.stores().len(), "store");
            terminal.say(&format!("{}: no errors; {secrets} of {stores}", file.display()));
        }
        Ok(_) => {}
        Err(faults) => all.extend(faults),
    }
}
