//! The command on a terminal: a person types, and programs draw.
#![cfg(unix)]

use crate::project::{CANARY, EMULATE, project};
use crate::waiting::HANG;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a person does once something is shown.
type Script<'s> = &'s [(&'s str, Do<'s>)];

#[derive(Clone, Copy)]
enum Do<'s> {
    Type(&'s str),
    /// Makes a file, for which a step waits.
    Make(&'s str),
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
            while let Some((prompt, action)) = next {
                let Some(at) = shown[seen..].find(prompt) else { break };
                seen += at + prompt.len();
                match action {
                    Do::Type(keys) => pty.write_all(keys.as_bytes()).await.expect("typed"),
                    Do::Make(file) => std::fs::write(folder.join(file), "").expect("a file"),
                }
                next = script.next();
            }
            let read = tokio::time::timeout(HANG, pty.read(&mut block)).await;
            match read.unwrap_or_else(|_| panic!("nothing more was shown after {shown:?}")) {
                Ok(count) if count > 0 => shown.push_str(&String::from_utf8_lossy(&block[..count])),
                // The other side is gone.
                _ => break,
            }
        }
        let status = tokio::time::timeout(HANG, child.wait()).await.expect("an end").expect("a process");
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
    let (shown, code) = exec(script, &[("Name? ", Do::Type("bob\r")), ("Password? ", Do::Type("swordfish\r"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("30 100\r\n"), "{shown}");
    // What is typed is echoed once, by the inner terminal, and a password not at all.
    assert!(shown.contains("Name? bob\r\n<bob> ***\r\n"), "{shown:?}");
    assert!(shown.contains("Password? \r\ngot 9\r\n"), "{shown:?}");
    assert!(!shown.contains(CANARY) && !shown.contains("swordfish"), "{shown}");
}

#[test]
fn keys_that_are_signals_reach_the_command() {
    let (shown, code) = exec(
        "trap 'echo stopped; exit 3' INT; echo ready; while :; do sleep 0.05; done",
        &[("ready", Do::Type("\x03"))],
    );
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("stopped\r\n"), "{shown}");
    let (_, code) = exec("echo ready; exec sleep 3600", &[("ready", Do::Type("\x03"))]);
    assert_eq!(code, Some(130));
    let (shown, code) = exec("echo ready; cat; echo over", &[("ready", Do::Type("\x04"))]);
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
    // Both go on once both were on the board.
    let folder = project(
        "jobs: { a: { steps: [{ run: 'printf \"10 %%\\r50 %%\"; until [ -e seen ]; do sleep 0.02; done; echo; echo a done' }] }, b: { steps: [{ run: 'echo b begins; until [ -e seen ]; do sleep 0.02; done; exit 5' }] } }",
    );
    let script = [("a/#1  50 %", Do::Make("a")), ("b/#1  b begins", Do::Make("seen"))];
    let (shown, code) = on_terminal(folder.path(), &["run", "w.yaml"], &script);
    assert_eq!(code, Some(5), "{shown}");
    for expected in ["a | ", "b | b begins", "a/#1  50 %", "b/#1  b begins", "failed with exit code 5", "\x1b[2A\x1b[J"]
    {
        assert!(shown.contains(expected), "{expected:?} in {shown:?}");
    }
}

#[test]
fn ctrl_c_ends_a_run_on_a_terminal() {
    let folder = project("steps: [{ run: 'echo ready; sleep 3600' }, { if: always(), run: echo tidy }]");
    let (shown, code) = on_terminal(folder.path(), &["run", "w.yaml"], &[("ready", Do::Type("\x03"))]);
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
    let (shown, code) = on_terminal_with("sh", folder.path(), &["-c", &script], &[("Sure? ", Do::Type("yes\r"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("data\r\nSure? yes\r\ngot yes ***\r\n"), "{shown:?}");
}
