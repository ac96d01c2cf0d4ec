//! What may stand at the path of an audit.

use std::path::Path;

use credflow::audit::Log;

use super::{check, record};

fn refused(path: &Path) -> String {
    Log::open(path).expect_err("not an audit").to_string()
}

#[test]
fn what_is_no_file_is_no_audit() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(Log::open(&folder.path().join("no/audit.jsonl")).is_err());
    assert!(Log::open(folder.path()).is_err());
    assert!(Log::open(Path::new("/dev/null")).is_err());
}

#[test]
fn a_file_without_lines_is_refused_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk.img");
    std::fs::File::create(&path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    let error = Log::open(&path).expect("a file").append(&[record("A")]).expect_err("no audit");
    assert_eq!(error.to_string(), "it is not an audit: its last line is too long");
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("the file").permissions().mode() & 0o777
    }

    #[test]
    fn a_link_leads_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("audit.jsonl"));
        symlink(&target, &link).expect("a link");
        let told = "it is a symbolic link; give the path of the file itself";
        // Neither makes the file that it names, nor adds to one that is there.
        assert_eq!(refused(&link), told);
        assert!(!target.exists());
        fs::write(&target, "").expect("a file");
        assert_eq!(refused(&link), told);
        // A folder on the way may be one.
        let folders = folder.path().join("folders");
        symlink(folder.path(), &folders).expect("a link");
        Log::open(&folders.join("other.jsonl")).expect("a log").append(&[record("A")]).expect("written");
        assert_eq!(check(&folder.path().join("other.jsonl"), None).lines, 1);
    }

    #[test]
    fn a_pipe_in_its_place_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        assert_eq!(refused(&path), "it is there and is not a file");
    }

    #[test]
    fn a_file_that_is_there_keeps_its_mode_and_has_to_be_writable() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        fs::write(&path, "").expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("its owner");
        Log::open(&path).expect("a log");
        assert_eq!(mode(&path), 0o640);
        fs::set_permissions(&path, Permissions::from_mode(0o440)).expect("its owner");
        // An administrator may write to it all the same.
        let is_allowed = fs::File::options().append(true).open(&path).is_ok();
        assert_eq!(Log::open(&path).is_ok(), is_allowed);
    }
}
