//! How a run and its parts ended.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use super::load::Load;

/// How a step or job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Success,
    /// It ended with this exit code, which isn't 0.
    Failed(i32),
    /// It was ended by this signal, which wasn't credflow's.
    Signalled(i32),
    /// It took longer than `timeout-minutes`.
    TimedOut,
    /// The run was ended early.
    Cancelled,
    /// Its condition wasn't met.
    Skipped(Skip),
    /// It couldn't be started.
    NotStarted(StartError),
    /// It was ended, as its output couldn't be shown.
    OutputLost {
        /// What the system said.
        reason: String,
    },
}

/// In a few words: "failed with exit code 2". Names of the workflow are in it as they are.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Failed(code) => write!(f, "failed with exit code {code}"),
            Self::Signalled(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Skipped(skip) => write!(f, "skipped: {skip}"),
            Self::NotStarted(error) => write!(f, "{error}"),
            Self::OutputLost { reason } => write!(f, "its output could not be written: {reason}"),
        }
    }
}

/// Why a step or job was skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Skip {
    /// It says so itself.
    #[error("`if: false`")]
    Never,
    /// It runs after a failure alone.
    #[error("nothing failed")]
    NothingFailed,
    /// It runs after success alone.
    #[error("a step before it failed")]
    StepFailed,
    /// A job that it needs, directly or not, didn't succeed.
    #[error("`{job}` didn't succeed")]
    NeedFailed {
        /// The job's id.
        job: String,
    },
    /// It stands in a later document.
    #[error("a workflow before it in the file failed")]
    DocumentFailed,
    /// The run was ended, or the job's time was over.
    #[error("the run was ended before")]
    Ended,
}

/// Why a process couldn't be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// There is no such program.
    #[error("cannot find the program `{program}`")]
    NoProgram {
        /// Its name as it was given.
        program: String,
    },
    /// The system doesn't run it.
    #[error("cannot start `{program}`: {reason}")]
    NotExecutable {
        /// Its name as it was given.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// Whoever must know before it starts doesn't let it.
    #[error("{reason}")]
    NotAdmitted {
        /// Why.
        reason: String,
    },
    /// The system gives no process so much.
    #[error("cannot start `{program}`: {load}")]
    TooLarge {
        /// Its name as it was given.
        program: String,
        /// What is too large.
        load: Load,
    },
    /// A variable that no process can be given.
    #[error("{reason}")]
    Unusable {
        /// Which, and why.
        reason: String,
    },
    /// The folder to run it in isn't there.
    #[error("cannot run in the folder `{folder}`: it is not a folder, or not there")]
    NoFolder {
        /// Its name as it was given.
        folder: String,
    },
    /// A value can't be written to a file for the step.
    #[error("cannot make the file of `{variable}`: {reason}")]
    NoFile {
        /// The variable that would hold its path.
        variable: String,
        /// What the system said.
        reason: String,
    },
    /// The script can't be written to a file for the shell.
    #[error("cannot write the script to a file: {reason}")]
    NoScript {
        /// What the system said.
        reason: String,
    },
}

/// How a run ended: all its jobs, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The jobs of all documents.
    pub jobs: Vec<JobExecution>,
    /// How long it took.
    pub duration: Duration,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobExecution {
    /// The document's place in the file, from 0.
    pub document: usize,
    /// The document's name.
    pub workflow: String,
    /// The job's id.
    pub id: String,
    /// How it ended: as the first of its steps that failed.
    pub outcome: Outcome,
    /// Whether its failure let the rest go on (`continue-on-error`).
    pub tolerated: bool,
    /// When it started, from the start of the run.
    pub started: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Its steps, in order; none of a job that was skipped.
    pub steps: Vec<StepExecution>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepExecution {
    /// The step's place in the job, from 1.
    pub number: usize,
    /// What people call it.
    pub label: String,
    /// How it ended, the last time that it was tried.
    pub outcome: Outcome,
    /// How often it was started.
    pub attempts: u32,
    /// Whether its failure let the rest go on (`continue-on-error`).
    pub tolerated: bool,
    /// When it started, from the start of the run.
    pub started: Duration,
    /// How long it took, with all attempts.
    pub duration: Duration,
}

impl Outcome {
    /// Whether it ended otherwise than it should. What was skipped didn't.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Success | Self::Skipped(_))
    }

    /// The exit code that a shell would give: 124 for a timeout, 130 for a run ended early, 126 and 127 for what can't be
    /// started, 125 where output was lost or credflow itself stood in the way, 128 and the number for a signal.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Success | Self::Skipped(_) => 0,
            Self::Failed(code) => *code,
            Self::Signalled(signal) => 128 + signal,
            Self::TimedOut => 124,
            Self::Cancelled => 130,
            Self::NotStarted(error) => error.exit_code(),
            Self::OutputLost { .. } => 125,
        }
    }
}

impl StartError {
    /// 127 for a program that isn't there, 126 for what can't be started, as shells do; 125 where it may not be.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::NoProgram { .. } => 127,
            Self::NotAdmitted { .. } => 125,
            Self::NotExecutable { .. }
            | Self::TooLarge { .. }
            | Self::Unusable { .. }
            | Self::NoFolder { .. }
            | Self::NoFile { .. }
            | Self::NoScript { .. } => 126,
        }
    }
}

impl From<ExitStatus> for Outcome {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signalled(signal);
        }
        match status.code() {
            Some(0) => Self::Success,
            Some(code) => Self::Failed(code),
            None => Self::Failed(1),
        }
    }
}

impl Execution {
    /// Whether nothing failed but what may.
    pub fn is_success(&self) -> bool {
        self.exit_code() == 0
    }

    /// The exit code of the step that failed first, by time, among those whose failure counts; 0 when none did.
    pub fn exit_code(&self) -> i32 {
        let failed = self.jobs.iter().filter(|job| job.is_broken());
        let first = failed.min_by_key(|job| job.failed_at());
        first.map_or(0, |job| job.outcome.exit_code())
    }
}

impl JobExecution {
    /// Whether it failed and its failure counts.
    pub fn is_broken(&self) -> bool {
        self.outcome.is_failure() && !self.tolerated
    }

    /// When its first failure that counts was known, from the start of the run.
    fn failed_at(&self) -> Duration {
        let step = self.steps.iter().find(|step| step.is_broken());
        step.map_or(self.started + self.duration, |step| step.started + step.duration)
    }
}

impl StepExecution {
    /// Whether it failed and its failure counts.
    pub fn is_broken(&self) -> bool {
        self.outcome.is_failure() && !self.tolerated
    }
}
