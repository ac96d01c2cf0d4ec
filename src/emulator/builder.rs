//! An emulator to be started: what is in it, and how it behaves.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

use super::clock::Clock;
use super::count::Counters;
use super::entra::{Tokens, random};
use super::observe::{Observed, Observer};
use super::state::{State, StateError};
use super::{Application, Authority, CLIENT, Emulator, Fault, Origin, TENANT, TokenKey, Vault, World, server};
use crate::secret::Secret;

/// An emulator to be started.
#[derive(Debug)]
pub struct Builder {
    address: SocketAddr,
    is_exposed: bool,
    hosts: Vec<String>,
    vaults: Vec<Vault>,
    applications: Vec<Application>,
    identities: Vec<String>,
    identity_header: Option<Secret>,
    authority: Option<Authority>,
    token_lifetime: Duration,
    token_key: Option<TokenKey>,
    clock_offset: i64,
    faults: Vec<Fault>,
    control: Option<Secret>,
    state: Option<PathBuf>,
    observer: Observer,
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
    #[error("the emulator listens on loopback alone, not on {0}, unless it is exposed")]
    NotLoopback(SocketAddr),
    /// A vault's name that can't be a label of a host name.
    #[error("a vault's host can't be called {0:?}")]
    Name(String),
    /// A name that can't be a host's.
    #[error("a host can't be called {0:?}")]
    Host(String),
    /// Two vaults of one name, or with an alias that is another's name; case doesn't tell them apart.
    #[error("two vaults are called {0:?}")]
    Duplicate(String),
    /// A vault that only the state has, with a name that another one has too.
    #[error("two vaults are called {name:?}; one of them is from the state in {path}")]
    DuplicateInState {
        /// The name.
        name: String,
        /// The state's file.
        path: PathBuf,
    },
    /// The authority can't vouch for the vaults' hosts.
    #[error("no certificate can be made for the vaults' hosts")]
    Certificate,
    /// The state file isn't used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            is_exposed: false,
            hosts: Vec::new(),
            vaults: Vec::new(),
            applications: Vec::new(),
            identities: Vec::new(),
            identity_header: None,
            authority: None,
            clock_offset: 0,
            token_lifetime: Duration::from_secs(3599),
            token_key: None,
            faults: Vec::new(),
            control: None,
            state: None,
            observer: Observer::default(),
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

    /// What `IDENTITY_HEADER` holds for clients that are served as an app of App Service is; made at the start by
    /// default.
    #[must_use]
    pub fn identity_header(mut self, header: Secret) -> Self {
        self.identity_header = Some(header);
        self
    }

    /// Speaks HTTPS, HTTP/1.1 and HTTP/2, with a certificate of that authority. Without it, it is plain HTTP.
    #[must_use]
    pub fn https(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Its clock is so many seconds ahead of the machine's, or behind.
    #[must_use]
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Where to listen: a loopback address, unless it is [exposed](Self::exposed). By default a free port of
    /// `127.0.0.1`.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Lets it listen on addresses that other machines reach. It is made for this one: whoever reaches it can try its
    /// client secrets.
    #[must_use]
    pub fn exposed(mut self) -> Self {
        self.is_exposed = true;
        self
    }

    /// Is called so, too: a name or an address by which clients reach it, beside the address that it listens on and the
    /// names below `localhost`. Vaults are below the first name that is given: `https://VAULT.NAME:PORT`.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// How long tokens count; 3599 s by default, as Entra ID's.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Signs tokens with that key, and knows those that it signed before; made at the start by default.
    #[must_use]
    pub fn token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// Adds a fault to begin with.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Adds faults to begin with.
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// Answers at `/_credflow/` to whoever brings that key as a bearer token: faults, counts, the clock, and what vaults
    /// hold.
    #[must_use]
    pub fn control(mut self, key: Secret) -> Self {
        self.control = Some(key);
        self
    }

    /// Keeps what the vaults hold in a file, and begins with what is in it.
    #[must_use]
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Tells of each request after it is answered. Nothing secret is in what it tells.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        self.observer.watch(observer);
        self
    }

    /// Tells what goes wrong in the emulator itself: that its state can't be saved.
    #[must_use]
    pub fn troubled(mut self, trouble: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.observer.trouble(trouble);
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
        if !self.address.ip().is_loopback() && !self.is_exposed {
            return Err(StartError::NotLoopback(self.address));
        }
        let mut state = self.state.as_deref().map(|path| State::open(path, &mut self.vaults)).transpose()?;
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            return Err(StartError::Host(host.clone()));
        }
        for (index, vault) in self.vaults.iter().enumerate() {
            let name = vault.name();
            if name.is_empty() || !is_host(&format!("{name}.localhost")) {
                return Err(StartError::Name(name.to_owned()));
            }
            if let Some(name) = vault.names().find(|name| self.vaults[..index].iter().any(|it| it.is_called(name))) {
                let name = name.to_owned();
                return Err(match &state {
                    Some(state) if state.added(vault.name()) => {
                        StartError::DuplicateInState { name, path: state.path().to_owned() }
                    }
                    _ => StartError::Duplicate(name),
                });
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
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        let origin = Origin::new(scheme, address, self.hosts);
        let names = origin.certified(self.vaults.iter().flat_map(Vault::names));
        let tls = self.authority.as_ref().map(|authority| authority.server(names)).transpose();
        let tls = tls.map_err(|_| StartError::Certificate)?;
        let clock = Clock::ahead(self.clock_offset);
        for vault in &self.vaults {
            vault.contents().stamp(clock.now());
        }
        if let Some(state) = &mut state {
            state.begin(&self.vaults)?;
        }
        let world = Arc::new(World {
            origin,
            ca_pem: self.authority.as_ref().map(|authority| authority.pem().to_owned()),
            counters: Counters::new(self.vaults.len()),
            vaults: self.vaults,
            applications: self.applications,
            identities: self.identities,
            identity_header: self.identity_header.unwrap_or_else(|| Secret::new(random())),
            control: self.control,
            clock,
            tokens: Tokens::new(self.token_lifetime, &self.token_key.unwrap_or_default()),
            faults: Mutex::new(self.faults.into_iter().collect()),
            state,
            observer: self.observer,
        });
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(server::serve(listener, tls, Arc::clone(&world), Arc::clone(&stop)));
        Ok(Emulator { address, world, stop, task })
    }
}

/// Whether an address with that host has that host, and nothing else.
fn is_host(host: &str) -> bool {
    let url = Url::parse(&format!("http://{host}"));
    !host.is_empty() && url.is_ok_and(|url| url.host_str().is_some_and(|found| found.eq_ignore_ascii_case(host)))
}
