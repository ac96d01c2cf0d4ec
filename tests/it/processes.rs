//! What `run` and `exec` leave of the processes that they start: zombies, steps of a credflow that was killed, private
//! files.
#![cfg(target_os = "linux")]
#![allow(clippy::format_collect, clippy::print_stdout, reason = "a test has the time, and says what it can't check")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{EMULATE, code, credflow, project, run, text};

/// Waits for something; only a hang reaches the bound.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process as `/proc` has it: its id, state, parent and session.
struct Seen {
    id: u32,
    state: char,
    parent: u32,
    session: u32,
}

fn seen(id: u32) -> Option<Seen> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let mut number = || fields.next()?.parse().ok();
    let (parent, _, session) = (number()?, number()?, number()?);
    Some(Seen { id, state, parent, session })
}

fn children(of: u32) -> Vec<Seen> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(seen).filter(|process| process.parent == of).collect()
}

fn zombies(of: u32) -> usize {
    children(of).iter().filter(|process| process.state == 'Z').count()
}

fn lives(id: u32) -> bool {
    seen(id).is_some_and(|process| !matches!(process.state, 'Z' | 'X'))
}

/// The process that a step wrote to a file.
fn pid(path: &Path) -> u32 {
    let mut id = 0;
    until(&path.display().to_string(), || {
        id = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        id != 0
    });
    id
}

fn send(signal: &str, id: u32) {
    Command::new("kill").args([signal, &id.to_string()]).status().expect("kill");
}

fn quietly(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

/// The supervisor of a credflow that runs.
fn supervisor(of: u32) -> u32 {
    let mut found = None;
    let is_it = |process: &Seen| {
        fs::read(format!("/proc/{}/cmdline", process.id)).is_ok_and(|line| line.ends_with(b"\0supervise\0"))
    };
    until("a supervisor", || {
        found = children(of).iter().find(|process| is_it(process)).map(|process| process.id);
        found.is_some()
    });
    found.expect("a supervisor")
}

/// Whether the system lets us be the first process of a namespace.
fn has_namespaces() -> bool {
    let probe =
        Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).stderr(Stdio::null()).status();
    let is_allowed = probe.is_ok_and(|status| status.success());
    if !is_allowed {
        println!("skipped: this system gives no namespace of processes");
    }
    is_allowed
}

const ORPHANS: &str = "i=0; while [ $i -lt 1500 ]; do (: &); i=$((i+1)); done";

#[test]
fn a_run_reaps_the_orphans_that_it_adopts() {
    let script = format!("{ORPHANS}; touch forked; until [ -e go ]; do sleep 0.05; done; exit 7");
    let folder = project(&format!("steps: [{{ run: '{script}' }}]"));
    let mut child = quietly(credflow(folder.path(), &["run", "w.yaml"]));
    until("the orphans", || folder.path().join("forked").exists());
    until("no zombies", || zombies(child.id()) == 0);
    fs::write(folder.path().join("go"), "").expect("a file");
    assert_eq!(child.wait().expect("an end").code(), Some(7));
}

#[test]
fn exec_reaps_as_the_first_process() {
    if !has_namespaces() {
        return;
    }
    let folder = project("");
    // Its own children end with it, and it counts those of the first process.
    let script = format!(
        "{ORPHANS}; while cat /proc/[0-9]*/stat 2>/dev/null | grep -q ') Z 1 '; do sleep 0.05; done; echo reaped $$; exit 7"
    );
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", env!("CARGO_BIN_EXE_credflow"), "exec", "--", "sh", "-c", &script])
        .current_dir(folder.path())
        .output()
        .expect("a process");
    assert_eq!(code(&output), Some(7), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("reaped "), "{}", text(&output.stdout));
}

#[test]
fn the_end_of_a_step_is_its_own_however_late_it_is_heard() {
    let folder = project("steps: [{ run: 'echo $$ >step; until [ -e go ]; do sleep 0.02; done; exit 7' }]");
    let mut child = quietly(credflow(folder.path(), &["run", "w.yaml"]));
    let step = pid(&folder.path().join("step"));
    // Whoever looks for zombies finds the step's, twice, before the runtime had its turn.
    send("-STOP", child.id());
    fs::write(folder.path().join("go"), "").expect("a file");
    until("a zombie", || seen(step).is_some_and(|process| process.state == 'Z'));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(600));
        send("-CONT", child.id());
        send("-STOP", child.id());
    }
    send("-CONT", child.id());
    assert_eq!(child.wait().expect("an end").code(), Some(7));
}

