//! What a workflow engine gets without asking: whoever runs a filled workflow masks and withholds.
#![cfg(unix)]

use credflow::config::Config;
use credflow::emulator::{Emulator, Vault};
use credflow::mask::MaskSet;
use credflow::render::FilledWorkflow;
use credflow::resolve::{ResolveOptions, Resolver};
use credflow::run::{Command, Event, Options, run};
use credflow::source::Source;
use credflow::workflow::Workflow;

use crate::running::start;

/// A variable that every test has, long enough to be masked everywhere.
const VARIABLE: &str = "CARGO_PKG_DESCRIPTION";

const LITERAL: &str = "literal-client-secret";

/// A workflow whose store has its client secret in a variable. Other stores have one in the configuration, and in a file.
async fn filled(file: &std::path::Path, script: &str) -> FilledWorkflow {
    let config = format!(
        "stores:
  payments:
    vault-url: https://payments.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: {{ env: {VARIABLE} }}
  literal:
    vault-url: https://literal.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: {LITERAL}
  file:
    vault-url: https://file.vault.azure.net
    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08
    client-secret: {{ file: {} }}
",
        file.display()
    );
    let (config, _) = Config::parse(&Source::private("credflow.yaml", config)).expect("a configuration");
    let text =
        format!("steps:\n  - env: {{ PASSWORD: '$<credential:payments/db#/password>' }}\n    run: |\n      {script}\n");
    let (workflow, _) = Workflow::read(&Source::new("deploy.yaml", text)).expect("a workflow");
    let plan = workflow.plan(Some(&config)).expect("a plan");
    let vault = Vault::new("payments").secret("db", r#"{"password": "hunter2-of-db", "user": "whole-value"}"#);
    let emulator = Emulator::builder().vault(vault).start().await.expect("an emulator");
    let plan = plan.with_stores(|store| emulator.redirect(store));
    Resolver::new().resolve(&plan, ResolveOptions::default()).await.expect("values").render()
}

fn secrets(folder: &tempfile::TempDir) -> (std::path::PathBuf, String) {
    let file = folder.path().join("client-secret");
    std::fs::write(&file, "client-secret-of-a-file\n").expect("a file");
    let variable = std::env::var(VARIABLE).expect("cargo sets it");
    (file, variable)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn default_options_withhold_and_mask() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, variable) = secrets(&folder);
    let script = format!(
        "env; cat '{}'; echo '{variable}'; echo {LITERAL}; echo 'user: whole-value' '{{\"password\": \"hunter2-of-db\", \"user\": \"whole-value\"}}'",
        file.display()
    );
    let told = start(runtime().block_on(filled(&file, &script)), Options::default());
    assert!(told.execution().is_success());
    let text = told.text();
    assert!(text.contains("PASSWORD=***\n"), "{text}");
    assert!(!text.contains(&format!("{VARIABLE}=")), "withheld: {text}");
    for secret in [&*variable, LITERAL, "client-secret-of-a-file", "hunter2-of-db", "{\"password"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_wrapped_command_is_no_different() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, variable) = secrets(&folder);
    let runtime = runtime();
    let mut command = Command::new(runtime.block_on(filled(&file, "env")), "sh");
    command.arguments = vec!["-c".into(), format!("env; echo '{variable}' {LITERAL}").into()];
    let (told, shown) = std::sync::mpsc::channel();
    let outcome = runtime.block_on(command.execute(move |_, bytes, _| {
        told.send(bytes.to_vec()).expect("the test listens");
        Ok(())
    }));
    assert!(!outcome.is_failure());
    let text = String::from_utf8(shown.into_iter().flatten().collect()).expect("text");
    assert!(text.contains("PASSWORD=***\n") && !text.contains(&format!("{VARIABLE}=")), "{text}");
    assert!(!text.contains(&variable) && !text.contains(LITERAL), "{text}");
}

/// An engine with an executor of its own finds all of it in the same place.
#[test]
fn safeguards_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, variable) = secrets(&folder);
    let mut filled = runtime().block_on(filled(&file, "env"));
    assert_eq!(filled.safeguards().withheld(), [VARIABLE]);
    let values: Vec<&str> = filled.safeguards().values().iter().map(|value| value.expose()).collect();
    assert_eq!(values, [r#"{"password": "hunter2-of-db", "user": "whole-value"}"#, "hunter2-of-db"]);
    let is_token = |value: &&std::sync::Arc<credflow::secret::Secret>| value.expose().matches('.').count() == 2;
    assert!(filled.safeguards().masked().any(|value| is_token(&value)), "the token is masked");
    filled.withhold("CARGO_MANIFEST_DIR");
    let masks = MaskSet::new(filled.safeguards().masked().cloned());
    for value in [&*variable, LITERAL, "client-secret-of-a-file", env!("CARGO_MANIFEST_DIR")] {
        assert_eq!(masks.mask(value.as_bytes()), b"***");
    }
}

/// The whole of it for a workflow without references: no network, no configuration.
#[test]
fn a_workflow_without_references_needs_nothing() {
    let execution = runtime().block_on(async {
        let (workflow, _) = Workflow::read(&Source::new("w.yaml", "steps: [{ run: 'true' }]"))?;
        let filled = Resolver::new().resolve(&workflow.plan(None)?, ResolveOptions::default()).await?.render();
        let execution = run(filled, Options::default(), Box::new(|_: Event| {})).await?;
        Ok::<_, Box<dyn std::error::Error>>(execution)
    });
    assert!(execution.expect("a run").is_success());
}
