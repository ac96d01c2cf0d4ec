//! What a refusal of Key Vault or Entra ID means: by status and codes, never by its words.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::grant::number;
use crate::store::error::FetchError;

/// A redirect would carry a token or the client secret to a place that nobody configured.
const REDIRECT: &str = "it is a redirect, which is not followed";

/// A vault has a code for all that it refuses; a web server or a proxy in its place hasn't.
const WITHOUT_CODE: FetchError = FetchError::NotAVault("its refusal has no code");

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: Reason,
}

#[derive(Deserialize, Default)]
struct Reason {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    code: String,
}

#[derive(Deserialize, Default)]
struct Denied<'b> {
    #[serde(borrow, default)]
    error: Option<&'b RawValue>,
    #[serde(borrow, default)]
    error_codes: Vec<&'b RawValue>,
}

/// The address that a firewall keeps out: the line `Client address: 203.0.113.7`, and what follows it isn't read.
fn client_address(message: &str) -> Option<IpAddr> {
    let (_, rest) = message.split_once("Client address: ")?;
    let end = rest.find(|character: char| !character.is_ascii_hexdigit() && !matches!(character, '.' | ':'));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

impl FetchError {
    /// The meaning of a vault's answer that is no 200. Any body will do.
    pub fn of_vault(status: u16, body: &[u8]) -> Self {
        let refusal = || serde_json::from_slice::<Refusal>(body).unwrap_or_default();
        match status {
            300..=399 => Self::NotAVault(REDIRECT),
            401 => Self::TokenRejected,
            403 => {
                let reason = refusal().error;
                let inner = reason.innererror.map(|inner| inner.code);
                match inner.as_deref() {
                    Some("ForbiddenByRbac") => Self::DeniedByRole,
                    Some("AccessDenied") => Self::DeniedByPolicy,
                    Some("ForbiddenByPolicy") => Self::DeniedWithoutUser,
                    Some("ForbiddenByFirewall") => {
                        Self::DeniedByFirewall(reason.message.as_deref().and_then(client_address))
                    }
                    Some("ForbiddenByConnection") => Self::DeniedByConnection,
                    Some("SecretDisabled") => Self::Disabled,
                    _ => Self::Denied,
                }
            }
            408 | 500.. => Self::Server(status),
            429 => Self::Throttled,
            _ => match refusal().error.code.as_deref() {
                Some("SecretNotFound") if status == 404 => Self::NotFound,
                Some(_) => Self::BadRequest(status),
                None => WITHOUT_CODE,
            },
        }
    }

    /// The meaning of an answer of Entra ID that is no 200. Its AADSTS number only makes the words friendlier.
    pub fn of_entra(status: u16, body: &[u8]) -> Self {
        let denied: Denied<'_> = serde_json::from_slice(body).unwrap_or_default();
        let code = denied.error_codes.first().and_then(|raw| number::<u32>(raw));
        match status {
            300..400 => return Self::Answer(REDIRECT),
            408 | 429 | 500.. => return Self::EntraBusy(status),
            _ => {}
        }
        match code {
            Some(90_002 | 900_023) => Self::UnknownTenant,
            Some(700_016) => Self::UnknownApplication,
            Some(7_000_112) => Self::DisabledApplication,
            Some(7_000_229) => Self::NoServicePrincipal,
            Some(7_000_215) => Self::WrongSecret,
            Some(7_000_222) => Self::ExpiredSecret,
            Some(700_027) => Self::UnknownCertificate,
            Some(700_024) => Self::AssertionTime,
            Some(70_021 | 700_211..=700_213 | 7_002_138) => Self::NoFederation,
            Some(53_003) => Self::ConditionalAccess,
            Some(500_011 | 50_001) => Self::UnknownResource,
            // As Microsoft documents them: faults that heal, whatever the status.
            Some(90_006 | 90_012 | 90_024 | 90_033 | 90_055 | 90_090 | 50_000 | 50_196) => Self::EntraBusy(status),
            _ if denied.error.is_some_and(|error| error.get() == r#""temporarily_unavailable""#) => {
                Self::EntraBusy(status)
            }
            // Whatever Entra ID refuses has a word for it (RFC 6749, section 5.2).
            None if denied.error.is_none() => Self::Answer("it is not Entra ID's"),
            code => Self::Refused { status, code },
        }
    }

    /// The meaning of an answer of a managed identity's endpoint that is no 200.
    pub fn of_managed_identity(status: u16) -> Self {
        match status {
            300..400 => Self::Answer(REDIRECT),
            // The endpoint is restarting, or not up yet: Microsoft advises to ask again.
            404 | 408 | 410 | 429 | 500.. => Self::EntraBusy(status),
            400 => Self::UnknownManagedIdentity,
            _ => Self::Refused { status, code: None },
        }
    }
}
