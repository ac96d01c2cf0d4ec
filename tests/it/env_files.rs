//! The variables that `exec` is given: of `--env`, of files, and of the environment around it.
#![cfg(unix)]

use std::fs;
use std::process::Output;

use crate::project::{CANARY, EMULATE, code, credflow, project, text};

/// `exec` in a folder with these files, of a shell that prints the variables that begin with `V`.
fn exec(files: &[(&str, &str)], args: &[&str], around: &[(&str, &str)]) -> Output {
    let folder = project("");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let named = files.iter().flat_map(|(name, _)| ["--env-file", name]);
    let all: Vec<&str> = [&["exec"], &EMULATE[..], args].concat().into_iter().chain(named).collect();
    let script = ["--no-mask", "--", "sh", "-c", "env | grep ^V | sort"];
    let mut command = credflow(folder.path(), &[&all[..], &script].concat());
    command.envs(around.iter().copied()).output().expect("a process")
}

fn shown(output: &Output) -> String {
    assert_eq!(code(output), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn what_is_given_later_counts() {
    let files = [("a.env", "V1=a\nV2=a\nV3=a"), ("b.env", "\u{feff}V2=b\nV3=$<credential:payments/plain>\n")];
    let around =
        [("V1", "$<credential:payments/none>"), ("V4", "$<credential:named>"), ("V5", "$<credential:payments/none>")];
    let args =
        ["-e", "V3=payments/pinned", "--env", "V5=x $<credential:payments/plain> ${y}", "-e", "V6=payments/json#/user"];
    let output = exec(&files, &args, &around);
    let expected = format!("V1=a\nV2=b\nV3={CANARY}-new\nV4={CANARY}\nV5=x {CANARY} ${{y}}\nV6={CANARY}-user\n");
    assert_eq!(shown(&output), expected);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    // Of one name the last counts here as well.
    assert_eq!(shown(&exec(&[], &["-e", "V=payments/none", "-e", "V=named"], &[])), format!("V={CANARY}\n"));
}

#[test]
fn the_grammar_of_a_file_is_the_documented_one() {
    let file = "# a comment\n\n  \texport V1 = plain # a comment\nV2=a#b\nV3=a\t# a comment\nV4= # a comment\nV5=#b\n\
                V6='a # ${b} \\n' # a comment\nV7=\"a\\n\\t\\\"\\\\\\$b\"\t# a comment\nV8='a\nb'\nV9=\nVA= two words  \r\n\
                VB=it's # a comment\nVC=a \t #b\n";
    let expected =
        "V1=plain\nV2=a#b\nV3=a\nV4=\nV5=#b\nV6=a # ${b} \\n\nV7=a\nb\nV8=a\nV9=\nVA=two words\nVB=it's\nVC=a\n";
    let output = exec(&[("a.env", file)], &[], &[]);
    let lines = shown(&output).replace("V7=a\n", "V7=a\nb\n");
    assert_eq!(lines, expected);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

/// All faults at once, each at its file.
#[test]
fn what_is_wrong_is_told_at_its_file() {
    let files = [
        (
            "a.env",
            "V1=${HOME}/x\nV2=\"a ${b}\"\nV3='${c}'\nV4=\\${d}\nV5=${e\nV6=$<credential:payments/a_b>\nV7='not closed\n",
        ),
        ("b.env", "V1=it's $<credential:nowhere/x>\nnothing\n"),
        ("none.env", ""),
    ];
    let output = exec(&files, &["-e", "V8=payments/", "-e", "V9=$<credential:payments/a_b>"], &[]);
    assert_eq!((code(&output), text(&output.stdout).as_str()), (Some(125), ""));
    insta::assert_snapshot!("wrong_variables", text(&output.stderr));
    let output =
        exec(&[("a.env", "V1=a\n"), ("b.env", "\nV2=b\nV3=$<credential:nowhere/x>${x}\n")], &["-e", "V4=nobody"], &[]);
    assert_eq!(code(&output), Some(125));
    insta::assert_snapshot!("unknown_names", text(&output.stderr));
    let output = exec(&[], &["-e", "V"], &[]);
    assert!(
        code(&output) == Some(2) && text(&output.stderr).contains("write NAME=STORE/SECRET"),
        "{}",
        text(&output.stderr)
    );
}
