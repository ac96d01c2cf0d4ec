//! What to do about an error, for a person with the rights to do it.

use super::spoilt::Spoilt;
use crate::config::{AzureVault, Cloud, Proof, SecretSource};
use crate::reference::{SecretName, SecretVersion, StoreName};
use crate::store::error::FetchError;
use crate::store::unreachable::Unreachable;

/// A store in Azure.
#[derive(Clone, Copy)]
struct Named<'s> {
    name: &'s StoreName,
    vault: &'s AzureVault,
}

impl FetchError {
    /// What to do in Azure: which property, which role, which command.
    pub(in crate::store) fn azure_remedy(
        &self,
        store: &StoreName,
        vault: &AzureVault,
        secret: &SecretName,
        version: Option<SecretVersion>,
    ) -> String {
        let store = Named { name: store, vault };
        match self {
            Self::SecretUnset(_)
            | Self::SecretNotText(_)
            | Self::SecretUnreadable(..)
            | Self::Certificate(..)
            | Self::FederatedToken(..)
            | Self::EnvironmentUnset(_)
            | Self::EnvironmentWrong(..)
            | Self::CaFile(..)
            | Self::SystemAuthorities(_)
            | Self::PlainHttp(_) => self.of_machine(store),
            Self::UnknownTenant
            | Self::UnknownApplication
            | Self::DisabledApplication
            | Self::NoServicePrincipal
            | Self::WrongSecret
            | Self::SpoiltSecret(_)
            | Self::ExpiredSecret
            | Self::UnknownCertificate
            | Self::AssertionTime
            | Self::Clock(_)
            | Self::NoFederation
            | Self::ConditionalAccess
            | Self::UnknownResource
            | Self::Refused { .. }
            | Self::EntraBusy(_)
            | Self::NoManagedIdentity
            | Self::UnknownManagedIdentity
            | Self::NoAzureCli
            | Self::AzureCli(_)
            | Self::TokenAnswer { .. } => self.of_identity(store),
            _ => self.of_vault_itself(store, secret, version),
        }
    }

    fn of_machine(&self, store: Named<'_>) -> String {
        let who = who(store);
        match self {
            Self::SecretUnset(name) | Self::SecretNotText(name) => format!("set {name} to the secret of {who}"),
            Self::SecretUnreadable(..) => "correct `client-secret: { file: … }`, or the file's permissions".to_owned(),
            Self::Certificate(..) => {
                "`client-certificate` is a PEM file with the certificate and its RSA key, not encrypted".to_owned()
            }
            Self::FederatedToken(..) => "correct `token-file`, or AZURE_FEDERATED_TOKEN_FILE".to_owned(),
            Self::EnvironmentUnset(name) => {
                format!("set {name}, or name another `identity` for the store `{}`", store.name)
            }
            Self::EnvironmentWrong(name, _) => format!("correct the variable {name}, or unset it"),
            Self::SystemAuthorities(_) => {
                "install them (the package ca-certificates), or name a file of them in SSL_CERT_FILE".to_owned()
            }
            Self::CaFile(..) => "`ca-file` is a file of certificates in PEM form".to_owned(),
            _ => "`vault-url` and `authority` begin with https://; plain http is for this machine alone".to_owned(),
        }
    }

