//! What Key Vault, Entra ID and what stands for it answer: pure, so that any bytes can be thrown at it.

pub(super) mod bundle;
pub(super) mod challenge;
pub(super) mod grant;
mod refusal;
pub(super) mod wait;
