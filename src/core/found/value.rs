//! What is found for a setting, and how it is shown.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::super::error::Error;
use super::super::redact::is_secret_name;
use super::super::secret::{MASK, Secret};
use super::Source;
use super::reference::Reference;

/// A value of the kind that its setting holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(u64),
    /// True or false.
    Flag(bool),
    /// The path of a file.
    Path(PathBuf),
    /// The URL of a proxy, or `direct`.
    Proxy(String),
    /// Headers by name.
    Headers(Vec<(String, String)>),
    /// A credential as it is.
    Secret(Secret),
    /// A credential that an environment variable held when the client was made.
    Held(String, Secret),
    /// Where a credential is to be had.
    Reference(Reference),
}

/// A value and its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub source: Source,
}

/// A proxy's URL without its login.
pub fn masked_proxy(proxy: &str) -> Cow<'_, str> {
    let start = proxy.find("://").map_or(0, |at| at + 3);
    match proxy.rfind('@') {
        Some(at) if at >= start => {
            let (scheme, host) = (proxy.get(..start), proxy.get(at..));
            Cow::Owned(format!(
                "{}{MASK}{}",
                scheme.unwrap_or_default(),
                host.unwrap_or_default()
            ))
        }
        _ => Cow::Borrowed(proxy),
    }
}

/// A header's value, unless its name says that it is a secret.
pub fn masked_header<'v>(name: &str, value: &'v str) -> &'v str {
    if is_secret_name(name) { MASK } else { value }
}

/// The path that a text stands for. A relative one counts from `folder`; without one it is refused, as it would count from
/// the working directory.
pub fn path(text: &str, home: Option<&Path>, folder: Option<&Path>) -> Result<PathBuf, Error> {
    if text.is_empty() {
        return Err(Error::config("must not be empty"));
    }
    let rest = text
        .strip_prefix('~')
        .and_then(|rest| rest.strip_prefix(['/', std::path::MAIN_SEPARATOR]));
    if let Some(rest) = rest {
        return home
            .map(|home| home.join(rest))
            .ok_or_else(|| Error::config("begins with ~, and the home folder is not known"));
    }
    let path = Path::new(text);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    folder.map(|folder| folder.join(path)).ok_or_else(|| {
        Error::config(
            "must be an absolute path, or begin with ~/: settings are never looked for in the working directory",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_login() {
        for (proxy, shown) in [
            ("direct", "direct"),
            ("http://proxy.test:3128", "http://proxy.test:3128"),
            ("http://user:hunter22@proxy.test:3128", "http://****@proxy.test:3128"),
            ("http://user:p@ss@proxy.test", "http://****@proxy.test"),
            ("user:hunter22@proxy.test", "****@proxy.test"),
        ] {
            assert_eq!(masked_proxy(proxy), shown);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_never_counts_from_the_working_directory() {
        let home = Some(Path::new("/home/me"));
        let folder = Some(Path::new("/etc/infosecops"));
        assert_eq!(path("/a/b", home, None).unwrap(), Path::new("/a/b"));
        assert_eq!(path("~/b", home, None).unwrap(), Path::new("/home/me/b"));
        assert_eq!(path("b", home, folder).unwrap(), Path::new("/etc/infosecops/b"));
        for (text, home) in [("b", home), ("./b", home), ("~x/b", home), ("", home), ("~/b", None)] {
            assert!(path(text, home, None).is_err(), "{text:?}");
        }
    }
}
