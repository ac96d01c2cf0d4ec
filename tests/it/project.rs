//! A project in a folder, and the command run in it.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const CANARY: &str = "canary-7f3a9c";

/// The command, with the system's own ways to deal with signals: whoever started the tests may ignore some, as a shell does for
/// what it starts in the background, and credflow keeps that.
pub(crate) fn program() -> Command {
    let [program, arguments @ ..] = &words(env!("CARGO_BIN_EXE_credflow"))[..] else { unreachable!("it has a name") };
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// What starts a program so.
pub(crate) fn words(program: &str) -> Vec<&str> {
    #[cfg(unix)]
    if (1..=15).any(|signal| signal != 13 && credflow::run::is_ignored(signal)) {
        // By its path: the test may set another `PATH`.
        return vec!["/usr/bin/env", "--default-signal", program];
    }
    vec![program]
}

/// The command in a folder, with nothing of this environment but what finds programs.
pub(crate) fn credflow(folder: &Path, args: &[&str]) -> Command {
    let mut command = program();
    command.args(args).current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    credflow(folder, args).output().expect("a process")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a configuration, vaults that hold the canary, and a workflow.
pub(crate) fn project(workflow: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "
stores:
  payments:
    vault-url: https://payments.vault.azure.net
    tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: { env: PAYMENTS_CLIENT_SECRET }
credentials:
  named: { store: payments, secret-name: plain }
";
    let vaults = format!(
        "
payments:
  plain: {CANARY}
  lines: \"{CANARY}-first\\n{CANARY}-second\\n\"
  json: '{{\"user\": \"{CANARY}-user\", \"n\": 1.10, \"nothing\": null}}'
  disabled: [{{ value: {CANARY}, enabled: false }}]
  expired: [{{ value: {CANARY}, expires: 1000000000 }}]
  pinned:
    - {{ version: 0f1e2d3c4b5a69788796a5b4c3d2e1f0, value: {CANARY}-old }}
    - {CANARY}-new
  nul: \"{CANARY}\\0\"
"
    );
    fs::write(folder.path().join("credflow.yaml"), config).expect("a file");
    fs::write(folder.path().join("vaults.yaml"), vaults).expect("a file");
    fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
    folder
}

pub(crate) const EMULATE: [&str; 2] = ["--emulate", "vaults.yaml"];
