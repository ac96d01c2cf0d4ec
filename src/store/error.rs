//! Why a secret can't be fetched, by meaning.
//!
//! Errors are told apart by HTTP status and codes, as Microsoft asks; the words of an answer are never looked at and
//! never shown, but for the address that a firewall keeps out.

use std::net::IpAddr;

use super::azure::spoilt::Spoilt;
use super::capability::Capability;
use super::provider_error::ProviderError;
use super::unreachable::Unreachable;

/// Why a secret can't be fetched. Holds no secret, no token and no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nobody registered the provider that the store names.
    #[error("no provider `{0}` is registered")]
    UnknownProvider(String),
    /// The provider isn't able to do it.
    #[error("the provider `{provider}` can't {what}")]
    Unsupported {
        /// The provider's name.
        provider: String,
        /// What was wanted.
        what: Capability,
    },
    /// The provider panicked: it has a fault.
    #[error("the provider `{0}` panicked")]
    Panicked(String),
    /// What a provider of one's own tells.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The client secret's variable isn't set, or is empty.
    #[error("the variable {0} with the client secret is not set, or empty")]
    SecretUnset(String),
    /// The client secret's variable isn't UTF-8.
    #[error("the variable {0} with the client secret is not UTF-8")]
    SecretNotText(String),
    /// The client secret's file can't be read.
    #[error("the file {0} with the client secret can't be read: {1}")]
    SecretUnreadable(String, String),
    /// The client certificate's file can't be used.
    #[error("the client certificate {0} can't be used: {1}")]
    Certificate(String, String),
    /// The federated token's file can't be read.
    #[error("the file {0} with the federated token can't be read: {1}")]
    FederatedToken(String, String),
    /// Variables that the identity needs aren't set.
    #[error("the identity of the environment needs {0}, which is not set")]
    EnvironmentUnset(&'static str),
    /// The variables of the environment hold what can't be used.
    #[error("the variable {0} can't be used: {1}")]
    EnvironmentWrong(&'static str, &'static str),
    /// The file of certificate authorities can't be read, or isn't PEM.
    #[error("the ca-file {0} can't be used: {1}")]
    CaFile(String, String),
    /// The authorities that the system trusts can't be had.
    #[error("the certificate authorities of this machine can't be used: {0}")]
    SystemAuthorities(String),
    /// An address of this host that is neither https nor on this machine.
    #[error("{0} is not asked without TLS")]
    PlainHttp(String),
    /// AADSTS90002, AADSTS900023.
    #[error("Entra ID knows no such tenant")]
    UnknownTenant,
    /// AADSTS700016.
    #[error("the tenant has no such application")]
    UnknownApplication,
    /// AADSTS7000112.
    #[error("the application is disabled")]
    DisabledApplication,
    /// AADSTS7000229.
    #[error("the application has no service principal in the tenant")]
    NoServicePrincipal,
    /// AADSTS7000215.
    #[error("Entra ID refuses the client secret")]
    WrongSecret,
    /// AADSTS7000215, and the secret has around it what belongs to none.
    #[error("Entra ID refuses the client secret, which {0}")]
    SpoiltSecret(Spoilt),
    /// AADSTS7000222.
    #[error("the client secret has expired")]
    ExpiredSecret,
    /// AADSTS700027.
    #[error("the application has no such certificate, or its signature is wrong")]
    UnknownCertificate,
    /// AADSTS700024.
    #[error("Entra ID finds the assertion out of its time")]
    AssertionTime,
    /// The clocks of this machine and of the service are apart, by so many seconds that the service's is ahead.
    #[error("this machine's clock is {} s {}", .0.unsigned_abs(), if *.0 > 0 { "behind" } else { "ahead" })]
    Clock(i64),
    /// AADSTS70021, 700211 to 700213, 7002138.
    #[error("the application has no federated credential that matches the token's issuer, subject and audience")]
    NoFederation,
    /// AADSTS53003.
    #[error("a Conditional Access policy of the tenant refuses a token")]
    ConditionalAccess,
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
    /// Entra ID, or what stands for it on the machine, is throttling or has a fault that may heal.
    #[error("no token is given now (HTTP {0})")]
    EntraBusy(u16),
    /// No endpoint gives tokens to this machine's identity.
    #[error("this machine offers no managed identity")]
    NoManagedIdentity,
    /// The endpoint gives tokens, but not to that identity.
    #[error("this machine has no such managed identity")]
    UnknownManagedIdentity,
    /// The command `az` isn't there.
    #[error("the Azure CLI is not installed, or `az` is not on the PATH")]
    NoAzureCli,
    /// The command `az` failed.
    #[error("the Azure CLI gives no token{}", .0.as_ref().map_or_else(String::new, |tenant| format!(" of the tenant {tenant}")))]
    AzureCli(Option<String>),
    /// The vault doesn't tell what the store leaves out.
    #[error("the vault does not tell which tenant and resource its tokens have")]
    NoChallenge,
    /// The resource that the vault names isn't its own domain's, so that its token must not go there.
    #[error("the vault asks for a token for {0}, whose domain it is not in")]
    ForeignResource(String),
    /// A token isn't sent where it would leave its resource's domain.
    #[error("no token for {resource} is sent to {host}, which is not in its domain")]
    ForeignHost {
        /// The host that would be asked.
        host: String,
        /// What the token is for.
        resource: String,
    },
    /// 401 of the vault, which wants tokens for another resource.
    #[error("the vault wants a token for {0}")]
    WrongResource(String),
    /// 401 of the vault, which is in another tenant.
    #[error("the vault is in the tenant {0}")]
    WrongTenant(String),
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
    /// 403 `ForbiddenByFirewall`, with the address that it names.
    #[error("the vault's firewall doesn't let {} in", .0.map_or_else(|| "this address".to_owned(), |address| address.to_string()))]
    DeniedByFirewall(Option<IpAddr>),
    /// 403 `ForbiddenByConnection`.
    #[error("the vault takes connections through its private endpoint alone")]
    DeniedByConnection,
    /// Any other 403.
    #[error("the vault denies access")]
    Denied,
    /// 403 `SecretDisabled`.
    #[error("the secret is disabled")]
    Disabled,
    /// 404 `SecretNotFound`.
    #[error("the store has no such secret or version")]
    NotFound,
    /// Any other answer that another try won't change.
    #[error("the vault refuses the request (HTTP {0})")]
    BadRequest(u16),
    /// 429 until the time was over.
    #[error("the store is throttling")]
    Throttled,
    /// 408 or 5xx.
    #[error("the store has a fault (HTTP {0})")]
    Server(u16),
    /// The vault's name has no address, though a token was given: there is no such vault.
    #[error("there is no vault {0}")]
    UnknownVault(String),
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
    /// What gives tokens answers otherwise than the protocol says.
    #[error("the answer of {host} can't be understood: {why}")]
    TokenAnswer {
        /// The host that was asked.
        host: String,
        /// What is wrong with the answer.
        why: &'static str,
    },
    /// Whoever answers is no Key Vault.
    #[error("whoever answers at the vault's address is no Key Vault: {0}")]
    NotAVault(&'static str),
    /// The time for everything was over.
    #[error("there was no time left while {host} was asked for {what}")]
    Deadline {
        /// The host that was asked.
        host: String,
        /// For what.
        what: &'static str,
    },
}

fn aadsts(code: Option<u32>) -> String {
    code.map_or_else(String::new, |code| format!(", AADSTS{code}"))
}

impl FetchError {
    /// A stable name, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider(_) => "unknown-provider",
            Self::Unsupported { .. } => "unsupported",
            Self::Panicked(_) => "provider-panicked",
            Self::Provider(error) => error.code(),
            Self::SecretUnset(_) => "client-secret-unset",
            Self::SecretUnreadable(..) => "client-secret-unreadable",
            Self::SecretNotText(_) => "client-secret-not-text",
            Self::Certificate(..) => "client-certificate",
            Self::FederatedToken(..) => "federated-token",
            Self::EnvironmentUnset(_) => "environment-unset",
            Self::EnvironmentWrong(..) => "environment-wrong",
            Self::CaFile(..) => "ca-file",
            Self::SystemAuthorities(_) => "system-authorities",
            Self::PlainHttp(_) => "plain-http",
            Self::UnknownTenant => "unknown-tenant",
            Self::UnknownApplication => "unknown-application",
            Self::DisabledApplication => "disabled-application",
            Self::NoServicePrincipal => "no-service-principal",
            Self::WrongSecret | Self::SpoiltSecret(_) => "wrong-client-secret",
            Self::ExpiredSecret => "expired-client-secret",
            Self::UnknownCertificate => "unknown-certificate",
            Self::AssertionTime | Self::Clock(_) => "clock",
            Self::NoFederation => "no-federated-credential",
            Self::ConditionalAccess => "conditional-access",
            Self::UnknownResource => "unknown-resource",
            Self::Refused { .. } => "token-refused",
            Self::EntraBusy(_) => "entra-busy",
            Self::NoManagedIdentity => "no-managed-identity",
            Self::UnknownManagedIdentity => "unknown-managed-identity",
            Self::NoAzureCli => "no-azure-cli",
            Self::AzureCli(_) => "azure-cli",
            Self::NoChallenge => "no-challenge",
            Self::ForeignResource(_) => "foreign-resource",
            Self::ForeignHost { .. } => "foreign-host",
            Self::WrongResource(_) => "wrong-resource",
            Self::WrongTenant(_) => "wrong-tenant",
            Self::TokenRejected => "token-rejected",
            Self::DeniedByRole => "denied-by-role",
            Self::DeniedByPolicy => "denied-by-access-policy",
            Self::DeniedWithoutUser => "denied-by-policy",
            Self::DeniedByFirewall(_) => "denied-by-firewall",
            Self::DeniedByConnection => "denied-by-private-link",
            Self::Denied => "denied",
            Self::Disabled => "disabled",
            Self::NotFound => "not-found",
            Self::BadRequest(_) => "bad-request",
            Self::Throttled => "throttled",
            Self::Server(_) => "server-fault",
            Self::UnknownVault(_) => "unknown-vault",
            Self::Unreachable { .. } => "unreachable",
            Self::Answer(_) => "answer",
            Self::TokenAnswer { .. } => "token-answer",
            Self::NotAVault(_) => "not-a-vault",
            Self::Deadline { .. } => "deadline",
        }
    }

    /// Whether it is about the store as a whole, so that every secret of it fails alike.
    pub fn is_of_store(&self) -> bool {
        match self {
            Self::Disabled | Self::NotFound | Self::Answer(_) => false,
            Self::Provider(error) => error.is_of_store(),
            _ => true,
        }
    }

    /// The same of who gives tokens: an answer that can't be understood is another host's than a vault's.
    pub(super) fn of_tokens(self, host: &str) -> Self {
        match self {
            Self::Answer(why) => Self::TokenAnswer { host: host.to_owned(), why },
            error => error,
        }
    }

    /// Whether the store says that it has too much to do, so that all requests to it should wait.
    pub(super) fn is_of_load(&self) -> bool {
        matches!(self, Self::Throttled | Self::Server(503))
    }

    /// Whether it may heal, so that it makes sense to ask again later. There may be more time then, too.
    pub fn is_transient(&self) -> bool {
        self.is_retryable() || matches!(self, Self::Deadline { .. })
    }

    /// Whether another try may help within the same time.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::EntraBusy(_) | Self::Throttled | Self::Server(_) => true,
            Self::Unreachable { why, .. } => why.is_transient(),
            Self::Provider(error) => error.is_transient(),
            _ => false,
        }
    }
}
