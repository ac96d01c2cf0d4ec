//! What official clients need to reach the emulator, as lines for a shell. No value of a secret stands in them.

use std::fmt::Write;
use std::path::Path;

use super::client::{Client, Proof};
use super::project::Project;
use crate::cli::args::Sdk;
use crate::emulator::{Origin, Vault};

/// The lines for a client of vaults that are served there, below that domain.
pub(super) fn lines(
    sdk: Sdk,
    project: &Project,
    client: &Client,
    vaults: &[Vault],
    origin: &Origin,
    domain: &str,
) -> String {
    let mut out = String::new();
    let mut export = |name: &str, value: &str| {
        let _ = writeln!(out, "export {name}={value}");
    };
    let ca = path(&project.ca_file());
    if sdk != Sdk::Az {
        export("AZURE_TENANT_ID", &quoted(&client.tenant));
        export("AZURE_CLIENT_ID", &quoted(&client.id));
        match &client.proof {
            Proof::Secret(file) => export("AZURE_CLIENT_SECRET", &format!("\"$(cat {})\"", path(file))),
            Proof::Certificate(file) => export("AZURE_CLIENT_CERTIFICATE_PATH", &path(file)),
        }
        export("AZURE_AUTHORITY_HOST", &origin.authority());
        for vault in vaults {
            export(&variable(vault.name()), &origin.client_url(vault.name()));
        }
    }
    match sdk {
        Sdk::Python => export("REQUESTS_CA_BUNDLE", &ca),
        Sdk::Js => export("NODE_EXTRA_CA_CERTS", &ca),
        Sdk::Rust | Sdk::Go | Sdk::Dotnet => export("SSL_CERT_FILE", &ca),
        Sdk::Az => {
            export("REQUESTS_CA_BUNDLE", &ca);
            export("AZURE_CONFIG_DIR", &path(&project.azure_config()));
            out.push_str(&az(client, origin, domain));
        }
    }
    for hint in hints(sdk, vaults, origin, domain) {
        let _ = writeln!(out, "# {hint}");
    }
    out
}

/// What a person must do beside that. A shell that takes the lines over swallows comments.
pub(super) fn hints(sdk: Sdk, vaults: &[Vault], origin: &Origin, domain: &str) -> Vec<String> {
    let hint = match sdk {
        Sdk::Python => "give the credential disable_instance_discovery=True",
        Sdk::Js => "give the credential disableInstanceDiscovery: true",
        Sdk::Go => "give the credential DisableInstanceDiscovery: true",
        Sdk::Dotnet => "give the credential DisableInstanceDiscovery = true",
        Sdk::Rust => "AZURE_AUTHORITY_HOST is read by the credential's default options",
        Sdk::Az => "for example: az keyvault secret list --vault-name NAME",
    };
    let names: Vec<String> = vaults.iter().map(|vault| format!("{}.{domain}", vault.name())).collect();
    let address = origin.address().ip();
    let is_local = domain.ends_with("localhost");
    let whose =
        if is_local { "where names below localhost aren't this machine's" } else { "where nobody knows the names" };
    let address = if address.is_unspecified() { "127.0.0.1".to_owned() } else { address.to_string() };
    vec![hint.to_owned(), format!("{whose}, /etc/hosts needs: {address} {}", names.join(" "))]
}

/// The variable with a vault's address; a name doesn't begin with a digit.
fn variable(vault: &str) -> String {
    let name = vault.replace(['-', '.'], "_").to_ascii_uppercase();
    let prefix = if name.starts_with(|first: char| first.is_ascii_digit()) { "VAULT_" } else { "" };
    format!("{prefix}{name}_VAULT_URL")
}

/// What makes the command az know a cloud of the emulator's, by its host and port, and logs in.
fn az(client: &Client, origin: &Origin, domain: &str) -> String {
    let (authority, port) = (origin.authority(), origin.address().port());
    let is_local = domain.ends_with("localhost");
    let host = if is_local { String::new() } else { format!("-{}", domain.replace('.', "-")) };
    let cloud = format!("credflow{host}-{port}");
    let management = format!("https://management.{}:{port}/", if is_local { "localhost" } else { domain });
    let proof = match &client.proof {
        Proof::Secret(file) => format!("-p \"$(cat {})\"", path(file)),
        Proof::Certificate(file) => format!("--certificate {}", path(file)),
    };
    let (id, tenant) = (quoted(&client.id), quoted(&client.tenant));
    format!(
        "az cloud show -n {cloud} >/dev/null 2>&1 || az cloud register -n {cloud} --skip-endpoint-discovery \\
  --endpoint-active-directory {authority} --endpoint-resource-manager {authority}/ \\
  --endpoint-management {management} \\
  --endpoint-active-directory-resource-id {management} \\
  --endpoint-active-directory-graph-resource-id {management} \\
  --suffix-keyvault-dns .{domain}:{port}
az cloud set -n {cloud} && az config set core.instance_discovery=false --only-show-errors
az login --service-principal -u {id} {proof} --tenant {tenant} --skip-subscription-discovery --output none
"
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}
