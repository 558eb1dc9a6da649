//! Opening files that must be regular ones. What was opened is looked at, and not its name, which may stand for something
//! else a moment later; and opening waits for nobody, as a pipe without a writer would.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Opens a file for reading.
///
/// # Errors
/// If it can't be opened, or is a folder, a pipe or a device.
pub fn open(path: &Path) -> Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(Error::new(ErrorKind::InvalidInput, "is no regular file"))
    }
}
