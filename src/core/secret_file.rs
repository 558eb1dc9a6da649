//! A secret in a file, such as those that container platforms mount: read anew each time it is asked for.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Error;
use super::regular_file;
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

    /// Whether users other than owner and group may be allowed to read and write it.
    pub const fn allow_others(&self) -> bool {
        self.allow_others
    }

    /// What the file holds now, without a byte order mark and without the one line break at its end.
    ///
    /// # Errors
    /// If it can't be read, others may read or write it, or it holds no text.
    pub fn read(&self) -> Result<Secret, Error> {
        let (secret, open_to_all) = read(&self.path)?;
        let Some(rights) = open_to_all.filter(|_| !self.allow_others) else {
            return Ok(secret);
        };
        Err(Error::config(format!(
            "secret file {}: every user of this machine may {} it; take that right away (chmod {}), or pass allow_others=True where only this process sees the file, as in a container",
            self.path.display(),
            rights.words(),
            rights.chmod()
        )))
    }
}

/// What every user of the machine may do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenToAll {
    /// Read it.
    Read,
    /// Write to it: what it holds may be anybody's.
    Write,
    /// Both.
    ReadAndWrite,
}

impl OpenToAll {
    /// For a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadAndWrite => "read and write",
        }
    }

    /// What takes it away.
    pub const fn chmod(self) -> &'static str {
        match self {
            Self::Read => "o-r",
            Self::Write => "o-w",
            Self::ReadAndWrite => "o-rw",
        }
    }
}

/// What a file holds now, and what every user of this machine may do with it, if anything.
///
/// # Errors
/// If it can't be read or holds no text.
pub fn read(path: &Path) -> Result<(Secret, Option<OpenToAll>), Error> {
    let refuse = |why: &str| Error::config(format!("secret file {}: {why}", path.display()));
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidInput => refuse("is no regular file"),
        _ => refuse(&format!("cannot be read: {error}")),
    };
    let (mut file, metadata) = regular_file::open(path).map_err(failed)?;
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
    Ok((secret, open_to_all(&metadata)))
}

/// A text from outside as a secret: in UTF-8, not empty, without a byte order mark in front and one line end behind it.
pub fn secret_of(bytes: &[u8]) -> Result<Secret, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err("is empty");
    }
    Ok(Secret::new(line))
}

#[cfg(unix)]
fn open_to_all(metadata: &Metadata) -> Option<OpenToAll> {
    use std::os::unix::fs::MetadataExt;

    let mode = metadata.mode();
    match (mode & 0o004 != 0, mode & 0o002 != 0) {
        (false, false) => None,
        (true, false) => Some(OpenToAll::Read),
        (false, true) => Some(OpenToAll::Write),
        (true, true) => Some(OpenToAll::ReadAndWrite),
    }
}

/// Not known here.
#[cfg(not(unix))]
fn open_to_all(_: &Metadata) -> Option<OpenToAll> {
    None
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
            ("\u{feff}a\r\n", "a"),
        ] {
            assert_eq!(secret_of(bytes.as_bytes()).unwrap().expose(), expected);
        }
        assert_eq!(secret_of(b"").unwrap_err(), "is empty");
        assert_eq!(secret_of(b"\r\n").unwrap_err(), "is empty");
        assert_eq!(secret_of("\u{feff}\n".as_bytes()).unwrap_err(), "is empty");
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
