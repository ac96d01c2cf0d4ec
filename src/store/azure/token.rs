//! Tokens of an identity: one for each target, fetched once for all who wait.

use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::answer::grant::Grant;
use super::target::TokenTarget;
use super::token_source::TokenSource;
use crate::config::AzureVault;
use crate::secret::Secret;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::FetchEvent;
use crate::store::past_failure::PastFailure;
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
    source: Arc<dyn TokenSource>,
    known: StdMutex<Vec<(TokenTarget, Arc<Entry>)>>,
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
    failed: Option<PastFailure>,
}

/// A token as the header that carries it, and what it is for.
#[derive(Clone)]
pub(in crate::store) struct Token {
    header: HeaderValue,
    resource: Arc<str>,
    /// It is a local emulator's.
    is_local: bool,
    /// Which token it is, to say later that it was refused.
    pub(in crate::store) generation: u64,
    given: Instant,
    renew: Instant,
    end: Instant,
}

impl Tokens {
    /// No token yet.
    pub(in crate::store) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, known: StdMutex::default() }
    }

    /// Where they come from.
    pub(in crate::store) fn source(&self) -> &dyn TokenSource {
        &*self.source
    }

    /// That there was no time left for a token.
    pub(in crate::store) fn late(&self) -> FetchError {
        FetchError::Deadline { host: self.source.host().to_owned(), what: "a token" }
    }

    /// The token. Whoever comes while the first one is being fetched waits for it; whoever comes while one is being
    /// renewed that counts takes that.
    pub(in crate::store) async fn get(&self, target: &TokenTarget, call: &Call) -> Result<Token, FetchError> {
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
                renewal.await.unwrap_or_else(|_| Err(self.late()))
            }
        };
        drop(turn);
        let mut state = entry.state();
        match fetched {
            Ok(grant) => Ok(state.keep(grant, &target.resource, self.source.is_local(), now)),
            Err(error) => match old {
                Some(mut token) if error.is_transient() => {
                    token.renew = Instant::now() + RENEWAL_PAUSE;
                    state.current = Some(token.clone());
                    Ok(token)
                }
                _ => {
                    state.failed = Some(PastFailure::new(error.clone(), call));
                    Err(error)
                }
            },
        }
    }

    /// The tokens that were given and may count still.
    pub(in crate::store) fn given(&self) -> Vec<Secret> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(_, entry): &(TokenTarget, Arc<Entry>)| {
            let state = entry.state();
            let tokens = state.former.iter().chain(&state.current);
            let texts =
                tokens.filter_map(|token| str::from_utf8(token.header.as_bytes()).ok()?.strip_prefix("Bearer "));
            texts.map(|text| Secret::concat([text])).collect::<Vec<_>>()
        };
        known.iter().flat_map(of).collect()
    }

    /// Notes that a vault refused a token, so that the next one who asks gets another. One of a later generation
    /// stays.
    pub(in crate::store) fn refused(&self, target: &TokenTarget, token: &Token) {
        let entry = self.entry(target);
        let mut state = entry.state();
        if state.current.as_ref().is_some_and(|current| current.generation == token.generation) {
            let refused = state.current.take();
            state.former.extend(refused);
        }
    }

    fn entry(&self, target: &TokenTarget) -> Arc<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, entry)) = known.iter().find(|(other, _)| other == target) {
            return Arc::clone(entry);
        }
        let entry = Arc::<Entry>::default();
        known.push((target.clone(), Arc::clone(&entry)));
        entry
    }

    async fn fetch(&self, target: &TokenTarget, call: &Call) -> Result<Grant, FetchError> {
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
    /// What is known to somebody who came at that time.
    fn known(&self, asked: Instant, call: &Call) -> Option<Result<Token, FetchError>> {
        if let Some(error) = self.failed.as_ref().and_then(|failed| failed.counts_for(asked, call)) {
            return Some(Err(error));
        }
        self.current.clone().filter(|token| token.renew > Instant::now()).map(Ok)
    }

    fn keep(&mut self, grant: Grant, resource: &str, is_local: bool, given: Instant) -> Token {
        self.generation += 1;
        self.former.extend(self.current.take());
        let now = Instant::now();
        self.former.retain(|token| token.end > now);
        let lifetime = grant.lifetime();
        let token = Token {
            header: grant.header,
            resource: resource.into(),
            is_local,
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
    /// The header that carries it to an address. There is no other way to it, so that no request takes it out of its
    /// resource's domain, unless the vault's properties allow that.
    pub(in crate::store) fn header_for(&self, address: &Url, vault: &AzureVault) -> Result<HeaderValue, FetchError> {
        if vault.lets_token_go(&self.resource, self.is_local, address) {
            return Ok(self.header.clone());
        }
        Err(FetchError::foreign(address, &self.resource))
    }

    /// Whether it was given just now.
    pub(in crate::store) fn is_fresh(&self) -> bool {
        self.given.elapsed() < FRESH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::source::Source;
    use crate::store::provider::BoxFuture;
    use crate::store::retry::Failed;

    struct Nobody;

    impl TokenSource for Nobody {
        fn host(&self) -> &'static str {
            "nobody"
        }

        fn token<'a>(&'a self, _target: &'a TokenTarget, _call: &'a Call) -> BoxFuture<'a, Result<Grant, Failed>> {
            Box::pin(std::future::pending())
        }
    }

    /// Whoever masks tokens needs all of them, whatever a source makes.
    #[test]
    fn tokens_that_are_given_are_told() {
        let target = TokenTarget::new(None, "https://vault.azure.net");
        for text in ["a.b.c", "tökén"] {
            let tokens = Tokens::new(Arc::new(Nobody));
            let grant = Grant::new(&Secret::concat([text]), Duration::from_secs(60)).expect("a token");
            tokens.entry(&target).state().keep(grant, &target.resource, false, Instant::now());
            assert_eq!(tokens.given().iter().map(Secret::expose).collect::<Vec<_>>(), [text]);
        }
    }

    /// Whatever address a request has, and whichever store it is made for.
    #[test]
    fn a_token_has_a_header_for_its_domain_alone() {
        let text = "stores: { a: { vault-url: https://a.vault.azure.net, identity: azure-cli } }";
        let (config, _) = Config::parse(&Source::private("c", text)).expect("a configuration");
        let mut vault = config.stores[0].azure().expect("a vault").clone();
        let secret = Secret::concat(["t"]);
        let token = |is_local| {
            let grant = Grant::new(&secret, Duration::from_secs(60)).expect("a token");
            State::default().keep(grant, "https://vault.azure.net", is_local, Instant::now())
        };
        let goes = |token: &Token, vault: &AzureVault, to: &str| {
            token.header_for(&Url::parse(to).expect("an address"), vault).is_ok()
        };
        assert!(goes(&token(true), &vault, "http://localhost") && !goes(&token(true), &vault, "https://evil.example"));
        let token = token(false);
        let is_sent = |vault: &AzureVault, to: &str| goes(&token, vault, to);
        assert!(is_sent(&vault, "https://b.vault.azure.net/x"));
        for to in ["https://b.vault.azure.cn", "https://vault.azure.net", "http://localhost", "https://evil.example"] {
            assert!(!is_sent(&vault, to), "{to}");
        }
        vault.allow_custom_domain = true;
        assert!(is_sent(&vault, "https://evil.example"));
    }
}
