//! Settings that are found: in keywords, in the environment, in a profile of a file in the user's configuration folder, in
//! this order. The working directory is never looked at, and neither environment nor user id is read here: callers give
//! them.

pub mod catalogue;
pub mod command;
pub mod document;
pub mod environment;
pub mod file;
mod nearest;
pub mod place;
pub mod reference;
pub mod resolve;
pub mod value;

use std::fmt;
use std::path::PathBuf;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An argument of the caller's.
    Keyword,
    /// An environment variable.
    Environment(String),
    /// A table of the profile file.
    Profile {
        /// The file.
        file: PathBuf,
        /// Such as `prod.sectona`.
        table: String,
    },
    /// Nobody gave it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword => f.write_str("keyword"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Profile { file, table } => write!(f, "profile {} [{table}]", file.display()),
            Self::Default => f.write_str("default"),
        }
    }
}
