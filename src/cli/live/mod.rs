//! A run as it happens.
//!
//! | file | shows |
//! |---|---|
//! | `lines` | output as it comes, each line with its job where several run |
//! | `board` | on a terminal, below that output, what runs at the moment |
//! | `groups` | a foldable group for each step, on GitHub and Azure Pipelines |

mod board;
mod groups;
mod lines;

use std::time::Duration;

use super::Terminal;
use super::runner::{RunnerLog, around};
use crate::mask::Runner;
use crate::run::{Observer, Outcome};
use crate::source::printable;
use board::Board;
use groups::Groups;
use lines::Lines;

/// How much may happen at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// How many jobs there are.
    pub(super) jobs: usize,
    /// Whether two of them may run at once.
    pub(super) at_once: bool,
}

/// Whoever fits to where the run is shown, and to the runner that listens there, if one does.
pub(super) fn observer(terminal: &Terminal, extent: Extent, listener: Option<Runner>) -> Box<dyn Observer> {
    let (prefixed, log) = (extent.jobs > 1, RunnerLog::new(terminal.clone(), listener));
    match around() {
        // What a step prints, and why one couldn't be started.
        _ if terminal.is_quiet() => Box::new(Lines::new(terminal.clone(), log, prefixed && extent.at_once)),
        Some(runner) => Box::new(Groups::new(log, runner, extent.at_once)),
        None if terminal.is_screen() && extent.at_once => Box::new(Board::new(terminal.clone())),
        // One after the other they have the terminal for themselves.
        None => Box::new(Lines::new(terminal.clone(), log, prefixed && !terminal.is_screen())),
    }
}

/// How something ended, in a few words.
pub(super) fn describe(outcome: &Outcome) -> String {
    printable(&outcome.to_string())
}

/// How a step ended, and after how long; a failure stands out.
fn ended(terminal: &Terminal, outcome: &Outcome, duration: Duration) -> String {
    let text = format!("{} ({:.1} s)", describe(outcome), duration.as_secs_f64());
    if outcome.is_failure() { terminal.paint("1;31", &text) } else { text }
}

/// Why and when a step is tried again.
fn again(outcome: &Outcome, attempt: u32, delay: Duration) -> String {
    format!("attempt {attempt} {}; again in {:.1} s", describe(outcome), delay.as_secs_f64())
}
