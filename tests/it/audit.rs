//! The audit: lines that are bound to each other, also when several runs write them at once.

mod chain;
mod file;
mod recorder;
#[cfg(unix)]
mod verbs;

use std::path::Path;

use credflow::audit::{Fault, Findings, Log, Outcome, Record, verify};
use proptest::prelude::*;

fn record(variable: &str) -> Record {
    Record {
        environment: None,
        identity: "client-secret 3f0a in 7d1c".to_owned(),
        store: "payments".to_owned(),
        secret: "db-password".to_owned(),
        version: Some("0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned()),
        step: "migrate/Apply".to_owned(),
        variable: variable.to_owned(),
        outcome: Outcome::Given,
    }
}

fn check(path: &Path, expected: Option<&str>) -> Findings {
    let file = std::fs::File::open(path).expect("the audit");
    verify(std::io::BufReader::new(file), expected).expect("a file that can be read")
}

/// An audit of two runs with three lines.
fn written(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("audit.jsonl");
    Log::open(&path).expect("a log").append(&[record("A"), record("B")]).expect("written");
    Log::open(&path).expect("a log").append(&[record("C")]).expect("written");
    path
}

#[test]
fn lines_are_bound_to_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path());
    let findings = check(&path, None);
    assert_eq!((findings.lines, findings.runs, &findings.faults[..]), (3, 2, &[][..]));
    let text = std::fs::read_to_string(&path).expect("text");
    let first: serde_json::Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let mut keys: Vec<&str> = first.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected =
        ["hash", "identity", "outcome", "previous", "run", "secret", "step", "store", "time", "variable", "version"];
    assert_eq!(keys, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    }
    let last = findings.last.expect("a hash");
    assert!(check(&path, Some(&last)).faults.is_empty());
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).expect("a file");
    assert!(check(&path, None).faults.is_empty());
    assert_eq!(check(&path, Some(&last)).faults, [(2, Fault::Cut)]);
    std::fs::write(&path, format!("{}\n{}\n", lines[0], lines[2])).expect("a file");
    assert_eq!(check(&path, None).faults, [(2, Fault::Broken)]);
    std::fs::write(&path, format!("{}\n", lines[1])).expect("a file");
    assert_eq!(check(&path, None).faults, [(1, Fault::Headless)]);
}

#[test]
fn a_torn_line_is_told_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path());
    let whole = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, &whole[..whole.len() - 20]).expect("a file");
    Log::open(&path).expect("a log").append(&[record("D")]).expect("written");
    let findings = check(&path, None);
    assert_eq!((findings.lines, &findings.faults[..]), (4, &[(3, Fault::NoRecord)][..]));
    let text = std::fs::read(&path).expect("bytes");
    assert!(text.starts_with(&whole[..whole.len() - 20]));
}

#[test]
fn the_last_line_cannot_be_changed_and_lines_are_read_in_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path());
    let text = std::fs::read_to_string(&path).expect("text");
    for (from, to, fault) in [
        ("\"variable\":\"C\"", "\"variable\":\"X\"", Fault::Changed),
        ("\"variable\":\"C\"", "\"variable\":\"C\",\"more\":1", Fault::NoRecord),
        ("\"variable\":\"C\",", "", Fault::NoRecord),
        ("\"variable\":\"C\"", "\"variable\":\"C\" ", Fault::Changed),
    ] {
        std::fs::write(&path, text.replace(from, to)).expect("a file");
        assert_eq!(check(&path, None).faults, [(3, fault)], "{to}");
    }
    let hash = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["hash"].as_str().expect("a hash").to_owned()
    };
    std::fs::write(&path, &text).expect("a file");
    let last = text.lines().last().expect("a line");
    assert_eq!(check(&path, None).last, Some(hash(last)));
    let body = &last[..last.find(",\"hash\"").expect("a hash")];
    let digest = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
    let digits: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digits.concat(), hash(last));
}

#[test]
fn a_line_that_lost_its_break_alone_is_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path());
    let whole = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("a file");
    assert_eq!(check(&path, None).faults, [(3, Fault::NoRecord)]);
    Log::open(&path).expect("a log").append(&[record("D")]).expect("written");
    assert_eq!(check(&path, None).faults, []);
}

#[test]
fn runs_at_once_share_one_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    std::thread::scope(|scope| {
        for run in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let log = Log::open(path).expect("a log");
                for line in 0..25 {
                    log.append(&[record(&format!("V{run}_{line}")), record("W")]).expect("written");
                }
            });
        }
    });
    let findings = check(&path, None);
    assert_eq!((findings.lines, findings.runs, &findings.faults[..]), (400, 8, &[][..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_change_is_found(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let mut bytes = std::fs::read(&path).expect("bytes");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, bytes).expect("a file");
        prop_assert!(!check(&path, None).faults.is_empty());
    }

    #[test]
    fn any_bytes_are_read(bytes in any::<Vec<u8>>()) {
        let findings = verify(&bytes[..], None).expect("memory");
        prop_assert!(findings.faults.len() <= findings.lines);
    }
}
