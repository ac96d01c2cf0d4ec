//! `credflow emulate` as people use it: real processes, and what they say.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::waiting::{ended, output, until};

const CANARY: &str = "canary-7f3a9c";

fn credflow(folder: &Path, args: &[&str]) -> Command {
    let mut command = crate::project::program();
    command.args(args).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    told(&credflow(folder, args).output().expect("a process"))
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn set(folder: &Path, secret: &str, value: &[u8]) -> (Option<i32>, String, String) {
    let mut command = credflow(folder, &["emulate", "set", secret]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    // It may refuse before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(value);
    told(&output(child))
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("vaults.yaml"), format!("payments:\n  db-password: {CANARY}\n")).expect("a file");
    folder
}

/// An emulator that runs in a folder, for that long.
struct Running {
    child: Child,
    folder: std::path::PathBuf,
}

impl Running {
    fn start(folder: &Path, args: &[&str]) -> Self {
        let mut command = credflow(folder, &["emulate", "vaults.yaml", "--port", "0", "-v"]);
        let out = |name: &str| fs::File::create(folder.join(name)).expect("a file");
        let child = command.args(args).stdout(out("credflow.yaml")).stderr(out("said")).spawn().expect("a process");
        let mut running = Self { child, folder: folder.to_owned() };
        until("an emulator that serves", || {
            assert!(running.child.try_wait().expect("a process").is_none(), "{}", running.said());
            running.said().contains("Ctrl-C stops it")
        });
        running
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.join("said")).unwrap_or_default()
    }

    fn signal(&mut self, signal: rustix::process::Signal) -> std::process::ExitStatus {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).expect("a signal");
        ended(&mut self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_it_prints_is_a_configuration_that_works() {
    for args in [&[][..], &["--http"]] {
        let folder = project();
        let mut running = Running::start(folder.path(), args);
        fs::write(
            folder.path().join("w.yaml"),
            "steps: [{ run: 'test \"$P\" = canary-7f3a9c', env: { P: $<credential:payments/db-password> } }]\n",
        )
        .expect("a file");
        let (status, out, err) = run(folder.path(), &["run", "w.yaml"]);
        assert_eq!(status, Some(0), "{out}{err}");
        let (status, out, err) = run(folder.path(), &["stores", "test"]);
        assert_eq!(status, Some(0), "{out}{err}");
        let said = running.said();
        assert!(
            said.contains("200 GET payments.localhost:") && said.contains("this is not for real secrets"),
            "{said}"
        );
        let secret = fs::read_to_string(folder.path().join(".credflow/client-secret")).expect("a secret");
        let printed = fs::read_to_string(folder.path().join("credflow.yaml")).expect("a configuration") + &said;
        assert!(!printed.contains(CANARY) && !printed.contains(&secret), "{printed}");
        assert_eq!(running.signal(rustix::process::Signal::TERM).code(), Some(0));
        assert!(!folder.path().join(".credflow/running.json").exists());
    }
}

#[test]
fn its_keys_are_made_once_and_for_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project();
    let kept = folder.path().join(".credflow");
    let read = || {
        let files = ["authority.pem", "ca.pem", "client-secret", "control-key", "token-key", ".gitignore"];
        files.map(|name| {
            let path = kept.join(name);
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600, "{name}");
            fs::read_to_string(path).expect("a file")
        })
    };
    drop(Running::start(folder.path(), &[]));
    assert_eq!(fs::metadata(&kept).expect("a folder").permissions().mode() & 0o777, 0o700);
    let first = read();
    drop(Running::start(folder.path(), &[]));
    assert_eq!(read(), first);
    // A certificate that is lost comes again; an authority that is broken is told, and stays.
    fs::remove_file(kept.join("ca.pem")).expect("a file");
    drop(Running::start(folder.path(), &[]));
    assert_eq!(read(), first);
    fs::write(kept.join("authority.pem"), "nothing").expect("a file");
    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--port", "0"]);
    assert_eq!(status, Some(3));
    assert!(err.contains("holds no certificate authority of the emulator"), "{err}");
    assert_eq!(fs::read_to_string(kept.join("authority.pem")).expect("a file"), "nothing");
    fs::remove_file(kept.join("authority.pem")).expect("a file");
    fs::write(kept.join("token-key"), "bm90aGluZw==").expect("a file");
    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--port", "0"]);
    assert!(status == Some(3) && err.contains("token-key: it holds no key of the emulator"), "{err}");
}

