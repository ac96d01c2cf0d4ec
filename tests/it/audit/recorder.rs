//! A thread that writes for others: what it promises to those who wait, and to those who don't any more.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use credflow::audit::Recorder;

use super::{check, record};

/// A recorder of a new file whose lock the test has.
fn locked(folder: &Path) -> (Recorder, PathBuf, File) {
    let path = folder.join("audit.jsonl");
    let recorder = Recorder::open(&path).expect("a recorder");
    let holder = File::options().append(true).open(&path).expect("the file");
    holder.lock().expect("nobody has it");
    (recorder, path, holder)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// The variables of all lines.
fn variables(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("text");
    let variable = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("JSON") };
    text.lines().map(|line| variable(line)["variable"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn lines_are_written_in_order_also_when_nobody_waits_for_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, path, holder) = locked(folder.path());
    let first = recorder.append(vec![record("A"), record("B")]);
    drop(recorder.append(vec![record("C")]));
    let last = recorder.append(vec![record("D")]);
    // Nothing was written while somebody else had the lock.
    assert_eq!(check(&path, None).lines, 0);
    holder.unlock().expect("it was locked");
    wait(async {
        first.await.expect("written");
        last.await.expect("written");
        recorder.finish().await.expect("all written");
    });
    assert_eq!(variables(&path), ["A", "B", "C", "D"]);
    assert_eq!(check(&path, None).faults, []);
}

#[test]
fn those_who_find_no_room_wait_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, path, holder) = locked(folder.path());
    let mut waiting: Vec<_> = (0..1100).map(|line| recorder.append(vec![record(&format!("V{line}"))])).collect();
    // One of those without room goes, and its line with it.
    drop(waiting.pop());
    holder.unlock().expect("it was locked");
    wait(async {
        for written in waiting {
            written.await.expect("written");
        }
    });
    let expected: Vec<String> = (0..1099).map(|line| format!("V{line}")).collect();
    assert_eq!(variables(&path), expected);
}

#[test]
fn what_is_given_up_is_counted_and_not_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, path, holder) = locked(folder.path());
    let waiting = recorder.append(vec![record("A"), record("B")]);
    drop(recorder.append(vec![record("C")]));
    let unwritten = recorder.finish_within(Duration::from_millis(1)).expect_err("a lock");
    assert_eq!(unwritten.lines, 3);
    assert!(unwritten.to_string().starts_with("3 lines not written: "), "{unwritten}");
    assert!(wait(waiting).is_err() && wait(recorder.append(vec![record("D")])).is_err());
    assert_eq!(wait(recorder.finish()).expect_err("given up").lines, 4);
    holder.unlock().expect("it was locked");
    // Another one writes; the one that gave up would have been before it.
    let other = Recorder::open(&path).expect("a recorder");
    other.append_blocking(vec![record("E")]).expect("written");
    assert_eq!(variables(&path), ["E"]);
}

#[test]
fn it_is_told_what_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, _, holder) = locked(folder.path());
    let written = recorder.append(vec![record("A")]);
    while !recorder.is_locked_out() {
        std::thread::yield_now();
    }
    holder.unlock().expect("it was locked");
    wait(written).expect("written");
    wait(recorder.finish()).expect("written");
    assert!(!recorder.is_locked_out());
}

#[test]
fn nothing_to_write_waits_for_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, ..) = locked(folder.path());
    wait(recorder.append(Vec::new())).expect("nothing to do");
    recorder.append_blocking(Vec::new()).expect("nothing to do");
    recorder.finish_within(Duration::MAX).expect("nothing to do");
}

#[cfg(unix)]
#[test]
fn lines_of_a_deleted_file_are_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recorder, path, holder) = locked(folder.path());
    drop(recorder.append(vec![record("A")]));
    std::fs::remove_file(path).expect("it is there");
    holder.unlock().expect("it was locked");
    let unwritten = wait(recorder.finish()).expect_err("no file");
    assert_eq!(unwritten.to_string(), "1 line not written: it was deleted in the meantime");
}
