//! The keys of a workflow file, level by level: the one list that reading, `check`, `run` and the documentation follow.
//!
//! A key is acted on ([`KEYS`]), or GitHub's own that a run refuses ([`FOREIGN`]), or GitHub's own that changes nothing
//! here ([`HARMLESS`]), or somebody's own ([`is_free`]). Any other is told.

#[cfg(test)]
mod tests;

use super::foreign_key::{FOREIGN, HARMLESS};
use super::level::Level::{self, Job, Retry, Step, Workflow};
use super::level::Reach;

/// A key that credflow acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Name,
    Env,
    Jobs,
    Steps,
    MaxParallel,
    InheritEnv,
    Needs,
    If,
    TimeoutMinutes,
    ContinueOnError,
    Id,
    With,
    Files,
    Run,
    Shell,
    WorkingDirectory,
    Retry,
    Attempts,
    Delay,
    Backoff,
}

/// What is known of a key that credflow acts on.
pub(super) struct Row {
    pub(super) key: Key,
    /// As it is written.
    pub(super) name: &'static str,
    /// Where it is known.
    pub(super) levels: &'static [Level],
    /// What an expression in its value says something about.
    pub(super) reach: Reach,
    /// What other tools, and people, call it.
    pub(super) also: &'static [&'static str],
    /// Whether its value has keys of its own.
    pub(super) is_mapping: bool,
    /// What it says.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes the documentation with it"))]
    pub(super) meaning: &'static str,
}

const ROW: Row =
    Row { key: Key::Name, name: "", levels: &[], reach: Reach::Steps, also: &[], is_mapping: false, meaning: "" };

/// The keys that credflow acts on, in the order of [`Key`].
pub(super) const KEYS: [Row; 20] = [
    Row {
        key: Key::Name,
        name: "name",
        levels: &[Workflow, Job, Step],
        reach: Reach::Whole,
        also: &["title", "displayName", "display-name"],
        meaning: "what people call it; scopes of credentials name the workflow so",
        ..ROW
    },
    Row {
        key: Key::Env,
        name: "env",
        levels: &[Workflow, Job, Step],
        also: &["environment", "environments", "variables", "vars"],
        is_mapping: true,
        meaning: "variables; the inner one overrides the outer, see below",
        ..ROW
    },
    Row {
        key: Key::Jobs,
        name: "jobs",
        levels: &[Workflow],
        also: &["stages", "pipeline", "workflows"],
        is_mapping: true,
        meaning: "the jobs by their ids",
        ..ROW
    },
    Row {
        key: Key::Steps,
        name: "steps",
        levels: &[Workflow, Job],
        also: &["tasks", "stages"],
        meaning: "the steps in order; at the top of a workflow, those of its only job, `main`",
        ..ROW
    },
    Row {
        key: Key::MaxParallel,
        name: "max-parallel",
        levels: &[Workflow],
        reach: Reach::Whole,
        also: &["parallel", "parallelism"],
        meaning: "how many jobs may run at once; `--max-parallel` on the command line",
        ..ROW
    },
    Row {
        key: Key::InheritEnv,
        name: "inherit-env",
        levels: &[Workflow, Job, Step],
        meaning: "`false` passes on `PATH`, `HOME`, `LANG`, `TERM` and `TMPDIR` alone of the environment around credflow; `--clean-env` does so for all",
        ..ROW
    },
    Row {
        key: Key::Needs,
        name: "needs",
        levels: &[Job],
        reach: Reach::Others,
        also: &["depends-on", "dependencies", "requires", "after", "dependsOn"],
        meaning: "the jobs that must have succeeded before; a failure stops all that depends on it, near or far",
        ..ROW
    },
    Row {
        key: Key::If,
        name: "if",
        levels: &[Job, Step],
        also: &["condition"],
        meaning: "`success()` (the default), `failure()`, `always()`, `true`, `false`",
        ..ROW
    },
    Row {
        key: Key::TimeoutMinutes,
        name: "timeout-minutes",
        levels: &[Job, Step],
        also: &["timeout", "timeout-in-minutes"],
        meaning: "may be a fraction; of a step, for each attempt",
        ..ROW
    },
    Row {
        key: Key::ContinueOnError,
        name: "continue-on-error",
        levels: &[Job, Step],
        reach: Reach::Whole,
        also: &["allow-failure", "allow-failures", "ignore-errors", "soft-fail"],
        meaning: "`true`: a failure lets the rest go on",
        ..ROW
    },
    Row {
        key: Key::Id,
        name: "id",
        levels: &[Step],
        meaning: "its name for `--step`; one step of a job has it",
        ..ROW
    },
    Row {
        key: Key::With,
        name: "with",
        levels: &[Step],
        also: &["inputs", "args", "parameters"],
        is_mapping: true,
        meaning: "inputs, as `INPUT_NAME`: capitals, and `_` for what a shell's variable can't have",
        ..ROW
    },
    Row {
        key: Key::Files,
        name: "files",
        levels: &[Step],
        also: &["secret-files"],
        is_mapping: true,
        meaning: "variables with the path of a file that holds the value",
        ..ROW
    },
    Row {
        key: Key::Run,
        name: "run",
        levels: &[Step],
        also: &["script", "command", "commands", "cmd", "bash", "exec"],
        meaning: "the script",
        ..ROW
    },
    Row {
        key: Key::Shell,
        name: "shell",
        levels: &[Step],
        also: &["interpreter"],
        meaning: "what reads the script: `sh -e` by default, `bash -e` in a file with `on`; `{0}` stands for a file with the script",
        ..ROW
    },
    Row {
        key: Key::WorkingDirectory,
        name: "working-directory",
        levels: &[Step],
        also: &["workdir", "cwd", "dir", "directory", "working-dir"],
        meaning: "the folder in which the script runs",
        ..ROW
    },
    Row {
        key: Key::Retry,
        name: "retry",
        levels: &[Step],
        also: &["retries", "retry-on-error"],
        is_mapping: true,
        meaning: "`{ attempts: 3, delay: 1, backoff: 2 }`: a step that fails is tried again",
        ..ROW
    },
    Row {
        key: Key::Attempts,
        name: "attempts",
        levels: &[Retry],
        also: &["max-attempts", "max", "times", "count", "limit"],
        meaning: "how often it is started at the most",
        ..ROW
    },
    Row {
        key: Key::Delay,
        name: "delay",
        levels: &[Retry],
        also: &["wait", "interval", "delay-seconds", "sleep"],
        meaning: "how many seconds are waited after the first attempt; 1 by default",
        ..ROW
    },
    Row {
        key: Key::Backoff,
        name: "backoff",
        levels: &[Retry],
        also: &["factor", "multiplier"],
        meaning: "how many times longer each further wait is; 1 by default",
        ..ROW
    },
];

