//! Refusals as Key Vault words them.

use serde::Serialize;

use crate::emulator::Origin;
use crate::emulator::answer::Answer;

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
pub(in crate::emulator) fn refuse(status: u16, code: &str, inner: Option<&str>, message: &str) -> Answer {
    let innererror = inner.map(|code| Reason { code });
    Answer::json(status, &Body { error: Inner { code, message, innererror } })
}

/// A 401 of Key Vault, with its challenge: the recorded form, and the emulator's own authority in it.
pub(super) fn unauthorized(message: &str, origin: &Origin, tenant: &str, resource: &str) -> Answer {
    // One header, with a comma and a space: clients that we didn't write split it there.
    let authority = origin.authority();
    let challenge = format!("Bearer authorization=\"{authority}/{tenant}\", resource=\"{resource}\"");
    refuse(401, "Unauthorized", None, message).header("www-authenticate", challenge)
}