    fn of_identity(&self, store: Named<'_>) -> String {
        let client = assignee(store);
        match self {
            Self::UnknownTenant => format!(
                "correct `tenant-id` of the store `{}`; `az account show --query tenantId` tells yours",
                store.name
            ),
            Self::UnknownApplication => {
                format!("correct `client-id` or `tenant-id`; look with\naz ad app show --id {client}")
            }
            Self::DisabledApplication => {
                format!("enable it with\naz ad sp update --id {client} --set accountEnabled=true")
            }
            Self::NoServicePrincipal => format!("make one with\naz ad sp create --id {client}"),
            Self::WrongSecret => format!(
                "{} holds another value than the application's secret (its value, not its id); make a new one with\naz ad app credential reset --id {client} --append",
                origin(&store.vault.identity.proof)
            ),
            Self::SpoiltSecret(spoilt) => {
                format!("{}; the secret itself has none of these", spoilt.remedy(&origin(&store.vault.identity.proof)))
            }
            Self::ExpiredSecret => format!("make a new one with\naz ad app credential reset --id {client} --append"),
            Self::UnknownCertificate => format!(
                "compare with `az ad app credential list --id {client} --cert`; add the certificate with\naz ad app credential reset --id {client} --append --cert @CERTIFICATE.pem"
            ),
            Self::AssertionTime if matches!(store.vault.identity.proof, Proof::WorkloadIdentity { .. }) => {
                "the platform's token has expired, or does not count yet; see that the platform renews the file".to_owned()
            }
            Self::AssertionTime if store.vault.identity.proof == Proof::Environment => {
                "set this machine's clock; with AZURE_FEDERATED_TOKEN_FILE, see that the platform renews that file"
                    .to_owned()
            }
            Self::AssertionTime | Self::Clock(_) => {
                "set this machine's clock, best by a time service: `timedatectl set-ntp true`".to_owned()
            }
            Self::NoFederation => format!(
                "compare the token's `iss`, `sub` and `aud`, case included, with\naz ad app federated-credential list --id {client}"
            ),
            Self::ConditionalAccess => {
                format!("ask who keeps the tenant's Conditional Access policies to let {} in", who(store))
            }
            Self::UnknownResource => format!(
                "correct `azure-resource` ({}); it is {} in this vault's cloud",
                store.vault.resource().unwrap_or_default(),
                Cloud::of(&store.vault.url).resource
            ),
            Self::Refused { code: Some(code), .. } => {
                format!("Microsoft explains AADSTS{code} at https://login.microsoftonline.com/error?code={code}")
            }
            Self::Refused { .. } => "check `tenant-id`, `client-id` and `authority`".to_owned(),
            Self::NoManagedIdentity => {
                "run this where Azure gives an identity, or name another `identity`: azure-cli on a developer's machine"
                    .to_owned()
            }
            Self::UnknownManagedIdentity => {
                "assign the identity to the machine, and correct `client-id`; look with\naz identity list --query \"[].{name:name,clientId:clientId}\""
                    .to_owned()
            }
            Self::NoAzureCli => "install the Azure CLI, or name another `identity`".to_owned(),
            Self::TokenAnswer { host, .. } => {
                format!("check `authority`, and that no proxy or sign-in page answers in the place of {host}")
            }
            Self::AzureCli(tenant) => {
                let tenant = tenant.as_ref().or(store.vault.identity.tenant.as_ref());
                tenant.map_or_else(
                    || "log in with\naz login".to_owned(),
                    |id| format!("log in with\naz login --tenant {id}"),
                )
            }
            _ => "try again later".to_owned(),
        }
    }

    fn of_vault_itself(&self, store: Named<'_>, secret: &SecretName, version: Option<SecretVersion>) -> String {
        let (client, vault) = (assignee(store), vault_name(store));
        match self {
            Self::NoChallenge => "set `tenant-id` and `azure-resource`".to_owned(),
            Self::ForeignResource(_) | Self::ForeignHost { .. } => {
                "correct `vault-url`; `allow-custom-domain: true` sends the token there all the same".to_owned()
            }
            Self::WrongResource(wanted) => format!("set `azure-resource: {wanted}`"),
            Self::WrongTenant(wanted) => {
                format!(
                    "set `tenant-id: {wanted}`, and a `client-id` of that tenant; or correct `vault-url`; look with\naz keyvault show --name {vault} --query properties.tenantId"
                )
            }
            Self::TokenRejected => format!(
                "check that the vault is in the tenant {}, and that `azure-resource` is its cloud's; look with\naz keyvault show --name {vault} --query \"{{tenant:properties.tenantId,url:properties.vaultUri}}\"",
                store.vault.identity.tenant.as_deref().unwrap_or("of the identity")
            ),
            Self::DeniedByRole => format!(
                "assign the role with\naz role assignment create --role \"Key Vault Secrets User\" --assignee {client} --scope \"$(az keyvault show --name {vault} --query id -o tsv)\"\na new assignment takes some minutes to count"
            ),
            Self::DeniedByPolicy | Self::DeniedWithoutUser => {
                let whom = principal(store);
                format!("allow it with\naz keyvault set-policy --name {vault} {whom} --secret-permissions get")
            }
            Self::DeniedByFirewall(address) => {
                let address = address.map_or_else(|| "ADDRESS".to_owned(), |address| address.to_string());
                format!("let this address in with\naz keyvault network-rule add --name {vault} --ip-address {address}")
            }
            Self::DeniedByConnection => {
                format!(
                    "run this from a network that has the vault's private endpoint, and use the vault's ordinary name; look with\naz keyvault show --name {vault} --query \"properties.{{public:publicNetworkAccess,endpoints:privateEndpointConnections[].privateEndpoint.id}}\""
                )
            }
            Self::Denied => format!("look at the access of {} with\naz keyvault show --name {vault}", who(store)),
            Self::Disabled => format!(
                "enable it with\naz keyvault secret set-attributes --vault-name {vault} --name {secret} --enabled true"
            ),
            Self::NotFound if version.is_some() => format!(
                "correct the version, or leave it out to have the latest; look with\naz keyvault secret list-versions --vault-name {vault} --name {secret}"
            ),
            Self::NotFound => format!(
                "correct the name; deleted secrets are listed with\naz keyvault secret list-deleted --vault-name {vault}\nand recovered with\naz keyvault secret recover --vault-name {vault} --name {secret}"
            ),
            Self::BadRequest(_) => format!("check `api-version` ({})", store.vault.api_version),
            Self::Throttled => "try again later, or lower `max-concurrency` of the store".to_owned(),
            Self::Server(_) => "try again later, or give it more time with `--timeout`".to_owned(),
            Self::Deadline { host, .. } => {
                format!("check that {host} can be reached, or give it more time with `--timeout`")
            }
            Self::UnknownVault(_) => format!(
                "correct `vault-url`, which begins with the vault's name; look with\naz keyvault list --query \"[].name\"\na deleted vault is recovered with\naz keyvault recover --name {vault}"
            ),
            Self::Unreachable { why, .. } => unreachable(*why).to_owned(),
            _ => "check that the address is a Key Vault's, and that no proxy answers in its place".to_owned(),
        }
    }
}

