//! From a plan to values.
//!
//! A [`Resolver`] answers every fetch of a plan, or nothing: all failures come in one report, each at every place that uses
//! the secret. One resolver serves any number of runs.

mod cache;
mod error;
mod oddity;
mod own;
mod report;
mod resolver;
mod safeguards;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Fetch, FetchId, Plan, Run};
use crate::reference::SecretVersion;
use crate::secret::Secret;
use crate::source::Span;
use crate::store::{FetchError, Fetched};

pub use error::ResolveError;
pub use resolver::{ResolveOptions, Resolver};
pub use safeguards::Safeguards;

use oddity::Oddity;
use resolver::Advise;

/// How long a resolve may take when nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A plan with a value for each of its fetches, and for each field that is used.
#[derive(Debug)]
pub struct Resolved<P = Run> {
    pub(crate) plan: Plan<P>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) safeguards: Safeguards,
    warnings: Diagnostics,
}

/// What a fetch gave.
#[derive(Debug)]
pub struct Answer {
    /// The value.
    pub value: Arc<Secret>,
    /// The fields of it that are used, in the order of [`Fetch::fields`].
    pub fields: Vec<Arc<Secret>>,
    /// The version that it is.
    pub version: SecretVersion,
}

impl<P> Resolved<P> {
    /// The plan with its values, or every reason why not.
    fn answer(
        plan: Plan<P>,
        results: Vec<Result<Fetched, FetchError>>,
        own: Vec<Arc<Secret>>,
        mut diagnostics: Diagnostics,
        advise: &Advise,
    ) -> Result<Self, ResolveError> {
        let mut failures = Vec::new();
        let mut answers = Vec::new();
        for ((at, fetch), result) in (0..).zip(plan.fetches()).zip(results) {
            match result {
                Ok(fetched) => {
                    plan.check_validity(fetch, &fetched, &mut diagnostics);
                    let answer = plan.select(fetch, fetched, &mut diagnostics);
                    answers.extend(answer.map(|answer| (fetch, answer)));
                }
                Err(error) => failures.push((FetchId(at), error)),
            }
        }
        plan.check_values(&answers, &mut diagnostics);
        let answers: Vec<Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
        let has_wrong_values = diagnostics.has_errors();
        diagnostics.extend(report::failures(&plan, &failures, advise));
        match diagnostics.finish(Some(())) {
            Ok(((), warnings)) => {
                let values = answers.iter().flat_map(|answer| [&answer.value].into_iter().chain(&answer.fields));
                let mut safeguards = Safeguards::new(values.cloned().collect(), own);
                plan.secret_variables().iter().for_each(|name| safeguards.withhold(name.clone()));
                Ok(Self { plan, answers, safeguards, warnings })
            }
            Err(diagnostics) => Err(ResolveError { failures, has_wrong_values, diagnostics }),
        }
    }

    /// What was planned.
    pub fn plan(&self) -> &Plan<P> {
        &self.plan
    }

    /// What each fetch gave, in the order of [`Plan::fetches`].
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// What no output may show, and which variables no step gets. What is rendered has it, too.
    pub fn safeguards(&self) -> &Safeguards {
        &self.safeguards
    }

    /// What is worth a look, though all values came: one that has expired, or is too short to be masked well; a file with a
    /// credential of a store that couldn't be read in time, so that it isn't masked.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}

impl<P> Plan<P> {
    /// The value with its fields, or a complaint of each field that it doesn't have.
    fn select(&self, fetch: &Fetch, fetched: Fetched, diagnostics: &mut Diagnostics) -> Option<Answer> {
        let mut fields = Vec::new();
        for (index, pointer) in (0..).zip(&fetch.fields) {
            match pointer.select(&fetched.value) {
                Ok(field) => fields.push(Arc::new(field)),
                Err(error) => {
                    let message =
                        format!("the secret `{}` of the store `{}`: {error}", fetch.secret, self.store(fetch).name);
                    let uses = fetch.uses.iter().filter(|used| used.field == Some(index));
                    let diagnostic = uses.fold(Diagnostic::error(Code::NoSuchField, message), |diagnostic, used| {
                        diagnostic.at(self.source(), used.span, "")
                    });
                    diagnostics.push(diagnostic.help("a pointer needs a value that is JSON and has that field"));
                }
            }
        }
        (fields.len() == fetch.fields.len()).then(|| Answer { value: fetched.value, fields, version: fetched.version })
    }

    /// Warns of values that were probably not meant so, or can't be masked well: each secret once, whichever versions and
    /// fields of it are such, at every place.
    fn check_values(&self, answers: &[(&Fetch, Answer)], diagnostics: &mut Diagnostics) {
        let mut odd: Vec<(&Fetch, Oddity, Vec<Span>)> = Vec::new();
        let mut known = HashMap::new();
        for (fetch, answer) in answers {
            for used in &fetch.uses {
                let value = used.field.map_or(&answer.value, |field| &answer.fields[field as usize]);
                let Some(oddity) = Oddity::of(value) else { continue };
                let at = *known.entry((fetch.store, &fetch.secret, oddity)).or_insert(odd.len());
                match odd.get_mut(at) {
                    Some((.., spans)) => spans.push(used.span),
                    None => odd.push((fetch, oddity, vec![used.span])),
                }
            }
        }
        for (fetch, oddity, mut spans) in odd {
            spans.sort_unstable();
            spans.dedup();
            let (code, what, help) = oddity.told();
            let message = format!("the value of `{}` of the store `{}` {what}", fetch.secret, self.store(fetch).name);
            let at = |diagnostic: Diagnostic, span| diagnostic.at(self.source(), span, "");
            diagnostics.push(spans.into_iter().fold(Diagnostic::warning(code, message), at).help(help));
        }
    }

    /// `nbf` and `exp` are informational for the service, so that they are a warning here, unless the store says
    /// otherwise.
    fn check_validity(&self, fetch: &Fetch, fetched: &Fetched, diagnostics: &mut Diagnostics) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let what = match (fetched.expires, fetched.not_before) {
            (Some(end), _) if end <= now => format!("has expired, on {}", date(end)),
            (_, Some(begin)) if begin > now => format!("is not valid yet, but from {} on", date(begin)),
            _ => return,
        };
        let store = self.store(fetch);
        let message = format!("the secret `{}` of the store `{}` {what}", fetch.secret, store.name);
        let (diagnostic, help) = if store.enforce_validity {
            let help = "set a new value or new dates in the vault; the store says `enforce-validity: true`";
            (Diagnostic::error(Code::Validity, message), help)
        } else {
            let help = "its dates are set in the vault; the value was given out all the same";
            (Diagnostic::warning(Code::Validity, message), help)
        };
        let at = |diagnostic: Diagnostic, span| diagnostic.at(self.source(), span, "");
        diagnostics.push(fetch.spans().into_iter().fold(diagnostic, at).help(help));
    }
}

/// A time in seconds since 1970, for people; as it is where no calendar reaches.
fn date(time: i64) -> String {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = u64::try_from(time).ok().filter(|seconds| *seconds < YEAR_10000);
    seconds.map_or_else(
        || format!("{time} s from 1970"),
        |seconds| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)),
    )
}
