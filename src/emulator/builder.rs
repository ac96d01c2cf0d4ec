//! An emulator to be started: what is in it, and how it behaves.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

use super::count::Counters;
use super::limit::Window;
use super::token::{self, Tokens};
use super::{Application, Authority, CLIENT, Emulator, Faults, Origin, TENANT, Vault, World, server};
use crate::secret::Secret;

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

impl Default for Builder {
    fn default() -> Self {
        Self {
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

/// The names that a certificate must have.
fn hosts(vaults: &[Vault]) -> Vec<String> {
    let fixed = ["localhost", "*.localhost", "*.vault.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let named = vaults.iter().flat_map(|vault| ["", "vault."].map(|zone| format!("{}.{zone}localhost", vault.name())));
    fixed.into_iter().chain(named).collect()
}
