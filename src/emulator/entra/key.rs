//! The key that signs tokens: made when it is asked for, or once for a file.

use std::path::Path;
use std::{fmt, fs, io};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use crate::file;
use crate::secret::Secret;

/// The key that signs tokens. An emulator that is given the one of an earlier process knows its tokens.
pub struct TokenKey(Zeroizing<Vec<u8>>);

impl TokenKey {
    /// A new one. It stays in this process.
    pub fn new() -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self(Zeroizing::new(made.expect("internal error: ring makes keys").as_ref().to_vec()))
    }

    /// The one in a file, which is made, for its owner alone, when there is none.
    ///
    /// # Errors
    /// When the file can't be read or written, or holds something else.
    pub fn open(path: &Path) -> io::Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let text = Secret::new(text);
                let key = BASE64_STANDARD.decode(text.expose()).map(|der| Self(Zeroizing::new(der))).ok();
                key.filter(|key| pair(&key.0).is_some()).ok_or_else(|| {
                    let message = "it holds no key of the emulator; remove it to have a new one made";
                    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {message}", path.display()))
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Self::new();
                let text = Secret::new(BASE64_STANDARD.encode(&*made.0));
                file::write(path, text.expose().as_bytes())?;
                Ok(made)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn pair(&self) -> EcdsaKeyPair {
        pair(&self.0).expect("internal error: it was a key when it was read or made")
    }
}

fn pair(pkcs8: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new()).ok()
}

impl Default for TokenKey {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}
