//! `render` for its readers: what is written is what each of them reads, and none of them executes anything.
#![cfg(unix)]
#![allow(clippy::format_collect, clippy::format_push_string, reason = "texts are built to be read")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use credflow::yaml::quoted;
use proptest::prelude::*;

use crate::project::{CANARY, EMULATE, code, project, root, run, text};

/// What reads a dotenv file.
struct Reader {
    name: &'static str,
    /// Prints the variables `V0` to `V{n-1}` of the file `f.env`, each with a NUL behind it.
    command: fn(usize) -> Command,
}

fn shell(program: &[&str], count: usize) -> Command {
    let names: String = (0..count).map(|at| format!(" \"$V{at}\"")).collect();
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg("-c").arg(format!(". ./f.env; printf '%s\\0'{names}"));
    command
}

fn node(arguments: &[&str], variables: &str, count: usize) -> Command {
    let mut command = Command::new("node");
    command.args(arguments).arg("-e").arg(format!(
        "const v = {variables}; let all = ''; for (let i = 0; i < {count}; i++) all += v['V' + i] + '\\0'; process.stdout.write(all)"
    ));
    command.env("NODE_PATH", root().join("target/readers/node_modules"));
    command
}

/// Where `.ci/run` installs what isn't there.
fn python() -> Command {
    let own = root().join("target/readers/python/bin/python");
    Command::new(if own.exists() { own } else { "python3".into() })
}

fn python_dotenv(count: usize) -> Command {
    let mut command = python();
    let script = "import sys, dotenv; v = dotenv.dotenv_values('f.env'); \
                  sys.stdout.buffer.write(b''.join(v['V%d' % i].encode() + b'\\0' for i in range(int(sys.argv[1]))))";
    command.arg("-c").arg(script).arg(count.to_string());
    command
}

/// The first three are on every machine that builds this.
const READERS: [Reader; 10] = [
    Reader { name: "sh", command: |count| shell(&["sh"], count) },
    Reader { name: "bash", command: |count| shell(&["bash"], count) },
    Reader { name: "dash", command: |count| shell(&["dash"], count) },
    Reader { name: "zsh", command: |count| shell(&["zsh", "-f"], count) },
    Reader { name: "ksh", command: |count| shell(&["ksh"], count) },
    Reader { name: "mksh", command: |count| shell(&["mksh"], count) },
    Reader { name: "busybox", command: |count| shell(&["busybox", "sh"], count) },
    Reader {
        name: "dotenv of Node",
        command: |count| node(&[], "require('dotenv').parse(require('fs').readFileSync('f.env'))", count),
    },
    Reader { name: "node --env-file", command: |count| node(&["--env-file=f.env"], "process.env", count) },
    Reader { name: "python-dotenv", command: python_dotenv },
];

impl Reader {
    /// Variables as it reads them. `HOME` is what expansions would put in.
    fn read(&self, folder: &Path, count: usize) -> std::io::Result<Output> {
        let mut command = (self.command)(count);
        let node = command.get_envs().find(|(name, _)| *name == "NODE_PATH").and_then(|(_, path)| path).map(Into::into);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/expanded");
        if let Some(path) = node {
            let path: std::ffi::OsString = path;
            command.env("NODE_PATH", path);
        }
        command.current_dir(folder).output()
    }
}

/// The readers that are here; those that aren't are told.
#[allow(clippy::print_stderr, reason = "a reader is skipped visibly")]
fn readers() -> Vec<&'static Reader> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("f.env"), "V0='x'\n").expect("a file");
    let is_here = |reader: &&Reader| {
        let read = reader.read(folder.path(), 1);
        let works = read.is_ok_and(|output| output.stdout == b"x\0");
        if !works {
            eprintln!("SKIPPED: {} isn't here to read a dotenv file", reader.name);
        }
        works
    };
    let here: Vec<&Reader> = READERS.iter().filter(is_here).collect();
    assert!(here[..3].iter().map(|reader| reader.name).eq(["sh", "bash", "dash"]));
    here
}

/// A workflow of one step with these values, as `V0` and so on.
fn workflow(values: &[String]) -> String {
    let lines = values.iter().enumerate().map(|(at, value)| format!("      V{at}: {}\n", quoted(value).as_str()));
    format!("steps:\n  - run: x\n    env:\n{}", lines.collect::<String>())
}

/// The step's variables as a format writes them, or the names of those that it can't carry.
fn render(folder: &Path, values: &[String], format: &str) -> Result<Vec<u8>, BTreeSet<usize>> {
    fs::write(folder.join("w.yaml"), workflow(values)).expect("a file");
    let output = run(folder, &["render", "w.yaml", "--reveal", "--format", format]);
    if code(&output) == Some(0) {
        return Ok(output.stdout);
    }
    assert!(output.stdout.is_empty() && code(&output) == Some(1), "{}", text(&output.stderr));
    let named = text(&output.stderr);
    let names = named.lines().filter_map(|line| line.strip_prefix("error[unusable-value]: `V")?.split_once('`'));
    Err(names.map(|(name, _)| name.parse().expect("a number")).collect())
}

