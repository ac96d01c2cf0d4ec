//! Jobs and steps as they would run.

use std::fmt::Write;

use crate::plan::Plan;
use crate::source::printable;
use crate::workflow::Condition;

pub(super) fn order(plan: &Plan) -> String {
    let mut out = String::new();
    for document in &plan.workflow().documents {
        let jobs = document.jobs.iter().zip(document.never_run());
        for job in jobs.filter_map(|(job, never)| (!never).then_some(job)) {
            let needs: Vec<&str> = job.needs.iter().map(|&need| document.jobs[need].id.as_str()).collect();
            let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(", ")) };
            let _ = writeln!(out, "{}{}", printable(&job.id), printable(&after));
            for step in job.steps.iter().filter(|step| step.settings.condition != Condition::Never) {
                let first = step.run.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
                let _ = writeln!(out, "  {}: {}", printable(&step.label()), printable(first));
            }
        }
    }
    out.push('\n');
    out
}
