//! Where an emulator is reached: its scheme, its address, and its names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The domain below which every vault can be reached on this machine, beside `NAME.localhost`.
const LOCAL_DOMAIN: &str = "vault.localhost";

/// Where an emulator is reached.
///
/// ```
/// use credflow::emulator::Origin;
///
/// let origin = Origin::new("https", ([127, 0, 0, 1], 8443).into(), Vec::new());
/// assert_eq!(origin.client_url("payments"), "https://payments.vault.localhost:8443");
/// let origin = Origin::new("https", ([192, 0, 2, 7], 8443).into(), vec!["emulator.example".to_owned()]);
/// assert_eq!(origin.client_url("payments"), "https://payments.emulator.example:8443");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    address: SocketAddr,
    /// Names that it was given, in lower case.
    hosts: Vec<String>,
}

impl Origin {
    /// An origin with a scheme, the address that is listened on, and names beside those below `localhost`.
    pub fn new(scheme: impl Into<String>, address: SocketAddr, hosts: Vec<String>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { scheme: scheme.into(), address, hosts }
    }

    /// The address of one of its hosts.
    pub(super) fn of(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// Its address for this machine, which needs no name to be looked up but `localhost`.
    pub fn here(&self) -> String {
        if self.is_localhost() { self.of("localhost") } else { self.of(&literal(self.address.ip())) }
    }

    /// Its address for clients, which is Entra ID's: by the first of its names, or as for this machine.
    pub fn authority(&self) -> String {
        self.hosts.iter().find(|host| is_name(host)).map_or_else(|| self.here(), |host| self.of(host))
    }

    /// The domain below which official clients find vaults; nothing when there is an address alone, and no name.
    pub fn domain(&self) -> Option<&str> {
        let local = self.is_localhost().then_some(LOCAL_DOMAIN);
        self.hosts.iter().map(String::as_str).find(|host| is_name(host)).or(local)
    }

    /// A vault's address for official clients, which compare its domain with the challenge's: below
    /// [the domain](Self::domain), or by a path.
    pub fn client_url(&self, vault: &str) -> String {
        match self.domain() {
            Some(domain) => self.of(&format!("{vault}.{domain}")),
            None => format!("{}/{vault}", self.here()),
        }
    }

    /// A vault's address for tokens of its own resource: below `localhost`, or as for official clients.
    pub fn vault_url(&self, vault: &str) -> String {
        match self.domain() {
            Some(LOCAL_DOMAIN) => self.of(&format!("{vault}.localhost")),
            _ => self.client_url(vault),
        }
    }

    /// The domains whose vaults' tokens are for the domain itself, with its port, so that clients that compare both
    /// with the vault's host are satisfied.
    pub(super) fn domains(&self) -> impl Iterator<Item = &str> {
        std::iter::once(LOCAL_DOMAIN).chain(self.hosts.iter().map(String::as_str))
    }

    /// What a token is for when a vault is reached at that address; nothing when it is for the vault's own resource.
    pub fn resource_at(&self, base: &str) -> Option<String> {
        let domain = self.domains().find(|domain| base.ends_with(&format!(".{domain}:{}", self.address.port())));
        domain.map(|domain| self.of(domain))
    }

    /// Whether tokens may be for that resource whatever a vault says.
    pub(super) fn is_resource(&self, resource: &str) -> bool {
        self.domains().any(|domain| resource == self.of(domain))
    }

    /// Whether a token for that resource is one that the command az asks for when it logs in: for its own endpoint.
    pub(super) fn is_management(&self, resource: &str) -> bool {
        let mut domains = self.domains().chain(["localhost"]);
        domains.any(|domain| resource == self.of(&format!("management.{domain}")))
    }

    /// Whether a host, without its port and in lower case, is the emulator itself and no vault.
    pub(super) fn is_itself(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        // A vault has no address of its own.
        host == "localhost" || address.parse::<IpAddr>().is_ok() || self.hosts.iter().any(|known| known == host)
    }

    /// The names and addresses that a certificate must have, for vaults of these names: below `localhost` one wildcard
    /// isn't enough for all clients.
    pub(super) fn certified<'v>(&self, vaults: impl Iterator<Item = &'v str>) -> Vec<String> {
        let mut all = ["localhost", "*.localhost", "*.vault.localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let address = self.address.ip();
        if !address.is_unspecified() {
            all.push(address.to_string());
        }
        for host in &self.hosts {
            all.push(host.trim_start_matches('[').trim_end_matches(']').to_owned());
            all.extend(is_name(host).then(|| format!("*.{host}")));
        }
        for vault in vaults {
            let below = ["localhost"].into_iter().chain(self.domains()).filter(|host| is_name(host));
            all.extend(below.map(|host| format!("{vault}.{host}")));
            all.extend(vault.contains('.').then(|| vault.to_owned()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The name of a host that isn't a vault's: what stands before one of its domains.
    pub(super) fn vault_of<'h>(&self, host: &'h str) -> Option<&'h str> {
        let mut domains = self.domains().chain(["localhost"]);
        domains.find_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The names that it was given.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Whether `localhost` and what is below it lead to it.
    fn is_localhost(&self) -> bool {
        self.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) || self.address.ip().is_unspecified()
    }
}

fn is_name(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_err()
}

/// An address as a host is written.
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn origin(address: &str, hosts: &[&str]) -> Origin {
        Origin::new("https", address.parse().expect("an address"), hosts.iter().map(|&host| host.to_owned()).collect())
    }

    #[test]
    fn an_origin_is_reached_by_its_address_or_its_names() {
        for (address, hosts, here, authority, vault, client) in [
            ("127.0.0.1:1", &[][..], "localhost", "localhost", "a.localhost:1", "a.vault.localhost:1"),
            ("0.0.0.0:1", &[], "localhost", "localhost", "a.localhost:1", "a.vault.localhost:1"),
            ("127.0.0.2:1", &[], "127.0.0.2", "127.0.0.2", "127.0.0.2:1/a", "127.0.0.2:1/a"),
            ("[::1]:1", &[], "[::1]", "[::1]", "[::1]:1/a", "[::1]:1/a"),
            ("127.0.0.2:1", &["Emu.Test"], "127.0.0.2", "emu.test", "a.emu.test:1", "a.emu.test:1"),
            ("0.0.0.0:1", &["192.0.2.7"], "localhost", "localhost", "a.localhost:1", "a.vault.localhost:1"),
        ] {
            let origin = origin(address, hosts);
            assert_eq!(origin.here(), format!("https://{here}:1"));
            assert_eq!(origin.authority(), format!("https://{authority}:1"));
            assert_eq!(
                (origin.vault_url("a"), origin.client_url("a")),
                (format!("https://{vault}"), format!("https://{client}"))
            );
        }
    }

    #[test]
    fn the_emulator_itself_is_no_vault() {
        let origin = origin("127.0.0.2:1", &["emu.test"]);
        assert!(["localhost", "127.0.0.1", "[::1]", "192.0.2.7", "emu.test"].iter().all(|host| origin.is_itself(host)));
        assert!(!origin.is_itself("payments.localhost") && !origin.is_itself("payments.emu.test"));
        assert_eq!(origin.vault_of("payments.emu.test"), Some("payments"));
        assert_eq!(origin.vault_of("a.b.vault.localhost"), Some("a.b"));
        assert_eq!(origin.vault_of("emu.test"), None);
        assert_eq!(origin.resource_at("https://a.emu.test:1").as_deref(), Some("https://emu.test:1"));
        assert_eq!(origin.resource_at("https://a.localhost:1"), None);
    }
}
