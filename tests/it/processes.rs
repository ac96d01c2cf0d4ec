//! What `run` and `exec` leave of the processes that they start: zombies, and steps of a credflow that was killed.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::children::{NAMESPACE, has_namespaces, lives, pid, quietly, seen, send, supervisor, zombies};
use crate::project::{EMULATE, code, credflow, project, run, text};
use crate::waiting::until;

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
    let output = Command::new(NAMESPACE[0])
        .args(&NAMESPACE[1..])
        .args([env!("CARGO_BIN_EXE_credflow"), "exec", "--", "sh", "-c", &script])
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
        (sh -c \"echo \\$\\$ >brief\" &)
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
    // Reaped by the second look that it had ended before: the first one saw the daemon, too.
    let brief = pid(&at("brief"));
    until("the end of an orphan that came later", || seen(brief).is_none());
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
    let script = "exec 2>/dev/null; trap 'touch told; exit' TERM; echo $$; while :; do sleep 0.05; done";
    let mut command = credflow(folder.path(), &["exec", "--", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a process");
    // What credflow passes on, it had told its supervisor of before.
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let command = line.trim().parse().expect("an id");
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
