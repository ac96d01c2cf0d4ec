//! The keys of a workflow file: ours, and GitHub's, which are kept and not taken for typos.

/// The keys of a level of the file.
pub(super) struct Keys {
    /// Those that mean something to credflow.
    pub(super) ours: &'static [&'static str],
    /// GitHub Actions' others, as its workflow syntax documents them.
    pub(super) others: &'static [&'static str],
}

pub(super) const DOCUMENT: Keys = Keys {
    ours: &["name", "env", "jobs", "steps"],
    others: &["run-name", "on", "permissions", "defaults", "concurrency"],
};

pub(super) const JOB: Keys = Keys {
    ours: &["name", "needs", "env", "steps", "if", "timeout-minutes", "continue-on-error"],
    others: &[
        "permissions",
        "runs-on",
        "environment",
        "concurrency",
        "outputs",
        "defaults",
        "strategy",
        "container",
        "services",
        "uses",
        "with",
        "secrets",
        "snapshot",
    ],
};

pub(super) const STEP: Keys = Keys {
    ours: &[
        "id",
        "name",
        "env",
        "with",
        "run",
        "shell",
        "working-directory",
        "if",
        "timeout-minutes",
        "continue-on-error",
    ],
    others: &["uses"],
};
