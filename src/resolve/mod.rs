//! From a plan to values: the only fan-out.
//!
//! Every fetch of the plan is answered, or nothing is: all failures come in one report, each at every place that
//! uses the secret.

mod report;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::Store;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Fetch, Plan, Run};
use crate::reference::SecretVersion;
use crate::secret::Secret;
use crate::source::Span;
use crate::store::{self, FetchError, Fetched};

/// How long a resolve may take when nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A plan with a value for each of its fetches, and for each field that is used.
#[derive(Debug)]
pub struct Resolved<P = Run> {
    pub(crate) plan: Plan<P>,
    pub(crate) answers: Vec<Answer>,
    tokens: Vec<Arc<Secret>>,
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

impl<P> Plan<P> {
    /// Fetches everything, each secret once, and gives warnings beside it. `progress` is told how many of the
    /// fetches are done.
    ///
    /// # Errors
    /// Every fetch that failed, and every field that a value doesn't have.
    pub async fn resolve(
        self,
        timeout: Duration,
        mut progress: impl FnMut(usize),
    ) -> Result<(Resolved<P>, Diagnostics), Diagnostics> {
        let begun = Instant::now();
        let deadline = |store: &Store| begun + store.timeout.map_or(timeout, |own| own.min(timeout));
        let vaults: Vec<_> = store::open(&self.stores).into_iter().map(|vault| vault.map(Arc::new)).collect();
        let mut tasks = JoinSet::new();
        let mut results: Vec<Option<Result<Fetched, FetchError>>> = Vec::new();
        for (index, fetch) in self.fetches.iter().enumerate() {
            results.push(match &vaults[fetch.store as usize] {
                Ok(vault) => {
                    let (vault, secret, version) = (Arc::clone(vault), fetch.secret.clone(), fetch.version);
                    let deadline = deadline(self.store(fetch));
                    tasks.spawn(async move { (index, vault.fetch(&secret, version, deadline).await) });
                    None
                }
                Err(error) => Some(Err(error.clone())),
            });
        }
        let mut done = 0;
        while let Some(finished) = tasks.join_next().await {
            let (index, result) = finished.expect("internal error: a fetch doesn't panic");
            results[index] = Some(result);
            done += 1;
            progress(done);
        }
        let results = results.into_iter().map(|result| result.expect("internal error: every fetch has a result"));
        let tokens = vaults.iter().flatten().flat_map(|vault| vault.tokens()).map(Arc::new).collect();
        self.answer(results, tokens)
    }

    fn answer(
        self,
        results: impl Iterator<Item = Result<Fetched, FetchError>>,
        tokens: Vec<Arc<Secret>>,
    ) -> Result<(Resolved<P>, Diagnostics), Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let mut failures = Vec::new();
        let mut answers = Vec::new();
        for (fetch, result) in self.fetches.iter().zip(results) {
            match result {
                Ok(fetched) => {
                    self.check_validity(fetch, &fetched, &mut diagnostics);
                    let answer = self.select(fetch, fetched, &mut diagnostics);
                    answers.extend(answer.map(|answer| (fetch, answer)));
                }
                Err(error) => failures.push((fetch, error)),
            }
        }
        self.check_common(&answers, &mut diagnostics);
        let answers = answers.into_iter().map(|(_, answer)| answer).collect();
        diagnostics.extend(report::failures(&self, failures));
        diagnostics.finish(Some(())).map(|((), warnings)| {
            let plan = self;
            (Resolved { plan, answers, tokens }, warnings)
        })
    }

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
        (fields.len() == fetch.fields.len()).then(|| Answer {
            value: Arc::new(fetched.value),
            fields,
            version: fetched.version,
        })
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

impl<P> Resolved<P> {
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
