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
/// tokens of platforms. Secrets in variables are withheld from steps and masked as such. What can't be read is no
/// fault here: who needs it says so.
pub(super) fn credentials<P>(plan: &Plan<P>) -> Vec<Arc<Secret>> {
    let mut found = Vec::new();
    for proof in plan.proofs() {
        match proof {
            Proof::ClientSecret { secret: SecretSource::Literal(secret), .. } => found.push(Arc::clone(secret)),
            Proof::ClientSecret { secret: SecretSource::File(path), .. }
            | Proof::WorkloadIdentity { token_file: Some(path), .. } => {
                found.extend(text(path).map(|text| Arc::new(Secret::concat([text.trim()]))));
            }
            Proof::ClientCertificate { certificate, .. } => {
                let text = text(certificate);
                found.extend(text.iter().flat_map(|text| keys(text)).map(|key| Arc::new(Secret::concat([key]))));
            }
            _ => {}
        }
    }
    found
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
