//! What official clients need to reach the emulator, as lines for a shell. No value of a secret stands in them.

use std::fmt::Write;

use super::project::Project;
use crate::cli::args::Sdk;
use crate::emulator::{Application, Vault};

/// The lines for a client of vaults that are served on that port.
pub(super) fn lines(sdk: Sdk, project: &Project, application: &Application, vaults: &[Vault], port: u16) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let path = |path: std::path::PathBuf| quoted(&path.display().to_string());
    let mut out = String::new();
    let mut export = |name: &str, value: &str| {
        let _ = writeln!(out, "export {name}={value}");
    };
    let (ca, secret) = (path(project.ca_file()), path(project.client_secret_file()));
    if sdk != Sdk::Az {
        export("AZURE_TENANT_ID", &quoted(&application.tenant));
        export("AZURE_CLIENT_ID", &quoted(&application.client));
        export("AZURE_CLIENT_SECRET", &format!("\"$(cat {secret})\""));
        export("AZURE_AUTHORITY_HOST", &format!("https://localhost:{port}"));
        for vault in vaults {
            let name = vault.name().replace(['-', '.'], "_").to_ascii_uppercase();
            export(&format!("{name}_VAULT_URL"), &format!("https://{}.vault.localhost:{port}", vault.name()));
        }
    }
    match sdk {
        Sdk::Python => export("REQUESTS_CA_BUNDLE", &ca),
        Sdk::Js => export("NODE_EXTRA_CA_CERTS", &ca),
        Sdk::Rust | Sdk::Go | Sdk::Dotnet => export("SSL_CERT_FILE", &ca),
        Sdk::Az => {
            export("REQUESTS_CA_BUNDLE", &ca);
            export("AZURE_CONFIG_DIR", &path(project.azure_config()));
            let _ = write!(
                out,
                "az cloud show -n credflow >/dev/null 2>&1 || az cloud register -n credflow --skip-endpoint-discovery \\
  --endpoint-active-directory https://localhost:{port} --endpoint-resource-manager https://localhost:{port}/ \\
  --endpoint-management https://management.localhost:{port}/ \\
  --endpoint-active-directory-resource-id https://management.localhost:{port}/ \\
  --endpoint-active-directory-graph-resource-id https://management.localhost:{port}/ \\
  --suffix-keyvault-dns .vault.localhost:{port}
az cloud set -n credflow && az config set core.instance_discovery=false --only-show-errors
az login --service-principal -u {} -p \"$(cat {secret})\" --tenant {} --skip-subscription-discovery --output none
",
                quoted(&application.client),
                quoted(&application.tenant)
            );
        }
    }
    let hint = match sdk {
        Sdk::Python => "give the credential disable_instance_discovery=True",
        Sdk::Js => "give the credential disableInstanceDiscovery: true",
        Sdk::Go => "give the credential DisableInstanceDiscovery: true",
        Sdk::Dotnet => "give the credential DisableInstanceDiscovery = true",
        Sdk::Rust => "AZURE_AUTHORITY_HOST is read by the credential's default options",
        Sdk::Az => "for example: az keyvault secret list --vault-name NAME",
    };
    let _ = writeln!(out, "# {hint}");
    let names: Vec<String> = vaults.iter().map(|vault| format!("{}.vault.localhost", vault.name())).collect();
    let _ = writeln!(
        out,
        "# where names below localhost aren't this machine's, /etc/hosts needs: 127.0.0.1 {}",
        names.join(" ")
    );
    out
}
