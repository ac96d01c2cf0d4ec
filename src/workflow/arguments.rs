//! Values on their way to a command line, where every user of the machine can read them.
//!
//! What the shell does itself (`echo`, assignments, redirections, here-documents) shows to nobody. It is a hint: a plain
//! assignment is followed, and what is otherwise built at run time isn't.

use std::collections::HashSet;
use std::ops::Range;

use super::shell::{arguments, head};
use super::{Binding, Condition, Document, Reader, Step};
use crate::diagnostic::{Code, Diagnostic, printable};
use crate::reference::Template;
use crate::source::Span;
use crate::yaml::{NodeId, Tree};

/// The longest script that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

/// So many hints are given of one file.
const MOST: usize = 20;

/// Warns of each step of a document that passes a credential on a command line.
pub(super) fn check(reader: &mut Reader<'_>, document: &Document<Template>) {
    let mut warned = 0;
    let runs = |step: &&Step<Template>| {
        let is_short = step.run.as_ref().is_some_and(|run| run.len() <= LONGEST);
        is_short && step.settings.condition != Condition::Never
    };
    let never = document.never_run();
    for (job, _) in document.jobs.iter().zip(never).filter(|(_, never)| !never) {
        for step in job.steps.iter().filter(runs) {
            let script = step.run.as_deref().unwrap_or_default();
            if !document.interpreter(step).is_shell() || !script.contains('$') {
                continue;
            }
            let variables = document.variables(job, step).into_iter();
            let secret: HashSet<String> =
                variables.filter(|variable| is_secret(variable.binding)).map(|variable| variable.name).collect();
            if secret.is_empty() {
                continue;
            }
            for (program, span) in places(reader.tree, step.script, script, &arguments(script, secret)) {
                if warned == MOST {
                    return;
                }
                warned += 1;
                let message = format!("`{}` gets a credential on its command line", printable(program));
                let diagnostic = Diagnostic::warning(Code::CommandLine, message)
                    .at(reader.tree.source(), span, "every user of the machine can read this while it runs")
                    .help("let the program read it from its environment, from standard input, or from one of `files`");
                reader.faults.push(diagnostic);
            }
        }
    }
}

/// Where arguments stand in the file. The same text may stand earlier in the script, so that each expansion is looked
/// for, in order, whatever becomes of it.
pub(super) fn places<'a>(
    tree: &Tree,
    node: NodeId,
    script: &str,
    found: &'a [(String, Range<usize>)],
) -> Vec<(&'a str, Span)> {
    let locator = tree.locator(node);
    let mut places = Vec::new();
    let mut at = 0;
    for (program, range) in found {
        while let Some(start) = script[at..range.start].find('$').map(|start| at + start) {
            at = (start + head(&script[start..]).0).min(range.start);
            if at > start + 1 {
                locator.place(start..at, start..at);
            }
        }
        places.push((program.as_str(), locator.place(range.clone(), range.clone())));
        at = range.end;
    }
    places
}

pub(super) fn is_secret(binding: &Binding<Template>) -> bool {
    binding.value.references().next().is_some()
}
