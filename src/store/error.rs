//! Why a secret can't be fetched, by meaning, and what to do.
//!
//! Errors are told apart by HTTP status and codes, as Microsoft asks; the words of an answer are never looked at and
//! never shown.

use crate::config::{SecretSource, Store};
use crate::reference::SecretName;

/// Why a secret can't be fetched. Holds no secret, no token and no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The client secret's variable isn't set, or is empty.
    #[error("the variable {0} with the client secret is not set, or empty")]
    SecretUnset(String),
    /// The client secret's variable isn't UTF-8.
    #[error("the variable {0} with the client secret is not UTF-8")]
    SecretNotText(String),
    /// The client secret's file can't be read.
    #[error("the file {0} with the client secret can't be read: {1}")]
    SecretUnreadable(String, String),
    /// The file of certificate authorities can't be read, or isn't PEM.
    #[error("the ca-file {0} can't be used: {1}")]
    CaFile(String, String),
    /// An address of this host that is neither https nor on this machine.
    #[error("{0} is not asked without TLS")]
    PlainHttp(String),
    /// AADSTS90002, AADSTS900023.
    #[error("Entra ID knows no such tenant")]
    UnknownTenant,
    /// AADSTS700016.
    #[error("the tenant has no such application")]
    UnknownApplication,
    /// AADSTS7000215.
    #[error("Entra ID refuses the client secret")]
    WrongSecret,
    /// AADSTS7000222.
    #[error("the client secret has expired")]
    ExpiredSecret,
    /// AADSTS500011, AADSTS50001.
    #[error("the tenant has no such resource as `azure-resource`")]
    UnknownResource,
    /// Any other refusal of Entra ID, with its AADSTS number.
    #[error("Entra ID refuses a token (HTTP {status}{})", aadsts(*.code))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The AADSTS number, where the answer has one.
        code: Option<u32>,
    },
    /// Entra ID is throttling, or has a fault that may heal.
    #[error("Entra ID gives no token now (HTTP {0})")]
    EntraBusy(u16),
    /// 401 of the vault on a token fresh from Entra ID.
    #[error("the vault does not accept the token")]
    TokenRejected,
    /// 403 `ForbiddenByRbac`.
    #[error("the application has no role that may read secrets of this vault")]
    DeniedByRole,
    /// 403 `AccessDenied`.
    #[error("the vault's access policies don't let the application get secrets")]
    DeniedByPolicy,
    /// 403 `ForbiddenByPolicy`.
    #[error("the vault's access policies let the application in on behalf of a user alone")]
    DeniedWithoutUser,
    /// 403 `ForbiddenByFirewall`.
    #[error("the vault's firewall doesn't let this address in")]
    DeniedByFirewall,
    /// 403 `ForbiddenByConnection`.
    #[error("the vault takes connections through its private endpoint alone")]
    DeniedByConnection,
    /// Any other 403.
    #[error("the vault denies access")]
    Denied,
    /// 403 `SecretDisabled`.
    #[error("the secret is disabled")]
    Disabled,
    /// 404.
    #[error("the vault has no such secret or version")]
    NotFound,
    /// Any other answer that another try won't change.
    #[error("the vault refuses the request (HTTP {0})")]
    BadRequest(u16),
    /// 429 until the time was over.
    #[error("the vault is throttling")]
    Throttled,
    /// 408 or 5xx.
    #[error("the vault has a fault (HTTP {0})")]
    Server(u16),
    /// No connection, or a broken one.
    #[error("{host} can't be reached: {why}")]
    Unreachable {
        /// The host that was asked.
        host: String,
        /// Why not.
        why: Unreachable,
    },
    /// The answer isn't what the protocol says.
    #[error("the answer can't be understood: {0}")]
    Answer(&'static str),
    /// The time for everything was over.
    #[error("there was no time left")]
    Deadline,
}

/// A redirect would carry a token or the client secret to a place that nobody configured.
pub(super) const REDIRECT: FetchError = FetchError::Answer("it is a redirect, which is not followed");

/// Why a host can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address.
    #[error("its name has no address")]
    Dns,
    /// Nobody listens.
    #[error("the connection is refused")]
    Refused,
    /// The connection broke.
    #[error("the connection broke")]
    Reset,
    /// No answer in time.
    #[error("it does not answer in time")]
    Timeout,
    /// The certificate isn't trusted, or TLS can't be agreed on.
    #[error("TLS fails, or its certificate is not trusted")]
    Tls,
    /// Anything else.
    #[error("the connection failed")]
    Other,
}

fn aadsts(code: Option<u32>) -> String {
    code.map_or_else(String::new, |code| format!(", AADSTS{code}"))
}

