//! `check`: every fault in all files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::args::{Check, CheckFormat, Global};
use super::{Exit, Terminal, input};
use crate::config::Config;
use crate::diagnostic::human::counted;
use crate::diagnostic::{Diagnostics, Severity, github, json};
use crate::plan::Render;

pub(super) fn check(args: &Check, global: &Global, terminal: &Terminal) -> Exit {
    let mut all = Diagnostics::new();
    let mut configs: Vec<(PathBuf, Option<Config>)> = Vec::new();
    for file in &args.files {
        let path = if input::is_configuration(file) {
            Some(file.clone())
        } else {
            input::config_path(global, crate::file::folder(file))
        };
        let is_own = path.as_deref() == Some(file);
        // A configuration is read, and its faults are told, once.
        if let Some(path) = path.as_ref().filter(|path| !configs.iter().any(|(known, _)| known == *path)) {
            terminal.detail(&format!("configuration: {}", path.display()));
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
        let known = match config {
            None => Known::None,
            Some((_, None)) => Known::Faulty,
            Some((_, Some(config))) => Known::Read(config),
        };
        if !is_own {
            one(file, known, &mut all, args.format, terminal);
        } else if args.format == CheckFormat::Human {
            configuration(file, known, terminal);
        }
    }
    all.sort();
    let written = match args.format {
        CheckFormat::Human => {
            terminal.diagnostics(&all);
            Exit::Success
        }
        CheckFormat::Json => terminal.result(json::write(&all).as_bytes()),
        CheckFormat::Github => terminal.result(github::write(&all).as_bytes()),
    };
    if args.format == CheckFormat::Human && !all.is_empty() {
        let count = |severity| all.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        terminal.say(&format!("\n{}, {}", counted(errors, "error"), counted(warnings, "warning")));
    }
    if all.has_errors() { Exit::Faults } else { written }
}

/// The configuration of a file.
#[derive(Clone, Copy)]
enum Known<'c> {
    /// There is none.
    None,
    /// It has faults, so that what the workflow wants of it can't be told.
    Faulty,
    Read(&'c Config),
}

/// Says what a configuration that is named as a file has.
fn configuration(file: &Path, config: Known<'_>, terminal: &Terminal) {
    if let Known::Read(config) = config {
        let (stores, credentials) = (config.stores.len(), config.credentials.len());
        let (stores, credentials) = (counted(stores, "store"), counted(credentials, "credential"));
        terminal.say(&format!("{}: no errors; a configuration with {stores}, {credentials}", file.display()));
    }
}

/// Checks one file.
fn one(file: &Path, config: Known<'_>, all: &mut Diagnostics, format: CheckFormat, terminal: &Terminal) {
    let (workflow, found) = input::workflow(file);
    let faulty = found.has_errors();
    all.extend(found);
    let config = match config {
        Known::None => None,
        Known::Read(config) => Some(config),
        Known::Faulty => return,
    };
    let Some(workflow) = workflow else { return };
    all.extend(workflow.unseen());
    // Rendering needs what a run doesn't, and is to find no fault either.
    match workflow.plan_for::<Render>(config) {
        Ok(plan) if format == CheckFormat::Human && !faulty => {
            let fetches: Vec<_> = plan.fetches_of_run().collect();
            let stores: HashSet<_> = fetches.iter().map(|fetch| &plan.store(fetch).name).collect();
            let (secrets, stores) = (counted(fetches.len(), "secret"), counted(stores.len(), "store"));
            terminal.say(&format!("{}: no errors; {secrets} of {stores}", file.display()));
        }
        Ok(_) => {}
        Err(faults) => all.extend(faults),
    }
}
