//! Opening the file: never through a link, and for its owner alone when it is new.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// How often a file may appear and go again while it is opened.
const ATTEMPTS: usize = 10;

/// Opens a file for reading and for adding to its end, or makes one.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Where the system can't refuse a link by itself, this has to do; elsewhere it only says it in words.
    refuse_link(path)?;
    let mut opened = Err(io::Error::from(ErrorKind::NotFound));
    for _ in 0..ATTEMPTS {
        // Not both at once: what is made has to be known as such, for its mode.
        opened = match options().open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => make(path),
            opened => opened,
        };
        match &opened {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refuse_link(path)?,
            _ => break,
        }
    }
    let file = opened.map_err(|error| refuse_link(path).err().unwrap_or(error))?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is there and is not a file"));
    }
    Ok(file)
}

fn make(path: &Path) -> io::Result<File> {
    let mut options = options();
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A umask may have taken away what the next run needs. A file system without modes may refuse.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o600));
        // The file's name has to be on the disk as well. Not each file system can do that, nor may each folder be read.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(file)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // A pipe or a device in the file's place is refused later, and until then neither waits nor becomes our terminal.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    options
}

fn refuse_link(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other("it is a symbolic link; give the path of the file itself"));
    }
    Ok(())
}

/// Whether nobody will ever read what is added.
#[cfg(unix)]
pub(super) fn is_deleted(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0)
}

#[cfg(not(unix))]
pub(super) fn is_deleted(_file: &File) -> io::Result<bool> {
    Ok(false)
}
