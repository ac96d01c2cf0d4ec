//! Tokens: JWTs that the emulator signs, and checks as a vault does.
//!
//! Their claims are those of Entra ID's v1 tokens. They are signed with ES256, where Entra ID has RS256: no client reads
//! a token. The key is made at each start, or once for a file, so that tokens outlive the process as Entra ID's do.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::key::TokenKey;

/// Before what time a token counts already, in seconds: clocks are apart.
const LENIENCY: i64 = 300;

/// The name of the key.
pub(super) const KEY_ID: &str = "emulated";

/// So many checked tokens are remembered.
const MAX_CHECKED: usize = 1024;

/// The claims of a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: String,
    oid: String,
    sub: String,
    tid: String,
    ver: String,
    /// Grows from token to token, over restarts too, so that no two are alike and all so far can be ended: 16
    /// hexadecimal digits.
    uti: String,
}

/// What a token is good for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::emulator) struct Grant {
    pub(in crate::emulator) tenant: String,
    pub(in crate::emulator) client: String,
    pub(in crate::emulator) audience: String,
}

/// Why a token is none, or no more.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Refused {
    /// Its signature isn't the emulator's.
    Unsigned,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Early,
}

/// Makes tokens, and knows its own.
pub(in crate::emulator) struct Tokens {
    pub(in crate::emulator) lifetime: Duration,
    key: EcdsaKeyPair,
    /// The number of the next token.
    next: AtomicU64,
    /// Tokens before this one have ended.
    ended: AtomicU64,
    /// Tokens whose signature was checked, as that takes longer than all the rest of a request.
    checked: Mutex<HashMap<String, Arc<Claims>>>,
}

impl Tokens {
    pub(in crate::emulator) fn new(lifetime: Duration, key: &TokenKey) -> Self {
        // Nobody asks for a token each nanosecond, so that the numbers of an earlier process are smaller.
        let begin = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_nanos());
        let next = AtomicU64::new(u64::try_from(begin).unwrap_or_default());
        Self { lifetime, key: key.pair(), next, ended: AtomicU64::new(0), checked: Mutex::default() }
    }

    /// Gives a token from `now` on, in seconds since 1970.
    pub(in crate::emulator) fn give(&self, tenant: &str, client: &str, audience: &str, now: i64) -> String {
        let claims = Claims {
            aud: audience.to_owned(),
            iss: format!("https://sts.windows.net/{tenant}/"),
            iat: now,
            nbf: now,
            exp: now.saturating_add_unsigned(self.lifetime.as_secs()),
            appid: client.to_owned(),
            oid: client.to_owned(),
            sub: client.to_owned(),
            tid: tenant.to_owned(),
            ver: "1.0".to_owned(),
            uti: number(self.next.fetch_add(1, Ordering::Relaxed)),
        };
        let claims = serde_json::to_vec(&claims).expect("internal error: texts and numbers are JSON");
        let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"ES256","kid":"{KEY_ID}"}}"#));
        let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("internal error: ring signs");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token is good for, if it is one and `now` is its time.
    pub(in crate::emulator) fn check(&self, token: &str, now: i64) -> Result<Grant, Refused> {
        let claims = self.claims(token).ok_or(Refused::Unsigned)?;
        if claims.exp <= now || claims.uti < number(self.ended.load(Ordering::Relaxed)) {
            return Err(Refused::Expired);
        }
        if claims.nbf > now + LENIENCY {
            return Err(Refused::Early);
        }
        Ok(Grant { tenant: claims.tid.clone(), client: claims.appid.clone(), audience: claims.aud.clone() })
    }

    fn claims(&self, token: &str) -> Option<Arc<Claims>> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = checked.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = Arc::new(self.read(token)?);
        if checked.len() >= MAX_CHECKED {
            checked.clear();
        }
        checked.insert(token.to_owned(), Arc::clone(&claims));
        Some(claims)
    }

    fn read(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key());
        key.verify(signed.as_bytes(), &signature).ok()?;
        // The header was signed with the rest; it can only be the one that was given.
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// The two halves of the key that checks signatures.
    pub(super) fn public_key(&self) -> (&[u8], &[u8]) {
        // A point that isn't compressed: a byte that says so, and its two coordinates (SEC 1, section 2.3.3).
        self.key.public_key().as_ref()[1..].split_at(32)
    }

    /// Ends the time of every token given so far.
    pub(in crate::emulator) fn expire(&self) {
        self.ended.store(self.next.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Shows nothing: the key and a token are as good as a secret.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

/// The number of a token, so that the texts compare as the numbers do.
fn number(number: u64) -> String {
    format!("{number:016x}")
}

/// 32 random hexadecimal digits.
pub(in crate::emulator) fn random() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A random id, as services put on their answers.
pub(in crate::emulator) fn guid() -> String {
    let digits = random();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_token_is_good_for_what_it_was_given_for() {
        let tokens = Tokens::new(Duration::from_secs(60), &TokenKey::new());
        let token = tokens.give("t", "c", "https://vault.azure.net", NOW);
        let grant = Grant { tenant: "t".into(), client: "c".into(), audience: "https://vault.azure.net".into() };
        assert_eq!(tokens.check(&token, NOW), Ok(grant));
        assert_ne!(tokens.give("t", "c", "a", NOW), tokens.give("t", "c", "a", NOW));
        tokens.expire();
        assert_eq!(tokens.check(&token, NOW), Err(Refused::Expired));
        assert!(tokens.check(&tokens.give("t", "c", "a", NOW), NOW).is_ok());
        assert_eq!(
            Tokens::new(Duration::ZERO, &TokenKey::new()).check(&token, NOW),
            Err(Refused::Unsigned),
            "another emulator's"
        );
        assert_eq!(tokens.check(&tokens.give("t", "c", "a", NOW), NOW + 60), Err(Refused::Expired));
        assert_eq!(tokens.check(&tokens.give("t", "c", "a", NOW), NOW - 301), Err(Refused::Early));
        let brief = Tokens::new(Duration::ZERO, &TokenKey::new());
        assert_eq!(brief.check(&brief.give("t", "c", "a", NOW), NOW), Err(Refused::Expired));
    }

    #[test]
    fn a_token_outlives_the_process_whose_key_is_kept() {
        let key = TokenKey::new();
        let token = Tokens::new(Duration::from_secs(60), &key).give("t", "c", "a", NOW);
        let later = Tokens::new(Duration::from_secs(60), &key);
        assert!(later.check(&token, NOW).is_ok());
        later.expire();
        assert_eq!(later.check(&token, NOW), Err(Refused::Expired));
    }

    #[test]
    fn nothing_of_a_token_can_be_changed() {
        let tokens = Tokens::new(Duration::from_secs(60), &TokenKey::new());
        let token = tokens.give("t", "c", "a", NOW);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            // The last digit of a part may hold bits that say nothing.
            if changed != token && tokens.check(&changed, NOW).is_ok() {
                assert!(token[at + 1..].is_empty() || token[at + 1..].starts_with('.'), "at {at}");
            }
        }
        for none in ["", ".", "..", "a.b.c", "\u{1f600}"] {
            assert_eq!(tokens.check(none, NOW), Err(Refused::Unsigned));
        }
    }
}
