//! Assertions that take the place of a client secret: signed by an application's certificate, or given by a platform
//! that the application trusts.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde::Deserialize;

use super::application::Application;
use super::refusal::{Refusal, refuse};

/// How far clocks may be apart, in seconds.
const LENIENCY: f64 = 300.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t#S256")]
    sha256: Option<String>,
    #[serde(rename = "x5t")]
    sha1: Option<String>,
}

/// The claims that matter. Some clients write times with a fraction.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A JWT whose signature is still to be checked.
struct Token<'t> {
    header: Header,
    claims: Claims,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Token<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        Some(Self {
            header: serde_json::from_slice(&decoded(header)?).ok()?,
            claims: serde_json::from_slice(&decoded(claims)?).ok()?,
            signed,
            signature: decoded(signature)?,
        })
    }

    fn is_signed_by(&self, certificate: &CertificateDer<'_>) -> bool {
        let algorithm: &dyn SignatureVerificationAlgorithm = match self.header.alg.as_str() {
            "PS256" => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            "RS256" => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        let key = webpki::EndEntityCert::try_from(certificate);
        key.is_ok_and(|key| key.verify_signature(algorithm, self.signed.as_bytes(), &self.signature).is_ok())
    }

    fn is_for(&self, audiences: &[String]) -> bool {
        let is_one = |audience: &String| audiences.contains(audience);
        match &self.claims.aud {
            Audience::One(audience) => is_one(audience),
            Audience::Many(many) => many.iter().any(is_one),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    fn is_in_time(&self, now: i64) -> bool {
        let now = now as f64;
        self.claims.exp > now - LENIENCY && self.claims.nbf.is_none_or(|begin| begin <= now + LENIENCY)
    }
}

/// Whether the assertion proves the application, or why Entra ID doesn't believe it. `audiences` are the addresses that
/// its own assertions may be for, and `now` the time in seconds since 1970.
pub(super) fn check(application: &Application, text: &str, audiences: &[String], now: i64) -> Result<(), Refusal> {
    let malformed = || refuse(401, "invalid_client", 50_027, "JWT token is invalid or malformed.");
    let token = Token::read(text).ok_or_else(malformed)?;
    let in_time = || {
        if token.is_in_time(now) {
            return Ok(());
        }
        Err(refuse(401, "invalid_client", 700_024, "Client assertion is not within its valid time range."))
    };
    let client = &application.client;
    if token.claims.iss.eq_ignore_ascii_case(client) {
        let text = "Client assertion contains an invalid signature.";
        let unknown = || refuse(401, "invalid_client", 700_027, text);
        let certificate = application.certificates.iter().find(|it| has_thumbprint(&token.header, it));
        let certificate = certificate.ok_or_else(unknown)?;
        if !token.is_signed_by(certificate) || !token.claims.sub.eq_ignore_ascii_case(client) {
            return Err(unknown());
        }
        if !token.is_for(audiences) {
            let text = "Client assertion audience claim does not match Realm issuer.";
            return Err(refuse(401, "invalid_client", 50_013, text));
        }
        return in_time();
    }
    federated(application, &token)?;
    in_time()
}

fn federated(application: &Application, token: &Token<'_>) -> Result<(), Refusal> {
    let no = |code: u32, what: &str| {
        let text = format!("No matching federated identity record found for presented assertion {what}.");
        Err(refuse(401, "invalid_client", code, text))
    };
    let mut known: Vec<_> = application.federations.iter().collect();
    if known.is_empty() {
        let text = "The client has no configured federated identity credentials.";
        return Err(refuse(401, "invalid_client", 70_025, text));
    }
    known.retain(|federation| federation.issuer == token.claims.iss);
    if known.is_empty() {
        return no(700_211, "issuer");
    }
    known.retain(|federation| federation.subject == token.claims.sub);
    if known.is_empty() {
        return no(700_213, "subject");
    }
    known.retain(|federation| token.is_for(std::slice::from_ref(&federation.audience)));
    if known.is_empty() {
        return no(700_212, "audience");
    }
    let signs = |certificate: &str| {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes());
        certificate.is_ok_and(|certificate| token.is_signed_by(&certificate))
    };
    if known.iter().any(|federation| signs(&federation.certificate)) {
        return Ok(());
    }
    Err(refuse(401, "invalid_client", 50_166, "The signature of the federated assertion can't be validated."))
}

/// Whether the header names the certificate. Clients differ in how they write a thumbprint.
fn has_thumbprint(header: &Header, certificate: &CertificateDer<'_>) -> bool {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [&base64::alphabet::URL_SAFE, &base64::alphabet::STANDARD].map(|it| GeneralPurpose::new(it, lenient));
    let is = |text: &Option<String>, algorithm| {
        let found = text.as_ref().map(String::as_bytes);
        let expected = digest::digest(algorithm, certificate);
        let reads = |engine: &GeneralPurpose| {
            found.and_then(|text| engine.decode(text).ok()).is_some_and(|bytes| bytes == expected.as_ref())
        };
        engines.iter().any(reads)
    };
    is(&header.sha256, &digest::SHA256) || is(&header.sha1, &digest::SHA1_FOR_LEGACY_USE_ONLY)
}
