//! Who clients of the vaults are: for each vault an application of its tenant, and what proves it.

use std::path::PathBuf;
use std::{fs, io};

use super::project::Project;
use crate::emulator::{Access, Application, Permission, Vault};
use crate::file;

/// A client of a vault.
pub(super) struct Client {
    pub(super) tenant: String,
    pub(super) id: String,
    pub(super) proof: Proof,
}

/// What proves it, by the file that it is in.
pub(super) enum Proof {
    Secret(PathBuf),
    Certificate(PathBuf),
}

/// The clients of vaults at a time, and the files with their secrets.
pub(super) struct Clients<'p> {
    project: &'p Project,
    applications: Vec<Application>,
    now: i64,
    /// The application whose secret is in the file that has no name in its own.
    first: Option<String>,
}

impl<'p> Clients<'p> {
    /// The clients among those applications at that time, in seconds since 1970.
    pub(super) fn new(project: &'p Project, applications: &[Application], vaults: &[Vault], now: i64) -> Self {
        let mut clients = Self { project, applications: applications.to_vec(), now, first: None };
        let of_vaults = vaults.iter().find_map(|vault| clients.application(vault));
        let any = || clients.applications.iter().find(|application| clients.proves(application));
        clients.first = of_vaults.or_else(any).map(|application| application.client.clone());
        clients
    }

    /// Keeps the secrets in their files.
    pub(super) fn keep(&self) -> io::Result<()> {
        for application in &self.applications {
            let path = self.secret_file(application);
            let Some(secret) = application.secret_at(self.now) else { continue };
            // What stands there already may be read at this moment.
            if fs::read(&path).ok().as_deref() != Some(secret.expose().as_bytes()) {
                file::write(&path, secret.expose().as_bytes())?;
            }
        }
        Ok(())
    }

    /// The client that is told where one is told alone.
    pub(super) fn first(&self) -> Option<Client> {
        let is_first = |application: &&Application| Some(&application.client) == self.first.as_ref();
        self.applications.iter().find(is_first).and_then(|application| self.client(application))
    }

    /// The client of a vault.
    pub(super) fn of(&self, vault: &Vault) -> Option<Client> {
        self.application(vault).and_then(|application| self.client(application))
    }

    /// An application of the vault's tenant that can prove itself, and may read there if one of them may.
    fn application(&self, vault: &Vault) -> Option<&Application> {
        let of_tenant = |it: &&Application| it.tenant.eq_ignore_ascii_case(vault.tenant_id()) && self.proves(it);
        self.applications.iter().filter(of_tenant).min_by_key(|it| {
            let may_read = vault.rights_of(&it.client, Permission::Get) == Access::Allowed;
            let is_first = self.first.as_ref() == Some(&it.client);
            (!may_read, !is_first, it.secret_at(self.now).is_none())
        })
    }

    fn proves(&self, application: &Application) -> bool {
        application.secret_at(self.now).is_some() || application.key_file().is_some()
    }

    fn client(&self, application: &Application) -> Option<Client> {
        let secret = application.secret_at(self.now).map(|_| Proof::Secret(self.secret_file(application)));
        let certificate = || {
            let path = application.key_file()?;
            Some(Proof::Certificate(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())))
        };
        let proof = secret.or_else(certificate)?;
        Some(Client { tenant: application.tenant.clone(), id: application.client.clone(), proof })
    }

    fn secret_file(&self, application: &Application) -> PathBuf {
        match &self.first {
            Some(first) if *first != application.client => self.project.client_secret_file_of(&application.client),
            _ => self.project.client_secret_file(),
        }
    }
}
