//! The steps of a job, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cancellation::Urgency;
use super::event::{Event, JobPlace, StepPlace};
use super::graph::Run;
use super::outcome::{JobExecution, Outcome, StepExecution};
use super::process::Limits;
use super::step::{self, Bound};
use crate::workflow::Condition;

/// How long steps of `if: always()` may take after their job's time is over.
const CLEANUP: Duration = Duration::from_secs(5 * 60);

/// Runs a job to its end.
pub(super) async fn execute(run: Arc<Run>, document: usize, index: usize) -> JobExecution {
    let within = &run.workflow.documents[document];
    let job = &within.jobs[index];
    let place = JobPlace { document, index, id: &job.id };
    run.observer.event(Event::JobStarted { job: place });
    let began = Instant::now();
    let deadline = job.settings.timeout.map(|timeout| began + timeout);
    let mut failure: Option<Outcome> = None;
    let mut steps = Vec::with_capacity(job.steps.len());
    for step in &job.steps {
        let started = Instant::now();
        let late = deadline.filter(|deadline| *deadline <= started);
        let urgency = run.options.cancellation.urgency();
        let stopped = match urgency {
            Urgency::None if late.is_none() => None,
            Urgency::None => Some(Outcome::TimedOut),
            _ => Some(Outcome::Cancelled),
        };
        failure = failure.or(stopped.clone());
        let due = match step.settings.condition {
            Condition::Success => failure.is_none(),
            Condition::Never => false,
            Condition::Failure => failure.is_some() && stopped.is_none(),
            Condition::Always => urgency < Urgency::Now,
        };
        let label = step.label();
        let place = StepPlace { job: place, number: step.number as usize, label: &label };
        let outcome = if due {
            run.observer.event(Event::StepStarted { step: place });
            let limit = late.map(|_| started + CLEANUP).or(deadline);
            let own = step.settings.timeout.map(|timeout| started + timeout);
            let limits = Limits {
                deadline: limit.into_iter().chain(own).min(),
                cancellation: Some((run.options.cancellation.clone(), urgency)),
                grace: run.options.grace,
                signals: None,
            };
            let bound = Bound { document: within, job, step, place };
            step::execute(&run, &bound, limits).await
        } else {
            Outcome::Skipped
        };
        let duration = started.elapsed();
        run.observer.event(Event::StepFinished { step: place, outcome: &outcome, duration });
        let execution = StepExecution {
            number: step.number as usize,
            // Whatever goes on, a run that is ended isn't a success.
            tolerated: step.settings.continue_on_error && outcome != Outcome::Cancelled,
            outcome,
            started: started - run.began,
            duration,
            label,
        };
        if failure.is_none() && execution.is_broken() {
            failure = Some(execution.outcome.clone());
        }
        steps.push(execution);
    }
    let outcome = failure.unwrap_or(Outcome::Success);
    let duration = began.elapsed();
    run.observer.event(Event::JobFinished { job: place, outcome: &outcome, duration });
    JobExecution {
        document,
        workflow: within.name.clone(),
        id: job.id.clone(),
        tolerated: job.settings.continue_on_error && outcome != Outcome::Cancelled,
        outcome,
        started: began - run.began,
        duration,
        steps,
    }
}

/// A job that doesn't run.
pub(super) fn pass_over(run: &Run, document: usize, index: usize, outcome: Outcome) -> JobExecution {
    let within = &run.workflow.documents[document];
    let job = &within.jobs[index];
    let place = JobPlace { document, index, id: &job.id };
    let duration = Duration::ZERO;
    run.observer.event(Event::JobFinished { job: place, outcome: &outcome, duration });
    JobExecution {
        document,
        workflow: within.name.clone(),
        id: job.id.clone(),
        outcome,
        tolerated: false,
        started: run.began.elapsed(),
        duration,
        steps: Vec::new(),
    }
}
