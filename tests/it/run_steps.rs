//! What a step is given, how often it is tried, and what is left of it.
#![cfg(unix)]
#![allow(clippy::format_collect, reason = "a test has the time")]

use std::path::Path;
use std::time::Duration;

use crate::running::{Seen, TOKEN, late, lives, pid, start, told, watched, workflow};
use crate::waiting::until;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use credflow::run::{Cancellation, Options, Outcome, Size, Window};

#[test]
fn a_step_that_fails_is_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&format!(
        "
jobs:
  heals:
    steps:
      - working-directory: '{0}'
        retry: {{ attempts: 5, delay: 0.05, backoff: 2 }}
        run: 'echo x >>tries; [ $(wc -l <tries) -ge 3 ]'
  fails:
    steps:
      - {{ retry: {{ attempts: 2, delay: 0 }}, run: exit 9 }}
      - run: echo never
  passes:
    steps: [{{ retry: {{ attempts: 9 }}, run: echo once }}]
",
        folder.path().display()
    ));
    assert_eq!(told.outcome("heals", 1), &Outcome::Success);
    assert_eq!(told.outcome("fails", 1), &Outcome::Failed(9));
    let attempts = |job: &str| {
        let job = told.execution().jobs.iter().find(|execution| execution.id == job).expect("the job");
        job.steps[0].attempts
    };
    assert_eq!([attempts("heals"), attempts("fails"), attempts("passes")], [3, 2, 1]);
    for event in ["~ heals/#1 Failed(1) 1", "~ heals/#1 Failed(1) 2", "~ fails/#1 Failed(9) 1"] {
        assert!(told.events.iter().any(|told| told == event), "{event} in {:?}", told.events);
    }
    assert_eq!(told.text(), "once\n");
    // 0.05 s and twice that.
    assert!(told.took >= Duration::from_millis(150), "{:?}", told.took);
}

#[test]
fn a_retry_waits_for_nothing_once_the_run_is_to_end() {
    let cancellation = Cancellation::new();
    let options = Options { cancellation: cancellation.clone(), ..Options::default() };
    let text = "steps: [{ retry: { attempts: 3, delay: 3600 }, run: exit 1 }]";
    let told = watched(workflow(text), options, move |seen: &Seen| {
        if seen.events.last().is_some_and(|event| event.starts_with('~')) {
            cancellation.cancel();
        }
    });
    assert_eq!(told.job("main"), &Outcome::Cancelled);
}

#[test]
fn so_many_jobs_run_at_once_and_no_more() {
    let jobs: String =
        ["a", "b", "c", "d", "e", "f"].map(|job| format!("  {job}: {{ steps: [{{ run: sleep 0.1 }}] }}\n")).concat();
    let text = format!("max-parallel: 2\njobs:\n{jobs}");
    let most = |events: &[String]| {
        let (mut running, mut most) = (0_usize, 0);
        for event in events.iter().filter(|event| !event.contains('/')) {
            running = if event.starts_with('>') { running + 1 } else { running - 1 };
            most = most.max(running);
        }
        most
    };
    assert_eq!(most(&told(&text).events), 2);
    let options = Options { max_parallel: Some(1), ..Options::default() };
    assert_eq!(most(&start(workflow(&text), options).events), 1);
}

#[test]
fn a_condition_may_be_plain() {
    let told = told("steps: [{ if: false, run: echo never }, { if: true, run: echo on }]");
    assert_eq!(told.text(), "on\n");
    assert!(matches!(told.outcome("main", 1), Outcome::Skipped(_)));
}

#[test]
fn a_failure_reaches_those_behind_a_job_that_ran_all_the_same() {
    let told = told(
        "
jobs:
  a: { steps: [{ run: exit 1 }] }
  b: { needs: a, if: always(), steps: [{ run: echo tidy }] }
  c: { needs: b, steps: [{ run: echo never }] }
",
    );
    assert_eq!(told.text(), "tidy\n");
    assert!(matches!(told.job("c"), Outcome::Skipped(_)));
}

#[test]
fn a_file_holds_a_value_for_its_owner_while_the_step_runs() {
    let told = told(
        "
steps:
  - files: { KEY_FILE: $<credential:test/key>, PLAIN: plain }
    run: |
      stat -c '%a %F' \"$KEY_FILE\"
      cat \"$PLAIN\"; echo
      cat \"$KEY_FILE\"
      echo \"$KEY_FILE $PLAIN\" >&2
      exit 3
  - run: 'echo ${KEY_FILE-none}'
    if: always()
",
    );
    assert_eq!(told.outcome("main", 1), &Outcome::Failed(3));
    let paths: String = told
        .output
        .iter()
        .filter(|(_, stream, _)| *stream == credflow::run::Stream::Stderr)
        .map(|(_, _, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    let output = told.text().replace(&paths, "");
    assert_eq!(output, "600 regular file\nplain\n***\nnone\n");
    for path in paths.split_whitespace() {
        assert!(!Path::new(path).exists(), "{path}");
        assert!(!Path::new("/dev/shm").is_dir() || path.starts_with("/dev/shm/"), "{path}");
    }
}

#[test]
fn a_file_goes_whatever_ends_the_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "
steps:
  - files: {{ FILE: $<credential:test/token> }}
    working-directory: '{}'
    timeout-minutes: 0.01
    run: 'echo $FILE >path; echo ready; exec sleep 3600'
",
        folder.path().display()
    );
    let told = late(workflow(&text), Options::default(), "ready", Duration::from_millis(600));
    assert_eq!(told.outcome("main", 1), &Outcome::TimedOut);
    let path = std::fs::read_to_string(folder.path().join("path")).expect("a path");
    assert!(!Path::new(path.trim()).exists());
}

