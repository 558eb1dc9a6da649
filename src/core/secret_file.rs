//! A secret in a file, such as those that container platforms mount: read anew each time it is asked for.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Error;
use super::secret::Secret;

/// More than any credential has; what is larger is another file.
pub const BYTES_MAX: u64 = 64 * 1024;

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
        let (secret, is_open) = read(&self.path)?;
        if is_open && !self.allow_others {
            return Err(Error::config(format!(
                "secret file {}: every user of this machine may read it; take that right away (chmod o-r), or pass allow_others=True where only this process sees the file, as in a container",
                self.path.display()
            )));
        }
        Ok(secret)
    }
}

/// What a file holds now, and whether every user of this machine may read it.
///
/// # Errors
/// If it can't be read or holds no text.
pub fn read(path: &Path) -> Result<(Secret, bool), Error> {
    let refuse = |why: &str| Error::config(format!("secret file {}: {why}", path.display()));
    let failed = |error: io::Error| refuse(&format!("cannot be read: {error}"));
    let regular = |metadata: Metadata| {
        if metadata.is_file() {
            Ok(metadata)
        } else {
            Err(refuse("is no regular file"))
        }
    };
    // Before it is opened: opening a pipe would wait for its writer.
    regular(std::fs::metadata(path).map_err(failed)?)?;
    let mut file = File::open(path).map_err(failed)?;
    let metadata = regular(file.metadata().map_err(failed)?)?;
    // One byte more than is there: the buffer does not move and leaves no copy behind.
    let room = usize::try_from(metadata.len().min(BYTES_MAX))
        .unwrap_or_default()
        .saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    (&mut file)
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(refuse("is larger than any credential"));
    }
    let secret = secret_of(&bytes).map_err(refuse)?;
    Ok((secret, is_open_to_all(&metadata)))
}

/// A text from outside as a secret: in UTF-8, not empty, one line end at its end taken off.
pub fn secret_of(bytes: &[u8]) -> Result<Secret, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
    let line = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err("is empty");
    }
    Ok(Secret::new(line))
}

/// Whether every user of the machine may read it.
#[cfg(unix)]
fn is_open_to_all(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    metadata.mode() & 0o004 != 0
}

/// Not known here.
#[cfg(not(unix))]
fn is_open_to_all(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_taken_off() {
        for (bytes, expected) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a \n", " a "),
            ("a\r", "a\r"),
            ("a\nb\n", "a\nb"),
        ] {
            assert_eq!(secret_of(bytes.as_bytes()).unwrap().expose(), expected);
        }
        assert_eq!(secret_of(b"").unwrap_err(), "is empty");
        assert_eq!(secret_of(b"\r\n").unwrap_err(), "is empty");
        assert_eq!(secret_of(b"\xff").unwrap_err(), "is not UTF-8");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = std::env::temp_dir().join("infosecops-no-such-file");
        let told = read(&missing).unwrap_err();
        assert!(
            told.message()
                .starts_with(&format!("secret file {}: cannot be read: ", missing.display()))
        );
        let told = read(&std::env::temp_dir()).unwrap_err();
        assert!(told.message().ends_with("is no regular file"), "{told}");
    }
}