#[test]
fn what_clients_need_is_printed() {
    let folder = project();
    for sdk in ["python", "js", "rust", "go", "az", "dotnet"] {
        let (status, out, err) = run(folder.path(), &["emulate", "vaults.yaml", "--print-env", sdk]);
        assert_eq!(status, Some(0), "{err}");
        // A shell that takes it over swallows the comments; a person sees them all the same.
        assert!(err.contains("/etc/hosts needs: 127.0.0.1 payments.vault.localhost"), "{err}");
        let secret = fs::read_to_string(folder.path().join(".credflow/client-secret")).expect("a secret");
        assert!(!out.contains(&secret), "{out}");
        // A shell takes it as it is.
        let checked = Command::new("sh").args(["-n", "-c", &out]).status().expect("a shell");
        assert!(checked.success(), "{out}");
        let path = fs::canonicalize(folder.path()).expect("a folder");
        let out = out.replace(&*path.to_string_lossy(), "FOLDER").replace(&*folder.path().to_string_lossy(), "FOLDER");
        insta::assert_snapshot!(format!("environment_{sdk}"), out);
    }
    for args in [&["--http"], &["--port=0"]] {
        let args = [&["emulate", "vaults.yaml", "--print-env", "js"], &args[..]].concat();
        assert_eq!(run(folder.path(), &args).0, Some(2));
    }
}

const APPLICATIONS: &str = "
applications:
  old:
    client-id: 11111111-1111-4111-8111-111111111111
    client-secrets: [{ value: canary-old, expires: 2020-01-01 }]
  fresh:
    client-id: 22222222-2222-4222-8222-222222222222
    client-secrets: [{ value: canary-old, expires: 2020-01-01 }, { value: canary-fresh, expires: 2040-01-01 }]
  sealed:
    client-id: 33333333-3333-4333-8333-333333333333
    tenant-id: 44444444-4444-4444-8444-444444444444
    certificates: [application.pem]
";

/// A project whose vaults are in two tenants.
fn tenants() -> tempfile::TempDir {
    let folder = project();
    let vaults = "vaults:
  payments: { secrets: { db-password: canary-7f3a9c } }
  sealed:
    tenant-id: 44444444-4444-4444-8444-444444444444
    azure-resource: https://vault.azure.cn
    roles: { sealed: Key Vault Secrets User }
    secrets: { db-password: canary-7f3a9c }
  2fa: {}
";
    fs::write(folder.path().join("vaults.yaml"), format!("{APPLICATIONS}{vaults}")).expect("a file");
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/application.pem");
    fs::copy(key, folder.path().join("application.pem")).expect("a key");
    folder
}

