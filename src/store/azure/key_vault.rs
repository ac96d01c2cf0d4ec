//! Azure Key Vault as a provider.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::http::Clients;
use super::identity::{ConfiguredIdentity, Environment};
use super::probe::Checks;
use super::token::Tokens;
use super::token_source::TokenSource;
use super::vault::{Shared, Vault};
use crate::config::{AZURE_KEY_VAULT, AzureVault, Proof, Store};
use crate::store::apart::apart;
use crate::store::error::FetchError;
use crate::store::probe::Probe;
use crate::store::provider::{Backend, BoxFuture, Opening, Provider};
use crate::store::rate::Rate;

/// All operations on secrets but their creation, for each vault and region, as Microsoft documents.
const RATE: Rate = Rate { requests: 4_000, window: Duration::from_secs(10) };

/// Azure Key Vault. Stores that are reached alike share connections, those of one identity their tokens.
#[derive(Clone)]
pub struct AzureKeyVault {
    known: Arc<Known>,
    choose: Option<Arc<Choose>>,
}

/// Chooses where the tokens of a store come from.
type Choose = dyn Fn(&Store) -> Option<Arc<dyn TokenSource>> + Send + Sync;

struct Known {
    clients: Clients,
    identities: Mutex<Vec<(Whose, Arc<Tokens>)>>,
}

/// Whose tokens they are.
enum Whose {
    /// An identity of the configuration.
    Configured(Box<(AzureVault, Duration, Environment)>),
    /// Those of a source that an engine gives.
    Own(Arc<dyn TokenSource>),
}

impl AzureKeyVault {
    /// With the identities of the configuration.
    pub fn new() -> Self {
        let known = Known { clients: Clients::new(), identities: Mutex::default() };
        Self { known: Arc::new(known), choose: None }
    }

    /// The same with tokens from elsewhere, for the stores that a source is given for. Stores of the same source share its
    /// tokens.
    #[must_use]
    pub fn with_tokens(self, choose: impl Fn(&Store) -> Option<Arc<dyn TokenSource>> + Send + Sync + 'static) -> Self {
        Self { choose: Some(Arc::new(choose)), ..self }
    }
}

impl Default for AzureKeyVault {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for AzureKeyVault {
    fn name(&self) -> &str {
        AZURE_KEY_VAULT
    }

    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>> {
        Box::pin(async move {
            let Opening { store, call, throttle } = opening;
            let other = || FetchError::UnknownProvider(store.provider().to_owned());
            let vault = store.azure().ok_or_else(other)?.clone();
            let own = self.choose.as_ref().and_then(|choose| choose(store));
            let environment = own.is_none().then(|| Environment::of(&vault.identity.proof));
            let (known, timeout) = (Arc::clone(&self.known), store.request_timeout);
            let (is_plain, host) = (is_plain(&vault, own.is_some()), vault.host().to_owned());
            let make = move || -> Result<Arc<dyn Backend>, FetchError> {
                let client = known.clients.of(&vault, timeout, &vault.url)?;
                let tokens = known.tokens(&vault, timeout, environment.as_ref(), own)?;
                let shared = Shared { client, tokens, throttle, timeout, environment };
                Ok(Arc::new(Vault::new(vault, shared)))
            };
            if is_plain {
                return make();
            }
            let late = || FetchError::Deadline { host, what: "its certificate authorities" };
            tokio::time::timeout_at(call.deadline, apart(make)).await.unwrap_or_else(|_| Err(late()))
        })
    }

    fn rate(&self) -> Option<Rate> {
        Some(RATE)
    }

    fn unopened(&self, error: FetchError) -> Probe {
        Checks::unopened(error).into_probe()
    }
}

impl Known {
    /// The tokens of an identity or a source, for all of its stores.
    fn tokens(
        &self,
        vault: &AzureVault,
        timeout: Duration,
        environment: Option<&Environment>,
        own: Option<Arc<dyn TokenSource>>,
    ) -> Result<Arc<Tokens>, FetchError> {
        // What the configuration says may be wrong, and is told before anybody shares.
        let (source, whose): (Arc<dyn TokenSource>, _) = if let Some(own) = own {
            (Arc::clone(&own), Whose::Own(own))
        } else {
            let environment = environment.cloned().unwrap_or_default();
            let configured = ConfiguredIdentity::new(vault, timeout, &self.clients)?;
            (Arc::new(configured), Whose::Configured(Box::new((vault.clone(), timeout, environment))))
        };
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tokens)) = identities.iter().find(|(other, _)| other.is_same(&whose)) {
            return Ok(Arc::clone(tokens));
        }
        let tokens = Arc::new(Tokens::new(source));
        identities.push((whose, Arc::clone(&tokens)));
        Ok(tokens)
    }
}

impl Whose {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own(one), Self::Own(other)) => Arc::ptr_eq(one, other),
            (Self::Configured(one), Self::Configured(other)) => {
                let ((one, time, environment), (other, other_time, other_environment)) = (&**one, &**other);
                one.identity.proof == other.identity.proof
                    && one.authority() == other.authority()
                    && one.identity.authority.is_some() == other.identity.authority.is_some()
                    && one.identity.tenant == other.identity.tenant
                    && one.ca_file == other.ca_file
                    && time == other_time
                    && environment == other_environment
            }
            _ => false,
        }
    }
}

/// Whether it is reached without TLS, so that no file says whom to trust.
fn is_plain(vault: &AzureVault, has_own_tokens: bool) -> bool {
    let is_own = matches!(vault.identity.proof, Proof::ClientSecret { .. } | Proof::ClientCertificate { .. });
    let is_plain_source = has_own_tokens || is_own && vault.authority().scheme() == "http";
    is_plain_source && vault.url.scheme() == "http"
}
