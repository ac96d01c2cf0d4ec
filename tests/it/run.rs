//! Running, with real processes.
#![cfg(unix)]

use std::time::Duration;

use crate::running::{TOKEN, lives, pid, start, told, workflow};
use credflow::run::{Cancellation, Event, Options, Outcome, StartError, Stream, refuse, run};
use credflow::source::Source;
use credflow::workflow::Workflow;

#[test]
fn steps_run_in_order_and_are_told_of() {
    let told = told("steps:\n  - { id: one, run: echo 1 }\n  - { name: two, run: 'echo 2 >&2' }\n  - run: echo 3\n");
    assert_eq!(told.text(), "1\n2\n3\n");
    assert_eq!(
        told.events,
        [
            "> main",
            "> main/one",
            "< main/one Success",
            "> main/two",
            "< main/two Success",
            "> main/#3",
            "< main/#3 Success",
            "< main Success",
        ]
    );
    assert_eq!(told.output[1].1, Stream::Stderr);
    assert_eq!(told.execution().exit_code(), 0);
}

#[test]
fn jobs_that_need_nothing_of_each_other_overlap() {
    // Each waits for the other's file; in turn they would wait for ever.
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&format!(
        "jobs:
  a: {{ timeout-minutes: 0.3, steps: [{{ working-directory: '{0}', run: 'touch a; until [ -e b ]; do sleep 0.02; done' }}] }}
  b: {{ timeout-minutes: 0.3, steps: [{{ working-directory: '{0}', run: 'touch b; until [ -e a ]; do sleep 0.02; done' }}] }}
  c: {{ needs: [a, b], steps: [{{ run: 'echo c' }}] }}
",
        folder.path().display()
    ));
    assert_eq!(told.execution().exit_code(), 0, "{:?}", told.events);
    assert_eq!(told.events.last().map(String::as_str), Some("< c Success"));
}

#[test]
fn a_failure_stops_what_follows_but_what_asked_for_it() {
    let told = told(
        "
jobs:
  a:
    steps:
      - run: exit 7
      - run: echo never
      - { if: failure(), run: echo mend }
      - { if: always(), run: echo tidy }
  b: { needs: a, steps: [{ run: echo never }] }
  c: { needs: b, if: failure(), steps: [{ run: echo heard }] }
  d: { needs: [a, b], if: always(), steps: [{ run: echo last }] }
  e: { steps: [{ if: failure(), run: echo never }] }
---
steps: [{ run: echo never }]
",
    );
    assert!(!told.text().contains("never"));
    for word in ["mend", "tidy", "heard", "last"] {
        assert!(told.text().contains(word), "{word}");
    }
    assert_eq!(told.outcome("a", 1), &Outcome::Failed(7));
    assert_eq!(told.outcome("a", 2), &Outcome::Skipped);
    assert_eq!(told.job("b"), &Outcome::Skipped);
    assert_eq!(told.job("e"), &Outcome::Success);
    assert_eq!(told.job("main"), &Outcome::Skipped);
    assert_eq!(told.execution().exit_code(), 7);
}

#[test]
fn a_failure_may_be_tolerated() {
    let told = told(
        "
jobs:
  a:
    continue-on-error: true
    steps: [{ run: exit 3 }]
  b:
    needs: a
    steps:
      - { run: exit 4, continue-on-error: true }
      - run: echo on
",
    );
    assert_eq!(told.text(), "on\n");
    assert_eq!(told.job("a"), &Outcome::Failed(3));
    assert_eq!(told.job("b"), &Outcome::Success);
    assert_eq!(told.execution().exit_code(), 0);
}

#[test]
fn the_first_failure_by_time_gives_the_exit_code() {
    let told = told(
        "
jobs:
  slow: { steps: [{ run: 'sleep 0.5; exit 3' }] }
  fast: { steps: [{ run: 'exit 4' }] }
",
    );
    assert_eq!(told.execution().exit_code(), 4);
}

#[test]
fn the_shell_stops_at_the_first_error_and_gives_its_code() {
    let codes = [
        ("run: 'false; echo never'", Outcome::Failed(1)),
        ("run: 'kill -9 $$'", Outcome::Signalled(9)),
        ("run: no-such-command-at-all", Outcome::Failed(127)),
        ("{ shell: bash, run: 'false | cat; echo never' }", Outcome::Failed(1)),
        ("{ shell: 'sh -eu {0}', run: '[ -f \"$0\" ]; echo $undefined; echo never' }", Outcome::Failed(2)),
        ("{ shell: 'cat {0}', run: 'as it is: \"$(x)\" ;' }", Outcome::Success),
    ];
    for (step, expected) in codes {
        let told = told(&format!("steps:\n  - {step}\n"));
        assert!(!told.text().contains("never"), "{step}");
        match (&expected, told.outcome("main", 1)) {
            // Shells differ in the code of an undefined variable.
            (Outcome::Failed(2), Outcome::Failed(_)) => {}
            (expected, outcome) => assert_eq!(outcome, expected, "{step}"),
        }
    }
}

