//! A store: one vault, and the identity that reads it.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::address::{Cloud, is_loopback, is_under};
use super::identity::Identity;
use crate::reference::StoreName;

/// The provider of all stores.
pub const PROVIDER: &str = "azure-key-vault";

/// The api-version that is sent when a store names none: the newest that every cloud serves.
pub const DEFAULT_API_VERSION: &str = "7.4";

/// Requests in flight for one vault when a store names no bound.
pub const DEFAULT_CONCURRENCY: NonZeroU16 = NonZeroU16::new(32).expect("32 is not zero");

/// How long one request may take before it counts as broken.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// One vault and how to be let in, as the configuration has it. Every field was checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The name by which references call it.
    pub name: StoreName,
    /// `https://….vault.azure.net`, or plain http to loopback: no path, query or user.
    pub vault_url: Url,
    /// How a token for it is had.
    pub identity: Identity,
    /// `api-version` of every request.
    pub api_version: String,
    /// Certificate authorities to trust beside the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The most requests in flight at once.
    pub max_concurrency: NonZeroU16,
    /// How long one request may take before it counts as broken.
    pub request_timeout: Duration,
    /// How long all fetches from it may take together, beside the time for everything.
    pub timeout: Option<Duration>,
    /// Whether the vault may get a token for a resource whose domain it isn't in.
    pub allow_custom_domain: bool,
    /// Whether a value that is expired or not yet valid is an error.
    pub enforce_validity: bool,
}

impl Store {
    /// Entra ID's address, without a tenant: as it is set, or its cloud's.
    pub fn authority(&self) -> Url {
        let of_cloud = || Url::parse(Cloud::of(&self.vault_url).authority).expect("internal error: a cloud's address");
        self.identity.authority.clone().unwrap_or_else(of_cloud)
    }

    /// The vault's host.
    pub fn host(&self) -> &str {
        self.vault_url.host_str().unwrap_or_default()
    }

    /// What its tokens are for: as it is set, or its cloud's. Nothing when only the vault can tell, as its host is in
    /// no known cloud.
    pub fn resource(&self) -> Option<&str> {
        let of_cloud = || {
            let is_known = Cloud::knows(&self.vault_url) || is_loopback(&self.vault_url);
            is_known.then(|| Cloud::of(&self.vault_url).resource)
        };
        self.identity.resource.as_deref().or_else(of_cloud)
    }

    /// Whether a token for that resource may be sent to the vault: its host is below the resource's, or the
    /// configuration allows what isn't. A vault on this machine is served by an authority on this machine.
    pub fn may_receive(&self, resource: &str) -> bool {
        if self.allow_custom_domain {
            return true;
        }
        if is_loopback(&self.vault_url) {
            return is_loopback(&self.authority());
        }
        let host = self.vault_url.host_str().unwrap_or_default();
        let resource = Url::parse(resource).ok();
        resource.as_ref().and_then(Url::host_str).is_some_and(|domain| is_under(host, domain))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::source::Source;

    #[test]
    fn a_vault_s_address_tells_its_cloud() {
        let cases = [
            ("vault-url: https://a.vault.azure.net", "login.microsoftonline.com", Some("https://vault.azure.net")),
            (
                "vault-url: https://a.vault.usgovcloudapi.net",
                "login.microsoftonline.us",
                Some("https://vault.usgovcloudapi.net"),
            ),
            ("vault-url: https://a.vault.azure.cn", "login.chinacloudapi.cn", Some("https://vault.azure.cn")),
            (
                "vault-url: https://a.vault.sovcloud-api.fr",
                "login.sovcloud-identity.fr",
                Some("https://vault.sovcloud-api.fr"),
            ),
            (
                "vault-url: https://a.vault.azure.cn, authority: https://login.partner.microsoftonline.cn",
                "login.partner.microsoftonline.cn",
                Some("https://vault.azure.cn"),
            ),
            (
                "vault-url: https://a.vault.corp.example, authority: https://login.corp.example",
                "login.corp.example",
                None,
            ),
            (
                "vault-url: https://a.vault.corp.example, azure-resource: https://vault.corp.example/",
                "login.microsoftonline.com",
                Some("https://vault.corp.example"),
            ),
        ];
        for (store, authority, resource) in cases {
            let text = format!(
                "stores: {{ a: {{ {store}, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08, client-secret: {{ env: S }} }} }}"
            );
            let (config, _) = Config::parse(&Source::private("c", text)).expect("a configuration");
            let store = &config.stores[0];
            assert_eq!(store.authority().host_str(), Some(authority));
            assert_eq!(store.resource(), resource);
            assert!(resource.is_none_or(|resource| store.may_receive(resource)));
            assert!(!store.may_receive("https://vault.another.example"));
        }
    }
}