impl Spoilt {
    /// What to do with what holds the secret.
    fn remedy(self, origin: &str) -> String {
        match self {
            Self::Mark => format!("save {origin} as UTF-8 without a byte-order mark"),
            Self::Quotes => format!("take the quotes around the value in {origin} away"),
            Self::Blanks => format!("take the blanks around the value in {origin} away"),
        }
    }
}

fn unreachable(why: Unreachable) -> &'static str {
    match why {
        Unreachable::Dns => {
            "correct the address, or the network's name service; a vault that doesn't exist has no address"
        }
        Unreachable::NameService => {
            "check the network and its name service, and `/etc/resolv.conf` or what stands for it"
        }
        Unreachable::Refused => "check the address and its port; where a firewall refuses, let this machine out",
        Unreachable::NoConnection => {
            "check the network, its firewall, and whether a proxy is needed (HTTPS_PROXY, NO_PROXY); a private endpoint is reached from its own network"
        }
        Unreachable::Reset => "try again; when it stays so, look for a proxy or firewall that ends connections",
        Unreachable::Timeout => "try again later; when it stays so, look for a proxy that holds answers back",
        Unreachable::Proxy | Unreachable::ProxyRefused => {
            "correct HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY where it is reached without a proxy"
        }
        Unreachable::ProxyLogin => {
            "put the login into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), or name the host in NO_PROXY"
        }
        Unreachable::UnknownAuthority => {
            "if its certificate comes from an authority of your own, or a proxy opens TLS, name the authority in `ca-file`"
        }
        Unreachable::WrongName => "use the host's ordinary name; a private endpoint's own name has no certificate",
        Unreachable::Expired => "check this machine's clock; if it is right, the host's certificate must be renewed",
        Unreachable::Tls => "check that the host speaks TLS 1.2 or 1.3, and that no proxy stands between",
        Unreachable::Other => "check the address, the network and its proxies",
    }
}

/// The identity, in words.
fn who(store: Named<'_>) -> String {
    match (&store.vault.identity.proof, store.vault.identity.proof.client()) {
        (Proof::ManagedIdentity { .. }, Some(client)) => format!("the managed identity {client}"),
        (Proof::ManagedIdentity { .. }, None) => "the managed identity of this machine".to_owned(),
        (Proof::AzureCli, _) => "the user of the Azure CLI".to_owned(),
        (_, Some(client)) => format!("the application {client}"),
        (_, None) => "the application AZURE_CLIENT_ID".to_owned(),
    }
}

/// The identity, for the Azure CLI: a shell takes it as it is.
fn assignee(store: Named<'_>) -> &str {
    match (&store.vault.identity.proof, store.vault.identity.proof.client()) {
        (_, Some(client)) => client,
        (Proof::AzureCli, None) => "\"$(az ad signed-in-user show --query id -o tsv)\"",
        (Proof::ManagedIdentity { .. }, None) => "PRINCIPAL-ID",
        (_, None) => "$AZURE_CLIENT_ID",
    }
}

/// The identity, for a vault's access policies.
fn principal(store: Named<'_>) -> String {
    let client = assignee(store);
    match (&store.vault.identity.proof, store.vault.identity.proof.client()) {
        (Proof::ManagedIdentity { .. }, Some(client)) => {
            format!("--object-id \"$(az ad sp show --id {client} --query id -o tsv)\"")
        }
        (Proof::ManagedIdentity { .. } | Proof::AzureCli, None) => format!("--object-id {client}"),
        _ => format!("--spn {client}"),
    }
}

fn origin(proof: &Proof) -> String {
    match proof {
        Proof::ClientSecret { secret: SecretSource::Literal(_), .. } => "the configuration".to_owned(),
        Proof::ClientSecret { secret: SecretSource::File(path), .. } => path.display().to_string(),
        other => other.secret_variable().unwrap_or("the identity").to_owned(),
    }
}

/// The vault's name for `az`: the first label of its host.
fn vault_name(store: Named<'_>) -> &str {
    let host = store.vault.url.host_str().unwrap_or_default();
    host.split('.').next().unwrap_or(host)
}
