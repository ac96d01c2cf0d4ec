//! What was passed over: seeds that nobody needs, steps that can't start, values that no process can be given, files with
//! thousands of faults.

use std::fmt::Write as _;
use std::fs;

use credflow::config::Config;
use credflow::source::Source;

use crate::project::{CANARY, code, project, run, text};

#[test]
fn a_seed_is_read_where_nothing_is_fetched() {
    let folder = project("steps: [{ run: 'true' }]\n");
    fs::write(folder.path().join("broken.yaml"), format!("p: {{ s: {CANARY}\n")).expect("a file");
    for seed in ["nope.yaml", "broken.yaml"] {
        let calls: [&[&str]; 4] = [
            &["run", "w.yaml", "--emulate", seed],
            &["run", "--dry-run", "w.yaml", "--emulate", seed],
            &["render", "w.yaml", "--emulate", seed],
            &["exec", "--emulate", seed, "--", "true"],
        ];
        for args in calls {
            let output = run(folder.path(), args);
            let err = text(&output.stderr);
            assert!(code(&output) != Some(0) && err.contains(seed) && !err.contains(CANARY), "{args:?}: {err}");
        }
    }
    let output = run(folder.path(), &["run", "w.yaml", "--emulate", "vaults.yaml"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_step_that_cannot_start_is_told_to_the_quiet_too() {
    for (workflow, expected) in [
        ("steps: [{ id: a, run: x, working-directory: /nonexistent }]\n", "main/a: cannot run in the folder"),
        ("steps: [{ id: a, run: x, shell: nosuchshell }]\n", "main/a: cannot find the program `nosuchshell`"),
    ] {
        let folder = project(workflow);
        let err = text(&run(folder.path(), &["run", "-q", "w.yaml"]).stderr);
        assert!(err.starts_with(&format!("error: {expected}")) && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn a_nul_in_a_variable_is_told_by_check_too() {
    let folder = project(
        "env: { A: \"x\\0\" }\njobs:\n  a:\n    env: { B: \"\\0\" }\n    steps: [{ run: x, with: { c: \"\\0\" } }]\n",
    );
    for args in [&["check", "--for", "run", "w.yaml"][..], &["run", "w.yaml"]] {
        let output = run(folder.path(), args);
        let err = text(&output.stderr);
        assert!(code(&output) != Some(0) && err.matches("error[unusable-value]").count() == 3, "{err}");
        assert!(err.contains("w.yaml:1:11\n") && err.contains("w.yaml:4:15\n"), "{err}");
    }
}

#[test]
fn what_is_not_expanded_in_a_path_is_told() {
    let config = |properties: &str| {
        let identity =
            "tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90, client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08";
        let text = format!("stores: {{ p: {{ vault-url: https://p.vault.azure.net, {identity}, {properties} }} }}\n");
        Config::parse(&Source::private("c", text)).map(drop)
    };
    for path in ["$HOME/x", "~/x", "~", "~me/x", "${HOME}/x", "%TEMP%\\x"] {
        for key in ["client-secret: { file: P }", "client-certificate: P", "client-secret: { env: A }, ca-file: P"] {
            let faults = config(&key.replace('P', &format!("'{path}'"))).expect_err(path);
            assert!(faults.to_string().contains("expanded"), "{faults}");
        }
    }
    for name in ["A B", "A=b", " A"] {
        let faults = config(&format!("client-secret: {{ env: '{name}' }}")).expect_err(name).to_string();
        assert!(faults.contains("`env` is no name of a variable"), "{faults}");
    }
    config("client-secret: { file: ./a~b$c/d }").expect("a path");
}

#[test]
fn refusals_of_many_kinds_are_bounded() {
    let mut script = String::from("steps:\n  - run: |\n");
    for number in 0..14_000 {
        writeln!(script, "      echo $GITHUB_V{number}").expect("a text");
    }
    let folder = project(&script);
    let err = text(&run(folder.path(), &["run", "w.yaml"]).stderr);
    assert!(err.contains("there are more than 1000 of this kind") && err.len() < 500_000, "{}", err.len());
}

#[test]
fn what_azure_cannot_have_is_told() {
    let store = |vault: &str, tenant: &str, version: &str| {
        let client = "3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08";
        let text = format!(
            "stores:\n  p:\n    vault-url: {vault}\n    tenant-id: {tenant}\n    client-id: {client}\n    \
             client-secret: {{ env: A }}\n    api-version: {version}\n"
        );
        Config::parse(&Source::private("c", text)).map(drop)
    };
    let (vault, tenant) = ("https://my-vault.vault.azure.net", "7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90");
    for version in ["7.4", "2016-10-01", "2025-07-01", "7.6-preview.1"] {
        store(vault, tenant, version).expect(version);
    }
    let zeros = "00000000-0000-0000-0000-000000000000";
    let cases = [
        ("https://my_vault.vault.azure.net", tenant, "7.4", "`vault-url` has a character"),
        (vault, zeros, "7.4", "`tenant-id` is the id of nobody"),
        (vault, tenant, "2016", "`api-version` is not a version"),
    ];
    for (vault, tenant, version, expected) in cases {
        let faults = store(vault, tenant, version).expect_err(expected).to_string();
        assert!(faults.contains(expected), "{faults}");
    }
}

#[test]
fn an_argument_of_exec_may_be_the_text_of_a_reference() {
    let folder = project("");
    let output = run(folder.path(), &["exec", "--", "printf", "%s|%s", "$$<credential:p/s>", "$$"]);
    assert_eq!(text(&output.stdout), "$<credential:p/s>|$$", "{}", text(&output.stderr));
}

#[test]
fn each_place_of_a_fault_has_its_annotation() {
    let steps = |count: usize| format!("steps:\n{}", "  - run: x\n    uses: a/b@v1\n".repeat(count));
    for (count, expected) in [(1, 1), (3, 3), (20, 10)] {
        let folder = project(&steps(count));
        let output = run(folder.path(), &["check", "--format", "github", "w.yaml"]);
        let out = text(&output.stdout);
        assert_eq!(out.matches("title=foreign-key::").count(), expected, "{out}");
        assert!(out.starts_with("::warning file=w.yaml,line=3,col=5,title=foreign-key::"), "{out}");
        assert_eq!(out.lines().count(), expected, "{out}");
    }
    // Every fault comes before the other places of one.
    let faults = (0..8).fold(String::new(), |text, at| text + &format!("own{at}: x\n"));
    let folder = project(&format!("{faults}{}", steps(20)));
    let out = text(&run(folder.path(), &["check", "--format", "github", "w.yaml"]).stdout);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 10, "{out}");
    assert!(lines[..9].iter().enumerate().all(|(at, line)| at == 8 || line.contains(&format!("`own{at}`"))), "{out}");
    assert!(lines[8].contains("(20 steps: lines 11, 13, ") && lines[9].contains("line=13,col=5"), "{out}");
}

#[test]
fn too_many_aliases_are_told_alone() {
    let folder = project(&format!("steps:\n  - &s {{ run: echo }}\n{}", "  - *s\n".repeat(40_000)));
    let err = text(&run(folder.path(), &["check", "--for", "run", "w.yaml"]).stderr);
    assert!(err.starts_with("error[too-many-aliases]") && err.ends_with("\n1 error, 0 warnings\n"), "{err}");
}

#[test]
fn a_configuration_is_checked_as_one_under_any_spelling_of_its_path() {
    let folder = project("");
    fs::write(folder.path().join("prod.yaml"), format!("stores: {{ p: {{ client-secret: \"{CANARY} }} }}\n"))
        .expect("a file");
    for path in ["prod.yaml", "./prod.yaml"] {
        let err = text(&run(folder.path(), &["check", "--config", path, "prod.yaml"]).stderr);
        assert!(err.starts_with("error[yaml]") && err.ends_with("\n1 error, 0 warnings\n"), "{path}: {err}");
        assert!(!err.contains(CANARY), "{err}");
    }
}
