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

mod access;
mod answer;
mod application;
mod assertion;
mod authority;
mod bundle;
mod clock;
mod count;
mod entra;
mod error;
mod fault;
mod limit;
mod managed;
mod page;
mod redirect;
mod respond;
mod route;
mod secrets;
mod seed;
mod server;
mod token;
mod vault;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

use crate::secret::Secret;

pub use application::{Application, Federation};
pub use authority::Authority;
pub use count::Counts;
pub use fault::Faults;
pub use limit::Limit;
pub use seed::MAX_VALUE;
pub use vault::{Access, Vault, Version};

use count::Counters;
use limit::Window;
use token::Tokens;

/// The tenant of vaults and applications that name none.
pub const TENANT: &str = "00000000-0000-0000-0000-00000000f10e";

/// The id of the application that is there when none is added.
pub const CLIENT: &str = "00000000-0000-0000-0000-0000000c11e7";

/// What a vault's token is for when it names nothing else.
pub const RESOURCE: &str = "https://vault.azure.net";

/// An emulator to be started.
#[derive(Debug)]
pub struct Builder {
    address: SocketAddr,
    vaults: Vec<Vault>,
    applications: Vec<Application>,
    identities: Vec<String>,
    authority: Option<Authority>,
    token_lifetime: Duration,
    clock_offset: i64,
    faults: Faults,
}

/// A running emulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    world: Arc<World>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Why an emulator can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or not allowed.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// The address is another machine's to reach.
    #[error("the emulator listens on loopback alone, not on {0}")]
    NotLoopback(SocketAddr),
    /// A vault's name that can't be a label of a host name.
    #[error("a vault's host can't be called {0:?}")]
    Name(String),
    /// Two vaults of one name; case doesn't tell them apart.
    #[error("two vaults are called {0:?}")]
    Duplicate(String),
    /// The authority can't vouch for the vaults' hosts.
    #[error("no certificate can be made for the vaults' hosts")]
    Certificate,
}

/// The addresses at which it listens: a scheme and a port, for any of its hosts.
#[derive(Debug, Clone, Copy)]
struct Origin {
    scheme: &'static str,
    port: u16,
}

impl Origin {
    fn of(self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.port)
    }
}

/// What the requests see.
#[derive(Debug)]
struct World {
    origin: Origin,
    vaults: Vec<Vault>,
    applications: Vec<Application>,
    /// The client ids of the machine's own identities, its default one first.
    identities: Vec<String>,
    identity_header: Secret,
    clock_offset: i64,
    tokens: Tokens,
    faults: Mutex<Faults>,
    windows: Mutex<Vec<Window>>,
    counters: Counters,
}

impl Builder {
    /// Adds a vault. Clients reach it as `http://NAME.localhost:PORT`, and those that can't do host names as
    /// `http://localhost:PORT/NAME`.
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vaults.push(vault);
        self
    }

    /// Adds an application. Without any there is one, [`CLIENT`] of [`TENANT`], with a secret made at the start.
    #[must_use]
    pub fn application(mut self, application: Application) -> Self {
        self.applications.push(application);
        self
    }

    /// Adds an identity of the machine, by its client id. The first one is the default; without any it is [`CLIENT`].
    #[must_use]
    pub fn managed_identity(mut self, client: impl Into<String>) -> Self {
        self.identities.push(client.into());
        self
    }

    /// Speaks HTTPS, HTTP/1.1 and HTTP/2, with a certificate of that authority. Without it, it is plain HTTP.
    #[must_use]
    pub fn https(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// The clock of its answers is so many seconds ahead of the machine's.
    #[must_use]
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Where to listen: a loopback address. By default a free port of `127.0.0.1`.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// How long tokens count; 3599 s by default, as Entra ID's.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// The faults to begin with.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Starts it on the current runtime.
    ///
    /// # Errors
    /// When the address is no loopback address or can't be listened on (a port in use, for example), and when a
    /// vault's name can't be a host's or another vault has it too.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(mut self) -> Result<Emulator, StartError> {
        if !self.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.address));
        }
        for (index, vault) in self.vaults.iter().enumerate() {
            let (name, host) = (vault.name(), Url::parse(&format!("http://{}.localhost", vault.name())));
            if name.is_empty() || !host.is_ok_and(|host| host.host_str() == Some(&format!("{name}.localhost"))) {
                return Err(StartError::Name(name.to_owned()));
            }
            if self.vaults[..index].iter().any(|other| other.name() == name) {
                return Err(StartError::Duplicate(name.to_owned()));
            }
        }
        let listen = |error| StartError::Listen { address: self.address, error };
        let listener = TcpListener::bind(self.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        if self.applications.is_empty() {
            self.applications.push(Application::new(TENANT, CLIENT));
        }
        if self.identities.is_empty() {
            self.identities.push(CLIENT.to_owned());
        }
        let tls = self.authority.as_ref().map(|authority| authority.server(hosts(&self.vaults))).transpose();
        let tls = tls.map_err(|_| StartError::Certificate)?;
        let world = Arc::new(World {
            origin: Origin { scheme: if tls.is_some() { "https" } else { "http" }, port: address.port() },
            windows: Mutex::new(self.vaults.iter().map(|_| Window::default()).collect()),
            counters: Counters::new(self.vaults.len()),
            vaults: self.vaults,
            applications: self.applications,
            identities: self.identities,
            identity_header: Secret::new(token::random()),
            clock_offset: self.clock_offset,
            tokens: Tokens::new(self.token_lifetime),
            faults: Mutex::new(self.faults),
        });
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(server::serve(listener, tls, Arc::clone(&world), Arc::clone(&stop)));
        Ok(Emulator { address, world, stop, task })
    }
}

impl Emulator {
    /// An emulator without vaults yet.
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            vaults: Vec::new(),
            applications: Vec::new(),
            identities: Vec::new(),
            authority: None,
            clock_offset: 0,
            token_lifetime: Duration::from_secs(3599),
            faults: Faults::default(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A vault's address: `http://NAME.localhost:PORT`, or https.
    pub fn vault_url(&self, name: &str) -> Option<Url> {
        let vault = self.world.vaults.iter().find(|vault| vault.name().eq_ignore_ascii_case(name))?;
        Url::parse(&vault.url(self.world.origin)).ok()
    }

    /// Entra ID's address, without a tenant: `http://localhost:PORT`, or https. It is also what
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST` takes.
    pub fn authority(&self) -> Url {
        Url::parse(&self.world.origin.of("localhost")).expect("internal error: an address of loopback")
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

    /// The faults that are left.
    pub fn faults(&self) -> Faults {
        self.world.faults().clone()
    }

    /// Changes the faults while it runs.
    pub fn set_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.world.faults());
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
        self.task.abort();
    }
}

/// The names that a certificate must have.
fn hosts(vaults: &[Vault]) -> Vec<String> {
    let fixed = ["localhost", "*.localhost", "*.vault.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let named = vaults.iter().flat_map(|vault| ["", "vault."].map(|zone| format!("{}.{zone}localhost", vault.name())));
    fixed.into_iter().chain(named).collect()
}

impl World {
    /// Whether a vault takes one more request by the limit that is set.
    fn admits(&self, vault: usize) -> bool {
        let limit = self.faults().limit;
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        limit.is_none_or(|limit| windows[vault].admits(limit))
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
