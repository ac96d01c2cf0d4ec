//! Where an identity's tokens come from, and which variables of the environment say so.

mod assertion;
mod azure_cli;
mod entra;
mod managed;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;

use url::Url;

use crate::config::{CLIENT_SECRET_VARIABLE, Proof, SecretSource, Store, is_loopback};
use crate::store::azure::answer::grant::Grant;
use crate::store::azure::http::Clients;
use crate::store::azure::target::Target;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::retry::Failed;

use entra::{Application, Credential};
use managed::Managed;

/// The variables that an identity goes by, as they were when it was opened: it is another identity when they are others.
/// The secret among them is read with each token, and only counts as there or not.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::store) struct Environment(Vec<Option<OsString>>);

impl Environment {
    /// The variables that count for a proof.
    pub(in crate::store) fn of(proof: &Proof) -> Self {
        let names: &[&str] = match proof {
            Proof::ClientSecret { .. } | Proof::ClientCertificate { .. } | Proof::AzureCli => &[],
            Proof::WorkloadIdentity { .. } | Proof::Environment => &[
                "AZURE_CLIENT_ID",
                "AZURE_TENANT_ID",
                "AZURE_AUTHORITY_HOST",
                "AZURE_FEDERATED_TOKEN_FILE",
                "AZURE_CLIENT_CERTIFICATE_PATH",
            ],
            Proof::ManagedIdentity { .. } => {
                &["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST"]
            }
        };
        let has_secret = std::env::var_os(CLIENT_SECRET_VARIABLE).is_some_and(|value| !value.is_empty());
        let has_secret = (*proof == Proof::Environment && has_secret).then(OsString::new);
        Self(names.iter().map(std::env::var_os).chain([has_secret]).collect())
    }
}

/// Where tokens come from.
pub(in crate::store) struct Source {
    /// The tenant that the environment names, for a store that names none.
    tenant: Option<String>,
    kind: Kind,
}

enum Kind {
    Entra(Application),
    Managed(Managed),
    AzureCli,
}