/// What a format can carry of some values, and how it is written.
fn carried(folder: &Path, mut values: Vec<String>, format: &str) -> (Vec<String>, Vec<u8>) {
    match render(folder, &values, format) {
        Ok(written) => (values, written),
        Err(refused) => {
            assert!(!refused.is_empty());
            let mut at = 0..;
            values.retain(|_| !refused.contains(&at.next().expect("a number")));
            let written = render(folder, &values, format).expect("all faults are told at once");
            (values, written)
        }
    }
}

/// Values of what readers take for something else.
fn value() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "`",
        "`touch pwned`",
        "$(touch pwned)",
        "$",
        "${",
        "${HOME}",
        "$HOME",
        "}",
        "\\",
        "\\n",
        "\\\"",
        "\n",
        "\r",
        "#",
        " #",
        " ",
        "\t",
        "=",
        ";touch pwned;",
        "!",
        "!!",
        "~",
        "*",
        "&",
        "|",
        "<",
        ">",
        "(",
        ")",
        "%",
        "%0A",
        "@",
        "export ",
        "a",
        "B",
        "0",
        "\u{1}",
        "\u{7f}",
        "\u{81}",
        "\u{85}",
        "\u{88}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "😀",
        "\0",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_readers_of_a_dotenv_file_read_what_was_written(values in prop::collection::vec(value(), 30)) {
        let folder = tempfile::tempdir().expect("a folder");
        let (values, written) = carried(folder.path(), values, "dotenv");
        fs::write(folder.path().join("f.env"), written).expect("a file");
        let expected: String = values.iter().map(|value| format!("{value}\0")).collect();
        for reader in readers() {
            let output = reader.read(folder.path(), values.len()).expect("a reader");
            prop_assert_eq!(text(&output.stdout), &*expected, "{}: {}", reader.name, text(&output.stderr));
        }
        prop_assert!(!folder.path().join("pwned").exists());
    }

    #[test]
    fn a_shell_reads_whatever_an_environment_can_hold(values in prop::collection::vec(value(), 30)) {
        let folder = tempfile::tempdir().expect("a folder");
        let held: Vec<String> = values.iter().filter(|value| !value.contains('\0')).cloned().collect();
        let (values, written) = carried(folder.path(), values, "shell");
        prop_assert_eq!(&values, &held);
        fs::write(folder.path().join("f.env"), written).expect("a file");
        let expected: String = values.iter().map(|value| format!("{value}\0")).collect();
        for reader in &readers()[..3] {
            let output = reader.read(folder.path(), values.len()).expect("a reader");
            prop_assert_eq!(text(&output.stdout), &*expected, "{}", reader.name);
        }
        prop_assert!(!folder.path().join("pwned").exists());
    }

    #[test]
    fn runners_and_docker_read_what_was_written(values in prop::collection::vec(value(), 30)) {
        let folder = tempfile::tempdir().expect("a folder");
        for (format, read) in [("docker-env", docker as fn(&str) -> _), ("github-env", github), ("azure-vso", azure)] {
            let (values, written) = carried(folder.path(), values.clone(), format);
            let expected: Vec<_> = (0..).zip(values).map(|(at, value)| (format!("V{at}"), value)).collect();
            prop_assert_eq!(read(&text(&written)), expected, "{}", format);
        }
    }
}

type Variables = Vec<(String, String)>;

/// As the reader of the Docker CLI does it (`opts/file.go`).
fn docker(file: &str) -> Variables {
    let lines = file.strip_suffix('\n').unwrap_or(file).split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines = lines.map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once('=').expect("a value")).map(|(name, value)| (name.into(), value.into())).collect()
}

/// As the runner does it on Windows, where more breaks lines (`FileCommandManager.cs`).
fn github(file: &str) -> Variables {
    let (mut found, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let (head, body) = rest.split_once('\n').expect("a line");
        let (name, delimiter) = head.split_once("<<").expect("a delimiter");
        let mut end = 0;
        loop {
            let line = body[end..].split_inclusive('\n').next().expect("the delimiter's line");
            if line.trim_end_matches('\n') == delimiter {
                break;
            }
            end += line.len();
        }
        let value = body[..end].strip_suffix('\n').expect("a line break before the delimiter");
        found.push((name.to_owned(), value.strip_suffix('\r').unwrap_or(value).to_owned()));
        rest = &body[end + delimiter.len() + 1..];
    }
    found
}

