//! Who is let in: what a token must be, and what its application may.

use super::refusal::{refuse, unauthorized};
use super::{Access, Vault};
use crate::emulator::answer::Answer;
use crate::emulator::entra::{Grant, KEY_VAULT_ID, Refused};
use crate::emulator::{RESOURCE, World};

/// A permission on a vault's secrets, as access policies name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To read a secret's value.
    Get,
    /// To list secrets and their versions.
    List,
    /// To set a secret, and in access policies to update its properties.
    Set,
    /// To update a secret's properties. Access policies have no name of its own for it; who may set may update.
    Update,
    /// To delete a secret.
    Delete,
    /// To recover a deleted one.
    Recover,
    /// To delete a deleted one for good.
    Purge,
    /// To take a backup.
    Backup,
    /// To restore one.
    Restore,
}

/// A built-in role of Azure, as far as it is about secrets. Most have no right on them: that a role which sounds like
/// one isn't is what a 403 is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `Key Vault Reader`: to list, and to read no value.
    Reader,
    /// `Key Vault Secrets User`: to list and to read.
    SecretsUser,
    /// `Key Vault Secrets Officer`: everything.
    SecretsOfficer,
    /// `Key Vault Administrator`: everything.
    Administrator,
    /// `Key Vault Certificate User`: to list and to read, since a certificate with its key is a secret.
    CertificateUser,
    /// `Key Vault Certificates Officer`: certificates alone, without their keys.
    CertificatesOfficer,
    /// `Key Vault Crypto Officer`: keys alone.
    CryptoOfficer,
    /// `Key Vault Crypto User`: keys alone.
    CryptoUser,
    /// `Key Vault Crypto Service Encryption User`: keys alone.
    CryptoServiceEncryptionUser,
    /// `Key Vault Crypto Service Release User`: keys alone.
    CryptoServiceReleaseUser,
    /// `Key Vault Contributor`: the vault, and nothing in it.
    VaultContributor,
    /// `Key Vault Data Access Administrator`: who has which role, and nothing in the vault.
    DataAccessAdministrator,
    /// `Key Vault Purge Operator`: deleted vaults, and no deleted secret.
    PurgeOperator,
    /// `Reader`: the vault, and nothing in it.
    SubscriptionReader,
    /// `Contributor`: the vault, and nothing in it.
    Contributor,
    /// `Owner`: the vault, and nothing in it.
    Owner,
}

impl Permission {
    /// All that access policies tell apart.
    pub const ALL: [Self; 8] =
        [Self::Get, Self::List, Self::Set, Self::Delete, Self::Recover, Self::Purge, Self::Backup, Self::Restore];

