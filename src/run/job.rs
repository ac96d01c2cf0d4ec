//! The steps of a job, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::Options;
use super::cancellation::Urgency;
use super::event::{Event, JobPlace, StepPlace};
use super::group::{Group, LOOK};
use super::limits::{Limits, until};
use super::outcome::{JobExecution, Outcome, Skip, StartError, StepExecution};
use super::process::End;
use super::shared::Run;
use super::step::{self, Bound};
use crate::trace::Span;
use crate::workflow::Condition;

/// How long steps of `if: always()` may take after their job's time is over.
const CLEANUP: Duration = Duration::from_secs(5 * 60);

/// Runs a job to its end, and ends what its steps have left behind.
pub(super) async fn execute(run: Arc<Run>, document: usize, index: usize) -> JobExecution {
    let within = &run.workflow.documents[document];
    let job = &within.jobs[index];
    let place = JobPlace { document, index, id: job.id.as_str().into() };
    run.audience.tell(Event::JobStarted { job: place.clone() });
    let began = Instant::now();
    let mut course = Course {
        run: &run,
        deadline: job.settings.timeout.map(|timeout| began + timeout),
        failure: None,
        left: Vec::new(),
        rests: JoinSet::new(),
    };
    let mut steps = Vec::with_capacity(job.steps.len());
    for step in &job.steps {
        let started = Instant::now();
        let label = step.label();
        let place = StepPlace { job: place.clone(), number: step.number as usize, label: (*label).into() };
        let bound = Bound { document: within, job, step, place: place.clone() };
        let (outcome, attempts) = match course.turn(step.settings.condition, started) {
            Ok(limits) => course.attempt(&bound, &limits).await,
            Err(skip) => (Outcome::Skipped(skip), 0),
        };
        let duration = started.elapsed();
        run.audience.tell(Event::StepFinished { step: place, outcome: outcome.clone(), duration });
        let execution = StepExecution {
            number: step.number as usize,
            // Whatever goes on, a run that is ended isn't a success.
            tolerated: step.settings.continue_on_error && outcome != Outcome::Cancelled,
            outcome,
            attempts,
            started: started - run.began,
            duration,
            label,
        };
        if course.failure.is_none() && execution.is_broken() {
            course.failure = Some(execution.outcome.clone());
        }
        steps.push(execution);
    }
    // A server that a step started has served the steps after it.
    let kill = Instant::now() + run.options.grace;
    for group in course.left {
        group.end(kill, &run.options.cancellation).await;
    }
    // Who left the group may hold a pipe for ever.
    let _ = timeout(LOOK, async { while course.rests.join_next().await.is_some() {} }).await;
    let outcome = course.failure.unwrap_or(Outcome::Success);
    let duration = began.elapsed();
    run.audience.tell(Event::JobFinished { job: place, outcome: outcome.clone(), duration });
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

/// A job on its way.
struct Course<'r> {
    run: &'r Arc<Run>,
    deadline: Option<Instant>,
    /// How the first step that failed has ended, or what stops the steps to come.
    failure: Option<Outcome>,
    /// What the steps so far have left behind.
    left: Vec<Group>,
    /// What that writes.
    rests: JoinSet<()>,
}

/// What bounds all attempts of a step.
struct Turn {
    /// When the job's time is over.
    deadline: Option<Instant>,
    /// How urgent the end of the run was when the step began.
    urgency: Urgency,
}

