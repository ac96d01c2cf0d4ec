//! What people see for a file: the plan of a good one, the exact complaint about a bad one. A case is a file.

use std::path::Path;
use std::sync::{Arc, Mutex};

use credflow::cli::{self, Terminal};

/// A stream that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs the command and gives what it printed and its exit code.
fn credflow(args: &[&str]) -> String {
    let (out, err) = (Kept::default(), Kept::default());
    let mut terminal = Terminal::new(out.clone(), err.clone());
    let args = std::iter::once("credflow").chain(args.iter().copied()).map(Into::into);
    let code = cli::main(args, &mut terminal);
    let text = |kept: Kept| String::from_utf8_lossy(&kept.0.lock().expect("one thread")).into_owned();
    format!("{}{}exit code {code}\n", text(out), text(err))
}

/// The configuration of a case: its own, or the folder's.
fn config(path: &Path) -> String {
    let own = path.with_extension("config");
    let missing = path.file_stem().is_some_and(|name| name == "config-missing");
    let config = if own.exists() || missing { own } else { path.with_file_name("credflow.config") };
    config.display().to_string()
}

/// Paths of this machine, as they look on any.
fn scrub(text: &str, path: &Path) -> String {
    let folder = path.parent().expect("a folder").display().to_string();
    text.replace(&format!("{folder}/"), "")
}

#[test]
fn bad_files_are_explained() {
    insta::glob!("../fixtures/err", "*.yaml", |path| {
        let file = path.display().to_string();
        let text = credflow(&["check", &file, "--config", &config(path)]);
        assert!(text.ends_with("exit code 1\n"), "{text}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(scrub(&text, path));
        });
    });
}

#[test]
fn good_files_are_planned() {
    insta::glob!("../fixtures/ok", "*.yaml", |path| {
        let file = path.display().to_string();
        let plan = credflow(&["plan", &file, "--config", &config(path)]);
        assert!(plan.ends_with("exit code 0\n"), "{plan}");
        let json = credflow(&["plan", "-q", "--format", "json", &file, "--config", &config(path)]);
        assert_eq!(json, credflow(&["plan", "-q", "--format", "json", &file, "--config", &config(path)]));
        // What rendering needs beyond that, and the same plan as YAML where not every place counts.
        let whole = credflow(&["plan", "--for", "render", &file, "--config", &config(path)]);
        let yaml = credflow(&["plan", "-q", "--format", "yaml", &file, "--config", &config(path)]);
        let more = if whole == plan { String::new() } else { format!("\nfor render:\n{whole}\n{yaml}") };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(scrub(&format!("{plan}\n{json}{more}"), path));
        });
    });
}

/// Files that are too large to keep.
#[test]
fn large_files_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let bomb: String = (1..30).fold("x-a0: &a0 [x, x]\n".to_owned(), |text, level| {
        text + &format!("x-a{level}: &a{level} [*a{0}, *a{0}, *a{0}]\n", level - 1)
    });
    let merges: String = (1..30).fold("x-m0: &m0 { k: v }\n".to_owned(), |text, level| {
        text + &format!("x-m{level}: &m{level} {{ <<: [*m{0}, *m{0}, *m{0}] }}\n", level - 1)
    });
    let repeated = format!("jobs:\n  j0: {{ steps: &s [{{ run: &r {} }}] }}\n", "x".repeat(100_000));
    let jobs: String = (1..1000).map(|job| format!("  j{job}: {{ steps: *s }}\n")).collect::<Vec<_>>().concat();
    let cases = [
        ("alias-bomb.yaml", format!("{bomb}steps: *a29\n")),
        ("merge-bomb.yaml", format!("{merges}steps: [{{ run: x, env: *m29 }}]\n")),
        ("repeated.yaml", repeated + &jobs),
        ("long-scalar.yaml", format!("steps: [{{ run: {} }}]\n", "x".repeat(50 << 20))),
        ("deep.yaml", format!("steps: {}{}\n", "[".repeat(200), "]".repeat(200))),
        ("nul.yaml", "steps: [{ run: \"\0\" }]\n".repeat(1000)),
        ("larger-than-a-file.yaml", "# comment\n".repeat(7 << 20)),
    ];
    let explained = cases.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let text = credflow(&["check", &path.display().to_string()]);
        assert!(text.ends_with("exit code 1\n") && text.len() < 4000, "{name}: {}", text.len());
        scrub(&text, &path)
    });
    insta::assert_snapshot!("large_files", explained.join("\n"));
}

/// What isn't acted on: `check` warns of it, and fails when it is to; `run` refuses it.
#[test]
fn nothing_is_passed_over_in_silence() {
    insta::glob!("../fixtures/warn", "*.yaml", |path| {
        let file = path.display().to_string();
        let text = credflow(&["check", &file]);
        assert!(text.ends_with("exit code 0\n") && text.contains("\n0 errors, "), "{text}");
        let denied = credflow(&["check", "--deny-warnings", &file]);
        assert!(denied.ends_with(", 0 warnings\nexit code 1\n"), "{denied}");
        let run = credflow(&["run", &file]);
        assert!(run.ends_with("exit code 125\n"), "{run}");
        let for_run = credflow(&["check", "--for", "run", &file]);
        for refusal in run.lines().filter(|line| line.starts_with("error[cannot-run]")) {
            assert!(for_run.contains(refusal), "{refusal} in {for_run}");
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(scrub(&format!("{text}\nrun:\n{run}"), path));
        });
    });
}

#[test]
fn workflows_that_cannot_be_run_are_refused() {
    insta::glob!("../fixtures/run", "*.yaml", |path| {
        let text = credflow(&["run", &path.display().to_string()]);
        assert!(text.ends_with("exit code 125\n"), "{text}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(scrub(&text, path));
        });
    });
}
