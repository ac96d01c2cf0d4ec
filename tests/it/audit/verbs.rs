//! The verbs that write an audit, at once, and while somebody else has its lock.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::check;
use crate::project::{EMULATE, code, credflow, project, run, text};

const AUDITED: [&str; 2] = ["--audit", "audit.jsonl"];

/// Starts a verb, its words kept.
fn start(folder: &Path, args: &[&str]) -> Child {
    credflow(folder, args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process")
}

/// The audit of a folder, locked.
fn locked(folder: &Path) -> File {
    let holder = File::create(folder.join("audit.jsonl")).expect("a file");
    holder.lock().expect("nobody has it");
    holder
}

#[test]
fn runs_at_once_with_jobs_at_once_write_one_chain() {
    const STEPS: usize = 12;
    let mut workflow = "jobs:\n".to_owned();
    for job in ["one", "two"] {
        let _ = writeln!(workflow, "  {job}:\n    env: {{ TOKEN: $<credential:payments/plain> }}\n    steps:");
        (0..STEPS).for_each(|_| workflow.push_str("      - run: 'true'\n"));
    }
    let folder = project(&workflow);
    let args = [&["run", "w.yaml"], &EMULATE[..], &AUDITED].concat();
    let runs: Vec<Child> = (0..8).map(|_| start(folder.path(), &args)).collect();
    for run in runs {
        let output = run.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let findings = check(&folder.path().join("audit.jsonl"), None);
    assert_eq!((findings.lines, findings.runs, findings.faults), (8 * 2 * STEPS, 8, Vec::new()));
    let verified = run(folder.path(), &["audit", "verify", "audit.jsonl"]);
    assert_eq!(code(&verified), Some(0), "{}", text(&verified.stderr));
}

#[test]
fn a_lock_that_somebody_holds_does_not_hold_up_the_end() {
    let folder = project("steps: [{ run: 'true', env: { TOKEN: $<credential:payments/disabled> } }]");
    let _holder = locked(folder.path());
    let env = "TOKEN=$<credential:payments/disabled>";
    fs::write(folder.path().join(".env"), env).expect("a file");
    let exec = [&["exec", "--env-file", ".env"], &EMULATE[..], &AUDITED, &["--", "true"]].concat();
    let verbs = [
        ([&["run", "w.yaml"], &EMULATE[..], &AUDITED].concat(), 125),
        (exec, 125),
        ([&["render", "w.yaml"], &EMULATE[..], &AUDITED].concat(), 3),
    ];
    let started = verbs.map(|(args, expected)| (start(folder.path(), &args), expected, args));
    for (child, expected, args) in started {
        let output = child.wait_with_output().expect("an end");
        assert_eq!(code(&output), Some(expected), "{args:?} {}", text(&output.stderr));
        let told = "cannot write the audit audit.jsonl: 1 line not written: ";
        assert!(text(&output.stderr).contains(told), "{args:?} {}", text(&output.stderr));
    }
    assert_eq!(check(&folder.path().join("audit.jsonl"), None).lines, 0);
}

#[test]
fn waiting_for_the_lock_is_told_and_can_be_ended() {
    let folder = project("");
    let _holder = locked(folder.path());
    fs::write(folder.path().join(".env"), "TOKEN=$<credential:payments/plain>").expect("a file");
    let args = [&["exec", "--env-file", ".env"], &EMULATE[..], &AUDITED, &["--", "touch", "started"]].concat();
    let mut child = start(folder.path(), &args);
    let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
    let (mut line, waiting) = (String::new(), "waiting for the audit audit.jsonl: another process holds its lock\n");
    while line != waiting {
        line.clear();
        assert!(err.read_line(&mut line).expect("text") > 0, "it ended before");
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).expect("text");
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{rest}");
    assert!(rest.contains("1 line not written"), "{rest}");
    assert!(!folder.path().join("started").exists());
}

#[test]
fn an_audit_that_cannot_be_written_is_told_before_the_run() {
    let folder = project("steps: [{ run: 'touch started', env: { TOKEN: $<credential:payments/plain> } }]");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).expect("a folder");
    symlink(at("elsewhere"), at("link")).expect("a link");
    symlink(at("w.yaml"), at("link-to-file")).expect("a link");
    fs::write(at("read-only"), "").expect("a file");
    fs::set_permissions(at("read-only"), fs::Permissions::from_mode(0o400)).expect("its owner");
    let mut paths = vec!["folder", "link", "link-to-file", "no/audit.jsonl", "/dev/null"];
    if File::options().append(true).open(at("read-only")).is_err() {
        paths.push("read-only");
    }
    let before = fs::read(at("w.yaml")).expect("bytes");
    for path in paths {
        let output = run(folder.path(), &[&["run", "w.yaml"], &EMULATE[..], &["--audit", path]].concat());
        assert_eq!(code(&output), Some(125), "{path}: {}", text(&output.stderr));
        let told = text(&output.stderr);
        assert!(told.starts_with(&format!("error: cannot write the audit {path}: ")), "{told}");
        assert!(!at("started").exists() && !at("elsewhere").exists(), "{path}");
    }
    assert_eq!(fs::read(at("w.yaml")).expect("bytes"), before);
}

#[test]
fn a_new_audit_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "777"] {
        let folder = project("");
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        let args = [&["exec"], &AUDITED[..], &["--", "true"]].concat();
        let exec = credflow(folder.path(), &args);
        let output = Command::new("sh")
            .args(["-c", &script])
            .arg(exec.get_program())
            .args(exec.get_args())
            .current_dir(folder.path())
            .output()
            .expect("a process");
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        let mode = folder.path().join("audit.jsonl").metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{umask}");
    }
}