#[test]
fn each_vault_is_told_with_a_client_that_can_prove_itself() {
    let folder = tenants();
    let running = Running::start(folder.path(), &[]);
    let (status, out, err) = run(folder.path(), &["stores", "test"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let printed = fs::read_to_string(folder.path().join("credflow.yaml")).expect("a configuration");
    for line in ["azure-resource: https://vault.azure.cn", "client-id: 22222222-", "client-certificate: \""] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let secret = || fs::read_to_string(folder.path().join(".credflow/client-secret")).expect("a secret");
    assert_eq!(secret(), "canary-fresh");
    drop(running);
    let env = ["emulate", "vaults.yaml", "--print-env", "python"];
    let (status, out, err) = run(folder.path(), &env);
    assert!(status == Some(0) && err.contains("note: sealed is in another tenant"), "{err}");
    assert!(out.contains("export VAULT_2FA_VAULT_URL=https://2fa.vault.localhost:8443"), "{out}");
    // At a time when another one counts.
    assert_eq!(run(folder.path(), &[&env[..], &["--now", "2019-01-01"]].concat()).0, Some(0));
    assert_eq!(secret(), "canary-old");
    // Where all secrets are over there is the certificate, or nothing.
    let (status, out, _) = run(folder.path(), &[&env[..], &["--now", "2041-01-01"]].concat());
    assert!(status == Some(0) && out.contains("AZURE_CLIENT_CERTIFICATE_PATH='/"), "{out}");
    fs::remove_file(folder.path().join("application.pem")).expect("a key");
    let seed = APPLICATIONS.replace("    certificates: [application.pem]\n", "") + "vaults: { payments: {} }\n";
    fs::write(folder.path().join("vaults.yaml"), seed).expect("a seed");
    let (status, out, err) = run(folder.path(), &[&env[..], &["--now", "2041-01-01"]].concat());
    assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("there is nothing to print"), "{err}");
}

#[test]
fn another_address_is_served_told_and_found() {
    let folder = project();
    let running = Running::start(folder.path(), &["--listen", "127.0.0.2"]);
    let said = running.said();
    assert!(said.contains("Entra ID   https://127.0.0.2:") && !said.contains("localhost"), "{said}");
    let (status, _, err) = set(folder.path(), "payments/new", b"x");
    assert_eq!(status, Some(0), "{err}");
    let (status, out, err) = run(folder.path(), &["emulate", "export", "payments", "--format", "dotenv", "--reveal"]);
    assert!(status == Some(0) && out.contains("NEW='x'"), "{out}{err}");
    let printed = fs::read_to_string(folder.path().join("credflow.yaml")).expect("a configuration");
    assert!(
        printed.contains("# payments: credflow finds vaults by name; give the emulator one with --host"),
        "{printed}"
    );
    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--print-env", "js"]);
    assert!(status == Some(2) && err.contains("give the emulator one with `--host`"), "{err}");
    drop(running);
    let running = Running::start(folder.path(), &["--listen", "127.0.0.2", "--host", "emu.test"]);
    let printed = fs::read_to_string(folder.path().join("credflow.yaml")).expect("a configuration");
    assert!(printed.contains("vault-url: https://payments.emu.test:"), "{printed}");
    let (status, out, err) = run(folder.path(), &["emulate", "vaults.yaml", "--print-env", "az"]);
    assert_eq!(status, Some(0), "{err}");
    let port =
        running.said().split("emu.test:").nth(1).and_then(|rest| rest.lines().next()).expect("a port").to_owned();
    assert!(
        out.contains(&format!("az cloud register -n credflow-emu-test-{port}")),
        "the port of the one that runs: {out}"
    );
    assert_eq!(set(folder.path(), "payments/new", b"y").0, Some(0));
    let elsewhere = ["emulate", "vaults.yaml", "--port", "0", "--listen", "192.0.2.7", "--expose"];
    let (status, _, err) = run(folder.path(), &elsewhere);
    assert!(status == Some(3) && err.contains("this machine has no such address"), "{err}");
    assert_eq!(run(folder.path(), &["emulate", "vaults.yaml", "--listen", "there"]).0, Some(2));
}

#[test]
fn a_second_emulator_leaves_the_first_where_it_is_found() {
    let folder = project();
    let running = Running::start(folder.path(), &[]);
    let first = fs::read_to_string(folder.path().join(".credflow/running.json")).expect("a file");
    let below = folder.path().join("below");
    fs::create_dir(&below).expect("a folder");
    fs::write(below.join("vaults.yaml"), "payments: {}\n").expect("a seed");
    let second = Running::start(&below, &["--folder", "../.credflow"]);
    assert!(second.said().contains("note: another emulator runs at https://localhost:"), "{}", second.said());
    assert_eq!(fs::read_to_string(folder.path().join(".credflow/running.json")).expect("a file"), first);
    drop(second);
    // One that was killed isn't in the way.
    drop(running);
    let running = Running::start(folder.path(), &["--listen", "localhost"]);
    assert!(!running.said().contains("another emulator"), "{}", running.said());
    assert_ne!(fs::read_to_string(folder.path().join(".credflow/running.json")).expect("a file"), first);
    let (status, _, err) = run(&below, &["emulate", "export", "--folder", "none"]);
    assert!(status == Some(3) && err.contains("looked in none"), "{err}");
}

#[test]
fn a_secret_is_set_and_everything_exported() {
    let folder = project();
    let (status, _, err) = set(folder.path(), "payments/new", b"x");
    assert_eq!(status, Some(3));
    assert!(err.contains("no emulator runs for this project"), "{err}");
    let running = Running::start(folder.path(), &[]);
    assert_eq!(
        set(folder.path(), "payments/new", b"two\nlines: '\"$x"),
        (Some(0), String::new(), "set payments/new\n".to_owned())
    );
    let below = folder.path().join("below");
    fs::create_dir(&below).expect("a folder");
    let (status, _, err) = set(&below, "payments/new", b"newest\n");
    assert_eq!(status, Some(0), "{err}");
    assert!(err.contains("ends with a line break"), "{err}");
    for (secret, value, code, says) in [
        ("payments", &b"x"[..], 2, "a secret is STORE/SECRET"),
        ("payments/a_b", b"x", 2, "a secret is STORE/SECRET"),
        ("none/a", b"x", 3, "no vault is called none; there are: payments"),
        ("payments/a", b"\xff", 1, "not UTF-8"),
        ("payments/a", &vec![b'x'; 25_601], 1, "longer than 25600 bytes"),
    ] {
        let (status, _, err) = set(folder.path(), secret, value);
        assert!(status == Some(code) && err.contains(says), "{secret}: {status:?} {err}");
    }

    let (status, masked, _) = run(folder.path(), &["emulate", "export"]);
    assert_eq!(status, Some(0));
    assert!(!masked.contains("canary") && !masked.contains("newest") && masked.contains("value: # masked"), "{masked}");
    // What is masked is no seed, in which stars would be the values.
    fs::write(folder.path().join("masked.yaml"), &masked).expect("a file");
    let (status, _, err) = run(folder.path(), &["emulate", "masked.yaml", "--port", "0", "--folder", "other"]);
    assert!(status == Some(1) && err.contains("`value` has no value"), "{err}");
    let (_, masked, _) = run(folder.path(), &["emulate", "export", "payments", "--format", "dotenv"]);
    assert!(masked.lines().all(|line| line.starts_with("# ")) && masked.contains("DB_PASSWORD"), "{masked}");
    let (status, out, _) = run(folder.path(), &["emulate", "export", "payments", "--format", "dotenv", "--reveal"]);
    assert_eq!((status, out), (Some(0), format!("DB_PASSWORD='{CANARY}'\nNEW='newest\n'\n")));
    assert_eq!(run(folder.path(), &["emulate", "export", "--format", "dotenv"]).0, Some(2));
    assert_eq!(run(folder.path(), &["emulate", "export", "none"]).0, Some(1));
    assert!(!running.said().contains("canary") && !running.said().contains("newest"), "{}", running.said());

    // What was exported fills the next one: the same versions, values and times.
    let export = ["emulate", "export", "--reveal", "-o", "exported.yaml"];
    assert_eq!(run(folder.path(), &export).0, Some(0));
    let first = fs::read_to_string(folder.path().join("exported.yaml")).expect("a seed");
    drop(running);
    fs::rename(folder.path().join("exported.yaml"), folder.path().join("vaults.yaml")).expect("a seed");
    let _running = Running::start(folder.path(), &[]);
    assert_eq!(run(folder.path(), &export).0, Some(0));
    assert_eq!(fs::read_to_string(folder.path().join("exported.yaml")).expect("a seed"), first);
}

#[test]
fn a_vault_is_filled_from_a_dotenv_file() {
    let folder = project();
    fs::write(folder.path().join(".env"), "# of the app\nAPI_KEY='a key'\nexport DB_PASSWORD=\"newer\"\n")
        .expect("a file");
    let running = Running::start(folder.path(), &["--dotenv", "payments=.env", "--dotenv", "app=.env"]);
    let (_, out, _) = run(folder.path(), &["emulate", "export", "app", "--format", "dotenv", "--reveal"]);
    assert_eq!(out, "API_KEY='a key'\nDB_PASSWORD='newer'\n");
    let (_, out, _) = run(folder.path(), &["emulate", "export", "payments", "--format", "dotenv", "--reveal"]);
    assert_eq!(out, "API_KEY='a key'\nDB_PASSWORD='newer'\n");
    drop(running);
    fs::write(folder.path().join(".env"), format!("A.B={CANARY}\nnothing\nBIG={}\n", "x".repeat(25_601)))
        .expect("a file");
    let (status, _, err) = run(folder.path(), &["emulate", "--dotenv", "app=.env", "--port", "0"]);
    assert_eq!(status, Some(1));
    assert!(err.contains(".env:1:") && err.contains(".env:2:1") && err.contains(".env:3:"), "{err}");
    assert!(!err.contains("canary"), "{err}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = project();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let mut running = Running::start(folder.path(), &["--state", "state.json"]);
        let path = folder.path().to_owned();
        // Several write at once, until the emulator is gone: in the middle of that, each time a little later.
        let count = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (path, count) = (path.clone(), Arc::clone(&count));
                std::thread::spawn(move || {
                    let names = (0..).map(|index| format!("payments/r{round}-w{writer}-{index}"));
                    let is_set = |name: &String| set(&path, name, name.as_bytes()).0 == Some(0);
                    names.take_while(is_set).inspect(|_| _ = count.fetch_add(1, Ordering::Relaxed)).collect::<Vec<_>>()
                })
            })
            .collect();
        until("secrets that are set", || count.load(Ordering::Relaxed) >= 2 + round);
        running.signal(rustix::process::Signal::KILL);
        for writer in writers {
            acknowledged.extend(writer.join().expect("a writer"));
        }
    }
    assert!(acknowledged.len() >= 2 + 3 + 4 + 5, "{acknowledged:?}");
    let _running = Running::start(folder.path(), &["--state", "state.json"]);
    let (_, out, _) = run(folder.path(), &["emulate", "export", "payments", "--format", "dotenv", "--reveal"]);
    for name in acknowledged {
        assert!(out.contains(&format!("'{name}'")), "{name} is lost");
    }
}

