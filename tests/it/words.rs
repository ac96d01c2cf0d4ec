//! What is said when something goes wrong: at the right place, with the right remedy.

use std::fs;
use std::path::Path;

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};

fn told(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let err = text(&output.stderr);
    assert!(!err.contains(CANARY), "{err}");
    err
}

/// A step with one variable.
fn step(value: &str) -> String {
    format!("steps:\n  - run: 'true'\n    env:\n      A: $<credential:{value}>\n")
}

#[test]
fn a_failed_fetch_of_exec_names_the_variable() {
    let folder = project("");
    fs::write(folder.path().join("e.env"), "A=1\nB=$<credential:payments/no-such>\n").expect("a file");
    let exec = |args: &[&str]| {
        let args = [&["exec"], args, &EMULATE, &["--", "true"]].concat();
        let output = credflow(folder.path(), &args).env("ZED", "x $<credential:payments/plains>").output();
        text(&output.expect("a process").stderr)
    };
    let err = exec(&[]);
    assert!(err.contains("--> variable ZED\n") && !err.contains("environment:"), "{err}");
    let err = exec(&["--env-file", "e.env"]);
    assert!(err.contains("--> variable ZED\n") && err.contains("--> e.env:2:3\n"), "{err}");
}

#[test]
fn the_configuration_that_is_used_is_named() {
    let folder = project(&step("payments/plain"));
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    let found = format!("configuration: {}", folder.path().join("credflow.yaml").display());
    assert!(text(&run(&inner, &["stores"]).stdout).starts_with(&found));
    assert!(!told(folder.path(), &["plan", "w.yaml"]).contains("configuration:"));
    assert!(told(folder.path(), &["plan", "w.yaml", "-v"]).contains("configuration: credflow.yaml\n"));
    assert!(told(folder.path(), &["exec", "-v", "--", "true"]).contains("configuration: credflow.yaml\n"));
}

#[test]
fn a_configuration_is_checked_as_one() {
    let folder = project("");
    let check = |args: &[&str]| {
        let output = run(folder.path(), &[&["check"], args].concat());
        (code(&output), text(&output.stderr))
    };
    let fine = "credflow.yaml: no errors; a configuration with 1 store, 1 credential\n";
    assert_eq!(check(&["credflow.yaml"]), (Some(0), fine.to_owned()));
    fs::copy(folder.path().join("credflow.yaml"), folder.path().join("other.yaml")).expect("a copy");
    let (status, err) = check(&["other.yaml", "--config", "other.yaml"]);
    assert_eq!((status, err.as_str()), (Some(0), fine.replace("credflow.yaml", "other.yaml").as_str()));
    fs::write(
        folder.path().join("credflow.yaml"),
        "store: { a: { vault-url: https://a.vault.azure.net, identity: azure-cli } }\n",
    )
    .expect("a file");
    let (status, err) = check(&["credflow.yaml"]);
    assert!(
        status == Some(1) && err.contains("did you mean `stores`?") && err.contains("1 error, 0 warnings"),
        "{err}"
    );
}

#[test]
fn errors_of_an_emulator_are_mended_in_its_seed() {
    let folder = project("");
    let run_step = |value: &str| {
        fs::write(folder.path().join("w.yaml"), step(value)).expect("a file");
        told(folder.path(), &[&["run", "w.yaml"], &EMULATE[..]].concat())
    };
    let cases = [
        ("payments/plains", "did you mean `plain`? It is in the vault `payments` of vaults.yaml"),
        ("payments/zzz", "add it to the vault `payments` in vaults.yaml: `zzz: VALUE`"),
        ("payments/disabled", "has `enabled: false` in vaults.yaml"),
        ("payments/pinned/00000000000000000000000000000000", "leave the version out, or add it to `pinned`"),
    ];
    for (value, remedy) in cases {
        let err = run_step(value);
        assert!(err.contains(remedy) && !err.contains("az keyvault"), "{value}: {err}");
    }
    let seed = |network: &str| {
        let seed = format!("vaults: {{ payments: {{ network: {network}, secrets: {{ plain: {CANARY} }} }} }}\n");
        fs::write(folder.path().join("vaults.yaml"), seed).expect("a file");
        run_step("payments/plain")
    };
    let err = seed("firewall");
    assert!(err.contains("doesn't let 127.0.0.1 in") && err.contains("write `network: open`"), "{err}");
    let err = seed("closed");
    assert!(
        err.contains("`network` can't be `closed`") && err.contains("it is one of `open`, `firewall`, `private-link`"),
        "{err}"
    );
}

#[test]
fn odd_values_are_told_once_and_as_what_they_are() {
    let folder = project(
        "steps:\n  - run: 'true'\n    env:\n      A: $<credential:payments/empty>\n      B: $<credential:payments/broken>\n      C: \
         $<credential:payments/broken>\n      D: $<credential:payments/short>\n      E: $<credential:payments/lines>\n",
    );
    let seed = format!(
        "payments:\n  empty: ''\n  broken: \"{CANARY}\\n\"\n  short: abc\n  lines: \"{CANARY}\\n{CANARY}\\n\"\n"
    );
    fs::write(folder.path().join("vaults.yaml"), seed).expect("a file");
    let err = told(folder.path(), &[&["run", "w.yaml"], &EMULATE[..]].concat());
    assert_eq!(err.matches("warning[").count(), 3, "{err}");
    assert!(err.contains("warning[empty-value]: the value of `empty` of the store `payments` is empty\n"), "{err}");
    assert!(
        err.contains("warning[line-break]: the value of `broken` of the store `payments` ends with a line break\n"),
        "{err}"
    );
    assert!(
        err.contains("warning[common-value]: the value of `short` of the store `payments` is too short or too common"),
        "{err}"
    );
}

#[test]
fn what_there_is_much_of_is_no_long_line() {
    let jobs = (0..1000)
        .map(|at| {
            format!("  job-with-a-name-{at}: {{ needs: job-with-a-name-{}, steps: [{{ run: x }}] }}\n", (at + 1) % 1000)
        })
        .collect::<Vec<_>>()
        .concat();
    let folder = project(&format!("jobs:\n{jobs}"));
    let err = told(folder.path(), &["check", "w.yaml"]);
    assert!(err.contains("992 more") && err.lines().all(|line| line.len() < 400), "{err}");

    let bindings =
        (0..1000).map(|at| format!("      V{at}: $<credential:payments/s{at}>\n")).collect::<Vec<_>>().concat();
    fs::write(folder.path().join("w.yaml"), format!("steps:\n  - run: 'true'\n    env:\n{bindings}")).expect("a file");
    let secrets = (0..1000).map(|at| format!("  s{at}: {CANARY}-{at}\n")).collect::<Vec<_>>().concat();
    fs::write(folder.path().join("vaults.yaml"), format!("payments:\n{secrets}")).expect("a file");
    let output = run(folder.path(), &[&["run", "w.yaml"], &EMULATE[..]].concat());
    let shown = text(&output.stdout) + &text(&output.stderr);
    assert!(code(&output) == Some(0) && shown.contains("and 992 more"), "{shown}");
    assert!(shown.lines().all(|line| line.len() < 400), "{shown}");
}
