//! The command on a terminal: a person types, and programs draw.
#![cfg(unix)]

#[cfg(target_os = "linux")]
use crate::children::{NAMESPACE, has_namespaces};
use crate::project::{CANARY, EMULATE, project, words};
use crate::waiting::HANG;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a person does once something is shown.
type Script<'s> = &'s [(&'s str, Do<'s>)];

#[derive(Clone, Copy)]
enum Do<'s> {
    Type(&'s str),
    /// Types once somebody takes each key as it is, and shows what is typed.
    Answer(&'s str),
    /// Makes a file, for which a step waits.
    Make(&'s str),
}

/// Waits until the other side of a terminal takes each key as it is.
async fn taken(pty: &pty_process::Pty) {
    let began = std::time::Instant::now();
    while began.elapsed() < HANG {
        let modes = rustix::termios::tcgetattr(pty).expect("a terminal's modes");
        if !modes.local_modes.contains(rustix::termios::LocalModes::ICANON) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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
        let words = words(program);
        let command = pty_process::Command::new(words[0])
            .args(&words[1..])
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
                    Do::Answer(keys) => {
                        taken(&pty).await;
                        pty.write_all(keys.as_bytes()).await.expect("typed");
                    }
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
    let (shown, code) = exec(script, &[("Name? ", Do::Answer("bob\r")), ("Password? ", Do::Answer("swordfish\r"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("30 100\r\n"), "{shown}");
    // What is typed is echoed once, by the inner terminal, and a password not at all.
    assert!(shown.contains("Name? bob\r\n<bob> ***\r\n"), "{shown:?}");
    assert!(shown.contains("Password? \r\ngot 9\r\n"), "{shown:?}");
    assert!(!shown.contains(CANARY) && !shown.contains("swordfish"), "{shown}");
}

/// In a container that was entered from outside, the person's session and group have no ids.
#[cfg(target_os = "linux")]
#[test]
fn a_session_from_outside_of_a_container_feels_at_home_too() {
    if !has_namespaces() {
        return;
    }
    let folder = project("");
    let script = "printf 'Name? '; read -r name; echo \"<$name> $TOKEN\"";
    for between in [&[][..], &["sh", "-c", "\"$@\"; exit $?", "sh"]] {
        let command = [env!("CARGO_BIN_EXE_credflow"), "exec"];
        let args = [&NAMESPACE[1..], between, &command, &EMULATE, &["--", "sh", "-c", script]].concat();
        let (shown, code) = on_terminal_with(NAMESPACE[0], folder.path(), &args, &[("Name? ", Do::Answer("bob\r"))]);
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("Name? bob\r\n<bob> ***\r\n"), "{shown:?}");
    }
}

/// Whatever is typed is echoed without a further key, also where it is the beginning of a value: of twenty values each, so
/// that nearly every key is one.
#[test]
fn every_typed_key_is_echoed() {
    let keys: Vec<String> = ('a'..='z').chain('A'..='Z').chain('0'..='9').map(|key| char::to_string(&key)).collect();
    let typed = keys.concat();
    let values: Vec<String> = (0..20).map(|at| format!("{}-{at}-rest", &typed[3 * at..3 * at + 5])).collect();
    let script = format!(
        "stty -echo; for value in {}; do echo ::add-mask::$value; done; stty echo; echo re''ady
        cat >/dev/null; echo {}; echo ov''er",
        values.join(" "),
        values[7]
    );
    // Each key is typed once the one before it is seen.
    let mut steps = vec![("ready\r\n", Do::Answer(&keys[0]))];
    steps.extend(keys.windows(2).map(|pair| (&*pair[0], Do::Type(&pair[1]))));
    steps.push((&keys[61], Do::Type("\n\x04")));
    let (shown, code) = exec(&script, &steps);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(&typed) && shown.contains("***\r\nover"), "{shown:?}");
    assert!(values.iter().all(|value| !shown.contains(value)), "{shown}");
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
    let (shown, code) = exec("echo ready; cat; echo over", &[("ready", Do::Answer("\x04"))]);
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

/// What a board drops doesn't bring the halves of a value together that it stood between.
#[test]
fn a_value_that_is_coloured_inside_is_masked_on_the_board() {
    let split = "printf \"%.6s\\033[31m%s\\033[0m \\033[2K%.9s\\r\\n\" \"$T\" \"${T#??????}\" \"$T\"";
    let folder = project(&format!(
        "jobs: {{ a: {{ steps: [{{ env: {{ T: $<credential:payments/plain> }}, run: '{split}; printf x; {split}; until [ -e seen ]; do sleep 0.02; done' }}] }}, b: {{ steps: [{{ run: 'echo b begins; until [ -e seen ]; do sleep 0.02; done' }}] }} }}"
    ));
    let args = [&["run", "w.yaml"], &EMULATE[..]].concat();
    let (shown, code) =
        on_terminal(folder.path(), &args, &[("a | x***", Do::Make("a")), ("b begins", Do::Make("seen"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("a | ***"), "{shown:?}");
    for part in [CANARY, &CANARY[CANARY.len() - 6..]] {
        assert!(!shown.contains(part), "{shown:?}");
    }
}

/// Nor does what is too long to be looked through: a title of three KiB inside a value.
#[test]
fn a_value_that_a_board_puts_together_is_masked_after_that() {
    let split = "printf \"%.6s\\033]0;%03000d\\007%s\" \"$T\" 0 \"${T#??????}\"";
    let folder = project(&format!(
        "jobs: {{ a: {{ steps: [{{ env: {{ T: $<credential:payments/plain> }}, run: '{split}; printf \"\\nnext \"; {split}; sleep 2; echo; until [ -e seen ]; do sleep 0.02; done' }}] }}, b: {{ steps: [{{ run: 'echo b begins; until [ -e seen ]; do sleep 0.02; done' }}] }} }}"
    ));
    let args = [&["run", "w.yaml"], &EMULATE[..]].concat();
    let (shown, code) = on_terminal(folder.path(), &args, &[("a | next ***", Do::Make("seen"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("a | ***") && !shown.contains(CANARY), "{shown:?}");
}

#[test]
fn values_are_not_shown_on_a_terminal_on_purpose() {
    let folder = project("steps: [{ run: 'touch started' }]");
    let args = [&["exec", "--no-mask"], &EMULATE[..], &["--", "touch", "started"]].concat();
    let (shown, code) = on_terminal(folder.path(), &args, &[]);
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("write it into a file"), "{shown}");
    let (shown, code) = on_terminal(folder.path(), &["run", "w.yaml", "--register-masks"], &[]);
    assert_eq!(code, Some(2), "{shown}");
    assert!(!folder.path().join("started").exists());
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
    let (shown, code) = on_terminal_with("sh", folder.path(), &["-c", &script], &[("Sure? ", Do::Answer("yes\r"))]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("data\r\nSure? yes\r\ngot yes ***\r\n"), "{shown:?}");
}

/// Runs a shell with job control on a terminal, in which lines and keys are typed; its prompt is `% `.
fn shell(folder: &std::path::Path, script: Script<'_>) -> String {
    let credflow = concat!("CREDFLOW=", env!("CARGO_BIN_EXE_credflow"));
    let (shown, _) = on_terminal_with("env", folder, &["PS1=% ", credflow, "sh", "-i"], script);
    assert!(!shown.contains(CANARY), "{shown}");
    shown.replace("\r\n", "\n")
}

/// Standard input, output and errors as a terminal or not, in all combinations: nothing is lost, values are masked, and the
/// terminal is as it was.
#[test]
fn each_stream_may_be_a_terminal_or_not() {
    let folder =
        project("steps: [{ run: 'echo out $T; echo errors $T >&2', env: { T: $<credential:payments/plain> } }]");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let script = r#"for i in 0 1 2; do [ -t $i ] && printf t; done; echo ":$TOKEN"; echo "errors $TOKEN" >&2"#;
    std::fs::write(folder.path().join("script"), script).expect("a file");
    for (verb, result) in
        [("exec --emulate vaults.yaml -- sh script", ":***\n"), ("run w.yaml --emulate vaults.yaml", "out ***\n")]
    {
        for (stdin, stdout, stderr) in (0..8).map(|at| (at & 1 == 0, at & 2 == 0, at & 4 == 0)) {
            let lead = |is_terminal: bool, other: &'static str| if is_terminal { "" } else { other };
            let line = format!(
                "\"$CREDFLOW\" {verb} {} {} {}; stty -a | grep -o -e '[-]*icanon' -e '[-]*onlcr'; echo over\r",
                lead(stdin, "</dev/null"),
                lead(stderr, "2>errors"),
                lead(stdout, "| cat >output"),
            );
            let shown = shell(folder.path(), &[("% ", Do::Type(&line)), ("% ", Do::Type("exit\r"))]);
            let at = format!("{verb} {stdin} {stdout} {stderr}: {shown:?}");
            let output = if stdout { shown.clone() } else { read("output") };
            let errors = if stderr { shown.clone() } else { read("errors") };
            let terminals = "t".repeat([stdin, stdout, stderr].into_iter().filter(|is_terminal| *is_terminal).count());
            let result = if result.starts_with(':') { terminals + result } else { result.to_owned() };
            assert!(output.contains(&result), "{at} {output:?}");
            assert!(errors.contains("errors ***\n"), "{at} {errors:?}");
            assert!(shown.contains("onlcr\nicanon\nover\n"), "{at}");
        }
    }
}

#[test]
fn errors_that_fill_a_terminal_hold_nothing_up() {
    let folder = project("");
    let script = "\"$CREDFLOW\" exec --emulate vaults.yaml -- sh -c 'seq 100000 >&2; echo o\"\"ut' | cat\r";
    let shown = shell(folder.path(), &[("% ", Do::Type(script)), ("% ", Do::Type("exit\r"))]);
    // Two processes show it, so that one may come in the middle of the other.
    assert_eq!(shown.matches("out\n").count(), 1);
    let errors = (1..=100_000).fold(String::new(), |lines, line| lines + &line.to_string() + "\n");
    assert!(shown.replace("out\n", "").contains(&errors), "{}", &shown[shown.len() - 100..]);
}

#[test]
fn what_is_typed_ahead_is_for_whoever_reads_it() {
    let folder = project("");
    let lines = "\"$CREDFLOW\" exec --emulate vaults.yaml -- sh -c 'touch begun; while [ ! -e go ]; do sleep 0.1; done; echo fi\"\"rst'\r\
                 echo sec\"\"ond\recho thi\"\"rd\rtouch go2\r";
    std::thread::scope(|scope| {
        scope.spawn(|| {
            crate::waiting::until("the command", || folder.path().join("begun").exists());
            std::fs::write(folder.path().join("go"), "").expect("a file");
        });
        let shown = shell(folder.path(), &[("% ", Do::Type(lines)), ("third", Do::Type("exit\r"))]);
        let at = |word: &str| shown.find(word).unwrap_or_else(|| panic!("{word} in {shown:?}"));
        assert!(at("first\n") < at("second\n") && at("second\n") < at("third\n"), "{shown:?}");
    });
}

#[test]
fn both_are_suspended_and_resumed() {
    // By this the processes are told from those of other runs of this test on the same machine.
    let tag = format!("tag{}tag", std::process::id());
    let folder = project(&format!(
        "steps: [{{ run: ': {tag}; echo be\"\"gun; while [ ! -e go ]; do sleep 0.1; done; echo o\"\"ver' }}]"
    ));
    // A command that takes keys, one that doesn't, one whose output goes elsewhere, and a run.
    for (line, keys, processes) in [
        ("exec --emulate vaults.yaml -- sh -c 'echo be\"\"gun; cat; echo o\"\"ver'", "\u{4}", 2),
        (
            "exec --emulate vaults.yaml -- sh -c 'echo be\"\"gun; while [ ! -e go ]; do sleep 0.1; done; echo o\"\"ver'",
            "",
            2,
        ),
        (
            "exec --emulate vaults.yaml -- sh -c 'echo be\"\"gun >&2; while [ ! -e go ]; do sleep 0.1; done; echo o\"\"ver' | cat",
            "",
            2,
        ),
        ("run w.yaml", "", 1),
    ] {
        let _ = std::fs::remove_file(folder.path().join("go"));
        let line = format!("\"$CREDFLOW\" {}\r", line.replace("sh -c '", &format!("sh -c ': {tag}; ")));
        let count = format!("echo sto\"\"pped: $(ps -eo stat=,args= | grep -c '^T.*{tag}'); fg\r");
        let shown = shell(
            folder.path(),
            &[
                ("% ", Do::Type(&line)),
                ("begun", if keys.is_empty() { Do::Type("\x1a") } else { Do::Answer("\x1a") }),
                ("Stopped", Do::Make("go")),
                ("% ", Do::Type(&count)),
                ("stopped: ", if keys.is_empty() { Do::Type("") } else { Do::Answer(keys) }),
                ("over", Do::Type("")),
                ("% ", Do::Type("exit\r")),
            ],
        );
        assert!(shown.contains(&format!("stopped: {processes}\n")), "{line} {shown:?}");
    }
}

#[test]
fn the_terminal_is_given_back_whatever_ends_first() {
    let folder = project("");
    // A reader that stops, two at once, and a command that is killed while it has the terminal for itself.
    for (line, key) in [
        ("\"$CREDFLOW\" exec --emulate vaults.yaml -- seq 100000 | head -3\r", None),
        (
            "\"$CREDFLOW\" exec --emulate vaults.yaml -- seq 3 | \"$CREDFLOW\" exec --emulate vaults.yaml -- cat -n\r",
            None,
        ),
        (
            "\"$CREDFLOW\" exec --emulate vaults.yaml -- sh -c 'stty raw -echo; echo ra\"\"w; head -c1 >/dev/null; kill -9 $$'\r",
            Some(("raw", Do::Answer("x"))),
        ),
    ] {
        let check = ("% ", Do::Type("stty -a | grep -o -e '[-]*icanon' -e '[-]*echo '\r"));
        let script: Vec<_> = [Some(("% ", Do::Type(line))), key, Some(check), Some(("% ", Do::Type("exit\r")))]
            .into_iter()
            .flatten()
            .collect();
        let shown = shell(folder.path(), &script);
        assert!(shown.contains("\nicanon\necho \n"), "{line} {shown:?}");
    }
}

/// A value that is added on one stream is masked on the other, also where one leads to a terminal and the other doesn't, and
/// where the terminal holds more than it tells.
#[test]
fn a_value_is_masked_across_a_terminal_and_a_pipe() {
    let folder = project("");
    let script = r#"head -c 8000 /dev/zero | tr '\0' x >&2; echo >&2
        for i in $(seq 300); do echo "::add-mask::derived-$i-token" >&2; echo "got derived-$i-token"; done
        for i in $(seq 300); do echo "::add-mask::other-$i-token"; echo "got other-$i-token" >&2; done"#;
    std::fs::write(folder.path().join("script"), script).expect("a file");
    for lead in ["| cat", "2>&1 >output", "2>output"] {
        let line = format!("\"$CREDFLOW\" exec --emulate vaults.yaml -- sh script {lead}\r");
        let shown = shell(folder.path(), &[("% ", Do::Type(&line)), ("% ", Do::Type("exit\r"))]);
        let shown = shown + &std::fs::read_to_string(folder.path().join("output")).unwrap_or_default();
        assert!(
            !shown.contains("-token"),
            "{lead} {}",
            shown.lines().find(|line| line.contains("-token")).unwrap_or("")
        );
        assert_eq!(shown.matches("got ***").count(), 600, "{lead}");
        let _ = std::fs::remove_file(folder.path().join("output"));
    }
}

/// A program that puts the settings back which it found leaves a terminal that makes line ends.
#[test]
fn line_ends_are_there_after_settings_are_put_back() {
    let (shown, code) = exec(
        "s=$(stty -g); stty -echo; printf 'Key? '; read -r x; stty \"$s\"; echo one; echo two",
        &[("Key? ", Do::Answer("x\r"))],
    );
    assert!(code == Some(0) && shown.contains("one\r\ntwo\r\n"), "{shown:?}");
}

/// A terminal shows a value to whoever looks over the shoulder: only where that was asked for.
#[test]
fn a_value_is_shown_on_a_terminal_only_when_that_is_asked_for() {
    let folder = project("");
    let args = [&["get", "payments/plain"], &EMULATE[..]].concat();
    let (shown, code) = on_terminal(folder.path(), &args, &[]);
    assert_eq!(code, Some(2), "{shown}");
    assert!(!shown.contains(CANARY) && shown.contains("add `--reveal` to show it"), "{shown}");
    let (shown, code) = on_terminal(folder.path(), &[&args[..], &["-q", "--reveal"]].concat(), &[]);
    assert_eq!((shown.replace("\r\u{1b}[2K", "").as_str(), code), (&*format!("{CANARY}\r\n"), Some(0)));
}
