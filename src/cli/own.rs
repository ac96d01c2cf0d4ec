//! credflow's own credentials, which no step may show.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::{Proof, SecretSource};
use crate::plan::Plan;
use crate::secret::Secret;

/// How the block of a private key begins and ends in a PEM file; its certificates are public.
const KEY: [&str; 2] = ["-----BEGIN ", "-----END "];

/// What a private key's block is called, at the end.
const PRIVATE: &str = "PRIVATE KEY-----";

/// The client secrets of all stores that stand in the configuration or in files, the keys of client certificates, and the
/// tokens of platforms. Client secrets in variables are withheld from steps and masked as such. What can't be read is no
/// fault here: who needs it says so.
pub(super) fn credentials<P>(plan: &Plan<P>) -> Vec<Arc<Secret>> {
    plan.proofs().iter().flat_map(of).collect()
}

fn of(proof: &Proof) -> Vec<Arc<Secret>> {
    match proof {
        Proof::ClientSecret { secret: SecretSource::Literal(secret), .. } => vec![Arc::clone(secret)],
        Proof::ClientSecret { secret: SecretSource::File(path), .. } => whole(path),
        Proof::ClientSecret { secret: SecretSource::Variable(_), .. } | Proof::AzureCli => Vec::new(),
        Proof::ClientCertificate { certificate, .. } => private_keys(certificate),
        Proof::WorkloadIdentity { token_file, .. } => token_file.as_deref().map_or_else(platform_token, token),
        Proof::ManagedIdentity { .. } => variable("IDENTITY_HEADER"),
        Proof::Environment => {
            let certificate = std::env::var_os("AZURE_CLIENT_CERTIFICATE_PATH");
            let keys = certificate.map_or_else(Vec::new, |path| private_keys(Path::new(&path)));
            [keys, variable("AZURE_CLIENT_CERTIFICATE_PASSWORD"), platform_token()].concat()
        }
    }
}

/// Tokens, and those parts of each that are its own: the first part of a JWT says how it is signed, as those of others do.
pub(super) fn tokens<'t>(tokens: impl IntoIterator<Item = &'t Arc<Secret>>) -> Vec<Arc<Secret>> {
    let parts = |token: &Arc<Secret>| -> Vec<Arc<Secret>> {
        let parts = token.expose().split('.').skip(1).filter(|part| !part.is_empty());
        parts.map(|part| Arc::new(Secret::concat([part]))).collect()
    };
    tokens.into_iter().flat_map(|token| [vec![Arc::clone(token)], parts(token)].concat()).collect()
}

/// The token of a platform that the environment names.
fn platform_token() -> Vec<Arc<Secret>> {
    std::env::var_os("AZURE_FEDERATED_TOKEN_FILE").map_or_else(Vec::new, |path| token(Path::new(&path)))
}

fn token(path: &Path) -> Vec<Arc<Secret>> {
    tokens(&whole(path))
}

fn whole(path: &Path) -> Vec<Arc<Secret>> {
    text(path).iter().map(|text| Arc::new(Secret::concat([text.trim()]))).collect()
}

fn private_keys(path: &Path) -> Vec<Arc<Secret>> {
    text(path).iter().flat_map(|text| keys(text)).map(|key| Arc::new(Secret::concat([key]))).collect()
}

fn variable(name: &str) -> Vec<Arc<Secret>> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .map(|value| Arc::new(Secret::new(value)))
        .into_iter()
        .collect()
}

/// The text of a file, if it has one.
fn text(path: &Path) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(std::fs::read(path).ok()?);
    str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// The private keys of a PEM file.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.match_indices(KEY[0]).map(|(begin, _)| &text[begin..]);
    blocks.filter_map(|block| {
        let end = block.find(KEY[1])?;
        let line = block.lines().next()?;
        line.trim_end().ends_with(PRIVATE).then(|| &block[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn keys_are_taken_without_certificates() {
        let text = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\
                    -----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\n";
        assert_eq!(keys(text).collect::<Vec<_>>(), ["-----BEGIN EC PRIVATE KEY-----\nMHcC\n"]);
    }
}
