//! The identity that Azure gives to a machine or an app: its token comes from an endpoint nearby, without a secret.

use std::time::Duration;

use reqwest::header::HeaderValue;
use url::Url;

use crate::config::{AzureVault, is_loopback};
use crate::store::azure::answer::grant::Grant;
use crate::store::azure::http::{Caller, Clients, Exchange};
use crate::store::azure::target::TokenTarget;
use crate::store::call::Call;
use crate::store::error::FetchError;
use crate::store::event::Asked;
use crate::store::retry::Failed;
use crate::store::unreachable::Unreachable;

/// Where a virtual machine's tokens are: the Instance Metadata Service.
const METADATA_SERVICE: &str = "http://169.254.169.254";

/// How long the endpoint may take. It is near, and where there is none nothing answers at all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A managed identity.
pub(super) struct Managed {
    client: Option<String>,
    endpoint: Endpoint,
    http: Caller,
}

enum Endpoint {
    /// Of virtual machines, by `AZURE_POD_IDENTITY_AUTHORITY_HOST` where that is set.
    MetadataService(Url),
    /// Of App Service, Functions and Container Apps: `IDENTITY_ENDPOINT`, with the header `IDENTITY_HEADER`.
    AppService(Url, HeaderValue),
}

impl Managed {
    /// The one of this machine, or that of the client id among several. The variables of the platform tell where.
    pub(super) fn new(vault: &AzureVault, client: Option<String>, clients: &Clients) -> Result<Self, FetchError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let address = |name: &'static str, text: &str| {
            Url::parse(text).map_err(|_| FetchError::EnvironmentWrong(name, "it is not an address"))
        };
        let endpoint = match (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER")) {
            (Some(text), Some(header)) => {
                let unusable = |_| FetchError::EnvironmentWrong("IDENTITY_HEADER", "it can't be a header");
                let mut header = HeaderValue::from_str(&header).map_err(unusable)?;
                header.set_sensitive(true);
                Endpoint::AppService(address("IDENTITY_ENDPOINT", &text)?, header)
            }
            (Some(_), None) => {
                let why = "without IDENTITY_HEADER it is Azure Arc's, which is not supported";
                return Err(FetchError::EnvironmentWrong("IDENTITY_ENDPOINT", why));
            }
            _ => {
                let name = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
                let host = variable(name).unwrap_or_else(|| METADATA_SERVICE.to_owned());
                let mut url = address(name, &host)?;
                url.set_path("/metadata/identity/oauth2/token");
                Endpoint::MetadataService(url)
            }
        };
        let (Endpoint::MetadataService(url) | Endpoint::AppService(url, _)) = &endpoint;
        Ok(Self { client, http: clients.near(vault, TIMEOUT, url)?, endpoint })
    }

    fn url(&self) -> &Url {
        let (Endpoint::MetadataService(url) | Endpoint::AppService(url, _)) = &self.endpoint;
        url
    }

    /// Who is asked.
    pub(super) fn host(&self) -> &str {
        self.url().host_str().unwrap_or_default()
    }

    /// Whether its tokens are a local emulator's. A metadata service on loopback was named by a variable; the endpoints of App
    /// Service and Container Apps are on loopback themselves, and give real tokens.
    pub(super) fn is_local(&self) -> bool {
        matches!(&self.endpoint, Endpoint::MetadataService(url) if is_loopback(url))
    }

    /// Asks for a token, once.
    pub(super) async fn token(&self, target: &TokenTarget, call: &Call) -> Result<Grant, Failed> {
        let host = self.host().to_owned();
        let mut url = self.url().clone();
        let version = match self.endpoint {
            Endpoint::MetadataService(_) => "2018-02-01",
            Endpoint::AppService(..) => "2019-08-01",
        };
        url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", &target.resource);
        if let Some(client) = &self.client {
            url.query_pairs_mut().append_pair("client_id", client);
        }
        let request = self.http.get(url);
        let request = match &self.endpoint {
            Endpoint::MetadataService(_) => request.header("Metadata", "true"),
            Endpoint::AppService(_, header) => request.header("X-IDENTITY-HEADER", header),
        };
        let exchange = Exchange { host: &host, what: Asked::Token, timeout: TIMEOUT, call };
        let answer = self.http.send(request, exchange).await.map_err(|error| match error {
            FetchError::Unreachable {
                why: Unreachable::Refused | Unreachable::Timeout | Unreachable::NoConnection | Unreachable::Other,
                ..
            } => FetchError::NoManagedIdentity,
            error => error.of_tokens(&host),
        })?;
        if answer.status == 200 {
            return Ok(Grant::parse(answer.body.as_bytes()).map_err(|error| error.of_tokens(&host))?);
        }
        let error = FetchError::of_managed_identity(answer.status).of_tokens(&host);
        Err(Failed { error, asked: answer.asked() })
    }
}
