//! GitHub's own keys: those that a run refuses, and those that change nothing here.

use super::level::Level::{self, Job, Step, Workflow};
use super::level::Reach;

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

impl ForeignKey {
    /// GitHub's key of that name, where it stands.
    pub(super) fn find(level: Level, name: &str) -> Option<&'static Self> {
        FOREIGN.iter().find(|key| key.name == name && key.levels.contains(&level))
    }
}
