//! What programs cut out of a secret, under `credflow exec`: stars, and what is harmless stays readable.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use crate::project::{EMULATE, code, credflow, project, text};
use crate::waiting::skipped;

const JSON: &str = r#"{"type": "service_account", "project_id": "demo", "private_key": "-----BEGIN PRIVATE KEY-----\nPy68wdvK/T6x4g2HBwWnyZMkY2ssZ6ZV+Oni+xfNdxS1Z1LikATCmS1S+h0E\nGM0YvepW+iaQ2Srv6QTXrSZ6WPb8nhYRXtLUPNhG\n-----END PRIVATE KEY-----\n", "password": "Tr0ub4dor&3/\"x\\y'z"}"#;
const CONNECTION: &str = "DefaultEndpointsProtocol=https;AccountName=demostore;AccountKey=40rMoTEf03kMfL0mmL0QzNYF0uzEiHXCOyQykDUVd3FEkF+hYHrpnaKzHjLtjt8rVyNXPot1/DwlEy9Hay/rqw==;EndpointSuffix=core.windows.net";
const SETTINGS: &str = "DB_HOST=db.example.com\nAPI_TOKEN=q7LmZ2vKx9TrB4nWc8HyJ5dP\n";

/// Rows of letters that tell of a secret.
const TELLING: &[&str] = &["Py68w", "nyZMk", "GM0Yv", "UPNhG", "Tr0ub", "dor&3", "40rMo", "Hay/r", "q7LmZ", "yJ5dP"];

/// What a script prints on both of its streams that has all secrets, or one field alone.
fn shown(shell: &str, script: &str, variables: &[(&str, &str)]) -> (String, String) {
    let folder = project("");
    let quote = |value: &str| serde_json::to_string(value).expect("a string");
    let vaults = format!(
        "payments:\n  json: {}\n  connection: {}\n  settings: {}\n",
        quote(JSON),
        quote(CONNECTION),
        quote(SETTINGS)
    );
    fs::write(folder.path().join("vaults.yaml"), vaults).expect("a file");
    // What somebody else put there.
    fs::write(folder.path().join("key.json"), JSON).expect("a file");
    let args = [&["exec"], &EMULATE[..], &["--", shell, "-c", script]].concat();
    let mut command = credflow(folder.path(), &args);
    let output = command.envs(variables.iter().copied()).output().expect("a process");
    let shown = (text(&output.stdout), text(&output.stderr));
    for telling in TELLING {
        assert!(!shown.0.contains(telling) && !shown.1.contains(telling), "{script}: {shown:?}");
    }
    assert!(code(&output).is_some(), "{script}");
    shown
}

const ALL: [(&str, &str); 3] = [
    ("JSON", "$<credential:payments/json>"),
    ("CONNECTION", "$<credential:payments/connection>"),
    ("SETTINGS", "$<credential:payments/settings>"),
];

fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "there is no {program}");
        skipped(&format!("what {program} cuts out of a secret: there is no {program}"));
    }
    is_there
}

#[test]
fn jq_prints_stars() {
    if !is_there("jq") || !is_there("bash") {
        return;
    }
    for (script, printed) in [
        (r#"echo "$JSON" | jq -r .private_key"#, "***\n\n"),
        (r#"echo "$JSON" | jq .private_key"#, "\"***\\n\"\n"),
        (r#"echo "$JSON" | jq -r .password"#, "***\n"),
        (r#"echo "$JSON" | jq -r .project_id"#, "demo\n"),
        (
            r#"echo "$JSON" | jq -c 'del(.private_key)'"#,
            "{\"type\":\"service_account\",\"project_id\":\"demo\",\"password\":\"***\"}\n",
        ),
    ] {
        assert_eq!(shown("bash", script, &ALL).0, printed, "{script}");
    }
    // A shell that interprets the escapes gives jq something that is no JSON.
    shown("sh", r#"echo "$JSON" | jq -r .private_key"#, &ALL);
    // The whole is there, and a field of it is bound.
    let one = [("PASSWORD", "$<credential:payments/json#/password>")];
    for (script, printed) in [
        ("jq -r .private_key key.json", "***\n\n"),
        ("jq -r .password key.json", "***\n"),
        ("jq -r .project_id key.json", "demo\n"),
    ] {
        assert_eq!(shown("sh", script, &one).0, printed, "{script}");
    }
    shown("sh", "cat key.json", &one);
}

#[test]
fn tr_and_cut_print_stars() {
    for (script, printed) in [
        (
            r#"echo "$CONNECTION" | tr ';' '\n'"#,
            // All of its letters are there, in order: that is the value as a whole.
            "***\n",
        ),
        (
            r#"echo "$CONNECTION" | tr ';' '\n' | sort"#,
            "AccountKey=***\nAccountName=demostore\nDefaultEndpointsProtocol=https\nEndpointSuffix=core.windows.net\n",
        ),
        (r#"echo "$CONNECTION" | tr ';' '\n' | grep AccountKey | cut -d= -f2"#, "***\n"),
        (r#"echo "$CONNECTION" | cut -d= -f2"#, "https;AccountName\n"),
        (r#"echo "$CONNECTION" | cut -d= -f4"#, "***\n"),
        (r#"echo "$SETTINGS" | cut -d= -f2"#, "db.example.com\n***\n\n"),
        (r#"echo "$SETTINGS" | tr '\n' ';'"#, "***;;"),
        (r#"echo "$SETTINGS" | cut -d= -f1"#, "DB_HOST\nAPI_TOKEN\n\n"),
    ] {
        assert_eq!(shown("sh", script, &ALL).0, printed, "{script}");
    }
}
