//! A vault of Azure Key Vault, and the identity that reads it.

use std::path::PathBuf;

use url::Url;

use super::address::{Cloud, is_loopback, is_under, origin};
use super::identity::{Identity, Proof};

/// The api-version that is sent when a store names none: the newest that every cloud serves.
pub const DEFAULT_API_VERSION: &str = "7.4";

/// One vault and how to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureVault {
    /// `https://….vault.azure.net`, or plain http to loopback: no path, query or user.
    pub url: Url,
    /// How a token for it is had.
    pub identity: Identity,
    /// `api-version` of every request.
    pub api_version: String,
    /// Certificate authorities to trust beside the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether the vault may get a token for a resource whose domain it isn't in.
    pub allow_custom_domain: bool,
}

impl AzureVault {
    /// Entra ID's address, without a tenant: as it is set, or its cloud's.
    pub fn authority(&self) -> Url {
        let of_cloud = || Url::parse(Cloud::of(&self.url).authority).expect("internal error: a cloud's address");
        self.identity.authority.clone().unwrap_or_else(of_cloud)
    }

    /// Its host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What its tokens are for: as it is set, or its cloud's. Nothing when only the vault can tell, as its host is in
    /// no known cloud.
    pub fn resource(&self) -> Option<&str> {
        let of_cloud = || {
            let is_known = Cloud::knows(&self.url) || is_loopback(&self.url);
            is_known.then(|| Cloud::of(&self.url).resource)
        };
        self.identity.resource.as_deref().or_else(of_cloud)
    }

    /// Whether its tokens can be those of a local emulator, as far as the configuration tells. The endpoint of a managed
    /// identity is the environment's, and is looked at when a token is asked for.
    pub(crate) fn may_have_local_tokens(&self) -> bool {
        match self.identity.proof {
            Proof::AzureCli => false,
            Proof::ManagedIdentity { .. } => true,
            _ => is_loopback(&self.authority()),
        }
    }

    /// Whether a token for that resource may be sent to the vault.
    pub(crate) fn may_receive(&self, resource: &str, is_local: bool) -> bool {
        self.lets_token_go(resource, is_local, &self.url)
    }

    /// Whether a token for that resource may be sent to an address: its host is below the resource's, or the
    /// configuration allows what isn't. To an address of this machine, where anybody may listen, only a local emulator's
    /// token is sent.
    pub(crate) fn lets_token_go(&self, resource: &str, is_local: bool, to: &Url) -> bool {
        if self.allow_custom_domain {
            return true;
        }
        if is_loopback(to) {
            return is_local;
        }
        let Ok(origin) = origin(resource) else { return false };
        // Who gives the token reads the text, and has to find in it what is compared here.
        let is_read_alike = origin.as_str().trim_end_matches('/').eq_ignore_ascii_case(resource);
        let domain = origin.host_str().filter(|_| is_read_alike && origin.scheme() == "https");
        domain.is_some_and(|domain| is_under(to.host_str().unwrap_or_default(), domain))
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
            let store = config.stores[0].azure().expect("a vault");
            assert_eq!(store.authority().host_str(), Some(authority));
            assert_eq!(store.resource(), resource);
            assert!(resource.is_none_or(|resource| store.may_receive(resource, false)));
            assert!(!store.may_receive("https://vault.another.example", false));
        }
    }
}
