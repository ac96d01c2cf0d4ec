//! `check`: every fault in all files.

use std::collections::HashSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::args::{Check, CheckFormat, Global, PlanPurpose};
use super::{Exit, Terminal, input};
use crate::config::Config;
use crate::diagnostic::human::counted;
use crate::diagnostic::{Diagnostics, Severity, github, json};
use crate::plan::Render;
use crate::run;

pub(super) fn check(args: &Check, global: &Global, terminal: &Terminal) -> Exit {
    let mut all = Diagnostics::new();
    let mut configs: Vec<(PathBuf, Option<Config>)> = Vec::new();
    let mut files = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let path = if input::is_configuration(file) {
            Some(file.clone())
        } else {
            input::config_path(global, crate::file::folder(file))
        };
        let is_own = path.as_deref() == Some(file);
        // A configuration is read, and its faults are told, once.
        let known = path.map(|path| {
            configs.iter().position(|(known, _)| *known == path).unwrap_or_else(|| {
                terminal.detail(&format!("configuration: {}", path.display()));
                let config = match Config::read(&path) {
                    Ok((config, warnings)) => {
                        all.extend(warnings);
                        Some(config)
                    }
                    Err(faults) => {
                        all.extend(faults);
                        None
                    }
                };
                configs.push((path, config));
                configs.len() - 1
            })
        });
        files.push((file.as_path(), known, is_own));
    }
    let configuration = |known: Option<usize>| match known {
        None => Known::None,
        Some(at) => configs[at].1.as_ref().map_or(Known::Faulty, Known::Read),
    };
    let checked = |(file, known, is_own): &(&Path, Option<usize>, bool)| {
        let known = configuration(*known);
        if *is_own { (Diagnostics::new(), about(file, known)) } else { one(file, known, args) }
    };
    for (faults, summary) in at_once(&files, checked) {
        all.extend(faults);
        if let Some(line) = summary.filter(|_| args.format == CheckFormat::Human) {
            terminal.say(&line);
        }
    }
    if args.deny_warnings {
        all.deny_warnings();
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

/// A line about a configuration that is named as a file.
fn about(file: &Path, config: Known<'_>) -> Option<String> {
    let Known::Read(config) = config else { return None };
    let (stores, credentials) = (config.stores.len(), config.credentials.len());
    let (stores, credentials) = (counted(stores, "store"), counted(credentials, "credential"));
    Some(format!("{}: no errors; a configuration with {stores}, {credentials}", file.display()))
}

/// Some work for each item, on all processors; the results are in the order of the items.
fn at_once<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Checks one file; gives its faults, or a line about it when it has none.
fn one(file: &Path, config: Known<'_>, args: &Check) -> (Diagnostics, Option<String>) {
    let (workflow, mut found) = input::workflow(file);
    let Some(workflow) = workflow else { return (found, None) };
    found.extend(workflow.unacted());
    let refused = match args.purpose {
        PlanPurpose::Run => run::refuse(&workflow, false),
        PlanPurpose::Render => Diagnostics::new(),
    };
    let mut found = input::with_refusals(found, refused);
    let config = match config {
        Known::None => None,
        Known::Read(config) => Some(config),
        Known::Faulty => return (found, None),
    };
    found.extend(workflow.unseen());
    // Rendering needs what a run doesn't, and is to find no fault either.
    let plan = match workflow.plan_for::<Render>(config) {
        Ok(plan) => plan,
        Err(faults) => {
            found.extend(faults);
            return (found, None);
        }
    };
    if found.has_errors() || args.deny_warnings && !found.is_empty() {
        return (found, None);
    }
    let fetches: Vec<_> = plan.fetches_of_run().collect();
    let stores: HashSet<_> = fetches.iter().map(|fetch| &plan.store(fetch).name).collect();
    let (secrets, stores) = (counted(fetches.len(), "secret"), counted(stores.len(), "store"));
    (found, Some(format!("{}: no errors; {secrets} of {stores}", file.display())))
}
