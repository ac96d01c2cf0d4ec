//! Variables that the shell of a script can't see: a shell has names of its own, and the system any.

use std::collections::HashSet;

use super::{Binding, Document, Interpreter, Language, Reader};
use crate::diagnostic::{Code, Diagnostic, Severity, printable};
use crate::reference::{OPENING, Template};
use crate::yaml::NodeId;

/// Complains of variables whose names no shell can read: an error where the shell drops them, and a warning where it passes
/// them on to programs.
pub(super) fn check(reader: &mut Reader<'_>, document: &Document<Template>) {
    let mut found = Vec::new();
    let mut outer = None;
    for job in &document.jobs {
        let mut around = None;
        for step in job.steps.iter().filter(|step| step.run.is_some()) {
            let severity = match document.interpreter(step) {
                Interpreter::Other | Interpreter::Unknown(_) | Interpreter::Script | Interpreter::Nothing => continue,
                Interpreter::Dropping if document.language == Language::Credflow => Severity::Error,
                Interpreter::Dropping | Interpreter::Keeping => Severity::Warning,
            };
            odd(&step.env, severity, &mut found);
            odd(&step.files, severity, &mut found);
            around = worse(around, Some(severity));
        }
        if let Some(severity) = around {
            odd(&job.env, severity, &mut found);
            outer = worse(outer, around);
        }
    }
    if let Some(severity) = outer {
        odd(&document.env, severity, &mut found);
    }
    // A mapping that is merged brings the same key again; the worse counts.
    found.sort();
    found.dedup_by_key(|(key, ..)| *key);
    for (key, severity, name, better) in found {
        let shown = printable(&name);
        let (message, help) = match severity {
            Severity::Error => (
                format!("the shell drops the variable `{shown}`"),
                format!("{better}; programs that need this very name get it with `shell: bash`"),
            ),
            Severity::Warning => (
                format!("the shell can't read the variable `{shown}`"),
                format!("{better} if the script reads it; programs see it as it is"),
            ),
        };
        let diagnostic = Diagnostic { severity, ..Diagnostic::error(Code::VariableName, message) };
        reader.faults.push(diagnostic.at(reader.tree.source(), reader.tree.span(key), "").help(help));
    }
}

/// The worse of two.
fn worse(one: Option<Severity>, other: Option<Severity>) -> Option<Severity> {
    [one, other].into_iter().flatten().min()
}

/// Adds the bindings whose names aren't a shell's: letters, digits and `_`, and no digit at the beginning.
fn odd(bindings: &[Binding<Template>], severity: Severity, found: &mut Vec<(NodeId, Severity, String, String)>) {
    let odd = bindings.iter().filter(|binding| is_odd(&binding.name));
    let taken: HashSet<&str> = bindings.iter().map(|binding| &*binding.name).collect();
    found.extend(odd.map(|binding| (binding.key, severity, binding.name.to_string(), better(&binding.name, &taken))));
}

/// Whether a name isn't a shell's. A reference in one is told as that.
pub(super) fn is_odd(name: &str) -> bool {
    let all = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_plain = all && !name.starts_with(|first: char| first.is_ascii_digit());
    !is_plain && !name.contains(OPENING)
}

/// What to do about a name: the nearest one that a shell can read and nothing beside it has.
fn better(name: &str, taken: &HashSet<&str>) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let mut better: String = name.chars().map(plain).collect();
    if better.starts_with(|first: char| first.is_ascii_digit()) {
        better.insert(0, '_');
    }
    if better.bytes().all(|byte| byte == b'_') {
        return "name it with letters, digits and `_`".to_owned();
    }
    let mut free = better.clone();
    let mut number = 2;
    while taken.contains(&*free) {
        free = format!("{better}_{number}");
        number += 1;
    }
    format!("name it `{free}`")
}
