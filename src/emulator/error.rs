//! Refusals, as the services word them.

use serde::Serialize;

use super::Origin;
use super::answer::Answer;
use super::clock;
use super::token::guid;

#[derive(Serialize)]
struct Body<'e> {
    error: Inner<'e>,
}

#[derive(Serialize)]
struct Inner<'e> {
    code: &'e str,
    message: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    innererror: Option<Reason<'e>>,
}

#[derive(Serialize)]
struct Reason<'e> {
    code: &'e str,
}

/// A refusal of Key Vault.
pub(super) fn vault(status: u16, code: &str, inner: Option<&str>, message: &str) -> Answer {
    let innererror = inner.map(|code| Reason { code });
    Answer::json(status, &Body { error: Inner { code, message, innererror } })
}

/// A 401 of Key Vault, with its challenge: the recorded form, and the emulator's own authority in it.
pub(super) fn unauthorized(message: &str, origin: Origin, tenant: &str, resource: &str) -> Answer {
    // One header, with a comma and a space: clients that we didn't write split it there.
    let authority = origin.of("localhost");
    let challenge = format!("Bearer authorization=\"{authority}/{tenant}\", resource=\"{resource}\"");
    vault(401, "Unauthorized", None, message).header("www-authenticate", challenge)
}

#[derive(Serialize)]
struct Entra<'e> {
    error: &'e str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: String,
    trace_id: &'e str,
    correlation_id: String,
    error_uri: String,
}

/// A refusal of Entra ID.
pub(super) fn entra(status: u16, error: &str, code: u32, text: &str) -> Answer {
    let (trace_id, correlation_id) = (guid(), guid());
    let timestamp = clock::timestamp(clock::now());
    let body = Entra {
        error,
        error_description: format!(
            "AADSTS{code}: {text} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        ),
        error_codes: [code],
        timestamp,
        trace_id: &trace_id,
        correlation_id,
        error_uri: format!("https://login.microsoftonline.com/error?code={code}"),
    };
    let answer = Answer::json(status, &body);
    answer.header("x-ms-request-id", trace_id)
}
