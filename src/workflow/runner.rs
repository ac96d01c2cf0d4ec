//! Variables that GitHub's runner sets for the steps of a job, and nobody here.

use std::collections::HashSet;
use std::ops::Range;

use super::arguments::places;
use super::shell::reads;
use super::{Document, Interpreter, Job, Step};
use crate::source::Span;
use crate::yaml::Tree;

/// What their names begin with.
const PREFIXES: [&str; 2] = ["GITHUB_", "RUNNER_"];

impl<V> Document<V> {
    /// The variables of GitHub's runner that a step's script reads and the workflow doesn't set for it, each where it is
    /// first read.
    pub(crate) fn runner_variables<'w>(&'w self, tree: &Tree, job: &Job<V>, step: &'w Step<V>) -> Vec<(String, Span)> {
        let script = step.run.as_deref().unwrap_or_default();
        if !PREFIXES.iter().any(|prefix| memchr::memmem::find(script.as_bytes(), prefix.as_bytes()).is_some()) {
            return Vec::new();
        }
        let read = match self.interpreter(step) {
            Interpreter::Other => mentions(script),
            Interpreter::Dropping | Interpreter::Keeping => reads(script),
        };
        let mut seen: HashSet<&str> = HashSet::new();
        let named = |name: &str| PREFIXES.iter().any(|prefix| name.len() > prefix.len() && name.starts_with(prefix));
        let mut found: Vec<(String, Range<usize>)> =
            read.into_iter().filter(|(name, _)| named(name)).map(|(name, range)| (name.to_owned(), range)).collect();
        let bound = [&self.env[..], &job.env, &step.env, &step.files].into_iter().flatten();
        seen.extend(bound.map(|binding| &*binding.name));
        found.retain(|(name, _)| !seen.contains(&**name));
        let mut first = HashSet::new();
        found.retain(|(name, _)| first.insert(name.clone()));
        let spans: Vec<Span> = places(tree, step.script, script, &found).into_iter().map(|(_, span)| span).collect();
        found.into_iter().zip(spans).map(|((name, _), span)| (name, span)).collect()
    }
}

/// Names that a script in another language mentions: how it reads variables isn't known. Comments, and a name with
/// something to take in its place (`getenv("NAME", "…")`), don't count.
fn mentions(script: &str) -> Vec<(&str, Range<usize>)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut found = Vec::new();
    let mut begin = 0;
    for line in script.split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with(['#']) || line.trim_start().starts_with("//");
        let mut at = 0;
        while !is_comment && at < line.len() {
            let bytes = line.as_bytes();
            let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let rest = line[at + length..].trim_start_matches(['"', '\'']);
            let has_default = rest.len() < line.len() - at - length && rest.trim_start().starts_with(',');
            if !has_default {
                found.push((&script[begin + at..begin + at + length], begin + at..begin + at + length));
            }
            at += length;
        }
        begin += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_are_found_in_any_language() {
        let script =
            "# GITHUB_A\nopen(os.environ['GITHUB_B']) + getenv(\"GITHUB_C\", 'x')\n$env:GITHUB_D; XGITHUB_E é\n";
        let found: Vec<&str> =
            mentions(script).into_iter().map(|(name, _)| name).filter(|name| name.starts_with("GITHUB_")).collect();
        assert_eq!(found, ["GITHUB_B", "GITHUB_D"]);
    }
}
