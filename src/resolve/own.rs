//! credflow's own credentials, which no step may show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::config::{Proof, SecretSource, StoreProof};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::secret::Secret;
use crate::store::{apart_with, read_file};

/// How the block of a private key begins and ends in a PEM file; its certificates are public.
const KEY: [&str; 2] = ["-----BEGIN ", "-----END "];

/// What a private key's block is called, at the end.
const PRIVATE: &str = "PRIVATE KEY-----";

/// The largest file that is looked at, in bytes.
const LARGEST: usize = 1 << 20;

/// How long a file may take. It has longer while secrets are still being fetched, and then holds nobody up.
const READ_TIME: Duration = Duration::from_secs(5);

/// credflow's own credentials, while the files that hold some are being read.
pub(super) struct Credentials {
    known: Vec<Arc<Secret>>,
    /// Those that aren't read yet.
    files: Vec<Option<PathBuf>>,
    /// What the files hold, each by its place among them.
    reads: JoinSet<(usize, Vec<Arc<Secret>>)>,
    end: Instant,
}

impl Credentials {
    /// Begins to read. A file that hangs is not read again before that ends.
    pub(super) fn of(proofs: &[StoreProof], deadline: Instant) -> Self {
        let (known, files) = find(proofs);
        let mut reads = JoinSet::new();
        for (index, (path, content)) in files.iter().cloned().enumerate() {
            reads.spawn(async move {
                let file = path.clone();
                (index, apart_with(&path, move || content.of(&file)).await)
            });
        }
        let files = files.into_iter().map(|(path, _)| Some(path)).collect();
        Self { known, files, reads, end: deadline.min(Instant::now() + READ_TIME) }
    }

    /// All of them. A file that can't be read is no fault here, as who needs it says so; one that can't be read in time is a
    /// warning.
    pub(super) async fn read(mut self) -> (Vec<Arc<Secret>>, Diagnostics) {
        while let Ok(Some(read)) = timeout_at(self.end, self.reads.join_next()).await {
            if let Ok((index, secrets)) = read {
                self.known.extend(secrets);
                self.files[index] = None;
            }
        }
        let late: BTreeSet<PathBuf> = self.files.into_iter().flatten().collect();
        let mut warnings = Diagnostics::new();
        warnings.extend(late.iter().map(|path| unmasked(path)));
        (self.known, warnings)
    }
}

fn unmasked(path: &Path) -> Diagnostic {
    let message = format!("reading {} timed out; the credential in it is not masked", path.display());
    Diagnostic::warning(Code::UnmaskedFile, message).help("check the drive that the file is on, and run again")
}

/// The client secrets and other own secrets of stores that stand in the configuration, the tokens of platforms, and the files
/// that hold such secrets or the keys of client certificates. Those in variables are withheld from steps and masked as such.
fn find(proofs: &[StoreProof]) -> (Vec<Arc<Secret>>, Vec<(PathBuf, Content)>) {
    let (mut known, mut files) = (Vec::new(), Vec::new());
    let (mut secrets, mut secret_files) = (Vec::new(), Vec::new());
    let mut secret = |source: &SecretSource| match source {
        SecretSource::Literal(secret) => secrets.push(Arc::clone(secret)),
        SecretSource::File(path) => secret_files.push((path.clone(), Content::Secret)),
        SecretSource::Variable(_) => {}
    };
    for proof in proofs {
        let proof = match proof {
            StoreProof::Azure(proof) => proof,
            StoreProof::Own(sources) => {
                sources.iter().for_each(&mut secret);
                continue;
            }
        };
        match proof {
            Proof::ClientSecret { secret: source, .. } => secret(source),
            Proof::AzureCli => {}
            Proof::ClientCertificate { certificate, .. } => files.push((certificate.clone(), Content::Keys)),
            Proof::WorkloadIdentity { token_file, .. } => {
                let file = token_file.clone().or_else(|| named("AZURE_FEDERATED_TOKEN_FILE"));
                files.extend(file.map(|path| (path, Content::Token)));
            }
            Proof::ManagedIdentity { .. } => known.extend(variable("IDENTITY_HEADER")),
            Proof::Environment => {
                known.extend(variable("AZURE_CLIENT_CERTIFICATE_PASSWORD"));
                files.extend(named("AZURE_CLIENT_CERTIFICATE_PATH").map(|path| (path, Content::Keys)));
                files.extend(named("AZURE_FEDERATED_TOKEN_FILE").map(|path| (path, Content::Token)));
            }
        }
    }
    known.extend(secrets);
    files.extend(secret_files);
    (known, files)
}

/// A token, and those parts of it that are its own: the first part of a JWT says how it is signed, as those of others do.
pub(super) fn token(token: &Arc<Secret>) -> Vec<Arc<Secret>> {
    let parts = token.expose().split('.').skip(1).filter(|part| !part.is_empty());
    [Arc::clone(token)].into_iter().chain(parts.map(|part| Arc::new(Secret::concat([part])))).collect()
}

/// What a variable of the environment holds, if it holds something.
pub(super) fn variable(name: &str) -> Option<Arc<Secret>> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.map(|value| Arc::new(Secret::new(value)))
}

/// The file that a variable names.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// What a file holds.
#[derive(Clone, Copy)]
enum Content {
    Secret,
    Token,
    Keys,
}

impl Content {
    fn of(self, path: &Path) -> Vec<Arc<Secret>> {
        let Some(text) = text(path) else { return Vec::new() };
        let whole = || Arc::new(Secret::concat([text.trim()]));
        match self {
            Self::Secret => vec![whole()],
            Self::Token => token(&whole()),
            Self::Keys => keys(&text).map(|key| Arc::new(Secret::concat([key]))).collect(),
        }
    }
}

/// The text of a file, if it has one. What isn't a plain file may give its text once, and that to whoever fetches.
fn text(path: &Path) -> Option<Zeroizing<String>> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let bytes = read_file(path, LARGEST).ok()?;
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
