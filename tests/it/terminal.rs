//! The command on a terminal: a person types, and programs draw.
#![cfg(unix)]

use std::time::Duration;

use crate::project::{CANARY, EMULATE, project};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a person types once something is shown.
type Script<'s> = &'s [(&'s str, &'s str)];

/// Among the keys: they are typed once somebody takes each key as it is, and shows what is typed.
const TAKEN: &str = "<taken>";

/// Waits until the other side of a terminal takes each key as it is.
async fn taken(pty: &pty_process::Pty) {
    for _ in 0..6000 {
        let modes = rustix::termios::tcgetattr(pty).expect("a terminal's modes");
        if !modes.local_modes.contains(rustix::termios::LocalModes::ICANON) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody takes the terminal");
}

/// Runs the command on a terminal with 30 lines of 100 columns; gives what was shown, and the exit code.
fn on_terminal(folder: &std::path::Path, args: &[&str], script: Script<'_>) -> (String, Option<i32>) {
    on_terminal_with(env!("CARGO_BIN_EXE_credflow"), folder, args, script)
}

/// The same for another program.
fn on_terminal_with(
    program: &str,
    folder: &std::path::Path,
    args: &[&str],
    script: Script<'_>,
) -> (String, Option<i32>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (mut pty, pts) = pty_process::open().expect("a terminal");
        pty.resize(pty_process::Size::new(30, 100)).expect("a size");
        let command = pty_process::Command::new(program)
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm")
            .env("TOKEN", "$<credential:payments/plain>");
        let mut child = command.spawn(pts).expect("a process");
        let (mut shown, mut seen, mut script) = (String::new(), 0, script.iter());
        let mut next = script.next();
        let mut block = [0; 4096];
        loop {
            while let Some((prompt, keys)) = next {
                let Some(at) = shown[seen..].find(prompt) else { break };
                seen += at + prompt.len();
                if keys.contains(TAKEN) {
                    taken(&pty).await;
                }
                pty.write_all(keys.replace(TAKEN, "").as_bytes()).await.expect("typed");
                next = script.next();
            }
            let read = tokio::time::timeout(Duration::from_secs(60), pty.read(&mut block)).await;
            match read.unwrap_or_else(|_| panic!("nothing more was shown after {shown:?}")) {
                Ok(count) if count > 0 => shown.push_str(&String::from_utf8_lossy(&block[..count])),
                // The other side is gone.
                _ => break,
            }
        }
        let status = child.wait().await.expect("an end");
        (shown, status.code())
    })
}

fn exec(script: &str, typed: Script<'_>) -> (String, Option<i32>) {
    let folder = project("");
    let args = [&["exec"], &EMULATE[..], &["--", "sh", "-c", script]].concat();
    on_terminal(folder.path(), &args, typed)
}

#[test]
fn an_interactive_command_feels_at_home() {
    let script = "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size
        printf 'Name? '; read -r name; echo \"<$name> $TOKEN\"
        stty -echo; printf 'Password? '; read -r password; stty echo; echo; echo \"got ${#password}\"";
    let (shown, code) = exec(script, &[("Name? ", "<taken>bob\r"), ("Password? ", "<taken>swordfish\r")]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("30 100\r\n"), "{shown}");
    // What is typed is echoed once, by the inner terminal, and a password not at all.
    assert!(shown.contains("Name? bob\r\n<bob> ***\r\n"), "{shown:?}");
    assert!(shown.contains("Password? \r\ngot 9\r\n"), "{shown:?}");
    assert!(!shown.contains(CANARY) && !shown.contains("swordfish"), "{shown}");
}

#[test]
fn keys_that_are_signals_reach_the_command() {
    let (shown, code) =
        exec("trap 'echo stopped; exit 3' INT; echo ready; while :; do sleep 0.05; done", &[("ready", "\x03")]);
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("stopped\r\n"), "{shown}");
    let (_, code) = exec("echo ready; exec sleep 600", &[("ready", "\x03")]);
    assert_eq!(code, Some(130));
    let (shown, code) = exec("echo ready; cat; echo over", &[("ready", "<taken>\x04")]);
    assert!(code == Some(0) && shown.contains("over"), "{shown}");
}

#[test]
fn pipes_can_be_asked_for() {
    let folder = project("");
    let args = [&["exec", "--no-tty"], &EMULATE[..], &["--", "sh", "-c", "[ -t 1 ] || echo \"pipe $TOKEN\""]].concat();
    let (shown, code) = on_terminal(folder.path(), &args, &[]);
    assert_eq!((code, shown.contains("pipe ***\r\n")), (Some(0), true), "{shown}");
}

