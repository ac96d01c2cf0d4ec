//! Variables that GitHub's runner sets for the steps of a job, and nobody here.

use std::collections::HashSet;
use std::ops::Range;

use super::arguments::places;
use super::shell::reads;
use super::{Document, Job, Step};
use crate::source::Span;
use crate::yaml::Tree;

/// What their names begin with.
const PREFIXES: [&str; 2] = ["GITHUB_", "RUNNER_"];

/// Whether a script may name one.
pub(super) fn names_one(script: &str) -> bool {
    PREFIXES.iter().any(|prefix| memchr::memmem::find(script.as_bytes(), prefix.as_bytes()).is_some())
}

impl<V> Document<V> {
    /// The variables of GitHub's runner that a step's script reads and the workflow doesn't set for it, each where it is
    /// first read.
    pub(crate) fn runner_variables<'w>(&'w self, tree: &Tree, job: &Job<V>, step: &'w Step<V>) -> Vec<(String, Span)> {
        let script = step.run.as_deref().unwrap_or_default();
        if !names_one(script) {
            return Vec::new();
        }
        let read = if self.interpreter(step).is_shell() { reads(script) } else { mentions(script) };
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

/// The variables that a script in another language reads, as far as its text tells: a text that is the name
/// (`environ["NAME"]`), and `env:NAME`, `env.NAME`, `$NAME`. Comments don't count, nor does a name with something to take in
/// its place (`getenv("NAME", "…")`), nor one that is set before (`environ["NAME"] = …`, `$env:NAME = …`, `set NAME …`).
fn mentions(script: &str) -> Vec<(&str, Range<usize>)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let (mut found, mut set) = (Vec::new(), HashSet::new());
    let mut begin = 0;
    for line in script.split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with(['#']) || line.trim_start().starts_with("//");
        let mut at = 0;
        while !is_comment && at < line.len() {
            let length = line.as_bytes()[at..].iter().take_while(|byte| is_part(**byte)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let (name, range) = (&line[at..at + length], begin + at..begin + at + length);
            let (before, after) = (&line[..at], &line[at + length..]);
            at += length;
            if sets(before, after) {
                set.insert(name);
            } else if reads_one(before, after) && !set.contains(name) {
                found.push((&script[range.clone()], range));
            }
        }
        begin += line.len();
    }
    found
}

/// What stands before a variable's name in a language that writes it without quotes.
const MARKS: [&str; 5] = ["$", "${", "%", "env.", "env:"];

/// Whether a name between two texts is a variable that is read.
fn reads_one(before: &str, after: &str) -> bool {
    if let Some(rest) =
        ['"', '\''].into_iter().find_map(|quote| before.strip_suffix(quote).and(after.strip_prefix(quote)))
    {
        return !rest.trim_start().starts_with(',');
    }
    let last = before.get(before.len().saturating_sub(4)..).unwrap_or(before).to_lowercase();
    MARKS.iter().any(|mark| last.ends_with(mark))
}

/// Whether a name between two texts is a variable that is set.
fn sets(before: &str, after: &str) -> bool {
    let mut words = before.split(|separator: char| separator.is_whitespace() || separator == ';').rev().skip(1);
    let is_set = words.find(|word| !word.starts_with('-')) == Some("set") && before.ends_with(' ');
    let after = after.trim_start_matches(['"', '\'', ']', '}', ' ']);
    let is_assigned = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=~");
    is_set || is_assigned && (reads_one(before, "") || before.ends_with(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_are_found_in_any_language() {
        for (script, expected) in [
            (
                "# GITHUB_A\nopen(os.environ['GITHUB_B']) + getenv(\"GITHUB_C\", 'x')\n$env:GITHUB_D; XGITHUB_E é\n",
                &["GITHUB_B", "GITHUB_D"][..],
            ),
            ("os.environ.get('GITHUB_A', 'x'); print('see GITHUB_README.md, GITHUB_B')", &[]),
            (
                "process.env.GITHUB_A; ENV[\"GITHUB_B\"]; echo %GITHUB_C% ${Env:GITHUB_D} $GITHUB_E",
                &["GITHUB_A", "GITHUB_B", "GITHUB_C", "GITHUB_D", "GITHUB_E"],
            ),
            ("$env:GITHUB_A = 1; $env:GITHUB_A; $env:GITHUB_B", &["GITHUB_B"]),
            ("set -gx GITHUB_A x; echo $GITHUB_A $GITHUB_B", &["GITHUB_B"]),
            (
                "f(os.environ['GITHUB_A']); os.environ['GITHUB_A']='1'\nf(os.environ['GITHUB_A'] == 1)",
                &["GITHUB_A", "GITHUB_A"][..1],
            ),
        ] {
            let found: Vec<&str> =
                mentions(script).into_iter().map(|(name, _)| name).filter(|name| name.starts_with("GITHUB_")).collect();
            assert_eq!(found, expected, "{script}");
        }
    }
}
