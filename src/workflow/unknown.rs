//! Scripts of which credflow doesn't know what reads them, so that it can't tell which variables that sees.

use std::collections::BTreeMap;

use super::arguments::is_secret;
use super::invisible::is_odd;
use super::runner::names_one;
use super::{Document, Interpreter, Job, Reader, Step};
use crate::diagnostic::{Code, Diagnostic};
use crate::reference::Template;
use crate::source::Span;
use crate::yaml::shorten;

/// So many places of one program are kept.
const MOST_PLACES: usize = 1000;

/// Warns of each program that isn't known, where there is something that a known one would be asked for.
pub(super) fn check(reader: &mut Reader<'_>, document: &Document<Template>) {
    let mut found: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (job, step) in document.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step))) {
        if let Interpreter::Unknown(program) = document.interpreter(step)
            && matters(document, job, step)
        {
            let places = found.entry(program).or_default();
            if places.len() < MOST_PLACES {
                places.push(reader.tree.span(step.script));
            }
        }
    }
    for (program, places) in found {
        let message = format!("`{}` reads this script, and credflow doesn't know it", shorten(program));
        let diagnostic = Diagnostic::warning(Code::WrongValue, message);
        let diagnostic = places.into_iter().fold(diagnostic, |told, span| told.at(reader.tree.source(), span, ""));
        let help =
            "see for yourself which variables it can read, and whether a credential becomes an argument of a program";
        reader.faults.push(diagnostic.help(help));
    }
}

/// Whether a step has a variable that a shell may not see, a credential, or a script that names a variable of GitHub's runner.
fn matters(document: &Document<Template>, job: &Job<Template>, step: &Step<Template>) -> bool {
    let Some(script) = step.run.as_deref() else { return false };
    names_one(script)
        || step.files.iter().any(|file| is_odd(&file.name) || is_secret(file))
        || document.variables(job, step).iter().any(|variable| is_odd(&variable.name) || is_secret(variable.binding))
}
