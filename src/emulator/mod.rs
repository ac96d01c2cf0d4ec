//! A local Key Vault and Entra ID, on loopback, for work and tests without Azure.
//!
//! It is strict where the service is strict: tenants, applications, client secrets, resources and api-versions are
//! checked, refusals have the status, codes and bodies that were recorded from the service, and it can throttle, fail
//! and be slow on demand. It counts requests, so that a test can assert one GET for each secret.
//!
//! ```
//! use credflow::emulator::{Emulator, Vault};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let emulator = Emulator::builder().vault(Vault::new("payments").secret("db-password", "hunter2")).start().await?;
//! let url = emulator.vault_url("payments").expect("a vault of that name");
//! assert_eq!(url.host_str(), Some("payments.localhost"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It is not for real secrets: its memory isn't wiped and its clients are on this machine alone.

mod answer;
mod authority;
mod builder;
mod clock;
mod control;
mod count;
mod entra;
mod fault;
mod limit;
mod observe;
mod origin;
mod pace;
mod redirect;
mod respond;
mod route;
mod seed;
mod server;
mod state;
mod vault;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

use crate::secret::Secret;

pub use authority::{Authority, AuthorityError};
pub use builder::{Builder, StartError};
pub use clock::parse as parse_time;
pub use count::Counts;
pub use entra::{Application, ClientSecret, Federation, TokenKey};
pub use fault::{Fault, Requests};
pub use limit::Limit;
pub use observe::Observed;
pub use origin::Origin;
pub use seed::Seed;
pub use state::{StateError, state_vaults};
pub use vault::{Access, MAX_VALUE, Permission, Role, Vault, Version};

use clock::Clock;
use count::Counters;
use entra::Tokens;
use fault::{Fate, Faults, Request};
use observe::Observer;
use state::State;

/// The tenant of vaults and applications that name none.
pub const TENANT: &str = "00000000-0000-0000-0000-00000000f10e";

/// The id of the application that is there when none is added.
pub const CLIENT: &str = "00000000-0000-0000-0000-0000000c11e7";

/// What a vault's token is for when it names nothing else.
pub const RESOURCE: &str = "https://vault.azure.net";

/// A running emulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    world: Arc<World>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

/// What the requests see.
#[derive(Debug)]
struct World {
    origin: Origin,
    /// The certificate of the authority that vouches for it; none over plain HTTP.
    ca_pem: Option<String>,
    vaults: Vec<Vault>,
    applications: Vec<Application>,
    /// The client ids of the machine's own identities, its default one first.
    identities: Vec<String>,
    identity_header: Secret,
    /// What opens the control endpoint; without one there is none.
    control: Option<Secret>,
    clock: Clock,
    tokens: Tokens,
    faults: Mutex<Faults>,
    counters: Counters,
    state: Option<State>,
    observer: Observer,
}

impl Emulator {
    /// An emulator without vaults yet.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is reached.
    pub fn origin(&self) -> &Origin {
        &self.world.origin
    }

    /// A vault's address: `http://NAME.localhost:PORT`, or https. Tokens for it are for the vault's own resource,
    /// `https://vault.azure.net` by default; the official clients refuse such a host for such a resource, and take
    /// [`client_url`](Self::client_url).
    pub fn vault_url(&self, name: &str) -> Option<Url> {
        let vault = self.vaults().iter().find(|vault| vault.is_called(name))?;
        Url::parse(&self.world.origin.vault_url(vault.name())).ok()
    }

    /// A vault's address for the official clients, which check that the vault is below the domain that its challenge
    /// asks a token for: `https://NAME.vault.localhost:PORT`. They speak HTTPS alone: start it with
    /// [an authority](Builder::https), and have the client trust [`ca_pem`](Self::ca_pem).
    pub fn client_url(&self, name: &str) -> Option<Url> {
        let vault = self.vaults().iter().find(|vault| vault.is_called(name))?;
        Url::parse(&self.world.origin.client_url(vault.name())).ok()
    }

    /// The certificate, as PEM, of the authority that vouches for it; nothing over plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.world.ca_pem.as_deref()
    }

    /// The vaults, those that only the state has included.
    pub fn vaults(&self) -> &[Vault] {
        &self.world.vaults
    }

    /// Entra ID's address, without a tenant: `http://localhost:PORT`, or https. It is also what
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST` takes.
    pub fn authority(&self) -> Url {
        Url::parse(&self.world.origin.authority()).expect("internal error: a host that is one")
    }

    /// What `IDENTITY_ENDPOINT` takes, to be served as an app of App Service is.
    pub fn identity_endpoint(&self) -> Url {
        self.authority().join("msi/token").expect("internal error: an address of loopback")
    }

    /// What `IDENTITY_HEADER` takes.
    pub fn identity_header(&self) -> &Secret {
        &self.world.identity_header
    }

    /// The applications, the one made at the start included.
    pub fn applications(&self) -> &[Application] {
        &self.world.applications
    }

    /// What was asked for so far.
    pub fn counts(&self) -> Counts {
        self.world.counters.read(&self.world.vaults)
    }

    /// The faults that still meet requests.
    pub fn faults(&self) -> Vec<Fault> {
        self.world.faults().left()
    }

    /// Adds a fault while it runs.
    pub fn add_fault(&self, fault: Fault) {
        self.world.faults().add(fault);
    }

    /// Has these faults from now on, and no others.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.world.faults() = faults.into_iter().collect();
    }

    /// Shifts its clock to be so many seconds ahead of the machine's, or behind.
    pub fn shift_clock(&self, seconds: i64) {
        self.world.clock.shift(seconds);
    }

    /// Ends the time of every token given so far, which vaults then refuse as expired.
    pub fn expire_tokens(&self) {
        self.world.tokens.expire();
    }

    /// Stops it, and waits until its port is free and its connections are closed. Dropping it does the same without
    /// waiting.
    pub async fn stop(mut self) {
        self.stop.notify_one();
        let _ = (&mut self.task).await;
    }

    /// Waits until it stops, which it does by itself never.
    pub async fn wait(&mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // At once, and not when the last connection is gone: another one may begin with it.
        if let Some(state) = &self.world.state {
            state.release();
        }
        self.task.abort();
    }
}

impl World {
    /// What becomes of a request.
    fn fate(&self, request: &Request<'_>) -> Fate {
        self.faults().fate(request)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
