//! The names that a reference is made of.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A character that the name can't have.
    #[error("can't have `{}`", .0.escape_debug())]
    Character(char),
    /// More characters than the name can have.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// Not 32 hexadecimal digits.
    #[error("is not 32 hexadecimal digits")]
    NotAVersion,
}

/// The longest name, in characters (Key Vault's limit for a secret; ours for the others).
pub const MAX_NAME: usize = 127;

fn checked(text: &str, allowed: impl Fn(char) -> bool) -> Result<Arc<str>, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(wrong) = text.chars().find(|&character| !allowed(character)) {
        return Err(NameError::Character(wrong));
    }
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong(MAX_NAME));
    }
    Ok(text.into())
}

fn is_label(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                checked(text, is_label).map(Self)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

label! {
    /// The name of a store in the configuration: letters, digits, `-`, `_` and `.`.
    StoreName
}

label! {
    /// The name of a credential in the configuration: letters, digits, `-`, `_` and `.`.
    CredentialName
}

label! {
    /// The name of an environment in the configuration: letters, digits, `-`, `_` and `.`.
    EnvironmentName
}

/// The name of a secret: 1 to 127 letters, digits and dashes. Case doesn't tell names apart, as in Key Vault.
#[derive(Debug, Clone)]
pub struct SecretName(Arc<str>);

impl SecretName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl FromStr for SecretName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        checked(text, |character| character.is_ascii_alphanumeric() || character == '-').map(Self)
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for SecretName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for SecretName {}

impl Hash for SecretName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // At once: large files have many names.
        let mut folded = [0xff; MAX_NAME + 1];
        folded[..self.0.len()].copy_from_slice(self.0.as_bytes());
        folded[..self.0.len()].make_ascii_lowercase();
        state.write(&folded[..=self.0.len()]);
    }
}

impl PartialOrd for SecretName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SecretName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(other.folded())
    }
}

/// The version of a secret: 32 hexadecimal digits, made by the service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretVersion([u8; 16]);

impl SecretVersion {
    /// The version with these 128 bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// Its 128 bits.
    pub const fn to_bits(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl FromStr for SecretVersion {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // `from_str_radix` alone would take a sign.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NameError::NotAVersion);
        }
        u128::from_str_radix(text, 16).map(Self::from_bits).map_err(|_| NameError::NotAVersion)
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.to_bits())
    }
}

/// Its digits: bytes would be told apart by nobody.
impl fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVersion({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn secret_names_are_equal_without_case() {
        let names = ["DB-Password", "db-password"].map(str::parse::<SecretName>);
        assert_eq!(names[0], names[1]);
        let names: HashSet<SecretName> = names.into_iter().flatten().collect();
        assert_eq!(names.len(), 1);
        let longest = "X".repeat(MAX_NAME).parse::<SecretName>().expect("a name");
        assert!(!names.contains(&longest));
    }

    #[test]
    fn a_version_is_32_digits_without_a_sign() {
        let text = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
        assert_eq!(text.parse::<SecretVersion>().map(|v| v.to_string()), Ok(text.to_owned()));
        let version: SecretVersion = text.parse().expect("a version");
        assert_eq!(SecretVersion::from_bits(version.to_bits()), version);
        assert_eq!(format!("{version:?}"), format!("SecretVersion({text})"));
        assert!(format!("+{}", &text[1..]).parse::<SecretVersion>().is_err());
    }

    #[test]
    fn bad_names_say_why() {
        assert_eq!("".parse::<StoreName>(), Err(NameError::Empty));
        assert_eq!("a/b".parse::<StoreName>(), Err(NameError::Character('/')));
        assert_eq!("a_b".parse::<SecretName>(), Err(NameError::Character('_')));
        assert_eq!("a".repeat(128).parse::<SecretName>(), Err(NameError::TooLong(127)));
    }
}
