//! The jobs of a workflow, each when those that it needs have ended.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Options;
use super::audience::Audience;
use super::cancellation::Urgency;
use super::event::Observer;
use super::job;
use super::outcome::{Execution, JobExecution, Outcome, Skip};
use super::refuse::{refuse, unusable};
use super::shared::Run;
use crate::diagnostic::Diagnostics;
use crate::mask::MaskSet;
use crate::render::FilledWorkflow;
use crate::trace::Span;
use crate::workflow::Condition;

/// Runs a workflow to its end: documents one after the other until one fails, the jobs of a document at once as far as
/// their `needs` allow, the steps of a job in order. The workflow's [`safeguards`](FilledWorkflow::safeguards) say what is
/// masked in the output of every step, and which variables none gets. Run a part of a workflow by selecting it before it is
/// planned.
///
/// Needs a tokio runtime with its drivers enabled; one thread will do. The observer is told on a thread of its own, and
/// dropped at the end, when all is told. Where it takes nothing more after the run was cancelled or a step ran out of time,
/// it is left alone with that thread. Dropping the future kills what runs.
///
/// # Errors
/// What [`refuse`] finds, and values that no process can be given. Then nothing was started. What goes wrong later is
/// part of the [`Execution`].
///
/// # Panics
/// As the observer did.
pub async fn run(
    workflow: FilledWorkflow,
    options: Options,
    mut observer: Box<dyn Observer>,
) -> Result<Execution, Diagnostics> {
    let mut faults = refuse(&workflow, options.clean_env);
    faults.extend(unusable(&workflow));
    faults.finish(Some(()))?;
    let masks = Arc::new(MaskSet::new(workflow.safeguards().masked().cloned()));
    observer.mask(&masks);
    let (audience, ending) = Audience::start(observer);
    let run = Arc::new(Run { masks, workflow, options, audience, began: Instant::now() });
    let mut jobs: Vec<JobExecution> = Vec::new();
    for document in 0..run.workflow.documents.len() {
        let broken = jobs.iter().any(JobExecution::is_broken);
        jobs.extend(execute(&run, document, broken).await);
    }
    let duration = run.began.elapsed();
    let cancellation = run.options.cancellation.clone();
    drop(run);
    let is_late = jobs.iter().flat_map(|job| &job.steps).any(|step| step.outcome == Outcome::TimedOut);
    ending
        .finish(async move {
            if !is_late {
                cancellation.beyond(Urgency::None).await;
            }
        })
        .await;
    Ok(Execution { jobs, duration })
}

/// The jobs of one document; after a document that failed, none of them runs.
async fn execute(run: &Arc<Run>, document: usize, broken: bool) -> Vec<JobExecution> {
    let count = run.workflow.documents[document].jobs.len();
    let mut known: Vec<Fate> = (0..count).map(|_| Fate::Waiting).collect();
    let mut running = JoinSet::new();
    loop {
        // A job that is passed over may settle the fate of others at once.
        while let Some((index, turn)) = next(run, document, &known, broken, running.len()) {
            known[index] = match turn {
                Turn::Run => {
                    let run = Arc::clone(run);
                    let span = Span::job(&run.workflow.documents[document].jobs[index].id);
                    running.spawn(span.around(async move { (index, job::execute(run, document, index).await) }));
                    Fate::Running
                }
                Turn::PassOver(outcome) => Fate::Over(job::pass_over(run, document, index, outcome)),
            };
        }
        match running.join_next().await {
            Some(Ok((index, execution))) => known[index] = Fate::Over(execution),
            // What broke here is told where it can be seen.
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => break,
            },
            None => break,
        }
    }
    known.into_iter().filter_map(Fate::execution).collect()
}

/// What has become of a job.
enum Fate {
    Waiting,
    Running,
    Over(JobExecution),
}

/// What is to become of a job.
enum Turn {
    Run,
    PassOver(Outcome),
}

impl Fate {
    fn execution(self) -> Option<JobExecution> {
        match self {
            Self::Over(execution) => Some(execution),
            Self::Waiting | Self::Running => None,
        }
    }
}

/// The first job that waits for nothing any more, and what is to become of it.
///
/// With so many `running` as may be, those that could run wait.
fn next(run: &Run, document: usize, known: &[Fate], broken: bool, running: usize) -> Option<(usize, Turn)> {
    let bounds = [run.options.max_parallel, run.workflow.documents[document].max_parallel];
    let is_full = bounds.into_iter().flatten().any(|most| running >= most);
    let jobs = &run.workflow.documents[document].jobs;
    let urgency = run.options.cancellation.urgency();
    jobs.iter().enumerate().find_map(|(index, job)| {
        let ready =
            matches!(known[index], Fate::Waiting) && job.needs.iter().all(|&need| matches!(known[need], Fate::Over(_)));
        if !ready {
            return None;
        }
        let cancelled = urgency > Urgency::None;
        let turn = match job.settings.condition {
            _ if broken => Turn::PassOver(Outcome::Skipped(Skip::DocumentFailed)),
            Condition::Always if urgency < Urgency::Now => Turn::Run,
            Condition::Success
                if job.needs.iter().all(|&need| is_done(&known[need]))
                    && !has_failed(run, document, known, &job.needs) =>
            {
                if cancelled {
                    Turn::PassOver(Outcome::Cancelled)
                } else {
                    Turn::Run
                }
            }
            Condition::Failure if !cancelled && has_failed(run, document, known, &job.needs) => Turn::Run,
            Condition::Always => Turn::PassOver(Outcome::Cancelled),
            Condition::Never => Turn::PassOver(Outcome::Skipped(Skip::Never)),
            Condition::Failure if cancelled => Turn::PassOver(Outcome::Skipped(Skip::Ended)),
            Condition::Failure => Turn::PassOver(Outcome::Skipped(Skip::NothingFailed)),
            Condition::Success => Turn::PassOver(Outcome::Skipped(unmet(run, document, known, &job.needs))),
        };
        (!is_full || matches!(turn, Turn::PassOver(_))).then_some((index, turn))
    })
}

/// Why a job that waits for the success of those that it needs doesn't run.
fn unmet(run: &Run, document: usize, known: &[Fate], needs: &[usize]) -> Skip {
    let jobs = &run.workflow.documents[document].jobs;
    let failed = needs.iter().find(|&&need| !is_done(&known[need]) || has_failed(run, document, known, &[need]));
    failed.map_or(Skip::Ended, |&need| Skip::NeedFailed { job: jobs[need].id.clone() })
}

/// Whether a job has ended so that others may build on it.
fn is_done(fate: &Fate) -> bool {
    matches!(fate, Fate::Over(job) if job.outcome == Outcome::Success || job.tolerated)
}

/// Whether one of these jobs, or one that they need in turn, has failed.
fn has_failed(run: &Run, document: usize, known: &[Fate], needs: &[usize]) -> bool {
    let jobs = &run.workflow.documents[document].jobs;
    let mut waiting = needs.to_vec();
    let mut seen = HashSet::new();
    while let Some(need) = waiting.pop() {
        if !seen.insert(need) {
            continue;
        }
        if matches!(&known[need], Fate::Over(job) if job.is_broken()) {
            return true;
        }
        waiting.extend(&jobs[need].needs);
    }
    false
}