impl Course<'_> {
    /// Whether a step's turn comes, and within what bounds.
    fn turn(&mut self, condition: Condition, now: Instant) -> Result<Turn, Skip> {
        let late = self.deadline.filter(|deadline| *deadline <= now);
        let urgency = self.run.options.cancellation.urgency();
        let stopped = match urgency {
            Urgency::None if late.is_none() => None,
            Urgency::None => Some(Outcome::TimedOut),
            _ => Some(Outcome::Cancelled),
        };
        self.failure = self.failure.take().or(stopped.clone());
        let skip = match condition {
            Condition::Success => self.failure.as_ref().map(|_| Skip::StepFailed),
            Condition::Failure if stopped.is_some() => Some(Skip::Ended),
            Condition::Failure => self.failure.is_none().then_some(Skip::NothingFailed),
            Condition::Always => (urgency == Urgency::Now).then_some(Skip::Ended),
            Condition::Never => Some(Skip::Never),
        };
        match skip {
            Some(Skip::StepFailed) if stopped.is_some() => Err(Skip::Ended),
            Some(skip) => Err(skip),
            None => Ok(Turn { deadline: late.map(|_| now + CLEANUP).or(self.deadline), urgency }),
        }
    }

    /// Starts a step until it succeeds, or has been tried as often as it may. `timeout-minutes` is for each attempt.
    async fn attempt(&mut self, bound: &Bound<'_>, turn: &Turn) -> (Outcome, u32) {
        let Options { cancellation, grace, suspension, .. } = &self.run.options;
        let attempts = bound.step.retry.as_ref().map_or(1, |retry| retry.attempts);
        let mut attempt = 1;
        loop {
            if cancellation.urgency() > turn.urgency {
                return (Outcome::Cancelled, attempt - 1);
            }
            let own = bound.step.settings.timeout.map(|timeout| Instant::now() + timeout);
            let deadline = turn.deadline.into_iter().chain(own).min();
            if let Err(outcome) = self.admit(bound, turn, deadline).await {
                return (outcome, attempt - 1);
            }
            self.run.audience.tell(Event::StepStarted { step: bound.place.clone(), attempt });
            let limits = Limits {
                deadline,
                cancellation: Some((cancellation.clone(), turn.urgency)),
                grace: *grace,
                signals: None,
                suspension: Some(suspension.follow()),
            };
            let span = Span::step(bound.place.number, &bound.place.label);
            let End { outcome, left, rest } = span.around(step::execute(self.run, bound, limits)).await;
            if let (Outcome::NotStarted(_), Some(gate)) = (&outcome, &self.run.options.gate) {
                gate.turned_back(&bound.place);
            }
            self.left.extend(left);
            if let Some(rest) = rest {
                self.rests.spawn(rest.drain());
            }
            let is_last = attempt == attempts || !outcome.is_failure() || outcome == Outcome::Cancelled;
            let delay = bound.step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.delay_after(attempt));
            // An attempt that couldn't begin in time would be told of as one that took too long.
            if is_last || turn.deadline.is_some_and(|deadline| Instant::now() + delay >= deadline) {
                return (outcome, attempt);
            }
            let (step, outcome) = (bound.place.clone(), outcome);
            self.run.audience.tell(Event::StepRetried { step, outcome, attempt, delay });
            tokio::select! {
                () = sleep(delay) => {}
                _ = cancellation.beyond(turn.urgency) => return (Outcome::Cancelled, attempt),
            }
            attempt += 1;
        }
    }
}

impl Course<'_> {
    /// Waits at the gate, for as long as the step may take and the run isn't ended.
    async fn admit(&self, bound: &Bound<'_>, turn: &Turn, deadline: Option<Instant>) -> Result<(), Outcome> {
        let Some(gate) = &self.run.options.gate else { return Ok(()) };
        let admitted = tokio::select! {
            // Time that is over doesn't keep out a step that is let in at once.
            biased;
            admitted = gate.admit(&bound.place) => admitted,
            _ = self.run.options.cancellation.beyond(turn.urgency) => return Err(Outcome::Cancelled),
            () = until(deadline) => return Err(Outcome::TimedOut),
        };
        admitted.map_err(|reason| Outcome::NotStarted(StartError::NotAdmitted { reason }))
    }
}

/// A job that doesn't run.
pub(super) fn pass_over(run: &Run, document: usize, index: usize, outcome: Outcome) -> JobExecution {
    let within = &run.workflow.documents[document];
    let job = &within.jobs[index];
    let place = JobPlace { document, index, id: job.id.as_str().into() };
    let duration = Duration::ZERO;
    run.audience.tell(Event::JobFinished { job: place, outcome: outcome.clone(), duration });
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
