//! Processes and their masked output.
//!
//! [`run`] executes a filled workflow: the jobs as the graph of their `needs` allows, the steps of a job in order, each
//! as a process that sees its own values and no other step's. [`Command`] wraps one command in the same way.
//! What happens is told to an [`Observer`]; nothing here prints.
//!
//! | file | owns |
//! |---|---|
//! | `graph`, `job`, `step` | what runs when, and what a failure stops |
//! | `process`, `group`, `pipe` | one process, the end of all that it started, and its output |
//! | `script`, `command` | what is started: a step's script, a person's command |
//! | `mask` | what of the output must not be seen |
//! | `event`, `outcome` | what is told on the way and at the end |
//! | `refuse` | what can't be run, found before anything starts |

mod cancellation;
mod command;
mod event;
mod graph;
mod group;
mod job;
mod mask;
mod outcome;
mod pipe;
mod process;
mod refuse;
mod script;
mod signals;
mod step;

use std::ffi::OsString;
use std::time::Duration;

pub use cancellation::Cancellation;
pub use command::{Command, Value};
pub use event::{Event, JobPlace, Observer, StepPlace, Stream};
pub use graph::run;
pub use mask::{MaskSet, Masker, Masks, OutputMasker};
pub use outcome::{Execution, JobExecution, Outcome, StartError, StepExecution};
pub use refuse::refuse;

/// How a workflow is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Ends the run early; keep a clone to do so.
    pub cancellation: Cancellation,
    /// How long a process group that was told to end may take before it is killed.
    pub grace: Duration,
    /// Inherited variables that steps don't get, such as the client secrets of stores.
    pub withheld: Vec<OsString>,
}

/// No end, five seconds of grace, and the whole inherited environment.
impl Default for Options {
    fn default() -> Self {
        Self { cancellation: Cancellation::new(), grace: Duration::from_secs(5), withheld: Vec::new() }
    }
}