#[test]
fn what_cannot_start_says_why() {
    let told = told(
        "
jobs:
  a: { steps: [{ shell: no-such-shell, run: x }] }
  b: { steps: [{ shell: /dev/null, run: x }] }
  c: { steps: [{ working-directory: /no/such/folder, run: x }] }
",
    );
    let missing = StartError::NoProgram { program: "no-such-shell".to_owned() };
    assert_eq!(told.job("a").exit_code(), 127);
    assert_eq!(told.job("a"), &Outcome::NotStarted(missing));
    assert!(matches!(told.job("b"), Outcome::NotStarted(StartError::NotExecutable { .. })));
    assert_eq!(told.job("b").exit_code(), 126);
    assert!(matches!(told.job("c"), Outcome::NotStarted(StartError::NoFolder { .. })));
}

#[test]
fn a_step_sees_its_own_values_and_inputs_alone() {
    let told = told(
        "
env: { OUTER: outer, BOTH: outer }
steps:
  - env: { MINE: '<$<credential:test/token>>', BOTH: inner }
    with: { api key: input }
    run: 'echo $OUTER $BOTH ${#MINE} $INPUT_API_KEY'
  - run: 'echo [${MINE-none}] $BOTH [${INPUT_API_KEY-none}]'
",
    );
    assert_eq!(told.text(), format!("outer inner {} input\n[none] outer [none]\n", TOKEN.len() + 2));
}

#[test]
fn variables_can_be_withheld() {
    let text = "steps: [{ run: 'echo ${CARGO_MANIFEST_DIR-none}' }]";
    assert_ne!(told(text).text(), "none\n");
    let options = Options { withheld: vec!["CARGO_MANIFEST_DIR".into()], ..Options::default() };
    assert_eq!(start(workflow(text), options).text(), "none\n");
}

#[test]
fn a_value_split_by_time_and_by_stream_is_masked() {
    let told = told(
        "
steps:
  - env: { TOKEN: $<credential:test/token> }
    run: |
      printf 'Password? '
      sleep 0.3
      printf 'x%s' \"$(printf %s \"$TOKEN\" | cut -c1-5)\"
      sleep 0.3
      printf '%sx\\n' \"$(printf %s \"$TOKEN\" | cut -c6-)\"
      echo \"$TOKEN\" >&2
  - run: echo s3cr3t-token-value
",
    );
    assert!(!told.text().contains("s3cr3"), "{}", told.text());
    let of = |wanted: Stream| -> String {
        let bytes =
            told.output.iter().filter(|(_, stream, ..)| *stream == wanted).flat_map(|(_, _, bytes, _)| bytes.clone());
        String::from_utf8(bytes.collect()).expect("text")
    };
    // A step that wasn't given the value doesn't get to show it either.
    assert_eq!(of(Stream::Stdout), "Password? x***x\n***\n");
    assert_eq!(of(Stream::Stderr), "***\n");
    // The prompt was there before the rest of the line.
    assert_eq!(told.output[0].2, b"Password? ");
    assert!(told.output[1].3 - told.output[0].3 > Duration::from_millis(200));
}

#[test]
fn the_lines_of_a_value_are_masked() {
    let told = told(
        "
steps:
  - env: { KEY: $<credential:test/key> }
    run: |
      printf %s \"$KEY\" | sed 's/^/> /'
      printf %s \"$KEY\"
",
    );
    assert_eq!(told.text(), "> ***\n> ***\n> ***\n> ***\n***");
}

#[test]
fn a_timeout_ends_the_group_whatever_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "steps:
  - timeout-minutes: 0.01
    working-directory: '{}'
    run: |
      trap '' TERM
      (trap '' TERM; while :; do sleep 1; done) & echo $! >grandchild
      (trap '' TERM; exec >/dev/null 2>&1; while :; do sleep 1; done) & echo $! >quiet
      echo $$ >child
      while :; do sleep 1; done
  - run: echo never
  - {{ if: always(), run: echo tidy }}
",
        folder.path().display()
    );
    let options = Options { grace: Duration::from_millis(400), ..Options::default() };
    let told = start(workflow(&text), options);
    assert_eq!(told.outcome("main", 1), &Outcome::TimedOut);
    assert_eq!(told.text(), "tidy\n");
    assert_eq!(told.execution().exit_code(), 124);
    assert!(told.took >= Duration::from_millis(900) && told.took < Duration::from_secs(10), "{:?}", told.took);
    for name in ["child", "grandchild", "quiet"] {
        assert!(!lives(&pid(&folder.path().join(name))), "{name}");
    }
}