#[test]
fn a_state_alone_is_enough() {
    let folder = project();
    drop(Running::start(folder.path(), &["--state", "state.json"]));
    fs::write(folder.path().join("vaults.yaml"), "other: {}\n").expect("a seed");
    let running = Running::start(folder.path(), &["--state", "state.json"]);
    let printed = fs::read_to_string(folder.path().join("credflow.yaml")).expect("a configuration");
    assert!(printed.contains("  payments:\n") && printed.contains("  other:\n"), "{printed}");
    drop(running);
    let env = ["emulate", "--state", "state.json", "--print-env", "js"];
    let (status, out, _) = run(folder.path(), &env);
    assert!(status == Some(0) && out.contains("PAYMENTS_VAULT_URL=") && out.contains("OTHER_VAULT_URL="), "{out}");
    let mut command = credflow(folder.path(), &["emulate", "--state", "state.json", "--port", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    let told = lines.by_ref().take(3).map(|line| line.expect("a line")).collect::<Vec<_>>();
    let _ = child.kill();
    let _ = child.wait();
    assert!(told[0].contains("not for real secrets") && told[2] == "  other:", "{told:?}");
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let folder = project();
    let running = Running::start(folder.path(), &[]);
    let said = running.said();
    let port = said.split("localhost:").nth(1).and_then(|rest| rest.lines().next()).expect("a port");
    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--port", port]);
    assert_eq!(status, Some(3));
    assert!(err.contains("cannot listen on 127.0.0.1:") && err.contains("choose another port with `--port`"), "{err}");
    assert!(folder.path().join(".credflow/running.json").exists(), "the one that runs can still be found");

    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--port", "0", "--listen", "0.0.0.0"]);
    assert_eq!(status, Some(2));
    assert!(err.contains("say it twice, with `--expose`"), "{err}");

    fs::write(folder.path().join("state.json"), "{\"form\":\"credflow emulator's state\",\"vers").expect("a file");
    let state = ["emulate", "vaults.yaml", "--port", "0", "--state", "state.json"];
    let (status, _, err) = run(folder.path(), &state);
    assert_eq!(status, Some(3));
    assert!(err.contains("state.json is torn") && err.contains("it stays as it is"), "{err}");
    fs::write(folder.path().join("state.json"), r#"{"form":"credflow emulator's state","version":9}"#).expect("a file");
    let (status, _, err) = run(folder.path(), &state);
    assert_eq!(status, Some(3));
    assert!(err.contains("version 9") && err.contains("use the credflow that wrote it"), "{err}");

    let running = Running::start(folder.path(), &["--state", "good.json"]);
    let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--port", "0", "--state", "good.json"]);
    assert!(status == Some(3) && err.contains("another emulator keeps its state in good.json"), "{err}");
    drop(running);
    assert_eq!(run(folder.path(), &["emulate", "--port", "0", "--state", "none.json"]).0, Some(2));
    assert_eq!(run(folder.path(), &["emulate", "--dotenv", "my_app=.env"]).0, Some(2));
    assert_eq!(run(folder.path(), &["emulate"]).0, Some(2));
    assert_eq!(run(folder.path(), &["emulate", "vaults.yaml", "--now", "soon"]).0, Some(2));
    assert_eq!(run(folder.path(), &["emulate", "none.yaml"]).0, Some(1));
}

#[test]
fn time_begins_where_it_is_told() {
    let folder = project();
    let _running = Running::start(folder.path(), &["--now", "2035-06-01"]);
    let (_, out, _) = run(folder.path(), &["emulate", "export"]);
    let created = out.split("created: ").nth(1).and_then(|rest| rest.lines().next()).expect("a time");
    let created: i64 = created.parse().expect("seconds");
    // That day, however long the start takes.
    assert!((2_064_268_800..2_064_268_800 + 86_400).contains(&created), "{created}");
}

#[test]
fn the_seeds_of_the_documentation_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/emulator.md");
    let text = fs::read_to_string(path).expect("the documentation");
    let seeds: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(seeds.len(), 2);
    for seed in seeds {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("vaults.yaml"), seed).expect("a file");
        let (status, _, err) = run(folder.path(), &["emulate", "vaults.yaml", "--print-env", "js"]);
        assert_eq!(status, Some(0), "{err}");
    }
}

#[test]
fn bad_seeds_are_explained() {
    insta::glob!("../fixtures/seeds", "*.yaml", |path| {
        let folder = path.parent().expect("a folder");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let kept = tempfile::tempdir().expect("a folder");
        let kept = kept.path().to_str().expect("a path");
        let (status, out, err) = run(folder, &["emulate", name, "--port", "0", "--folder", kept]);
        assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
        assert!(!err.contains("canary") && !err.contains("xxxx"), "{err}");
        insta::assert_snapshot!(err);
    });
}