/// Keys of other tools whose values mean something else than those of ours: what to write in their place.
const OTHERWISE: [(&str, Key, &str); 7] = [
    ("clean-env", Key::InheritEnv, "for a clean environment write `inherit-env: false`"),
    ("only", Key::If, "write a condition that credflow knows: `if: success()`, `if: failure()` or `if: always()`"),
    ("rules", Key::If, "write a condition that credflow knows: `if: success()`, `if: failure()` or `if: always()`"),
    (
        "timeout-seconds",
        Key::TimeoutMinutes,
        "write `timeout-minutes`, in minutes: 30 seconds are `timeout-minutes: 0.5`",
    ),
    ("timeout-sec", Key::TimeoutMinutes, "write `timeout-minutes`, in minutes: 30 seconds are `timeout-minutes: 0.5`"),
    ("unless", Key::If, "write the opposite under `if`: `if: success()` where it was `failure()`"),
    ("when", Key::If, "write the condition as `if: always()`, `if: failure()` or `if: success()`"),
];

/// Whether a key is its author's own, or a usual place for anchors: it may stand anywhere and means nothing.
pub(super) fn is_free(name: &str) -> bool {
    name.starts_with(['.', '_']) || name.starts_with("x-")
}

impl Key {
    /// What is known of it.
    pub(super) fn row(self) -> &'static Row {
        &KEYS[self as usize]
    }

    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        self.row().name
    }

    /// The key of that name, where it stands.
    pub(super) fn find(level: Level, name: &str) -> Option<Self> {
        KEYS.iter().find(|row| row.name == name && row.levels.contains(&level)).map(|row| row.key)
    }

    /// The key that other tools call so, where it stands. They differ in how they join words.
    pub(super) fn called(level: Level, name: &str) -> Option<Self> {
        let name = plain(name);
        let mut here = KEYS.iter().filter(|row| row.levels.contains(&level));
        here.find(|row| row.also.iter().any(|also| plain(also) == name)).map(|row| row.key)
    }
}

/// A key without what joins its words.
fn plain(name: &str) -> String {
    name.replace(['-', '_', ' '], "").to_lowercase()
}

/// What to write in the place of a key that other tools know, and whose values mean something else than those of ours.
pub(super) fn otherwise(level: Level, name: &str) -> Option<&'static str> {
    let name = plain(name);
    let mut here = OTHERWISE.iter().filter(|(_, key, _)| key.row().levels.contains(&level));
    here.find(|(other, ..)| plain(other) == name).map(|(.., help)| *help)
}

impl Level {
    /// Where a name is known.
    pub(super) fn of(name: &str) -> Vec<Self> {
        [Workflow, Job, Step, Retry].into_iter().filter(|level| level.names().any(|known| known == name)).collect()
    }

    /// Every name that is known there.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let ours = KEYS.iter().filter(move |row| row.levels.contains(&self)).map(|row| row.name);
        let foreign = FOREIGN.iter().filter(move |key| key.levels.contains(&self)).map(|key| key.name);
        let harmless = HARMLESS.iter().filter(move |(_, levels)| levels.contains(&self)).map(|(name, _)| *name);
        ours.chain(foreign).chain(harmless)
    }
}