#[test]
fn a_timeout_lets_the_group_end_by_itself() {
    let told = told(
        "
jobs:
  a:
    timeout-minutes: 0.01
    steps:
      - run: |
          trap 'echo bye; exit 0' TERM
          while :; do sleep 0.05; done
",
    );
    // The shell may add that its `sleep` was terminated.
    assert!(told.text().contains("bye\n"), "{}", told.text());
    assert_eq!(told.job("a"), &Outcome::TimedOut);
    assert!(told.took < Duration::from_secs(4), "{:?}", told.took);
}

#[test]
fn what_is_left_behind_with_the_pipe_does_not_hang_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&format!(
        "steps:
  - working-directory: '{}'
    run: |
      sleep 60 & echo $! >grandchild
      echo done
",
        folder.path().display()
    ));
    assert_eq!(told.text(), "done\n");
    assert_eq!(told.outcome("main", 1), &Outcome::Success);
    assert!(told.took < Duration::from_secs(5), "{:?}", told.took);
    assert!(!lives(&pid(&folder.path().join("grandchild"))));
}

#[test]
fn a_cancelled_run_ends_soon_and_tidies_up() {
    let cancellation = Cancellation::new();
    let options = Options { cancellation: cancellation.clone(), ..Options::default() };
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        cancellation.cancel();
    });
    let workflow = workflow(
        "
jobs:
  a:
    steps:
      - { run: sleep 60, continue-on-error: true }
      - run: echo never
      - { if: failure(), run: echo never }
      - { if: always(), run: echo tidy }
  b: { needs: a, steps: [{ run: echo never }] }
",
    );
    let told = start(workflow, options);
    canceller.join().expect("no panic");
    assert_eq!(told.text(), "tidy\n");
    assert_eq!(told.job("a"), &Outcome::Cancelled);
    assert_eq!(told.execution().exit_code(), 130);
    assert!(told.took < Duration::from_secs(5), "{:?}", told.took);
}

#[test]
fn a_run_cancelled_twice_ends_at_once() {
    let cancellation = Cancellation::new();
    let options = Options { cancellation: cancellation.clone(), grace: Duration::from_secs(60), ..Options::default() };
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancellation.cancel();
        std::thread::sleep(Duration::from_millis(300));
        cancellation.cancel();
    });
    let workflow = workflow(
        "
steps:
  - run: trap '' TERM; while :; do sleep 1; done
  - { if: always(), run: echo never }
",
    );
    let told = start(workflow, options);
    canceller.join().expect("no panic");
    assert_eq!(told.text(), "");
    assert_eq!(told.execution().exit_code(), 130);
    assert!(told.took < Duration::from_secs(5), "{:?}", told.took);
}

#[test]
fn a_run_that_is_dropped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "steps: [{{ working-directory: '{}', run: 'sleep 60 & echo $! >grandchild; wait' }}]",
        folder.path().display()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let run = run(workflow(&text), Options::default(), Box::new(|_: Event| {}));
        assert!(tokio::time::timeout(Duration::from_millis(500), run).await.is_err());
    });
    drop(runtime);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!lives(&pid(&folder.path().join("grandchild"))));
}

#[test]
fn a_flood_of_output_all_arrives() {
    let told = told("steps: [{ run: 'yes 0123456789 | head -c 20000000' }]");
    assert_eq!(told.output.iter().map(|(_, _, bytes, _)| bytes.len()).sum::<usize>(), 20_000_000);
}

#[test]
fn what_cannot_run_is_refused_before_anything_starts() {
    let text = "
jobs:
  a:
    steps:
      - run: echo never
      - uses: actions/checkout@v4
      - { if: github.ref == 'refs/heads/main', run: x }
      - { run: x, env: { NUL: $<credential:test/nul> } }
  b: { uses: ./other.yaml }
";
    let told = told(text);
    let faults = told.execution.expect_err("a refusal").to_string();
    assert!(told.events.is_empty());
    for expected in [
        "step `#2` of job `a` can't be run",
        "test.yaml:6:9",
        "`if: github.ref",
        "`NUL` has a NUL",
        "job `b` can't be run",
    ] {
        assert!(faults.contains(expected), "{expected} in {faults}");
    }
    let source = Source::new("test.yaml", "steps: [{ run: true }]");
    let (workflow, _) = Workflow::read(&source).expect("a good workflow");
    assert!(refuse(&workflow).is_empty());
}
