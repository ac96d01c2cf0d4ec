//! Processes and their masked output.
//!
//! [`run`] executes a filled workflow: the jobs as the graph of their `needs` allows, the steps of a job in order, each
//! as a process that sees its own values and no other step's. [`Command`] wraps one command in the same way.
//! What happens is told to an [`Observer`]; nothing here prints. What must be masked and which variables are withheld is
//! known to the filled workflow itself ([`Safeguards`](crate::resolve::Safeguards)): nobody has to say it.
//!
//! | file | owns |
//! |---|---|
//! | `graph`, `job`, `step`, `shared` | what runs when, and what a failure stops |
//! | `process`, `limits`, `reader`, `pipe`, `output` | one process, and its output as one stream in order |
//! | `audience`, `gate` | who is told of it on a thread of its own, and who must know before it starts |
//! | `group`, `family`, `orphans` | the end of all that it started |
//! | `screen`, `window` | a terminal in place of the one that a person sits at |
//! | `keyboard`, `wish` | what the person types, once the command waits for it |
//! | `cancellation`, `suspension`, `signals` | what ends or pauses what runs |
//! | `script`, `command` | what is started: a step's script, a person's command |
//! | `files`, `private` | values that a step reads from files, and where those lie |
//! | `supervisor`, `supervise`, `record` | the end of all that when this process is killed |
//! | `relay` | what a wrapped command leaves behind goes on being masked |
//! | `claim`, `reaper` | zombies, and whose they are |
//! | `load` | what is too large for a process |
//! | `event`, `outcome` | what is told on the way and at the end |
//! | `refuse` | what can't be run, found before anything starts |

mod audience;
mod cancellation;
#[cfg(unix)]
mod claim;
mod command;
mod event;
#[cfg(unix)]
mod family;
mod files;
mod gate;
mod graph;
mod group;
mod job;
mod keyboard;
mod limits;
mod load;
mod orphans;
mod outcome;
mod output;
mod pipe;
mod private;
mod process;
mod reader;
mod reaper;
#[cfg(unix)]
mod record;
mod refuse;
#[cfg(unix)]
mod relay;
mod screen;
mod script;
mod shared;
mod signals;
mod step;
#[cfg(unix)]
mod supervise;
mod supervisor;
mod suspension;
mod window;
#[cfg(unix)]
mod wish;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::mask::Listener;

pub use cancellation::Cancellation;
pub use command::Command;
pub use event::{Event, JobPlace, Observer, StepPlace, Stream, Unshown};
pub use gate::{Admission, Gate};
pub use graph::run;
pub use load::Load;
pub use orphans::Orphans;
pub use outcome::{Execution, JobExecution, Outcome, Skip, StartError, StepExecution};
pub use private::remove_left_files;
pub use reaper::Reaper;
pub use refuse::{refuse, unusable_variable};
#[cfg(unix)]
pub use relay::{RELAY_VERB, relay};
pub use screen::is_joined;
#[cfg(unix)]
pub use signals::{is_ignored, stop};
#[cfg(unix)]
pub use supervise::supervise;
pub use supervisor::Supervisor;
pub use suspension::Suspension;
pub use window::{Size, Window};

/// How a workflow is run.
#[derive(Clone)]
pub struct Options {
    /// Ends the run early; keep a clone to do so.
    pub cancellation: Cancellation,
    /// How long a process group that was told to end may take before it is killed.
    pub grace: Duration,
    /// Whether steps see none of the inherited environment but [`ALWAYS_INHERITED`], as with `inherit-env: false`.
    pub clean_env: bool,
    /// How many jobs may run at once, beside what the workflow says.
    pub max_parallel: Option<usize>,
    /// The terminal that the output is shown on, if it is one: steps run on pseudo-terminals of its size.
    pub window: Option<Window>,
    /// Whether both outputs of a step are shown at one place: then all of it comes as [`Stream::Stdout`], in the order in which
    /// it was written.
    pub is_joined: bool,
    /// The runner that reads what is shown. Beside the masked output an [`Event::Output`] then has what the step told that
    /// runner to mask; who shows it elsewhere shows a value.
    pub listener: Option<Listener>,
    /// Pauses the run; keep a clone to do so.
    pub suspension: Suspension,
    /// Whoever must know before a step is given its values.
    pub gate: Option<Arc<dyn Gate>>,
    /// Who ends the steps and removes their files when this process is killed.
    pub supervisor: Option<Supervisor>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("grace", &self.grace)
            .field("clean_env", &self.clean_env)
            .field("max_parallel", &self.max_parallel)
            .finish_non_exhaustive()
    }
}

/// The variables that a step inherits even when it inherits no others.
pub const ALWAYS_INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TERM", "TMPDIR"];

/// No end, five seconds of grace, the whole inherited environment; no terminal, gate, or supervisor.
impl Default for Options {
    fn default() -> Self {
        Self {
            cancellation: Cancellation::new(),
            grace: Duration::from_secs(5),
            clean_env: false,
            max_parallel: None,
            window: None,
            is_joined: false,
            listener: None,
            suspension: Suspension::new(),
            gate: None,
            supervisor: None,
        }
    }
}
