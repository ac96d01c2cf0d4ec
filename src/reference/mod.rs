//! What a credential is called: `$<credential:store/secret/version#/pointer>`.
//!
//! A text is cut into pieces by [`pieces`]; the pieces joined give the text back. The grammar is the file
//! `grammar/credential.pest`, and no type of its parser leaves this folder.

mod grammar;
mod malformed;
mod name;
mod near_miss;
mod pointer;
mod shared;
mod template;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use grammar::{Piece, PieceKind, pieces};
pub use malformed::Malformed;
pub use name::{CredentialName, EnvironmentName, MAX_NAME, NameError, SecretName, SecretVersion, StoreName};
pub use near_miss::near_misses;
pub use pointer::{FieldError, Pointer};
pub use shared::Shared;
pub use template::{Part, Template};

/// How every reference begins.
pub const OPENING: &str = "$<credential:";

/// A reference to a credential. Its text form is what people write, and parses to the same reference again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// What is meant.
    pub target: Target,
    /// One field of it, when the value is JSON.
    pub pointer: Option<Pointer>,
}

/// What a reference means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A secret of a store.
    Secret {
        /// The store of the configuration.
        store: StoreName,
        /// The secret in it.
        secret: SecretName,
        /// The version; the latest without one.
        version: Option<SecretVersion>,
    },
    /// A credential of the configuration.
    Named(CredentialName),
}

impl Reference {
    /// Whether a text is what its [`Display`](fmt::Display) gives.
    fn is_written(&self, text: &str) -> bool {
        let rest = || {
            let rest = text.strip_prefix(OPENING)?.strip_suffix('>')?;
            let rest = match &self.target {
                Target::Secret { store, secret, version } => {
                    let rest = rest.strip_prefix(store.as_str())?.strip_prefix('/')?.strip_prefix(secret.as_str())?;
                    match version {
                        Some(version) => rest.strip_prefix('/')?.strip_prefix(version.to_string().as_str())?,
                        None => rest,
                    }
                }
                Target::Named(name) => rest.strip_prefix(name.as_str())?,
            };
            match &self.pointer {
                Some(pointer) => rest.strip_prefix('#')?.strip_prefix(pointer.to_string().as_str()),
                None => Some(rest),
            }
        };
        rest() == Some("")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OPENING)?;
        match &self.target {
            Target::Secret { store, secret, version } => {
                write!(f, "{store}/{secret}")?;
                if let Some(version) = version {
                    write!(f, "/{version}")?;
                }
            }
            Target::Named(name) => write!(f, "{name}")?,
        }
        if let Some(pointer) = &self.pointer {
            write!(f, "#{pointer}")?;
        }
        f.write_str(">")
    }
}

/// Reads a reference that is all of a text.
///
/// ```
/// use credflow::reference::Reference;
///
/// let reference: Reference = "$<credential:payments/db-password>".parse()?;
/// assert_eq!(reference.to_string(), "$<credential:payments/db-password>");
/// assert!("db-password".parse::<Reference>().is_err());
/// # Ok::<(), credflow::reference::Malformed>(())
/// ```
impl FromStr for Reference {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut pieces = pieces(text).into_iter().map(|piece| piece.kind);
        match (pieces.next(), pieces.next()) {
            (Some(PieceKind::Reference(reference)), None) => Ok(Arc::unwrap_or_clone(reference)),
            (Some(PieceKind::Malformed(malformed)), _) => Err(malformed),
            _ => Err(Malformed::not_alone(text)),
        }
    }
}
