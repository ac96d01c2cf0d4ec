//! Where a credential may be used: `workflow/job/step`, with `*`.

use std::fmt;
use std::str::FromStr;

use crate::place::Place;

/// Patterns of which one must fit. Without any, the credential may be used everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<Pattern>);

/// Workflow, job and step, each with `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern([Box<str>; 3]);

/// Why a text is not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is `workflow`, `workflow/job` or `workflow/job/step`, with `*` for any characters")]
pub struct ScopeError;

impl Scope {
    /// A scope of several patterns.
    pub fn any(scopes: impl IntoIterator<Item = Self>) -> Self {
        Self(scopes.into_iter().flat_map(|scope| scope.0).collect())
    }

    /// Whether a place is within. A step goes by any of its names (id, name, `#number`); what all steps have is within where
    /// all of them are.
    pub fn allows(&self, place: Place<'_>) -> bool {
        let fits = |Pattern([workflow, job, step]): &Pattern| {
            let fits_step = || place.step.map_or(&**step == "*", |name| name.any(|name| matches(step, name)));
            let fits_job = || place.job.map_or(&**job == "*", |name| matches(job, name));
            matches(workflow, place.workflow) && fits_job() && fits_step()
        };
        self.0.is_empty() || self.0.iter().any(fits)
    }
}

/// `workflow/job/step`; what is left out is `*`. Only a step's name may hold `/`.
impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut parts = text.splitn(3, '/');
        let mut next = || parts.next().unwrap_or("*");
        let pattern = [next(), next(), next()];
        if pattern.contains(&"") {
            return Err(ScopeError);
        }
        Ok(Self(vec![Pattern(pattern.map(Into::into))]))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Pattern([workflow, job, step])) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{workflow}/{job}/{step}")?;
        }
        Ok(())
    }
}

/// Whether a text fits a pattern with `*`. Greedy from the left, without backtracking over more than one `*`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::StepName;

    fn allows(scope: &str, workflow: &str, job: &str, step: &str) -> bool {
        let step = StepName { id: Some(step), name: None, number: 1 };
        let place = Place { workflow, job: Some(job), step: Some(step) };
        scope.parse::<Scope>().is_ok_and(|scope| scope.allows(place))
    }

    #[test]
    fn stars_stand_for_any_characters_of_one_part() {
        assert!(allows("deploy/release/*", "deploy", "release", "a/b"));
        assert!(allows("deploy", "deploy", "x", "y"));
        assert!(allows("*-prod/rel*se", "shop-prod", "release", "y"));
        assert!(allows("*/*/*", "a", "b", "c"));
        assert!(!allows("deploy/release/*", "deploy", "migrate", "x"));
        assert!(!allows("deploy", "deploy2", "x", "y"));
        assert!(!allows("ab*ba", "aba", "x", "y"));
    }

    #[test]
    fn a_step_goes_by_each_of_its_names_and_what_all_have_is_within_where_all_are() {
        let step = StepName { id: Some("ship"), name: Some("Ship it"), number: 2 };
        let place = Place { workflow: "deploy", job: Some("release"), step: Some(step) };
        let allows = |scope: &str, place| scope.parse::<Scope>().is_ok_and(|scope| scope.allows(place));
        for name in ["ship", "Ship*", "#2", "*"] {
            assert!(allows(&format!("deploy/release/{name}"), place), "{name}");
        }
        assert!(!allows("deploy/release/#1", place));
        let whole = Place { step: None, ..place };
        assert!(allows("deploy/release", whole) && !allows("deploy/release/#2", whole));
        assert!(
            allows("deploy", Place { job: None, ..whole }) && !allows("deploy/release", Place { job: None, ..whole })
        );
    }

    #[test]
    fn empty_parts_are_refused() {
        assert_eq!("".parse::<Scope>(), Err(ScopeError));
        assert_eq!("a//b".parse::<Scope>(), Err(ScopeError));
    }
}
