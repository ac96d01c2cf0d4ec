//! The command as people use it: real processes, the README, the examples.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use crate::project::{CANARY, EMULATE, code, credflow, project, root, run, text};
use crate::waiting::{ended, is_filled, output, skipped, until};
use credflow::emulator::{Fault, Requests};

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        readme.split(&fence).skip(1).filter_map(|rest| rest.split("```").next().map(str::to_owned)).collect()
    };
    let (yaml, shown) = (blocks("yaml"), blocks("text"));
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("deploy.yaml", &yaml[0]);
    write("credflow.yaml", &yaml[1]);
    write("vaults.yaml", &yaml[2]);
    let plan = run(folder.path(), &["plan", "deploy.yaml"]);
    assert_eq!(text(&plan.stdout), shown[0], "{}", text(&plan.stderr));
    write(
        "broken.yaml",
        "steps:\n  - env:\n      DB_PASSWORD: $<credential:payment/db_password>\n    run: curl -u $<credential:payments/api> https://example.com\n",
    );
    let check = run(folder.path(), &["check", "broken.yaml"]);
    let complaints = text(&check.stderr);
    assert_eq!(
        complaints.split("\n\n2 errors").next().map(|text| format!("{text}\n")),
        Some(shown[1].clone()),
        "{complaints}"
    );
    assert_eq!(code(&check), Some(1));
    let stores = run(folder.path(), &["stores", "test", "--emulate", "vaults.yaml"]);
    assert_eq!(code(&stores), Some(0), "{}", text(&stores.stderr));
}

#[test]
fn the_readme_begins_with_the_examples_and_the_tests() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let blocks: Vec<&str> = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks[1].starts_with("cargo test"));
    let mut printed = String::new();
    for command in blocks[0].lines() {
        let args = command.strip_prefix("cargo run --quiet -- ").expect("the first commands run credflow");
        let args: Vec<&str> = args.split_whitespace().collect();
        let output = run(&root(), &args);
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        printed += &text(&output.stdout);
    }
    assert!(printed.contains("sign | ***") && printed.contains("deploying"), "{printed}");
    assert!(!printed.contains("example-registry-token"), "{printed}");
}

#[test]
fn every_example_is_checked_and_those_that_can_are_run() {
    let folder = root().join("examples");
    let others = ["credflow.yaml", "vaults.yaml"];
    let names = fs::read_dir(&folder).expect("examples").map(|entry| entry.expect("a file").file_name());
    let names: BTreeSet<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let workflows: Vec<&String> = names
        .iter()
        .filter(|name| {
            Path::new(name).extension().is_some_and(|kind| kind == "yaml") && !others.contains(&name.as_str())
        })
        .collect();
    assert!(workflows.len() >= 3);
    for name in workflows {
        let check = run(&folder, &["check", name]);
        assert_eq!(code(&check), Some(0), "{name}: {}", text(&check.stderr));
        let foreign = name.starts_with("github");
        let ran = run(&folder, &["run", name, "--emulate", "vaults.yaml"]);
        assert_eq!(code(&ran), Some(if foreign { 125 } else { 0 }), "{name}: {}", text(&ran.stderr));
        let rendered = run(&folder, &["render", name, "--emulate", "vaults.yaml"]);
        assert_eq!(code(&rendered), Some(0), "{name}: {}", text(&rendered.stderr));
        let original = fs::read_to_string(folder.join(name)).expect("the example");
        assert_eq!(
            text(&rendered.stdout).lines().skip_while(|line| line.starts_with("# masked")).count(),
            original.lines().count(),
            "{name}"
        );
    }
}

