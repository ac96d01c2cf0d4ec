//! What Key Vault, Entra ID and what stands for it answer: pure, so that any bytes can be thrown at it.

pub(in crate::store) mod bundle;
pub(in crate::store) mod challenge;
pub(in crate::store) mod grant;
pub(in crate::store) mod page;
mod refusal;
pub(in crate::store) mod wait;