#[test]
fn the_end_of_a_step_is_heard_where_those_of_children_are_ignored() {
    let folder = project("steps: [{ run: exit 7 }]");
    let script = format!("trap '' CHLD; exec {} run w.yaml", env!("CARGO_BIN_EXE_credflow"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
    assert_eq!(code(&output), Some(7), "{}", text(&output.stderr));
    let script = format!("trap '' CHLD; exec {} exec -- sh -c 'exit 7'", env!("CARGO_BIN_EXE_credflow"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().expect("a process");
    assert_eq!(code(&output), Some(7), "{}", text(&output.stderr));
}

#[test]
fn steps_end_with_a_run_that_is_killed() {
    // A shell tells of a program that was ended, and nobody reads that any more. A program with a group of its own, one that hears nothing, a daemon, and an orphan that is reaped after it.
    let script = "
        exec 2>/dev/null
        echo $F >file
        trap \"touch told; exit\" TERM
        sh -c \"trap \\\"\\\" TERM; echo \\$\\$ >stubborn; while :; do sleep 1; done\" &
        timeout 600 sh -c \"echo \\$\\$ >timed; exec sleep 600\" &
        (setsid sh -c \"echo \\$\\$ >daemon; exec sleep 600\" &)
        until [ -e orphan ]; do sleep 0.02; done
        (:&)
        echo $$ >step
        while :; do sleep 0.05; done";
    let folder = project(&format!("steps:\n- files: {{ F: $<credential:payments/plain> }}\n  run: |{script}\n"));
    let at = |name: &str| folder.path().join(name);
    let mut child = quietly(credflow(folder.path(), &[&["run", "w.yaml"], &EMULATE[..]].concat()));
    let guard = supervisor(child.id());
    until("a session of its own", || seen(guard).is_some_and(|process| process.session == guard));
    let ids = ["stubborn", "timed", "daemon"].map(|name| pid(&at(name)));
    until("an adopted daemon", || seen(ids[2]).is_some_and(|daemon| daemon.parent == child.id()));
    fs::write(at("orphan"), "").expect("a file");
    let step = pid(&at("step"));
    // Reaped by a look that saw the daemon, too.
    until("no zombies", || zombies(child.id()) == 0);
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT", "-USR1"] {
        send(signal, guard);
    }
    let file = PathBuf::from(fs::read_to_string(at("file")).expect("a path").trim());
    assert!(file.exists());
    send("-KILL", child.id());
    assert_eq!(child.wait().expect("an end").signal(), Some(9));
    until("the end of all", || ids.iter().all(|id| !lives(*id)) && !lives(step) && !lives(guard));
    assert!(at("told").exists(), "it was told to end, and not killed");
    assert!(!file.exists());
}

#[test]
fn the_command_of_exec_ends_with_it() {
    let folder = project("");
    let script = "exec 2>/dev/null; trap 'touch told; exit' TERM; echo $$ >command; while :; do sleep 0.05; done";
    let mut child = quietly(credflow(folder.path(), &["exec", "--", "sh", "-c", script]));
    let command = pid(&folder.path().join("command"));
    // What was told of the command is on its way when the supervisor is there, or before.
    let guard = supervisor(child.id());
    send("-KILL", child.id());
    child.wait().expect("an end");
    until("the end of the command", || !lives(command) && !lives(guard));
    assert!(folder.path().join("told").exists());
}

#[test]
fn the_command_of_exec_ends_with_it_on_a_terminal() {
    let folder = project("");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (_pty, pts) = pty_process::open().expect("a terminal");
        // The shell keeps the terminal, and the command shares the shell's process group with credflow.
        let script = format!(
            "{} exec --no-tty -- sh -c 'echo $$ >command; while :; do sleep 0.05; done' <&0 & echo $! >wrapper; wait; touch over; sleep 600",
            env!("CARGO_BIN_EXE_credflow")
        );
        let mut shell =
            pty_process::Command::new("sh").args(["-c", &script]).current_dir(folder.path()).spawn(pts).expect("a shell");
        let (wrapper, command) = (pid(&folder.path().join("wrapper")), pid(&folder.path().join("command")));
        let guard = supervisor(wrapper);
        send("-KILL", wrapper);
        until("the end of the command", || !lives(command) && !lives(guard));
        until("the shell to go on", || folder.path().join("over").exists());
        shell.start_kill().expect("a signal");
        shell.wait().await.expect("an end");
    });
}

#[test]
fn what_a_command_of_exec_left_behind_lives_on() {
    let folder = project("");
    let script = "sleep 600 >/dev/null 2>&1 & echo $! >left";
    assert_eq!(code(&run(folder.path(), &["exec", "--", "sh", "-c", script])), Some(0));
    let left = pid(&folder.path().join("left"));
    assert!(lives(left));
    send("-KILL", left);
}

#[test]
fn a_run_goes_on_without_its_supervisor_and_says_so_once() {
    let folder = project("steps: [{ run: 'until [ -e go ]; do sleep 0.02; done' }, { run: touch reached }]");
    let said = folder.path().join("said");
    let mut command = credflow(folder.path(), &["run", "w.yaml"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(fs::File::create(&said).expect("a file")).spawn().expect("a process");
    send("-KILL", supervisor(child.id()));
    let warnings = || fs::read_to_string(&said).expect("words").matches("warning: the supervisor").count();
    until("a warning", || warnings() == 1);
    fs::write(folder.path().join("go"), "").expect("a file");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert!(folder.path().join("reached").exists());
    assert_eq!(warnings(), 1, "{}", fs::read_to_string(&said).expect("words"));
}

/// A run with a file that is killed together with its supervisor: the file and its folder.
fn killed(memory: &Path) -> PathBuf {
    let folder = project("steps: [{ files: { F: x }, run: 'echo $F >file; echo $$ >step; sleep 600' }]");
    let mut command = credflow(folder.path(), &["run", "w.yaml"]);
    command.env("TMPDIR", memory).env("XDG_RUNTIME_DIR", memory);
    let mut child = quietly(command);
    let step = pid(&folder.path().join("step"));
    send("-KILL", supervisor(child.id()));
    send("-KILL", child.id());
    child.wait().expect("an end");
    send("-KILL", step);
    PathBuf::from(fs::read_to_string(folder.path().join("file")).expect("a path").trim())
}

#[test]
fn files_of_a_killed_run_go_with_the_next_one() {
    let memory = tempfile::tempdir().expect("a folder");
    let left = killed(memory.path());
    // Another run may have found it already.
    let private = left.parent().expect("a folder").to_path_buf();
    let folder = fs::symlink_metadata(&private).expect("the folder");
    assert_eq!((folder.is_dir(), folder.permissions().mode() & 0o777), (true, 0o700));
    assert_eq!(fs::symlink_metadata(&left).map_or(0o600, |file| file.mode() & 0o777), 0o600);
    // What isn't ours by its name, and what belongs to somebody who lives.
    let name = left.file_name().expect("a name").to_string_lossy().into_owned();
    let parts: Vec<&str> = name.split('-').collect();
    let ours = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").expect("ourselves");
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(19)).expect("a time");
    let living = private.join(format!("{}-{}-{ours}-{started}-x", parts[0], parts[1]));
    let elsewhere = private.join(format!("1{}-{}-{}-{}-x", parts[0], parts[1], parts[2], parts[3]));
    let foreign = private.join("credflow-notes");
    for path in [&living, &elsewhere, &foreign] {
        fs::write(path, "").expect("a file");
    }
    let next = project("steps: [{ run: 'true' }]");
    assert_eq!(code(&run(next.path(), &["run", "w.yaml"])), Some(0));
    assert!(!left.exists());
    for path in [&living, &elsewhere, &foreign] {
        assert!(path.exists(), "{}", path.display());
        fs::remove_file(path).expect("removed");
    }
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let memory = tempfile::tempdir().expect("a folder");
    let left = killed(memory.path());
    let name = left.file_name().expect("a name");
    let private = left.parent().and_then(Path::file_name).expect("a folder");
    let target = memory.path().join("target");
    fs::create_dir(&target).expect("a folder");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).expect("a mode");
    fs::write(target.join(name), "somebody's").expect("a file");
    std::os::unix::fs::symlink(&target, memory.path().join(private)).expect("a link");
    let next = project("steps: [{ run: 'true' }]");
    let mut command = credflow(next.path(), &["run", "w.yaml"]);
    let output =
        command.env("TMPDIR", memory.path()).env("XDG_RUNTIME_DIR", memory.path()).output().expect("a process");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(target.join(name).exists());
    // The same folder with no link in its way is cleaned up.
    fs::remove_file(memory.path().join(private)).expect("removed");
    fs::rename(&target, memory.path().join(private)).expect("renamed");
    let mut command = credflow(next.path(), &["run", "w.yaml"]);
    command.env("TMPDIR", memory.path()).env("XDG_RUNTIME_DIR", memory.path()).output().expect("a process");
    assert!(!memory.path().join(private).join(name).exists());
}

#[test]
fn a_long_script_leaves_no_file_behind() {
    let folder = project("");
    let script: String = (0..20_000).map(|line| format!("    : {line} some words\n")).collect();
    let workflow = format!("steps:\n- run: |\n{script}    echo $0 >script; echo $$ >step; sleep 600\n");
    fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
    let mut child = quietly(credflow(folder.path(), &["run", "w.yaml"]));
    let step = pid(&folder.path().join("step"));
    let guard = supervisor(child.id());
    let file = PathBuf::from(fs::read_to_string(folder.path().join("script")).expect("a path").trim());
    assert!(file.exists());
    send("-KILL", child.id());
    child.wait().expect("an end");
    until("the end of all", || !lives(step) && !lives(guard));
    assert!(!file.exists());
}

#[test]
fn the_supervisor_is_for_credflow_alone() {
    let folder = project("");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(folder.path(), &["completions", shell]);
        assert!(!text(&script.stdout).contains("supervise"), "{shell}");
    }
    assert!(!text(&run(folder.path(), &["--help"]).stdout).contains("supervise"));
    assert!(!text(&run(folder.path(), &["supervis"]).stderr).contains("supervise"));
    // Who types it ends it with the end of input.
    assert_eq!(code(&credflow(folder.path(), &["supervise"]).stdin(Stdio::null()).output().expect("an end")), Some(0));
}
