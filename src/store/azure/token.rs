//! Tokens of an identity: one for each target, fetched once for all who wait.

use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::grant::Grant;
use super::identity::Source;
use super::target::Target;
use crate::secret::Secret;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::FetchEvent;
use crate::store::retry::Retry;

/// How long before its end a token is renewed, at most (the margin of Microsoft's own clients).
const MARGIN: Duration = Duration::from_secs(300);

/// How long after a renewal that failed the next one is tried, while the old token counts (as Microsoft's Python client).
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// How long a renewal may take while the old token counts, at most.
const RENEWAL_TIME: Duration = Duration::from_secs(5);

/// A token that was given so lately isn't one that ended on the way.
const FRESH: Duration = Duration::from_secs(60);

/// The tokens of one identity.
pub(in crate::store) struct Tokens {
    source: Source,
    known: StdMutex<Vec<(Target, Arc<Entry>)>>,
}

/// The token for one target.
#[derive(Default)]
struct Entry {
    state: StdMutex<State>,
    /// Whose turn it is to fetch it.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    /// Older ones, some of which may count still.
    former: Vec<Token>,
    generation: u64,
    failed: Option<Failure>,
}

/// The last failure.
struct Failure {
    error: FetchError,
    at: Instant,
    /// How long whoever failed had.
    deadline: Instant,
}

/// A token as the header that carries it.
#[derive(Clone)]
pub(in crate::store) struct Token {
    pub(in crate::store) header: HeaderValue,
    /// Which token it is, to say later that it was refused.
    pub(in crate::store) generation: u64,
    given: Instant,
    renew: Instant,
    end: Instant,
}

impl Tokens {
    /// No token yet.
    pub(in crate::store) fn new(source: Source) -> Self {
        Self { source, known: StdMutex::default() }
    }

    /// Where they come from.
    pub(in crate::store) fn source(&self) -> &Source {
        &self.source
    }

    /// The token. Whoever comes while the first one is being fetched waits for it; whoever comes while one is being
    /// renewed that counts takes that.
    pub(in crate::store) async fn get(&self, target: &Target, call: &Call) -> Result<Token, FetchError> {
        let asked = Instant::now();
        let entry = self.entry(target);
        let old = {
            let state = entry.state();
            if let Some(known) = state.known(asked, call) {
                return known;
            }
            state.current.clone().filter(|token| token.end > asked)
        };
        let turn = match old {
            Some(token) => match entry.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(token),
            },
            None => entry.turn.lock().await,
        };
        let now = Instant::now();
        let old = {
            let state = entry.state();
            if let Some(known) = state.known(asked, call) {
                return known;
            }
            state.current.clone().filter(|token| token.end > now)
        };
        let fetched = match &old {
            None => Box::pin(self.fetch(target, call)).await,
            // There is no waiting for another try, and not long for this one.
            Some(token) => {
                let only = call.before(now);
                let time = RENEWAL_TIME.min((token.end - now) / 2);
                let renewal = tokio::time::timeout(time, Box::pin(self.fetch(target, &only)));
                renewal.await.unwrap_or_else(|_| Err(self.source.late()))
            }
        };
        drop(turn);
        let mut state = entry.state();
        match fetched {
            Ok(grant) => Ok(state.keep(grant, now)),
            Err(error) => match old {
                Some(mut token) if error.is_transient() || matches!(error, FetchError::Deadline { .. }) => {
                    token.renew = Instant::now() + RENEWAL_PAUSE;
                    state.current = Some(token.clone());
                    Ok(token)
                }
                _ => {
                    state.failed = Some(Failure { error: error.clone(), at: Instant::now(), deadline: call.deadline });
                    Err(error)
                }
            },
        }
    }

    /// The tokens that were given and may count still.
    pub(in crate::store) fn given(&self) -> Vec<Secret> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(_, entry): &(Target, Arc<Entry>)| {
            let state = entry.state();
            let tokens = state.former.iter().chain(&state.current);
            let texts = tokens.filter_map(|token| token.header.to_str().ok()?.strip_prefix("Bearer "));
            texts.map(|text| Secret::concat([text])).collect::<Vec<_>>()
        };
        known.iter().flat_map(of).collect()
    }

    /// Notes that a vault refused a token, so that the next one who asks gets another. One of a later generation
    /// stays.
    pub(in crate::store) fn refused(&self, target: &Target, token: &Token) {
        let entry = self.entry(target);
        let mut state = entry.state();
        if state.current.as_ref().is_some_and(|current| current.generation == token.generation) {
            let refused = state.current.take();
            state.former.extend(refused);
        }
    }

    fn entry(&self, target: &Target) -> Arc<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, entry)) = known.iter().find(|(other, _)| other == target) {
            return Arc::clone(entry);
        }
        let entry = Arc::<Entry>::default();
        known.push((target.clone(), Arc::clone(&entry)));
        entry
    }

    async fn fetch(&self, target: &Target, call: &Call) -> Result<Grant, FetchError> {
        let mut retry = Retry::of(call, self.source.host());
        loop {
            match self.source.token(target, call).await {
                Ok(grant) => {
                    let lifetime = grant.lifetime();
                    call.tell(|| FetchEvent::Token { host: self.source.host().into(), lifetime });
                    return Ok(grant);
                }
                Err(failed) => retry.after(failed).await?,
            }
        }
    }
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is known to somebody who came at that time. What won't heal counts for all of the same call; anything else
    /// for those who were waiting, and have no more time than whoever failed.
    fn known(&self, asked: Instant, call: &Call) -> Option<Result<Token, FetchError>> {
        let counts = |failed: &Failure| {
            let for_all = !failed.error.is_transient() && call.begun < failed.at;
            for_all || asked <= failed.at && call.deadline <= failed.deadline
        };
        if let Some(failed) = self.failed.as_ref().filter(|failed| counts(failed)) {
            return Some(Err(failed.error.clone()));
        }
        self.current.clone().filter(|token| token.renew > Instant::now()).map(Ok)
    }

    fn keep(&mut self, grant: Grant, given: Instant) -> Token {
        self.generation += 1;
        self.former.extend(self.current.take());
        let now = Instant::now();
        self.former.retain(|token| token.end > now);
        let lifetime = grant.lifetime();
        let token = Token {
            header: grant.header,
            generation: self.generation,
            given,
            renew: given + lifetime - MARGIN.min(lifetime / 2),
            end: given + lifetime,
        };
        self.current = Some(token.clone());
        self.failed = None;
        token
    }
}

impl Token {
    /// Whether it was given just now.
    pub(in crate::store) fn is_fresh(&self) -> bool {
        self.given.elapsed() < FRESH
    }
}
