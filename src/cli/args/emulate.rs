//! The arguments of `emulate`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct Emulate {
    #[command(subcommand)]
    pub(in crate::cli) action: Option<EmulateAction>,
    /// What the vaults hold, or all that the emulator begins with.
    #[arg(value_name = "VAULTS", required_unless_present_any = ["dotenv", "state"])]
    pub(in crate::cli) vaults: Option<PathBuf>,
    /// Fill a vault from a dotenv file, `DB_PASSWORD` becoming `db-password`; may be given for several vaults.
    #[arg(long, value_name = "VAULT=FILE", value_parser = dotenv)]
    pub(in crate::cli) dotenv: Vec<(String, PathBuf)>,
    /// The port; 0 for any free one [default: 8443, or with --print-env that of the emulator that runs].
    #[arg(long)]
    pub(in crate::cli) port: Option<u16>,
    /// Speak plain HTTP.
    #[arg(long)]
    pub(in crate::cli) http: bool,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(in crate::cli) listen: IpAddr,
    /// A name or address by which clients reach it, with the vaults below it: VAULT.NAME; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) host: Vec<String>,
    /// Let --listen name an address that other machines reach.
    #[arg(long)]
    pub(in crate::cli) expose: bool,
    /// Keep what the vaults hold in a file, and begin with what is in it.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<PathBuf>,
    /// Shift the emulator's time, as if it were started then: 2027-01-31, 2027-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(in crate::cli) now: Option<i64>,
    /// Write what a client needs as lines for a shell, and end; the emulator is started without this.
    #[arg(long, value_enum, value_name = "CLIENT")]
    pub(in crate::cli) print_env: Option<Sdk>,
    #[command(flatten)]
    pub(in crate::cli) project: Project,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Project {
    /// Where the certificate authority and the keys are kept [default: .credflow beside VAULTS, or in a folder above].
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EmulateAction {
    /// Set a secret of the emulator that runs; the value comes from standard input, byte for byte.
    #[command(after_help = "Example:\n  printf %s hunter2 | credflow emulate set payments/db-password")]
    Set {
        /// The vault and the secret.
        #[arg(value_name = "STORE/SECRET")]
        secret: String,
        #[command(flatten)]
        project: Project,
    },
    /// Write what the vaults of the emulator that runs hold, masked unless told otherwise.
    #[command(after_help = "Example:\n  credflow emulate export --reveal -o vaults.yaml")]
    Export(Export),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// Only this vault.
    #[arg(value_name = "STORE", required_if_eq("format", "dotenv"))]
    pub(in crate::cli) store: Option<String>,
    /// How it is written: as VAULTS with all versions, or the latest ones of one vault as a dotenv file.
    #[arg(long, value_enum, default_value_t = ExportFormat::Yaml)]
    pub(in crate::cli) format: ExportFormat,
    /// Show the values.
    #[arg(long)]
    pub(in crate::cli) reveal: bool,
    /// Write into a file that only its owner can read, whole or not at all.
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) project: Project,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// As VAULTS, with all versions.
    Yaml,
    /// The latest versions of one vault as NAME=VALUE lines.
    Dotenv,
}

/// A client that can be told of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Sdk {
    /// azure-identity and azure-keyvault-secrets.
    Python,
    /// @azure/identity and @azure/keyvault-secrets, on Node.
    Js,
    /// `azure_identity` and `azure_security_keyvault_secrets`.
    Rust,
    /// azidentity and azsecrets.
    Go,
    /// The command az.
    Az,
    /// Azure.Identity and Azure.Security.KeyVault.Secrets.
    Dotnet,
}

fn address(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    text.parse().map_err(|_| "an address is like 127.0.0.1 or ::1; clients are told a name with `--host`".to_owned())
}

fn dotenv(text: &str) -> Result<(String, PathBuf), String> {
    let (vault, path) = text.split_once('=').ok_or("a vault and a file are VAULT=FILE")?;
    if !(3..=24).contains(&vault.len()) || !vault.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err("a vault's name has 3 to 24 letters, digits and dashes".to_owned());
    }
    Ok((vault.to_owned(), PathBuf::from(path)))
}

fn time(text: &str) -> Result<i64, String> {
    crate::emulator::parse_time(text).ok_or_else(|| "a time is 2027-01-31 or 2027-01-31T12:00:00Z".to_owned())
}
