//! `run` and `exec` as people and services see them: logs, reports, the audit, groups, and what goes wrong around steps.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::project::{CANARY, EMULATE, code, credflow, project, run, text};
use crate::waiting::{ended, is_filled, line_of, output, until};
use rustix::process::{Pid, Signal, kill_process};

const WORKFLOW: &str = "
jobs:
  migrate:
    steps:
      - name: Apply it
        env: { TOKEN: $<credential:payments/plain>, FIELD: $<credential:payments/json#/user> }
        run: 'echo token $TOKEN'
      - { id: fails, run: 'exit 3' }
      - run: echo never
        env: { TOKEN: $<credential:payments/pinned> }
  notify:
    needs: migrate
    steps: [{ run: echo never }]
";

/// Runs `run w.yaml` with more arguments.
fn ran(folder: &Path, args: &[&str]) -> Output {
    run(folder, &[&["run", "w.yaml"], &EMULATE[..], args].concat())
}

/// What differs from run to run.
fn scrub(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_hexdigit() {
            digits.push(character);
            continue;
        }
        // A version may by chance have no digit, and a word could be hexadecimal; only a version follows an `@`.
        let is_version = digits.len() == 32 || digits.len() == 8 && out.ends_with('@');
        out.push_str(if is_version { "VERSION" } else { &digits });
        digits.clear();
        out.push(character);
    }
    out.pop();
    let mut lines: Vec<String> = Vec::new();
    for line in out.lines() {
        let line = line.split("_ms\": ").next().map_or(line, |head| if head == line { line } else { head });
        let mut line = line.to_owned();
        for place in ["time=\""] {
            while let Some(at) = line.find(place) {
                let end = line[at + place.len()..].find('"').map_or(line.len(), |end| at + place.len() + end + 1);
                line.replace_range(at..end, "TIME");
            }
        }
        for verdict in ["succeeded in ", "failed after "] {
            if let Some(rest) = line.strip_prefix(verdict) {
                let end = rest.find(" s").expect("a time");
                line = format!("{verdict}0.0{}", &rest[end..]);
            }
        }
        if let Some(at) = line.find(" s)").or_else(|| line.find(" s  ")) {
            let start = line[..at].rfind([' ', '(']).map_or(0, |start| start + 1);
            // In a table a longer time takes the place of blanks.
            let width = if line[at..].starts_with(" s)") { 0 } else { at - start };
            line.replace_range(start..at, &format!("{:>width$}", "0.0"));
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[test]
fn a_summary_tells_which_versions_were_used() {
    let folder = project(WORKFLOW);
    let output = ran(folder.path(), &[]);
    assert_eq!(code(&output), Some(3));
    insta::assert_snapshot!(scrub(&text(&output.stderr)));
}

#[test]
fn each_step_has_a_log_and_the_run_its_reports() {
    let folder = project(WORKFLOW);
    let output = ran(folder.path(), &["--log-dir", "logs", "--report", "report.json", "--report", "report.xml"]);
    assert_eq!(code(&output), Some(3), "{}", text(&output.stderr));
    let mut logs: Vec<String> = fs::read_dir(folder.path().join("logs"))
        .expect("the folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    logs.sort();
    assert_eq!(logs, ["01-migrate-01-Apply-it.log", "01-migrate-02-fails.log"]);
    let log = fs::read_to_string(folder.path().join("logs").join(&logs[0])).expect("a log");
    assert_eq!(log, "token ***\n");
    let read = |name| fs::read_to_string(folder.path().join(name)).expect("a report");
    let (json, xml) = (read("report.json"), read("report.xml"));
    assert!(!json.contains(CANARY) && !xml.contains(CANARY));
    serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    insta::assert_snapshot!("report_json", scrub(&json));
    insta::assert_snapshot!("report_junit", scrub(&xml));
}

#[test]
fn outputs_that_cannot_be_written_stop_the_run_before_it_starts() {
    let folder = project("steps: [{ run: 'touch started' }]");
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    for args in [
        ["--report", "no/such/report.json"],
        ["--report", "folder"],
        ["--report", "/dev/null"],
        ["--log-dir", "w.yaml/logs"],
        ["--audit", "/dev/null"],
    ] {
        let output = ran(folder.path(), &args);
        assert_eq!(code(&output), Some(125), "{args:?}");
        assert!(text(&output.stderr).starts_with("error: cannot "), "{}", text(&output.stderr));
        assert!(!folder.path().join("started").exists());
    }
}

#[test]
fn a_full_disk_for_logs_is_told_and_stops_no_step() {
    let folder = project("steps: [{ run: 'head -c 5000 /dev/zero' }, { run: 'touch reached' }]");
    // A limit on the size of files is as good as a full disk.
    let script =
        format!("trap '' XFSZ; ulimit -f 2; exec {} run w.yaml --log-dir logs", env!("CARGO_BIN_EXE_credflow"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
    assert!(folder.path().join("reached").exists());
    assert_eq!(code(&output), Some(125), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cannot write the log logs/01-main-01-1.log: File too large"));
}

#[test]
fn a_log_follows_no_link_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project("steps: [{ run: 'echo on' }, { run: 'echo off' }]");
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).expect("a folder");
    fs::write(folder.path().join("precious"), "kept").expect("a file");
    std::os::unix::fs::symlink("../precious", logs.join("01-main-01-1.log")).expect("a link");
    fs::write(logs.join("01-main-02-2.log"), "of yesterday").expect("a file");
    fs::set_permissions(logs.join("01-main-02-2.log"), fs::Permissions::from_mode(0o644)).expect("a mode");
    let output = ran(folder.path(), &["--log-dir", "logs"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("precious")).expect("a file"), "kept");
    for (name, content) in [("01-main-01-1.log", "on\n"), ("01-main-02-2.log", "off\n")] {
        let path = logs.join(name);
        let mode = fs::symlink_metadata(&path).expect("a file").permissions().mode();
        assert_eq!((mode & 0o7777, fs::read_to_string(&path).expect("a file").as_str()), (0o600, content));
    }
}

#[test]
fn quiet_is_quiet_wherever_it_runs() {
    let folder = project("jobs: { a: { steps: [{ run: 'echo on' }] }, b: { steps: [{ run: 'echo on' }] } }");
    for variable in ["NOTHING", "GITHUB_ACTIONS", "TF_BUILD"] {
        let output =
            credflow(folder.path(), &["-q", "run", "w.yaml"]).env(variable, "true").output().expect("a process");
        let mut lines: Vec<&str> = std::str::from_utf8(&output.stdout).expect("text").lines().collect();
        lines.sort_unstable();
        assert_eq!((lines, text(&output.stderr)), (vec!["a | on", "b | on"], String::new()));
    }
}

#[test]
fn the_audit_says_who_was_given_what() {
    let folder = project(WORKFLOW);
    let audited = ["--audit", "audit.jsonl"];
    ran(folder.path(), &audited);
    let exec = credflow(folder.path(), &[&["exec"], &EMULATE[..], &audited, &["--", "true"]].concat())
        .env("TOKEN", "$<credential:payments/plain>")
        .output()
        .expect("a process");
    assert_eq!(code(&exec), Some(0), "{}", text(&exec.stderr));
    run(folder.path(), &[&["render", "w.yaml"], &EMULATE[..], &audited].concat());
    fs::write(folder.path().join("w.yaml"), "steps: [{ run: x, env: { A: $<credential:payments/missing> } }]")
        .expect("a file");
    assert_eq!(code(&ran(folder.path(), &audited)), Some(125));
    let audit = fs::read_to_string(folder.path().join("audit.jsonl")).expect("the audit");
    assert!(!audit.contains(CANARY));
    let told: Vec<String> = audit
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let of = |key: &str| line[key].as_str().unwrap_or("none").to_owned();
            let version = if of("version").len() == 32 { "VERSION".to_owned() } else { of("version") };
            format!("{} {}/{} {version} {} {}", of("step"), of("store"), of("secret"), of("variable"), of("outcome"))
        })
        .collect();
    insta::assert_snapshot!("audit", told.join("\n"));
    assert!(audit.contains(
        "\"identity\":\"client-secret 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08 in 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90\""
    ));
    let verify = || run(folder.path(), &["audit", "verify", "audit.jsonl"]);
    assert!(
        text(&verify().stdout).starts_with("audit.jsonl: 8 lines of 4 runs, as they were written"),
        "{}",
        text(&verify().stdout)
    );
    assert!(text(&verify().stderr).contains("shows only with `--last HASH`"), "{}", text(&verify().stderr));
    let changed = audit.replacen("Apply it", "Apply ix", 1);
    fs::write(folder.path().join("audit.jsonl"), changed).expect("a file");
    assert_eq!(code(&verify()), Some(1));
    assert!(text(&verify().stderr).starts_with("error: audit.jsonl:1: it was changed"), "{}", text(&verify().stderr));
}

#[test]
fn services_that_show_logs_get_a_group_for_each_step() {
    let folder = project(
        "jobs: { a: { steps: [{ run: echo 1 }, { run: 'printf 2; exit 4' }] }, b: { needs: [a], steps: [{ run: x }] } }",
    );
    // The second begins before the first ends, and ends after all of the first was shown.
    let parallel = project(
        "jobs: { a: { steps: [{ run: 'echo a1; until [ -e began ]; do sleep 0.02; done; echo a2' }] }, b: { steps: [{ run: 'echo b1; touch began; until [ -e shown ]; do sleep 0.02; done; echo b2' }] } }",
    );
    let shown = |folder: &Path, variable: &str| {
        let mut command = credflow(folder, &["run", "w.yaml"]);
        let mut child =
            command.env(variable, "True").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let lines =
            BufReader::new(child.stdout.take().expect("stdout")).lines().map(|line| line.expect("a line") + "\n");
        let shown: String = lines
            .inspect(|line| {
                if line == "::endgroup::\n" {
                    fs::write(folder.join("shown"), "").expect("a file");
                }
            })
            .collect();
        ended(&mut child);
        scrub(&shown)
    };
    let all = [
        shown(folder.path(), "GITHUB_ACTIONS"),
        shown(parallel.path(), "GITHUB_ACTIONS"),
        shown(folder.path(), "TF_BUILD"),
    ];
    insta::assert_snapshot!("groups", all.join("\n---\n"));
}

#[test]
fn client_secrets_of_no_store_are_passed_on_or_shown() {
    let folder = project(
        "steps: [{ env: { A: $<credential:payments/plain> }, run: 'echo [$OTHER_CLIENT_SECRET] [$PAYMENTS_CLIENT_SECRET]; echo other-secret-value' }]",
    );
    let config = folder.path().join("credflow.yaml");
    let mut stores = fs::read_to_string(&config).expect("a configuration");
    let at = stores.find("credentials:").expect("credentials");
    stores.insert_str(at, "  other:\n    vault-url: https://other.vault.azure.net\n    tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90\n    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08\n    client-secret: { env: OTHER_CLIENT_SECRET }\n");
    fs::write(&config, stores).expect("a file");
    let output = credflow(folder.path(), &[&["run", "w.yaml"], &EMULATE[..]].concat())
        .env("OTHER_CLIENT_SECRET", "other-secret-value")
        .env("PAYMENTS_CLIENT_SECRET", "payments-secret-value")
        .output()
        .expect("a process");
    assert_eq!(text(&output.stdout), "[] []\n***\n", "{}", text(&output.stderr));
}

/// Wherever a store's credential stands: in the configuration, in a file, in a certificate's file beside what is public.
#[test]
fn what_proves_who_asks_is_never_shown() {
    let folder = project("steps: [{ run: 'cat own.txt own.pem; echo literal-client-value' }]");
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    file("own.txt", "file-client-value\n");
    file(
        "own.pem",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUEXAMPLE1\n-----END CERTIFICATE-----\n\
         -----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqG\n-----END PRIVATE KEY-----\n",
    );
    let config = folder.path().join("credflow.yaml");
    let mut stores = fs::read_to_string(&config).expect("a configuration");
    let at = stores.find("credentials:").expect("credentials");
    for (name, own) in [
        ("literal", "client-secret: literal-client-value"),
        ("file", "client-secret: { file: own.txt }"),
        ("certificate", "client-certificate: own.pem"),
    ] {
        stores.insert_str(at, &format!("  {name}:\n    vault-url: https://{name}.vault.azure.net\n    tenant-id: 7d1c0a52-4b1e-4d7a-9c3f-2f8e6a1b5c90\n    client-id: 3f0a9d1e-88a2-4d0c-a5b7-6f2d9e4c1b08\n    {own}\n"));
    }
    fs::write(&config, stores).expect("a file");
    let exec =
        [&["exec"], &EMULATE[..], &["--", "sh", "-c", "cat own.txt own.pem; echo literal-client-value"]].concat();
    for args in [[&["run", "w.yaml"], &EMULATE[..]].concat(), exec] {
        let output = credflow(folder.path(), &args).output().expect("a process");
        let expected = "***\n-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUEXAMPLE1\n-----END CERTIFICATE-----\n\
                        ***\n-----END PRIVATE KEY-----\n***\n";
        assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    }
}

#[test]
fn a_short_value_is_warned_of_before_it_is_used() {
    let folder = project("steps: [{ env: { A: $<credential:payments/short> }, run: 'echo $A of 11' }]");
    fs::write(folder.path().join("vaults.yaml"), "payments: { short: '1' }\n").expect("a file");
    let output = ran(folder.path(), &[]);
    assert_eq!(text(&output.stdout), "*** of 11\n");
    assert!(
        text(&output.stderr)
            .starts_with("warning[common-value]: the value of `short` of the store `payments` is too short or"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn exec_gives_the_childs_end() {
    let folder = project("");
    let exec = |args: &[&str]| run(folder.path(), &[&["exec", "--"], args].concat());
    assert_eq!(code(&exec(&["sh", "-c", "exit 42"])), Some(42));
    assert_eq!(code(&exec(&["sh", "-c", "kill -TERM $$"])), Some(143));
    assert_eq!(code(&exec(&["no-such-program"])), Some(127));
    assert_eq!(code(&exec(&["/dev/null"])), Some(126));
    let mut child = credflow(folder.path(), &["exec", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    child.stdin.take().expect("stdin").write_all(b"typed").expect("written");
    assert_eq!(text(&output(child).stdout), "typed");
}

#[test]
fn exec_tells_all_faults_by_the_names_of_variables() {
    let folder = project("");
    fs::write(folder.path().join("e.env"), "A=1\nB=$<credential:payments/a_b>\n").expect("a file");
    let output = credflow(folder.path(), &["exec", "--env-file", "e.env", "--", "true"])
        .env("Q", "$<credential:zz/x>")
        .env("N", "$<credentials:payments/x>")
        .output()
        .expect("a process");
    assert_eq!(code(&output), Some(125));
    insta::assert_snapshot!("exec_faults", text(&output.stderr));
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("a signal");
}

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn nothing_outlives_a_run_that_is_hung_up_on() {
    let folder = project(
        "steps: [{ run: 'echo $$ >step; setsid sh -c \"echo \\$\\$ >daemon; exec sleep 3600\" >/dev/null 2>&1 & sleep 3600' }]",
    );
    let mut child = credflow(folder.path(), &["run", "w.yaml"]).stderr(Stdio::null()).spawn().expect("a process");
    let [step, daemon] = ["step", "daemon"].map(|name| line_of(&folder.path().join(name)));
    assert!(lives(&step) && lives(&daemon));
    send(&child, Signal::HUP);
    let status = ended(&mut child);
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(!lives(&step) && !lives(&daemon));
}

#[test]
fn output_that_nobody_reads_stops_no_step() {
    let folder = project("steps: [{ run: 'yes | head -c 1000000' }, { run: touch reached }]");
    let mut child = credflow(folder.path(), &["run", "w.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    drop(child.stdout.take());
    assert_eq!(ended(&mut child).code(), Some(0));
    assert!(folder.path().join("reached").exists());
}

/// The most memory that a process had, in KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

#[test]
fn a_flood_through_a_slow_reader_takes_no_memory() {
    const FLOOD: usize = 32_000_000;
    let folder = project(&format!("steps: [{{ run: 'yes 0123456789abcdef | head -c {FLOOD}' }}]"));
    let mut child = credflow(folder.path(), &["run", "w.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut stdout = child.stdout.take().expect("stdout");
    until("a pipe that is full", || is_filled(&stdout));
    let before = peak(child.id()).expect("a peak");
    let mut block = vec![0; 1 << 20];
    let (mut total, mut most) = (0, before);
    loop {
        // The flood would be in memory by now, if it were read faster than it is shown.
        if total < 5_000_000 {
            std::thread::sleep(Duration::from_millis(5));
        }
        most = most.max(peak(child.id()).unwrap_or_default());
        match stdout.read(&mut block).expect("output") {
            0 => break,
            count => total += count,
        }
    }
    assert_eq!(ended(&mut child).code(), Some(0));
    assert_eq!(total, FLOOD);
    let grown = most - before;
    assert!(grown < 8_000, "{grown} KiB more than {before}");
}

#[test]
fn output_that_is_never_read_holds_up_no_end() {
    // The longer the step may run, the surer the pipe is full by then; mostly it is at once.
    let held_up = [0.002, 0.01, 0.1, 2.0].iter().any(|minutes| {
        let step = format!("{{ run: 'yes', timeout-minutes: {minutes} }}");
        let folder = project(&format!("steps: [{step}, {{ if: always(), run: touch reached }}]"));
        let mut child = credflow(folder.path(), &["run", "w.yaml"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        // The pipe stays open, and nobody reads it.
        let stdout = child.stdout.take().expect("stdout");
        assert_eq!(ended(&mut child).code(), Some(124));
        assert!(folder.path().join("reached").exists());
        is_filled(&stdout)
    });
    assert!(held_up, "nothing was held up");
    let folder = project("");
    let mut child = credflow(folder.path(), &["exec", "--", "yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let stdout = child.stdout.take().expect("stdout");
    until("a pipe that is full", || is_filled(&stdout));
    send(&child, Signal::TERM);
    assert_eq!(ended(&mut child).code(), Some(143));
    drop(stdout);
}

#[test]
fn exec_ends_with_its_reader() {
    let folder = project("");
    let mut child = credflow(folder.path(), &["exec", "--", "yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = [0; 2];
    child.stdout.take().expect("stdout").read_exact(&mut line).expect("output");
    assert_eq!(&line, b"y\n");
    // As `yes | head -1` does: by the signal of a closed pipe.
    assert_eq!(ended(&mut child).code(), Some(141));
}

#[test]
fn signals_reach_the_command_or_end_the_run() {
    let folder = project("steps: [{ files: { F: x }, run: 'echo $F >file; echo $$ >step; sleep 3600' }]");
    let script = "trap 'echo got it; exit 7' USR1; echo ready >ready; while :; do sleep 0.05; done";
    let child = credflow(folder.path(), &["exec", "--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    line_of(&folder.path().join("ready"));
    send(&child, Signal::USR1);
    let output = output(child);
    assert_eq!((code(&output), text(&output.stdout).contains("got it")), (Some(7), true));
    let mut child = credflow(folder.path(), &["run", "w.yaml"]).stderr(Stdio::null()).spawn().expect("a process");
    let [file, step] = ["file", "step"].map(|name| line_of(&folder.path().join(name)));
    assert!(lives(&step) && Path::new(&file).exists());
    send(&child, Signal::QUIT);
    assert_eq!(ended(&mut child).code(), Some(130));
    assert!(!lives(&step) && !Path::new(&file).exists());
}

#[test]
fn a_junit_report_counts_what_matters() {
    let folder = project(
        "
jobs:
  tolerant:
    steps:
      - { id: step, run: exit 3, continue-on-error: true }
      - { id: again, run: '[ -e tried ] || { touch tried; exit 1; }', retry: { attempts: 3, delay: 0 } }
  tolerated: { continue-on-error: true, steps: [{ id: fails, run: exit 4 }, { id: passed-over, run: x }] }
  skipped: { if: false, steps: [{ run: x }] }
  failed: { steps: [{ id: fails, run: exit 5 }] }
  passed-over: { needs: failed, steps: [{ run: x }] }
",
    );
    let output = ran(folder.path(), &["--report", "report.xml", "--max-parallel", "1"]);
    assert_eq!(code(&output), Some(5), "{}", text(&output.stderr));
    let xml = fs::read_to_string(folder.path().join("report.xml")).expect("a report");
    insta::assert_snapshot!("report_junit_verdicts", scrub(&xml));
}

#[test]
fn names_of_logs_fit_into_a_folder() {
    let (job, label) = ("漢".repeat(300), "字".repeat(300));
    let folder = project(&format!("jobs: {{ {job}: {{ steps: [{{ name: {label}, run: echo on }}] }} }}"));
    let output = ran(folder.path(), &["--log-dir", "logs"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    let name = format!("01-{}-01-{}.log", "漢".repeat(26), "字".repeat(26));
    assert_eq!(fs::read_to_string(folder.path().join("logs").join(name)).expect("a log"), "on\n");
}

/// `payments/missing` isn't in the vault: whatever asks for it fails.
const OVERRIDDEN: &str = "
env: { TOKEN: $<credential:payments/missing>, FIELD: $<credential:payments/json#/user>, INPUT_KEY: $<credential:payments/missing> }
jobs:
  build:
    env: { TOKEN: plain-token }
    steps:
      - { id: own, run: 'echo $TOKEN $FIELD $INPUT_KEY', env: { FIELD: plain-field }, with: { key: plain-key } }
      - { id: sees, run: 'echo $TOKEN $FIELD $INPUT_KEY', with: { key: $<credential:payments/plain> } }
      - { id: never, if: false, run: x, env: { LATER: $<credential:payments/missing> }, with: { key: k } }
  off:
    if: false
    env: { TOKEN: t }
    steps: [{ run: x, env: { LATER: $<credential:payments/missing> }, with: { key: k } }]
  after-off:
    needs: off
    steps: [{ run: x, env: { LATER: $<credential:payments/missing>, TOKEN: t }, with: { key: k } }]
";

/// The lines of an audit without what differs from run to run.
fn audited(folder: &Path, name: &str) -> Vec<String> {
    let audit = fs::read_to_string(folder.join(name)).expect("the audit");
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let of = |key: &str| line[key].as_str().unwrap_or("none").to_owned();
        format!("{} {}/{} {} {}", of("step"), of("store"), of("secret"), of("variable"), of("outcome"))
    };
    audit.lines().map(line).collect()
}

#[test]
fn what_no_step_sees_is_not_fetched_listed_or_noted() {
    let folder = project(OVERRIDDEN);
    let output = ran(folder.path(), &["--verbose", "--report", "report.json", "--audit", "audit.jsonl"]);
    let told = text(&output.stderr);
    assert_eq!(code(&output), Some(0), "{told}");
    assert_eq!(
        text(&output.stdout).lines().map(|line| line.split(" | ").last().unwrap_or(line)).collect::<Vec<_>>(),
        ["plain-token plain-field plain-key", "plain-token *** ***"]
    );
    assert!(told.contains("fetched payments/plain") && !told.contains("fetched payments/missing"), "{told}");
    assert!(told.contains("warning[overridden]: `TOKEN` is overridden in every step; its value is never fetched"));
    assert_eq!(
        audited(folder.path(), "audit.jsonl"),
        ["build/sees payments/json FIELD given", "build/sees payments/plain key given"]
    );
    let report = fs::read_to_string(folder.path().join("report.json")).expect("a report");
    assert!(report.contains("payments") && !report.contains("missing"), "{report}");
    // One secret is used in the summary's line of the step that sees it, and nowhere else.
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("payments/json@")).collect();
    assert!(lines.len() == 1 && lines[0].contains("build/sees"), "{told}");
    for part in [&["--job", "build"][..], &["--step", "build/own"], &["--step", "build/never"]] {
        assert_eq!(code(&ran(folder.path(), part)), Some(0), "{part:?}");
    }
    // A job alone needs no other, so that it runs.
    assert_eq!(code(&ran(folder.path(), &["--job", "after-off"])), Some(125));
}

#[test]
fn rendering_fetches_what_it_writes() {
    let folder = project(OVERRIDDEN);
    let render = |args: &[&str]| run(folder.path(), &[&["render", "w.yaml"], &EMULATE[..], args].concat());
    // The file has every reference.
    let yaml = render(&["--audit", "yaml.jsonl"]);
    assert_eq!(code(&yaml), Some(3), "{}", text(&yaml.stderr));
    assert!(!text(&yaml.stderr).contains("never fetched"), "{}", text(&yaml.stderr));
    let noted = audited(folder.path(), "yaml.jsonl");
    for line in ["build/own payments/missing TOKEN not-fetched", "off/#1 payments/missing LATER not-fetched"] {
        assert!(noted.iter().any(|noted| noted == line), "{noted:?}");
    }
    fs::write(
        folder.path().join("call.yaml"),
        "env: { A: $<credential:payments/plain> }\njobs: { call: { uses: ./other.yaml, env: { B: $<credential:named> } } }",
    )
    .expect("a file");
    let args = ["render", "call.yaml", "--reveal", "--audit", "call.jsonl"];
    assert_eq!(code(&run(folder.path(), &[&args[..], &EMULATE].concat())), Some(0));
    assert_eq!(
        audited(folder.path(), "call.jsonl"),
        ["call payments/plain A revealed", "call payments/plain B revealed"]
    );
    let json = render(&["--format", "json", "--reveal", "--audit", "json.jsonl"]);
    assert_eq!(code(&json), Some(0), "{}", text(&json.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let jobs = &shown["workflows"][0]["jobs"];
    assert_eq!(jobs[0]["steps"][0]["env"]["FIELD"], "plain-field");
    assert_eq!(jobs[0]["steps"][1]["env"]["FIELD"], format!("{CANARY}-user"));
    assert_eq!(jobs[0]["steps"][2]["env"], serde_json::json!({}));
    assert_eq!(
        audited(folder.path(), "json.jsonl"),
        ["build/sees payments/json FIELD revealed", "build/sees payments/plain key revealed"]
    );
    let shell = render(&["--format", "shell", "--step", "build/own", "--audit", "shell.jsonl"]);
    assert_eq!(
        text(&shell.stdout),
        "export TOKEN='plain-token'\nexport FIELD='plain-field'\nexport INPUT_KEY='plain-key'\n"
    );
    assert!(audited(folder.path(), "shell.jsonl").is_empty());
    let never = render(&["--format", "dotenv", "--step", "build/never"]);
    assert_eq!(code(&never), Some(2));
    assert_eq!(
        text(&never.stderr).lines().last(),
        Some("error: the step build/never never runs (`if: false`), so it has no variables")
    );
}

#[test]
fn a_file_that_replaces_a_variable_leaves_it_out_where_files_are_not_written() {
    let folder = project(
        "env: { KEY: $<credential:payments/missing> }\nsteps: [{ run: 'cat $KEY', env: { A: a }, files: { KEY: $<credential:payments/plain> } }]",
    );
    let output = ran(folder.path(), &[]);
    assert_eq!((code(&output), text(&output.stdout).as_str()), (Some(0), "***"), "{}", text(&output.stderr));
    let audit = ["render", "w.yaml", "--format", "dotenv", "--audit", "audit.jsonl"];
    let dotenv = run(folder.path(), &[&audit[..], &EMULATE].concat());
    assert_eq!(text(&dotenv.stdout), "A='a'\n", "{}", text(&dotenv.stderr));
    assert!(audited(folder.path(), "audit.jsonl").is_empty());
}

#[test]
fn exec_fetches_what_its_command_sees() {
    let folder = project("");
    fs::write(
        folder.path().join("e.env"),
        "A=$<credential:payments/missing>\nA=plain\nB=$<credential:payments/plain>\n",
    )
    .expect("a file");
    let command = ["--audit", "audit.jsonl", "--env-file", "e.env", "--", "sh", "-c", "echo $A $B $b"];
    let output = credflow(folder.path(), &[&["exec"], &EMULATE[..], &command].concat())
        .env("A", "$<credential:payments/missing>")
        .env("B", "inherited")
        .env("b", "other")
        .output()
        .expect("a process");
    assert_eq!(text(&output.stdout), "plain *** other\n", "{}", text(&output.stderr));
    assert_eq!(audited(folder.path(), "audit.jsonl"), ["main/#1 payments/plain B given"]);
}

#[test]
fn check_and_plan_tell_of_variables_that_no_step_sees() {
    let folder = project("env: { TOKEN: $<credential:payments/plain> }\nsteps: [{ run: x, env: { TOKEN: t } }]\n");
    let check = run(folder.path(), &["check", "w.yaml"]);
    assert_eq!(code(&check), Some(0));
    insta::assert_snapshot!("overridden", text(&check.stderr));
    let plan = |purpose: &[&str]| run(folder.path(), &[&["plan", "w.yaml"], purpose].concat());
    assert!(text(&plan(&[]).stderr).contains("warning[overridden]"));
    assert_eq!(text(&plan(&[]).stdout), "w: 0 secrets of 0 stores, used in 0 places\n");
    let whole = plan(&["--for", "render"]);
    assert!(whole.stderr.is_empty() && text(&whole.stdout).contains("no step  TOKEN"), "{}", text(&whole.stdout));
    // Faults of what only rendering needs are told as well.
    fs::write(
        folder.path().join("w.yaml"),
        "env: { A: $<credential:nowhere/x> }\nsteps: [{ run: x, env: { A: t } }]\n",
    )
    .expect("a file");
    assert_eq!(code(&run(folder.path(), &["check", "w.yaml"])), Some(1));
    assert_eq!(code(&run(folder.path(), &["run", "w.yaml", "--dry-run"])), Some(0));
}
