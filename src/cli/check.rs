//! `check`: every fault in all files.

use std::collections::HashSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::args::{Check, CheckFormat, Global, PlanPurpose};
use super::{Exit, Terminal, input};
use crate::config::Config;
use crate::diagnostic::human::counted;
use crate::diagnostic::{Diagnostics, Severity, github, json, together};
use crate::plan::{Plan, Render};
use crate::reference::{EnvironmentName, Template};
use crate::run;
use crate::source::STDIN;
use crate::workflow::Workflow;

pub(super) fn check(args: &Check, global: &Global, terminal: &Terminal) -> Exit {
    if args.files.iter().filter(|file| file.as_path() == Path::new(STDIN)).count() > 1 {
        terminal.error("`-` is standard input, which can be read once; name it once");
        return Exit::Usage;
    }
    let mut all = Diagnostics::new();
    let mut configs: Vec<(PathBuf, Option<Vec<Config>>)> = Vec::new();
    let mut unchosen = None;
    let mut files = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let path = if input::is_configuration(file) {
            Some(file.clone())
        } else {
            input::config_path(global, crate::file::folder(file))
        };
        let is_own = path.as_deref().is_some_and(|path| crate::file::is_same(path, file));
        // A configuration is read, and its faults are told, once.
        let known = path.map(|path| {
            configs.iter().position(|(known, _)| *known == path).unwrap_or_else(|| {
                terminal.detail(&format!("configuration: {}", path.display()));
                let config = match Config::read(&path) {
                    Ok((config, warnings)) => {
                        all.extend(warnings);
                        input::each(&config, global).map_err(|failure| unchosen = Some(failure)).ok()
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
    if let Some(failure) = unchosen {
        return failure.tell(terminal);
    }
    let configuration = |known: Option<usize>| match known {
        None => Known::None,
        Some(at) => configs[at].1.as_deref().map_or(Known::Faulty, Known::Read),
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
    /// For each of its environments; or for none.
    Read(&'c [Config]),
}

/// A line about a configuration that is named as a file.
fn about(file: &Path, config: Known<'_>) -> Option<String> {
    let Known::Read(configs @ [config, ..]) = config else { return None };
    let stores = configs.iter().map(|config| config.stores.len()).max().unwrap_or_default();
    let (stores, credentials) = (counted(stores, "store"), counted(config.credentials.len(), "credential"));
    let environments = match config.environments().len() {
        0 => String::new(),
        several => format!(", {}", counted(several, "environment")),
    };
    Some(format!("{}: no errors; a configuration with {stores}, {credentials}{environments}", file.display()))
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
        PlanPurpose::Run => run::refuse(&workflow, false).and(workflow.unusable()),
        PlanPurpose::Render => Diagnostics::new(),
    };
    let mut found = input::with_refusals(found, refused);
    let configs: Vec<Option<&Config>> = match config {
        Known::None => vec![None],
        Known::Read(configs) => configs.iter().map(Some).collect(),
        Known::Faulty => return (found, None),
    };
    found.extend(workflow.unseen());
    let (plan, faults) = planned(workflow, &configs);
    found.extend(faults);
    let Some(plan) = plan else { return (found, None) };
    if found.has_errors() || args.deny_warnings && !found.is_empty() {
        return (found, None);
    }
    let fetches: Vec<_> = plan.fetches_of_run().collect();
    let stores: HashSet<_> = fetches.iter().map(|fetch| &plan.store(fetch).name).collect();
    let (secrets, stores) = (counted(fetches.len(), "secret"), counted(stores.len(), "store"));
    let environments = match (configs.len(), plan.environment()) {
        (_, None) => String::new(),
        (1, Some(name)) => format!(", environment {name}"),
        (several, _) => format!(", in each of {several} environments"),
    };
    (found, Some(format!("{}: no errors; {secrets} of {stores}{environments}", plan.source().name())))
}

/// A plan, and the faults that it has in each environment. Rendering needs what a run doesn't, and is to find no fault either.
fn planned(workflow: Workflow<Template>, configs: &[Option<&Config>]) -> (Option<Plan<Render>>, Diagnostics) {
    let (mut found, mut plan) = (Vec::new(), None);
    let mut last = Some(workflow);
    for (at, config) in configs.iter().enumerate() {
        let workflow = if at + 1 < configs.len() { last.clone() } else { last.take() };
        let name = config.and_then(Config::environment).map_or("", EnvironmentName::as_str);
        match workflow.map(|workflow| workflow.plan_for::<Render>(*config)) {
            Some(Err(faults)) => found.push((name, faults)),
            Some(Ok(planned)) => {
                plan = Some(planned);
                found.push((name, Diagnostics::new()));
            }
            None => {}
        }
    }
    (plan, together(&found, &Diagnostics::new()))
}
