//! References to secrets: where one is to be had when it is needed, instead of the secret itself.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::error::Error;
use super::super::secret::Secret;
use super::file::is_open_to_all;

/// No credential is longer.
pub const LARGEST_BYTES: u64 = 64 * 1024;

/// How long a command may take if its reference does not say.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a secret is to be had.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// An environment variable.
    Env(String),
    /// A file; one line end at its end is no part of the secret.
    File(PathBuf),
    /// What a command prints; likewise.
    Command {
        /// Program and arguments. No shell sees them.
        command: Vec<String>,
        /// How long it may take.
        timeout: Duration,
    },
    /// The keyring of the user's session.
    Keyring {
        /// The service.
        service: String,
        /// The user name.
        username: String,
    },
}

impl Reference {
    /// Checks a command.
    pub fn command(command: Vec<String>, timeout: Duration, home: Option<&Path>) -> Result<Self, Error> {
        let Some(program) = command.first().filter(|program| !program.is_empty()) else {
            return Err(Error::config("command: must hold a program, and then its arguments"));
        };
        let has_folder = program.contains(['/', std::path::MAIN_SEPARATOR]);
        let program = if has_folder {
            let path = super::value::path(program, home, None)
                .map_err(|error| Error::config(format!("command: the program {}", error.message())))?;
            path.into_os_string()
                .into_string()
                .map_err(|_| Error::config("command: the program's path is not UTF-8"))?
        } else {
            program.clone()
        };
        let rest = command.into_iter().skip(1);
        Ok(Self::Command {
            command: std::iter::once(program).chain(rest).collect(),
            timeout,
        })
    }

    /// What it refers to, in a few words. Of a command the program only: arguments may tell too much.
    pub fn shown(&self) -> String {
        match self {
            Self::Env(name) => format!("env {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Command { command, .. } => {
                format!("command {}", command.first().map_or("", String::as_str))
            }
            Self::Keyring { service, username } => format!("keyring {service} {username}"),
        }
    }
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

/// Reads a secret from a file. Beside it, whether every user of the machine may read it too.
pub fn read_file(path: &Path) -> Result<(Secret, bool), Error> {
    let shown = path.display();
    let wrong = |why: &dyn std::fmt::Display| Error::config(format!("cannot read {shown}: {why}"));
    let metadata = std::fs::metadata(path).map_err(|error| wrong(&error))?;
    // Before it is opened: opening a pipe would wait for ever.
    if !metadata.is_file() {
        return Err(Error::config(format!("{shown} is not a regular file")));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(&error))?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(Error::config(format!("{shown} is larger than 64 KiB")));
    }
    let secret = secret_of(&bytes).map_err(|why| Error::config(format!("{shown} {why}")))?;
    Ok((secret, is_open_to_all(&metadata)))
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
    fn a_program_is_never_looked_for_in_the_working_directory() {
        let command = |program: &str| {
            let home = cfg!(unix).then_some(Path::new("/home/me"));
            Reference::command(vec![program.to_owned(), "-x".to_owned()], COMMAND_TIMEOUT, home)
        };
        assert_eq!(command("pass").unwrap().shown(), "command pass");
        for program in ["./pass", "bin/pass", "../pass"] {
            let told = command(program).unwrap_err();
            assert!(
                told.message()
                    .starts_with("command: the program must be an absolute path"),
                "{told}"
            );
        }
        assert!(command("").is_err());
        assert!(Reference::command(vec![], COMMAND_TIMEOUT, None).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_shown_of_a_command_is_its_program() {
        let command = vec!["~/bin/op".to_owned(), "hunter22".to_owned()];
        let reference = Reference::command(command, COMMAND_TIMEOUT, Some(Path::new("/home/me"))).unwrap();
        assert_eq!(reference.shown(), "command /home/me/bin/op");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = std::env::temp_dir().join("infosecops-no-such-file");
        let told = read_file(&missing).unwrap_err();
        assert!(
            told.message()
                .starts_with(&format!("cannot read {}: ", missing.display()))
        );
        let told = read_file(&std::env::temp_dir()).unwrap_err();
        assert!(told.message().ends_with("is not a regular file"), "{told}");
    }
}
