//! What the emulator keeps for a project: its certificate authority, the secret of its application, the keys of its
//! tokens and its control endpoint, and where it runs.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use serde::{Deserialize, Serialize};

use crate::cli::args;
use crate::emulator::{Authority, AuthorityError, ClientSecret, Origin, TokenKey};
use crate::file;
use crate::secret::Secret;

/// The folder's name.
const FOLDER: &str = ".credflow";

/// The folder of a project. Everything in it is for its owner alone, and for no version control.
pub(super) struct Project(PathBuf);

/// Where an emulator runs.
#[derive(Serialize, Deserialize)]
pub(super) struct Running {
    /// Its address on this machine.
    pub(super) url: String,
    /// The process.
    pub(super) process: u32,
    /// What it listens on.
    listen: SocketAddr,
    /// The names that it was given.
    hosts: Vec<String>,
}

impl Running {
    /// Where it is reached.
    pub(super) fn origin(&self) -> Origin {
        let scheme = self.url.split(':').next().unwrap_or_default();
        Origin::new(scheme, self.listen, self.hosts.clone())
    }

    /// Whether something listens there; it may have been killed before it could say that it ends.
    fn is_there(&self) -> bool {
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    }
}

impl Project {
    /// The folder that was named, or the one beside a file.
    pub(super) fn beside(named: &args::Project, path: Option<&Path>) -> Self {
        let folder = path.map_or(Path::new("."), file::folder);
        Self(named.folder.clone().unwrap_or_else(|| folder.join(FOLDER)))
    }

    /// The folder that was named, or the nearest from the current one upwards.
    pub(super) fn find(named: &args::Project) -> io::Result<Option<Self>> {
        if let Some(folder) = &named.folder {
            return Ok(Some(Self(folder.clone())));
        }
        let current = env::current_dir()?;
        Ok(current.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir()).map(Self))
    }

    /// Makes the folder, if there is none.
    pub(super) fn make(&self) -> io::Result<()> {
        file::make_folder(&self.0)?;
        let ignore = self.0.join(".gitignore");
        if ignore.exists() { Ok(()) } else { file::write(&ignore, b"*\n") }
    }

    /// The certificate authority, made once. Clients trust what stands in [`ca_file`](Self::ca_file).
    pub(super) fn authority(&self) -> Result<Authority, AuthorityError> {
        let authority = Authority::open(&self.0.join("authority.pem"))?;
        let path = self.ca_file();
        if fs::read_to_string(&path).ok().as_deref() != Some(authority.pem()) {
            file::write(&path, authority.pem().as_bytes()).map_err(|error| AuthorityError::File { path, error })?;
        }
        Ok(authority)
    }

    /// The authority's certificate.
    pub(super) fn ca_file(&self) -> PathBuf {
        absolute(self.0.join("ca.pem"))
    }

    /// The file with the client secret that a configuration points to.
    pub(super) fn client_secret_file(&self) -> PathBuf {
        absolute(self.0.join("client-secret"))
    }

    /// The client secret of the emulator's own application, made once.
    pub(super) fn client_secret(&self) -> io::Result<Secret> {
        secret(&self.client_secret_file())
    }

    /// The file with the client secret of one application among several.
    pub(super) fn client_secret_file_of(&self, client: &str) -> PathBuf {
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        absolute(self.0.join(format!("client-secret-{}", client.chars().map(plain).collect::<String>())))
    }

    /// Its path, for people.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The key of the control endpoint, made once.
    pub(super) fn control_key(&self) -> io::Result<Secret> {
        secret(&self.0.join("control-key"))
    }

    /// The key of its tokens, made once: a client that holds a token is not locked out by a restart.
    pub(super) fn token_key(&self) -> io::Result<TokenKey> {
        TokenKey::open(&self.0.join("token-key"))
    }

    /// What an app of App Service shows to be given a token, made once.
    pub(super) fn identity_header(&self) -> io::Result<Secret> {
        secret(&self.0.join("identity-header"))
    }

    /// The folder for what the command az keeps.
    pub(super) fn azure_config(&self) -> PathBuf {
        absolute(self.0.join("az"))
    }

    /// The emulator that runs, as far as is known.
    pub(super) fn running(&self) -> Option<Running> {
        serde_json::from_slice(&fs::read(self.running_file()).ok()?).ok()
    }

    /// The emulator that runs, if something answers there.
    pub(super) fn running_there(&self) -> Option<Running> {
        self.running().filter(Running::is_there)
    }

    /// Another emulator that runs, and not one that was killed and whose port this one has by now.
    pub(super) fn live(&self, own: &Origin) -> Option<Running> {
        self.running().filter(|running| running.listen != own.address() && running.is_there())
    }

    /// Tells where it runs.
    pub(super) fn announce(&self, origin: &Origin) -> io::Result<()> {
        let (listen, hosts) = (origin.address(), origin.hosts().to_vec());
        let running = Running { url: origin.here(), process: std::process::id(), listen, hosts };
        let json = serde_json::to_vec(&running).expect("internal error: a text and a number are JSON");
        file::write(&self.running_file(), &json)
    }

    /// Takes that back, unless another one runs by now.
    pub(super) fn withdraw(&self) {
        if self.running().is_some_and(|running| running.process == std::process::id()) {
            let _ = fs::remove_file(self.running_file());
        }
    }

    fn running_file(&self) -> PathBuf {
        self.0.join("running.json")
    }
}

/// The secret in a file, made when there is none.
fn secret(path: &Path) -> io::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) if !text.is_empty() => return Ok(Secret::new(text)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let made = ClientSecret::random().value;
    file::write(path, made.expose().as_bytes())?;
    Ok(Secret::concat([made.expose()]))
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
