//! From a plan to values: the only fan-out.
//!
//! A [`Resolver`] answers every fetch of a plan, or nothing: all failures come in one report, each at every place that uses
//! the secret. One resolver serves any number of runs.

mod cache;
mod error;
mod report;
mod resolver;

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

/// How long a resolve may take when nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A plan with a value for each of its fetches, and for each field that is used.
#[derive(Debug)]
pub struct Resolved<P = Run> {
    pub(crate) plan: Plan<P>,
    pub(crate) answers: Vec<Answer>,
    tokens: Vec<Arc<Secret>>,
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
        results: impl Iterator<Item = Result<Fetched, FetchError>>,
        tokens: Vec<Arc<Secret>>,
    ) -> Result<Self, ResolveError> {
        let mut diagnostics = Diagnostics::new();
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
        plan.check_common(&answers, &mut diagnostics);
        let answers = answers.into_iter().map(|(_, answer)| answer).collect();
        diagnostics.extend(report::failures(&plan, &failures));
        match diagnostics.finish(Some(())) {
            Ok(((), warnings)) => Ok(Self { plan, answers, tokens, warnings }),
            Err(diagnostics) => Err(ResolveError { failures, diagnostics }),
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

    /// The access tokens that were fetched for it, those of stores that share one more than once: no output may show them.
    pub fn tokens(&self) -> &[Arc<Secret>] {
        &self.tokens
    }

    /// What is worth a look, though all values came: one that has expired, or is too short to be masked well.
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

    /// A value that stands everywhere can't be masked everywhere: the stars would say what it is. A secret is told once,
    /// whichever versions and fields of it are such.
    fn check_common(&self, answers: &[(&Fetch, Answer)], diagnostics: &mut Diagnostics) {
        let mut common: Vec<(&Fetch, Vec<Span>)> = Vec::new();
        for (fetch, answer) in answers {
            let values = fetch.uses.iter().filter(|used| {
                let value = used.field.map_or(&answer.value, |field| &answer.fields[field as usize]);
                value.is_common()
            });
            let spans: Vec<Span> = values.map(|used| used.span).collect();
            let is_same =
                |(other, _): &&mut (&Fetch, Vec<Span>)| (other.store, &other.secret) == (fetch.store, &fetch.secret);
            match common.iter_mut().find(is_same) {
                Some((_, known)) => known.extend(spans),
                None if spans.is_empty() => {}
                None => common.push((fetch, spans)),
            }
        }
        for (fetch, mut spans) in common {
            spans.sort_unstable();
            spans.dedup();
            let (secret, store) = (&fetch.secret, &self.store(fetch).name);
            let message =
                format!("the value of `{secret}` of the store `{store}` is too short or too common to mask safely");
            let warning = Diagnostic::warning(Code::CommonValue, message);
            let warning = spans.into_iter().fold(warning, |warning, span| warning.at(self.source(), span, ""));
            diagnostics
                .push(warning.help("it is masked only where it stands as a word of its own; use a longer value"));
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
