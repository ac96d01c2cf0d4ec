//! What a token is for: a tenant and a resource, as they are configured or as the vault itself tells.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::answer::challenge::Challenge;
use crate::config::{AzureVault, is_guid};
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::past_failure::PastFailure;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenTarget {
    /// The tenant that gives it; not all sources need to know.
    pub tenant: Option<String>,
    /// The resource, without a slash at its end. The scope is `RESOURCE/.default`.
    pub resource: String,
}

/// A vault's target once it is known, or the last failure to learn it.
#[derive(Default)]
pub(in crate::store) struct Learnt(Option<Result<Arc<TokenTarget>, PastFailure>>);

impl TokenTarget {
    /// A resource, without a slash at its end, and the tenant where it is known.
    pub fn new(tenant: Option<String>, resource: impl Into<String>) -> Self {
        Self { tenant, resource: resource.into() }
    }

    /// What a vault's challenge tells, where the store leaves it out. A vault gets no token for a resource whose domain
    /// it isn't in, whatever it asks for.
    pub(in crate::store) fn of(
        challenge: Option<Challenge>,
        tenant: Option<String>,
        resource: Option<&str>,
        vault: &AzureVault,
        is_local: bool,
    ) -> Result<Self, FetchError> {
        let challenge = challenge.ok_or(FetchError::NoChallenge)?;
        let tenant = tenant.or(challenge.tenant);
        let resource = resource.map(str::to_owned).or(challenge.resource).ok_or(FetchError::NoChallenge)?;
        if !Url::parse(&resource).is_ok_and(|url| url.scheme() == "https") {
            return Err(FetchError::NoChallenge);
        }
        if !vault.may_receive(&resource, is_local) {
            return Err(FetchError::ForeignResource(resource));
        }
        Ok(Self { tenant, resource })
    }

    /// Why a vault refuses a token for this target, as far as its challenge tells.
    pub(in crate::store) fn differs(&self, challenge: Challenge) -> FetchError {
        // A domain and an id may be the same tenant; two ids are not.
        let is_other = |wanted: &String| {
            self.tenant
                .as_ref()
                .is_some_and(|ours| is_guid(ours) && is_guid(wanted) && !ours.eq_ignore_ascii_case(wanted))
        };
        match (challenge.resource, challenge.tenant) {
            (Some(wanted), _) if wanted != self.resource => FetchError::WrongResource(wanted),
            (_, Some(wanted)) if is_other(&wanted) => FetchError::WrongTenant(wanted),
            _ => FetchError::TokenRejected,
        }
    }
}

impl FetchError {
    /// That a token would leave its resource's domain.
    pub(in crate::store) fn foreign(address: &Url, resource: &str) -> Self {
        Self::ForeignHost { host: address.host_str().unwrap_or_default().to_owned(), resource: resource.to_owned() }
    }
}

impl Learnt {
    /// What is known to somebody who came at that time.
    pub(in crate::store) fn since(&self, asked: Instant, call: &Call) -> Option<Result<Arc<TokenTarget>, FetchError>> {
        match self.0.as_ref()? {
            Ok(target) => Some(Ok(Arc::clone(target))),
            Err(failure) => failure.counts_for(asked, call).map(Err),
        }
    }

    /// Keeps what a call learnt.
    pub(in crate::store) fn set(
        &mut self,
        target: Result<TokenTarget, FetchError>,
        call: &Call,
    ) -> Result<Arc<TokenTarget>, FetchError> {
        let target = target.map(Arc::new);
        self.0 = Some(target.clone().map_err(|error| PastFailure::new(error, call)));
        target
    }
}
