//! What to do about an error of an emulated vault: it is its seed that is to be mended, not Azure.

use std::path::Path;

use crate::config::Store;
use crate::diagnostic::nearest;
use crate::emulator::Seed;
use crate::reference::{SecretName, SecretVersion};
use crate::store::FetchError;

/// What a seed holds, for remedies.
pub(super) struct Advice {
    seed: String,
    vaults: Vec<Held>,
}

/// A vault of a seed, by all its names, with its secrets.
struct Held {
    names: Vec<String>,
    secrets: Vec<(SecretName, Vec<SecretVersion>)>,
}

impl Advice {
    /// That of a seed as it was read from a file.
    pub(super) fn of(seed: &Seed, path: &Path) -> Self {
        let held = |vault: &crate::emulator::Vault| Held {
            names: vault.names().map(str::to_owned).collect(),
            secrets: vault.secrets(),
        };
        Self { seed: path.display().to_string(), vaults: seed.vaults.iter().map(held).collect() }
    }

    /// What to do, in the seed's words.
    pub(super) fn remedy(
        &self,
        error: &FetchError,
        store: &Store,
        secret: &SecretName,
        version: Option<SecretVersion>,
    ) -> String {
        let (seed, vault) = (&self.seed, store.name.as_str());
        match error {
            FetchError::NotFound => self.absent(vault, secret, version),
            FetchError::Disabled => {
                format!("`{secret}` of the vault `{vault}` has `enabled: false` in {seed}; take that away")
            }
            FetchError::DeniedByRole | FetchError::Denied => {
                format!("give the client `Key Vault Secrets User` under `roles` of the vault `{vault}` in {seed}")
            }
            FetchError::DeniedByPolicy | FetchError::DeniedWithoutUser => {
                format!("give the client `get` under `access-policies` of the vault `{vault}` in {seed}")
            }
            FetchError::DeniedByFirewall(_) | FetchError::DeniedByConnection => {
                format!("write `network: open` in the vault `{vault}` of {seed}")
            }
            FetchError::Throttled | FetchError::Server(_) | FetchError::EntraBusy(_) => {
                format!("the emulator does what `faults` of {seed} say; take the fault away, or give it a `count`")
            }
            FetchError::WrongSecret
            | FetchError::SpoiltSecret(_)
            | FetchError::ExpiredSecret
            | FetchError::UnknownApplication
            | FetchError::DisabledApplication
            | FetchError::UnknownCertificate
            | FetchError::NoFederation => {
                format!("correct the client under `applications` of {seed}, or what the store `{vault}` says of it")
            }
            // What is amiss on this machine is so with an emulator too.
            error => error.remedy(store, secret, version),
        }
    }

    fn absent(&self, vault: &str, secret: &SecretName, version: Option<SecretVersion>) -> String {
        let seed = &self.seed;
        let held = self.vaults.iter().find(|held| held.names.iter().any(|name| name.eq_ignore_ascii_case(vault)));
        let secrets = held.map_or(&[][..], |held| &held.secrets);
        let known = secrets.iter().find(|(name, _)| name == secret);
        if let (Some((_, versions)), Some(version)) = (known, version) {
            let given = versions.contains(&version);
            return if given {
                format!("the version is in {seed}, and was deleted while the emulator ran")
            } else {
                format!(
                    "leave the version out, or add it to `{secret}` of the vault `{vault}` in {seed}: `{{ version: {version}, value: VALUE }}`"
                )
            };
        }
        match nearest(secret.as_str(), secrets.iter().map(|(name, _)| name.as_str())) {
            Some(meant) if known.is_none() => format!("did you mean `{meant}`? It is in the vault `{vault}` of {seed}"),
            _ => format!("add it to the vault `{vault}` in {seed}: `{secret}: VALUE`"),
        }
    }
}