    /// Its name in an access policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Set | Self::Update => "set",
            Self::Delete => "delete",
            Self::Recover => "recover",
            Self::Purge => "purge",
            Self::Backup => "backup",
            Self::Restore => "restore",
        }
    }

    /// The action that a role allows, below `Microsoft.KeyVault/vaults/secrets/`.
    fn action(self) -> &'static str {
        match self {
            Self::Get => "getSecret/action",
            Self::List => "readMetadata/action",
            Self::Set => "setSecret/action",
            Self::Update => "update/action",
            Self::Delete => "delete",
            Self::Recover => "recover/action",
            Self::Purge => "purge/action",
            Self::Backup => "backup/action",
            Self::Restore => "restore/action",
        }
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Reader,
        Self::SecretsUser,
        Self::SecretsOfficer,
        Self::Administrator,
        Self::CertificateUser,
        Self::CertificatesOfficer,
        Self::CryptoOfficer,
        Self::CryptoUser,
        Self::CryptoServiceEncryptionUser,
        Self::CryptoServiceReleaseUser,
        Self::VaultContributor,
        Self::DataAccessAdministrator,
        Self::PurgeOperator,
        Self::SubscriptionReader,
        Self::Contributor,
        Self::Owner,
    ];

    /// Its name in Azure.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "Key Vault Reader",
            Self::SecretsUser => "Key Vault Secrets User",
            Self::SecretsOfficer => "Key Vault Secrets Officer",
            Self::Administrator => "Key Vault Administrator",
            Self::CertificateUser => "Key Vault Certificate User",
            Self::CertificatesOfficer => "Key Vault Certificates Officer",
            Self::CryptoOfficer => "Key Vault Crypto Officer",
            Self::CryptoUser => "Key Vault Crypto User",
            Self::CryptoServiceEncryptionUser => "Key Vault Crypto Service Encryption User",
            Self::CryptoServiceReleaseUser => "Key Vault Crypto Service Release User",
            Self::VaultContributor => "Key Vault Contributor",
            Self::DataAccessAdministrator => "Key Vault Data Access Administrator",
            Self::PurgeOperator => "Key Vault Purge Operator",
            Self::SubscriptionReader => "Reader",
            Self::Contributor => "Contributor",
            Self::Owner => "Owner",
        }
    }

    /// What it allows, as Microsoft documents the roles.
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Reader => &[Permission::List],
            Self::SecretsUser | Self::CertificateUser => &[Permission::Get, Permission::List],
            Self::SecretsOfficer | Self::Administrator => &Permission::ALL,
            _ => &[],
        }
    }
}

/// What the token is good for, or the 401 that says why it isn't. Codes as recorded from the service or seen in public
/// issues.
pub(super) fn authorized(world: &World, vault: &Vault, base: &str, bearer: Option<&str>) -> Result<Grant, Answer> {
    let tenant = vault.tenant_id();
    let local = world.origin.resource_at(base);
    let resource = local.as_deref().unwrap_or(vault.resource());
    let refused = |message: &str| unauthorized(message, &world.origin, tenant, resource);
    let token = bearer.ok_or_else(|| refused("AKV10000: Request is missing a Bearer or PoP token."))?;
    let grant = world.tokens.check(token, world.clock.now()).map_err(|why| match why {
        Refused::Unsigned => refused("AKV10046: Unable to resolve the key used for signature validation."),
        Refused::Expired => refused("[TokenExpired] Error validating token: 'S2S12086'."),
        // Its wording wasn't seen.
        Refused::Early => refused("[TokenNotYetValid] Error validating token: 'S2S12005'."),
    })?;
    let audience = grant.audience.as_str();
    let is_key_vault = audience.eq_ignore_ascii_case(KEY_VAULT_ID) && vault.resource() == RESOURCE;
    if audience != vault.resource() && !world.origin.is_resource(audience) && !is_key_vault {
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
    match vault.rights_of(&grant.client, permission) {
        Access::Allowed => Ok(()),
        access => Err(denied(vault, grant, permission, access)),
    }
}

/// The 403 of a vault with that access.
pub(super) fn denied(vault: &Vault, grant: &Grant, permission: Permission, access: Access) -> Answer {
    let (client, tenant, name) = (&grant.client, &grant.tenant, vault.name());
    let caller = format!("appid={client};oid={client};iss=https://sts.windows.net/{tenant}/");
    let place = format!("{name};location=westus2");
    let (inner, message) = match access {
        Access::Allowed | Access::NoRole => {
            let action = permission.action();
            let text = format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: {caller}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/{action}'\r\nResource: '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/emulated/providers/microsoft.keyvault/vaults/{name}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: {place}\r\n"
            );
            ("ForbiddenByRbac", text)
        }
        Access::NoPolicy => {
            let permission = permission.name();
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
        // As seen in public issues.
        Access::Delegated => {
            let text = format!(
                "The policy requires the caller '{caller}' to use on-behalf-of (OBO) flow. For more information on OBO, please see https://go.microsoft.com/fwlink/?linkid=2152310"
            );
            ("ForbiddenByPolicy", text)
        }
    };
    refuse(403, "Forbidden", Some(inner), &message)
}