#[test]
fn the_examples_of_engines_run() {
    // Cargo builds the examples beside the command before it runs the tests.
    let folder = Path::new(env!("CARGO_BIN_EXE_credflow")).parent().expect("a folder").join("examples");
    for (name, printed) in [
        (
            "library",
            "needs db-password of payments\nwithheld from every step: PAYMENTS_CLIENT_SECRET\nMigrate: DATABASE_URL=postgres://app:***@db.internal/app\nMigrate: \
             LOG_LEVEL=info\n",
        ),
        (
            "many_runs",
            "100 runs, values kept: 1 token, 2 requests for secrets\n100 runs, values not kept: 1 token, 200 requests for \
             secrets\n",
        ),
        ("provider", include_str!("../fixtures/provider.txt")),
    ] {
        let output = Command::new(folder.join(name)).output().expect("the example");
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), printed);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let folder = project("steps: [{ run: x, env: { A: $<credential:payments/plain> } }]\n");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let output = credflow(folder.path(), &["plan", "w.yaml"]).stdout(full).output().expect("a process");
    assert_eq!(code(&output), Some(3));
    assert!(text(&output.stderr).contains("cannot write to standard output"), "{}", text(&output.stderr));
}

#[test]
fn no_value_is_seen_unless_it_is_revealed() {
    let folder = project(
        "steps:
  - name: one
    env:
      PLAIN: a $<credential:payments/plain> b
      LINES: $<credential:payments/lines>
      USER: $<credential:payments/json#/user>
      NAMED: $<credential:named>
      PINNED: $<credential:payments/pinned/0f1e2d3c4b5a69788796a5b4c3d2e1f0>
      EXPIRED: $<credential:payments/expired>
    run: env; echo \"$LINES\"; echo \"$PLAIN\" >&2; printf '%s' \"$USER\" | cut -c1-12 > part; exit 3
",
    );
    let verbs: [&[&str]; 9] = [
        &["check", "w.yaml"],
        &["plan", "w.yaml"],
        &["render", "w.yaml"],
        &["render", "w.yaml", "--format", "json"],
        &["render", "w.yaml", "--format", "dotenv"],
        &["render", "w.yaml", "--format", "shell"],
        &["run", "w.yaml", "--verbose"],
        &["run", "w.yaml", "--dry-run"],
        &["stores", "test"],
    ];
    for verb in verbs {
        let fetches = !matches!(verb[0], "check" | "plan");
        let args: Vec<&str> = verb.iter().chain(EMULATE.iter().filter(|_| fetches)).copied().collect();
        let output = run(folder.path(), &args);
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(!printed.contains(CANARY), "{args:?}: {printed}");
        let expected = if verb[0] == "run" && verb[2] != "--dry-run" { 3 } else { 0 };
        assert_eq!(code(&output), Some(expected), "{args:?}: {printed}");
    }
    let revealed = run(folder.path(), &["render", "w.yaml", "--reveal", "--emulate", "vaults.yaml"]);
    assert!(text(&revealed.stdout).contains(&format!("PLAIN: \"a {CANARY} b\"")), "{}", text(&revealed.stdout));
    assert!(text(&revealed.stdout).contains(&format!("PINNED: \"{CANARY}-old\"")));
    assert!(text(&revealed.stderr).contains("has expired"));
}

#[test]
fn failures_come_together_and_nothing_starts_or_is_written() {
    let folder = project(
        "steps:
  - run: touch started
    env: { A: $<credential:payments/plain>, B: $<credential:payments/disabled>, C: $<credential:payments/missing> }
  - run: touch started
    env: { D: $<credential:payments/json#/nowhere>, E: $<credential:payments/plain#/a>, F: $<credential:payments/json#/nothing> }
",
    );
    for verb in [vec!["run", "w.yaml"], vec!["render", "w.yaml", "-o", "out.yaml"]] {
        let args: Vec<&str> = verb.iter().chain(&EMULATE).copied().collect();
        let output = run(folder.path(), &args);
        let printed = text(&output.stderr);
        assert_eq!(code(&output), Some(if verb[0] == "run" { 125 } else { 3 }), "{printed}");
        assert!(output.stdout.is_empty());
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("failed_fetches", printed);
        });
    }
    for name in ["started", "out.yaml"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_file_with_values_is_for_its_owner_and_replaces_whole() {
    let folder = project("steps: [{ run: x, env: { A: $<credential:payments/plain> } }]\n");
    let path = folder.path().join("out.yaml");
    fs::write(&path, "before").expect("a file");
    let args = ["render", "w.yaml", "--reveal", "-o", "out.yaml", "--emulate", "vaults.yaml"];
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert!(fs::read_to_string(&path).expect("the file").contains(CANARY));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    }
    let nowhere = ["render", "w.yaml", "-o", "no/such/folder", "--emulate", "vaults.yaml"];
    assert_eq!(code(&run(folder.path(), &nowhere)), Some(3));
}

