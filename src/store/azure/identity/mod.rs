//! Where an identity's tokens come from, and which variables of the environment say so.

mod assertion;
mod azure_cli;
mod entra;
mod managed;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use url::Url;

use crate::config::{AzureVault, CLIENT_SECRET_VARIABLE, Proof, SecretSource, is_loopback};
use crate::store::azure::answer::grant::Grant;
use crate::store::azure::http::Clients;
use crate::store::azure::target::TokenTarget;
use crate::store::azure::token_source::{TenantUse, TokenSource};
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::provider::BoxFuture;
use crate::store::retry::Failed;

use entra::{Application, Credential};
use managed::Managed;

/// The variables that an identity goes by, as they were when it was opened: it is another identity when they are others.
/// The secret among them is read with each token, and only counts as there or not.
#[derive(Clone, Default, PartialEq, Eq)]
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

/// An identity of the configuration.
pub(in crate::store) struct ConfiguredIdentity {
    /// The tenant that the environment names, for a store that names none.
    tenant: Option<String>,
    kind: Kind,
}

enum Kind {
    Entra(Application),
    Managed(Managed),
    AzureCli,
}

impl ConfiguredIdentity {
    /// The source of a vault's tokens, with the time for a request. The variables that its identity goes by are read now.
    pub(in crate::store) fn new(vault: &AzureVault, timeout: Duration, clients: &Clients) -> Result<Self, FetchError> {
        let (client, credential) = match &vault.identity.proof {
            Proof::ClientSecret { client, secret } => (client.clone(), Credential::Secret(secret.clone())),
            Proof::ClientCertificate { client, certificate } => {
                (client.clone(), Credential::Certificate(certificate.clone()))
            }
            Proof::WorkloadIdentity { client, token_file } => {
                let file =
                    token_file.clone().map_or_else(|| required("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from), Ok)?;
                let client = client.clone().map_or_else(|| required("AZURE_CLIENT_ID"), Ok)?;
                return Self::of_environment(vault, timeout, clients, client, Credential::Federated(file));
            }
            Proof::Environment => {
                let (client, credential) = environment()?;
                return Self::of_environment(vault, timeout, clients, client, credential);
            }
            Proof::ManagedIdentity { client } => {
                return Ok(Self { tenant: None, kind: Kind::Managed(Managed::new(vault, client.clone(), clients)?) });
            }
            Proof::AzureCli => return Ok(Self { tenant: None, kind: Kind::AzureCli }),
        };
        Self::entra(vault, timeout, clients, client, credential, (None, vault.authority()))
    }

    /// An application whose tenant and authority may be the environment's.
    fn of_environment(
        vault: &AzureVault,
        timeout: Duration,
        clients: &Clients,
        client: String,
        credential: Credential,
    ) -> Result<Self, FetchError> {
        let authority = match variable("AZURE_AUTHORITY_HOST").filter(|_| vault.identity.authority.is_none()) {
            None => vault.authority(),
            Some(host) => authority(&host).ok_or(FetchError::EnvironmentWrong(
                "AZURE_AUTHORITY_HOST",
                "it is not an address like https://login.microsoftonline.com",
            ))?,
        };
        Self::entra(vault, timeout, clients, client, credential, (variable("AZURE_TENANT_ID"), authority))
    }

    fn entra(
        vault: &AzureVault,
        timeout: Duration,
        clients: &Clients,
        client: String,
        credential: Credential,
        (tenant, authority): (Option<String>, Url),
    ) -> Result<Self, FetchError> {
        let http = clients.of(vault, timeout, &authority)?;
        let clock_ahead = AtomicI64::new(0);
        let application = Application { authority, client, credential, http, timeout, clock_ahead };
        Ok(Self { tenant, kind: Kind::Entra(application) })
    }
}

impl TokenSource for ConfiguredIdentity {
    fn host(&self) -> &str {
        match &self.kind {
            Kind::Entra(application) => application.authority.host_str().unwrap_or_default(),
            Kind::Managed(managed) => managed.host(),
            Kind::AzureCli => "the Azure CLI",
        }
    }

    fn token<'a>(&'a self, target: &'a TokenTarget, call: &'a Call) -> BoxFuture<'a, Result<Grant, Failed>> {
        match &self.kind {
            Kind::Entra(application) => Box::pin(application.token(target, call)),
            Kind::Managed(managed) => Box::pin(managed.token(target, call)),
            Kind::AzureCli => Box::pin(async { Ok(azure_cli::token(target).await?) }),
        }
    }

    fn tenant_use(&self) -> TenantUse {
        match &self.kind {
            Kind::Entra(_) => TenantUse::Needed,
            Kind::AzureCli => TenantUse::Helps,
            Kind::Managed(_) => TenantUse::None,
        }
    }

    fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    fn is_remote(&self) -> bool {
        matches!(&self.kind, Kind::Entra(application) if !is_loopback(&application.authority))
    }

    fn is_local(&self) -> bool {
        match &self.kind {
            Kind::Entra(application) => is_loopback(&application.authority),
            Kind::Managed(managed) => managed.is_local(),
            Kind::AzureCli => false,
        }
    }

    fn is_there(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        match &self.kind {
            Kind::Entra(application) => Box::pin(application.is_there()),
            Kind::Managed(_) | Kind::AzureCli => Box::pin(std::future::ready(Ok(()))),
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
