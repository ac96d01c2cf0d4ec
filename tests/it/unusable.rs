//! Variables and arguments that no process can be given.
#![cfg(unix)]
#![allow(clippy::format_collect, reason = "a test has the time")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};

/// The letters are told by nobody.
fn large(kib: usize) -> String {
    "QZ".repeat(kib << 9)
}

fn told(stderr: &[u8], expected: &[&str]) {
    let stderr = text(stderr);
    for part in expected {
        assert!(stderr.contains(part), "{part:?} in {stderr}");
    }
    assert!(!stderr.contains("QZQZ"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_variable_that_is_too_long_is_named() {
    let folder = project(&format!("steps: [{{ env: {{ BIG: {}, SMALL: x }}, run: echo never }}]", large(200)));
    let output = run(folder.path(), &["run", "w.yaml"]);
    assert_eq!(code(&output), Some(126), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("never"));
    told(
        &output.stdout.iter().chain(&output.stderr).copied().collect::<Vec<_>>(),
        &["`BIG`", "200 KiB", "128 KiB", "`files:`"],
    );
    fs::write(folder.path().join("e.env"), format!("BIG={}\n", large(200))).expect("a file");
    let output = run(folder.path(), &["exec", "--env-file", "e.env", "--", "true"]);
    assert_eq!(code(&output), Some(126));
    told(&output.stderr, &["`BIG`", "200 KiB", "128 KiB", "`files:`"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_environment_that_is_too_large_is_told_by_its_largest_variables() {
    let many: String = (10..99).map(|at| format!("V{at}: {}, ", large(at))).collect();
    let folder = project(&format!("steps: [{{ env: {{ {many} SMALL: x }}, run: echo never }}]"));
    let output = run(folder.path(), &["run", "w.yaml"]);
    assert_eq!(code(&output), Some(126), "{}", text(&output.stderr));
    let all: Vec<u8> = output.stdout.into_iter().chain(output.stderr).collect();
    told(&all, &["`V98` (98 KiB)", "`V97` (97 KiB)", "4.7 MiB", "`files:`"]);
    assert!(!text(&all).contains("SMALL") && !text(&all).contains("V10"), "{}", text(&all));
    let many: String = (10..99).map(|at| format!("V{at}={}\n", large(at))).collect();
    fs::write(folder.path().join("e.env"), many).expect("a file");
    let output = run(folder.path(), &["exec", "--env-file", "e.env", "--", "true"]);
    assert_eq!(code(&output), Some(126));
    told(&output.stderr, &["`V98` (98 KiB)", "4.7 MiB", "`files:`"]);
}

#[test]
fn a_nul_is_told_by_variable_and_place_before_anything_starts() {
    let folder = project("steps: [{ env: { T: 'a $<credential:payments/nul>' }, run: touch started }]");
    let audited = ["--audit", "audit.jsonl"];
    let output = run(folder.path(), &[&["run", "w.yaml"], &EMULATE[..], &audited].concat());
    assert_eq!(code(&output), Some(125));
    told(&output.stderr, &["error[unusable-value]", "the value of `T` has a NUL character", "w.yaml:1:"]);
    let args = [&["exec"], &EMULATE[..], &audited, &["--", "touch", "started"]].concat();
    let output = credflow(folder.path(), &args).env("T", "a $<credential:payments/nul>").output().expect("a process");
    assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
    told(&output.stderr, &["error[unusable-value]", "the value of `T` has a NUL character", "variable T"]);
    fs::write(folder.path().join("e.env"), "A=1\nT=$<credential:payments/nul>\n").expect("a file");
    let args = [&["exec", "--env-file", "e.env"], &EMULATE[..], &audited, &["--", "touch", "started"]].concat();
    let output = run(folder.path(), &args);
    told(&output.stderr, &["the value of `T` has a NUL character", "e.env:2:3"]);
    assert!(!folder.path().join("started").exists());
    // It was fetched, and nobody was given it.
    let audit = fs::read_to_string(folder.path().join("audit.jsonl")).expect("the audit");
    let outcomes: Vec<bool> = audit.lines().map(|line| line.contains("\"outcome\":\"not-used\"")).collect();
    assert_eq!(outcomes, [true; 3], "{audit}");
    assert!(!text(&output.stderr).contains(CANARY));
}

#[test]
fn a_reference_among_bytes_that_are_not_utf8_is_told_by_its_variable() {
    let folder = project("");
    let bytes = |text: &str| OsString::from_vec([b"\xff", text.as_bytes()].concat());
    let args = [&["exec"], &EMULATE[..], &["--", "env"]].concat();
    let output = credflow(folder.path(), &args)
        .env("BROKEN", bytes("$<credential:payments/plain>"))
        .env("NEARLY", bytes("$<credentials:payments/plain>"))
        .env("PLAIN", bytes("plain"))
        .output()
        .expect("a process");
    assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
    told(&output.stderr, &["error[not-utf8]", "`BROKEN`"]);
    assert!(!text(&output.stderr).contains("PLAIN"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    // What the file says counts, and what holds no reference is passed on as it is.
    fs::write(folder.path().join("e.env"), "BROKEN=mended\n").expect("a file");
    let args = [&["exec", "--env-file", "e.env"], &EMULATE[..], &["--", "env"]].concat();
    let output = credflow(folder.path(), &args)
        .env("BROKEN", bytes("$<credential:payments/plain>"))
        .env("PLAIN", bytes("plain"))
        .output()
        .expect("a process");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.windows(12).any(|part| part == b"PLAIN=\xffplain"));
}

#[test]
fn files_need_names_that_variables_can_have() {
    let folder = project("steps: [{ files: { 'A=B': x }, run: touch started }, { files: { '': x }, run: x }]");
    let output = run(folder.path(), &["run", "w.yaml"]);
    assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
    assert!(!folder.path().join("started").exists());
}
