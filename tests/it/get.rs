//! `get`, and standard input in the place of a workflow.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};

fn get(folder: &Path, args: &[&str]) -> Output {
    run(folder, &[&["get"], args, &EMULATE].concat())
}

#[test]
fn a_value_is_written_as_it_is() {
    let folder = project("");
    let cases = [
        ("payments/plain", CANARY.to_owned()),
        ("named", CANARY.to_owned()),
        ("$<credential:payments/plain>", CANARY.to_owned()),
        ("payments/pinned/0f1e2d3c4b5a69788796a5b4c3d2e1f0", format!("{CANARY}-old")),
        ("payments/json#/user", format!("{CANARY}-user")),
        ("payments/lines", format!("{CANARY}-first\n{CANARY}-second\n")),
        ("payments/nul", format!("{CANARY}\0")),
    ];
    for (reference, value) in &cases {
        let output = get(folder.path(), &[reference, "--audit", "audit.jsonl"]);
        assert_eq!((code(&output), text(&output.stdout)), (Some(0), value.clone()), "{}", text(&output.stderr));
        assert!(!text(&output.stderr).contains(CANARY));
    }
    let audit = fs::read_to_string(folder.path().join("audit.jsonl")).expect("an audit");
    assert_eq!(
        audit.matches("\"step\":\"main/#1\",\"variable\":\"stdout\",\"outcome\":\"revealed\"").count(),
        cases.len()
    );
    assert_eq!(code(&run(folder.path(), &["audit", "verify", "audit.jsonl"])), Some(0));
}

#[test]
fn what_is_wrong_with_a_reference_is_told() {
    let folder = project("");
    let mut shown = String::new();
    for reference in [
        "payments/none",
        "payment/plain",
        "nobody",
        "payments/a_b",
        "payments/plain> x $<credential:payments/plain",
        "",
        "payments/json#/none",
    ] {
        let output = get(folder.path(), &[reference, "--audit", "audit.jsonl"]);
        assert!(output.stdout.is_empty());
        let status = code(&output).expect("a code");
        shown += &[format!("{reference:?}: {status}\n"), text(&output.stderr), "\n".to_owned()].concat();
    }
    assert!(!shown.contains(CANARY), "{shown}");
    insta::assert_snapshot!("wrong_references", shown);
    // Who can't be told who was shown what shows nothing.
    let output = get(folder.path(), &["payments/plain", "--audit", "no/such/folder/audit.jsonl"]);
    assert_eq!((code(&output), text(&output.stdout).as_str()), (Some(3), ""));
}

/// A credential is for where its scope says.
#[test]
fn a_scope_holds_for_get() {
    let folder = project("");
    let path = folder.path().join("credflow.yaml");
    let config = fs::read_to_string(&path).expect("a file");
    for (scope, expected) in [("deploy/*/*", 1), ("get/*/*", 0)] {
        fs::write(&path, config.replace("secret-name: plain }", &format!("secret-name: plain, scope: {scope} }}")))
            .expect("a file");
        let output = get(folder.path(), &["named"]);
        assert_eq!(code(&output), Some(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn a_dash_is_standard_input() {
    let folder = project("");
    let fed = |args: &[&str], input: &str| {
        let mut child = credflow(folder.path(), args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        // One that reads nothing of it is gone before it is written.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("an end")
    };
    let workflow = "steps:\n  - run: x\n    env: { A: $<credential:payments/plain> }\n";
    let check = fed(&["check", "-"], workflow);
    assert_eq!((code(&check), text(&check.stderr).as_str()), (Some(0), "stdin: no errors; 1 secret of 1 store\n"));
    let plan = fed(&["plan", "-"], workflow);
    assert!(code(&plan) == Some(0) && text(&plan.stdout).contains("stdin:3:15"), "{}", text(&plan.stdout));
    let render = fed(&[&["render", "-", "--reveal"], &EMULATE[..]].concat(), workflow);
    assert_eq!(text(&render.stdout), workflow.replace("$<credential:payments/plain>", &format!("\"{CANARY}\"")));
    let wrong = fed(&["check", "-"], "steps: [{ run: x, env: { A: $<credential:nowhere/x> } }]");
    assert!(code(&wrong) == Some(1) && text(&wrong.stderr).contains("--> stdin:1:29"), "{}", text(&wrong.stderr));
    assert!(text(&fed(&["check", "-"], "").stderr).contains("stdin is empty"));
    let twice = fed(&["check", "-", "-"], workflow);
    assert_eq!(code(&twice), Some(2), "{}", text(&twice.stderr));
}