#[test]
fn a_clean_environment_has_what_every_program_needs() {
    let text = "
inherit-env: false
env: { OWN: own }
jobs:
  a: { steps: [{ run: 'env | cut -d= -f1 | sort | tr \"\\n\" \" \"' }] }
  b: { inherit-env: true, steps: [{ run: 'echo ${CARGO_MANIFEST_DIR-none}' }, { inherit-env: false, run: 'echo ${CARGO_MANIFEST_DIR-none}' }] }
";
    let names = |text: &str| {
        let shells = ["PWD", "SHLVL", "_", "OLDPWD"];
        let mut names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        names.retain(|name| !shells.contains(&name.as_str()));
        names
    };
    let of = |told: &crate::running::Told, job: &str| -> String {
        let output = told.output.iter().filter(|(step, ..)| step.starts_with(job));
        output.map(|(_, _, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect()
    };
    let told = told(text);
    let allowed = ["HOME", "LANG", "OWN", "PATH", "TERM", "TMPDIR"];
    let found = names(&of(&told, "a/"));
    assert!(found.iter().all(|name| allowed.contains(&name.as_str())), "{found:?}");
    assert!(found.contains(&"PATH".to_owned()) && found.contains(&"OWN".to_owned()), "{found:?}");
    assert!(!of(&told, "b/#1").contains("none"));
    assert_eq!(of(&told, "b/#2"), "none\n");
    let options = Options { clean_env: true, ..Options::default() };
    assert_eq!(of(&start(workflow(text), options), "b/#1"), "none\n");
}

#[test]
fn a_step_may_say_what_else_must_not_be_seen() {
    let told = told(
        "
steps:
  - run: |
      echo '::add-mask::a-derived-token'
      echo 'got a-derived-token' >&2
  - run: echo 'a-derived-token again, and YS1kZXJpdmVkLXRva2Vu'
",
    );
    assert!(!told.text().contains("derived"), "{}", told.text());
    assert!(
        told.text().contains("::add-mask::***\n") && told.text().contains("*** again, and ***\n"),
        "{}",
        told.text()
    );
}

#[test]
fn what_a_step_said_counts_for_what_it_wrote_after_that_on_the_other_stream() {
    // As either stream may be read first, it is tried a few times.
    for _ in 0..8 {
        let folder = tempfile::tempdir().expect("a folder");
        let written = folder.path().join("written");
        let text = format!(
            "
jobs:
  a: {{ steps: [{{ run: 'echo ::add-mask::a-derived-token; echo got a-derived-token >&2; touch {}' }}] }}
  b: {{ steps: [{{ run: 'true' }}] }}
",
            written.display()
        );
        // The one thread of the run is held up, after the first step has started, until both streams can be read.
        let told = watched(workflow(&text), Options::default(), move |seen: &Seen| {
            if seen.events.last().is_some_and(|event| event == "> b/#1") {
                assert!(seen.events.contains(&"> a/#1".to_owned()));
                until("what the step writes", || written.exists());
            }
        });
        assert!(told.text().contains("got ***\n"), "{}", told.text());
    }
}

#[test]
fn what_is_left_behind_serves_the_job_and_ends_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "
jobs:
  a:
    steps:
      - working-directory: '{0}'
        run: |
          (trap 'touch ended; exit' TERM; touch ready; while :; do sleep 0.05; done) >/dev/null 2>&1 & echo $! >server
          until [ -e ready ]; do sleep 0.02; done
      - working-directory: '{0}'
        run: kill -0 $(cat server) && echo served
",
        folder.path().display()
    );
    // It isn't killed: that would be in an hour.
    let told = start(workflow(&text), Options { grace: Duration::from_secs(3600), ..Options::default() });
    assert_eq!(told.text(), "served\n");
    assert!(!lives(&pid(&folder.path().join("server"))));
    assert!(folder.path().join("ended").exists(), "it was told to end, and not killed");
}

#[test]
fn a_long_script_runs() {
    let script: String = (0..20_000).map(|line| format!("      : {line} some words\n")).collect();
    let told = told(&format!("steps:\n  - run: |\n{script}      echo done\n"));
    assert_eq!(told.text(), "done\n");
}

