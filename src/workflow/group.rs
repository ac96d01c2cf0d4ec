//! Faults of one kind, in many places of a workflow, told as one.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Job, Step};
use crate::diagnostic::human::counted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, printable};
use crate::source::{Location, Source, Span};

/// So many lines are named in a message.
const MOST_LINES: usize = 8;

/// So many places are kept of one kind.
const MOST_PLACES: usize = 1000;

/// Whom a fault belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Document, job and step, the latter from 1; 0 is none.
    at: (usize, usize, usize),
    /// As people call it.
    name: String,
}

impl Owner {
    pub(crate) fn workflow(document: usize) -> Self {
        Self { at: (document, 0, 0), name: "the workflow".to_owned() }
    }

    pub(crate) fn job<V>(document: usize, number: usize, job: &Job<V>) -> Self {
        Self { at: (document, number, 0), name: format!("job `{}`", printable(&job.id)) }
    }

    pub(crate) fn step<V>(&self, number: usize, step: &Step<V>) -> Self {
        let (document, job, _) = self.at;
        let name = format!("step `{}` of {}", printable(&step.label()), self.name);
        Self { at: (document, job, number), name }
    }
}

/// Faults by their kinds.
pub(crate) struct Groups<'w> {
    source: &'w Arc<Source>,
    list: Vec<Group>,
    /// By what is said and what to do.
    index: HashMap<(String, String), usize>,
}

struct Group {
    code: Code,
    first: Owner,
    last: (usize, usize, usize),
    /// Workflows, jobs and steps.
    owners: [usize; 3],
    spans: Vec<Span>,
}

impl<'w> Groups<'w> {
    pub(crate) fn new(source: &'w Arc<Source>) -> Self {
        Self { source, list: Vec::new(), index: HashMap::new() }
    }

    /// One more. Those of one owner come one after the other.
    pub(crate) fn add(&mut self, code: Code, what: String, help: &str, owner: &Owner, span: Span) {
        let new = self.list.len();
        let at = *self.index.entry((what, help.to_owned())).or_insert(new);
        if at == new {
            let (first, last) = (owner.clone(), (usize::MAX, 0, 0));
            self.list.push(Group { code, first, last, owners: [0; 3], spans: Vec::new() });
        }
        let group = &mut self.list[at];
        if group.last != owner.at {
            group.last = owner.at;
            let kind = usize::from(owner.at.1 > 0) + usize::from(owner.at.2 > 0);
            group.owners[kind] += 1;
        }
        if group.spans.len() < MOST_PLACES && group.spans.last() != Some(&span) {
            group.spans.push(span);
        }
    }

    /// A diagnostic of each kind, in the order of the first of each; of very many the first.
    pub(crate) fn finish(self, severity: Severity) -> Diagnostics {
        let mut texts: Vec<((String, String), usize)> = self.index.into_iter().collect();
        texts.sort_by_key(|(_, at)| *at);
        let source = Arc::clone(self.source);
        let mut faults = Diagnostics::new();
        for (((what, help), _), group) in texts.into_iter().zip(self.list) {
            let message = format!("{what} ({})", group.places(&source));
            let diagnostic = Diagnostic { severity, ..Diagnostic::error(group.code, message) };
            let diagnostic = group.spans.iter().fold(diagnostic, |told, span| told.at(&source, *span, ""));
            faults.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
        }
        faults
    }
}

impl Group {
    /// `14 steps: lines 12, 40, …`
    fn places(&self, source: &Source) -> String {
        let [workflows, jobs, steps] = self.owners;
        let owners = if workflows + jobs + steps == 1 {
            self.first.name.clone()
        } else {
            let workflow = (workflows > 0).then(|| "the workflow".to_owned());
            let jobs = (jobs > 0).then(|| counted(jobs, "job"));
            let steps = (steps > 0).then(|| counted(steps, "step"));
            [workflow, jobs, steps].into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        let (mut lines, mut has_lines): (Vec<String>, bool) = (Vec::new(), true);
        for span in &self.spans {
            let line = match source.locate(span.start) {
                Location::File { place, .. } => place.line.to_string(),
                location => {
                    has_lines = false;
                    printable(&location.to_string())
                }
            };
            if lines.last() != Some(&line) {
                lines.push(line);
            }
            if lines.len() > MOST_LINES {
                break;
            }
        }
        let noun = match (has_lines, lines.len()) {
            (false, _) => "",
            (true, 1) => "line ",
            (true, _) => "lines ",
        };
        if lines.len() > MOST_LINES {
            lines.truncate(MOST_LINES);
            lines.push("…".to_owned());
        }
        format!("{owners}: {noun}{}", lines.join(", "))
    }
}
