//! References to secrets: where one is to be had when it is needed, instead of the secret itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::error::Error;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
