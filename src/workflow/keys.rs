//! The keys of a workflow file: ours, and GitHub's, which are kept and not taken for typos.

use crate::yaml::{Entry, NodeId, Reader};

/// The keys of a level of the file.
pub(super) struct Keys {
    /// Those that mean something to credflow.
    pub(super) ours: &'static [&'static str],
    /// Those of GitHub Actions that change what runs, as its workflow syntax documents them: a run refuses them.
    pub(super) foreign: &'static [&'static str],
    /// GitHub Actions' others, which change nothing here.
    pub(super) others: &'static [&'static str],
}

impl Keys {
    /// Notes that the value of an entry is read, if its key is one of ours.
    pub(super) fn reach(&self, reader: &mut Reader<'_>, entry: Entry) {
        let tree = reader.tree;
        if tree.text(tree.resolve(entry.key)).is_some_and(|name| self.ours.contains(&name)) {
            reader.reach(entry.written);
        }
    }

    /// Passes over a key that isn't ours: one that changes what runs is noted, and one that is nearly ours is a fault.
    pub(super) fn pass(&self, reader: &mut Reader<'_>, name: &str, key: NodeId) {
        if self.foreign.contains(&name) {
            reader.note(key, name.to_owned());
        } else if !self.others.contains(&name) {
            reader.unknown(key, self.ours, false);
        }
    }
}

pub(super) const DOCUMENT: Keys = Keys {
    ours: &["name", "env", "jobs", "steps", "max-parallel", "inherit-env"],
    foreign: &["concurrency", "defaults"],
    others: &["run-name", "on", "permissions"],
};

pub(super) const JOB: Keys = Keys {
    ours: &["name", "needs", "env", "steps", "if", "timeout-minutes", "continue-on-error", "inherit-env"],
    foreign: &[
        "concurrency",
        "container",
        "defaults",
        "environment",
        "outputs",
        "secrets",
        "services",
        "snapshot",
        "strategy",
        "uses",
        "with",
    ],
    others: &["permissions", "runs-on"],
};

pub(super) const STEP: Keys = Keys {
    ours: &[
        "id",
        "name",
        "env",
        "with",
        "files",
        "run",
        "shell",
        "working-directory",
        "if",
        "timeout-minutes",
        "continue-on-error",
        "inherit-env",
        "retry",
    ],
    foreign: &["uses"],
    others: &[],
};
