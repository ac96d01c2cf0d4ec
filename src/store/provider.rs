//! What a provider of secrets does, and what it may do.

use std::pin::Pin;
use std::sync::Arc;

use super::call::Call;
use super::error::FetchError;
use super::fetched::{Fetched, Page, VersionInfo};
use super::probe::{Check, Probe};
use super::rate::Rate;
use super::retry::Failed;
use super::throttle::Throttle;
use crate::config::Store;
use crate::reference::{SecretName, SecretVersion};
use crate::secret::Secret;

/// What comes of waiting.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of store: what `provider:` names. Its [`StoreSchema`](crate::config::StoreSchema) reads the properties of its stores,
/// and it opens them.
///
/// [`Resolver::with_provider`](crate::resolve::Resolver::with_provider) registers one.
pub trait Provider: Send + Sync {
    /// What `provider:` says.
    fn name(&self) -> &str;

    /// Opens a store. It is opened once for all who use it, and no request should be sent yet.
    fn open<'a>(&'a self, opening: Opening<'a>) -> BoxFuture<'a, Result<Arc<dyn Backend>, FetchError>>;

    /// How many requests a store takes in which time, where there is such a limit: it is kept, so that the store needs not
    /// refuse.
    fn rate(&self) -> Option<Rate> {
        None
    }

    /// What the checks say of a store that can't be opened.
    fn unopened(&self, error: FetchError) -> Probe {
        Probe::of([("open", Check::Failed(error))])
    }
}

/// An open store, as its provider sees it: what one request does. Requests come within the store's bound on those in flight,
/// never while it has asked for a pause, and again after what may heal; the call's deadline ends them.
///
/// No value, token or body may be in an error or an event.
pub trait Backend: Send + Sync {
    /// Fetches one secret, its latest version without one, in one try.
    fn fetch<'a>(
        &'a self,
        secret: &'a SecretName,
        version: Option<SecretVersion>,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Fetched, Failed>>;

    /// Gets what each fetch needs, a token say. It is asked for before each wait for a place among the requests in flight, so
    /// that whoever can't have it needs no place.
    fn ready<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Result<(), FetchError>> {
        Box::pin(async { Ok(()) })
    }

    /// What an error means once no other try is made.
    fn explain(&self, error: FetchError) -> FetchError {
        error
    }

    /// Whether it would be opened alike now. When it isn't, as variables that it goes by have changed, it is opened anew.
    fn is_current(&self) -> bool {
        true
    }

    /// The tokens that count: they are masked as values are.
    fn tokens(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Lists names, if it can.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }

    /// Lists the versions of a secret, if it can.
    fn versions(&self) -> Option<&dyn Versions> {
        None
    }

    /// Checks whether it works, if it can.
    fn probing(&self) -> Option<&dyn Probing> {
        None
    }
}

/// Knows which secrets there are.
pub trait Listing: Send + Sync {
    /// A page of their names, in one try: the first one, or the one that [`Page::next`] named.
    fn names<'a>(&'a self, page: Option<&'a str>, call: &'a Call) -> BoxFuture<'a, Result<Page<SecretName>, Failed>>;
}

/// Knows which versions a secret has.
pub trait Versions: Send + Sync {
    /// A page of them, in one try: the first one, or the one that [`Page::next`] named. Versions without a date come the latest
    /// first.
    fn versions<'a>(
        &'a self,
        secret: &'a SecretName,
        page: Option<&'a str>,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Page<VersionInfo>, Failed>>;
}

/// Knows what it takes for a store to work.
pub trait Probing: Send + Sync {
    /// What each check found. No value is asked for.
    fn probe<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Probe>;
}

/// A store that is being opened.
#[non_exhaustive]
pub struct Opening<'a> {
    /// The store.
    pub store: &'a Store,
    /// The call that needs it.
    pub call: &'a Call,
    pub(super) throttle: Arc<Throttle>,
}
