//! Warnings of what credflow doesn't act on.

use super::group::{Groups, Owner};
use super::{Foreign, Language, What, Workflow};
use crate::diagnostic::{Code, Diagnostics, Severity};

impl<V> Workflow<V> {
    /// A warning of each key that credflow doesn't act on: every run refuses the file for it. GitHub's own keys are known
    /// in a file of GitHub's.
    pub fn unacted(&self) -> Diagnostics {
        let mut groups = Groups::new(self.source());
        for (number, document) in self.documents.iter().enumerate() {
            let outer = Owner::workflow(number);
            warn(&mut groups, document.language, &document.foreign, || outer.clone());
            for (at, job) in (1..).zip(&document.jobs) {
                let own = || Owner::job(number, at, job);
                warn(&mut groups, document.language, &job.foreign, own);
                for (step, body) in (1..).zip(&job.steps) {
                    warn(&mut groups, document.language, &body.foreign, || own().step(step, body));
                }
            }
        }
        let mut faults = Diagnostics::new();
        faults.extend(groups.finish(Severity::Warning));
        faults
    }
}

fn warn(groups: &mut Groups<'_>, language: Language, foreign: &[Foreign], owner: impl Fn() -> Owner) {
    for foreign in foreign {
        match &foreign.what {
            What::Unknown { name, help } => {
                groups.add(Code::UnknownKey, format!("unknown key `{name}`"), help, &owner(), foreign.span);
            }
            What::Key(key) if language != Language::GitHub => {
                let what = format!("GitHub's `{}` is no part of what credflow runs", key.name);
                groups.add(Code::ForeignKey, what, key.advice, &owner(), foreign.span);
            }
            What::Key(_) | What::Condition | What::Expression(_) => {}
        }
    }
}
