//! Azure Key Vault: its dialect, its identities and their tokens.

pub(in crate::store) mod answer;
pub(in crate::store) mod http;
pub(in crate::store) mod identity;
pub(in crate::store) mod probe;
pub(in crate::store) mod remedy;
pub(in crate::store) mod spoilt;
pub(in crate::store) mod target;
pub(in crate::store) mod token;
pub(in crate::store) mod vault;