#[test]
fn a_step_draws_and_jobs_at_once_have_a_board() {
    let folder = project(
        "steps: [{ env: { T: $<credential:payments/plain> }, run: '[ -t 1 ] && printf \"\\033[32m%s\\033[0m\\n\" \"$T\"' }]",
    );
    let args = [&["run", "w.yaml"], &EMULATE[..]].concat();
    let (shown, code) = on_terminal(folder.path(), &args, &[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("\x1b[32m***\x1b[0m\r\n"), "{shown:?}");
    let folder = project(
        "jobs: { a: { steps: [{ run: 'printf \"10 %%\\r50 %%\"; sleep 0.6; echo; echo a done' }] }, b: { steps: [{ run: 'echo b begins; sleep 0.8; exit 5' }] } }",
    );
    let (shown, code) = on_terminal(folder.path(), &["run", "w.yaml"], &[]);
    assert_eq!(code, Some(5), "{shown}");
    for expected in ["a | ", "b | b begins", "a/#1  50 %", "b/#1  b begins", "failed with exit code 5", "\x1b[2A\x1b[J"]
    {
        assert!(shown.contains(expected), "{expected:?} in {shown:?}");
    }
}

#[test]
fn ctrl_c_ends_a_run_on_a_terminal() {
    let folder = project("steps: [{ run: 'echo ready; sleep 600' }, { if: always(), run: echo tidy }]");
    let (shown, code) = on_terminal(folder.path(), &["run", "w.yaml"], &[("ready", "\x03")]);
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("stopping; once more stops at once") && shown.contains("tidy"), "{shown}");
}

#[test]
fn a_command_that_reads_a_pipe_can_ask_on_the_terminal() {
    let folder = project("");
    let script = format!(
        "echo data | {} exec --emulate vaults.yaml -- sh -c 'cat; printf \"Sure? \"; read -r x </dev/tty; echo \"got $x $TOKEN\"'",
        env!("CARGO_BIN_EXE_credflow")
    );
    let (shown, code) = on_terminal_with("sh", folder.path(), &["-c", &script], &[("Sure? ", "<taken>yes\r")]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("data\r\nSure? yes\r\ngot yes ***\r\n"), "{shown:?}");
}

/// Runs a shell with job control on a terminal, in which lines and keys are typed.
fn shell(folder: &std::path::Path, script: Script<'_>) -> String {
    let (shown, _) = on_terminal_with("sh", folder, &["-i"], script);
    assert!(!shown.contains(CANARY), "{shown}");
    shown
}

/// The prompt of `sh`, for root or anybody else.
fn setup(command: &str) -> String {
    format!("PS1='%'' '; set -m; credflow() {{ {} \"$@\"; }}; {command}\r", env!("CARGO_BIN_EXE_credflow"))
}

/// Standard input, output and errors as a terminal or not, in all combinations: nothing is lost, values are masked, and the
/// terminal is as it was.
#[test]
fn each_stream_may_be_a_terminal_or_not() {
    let folder = project("");
    for (stdin, stdout, stderr) in (0..8).map(|at| (at & 1 == 0, at & 2 == 0, at & 4 == 0)) {
        let lead = |is_terminal: bool, other: &'static str| if is_terminal { "" } else { other };
        let line = format!(
            "credflow exec --emulate vaults.yaml -- sh -c '{}' {} {} {}; stty -a | grep -o -e '[-]*icanon' -e '[-]*onlcr'; echo over; exit\r",
            "for i in 0 1 2; do [ -t $i ] && printf \"t\"; done; echo \":$TOKEN\"; echo \"errors $TOKEN\" >&2",
            lead(stdin, "</dev/null"),
            lead(stderr, "2>errors"),
            lead(stdout, "| cat >output"),
        );
        let first = setup("");
        let shown = shell(folder.path(), &[("$ ", &first), ("% ", &line)].map(|(prompt, keys)| (prompt.trim_start_matches('$'), keys)));
        let of = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let at = format!("{stdin} {stdout} {stderr}: {shown:?}");
        let terminals = "t".repeat(usize::from(stdin) + usize::from(stdout) + usize::from(stderr));
        let output = if stdout { shown.replace("\r\n", "\n") } else { of("output") };
        let errors = if stderr { shown.replace("\r\n", "\n") } else { of("errors") };
        assert!(output.contains(&format!("{terminals}:***\n")), "{at} {output:?}");
        assert!(errors.contains("errors ***\n"), "{at} {errors:?}");
        assert!(shown.contains("\r\nicanon\r\nonlcr\r\nover\r\n"), "{at}");
    }
}
