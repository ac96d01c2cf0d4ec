//! A dotenv file as the secrets of a vault.

use std::sync::Arc;

use super::Seed;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dotenv::assignments;
use crate::emulator::vault::Version;
use crate::emulator::{MAX_VALUE, Vault};
use crate::reference::{SecretName, StoreName};
use crate::secret::Secret;
use crate::source::Source;

/// Adds the assignments of a text to a vault: `DB_PASSWORD` becomes the secret `db-password`. Of two assignments to one
/// name the last one counts.
pub(super) fn read(seed: &mut Seed, vault: &str, source: &Arc<Source>) -> Result<(), Diagnostics> {
    let mut faults = Diagnostics::new();
    if let Err(error) = vault.parse::<StoreName>() {
        faults.push(Diagnostic::error(Code::WrongValue, format!("the vault's name {error}")));
    }
    let mut found: Vec<(SecretName, Secret)> = Vec::new();
    for assignment in assignments(source, &mut faults) {
        let value = Secret::new(assignment.value);
        if value.expose().len() > MAX_VALUE {
            let message = format!("a value of {} bytes; Key Vault takes {MAX_VALUE}", value.expose().len());
            faults.push(Diagnostic::error(Code::TooLarge, message).at(source, assignment.span, ""));
        }
        match assignment.name.replace('_', "-").to_ascii_lowercase().parse::<SecretName>() {
            Ok(name) => {
                found.retain(|(known, _)| *known != name);
                found.push((name, value));
            }
            Err(error) => {
                let message = format!("`{}` becomes a secret whose name {error}", assignment.name);
                faults.push(Diagnostic::error(Code::WrongValue, message).at(source, assignment.span, ""));
            }
        }
    }
    faults.finish(Some(()))?;
    let at = seed.vaults.iter().position(|known| known.is_called(vault)).unwrap_or_else(|| {
        seed.vaults.push(Vault::new(vault));
        seed.vaults.len() - 1
    });
    let filled = found
        .into_iter()
        .fold(seed.vaults.swap_remove(at), |filled, (name, value)| filled.version(&name, Version::new(value)));
    seed.vaults.push(filled);
    Ok(())
}
