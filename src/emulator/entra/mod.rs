//! Entra ID: who may ask for a token, the endpoints that give one, and the tokens.

mod application;
mod assertion;
mod discovery;
mod endpoint;
mod key;
mod managed;
mod refusal;
mod token;

pub use application::{Application, ClientSecret, Federation};
pub(super) use discovery::{configuration, instance, keys};
pub(super) use endpoint::{Edition, KEY_VAULT_ID, TokenRequest, failed, only_post, throttled, token};
pub use key::TokenKey;
pub(super) use managed::{Platform, Request as ManagedRequest, token as managed_token};
pub(super) use token::{Grant, Refused, Tokens, guid, random};