#[test]
fn a_value_with_a_nul_is_told_before_anything_starts() {
    let folder = project("steps:\n  - run: touch started\n  - run: x\n    env: { A: $<credential:payments/nul> }\n");
    let output = run(folder.path(), &["run", "w.yaml", "--emulate", "vaults.yaml"]);
    assert_eq!(code(&output), Some(125));
    assert!(text(&output.stderr).contains("NUL"), "{}", text(&output.stderr));
    assert!(!folder.path().join("started").exists());
}

#[test]
fn exec_gives_the_command_its_values_and_its_own_exit_code() {
    let folder = project("steps: []\n");
    fs::write(folder.path().join(".env"), "# a comment\nexport B='x $<credential:named>'\nC=plain\n").expect("a file");
    let mut command =
        credflow(folder.path(), &["exec", "--env-file", ".env", "--emulate", "vaults.yaml", "--", "sh", "-c"]);
    command.arg("echo \"$A|$B|$C|$PAYMENTS_CLIENT_SECRET\"; test \"$A\" = canary-7f3a9c && exit 42");
    command.env("A", "$<credential:payments/plain>").env("PAYMENTS_CLIENT_SECRET", "not for the command");
    let output = command.output().expect("a process");
    assert_eq!(code(&output), Some(42), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "***|x ***|plain|\n");
    let missing = run(folder.path(), &["exec", "--", "no-such-program-anywhere"]);
    assert_eq!(code(&missing), Some(127), "{}", text(&missing.stderr));
    let mut faulty = credflow(folder.path(), &["exec", "--", "sh", "-c", "touch started"]);
    faulty.env("A", "$<credential:nowhere/x>");
    let output = faulty.output().expect("a process");
    assert_eq!(code(&output), Some(125));
    assert!(text(&output.stderr).contains("no store is named `nowhere`"), "{}", text(&output.stderr));
    assert!(!folder.path().join("started").exists());
}

#[test]
fn a_reference_among_the_arguments_of_exec_is_told() {
    let folder = project("steps: []\n");
    let args = ["exec", "--emulate", "vaults.yaml", "--", "touch", "started", "$<credential:payments/plain>"];
    let output = run(folder.path(), &args);
    assert_eq!(code(&output), Some(125));
    let expected = "argument 2 of the command holds a reference; only variables are resolved";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    assert!(!folder.path().join("started").exists());
}

#[test]
fn exit_codes_tell_whose_matter_it_is() {
    let folder = project("steps: [{ run: exit 9, env: { A: $<credential:payments/plain> } }]\n");
    fs::write(folder.path().join("bad.yaml"), "steps: [{ run: x, env: { A: $<credential:nowhere/x> } }]\n")
        .expect("a file");
    let cases: [(&[&str], i32); 12] = [
        (&["check", "w.yaml"], 0),
        (&["check", "bad.yaml", "w.yaml"], 1),
        (&["check", "none.yaml"], 1),
        (&["plan", "bad.yaml"], 1),
        (&["plan"], 2),
        (&["render", "w.yaml"], 3),
        (&["run", "w.yaml"], 125),
        (&["run", "bad.yaml"], 125),
        (&["run", "w.yaml", "--job", "nothing"], 125),
        (&["run", "w.yaml", "--emulate", "vaults.yaml"], 9),
        (&["run", "w.yaml", "--emulate", "none.yaml"], 125),
        (&["stores"], 0),
    ];
    for (args, expected) in cases {
        let output = run(folder.path(), args);
        assert_eq!(code(&output), Some(expected), "{args:?}: {}", text(&output.stderr));
    }
    let unset = text(&run(folder.path(), &["render", "w.yaml"]).stderr);
    assert!(unset.contains("PAYMENTS_CLIENT_SECRET with the client secret is not set"), "{unset}");
}