impl FetchError {
    /// A stable name, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SecretUnset(_) => "client-secret-unset",
            Self::SecretUnreadable(..) => "client-secret-unreadable",
            Self::SecretNotText(_) => "client-secret-not-text",
            Self::CaFile(..) => "ca-file",
            Self::PlainHttp(_) => "plain-http",
            Self::UnknownTenant => "unknown-tenant",
            Self::UnknownApplication => "unknown-application",
            Self::WrongSecret => "wrong-client-secret",
            Self::ExpiredSecret => "expired-client-secret",
            Self::UnknownResource => "unknown-resource",
            Self::Refused { .. } => "token-refused",
            Self::EntraBusy(_) => "entra-busy",
            Self::TokenRejected => "token-rejected",
            Self::DeniedByRole => "denied-by-role",
            Self::DeniedByPolicy => "denied-by-access-policy",
            Self::DeniedWithoutUser => "denied-by-policy",
            Self::DeniedByFirewall => "denied-by-firewall",
            Self::DeniedByConnection => "denied-by-private-link",
            Self::Denied => "denied",
            Self::Disabled => "disabled",
            Self::NotFound => "not-found",
            Self::BadRequest(_) => "bad-request",
            Self::Throttled => "throttled",
            Self::Server(_) => "server-fault",
            Self::Unreachable { .. } => "unreachable",
            Self::Answer(_) => "answer",
            Self::Deadline => "deadline",
        }
    }

    /// Whether it is about the store as a whole, so that every secret of it fails alike.
    pub fn is_of_store(&self) -> bool {
        !matches!(self, Self::Disabled | Self::NotFound | Self::BadRequest(_) | Self::Answer(_))
    }

    /// Whether it may heal.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::EntraBusy(_) | Self::Throttled | Self::Server(_) => true,
            Self::Unreachable { why, .. } => !matches!(why, Unreachable::Dns | Unreachable::Tls),
            _ => false,
        }
    }

    /// What to do, for a person with the rights to do it.
    pub fn remedy(&self, store: &Store, secret: &SecretName) -> String {
        let identity = &store.identity;
        let client = &identity.client;
        let vault = vault_name(store);
        match self {
            Self::SecretUnset(name) | Self::SecretNotText(name) => {
                format!("set {name} to the secret of the application {client}")
            }
            Self::SecretUnreadable(..) => "correct `client-secret: { file: … }`, or the file's permissions".to_owned(),
            Self::CaFile(..) => "`ca-file` is a file of certificates in PEM form".to_owned(),
            Self::PlainHttp(_) => {
                "`vault-url` and `authority` begin with https://; plain http is for this machine alone".to_owned()
            }
            Self::UnknownTenant => format!(
                "correct `tenant-id` of the store `{}`; `az account show --query tenantId` tells yours",
                store.name
            ),
            Self::UnknownApplication => {
                format!("correct `client-id` or `tenant-id`; look with\naz ad app show --id {client}")
            }
            Self::WrongSecret => format!(
                "{} holds another value than the application's secret (its value, not its id); make a new one with\naz ad app credential reset --id {client} --append",
                origin(&identity.client_secret)
            ),
            Self::ExpiredSecret => format!("make a new one with\naz ad app credential reset --id {client} --append"),
            Self::UnknownResource => format!(
                "correct `azure-resource` ({}); it is https://vault.azure.net in the public cloud",
                identity.resource
            ),
            Self::Refused { code: Some(code), .. } => {
                format!("Microsoft explains AADSTS{code} at https://login.microsoftonline.com/error?code={code}")
            }
            Self::Refused { .. } => "check `tenant-id`, `client-id` and `authority`".to_owned(),
            Self::EntraBusy(_) => "try again later".to_owned(),
            Self::TokenRejected => format!(
                "check that the vault is in the tenant {}, and that `azure-resource` is its cloud's",
                identity.tenant
            ),
            Self::DeniedByRole => format!(
                "assign the role with\naz role assignment create --role \"Key Vault Secrets User\" --assignee {client} --scope \"$(az keyvault show --name {vault} --query id -o tsv)\"\na new assignment takes some minutes to count"
            ),
            Self::DeniedByPolicy | Self::DeniedWithoutUser => {
                format!("allow it with\naz keyvault set-policy --name {vault} --spn {client} --secret-permissions get")
            }
            Self::DeniedByFirewall => {
                format!("let this address in with\naz keyvault network-rule add --name {vault} --ip-address ADDRESS")
            }
            Self::DeniedByConnection => {
                "run this from a network that has the vault's private endpoint, and use the vault's ordinary name"
                    .to_owned()
            }
            Self::Denied => {
                format!("look at the access of the application {client} with\naz keyvault show --name {vault}")
            }
            Self::Disabled => format!(
                "enable it with\naz keyvault secret set-attributes --vault-name {vault} --name {secret} --enabled true"
            ),
            Self::NotFound => format!(
                "correct the name or version; deleted secrets are listed with\naz keyvault secret list-deleted --vault-name {vault}\nand recovered with\naz keyvault secret recover --vault-name {vault} --name {secret}"
            ),
            Self::BadRequest(_) => "check `api-version`".to_owned(),
            Self::Throttled => "try again later, or lower `max-concurrency` of the store".to_owned(),
            Self::Server(_) | Self::Deadline => "try again later, or give it more time with `--timeout`".to_owned(),
            Self::Unreachable { why: Unreachable::Dns, .. } => {
                "correct the address; the name of a vault that doesn't exist has no address".to_owned()
            }
            Self::Unreachable { why: Unreachable::Tls, .. } => {
                "if its certificate comes from an authority of your own, name that in `ca-file`".to_owned()
            }
            Self::Unreachable { .. } => "check the address, the network and its proxies".to_owned(),
            Self::Answer(_) => {
                "check that the address is a Key Vault's, and that no proxy answers in its place".to_owned()
            }
        }
    }
}

fn origin(source: &SecretSource) -> String {
    match source {
        SecretSource::Literal(_) => "the configuration".to_owned(),
        SecretSource::Variable(name) => name.clone(),
        SecretSource::File(path) => path.display().to_string(),
    }
}

/// The vault's name for `az`: the first label of its host.
fn vault_name(store: &Store) -> &str {
    let host = store.vault_url.host_str().unwrap_or_default();
    host.split('.').next().unwrap_or(host)
}
