//! What a vault says to who comes without a token: which tenant and which resource its token must have.

/// The challenge of a 401: one `WWW-Authenticate` header of the scheme `Bearer`.
///
/// ```
/// use credflow::store::azure::Challenge;
///
/// let header = r#"Bearer authorization="https://login.microsoftonline.com/7d1c", resource="https://vault.azure.net""#;
/// let challenge = Challenge::parse(header).expect("a challenge");
/// assert_eq!(challenge.tenant.as_deref(), Some("7d1c"));
/// assert_eq!(challenge.resource.as_deref(), Some("https://vault.azure.net"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The tenant: the last part of the authority's address. Its host is not looked at, as in Microsoft's own clients.
    pub tenant: Option<String>,
    /// What the token must be for, without a slash at its end.
    pub resource: Option<String>,
}

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 4096;

impl Challenge {
    /// Reads the value of a header. Nothing when it is another scheme's.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.get(..header.len().min(MAX_HEADER))?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut authority, mut resource, mut scope) = (None, None, None);
        while let Some((name, value, after)) = parameter(rest) {
            match name.to_ascii_lowercase().as_str() {
                "authorization" | "authorization_uri" => authority = authority.or(Some(value)),
                "resource" => resource = resource.or(Some(value)),
                "scope" => scope = scope.or_else(|| value.strip_suffix("/.default")),
                _ => {}
            }
            rest = after;
        }
        let tenant = authority.and_then(|address| address.trim_end_matches('/').rsplit('/').next());
        let resource = scope.or(resource).map(|resource| resource.strip_suffix('/').unwrap_or(resource));
        // Both may be shown to a person.
        let resource = resource.filter(|resource| resource.bytes().all(|byte| byte.is_ascii_graphic()));
        Some(Self { tenant: tenant.and_then(identifier), resource: resource.map(str::to_owned) })
    }
}

/// A name, its value, and what comes after them.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim_start_matches([' ', ',', '\t']).split_once('=')?;
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted.split_once('"').map(|(value, after)| (name.trim(), value, after));
    }
    let (value, after) = rest.split_once(',').unwrap_or((rest, ""));
    Some((name.trim(), value.trim(), after))
}

/// A tenant becomes part of an address; what can't be an id or a domain is none.
fn identifier(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_one = text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    is_one.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    #[test]
    fn a_challenge_has_many_forms() {
        let cases = [
            (
                r#"Bearer authorization="https://a/t1", resource="https://vault.azure.net""#,
                Some("t1"),
                Some("https://vault.azure.net"),
            ),
            (
                r#"bearer authorization_uri="https://a/t1/",resource="https://vault.azure.net/""#,
                Some("t1"),
                Some("https://vault.azure.net"),
            ),
            (
                r#"Bearer scope="https://vault.azure.cn/.default", authorization="https://a/t1""#,
                Some("t1"),
                Some("https://vault.azure.cn"),
            ),
            (r"Bearer resource=https://vault.azure.net, realm=x", None, Some("https://vault.azure.net")),
            (r#"Bearer authorization="https://a/..", resource="#, None, Some("")),
            (r#"Bearer authorization="https://a/t?x=1""#, None, None),
            ("Bearer x", None, None),
        ];
        for (header, tenant, resource) in cases {
            let found = Challenge::parse(header).expect(header);
            assert_eq!((found.tenant.as_deref(), found.resource.as_deref()), (tenant, resource), "{header}");
        }
        for none in ["", "Basic realm=x", "Bearer", "\u{1f600}"] {
            assert_eq!(Challenge::parse(none), None, "{none}");
        }
    }
}