impl Source {
    /// The source of a store's tokens. The variables that its identity goes by are read now.
    pub(in crate::store) fn new(store: &Store, clients: &Clients) -> Result<Self, FetchError> {
        let (client, credential) = match &store.identity.proof {
            Proof::ClientSecret { client, secret } => (client.clone(), Credential::Secret(secret.clone())),
            Proof::ClientCertificate { client, certificate } => {
                (client.clone(), Credential::Certificate(certificate.clone()))
            }
            Proof::WorkloadIdentity { client, token_file } => {
                let file =
                    token_file.clone().map_or_else(|| required("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from), Ok)?;
                let client = client.clone().map_or_else(|| required("AZURE_CLIENT_ID"), Ok)?;
                return Self::of_environment(store, clients, client, Credential::Federated(file));
            }
            Proof::Environment => {
                let (client, credential) = environment()?;
                return Self::of_environment(store, clients, client, credential);
            }
            Proof::ManagedIdentity { client } => {
                return Ok(Self { tenant: None, kind: Kind::Managed(Managed::new(store, client.clone(), clients)?) });
            }
            Proof::AzureCli => return Ok(Self { tenant: None, kind: Kind::AzureCli }),
        };
        Self::entra(store, clients, client, credential, None, store.authority())
    }

    /// An application whose tenant and authority may be the environment's.
    fn of_environment(
        store: &Store,
        clients: &Clients,
        client: String,
        credential: Credential,
    ) -> Result<Self, FetchError> {
        let authority = match variable("AZURE_AUTHORITY_HOST").filter(|_| store.identity.authority.is_none()) {
            None => store.authority(),
            Some(host) => authority(&host).ok_or(FetchError::EnvironmentWrong(
                "AZURE_AUTHORITY_HOST",
                "it is not an address like https://login.microsoftonline.com",
            ))?,
        };
        Self::entra(store, clients, client, credential, variable("AZURE_TENANT_ID"), authority)
    }

    fn entra(
        store: &Store,
        clients: &Clients,
        client: String,
        credential: Credential,
        tenant: Option<String>,
        authority: Url,
    ) -> Result<Self, FetchError> {
        let http = clients.of(store, &authority)?;
        let timeout = store.request_timeout;
        let clock_ahead = AtomicI64::new(0);
        let application = Application { authority, client, credential, http, timeout, clock_ahead };
        Ok(Self { tenant, kind: Kind::Entra(application) })
    }

    /// The tenant that tokens are asked of, where the store or the environment names one.
    pub(in crate::store) fn tenant(&self, store: Option<&str>) -> Option<String> {
        store.map(str::to_owned).or_else(|| self.tenant.clone())
    }

    /// Whether it can't do without a tenant.
    pub(in crate::store) fn needs_tenant(&self) -> bool {
        matches!(self.kind, Kind::Entra(_))
    }

    /// Whether it gives another token when it knows the tenant.
    pub(in crate::store) fn wants_tenant(&self) -> bool {
        matches!(self.kind, Kind::Entra(_) | Kind::AzureCli)
    }

    /// Who gives them.
    pub(in crate::store) fn host(&self) -> &str {
        match &self.kind {
            Kind::Entra(application) => application.authority.host_str().unwrap_or_default(),
            Kind::Managed(managed) => managed.host(),
            Kind::AzureCli => "the Azure CLI",
        }
    }

    /// That there was no time left for a token.
    pub(in crate::store) fn late(&self) -> FetchError {
        FetchError::Deadline { host: self.host().to_owned(), what: "a token" }
    }

    /// Whether its tokens come over the network, from a host with a name.
    pub(in crate::store) fn is_remote(&self) -> bool {
        matches!(&self.kind, Kind::Entra(application) if !is_loopback(&application.authority))
    }

    /// Whether what proves the identity is there: its variable is set, its file can be read. Nobody is asked.
    pub(in crate::store) async fn is_there(&self) -> Result<(), FetchError> {
        match &self.kind {
            Kind::Entra(application) => application.is_there().await,
            Kind::Managed(_) | Kind::AzureCli => Ok(()),
        }
    }

    /// Asks for a token, once.
    pub(in crate::store) async fn token(&self, target: &Target, call: &Call) -> Result<Grant, Failed> {
        match &self.kind {
            Kind::Entra(application) => application.token(target, call).await,
            Kind::Managed(managed) => managed.token(target, call).await,
            Kind::AzureCli => Ok(azure_cli::token(target).await?),
        }
    }
}

/// The application of the variables that all of Microsoft's clients know: with a secret, a certificate, or a platform's
/// token, in this order.
fn environment() -> Result<(String, Credential), FetchError> {
    let client = required("AZURE_CLIENT_ID")?;
    // Its own emptiness or oddness is told when it is read.
    let credential = if std::env::var_os(CLIENT_SECRET_VARIABLE).is_some_and(|value| !value.is_empty()) {
        Credential::Secret(SecretSource::Variable(CLIENT_SECRET_VARIABLE.to_owned()))
    } else if let Some(path) = variable("AZURE_CLIENT_CERTIFICATE_PATH") {
        Credential::Certificate(path.into())
    } else if let Some(path) = variable("AZURE_FEDERATED_TOKEN_FILE") {
        Credential::Federated(path.into())
    } else {
        return Err(FetchError::EnvironmentUnset(
            "AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE",
        ));
    };
    Ok((client, credential))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, FetchError> {
    variable(name).ok_or(FetchError::EnvironmentUnset(name))
}

/// An authority's address. The scheme may be left out, as it may for Microsoft's own clients.
fn authority(text: &str) -> Option<Url> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).ok()?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    (is_safe && url.path() == "/" && url.query().is_none() && url.username().is_empty()).then_some(url)
}
