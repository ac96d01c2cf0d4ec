//! The assertion by which a client certificate proves an application: a JWT that its key signs.
//!
//! As Microsoft documents it: `PS256`, the certificate's `x5t#S256`, and a life of some minutes.

use std::path::Path;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::{digest, signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::store::apart::read_file;
use crate::store::error::FetchError;

/// How long it counts, in seconds (5 to 10 minutes, as Microsoft advises).
const LIFETIME: i64 = 600;

/// How far it reaches back, in seconds, for clocks that are a little apart.
const LENIENCY: i64 = 60;

/// The largest file with a certificate and its key, in bytes.
const MAX_PEM: usize = 256 << 10;

#[derive(Serialize)]
struct Header<'h> {
    alg: &'h str,
    typ: &'h str,
    #[serde(rename = "x5t#S256")]
    thumbprint: &'h str,
}

#[derive(Serialize)]
struct Claims<'c> {
    aud: &'c str,
    iss: &'c str,
    sub: &'c str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// The assertion of an application for a token endpoint, signed at that time (in seconds since 1970).
pub(super) fn assertion(file: &Path, client: &str, endpoint: &str, now: i64) -> Result<Secret, FetchError> {
    let fault = |why: &str| FetchError::Certificate(file.display().to_string(), why.to_owned());
    let pem = read_file(file, MAX_PEM).map_err(|error| fault(&error.to_string()))?;
    if pem.windows(9).any(|window| window == b"ENCRYPTED") {
        return Err(fault("its key is encrypted; `openssl pkey` writes one that isn't"));
    }
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| fault("it holds no certificate in PEM form"))?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| fault("it holds no private key in PEM form"))?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(fault("its key is not RSA, which Entra ID asks for")),
    };
    let key = key.map_err(|_| fault("its key is not an RSA key of 2048 to 4096 bits"))?;
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &certificate));
    let header = Header { alg: "PS256", typ: "JWT", thumbprint: &thumbprint };
    let claims = Claims {
        aud: endpoint,
        iss: client,
        sub: client,
        jti: format!("{:032x}", fastrand::u128(..)),
        nbf: now - LENIENCY,
        iat: now,
        exp: now + LIFETIME,
    };
    let unsigned = format!("{}.{}", part(&header), part(&claims));
    let mut signed = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PSS_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signed)
        .map_err(|_| fault("its key can't sign"))?;
    let signature = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(signed));
    Ok(Secret::concat([unsigned.as_str(), ".", &signature]))
}

fn part(json: &impl Serialize) -> String {
    let json = serde_json::to_vec(json).expect("internal error: texts and numbers are JSON");
    BASE64_URL_SAFE_NO_PAD.encode(json)
}
