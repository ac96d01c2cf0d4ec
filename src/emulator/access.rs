//! Who is let in: what a token must be, and what its application may.

use super::World;
use super::answer::Answer;
use super::error::{unauthorized, vault as refuse};
use super::token::{Grant, Refused};
use super::vault::{Access, Vault};

/// A permission that an access policy or a role gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Get,
    List,
    Set,
    Update,
    Delete,
    Recover,
    Purge,
    Backup,
    Restore,
}

impl Permission {
    /// The action that a role allows, below `Microsoft.KeyVault/vaults/secrets/`, and the permission of an access policy.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Get => ("getSecret/action", "get"),
            Self::List => ("readMetadata/action", "list"),
            Self::Set => ("setSecret/action", "set"),
            Self::Update => ("update/action", "set"),
            Self::Delete => ("delete", "delete"),
            Self::Recover => ("recover/action", "recover"),
            Self::Purge => ("purge/action", "purge"),
            Self::Backup => ("backup/action", "backup"),
            Self::Restore => ("restore/action", "restore"),
        }
    }
}

/// What the token is good for, or the 401 that says why it isn't. Codes as recorded from the service or seen in public
/// issues.
pub(super) fn authorized(world: &World, vault: &Vault, base: &str, bearer: Option<&str>) -> Result<Grant, Answer> {
    let tenant = vault.tenant_id();
    let local = world.local_resource();
    let domain = local.split("://").nth(1).unwrap_or_default();
    let resource = if base.ends_with(&format!(".{domain}")) { local.as_str() } else { vault.resource() };
    let refused = |message: &str| unauthorized(message, world.origin, tenant, resource);
    let token = bearer.ok_or_else(|| refused("AKV10000: Request is missing a Bearer or PoP token."))?;
    let grant = world.tokens.check(token).map_err(|why| match why {
        Refused::Unsigned => refused("AKV10046: Unable to resolve the key used for signature validation."),
        Refused::Expired => refused("[TokenExpired] Error validating token: 'S2S12086'."),
        // Its wording wasn't seen.
        Refused::Early => refused("[TokenNotYetValid] Error validating token: 'S2S12005'."),
    })?;
    if grant.audience != resource && grant.audience != vault.resource() && grant.audience != local {
        let found = &grant.audience;
        return Err(refused(&format!("AKV10022: Invalid audience. Expected {resource}, found: {found}.")));
    }
    if !grant.tenant.eq_ignore_ascii_case(tenant) {
        let found = &grant.tenant;
        return Err(refused(&format!(
            "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{tenant}/, found https://sts.windows.net/{found}/."
        )));
    }
    Ok(grant)
}

/// Whether the vault gives the application a permission, or the 403 that it is refused with.
pub(super) fn permitted(vault: &Vault, grant: &Grant, permission: Permission) -> Result<(), Answer> {
    let (client, tenant, name) = (&grant.client, &grant.tenant, vault.name());
    let caller = format!("appid={client};oid={client};iss=https://sts.windows.net/{tenant}/");
    let place = format!("{name};location=westus2");
    let (action, permission) = permission.names();
    let (inner, message) = match vault.rights_of(client) {
        Access::Allowed => return Ok(()),
        Access::NoRole => {
            let text = format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: {caller}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/{action}'\r\nResource: '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/emulated/providers/microsoft.keyvault/vaults/{name}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: {place}\r\n"
            );
            ("ForbiddenByRbac", text)
        }
        Access::NoPolicy => {
            let text = format!(
                "The user, group or application '{caller}' does not have secrets {permission} permission on key vault '{place}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287"
            );
            ("AccessDenied", text)
        }
        Access::Firewall => {
            let text = format!(
                "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: {caller}\r\nVault: {place}"
            );
            ("ForbiddenByFirewall", text)
        }
        Access::PrivateLink => {
            let text = format!(
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: {caller}\r\nVault: {place}"
            );
            ("ForbiddenByConnection", text)
        }
    };
    Err(refuse(403, "Forbidden", Some(inner), &message))
}