/// As the agent does it (`Command.cs`).
fn azure(log: &str) -> Variables {
    let head = "##vso[task.setvariable variable=";
    let lines = log.lines().map(|line| line.strip_prefix(head).expect("a command").split_once(']').expect("its end"));
    lines
        .map(|(name, data)| {
            let data = data.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
            (name.to_owned(), data.replace("%AZP25", "%"))
        })
        .collect()
}

/// One of each kind, so that a law that refuses everything isn't taken for one that holds.
#[test]
fn what_readers_agree_on_is_written_and_what_not_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let agreed = [
        "",
        "p@ss/w#rd",
        " blanks ",
        "$HOME $(touch pwned) `touch pwned`",
        "a\\nb\\",
        "it's",
        "it's\ntwo lines!",
        "\"{}\"",
        "-----BEGIN X-----\nabc=\n-----END X-----\n",
        "😀\t#x",
        "=",
    ];
    for value in agreed {
        let is_fine = render(folder.path(), &[value.to_owned()], "dotenv").is_ok();
        assert_eq!(is_fine, !value.ends_with('\\'), "{value:?}");
    }
    for value in ["it's`touch pwned`", "a\rb", "${HOME}", "a\\\\b", "a\\", "'\"", "'$x", "'\\", "\0"] {
        let refused = render(folder.path(), &[value.to_owned()], "dotenv");
        assert_eq!(refused, Err(BTreeSet::from([0])), "{value:?}");
        let is_shells = render(folder.path(), &[value.to_owned()], "shell").is_ok();
        assert_eq!(is_shells, value != "\0", "{value:?}");
    }
}

#[test]
fn what_a_format_cannot_carry_is_told_by_variable_and_never_by_value() {
    let workflow = "steps:
  - run: x
    shell: bash
    env:
      A: $<credential:payments/plain>`it's`
      B: x
      C-D: y
      E: $<credential:payments/lines>
      F: $<credential:payments/nul>
      G: \"$(x)\"
      NODE_OPTIONS: x
";
    let folder = project(workflow);
    let mut shown = String::new();
    for format in ["dotenv", "shell", "docker-env", "github-env", "azure-vso"] {
        let args = ["render", "w.yaml", "--reveal", "--format", format];
        let output = run(folder.path(), &[&args[..], &EMULATE].concat());
        assert_eq!((code(&output), text(&output.stdout).as_str()), (Some(1), ""));
        shown += &format!("{format}:\n{}\n", text(&output.stderr));
    }
    assert!(!shown.contains(CANARY), "{shown}");
    insta::assert_snapshot!("unwritable", shown);
}

/// Stars look like values: a format with comments says that they aren't, and others have it said beside them. Files that a
/// format has no place for are told.
#[test]
fn what_is_masked_or_left_out_is_said() {
    let folder = project(
        "steps:\n  - run: x\n    env: { A: $<credential:payments/plain>, B: b }\n    files: { KEY: $<credential:payments/lines> }\n",
    );
    let mut shown = String::new();
    for format in ["yaml", "json", "dotenv", "shell", "docker-env", "github-env", "azure-vso"] {
        let args = ["render", "w.yaml", "--format", format];
        let output = run(folder.path(), &[&args[..], &EMULATE].concat());
        assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
        let mut out = text(&output.stdout);
        if format == "github-env" {
            let delimiter =
                out.lines().next().and_then(|line| line.split_once("<<")).expect("a delimiter").1.to_owned();
            assert_eq!(delimiter.len(), "ghadelimiter_".len() + 32);
            out = out.replace(&delimiter, "DELIMITER");
        }
        shown += &format!("== {format}\n{out}-- errors\n{}", text(&output.stderr));
    }
    assert!(!shown.contains(CANARY), "{shown}");
    insta::assert_snapshot!("masked", shown);
    // Values need no such words, and a file without any isn't masked.
    let output = run(folder.path(), &[&["render", "w.yaml", "--reveal"], &EMULATE[..]].concat());
    assert!(!text(&output.stdout).contains("# masked") && output.stderr.is_empty());
    fs::write(folder.path().join("w.yaml"), "\u{feff}steps: [{ run: x, env: { A: $<credential:named> } }]\r\n")
        .expect("a file");
    let output = run(folder.path(), &[&["render", "w.yaml"], &EMULATE[..]].concat());
    let shown = text(&output.stdout);
    assert!(shown.starts_with("\u{feff}# masked") && shown.lines().count() == 2 && shown.matches("\r\n").count() == 2);
    fs::write(folder.path().join("w.yaml"), "steps: [{ run: x }]\n").expect("a file");
    assert_eq!(text(&run(folder.path(), &["render", "w.yaml"]).stdout), "steps: [{ run: x }]\n");
}
