//! What a request is for: a token, or something of a vault.

use std::borrow::Cow;

use super::entra::{Edition, Platform};
use super::{Origin, Vault, World};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'r> {
    /// The token endpoint of a tenant.
    Token(Edition, &'r str),
    /// A vault, by its place among the vaults.
    Vault {
        index: usize,
        /// The address by which it was reached; ids and links begin with it.
        base: String,
        item: Item<'r>,
    },
    /// Where a tenant's endpoints are.
    Configuration(Edition, &'r str),
    /// Which hosts are one cloud.
    Instance,
    /// The keys that sign tokens.
    Keys,
    /// The token of the machine's or the app's own identity.
    Managed(Platform),
    /// The control endpoint, and the path below it.
    Control(&'r str),
    /// Nothing that is emulated.
    Nowhere,
}

/// What a path names in a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'r> {
    /// `/secrets`
    Secrets,
    /// `/secrets/NAME/versions`
    Versions(&'r str),
    /// `/secrets/NAME`, the latest version, or `/secrets/NAME/VERSION`.
    Secret(&'r str, Option<&'r str>),
    /// `/secrets/NAME/backup`
    Backup(&'r str),
    /// `/secrets/restore`; a GET means a secret of that name.
    Restore,
    /// `/deletedsecrets`
    AllDeleted,
    /// `/deletedsecrets/NAME`
    Deleted(&'r str),
    /// `/deletedsecrets/NAME/recover`
    Recover(&'r str),
    /// `/healthstatus`
    Health,
    /// Anything else.
    Other,
}

impl<'r> Route<'r> {
    /// The route of a request to that host (with its port, as in the `Host` header) and path.
    pub(super) fn of(world: &World, method: &str, host: &str, path: &'r str) -> Self {
        let host = without_port(host).to_ascii_lowercase();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if let Some(index) = named(&world.vaults, &world.origin, &host) {
            // A client that came by a name below the vaults' own domain is led on by it.
            let base = world.origin.of(&host);
            let is_own = world.origin.resource_at(&base).is_some() || world.vaults[index].is_called(&host);
            let base = if is_own { base } else { world.origin.vault_url(world.vaults[index].name()) };
            return Self::Vault { index, base, item: Item::of(method, &segments) };
        }
        if let Some(path) = path.strip_prefix("/_credflow/")
            && world.origin.is_itself(&host)
        {
            return Self::Control(path);
        }
        match segments[..] {
            [tenant, "oauth2", "token"] => return Self::Token(Edition::V1, tenant),
            [tenant, "oauth2", "v2.0", "token"] => return Self::Token(Edition::V2, tenant),
            [tenant, ".well-known", "openid-configuration"] => return Self::Configuration(Edition::V1, tenant),
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                return Self::Configuration(Edition::V2, tenant);
            }
            ["common", "discovery", "instance"] => return Self::Instance,
            [_, "discovery", "v2.0", "keys"] => return Self::Keys,
            ["metadata", "identity", "oauth2", "token", ..] => return Self::Managed(Platform::MetadataService),
            ["msi", "token"] => return Self::Managed(Platform::AppService),
            _ => {}
        }
        // Tools that can't do host names put the vault's name before the path.
        if let [alias, rest @ ..] = &segments[..]
            && world.origin.is_itself(&host)
            && let Some(index) = world.vaults.iter().position(|vault| vault.is_called(alias))
        {
            let base = format!("{}/{}", world.origin.of(&host), alias.to_ascii_lowercase());
            return Self::Vault { index, base, item: Item::of(method, rest) };
        }
        Self::Nowhere
    }
}

impl<'r> Item<'r> {
    fn of(method: &str, segments: &[&'r str]) -> Self {
        // Every official client ends the path of the latest version with a slash.
        let segments = segments.strip_suffix(&[""]).unwrap_or(segments);
        match *segments {
            ["healthstatus"] => Self::Health,
            ["secrets"] => Self::Secrets,
            ["secrets", "restore"] if method == "POST" => Self::Restore,
            ["secrets", name, "backup"] if method == "POST" => Self::Backup(name),
            ["deletedsecrets"] => Self::AllDeleted,
            ["deletedsecrets", name] => Self::Deleted(name),
            ["deletedsecrets", name, "recover"] => Self::Recover(name),
            ["secrets", name, "versions"] => Self::Versions(name),
            ["secrets", name] => Self::Secret(name, None),
            ["secrets", name, version] => Self::Secret(name, Some(version)),
            _ => Self::Other,
        }
    }
}

/// A path whose percent escapes are undone once. A slash in a segment stays one that is escaped, and what isn't UTF-8
/// stays as it is.
pub(super) fn decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return path.into();
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| *byte != b'/');
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).map_or(path.into(), Cow::Owned)
}

/// A host without its port.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    }
}

/// The vault that a host names: as a whole, by what stands before the emulator's domain, or by its first label.
fn named(vaults: &[Vault], origin: &Origin, host: &str) -> Option<usize> {
    if origin.is_itself(host) {
        return None;
    }
    let whole = origin.vault_of(host).unwrap_or(host);
    let label = host.split('.').next().unwrap_or_default();
    let called = |name: &str| vaults.iter().position(|vault| vault.is_called(name));
    called(host).or_else(|| called(whole)).or_else(|| called(label))
}

#[cfg(test)]
mod tests {
    use super::{Item, decoded, without_port};

    #[test]
    fn ports_are_no_part_of_a_host() {
        assert_eq!(without_port("payments.localhost:8080"), "payments.localhost");
        assert_eq!(without_port("payments.localhost"), "payments.localhost");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }

    #[test]
    fn escapes_are_undone_once() {
        for (path, plain) in [
            ("/secrets/a", "/secrets/a"),
            ("/secrets/db%2Dpassword", "/secrets/db-password"),
            ("/secrets/a%252Db", "/secrets/a%2Db"),
            ("/secrets/a%2fb", "/secrets/a%2fb"),
            ("/%c3%bc/%", "/ü/%"),
            ("/%ff/%2", "/%ff/%2"),
            ("/%+1", "/%+1"),
        ] {
            assert_eq!(decoded(path), plain, "{path}");
        }
    }

    #[test]
    fn one_slash_may_end_a_path() {
        assert_eq!(Item::of("GET", &["secrets", ""]), Item::Secrets);
        assert_eq!(Item::of("GET", &["secrets", "a", ""]), Item::Secret("a", None));
        assert_eq!(Item::of("GET", &["secrets", "a", "versions", ""]), Item::Versions("a"));
        assert_eq!(Item::of("GET", &["secrets", "a", "b", ""]), Item::Secret("a", Some("b")));
        assert_eq!(Item::of("GET", &["secrets", "a", "b", "", ""]), Item::Other);
    }
}