#[test]
fn without_a_configuration_the_first_reference_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("w.yaml"), "steps: [{ run: x, env: { A: $<credential:a/b> } }]\n").expect("a file");
    let output = run(folder.path(), &["plan", "w.yaml"]);
    assert_eq!(code(&output), Some(1));
    assert!(text(&output.stderr).contains("error[no-configuration]"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("w.yaml:1:29"), "{}", text(&output.stderr));
}

#[test]
fn a_store_without_a_vault_in_the_seed_is_told_before_anything_starts() {
    let folder = project("steps: [{ run: touch started, env: { A: $<credential:payments/plain> } }]\n");
    for (seed, help) in [
        ("paymnets: { plain: x }\n", "did you mean `paymnets`?"),
        ("shared: { plain: x }\nothers: { plain: x }\n", "it has shared, others"),
    ] {
        fs::write(folder.path().join("vaults.yaml"), seed).expect("a file");
        let output = run(folder.path(), &["run", "w.yaml", "--emulate", "vaults.yaml"]);
        let said = text(&output.stderr);
        assert_eq!(code(&output), Some(125), "{said}");
        assert!(said.contains("the seed vaults.yaml has no vault `payments`") && said.contains(help), "{said}");
        assert!(!said.contains("az "), "{said}");
        assert!(!folder.path().join("started").exists());
    }
}

