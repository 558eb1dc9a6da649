//! A secret in a file, such as those that container platforms mount: read anew each time it is asked for.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Error;
use super::secret::Secret;

/// More than any credential has; what is larger is another file.
const BYTES_MAX: u64 = 64 * 1024;

/// Where a secret is.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile {
    path: PathBuf,
    allow_others: bool,
}

impl SecretFile {
    /// Reads nothing yet. The path is made absolute, so that a later change of the directory does not matter.
    ///
    /// # Errors
    /// If the path is empty.
    pub fn new(path: &Path, allow_others: bool) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|error| Error::config(format!("path: {error}")))?;
        Ok(Self { path, allow_others })
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether users other than owner and group may be allowed to read it.
    pub const fn allow_others(&self) -> bool {
        self.allow_others
    }

    /// What the file holds now, without the one line break at its end.
    ///
    /// # Errors
    /// If it can't be read, others may read it, or it holds no text.
    pub fn read(&self) -> Result<Secret, Error> {
        let refuse = |why: &str| Error::config(format!("secret file {}: {why}", self.path.display()));
        let failed = |error: io::Error| refuse(&format!("cannot be read: {error}"));
        // Before it is opened: opening a pipe would wait for its writer.
        self.check(&std::fs::metadata(&self.path).map_err(failed)?)
            .map_err(refuse)?;
        let mut file = File::open(&self.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        self.check(&metadata).map_err(refuse)?;
        // One byte more than is there: the buffer does not move and leaves no copy behind.
        let room = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        (&mut file)
            .take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(refuse("is larger than any credential"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8 text"))?;
        let text = text
            .strip_suffix('\n')
            .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(refuse("is empty"));
        }
        Ok(Secret::new(text))
    }

    fn check(&self, metadata: &Metadata) -> Result<(), &'static str> {
        if !metadata.is_file() {
            return Err("is no regular file");
        }
        #[cfg(unix)]
        if !self.allow_others && std::os::unix::fs::MetadataExt::mode(metadata) & 0o004 != 0 {
            return Err(
                "every user of this machine may read it; take that right away (chmod o-r), or pass allow_others=True where only this process sees the file, as in a container",
            );
        }
        Ok(())
    }
}
