//! The keys of a workflow file, level by level: the one list that reading, `check`, `run` and the documentation follow.
//!
//! A key is acted on ([`KEYS`]), or GitHub's own that a run refuses ([`FOREIGN`]), or GitHub's own that changes nothing
//! here ([`HARMLESS`]), or somebody's own ([`is_free`]). Any other is told.

/// Where in a workflow file a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// At the top of a document.
    Workflow,
    /// In a job.
    Job,
    /// In a step.
    Step,
    /// In a step's `retry`.
    Retry,
}

use Level::{Job, Retry, Step, Workflow};

/// What a key says something about, when a part of the workflow runs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// How each step below runs.
    Steps,
    /// The job or workflow as a whole, and none of its steps.
    Whole,
    /// What other jobs have of it, or it of others.
    Others,
}

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

/// A key of GitHub's that changes what runs: credflow keeps it, and a run refuses it.
#[derive(Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// As it is written.
    pub name: &'static str,
    /// Where GitHub knows it.
    pub levels: &'static [Level],
    /// What it says something about.
    pub reach: Reach,
    /// What to do instead.
    pub advice: &'static str,
}

const SCRIPT: &str = "write what it does as a script under `run`, or leave this part to GitHub";
const LEAVE: &str = "leave this part to GitHub, or take the key away: nothing here waits for it";

/// All of them, as GitHub's workflow syntax documents them.
pub(super) const FOREIGN: [ForeignKey; 12] = [
    ForeignKey { name: "concurrency", levels: &[Workflow, Job], reach: Reach::Whole, advice: LEAVE },
    ForeignKey {
        name: "defaults",
        levels: &[Workflow, Job],
        reach: Reach::Steps,
        advice: "give each step its own `shell` and `working-directory`",
    },
    ForeignKey { name: "container", levels: &[Job], reach: Reach::Steps, advice: SCRIPT },
    ForeignKey { name: "environment", levels: &[Job], reach: Reach::Whole, advice: LEAVE },
    ForeignKey { name: "outputs", levels: &[Job], reach: Reach::Others, advice: SCRIPT },
    ForeignKey { name: "secrets", levels: &[Job], reach: Reach::Steps, advice: SCRIPT },
    ForeignKey { name: "services", levels: &[Job], reach: Reach::Steps, advice: SCRIPT },
    ForeignKey { name: "snapshot", levels: &[Job], reach: Reach::Whole, advice: SCRIPT },
    ForeignKey { name: "strategy", levels: &[Job], reach: Reach::Whole, advice: "write a job for each case" },
    ForeignKey { name: "uses", levels: &[Job], reach: Reach::Steps, advice: SCRIPT },
    ForeignKey { name: "with", levels: &[Job], reach: Reach::Steps, advice: SCRIPT },
    ForeignKey { name: "uses", levels: &[Step], reach: Reach::Steps, advice: SCRIPT },
];

/// GitHub's keys that change nothing here.
pub(super) const HARMLESS: [(&str, &[Level]); 4] =
    [("on", &[Workflow]), ("permissions", &[Workflow, Job]), ("run-name", &[Workflow]), ("runs-on", &[Job])];

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

impl ForeignKey {
    /// GitHub's key of that name, where it stands.
    pub(super) fn find(level: Level, name: &str) -> Option<&'static Self> {
        FOREIGN.iter().find(|key| key.name == name && key.levels.contains(&level))
    }
}

impl Level {
    /// Where a name is known.
    pub(super) fn of(name: &str) -> Vec<Self> {
        [Workflow, Job, Step, Retry].into_iter().filter(|level| level.names().any(|known| known == name)).collect()
    }

    /// `a job`, `a step`, …
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Workflow => "the workflow",
            Self::Job => "a job",
            Self::Step => "a step",
            Self::Retry => "`retry`",
        }
    }

    /// Every name that is known there.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let ours = KEYS.iter().filter(move |row| row.levels.contains(&self)).map(|row| row.name);
        let foreign = FOREIGN.iter().filter(move |key| key.levels.contains(&self)).map(|key| key.name);
        let harmless = HARMLESS.iter().filter(move |(_, levels)| levels.contains(&self)).map(|(name, _)| *name);
        ours.chain(foreign).chain(harmless)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn a_key_has_its_own_row() {
        for (at, row) in KEYS.iter().enumerate() {
            assert_eq!(row.key as usize, at, "{}", row.name);
            assert_eq!(row.key.name(), row.name);
        }
    }

    #[test]
    fn no_name_means_two_things_at_one_level() {
        for level in [Workflow, Job, Step, Retry] {
            let names: Vec<_> = level.names().collect();
            let distinct: std::collections::HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{level:?}");
            for row in KEYS.iter().filter(|row| row.levels.contains(&level)) {
                let unclear =
                    |also: &&&str| KEYS.iter().any(|other| other.name == **also && other.levels.contains(&level));
                assert!(!row.also.iter().any(|also| unclear(&also)), "{}", row.name);
            }
        }
    }

    /// The tables of the keys in the documentation.
    #[test]
    fn the_documentation_has_all_keys() {
        let levels = |levels: &[Level]| {
            let name = |level: &Level| format!("{level:?}").to_lowercase();
            levels.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        let mut page = String::from("| key | where | meaning |\n|---|---|---|\n");
        for row in &KEYS {
            let _ = writeln!(page, "| `{}` | {} | {} |", row.name, levels(row.levels), row.meaning);
        }
        page += "\n| GitHub's key | where | `run` |\n|---|---|---|\n";
        for key in &FOREIGN {
            let _ = writeln!(page, "| `{}` | {} | refuses it: {} |", key.name, levels(key.levels), key.advice);
        }
        for (name, at) in &HARMLESS {
            let _ = writeln!(page, "| `{name}` | {} | passes over it |", levels(at));
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/running.md");
        let text = std::fs::read_to_string(&path).expect("the page");
        let (begin, end) = ("<!-- keys: made by a test -->\n", "<!-- end of keys -->");
        let (before, rest) = text.split_once(begin).expect("the beginning of the keys");
        let (_, after) = rest.split_once(end).expect("their end");
        let expected = format!("{before}{begin}{page}{end}{after}");
        if text != expected {
            if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
                std::fs::write(&path, expected).expect("the page");
            }
            panic!("docs/running.md has other keys; INSTA_UPDATE=always writes them");
        }
    }
}
