//! A configuration for the vaults that are served, to be used as it is.

use std::fmt::Write;
use std::path::Path;

use super::client::{Clients, Proof};
use crate::emulator::{Origin, Vault};

/// The configuration, as it is written to `credflow.yaml`.
pub(super) fn configuration(
    origin: &Origin,
    vaults: &[Vault],
    clients: &Clients<'_>,
    ca_file: Option<&Path>,
) -> String {
    let mut out = String::from("# credflow.yaml for these vaults, which are not for real secrets\nstores:\n");
    let quoted = |path: &Path| crate::yaml::quoted(&path.display().to_string()).to_string();
    let mut stores = 0;
    for vault in vaults {
        let name = vault.name();
        let Some(client) = clients.of(vault) else {
            let _ = writeln!(out, "  # {name}: no application of its tenant can prove itself now");
            continue;
        };
        if origin.domain().is_none() {
            let _ = writeln!(out, "  # {name}: credflow finds vaults by name; give the emulator one with --host");
            continue;
        }
        stores += 1;
        let _ = writeln!(out, "  {name}:");
        let _ = writeln!(out, "    vault-url: {}", origin.vault_url(name));
        let _ = writeln!(out, "    authority: {}", origin.authority());
        let _ = writeln!(out, "    tenant-id: {}", client.tenant);
        let _ = writeln!(out, "    client-id: {}", client.id);
        let _ = match &client.proof {
            Proof::Secret(path) => writeln!(out, "    client-secret: {{ file: {} }}", quoted(path)),
            Proof::Certificate(path) => writeln!(out, "    client-certificate: {}", quoted(path)),
        };
        let resource = origin.resource_at(&origin.vault_url(name));
        let _ = writeln!(out, "    azure-resource: {}", resource.as_deref().unwrap_or(vault.resource()));
        if let Some(path) = ca_file {
            let _ = writeln!(out, "    ca-file: {}", quoted(path));
        }
    }
    if stores == 0 {
        out.push_str("  {}\n");
    }
    out
}
