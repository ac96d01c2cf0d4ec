//! Variables that aren't a step's: of the command line, of files, and of the environment around credflow.

use std::collections::HashSet;
use std::sync::Arc;

use super::args::{Assigned, Exec};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::dotenv::assignments;
use crate::reference::{OPENING, Reference, Template, near_misses};
use crate::source::Source;
use crate::workflow::Workflow;

/// The workflow of one step whose variables are those of `--env`, of the files, and those of the current environment that hold
/// references and are in neither. The files come first, so that their lines have their numbers; what comes later counts.
pub(super) fn read(args: &Exec, name: &str) -> Result<(Workflow<Template>, Diagnostics), Diagnostics> {
    let mut faults = Diagnostics::new();
    let mut files = Vec::with_capacity(args.env_file.len());
    for path in &args.env_file {
        // The file may hold plain passwords as well.
        match Source::read_private(path) {
            Ok(file) => files.push(file),
            Err(error) => faults.push(error.into()),
        }
    }
    let mut names = HashSet::new();
    let mut is_readable = true;
    for file in &files {
        let mut wrong = Diagnostics::new();
        names.extend(assignments(file, &mut wrong).into_iter().map(|assignment| assignment.name));
        is_readable &= !wrong.has_errors();
    }
    let given = given(&args.env, &mut faults);
    names.extend(given.iter().map(|(name, _)| name.clone()));
    faults.extend(not_utf8(|name| !names.contains(name)));
    if !is_readable {
        // A quote that isn't closed would go on in the next file.
        faults.extend(files.iter().flat_map(|file| Workflow::of_variables(file, name).1));
        files.clear();
    }
    let around = inherited(|name| !names.contains(name));
    let source: Arc<Source> = Source::joined(&files, around.into_iter().chain(given).collect());
    let (workflow, more) = Workflow::of_variables(&source, name);
    faults.extend(more);
    if is_readable && files.len() == args.env_file.len() { Ok((workflow, faults)) } else { Err(faults) }
}

/// The variables of `--env`. A value without `$<credential:` is a reference itself.
fn given(env: &[Assigned], faults: &mut Diagnostics) -> Vec<(String, String)> {
    let mut given = Vec::with_capacity(env.len());
    for Assigned { name, value } in env {
        let value = if value.contains(OPENING) {
            value.clone()
        } else {
            match reference(value) {
                Ok(reference) => reference.to_string(),
                Err(fault) => {
                    let message = format!("`--env {}`: {}", printable(name), fault.message);
                    faults.push(Diagnostic { message, ..fault });
                    continue;
                }
            }
        };
        given.push((name.clone(), line(name, &value)));
    }
    given
}

/// What `STORE/SECRET`, with or without `$<credential:…>` around it, means.
pub(super) fn reference(text: &str) -> Result<Reference, Diagnostic> {
    let whole = if text.starts_with(OPENING) { text.to_owned() } else { format!("{OPENING}{text}>") };
    whole
        .parse::<Reference>()
        .map_err(|malformed| Diagnostic::error(Code::MalformedReference, malformed.message).help(malformed.help))
}

/// A variable as a line of a dotenv file, in which nothing is special any more.
fn line(name: &str, value: &str) -> String {
    let mut line = format!("{name}=\"");
    for character in value.chars() {
        match character {
            '\\' | '"' | '$' => line.extend(['\\', character]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            _ => line.push(character),
        }
    }
    line.push('"');
    line
}

/// The variables of this process with references in them that can't be found: they aren't UTF-8. The command would be
/// given the references as they stand.
fn not_utf8(chosen: impl Fn(&str) -> bool) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for (name, value) in std::env::vars_os() {
        if name.to_str().is_some() && value.to_str().is_some() {
            continue;
        }
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        if chosen(&name) && value.contains(OPENING) {
            let message = format!("the variable `{}` holds a reference, and isn't UTF-8", printable(&name));
            let help = "set it in UTF-8, or take it away";
            faults.push(Diagnostic::error(Code::NotUtf8, message).help(help));
        }
    }
    faults
}

/// The variables of this process with references in them, or nearly, each by its name and as a line.
fn inherited(chosen: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| chosen(name) && (value.contains(OPENING) || near_misses(value).next().is_some()))
        .collect();
    found.sort();
    for (name, value) in &mut found {
        *value = line(name, value);
    }
    found
}