#[test]
fn a_seed_s_own_tenants_and_applications_serve_every_identity() {
    let folder = project("steps: [{ run: x, env: { A: $<credential:payments/plain> } }]\n");
    let tenant = "7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90";
    let seed = format!(
        "applications:
  stranger: {{ client-id: 11111111-0000-0000-0000-000000000000 }}
  other: {{ client-id: 22222222-0000-0000-0000-000000000000, tenant-id: {tenant}, client-secrets: [one] }}
  reader: {{ client-id: 33333333-0000-0000-0000-000000000000, tenant-id: {tenant}, client-secrets: [two] }}
vaults:
  payments:
    tenant-id: {tenant}
    azure-resource: https://vault.corp.example
    roles: {{ reader: Key Vault Secrets User }}
    secrets: {{ plain: {CANARY} }}
"
    );
    fs::write(folder.path().join("vaults.yaml"), seed).expect("a file");
    let identities = [
        "identity: managed-identity",
        "identity: azure-cli",
        "identity: environment",
        "identity: workload-identity",
        "client-id: 33333333-0000-0000-0000-000000000000\n    client-secret: { env: UNSET }",
    ];
    for identity in identities {
        let config = format!("stores:\n  payments:\n    vault-url: https://payments.vault.azure.net\n    {identity}\n");
        fs::write(folder.path().join("credflow.yaml"), config).expect("a file");
        let output = run(folder.path(), &["render", "w.yaml", "--reveal", "--emulate", "vaults.yaml"]);
        assert_eq!(code(&output), Some(0), "{identity}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(CANARY));
    }
}

#[test]
fn faults_are_written_for_programs_and_for_github() {
    let folder = project("steps: [{ run: x, env: { A: $<credential:nowhere/x> } }]\n");
    let json = run(folder.path(), &["check", "w.yaml", "--format", "json"]);
    let faults: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(faults[0]["code"], "unknown-store");
    assert_eq!(faults[0]["places"][0]["line"], 1);
    assert_eq!(faults[0]["places"][0]["column"], 29);
    let github = text(&run(folder.path(), &["check", "w.yaml", "--format", "github"]).stdout);
    assert_eq!(
        github,
        "::error file=w.yaml,line=1,col=29,title=unknown-store::no store is named `nowhere`%0Athe configuration has payments\n"
    );
}

/// The help of the command, or of a verb.
fn help(folder: &Path, words: &[&str]) -> String {
    let output = run(folder, &[words, &["--help"]].concat());
    assert_eq!(code(&output), Some(0), "{words:?}");
    text(&output.stdout)
}

/// The verbs that it lists, but for the one that gives help.
fn verbs(folder: &Path, words: &[&str]) -> Vec<String> {
    let help = help(folder, words);
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default().lines().take_while(|line| !line.is_empty());
    // What goes on in the next line is indented further.
    let names = list.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_verb_has_help_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let verbs = verbs(folder.path(), &[]);
    assert!(verbs.len() >= 9, "{verbs:?}");
    for verb in verbs {
        let help = help(folder.path(), &[&verb]);
        assert!(help.contains("Example:\n  "), "{verb}: {help}");
        for action in self::verbs(folder.path(), &[&verb]) {
            let help = self::help(folder.path(), &[&verb, &action]);
            assert!(help.contains("Example:\n  "), "{verb} {action}: {help}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = run(folder.path(), &["completions", shell]);
        assert!(output.stdout.len() > 1000, "{shell}");
    }
}

#[test]
fn each_distinct_secret_is_asked_for_once() {
    use credflow::emulator::{Emulator, Vault};
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let vault = Vault::new("payments").secret("One", "1").secret("two", r#"{"a": "x", "b": "y"}"#);
    let emulator = runtime.block_on(Emulator::builder().vault(vault).start()).expect("an emulator");
    let folder = tempfile::tempdir().expect("a folder");
    let application = &emulator.applications()[0];
    let store = |name: &str| {
        format!(
            "  {name}: {{ vault-url: \"{}\", authority: \"{}\", tenant-id: {}, client-id: {}, client-secret: {{ env: S }} }}\n",
            emulator.vault_url("payments").expect("the vault"),
            emulator.authority(),
            application.tenant,
            application.client
        )
    };
    fs::write(folder.path().join("credflow.yaml"), format!("stores:\n{}", store("payments"))).expect("a file");
    let mut workflow = String::from("jobs:\n");
    for job in 0..20 {
        workflow.extend([format!(
            "  j{job}:\n    steps:\n      - run: \"true\"\n        env: {{ A: $<credential:payments/one>, B: $<credential:payments/ONE>, C: $<credential:payments/two#/a>, D: $<credential:payments/two#/b> }}\n"
        )]);
    }
    fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
    let output = credflow(folder.path(), &["run", "w.yaml"]).env("S", application.client_secret().expose()).output();
    let output = output.expect("a process");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    let counts = emulator.counts();
    assert_eq!(counts.tokens, 1);
    assert_eq!(counts.gets.values().copied().collect::<Vec<_>>(), [1, 1]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_fetching_at_any_moment_with_nothing_written() {
    use credflow::emulator::{Emulator, Vault};
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    // One that gives no token, and one that gives no secret: that would take an hour.
    let [tokens, gets] = [Requests::Tokens, Requests::Gets].map(|held_up| {
        let secrets = (0..200).map(|secret| format!("s-{secret}"));
        let vault = secrets.fold(Vault::new("payments"), |vault, secret| vault.secret(&secret, CANARY));
        let hour = std::time::Duration::from_secs(3600);
        let builder = Emulator::builder().vault(vault).faults([Fault::delayed(hour).on(held_up)]);
        runtime.block_on(builder.start()).expect("an emulator")
    });
    let names: Vec<_> = (0..200).map(|index| format!("V{index}: $<credential:payments/s-{index}>")).collect();
    let folder = project(&format!("steps: [{{ run: 'touch started', env: {{ {} }} }}]\n", names.join(", ")));
    let ended_at = |emulator: &Emulator, moment: &str, args: &[&str], wait: &dyn Fn(&mut Child)| {
        let application = &emulator.applications()[0];
        let config = format!(
            "stores:\n  payments:\n    vault-url: {}\n    authority: {}\n    tenant-id: {}\n    client-id: {}\n    client-secret: {{ env: S }}\n",
            emulator.vault_url("payments").expect("a vault"),
            emulator.authority(),
            application.tenant,
            application.client
        );
        fs::write(folder.path().join("credflow.yaml"), config).expect("a file");
        let before = listed(folder.path());
        let said = tempfile::NamedTempFile::new().expect("a file");
        let mut command = credflow(folder.path(), args);
        command.env("S", application.client_secret().expose()).stderr(said.reopen().expect("a file"));
        let mut child = command.spawn().expect("a process");
        wait(&mut child);
        let status = child.try_wait().expect("a process");
        let told = || fs::read_to_string(said.path()).unwrap_or_default();
        assert!(status.is_none(), "{args:?} ended by itself: {status:?} {}", told());
        interrupt(&child);
        let status = ended(&mut child);
        // Very early the system itself ends the process.
        let is_ended = status.code() == Some(130) || std::os::unix::process::ExitStatusExt::signal(&status) == Some(2);
        assert!(is_ended, "{args:?} {moment}: {status:?} {}", told());
        assert_eq!(listed(folder.path()), before, "{args:?} {moment}");
        status
    };
    for args in [&["run", "w.yaml"][..], &["render", "w.yaml", "--reveal", "-o", "out.yaml"]] {
        // A shell's background job ignores Ctrl-C until credflow listens for it.
        if !ignores_interrupts() {
            for moment in [0, 10, 20, 40] {
                let wait = |_: &mut Child| std::thread::sleep(std::time::Duration::from_millis(moment));
                ended_at(&tokens, &format!("after {moment} ms"), args, &wait);
            }
        }
        let asked = tokens.counts().tokens;
        let wait = |child: &mut Child| {
            until("a request for a token", || is_over(child) || tokens.counts().tokens > asked && listens(child));
        };
        let status = ended_at(&tokens, "when it waits for a token", args, &wait);
        assert_eq!(status.code(), Some(130), "{args:?}");
        let asked = gets.counts().total();
        let wait = |child: &mut Child| {
            until("a request for a secret", || is_over(child) || gets.counts().total() > asked && listens(child));
        };
        let status = ended_at(&gets, "when it waits for secrets", args, &wait);
        assert_eq!(status.code(), Some(130), "{args:?}");
    }
}

#[cfg(unix)]
fn is_over(child: &mut Child) -> bool {
    child.try_wait().expect("a process").is_some()
}

/// What Ctrl-C does.
#[cfg(unix)]
fn interrupt(child: &Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::INT)
        .expect("a signal");
}

/// Whether a process takes care of Ctrl-C itself. Where the system doesn't tell, it counts as one that does.
#[cfg(unix)]
fn listens(child: &Child) -> bool {
    has_interrupts(&child.id().to_string(), "SigCgt:").unwrap_or(true)
}

/// Whether Ctrl-C is in one of the sets of signals that the system keeps of a process.
#[cfg(unix)]
fn has_interrupts(process: &str, set: &str) -> Option<bool> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let bits = status.lines().find_map(|line| line.strip_prefix(set))?;
    Some(u64::from_str_radix(bits.trim(), 16).ok()? & 2 != 0)
}

/// Whether Ctrl-C does nothing to this process and its children, as to a shell's background job, until one listens.
#[cfg(unix)]
fn ignores_interrupts() -> bool {
    has_interrupts("self", "SigIgn:").unwrap_or(false)
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_writing_of_a_result_that_nobody_reads() {
    use std::io::Read as _;
    // More than a pipe holds.
    let lines = "#".repeat(200) + "\n";
    let workflow = format!("steps: [{{ run: x, env: {{ A: $<credential:payments/plain> }} }}]\n{}", lines.repeat(2000));
    let folder = project(&workflow);
    let mut command = credflow(folder.path(), &["render", "w.yaml", "--emulate", "vaults.yaml"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("a process");
    // It began to write.
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 1]).expect("a byte");
    until("a pipe that is full", || is_filled(&out));
    interrupt(&child);
    assert_eq!(ended(&mut child).code(), Some(130));
}

/// A name service that never answers, in a network and a view of the files of our own; nothing where the system
/// doesn't let us make them.
#[cfg(target_os = "linux")]
fn with_silent_names(folder: &Path, command: &str) -> Option<Child> {
    // What is sent to a neighbour that isn't there goes nowhere.
    const NETWORK: &str = "ip link set lo up && ip link add d0 type veth peer name d1 && ip addr add 192.0.2.2/24 dev d0 && \
        ip link set d0 up && ip link set d1 up && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev d0 && \
        mount --bind resolv.conf /etc/resolv.conf";
    // Longer than a test waits: the system asks each of them five times, and waits half a minute each time.
    let servers = "nameserver 192.0.2.1\n".repeat(3);
    fs::write(folder.join("resolv.conf"), servers + "options timeout:30 attempts:5\n").expect("a file");
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "--net", "sh", "-c", &format!("{NETWORK} && exec {command}")]);
    shell.current_dir(folder).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    shell.spawn().ok()
}

/// Whether a process has asked a name service, in a network where nobody else sends datagrams.
#[cfg(target_os = "linux")]
fn has_asked(child: &Child) -> bool {
    let counts = fs::read_to_string(format!("/proc/{}/net/snmp", child.id())).unwrap_or_default();
    let mut lines = counts.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return false };
    let mut columns = names.split(' ').zip(values.split(' '));
    columns.any(|(name, value)| name == "OutDatagrams" && value != "0")
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_service_that_never_answers_keeps_nobody() {
    let folder = project("steps: [{ run: x, env: { A: $<credential:payments/plain> } }]\n");
    if with_silent_names(folder.path(), "true").is_none_or(|child| !output(child).status.success()) {
        skipped("a name service that never answers: this system makes no network of our own");
        return;
    }
    let start = |rest: &str| {
        let command = format!("env PAYMENTS_CLIENT_SECRET=s {} {rest}", env!("CARGO_BIN_EXE_credflow"));
        with_silent_names(folder.path(), &command).expect("a process")
    };
    // The process doesn't wait for the system, which gives up after minutes.
    let late = output(start("render w.yaml --timeout 0.5"));
    assert_eq!(code(&late), Some(3), "{}", text(&late.stderr));
    let expected = "no time left while login.microsoftonline.com was asked for a token";
    assert!(text(&late.stderr).contains(expected), "{}", text(&late.stderr));
    let said = text(&output(start("stores test --timeout 1")).stdout);
    let expected = "dns: payments.vault.azure.net can't be reached: no name service tells its address in time";
    assert!(said.contains(expected), "{said}");
    if ignores_interrupts() {
        skipped("Ctrl-C while a name is looked up: Ctrl-C is ignored here");
        return;
    }
    for verb in ["render w.yaml", "run w.yaml", "stores test"] {
        // Nothing else ends this one before the test gives up.
        let mut child = start(&format!("{verb} --timeout 3600"));
        until("a look-up", || is_over(&mut child) || has_asked(&child) && listens(&child));
        interrupt(&child);
        let output = output(child);
        assert_eq!(code(&output), Some(130), "{verb}: {}", text(&output.stderr));
    }
}

/// The names in a folder.
#[cfg(unix)]
fn listed(folder: &Path) -> BTreeSet<std::ffi::OsString> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect()
}