#[test]
fn an_environment_printed_in_ten_encodings_shows_no_value() {
    let told = told(
        "
steps:
  - env: { TOKEN: $<credential:test/token>, PADDING: abcdefghijklmnopqrstuvwxyz }
    run: |
      hex() { od -An -v -tx1 | tr -d ' \\n'; echo; }
      for before in '' a aa aaa aaaa; do
        export PADDING=\"$before\"
        env | sort
        export -p
        env | sort | base64
        env | sort | base64 -w 0; echo
        env | sort | base64 -w 64 | tr '+/' '-_' | tr -d '='
        env | sort | hex
        env | sort | hex | tr a-f A-F
        env | sort | hex | fold -w 60
        env | sort | hex | sed 's/../%&/g'
        env | sort | sed 's/\"/\\\\\"/g; s/^/{\"x\": \"/; s/$/\"}/'
      done
",
    );
    assert_eq!(told.outcome("main", 1), &Outcome::Success);
    let text = told.text();
    assert!(text.len() > 10_000);
    let squeezed: String = text.split_whitespace().collect();
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!squeezed.contains(TOKEN), "plain");
    assert!(!squeezed.to_ascii_lowercase().replace('%', "").contains(&hex), "hexadecimal");
    // What of each line, and of all of them, decodes to the value, from any of the four places where digits can begin.
    let standard = squeezed.replace('-', "+").replace('_', "/");
    for run in standard.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '+' && letter != '/') {
        for start in 0..run.len().min(4) {
            let digits = &run[start..];
            let whole = &digits[..digits.len() / 4 * 4];
            let decoded = BASE64_STANDARD_NO_PAD.decode(whole).unwrap_or_default();
            assert!(!decoded.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "{run}");
        }
    }
}

#[test]
fn a_step_on_a_terminal_may_draw_and_follows_its_size() {
    let window = Window::new(Size { rows: 33, columns: 77 });
    let options = Options { window: Some(window.clone()), ..Options::default() };
    let text = "
steps:
  - env: { TOKEN: $<credential:test/token> }
    run: |
      trap 'echo resized; stty size <&1; exit 0' WINCH
      [ -t 1 ] && [ -t 2 ] && [ ! -t 0 ] && echo terminal
      read -r answer || echo nobody types
      stty size <&1
      printf '\\033[32m%s\\033[0m Password? ' \"$TOKEN\"
      while :; do sleep 0.1; done
";
    let told = watched(workflow(text), options, move |seen: &Seen| {
        if seen.text().contains("Password? ") {
            window.resize(Size { rows: 44, columns: 55 });
        }
    });
    assert_eq!(
        told.text(),
        "terminal\nnobody types\n33 77\n\u{1b}[32m***\u{1b}[0m Password? resized\n44 55\n",
        "{:?}",
        told.events
    );
}

#[test]
fn a_terminal_is_let_go_when_the_step_ends() {
    let options = Options { window: Some(Window::new(Size { rows: 24, columns: 80 })), ..Options::default() };
    let text = "steps: [{ run: 'sleep 3600 & echo done' }, { run: exit 4 }, { if: always(), run: 'kill -9 $$' }]";
    let told = start(workflow(text), options);
    assert_eq!(told.text(), "done\n");
    assert_eq!(told.outcome("main", 2), &Outcome::Failed(4));
    assert_eq!(told.outcome("main", 3), &Outcome::Signalled(9));
}

#[test]
fn a_server_that_holds_the_pipe_serves_the_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "
jobs:
  a:
    steps:
      - working-directory: '{0}'
        run: 'while :; do sleep 0.05; [ -e ask ] && echo \"asked\" && rm ask; done & echo $! >server; echo started'
      - {{ working-directory: '{0}', run: 'touch ask; until [ -e seen ]; do sleep 0.02; done' }}
",
        folder.path().display()
    );
    let path = folder.path().join("seen");
    // The step after it ends when the server's output was seen.
    let told = watched(workflow(&text), Options::default(), move |seen: &Seen| {
        if seen.text().contains("asked") {
            std::fs::write(&path, "").expect("a file");
        }
    });
    assert_eq!(told.outcome("a", 2), &Outcome::Success);
    assert_eq!(told.text(), "started\nasked\n");
    assert!(!lives(&pid(&folder.path().join("server"))));
}

#[test]
fn a_program_that_asks_on_its_terminal_hears_that_nobody_is_there() {
    let options = Options { window: Some(Window::new(Size { rows: 24, columns: 80 })), ..Options::default() };
    let text = "steps: [{ run: 'printf \"Sure? \" >/dev/tty; read -r answer </dev/tty || echo no answer' }]";
    let told = start(workflow(text), options);
    assert_eq!(told.text(), "Sure? no answer\n");
}

#[test]
fn output_beyond_what_can_be_masked_is_not_shown() {
    let told = told(
        "
steps:
  - run: |
      i=0; while [ $i -le 1000 ]; do echo \"::add-mask::hidden-$i-x\"; i=$((i+1)); done
      echo last hidden-1000-x
  - run: echo 'hidden-999-x, and on'
",
    );
    assert!(told.text().contains("nothing more of this output is shown"), "{}", told.text());
    // Whatever shows it: the next step knows no more which value is missing among the masks.
    assert!(!told.text().contains("hidden-") && !told.text().contains("and on"), "{}", told.text());
}
