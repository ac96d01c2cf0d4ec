//! Addresses of vaults and authorities, and the clouds that they belong to.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::diagnostic::nearest;

/// An Azure cloud, as Microsoft documents its endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cloud {
    /// The domain of its vaults.
    pub domain: &'static str,
    /// Its Entra ID.
    pub authority: &'static str,
    /// What a token for its vaults is for.
    pub resource: &'static str,
}

const PUBLIC: Cloud = Cloud {
    domain: "vault.azure.net",
    authority: "https://login.microsoftonline.com",
    resource: "https://vault.azure.net",
};

const CLOUDS: [Cloud; 4] = [
    PUBLIC,
    Cloud {
        domain: "vault.usgovcloudapi.net",
        authority: "https://login.microsoftonline.us",
        resource: "https://vault.usgovcloudapi.net",
    },
    Cloud {
        domain: "vault.sovcloud-api.fr",
        authority: "https://login.sovcloud-identity.fr",
        resource: "https://vault.sovcloud-api.fr",
    },
    Cloud { domain: "vault.azure.cn", authority: "https://login.chinacloudapi.cn", resource: "https://vault.azure.cn" },
];

impl Cloud {
    /// The cloud of a vault, by its domain; the public one for any other host.
    pub fn of(vault: &Url) -> Self {
        Self::named(vault).unwrap_or(PUBLIC)
    }

    /// Whether an authority is one of the clouds'.
    pub(super) fn has_authority(authority: &str) -> bool {
        CLOUDS.iter().any(|cloud| cloud.authority == authority.trim_end_matches('/'))
    }

    /// Whether a vault is in one of the clouds.
    pub fn knows(vault: &Url) -> bool {
        Self::named(vault).is_some()
    }

    fn named(vault: &Url) -> Option<Self> {
        let host = vault.host_str().unwrap_or_default();
        CLOUDS.into_iter().find(|cloud| is_under(host, cloud.domain))
    }

    /// The domain of a cloud that a host in none of them was probably meant to be in.
    pub(super) fn meant(host: &str) -> Option<&'static str> {
        let (_, domain) = host.split_once('.')?;
        nearest(domain, CLOUDS.iter().map(|cloud| cloud.domain))
    }
}

/// Whether a host is in a domain, below it.
pub(super) fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Whether an address is this machine: `localhost`, a name below it (RFC 6761), `127.0.0.0/8` or `::1`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.octets()[0] == Ipv4Addr::LOCALHOST.octets()[0],
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// Reads an address of which only scheme, host and port may be given.
///
/// # Errors
/// With what is wrong, as the end of a sentence that begins with the property.
pub(super) fn origin(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an address like https://NAME.vault.azure.net")?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("has no host");
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("must be https; plain http is for this machine alone"),
        _ => return Err("must begin with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment");
    }
    if url.path() != "/" {
        return Err("must not have a path");
    }
    Ok(url)
}

/// Whether a text is an id as Entra ID has them: a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_matched_at_its_dot() {
        assert!(is_under("a.vault.azure.net", "vault.azure.net"));
        assert!(!is_under("evilvault.azure.net", "vault.azure.net"));
        assert!(!is_under("vault.azure.net", "vault.azure.net"));
        assert!(!is_under("a.vault.azure.net.evil.example", "vault.azure.net"));
        assert!(!is_under(".vault.azure.net", "vault.azure.net"));
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in [
            "https://a.vault.azure.net",
            "http://localhost:1",
            "http://a.localhost:8",
            "http://127.1.2.3",
            "http://[::1]:9/",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.vault.azure.net",
            "http://localhost.evil.example",
            "http://128.0.0.1",
            "https://u@h",
            "https://h/p",
            "https://h?q",
            "ftp://h",
            "h",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
