//! Private files of runs that were killed.
#![cfg(target_os = "linux")]
#![allow(clippy::format_collect, reason = "a test has the time")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::children::{lives, pid, quietly, send, supervisor};
use crate::project::{code, credflow, project, run, text};
use crate::waiting::until;

/// A run with a file that is killed together with its supervisor: the file and its folder.
fn killed(memory: &Path) -> PathBuf {
    let folder = project("steps: [{ files: { F: x }, run: 'echo $F >file; echo $$ >step; sleep 600' }]");
    let mut command = credflow(folder.path(), &["run", "w.yaml"]);
    command.env("TMPDIR", memory).env("XDG_RUNTIME_DIR", memory);
    let mut child = quietly(command);
    let step = pid(&folder.path().join("step"));
    send("-KILL", supervisor(child.id()));
    send("-KILL", child.id());
    child.wait().expect("an end");
    send("-KILL", step);
    PathBuf::from(fs::read_to_string(folder.path().join("file")).expect("a path").trim())
}

#[test]
fn files_of_a_killed_run_go_with_the_next_one() {
    let memory = tempfile::tempdir().expect("a folder");
    let left = killed(memory.path());
    // Another run may have found it already.
    let private = left.parent().expect("a folder").to_path_buf();
    let folder = fs::symlink_metadata(&private).expect("the folder");
    assert_eq!((folder.is_dir(), folder.permissions().mode() & 0o777), (true, 0o700));
    assert_eq!(fs::symlink_metadata(&left).map_or(0o600, |file| file.mode() & 0o777), 0o600);
    // What isn't ours by its name, and what belongs to somebody who lives.
    let name = left.file_name().expect("a name").to_string_lossy().into_owned();
    let parts: Vec<&str> = name.split('-').collect();
    let ours = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").expect("ourselves");
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(19)).expect("a time");
    let living = private.join(format!("{}-{}-{ours}-{started}-x", parts[0], parts[1]));
    let elsewhere = private.join(format!("1{}-{}-{}-{}-x", parts[0], parts[1], parts[2], parts[3]));
    let foreign = private.join("credflow-notes");
    for path in [&living, &elsewhere, &foreign] {
        fs::write(path, "").expect("a file");
    }
    let next = project("steps: [{ run: 'true' }]");
    assert_eq!(code(&run(next.path(), &["run", "w.yaml"])), Some(0));
    assert!(!left.exists());
    for path in [&living, &elsewhere, &foreign] {
        assert!(path.exists(), "{}", path.display());
        fs::remove_file(path).expect("removed");
    }
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let memory = tempfile::tempdir().expect("a folder");
    let left = killed(memory.path());
    let name = left.file_name().expect("a name");
    let private = left.parent().and_then(Path::file_name).expect("a folder");
    let target = memory.path().join("target");
    fs::create_dir(&target).expect("a folder");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).expect("a mode");
    fs::write(target.join(name), "somebody's").expect("a file");
    std::os::unix::fs::symlink(&target, memory.path().join(private)).expect("a link");
    let next = project("steps: [{ run: 'true' }]");
    let mut command = credflow(next.path(), &["run", "w.yaml"]);
    let output =
        command.env("TMPDIR", memory.path()).env("XDG_RUNTIME_DIR", memory.path()).output().expect("a process");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(target.join(name).exists());
    // The same folder with no link in its way is cleaned up.
    fs::remove_file(memory.path().join(private)).expect("removed");
    fs::rename(&target, memory.path().join(private)).expect("renamed");
    let mut command = credflow(next.path(), &["run", "w.yaml"]);
    command.env("TMPDIR", memory.path()).env("XDG_RUNTIME_DIR", memory.path()).output().expect("a process");
    assert!(!memory.path().join(private).join(name).exists());
}

#[test]
fn a_long_script_leaves_no_file_behind() {
    let folder = project("");
    let script: String = (0..20_000).map(|line| format!("    : {line} some words\n")).collect();
    let workflow = format!("steps:\n- run: |\n{script}    echo $0 >script; echo $$ >step; sleep 600\n");
    fs::write(folder.path().join("w.yaml"), workflow).expect("a file");
    let mut child = quietly(credflow(folder.path(), &["run", "w.yaml"]));
    let step = pid(&folder.path().join("step"));
    let guard = supervisor(child.id());
    let file = PathBuf::from(fs::read_to_string(folder.path().join("script")).expect("a path").trim());
    assert!(file.exists());
    send("-KILL", child.id());
    child.wait().expect("an end");
    until("the end of all", || !lives(step) && !lives(guard));
    assert!(!file.exists());
}
