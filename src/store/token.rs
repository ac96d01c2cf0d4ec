//! Tokens of an identity: one for each target, fetched once for all who wait.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::grant::Grant;
use super::error::FetchError;
use super::identity::Source;
use super::retry::Retry;
use super::target::Target;

/// How long before its end a token is renewed, at most (the margin of Microsoft's own clients).
const MARGIN: Duration = Duration::from_secs(300);

/// How long after a renewal that failed the next one is tried, while the old token counts (as Microsoft's Python client).
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// The tokens of one identity.
pub(super) struct Tokens {
    source: Source,
    known: StdMutex<Vec<(Target, Arc<Mutex<State>>)>>,
}

/// The token for one target.
#[derive(Default)]
struct State {
    current: Option<Token>,
    generation: u64,
    /// The last failure and its time. What won't heal counts for all who come later, anything else for those who
    /// were waiting.
    failed: Option<(FetchError, Instant)>,
}

/// A token as the header that carries it.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// Which token it is, to say later that it was refused.
    pub(super) generation: u64,
    renew: Instant,
    end: Instant,
}

impl Tokens {
    /// No token yet.
    pub(super) fn new(source: Source) -> Self {
        Self { source, known: StdMutex::default() }
    }

    /// Where they come from.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The token. Whoever comes while it is being fetched waits for the same one.
    pub(super) async fn get(&self, target: &Target, deadline: Instant) -> Result<Token, FetchError> {
        let asked = Instant::now();
        let state = self.state(target);
        let mut state = state.lock().await;
        if let Some((error, at)) = &state.failed
            && (asked <= *at || !error.is_transient())
        {
            return Err(error.clone());
        }
        let now = Instant::now();
        let old = state.current.clone().filter(|token| token.end > now);
        if let Some(token) = old.as_ref().filter(|token| token.renew > now) {
            return Ok(token.clone());
        }
        // With a token that still counts there is no waiting for another try.
        match Box::pin(self.fetch(target, if old.is_some() { now } else { deadline })).await {
            Ok(grant) => {
                state.generation += 1;
                let lifetime = grant.lifetime();
                let token = Token {
                    header: grant.header,
                    generation: state.generation,
                    renew: now + lifetime - MARGIN.min(lifetime / 2),
                    end: now + lifetime,
                };
                state.current = Some(token.clone());
                state.failed = None;
                Ok(token)
            }
            Err(error) => match old {
                Some(mut token) if error.is_transient() => {
                    token.renew = Instant::now() + RENEWAL_PAUSE;
                    state.current = Some(token.clone());
                    Ok(token)
                }
                _ => {
                    state.failed = Some((error.clone(), Instant::now()));
                    Err(error)
                }
            },
        }
    }

    /// Notes that a vault refused a token, so that the next one who asks gets another. One of a later generation
    /// stays.
    pub(super) async fn refused(&self, target: &Target, token: &Token) {
        let state = self.state(target);
        let mut state = state.lock().await;
        if state.current.as_ref().is_some_and(|current| current.generation == token.generation) {
            state.current = None;
        }
    }

    fn state(&self, target: &Target) -> Arc<Mutex<State>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, state)) = known.iter().find(|(other, _)| other == target) {
            return Arc::clone(state);
        }
        let state = Arc::<Mutex<State>>::default();
        known.push((target.clone(), Arc::clone(&state)));
        state
    }

    async fn fetch(&self, target: &Target, deadline: Instant) -> Result<Grant, FetchError> {
        let mut retry = Retry::until(deadline);
        loop {
            match self.source.token(target).await {
                Ok(grant) => return Ok(grant),
                Err(failed) => retry.after(failed).await?,
            }
        }
    }
}
