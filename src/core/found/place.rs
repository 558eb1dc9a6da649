//! Where the profile file may be. Never the working directory.

use std::path::{Path, PathBuf};

use super::super::error::Error;
use super::environment::{Lookup, given};
use super::value::path;

/// The variable that names the file.
pub const VARIABLE: &str = "INFOSECOPS_CONFIG";

/// Whose habits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux and its relatives.
    Unix,
    /// macOS: as Unix, and its own folder.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The one that this code was built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Unix
    };
}

/// The home folder, if the environment names one.
pub fn home(platform: Platform, lookup: Lookup<'_>) -> Result<Option<PathBuf>, Error> {
    let name = if platform == Platform::Windows {
        "USERPROFILE"
    } else {
        "HOME"
    };
    let home = given(lookup, name)?.map(PathBuf::from);
    Ok(home.filter(|home| home.is_absolute()))
}

/// The files to look at, best first.
pub fn files(platform: Platform, lookup: Lookup<'_>) -> Result<Vec<PathBuf>, Error> {
    let home = home(platform, lookup)?;
    if let Some(named) = given(lookup, VARIABLE)? {
        let file = path(&named, home.as_deref(), None)
            .map_err(|error| Error::config(format!("{VARIABLE}: {}", error.message())))?;
        return Ok(vec![file]);
    }
    let mut folders = Vec::new();
    // As its specification says, a relative one is not valid.
    let absolute = |text: String| Some(PathBuf::from(text)).filter(|folder| folder.is_absolute());
    if platform == Platform::Windows {
        folders.extend(given(lookup, "APPDATA")?.and_then(absolute));
    } else {
        let named = given(lookup, "XDG_CONFIG_HOME")?.and_then(absolute);
        folders.extend(named.or_else(|| home.as_deref().map(|home| home.join(".config"))));
        if platform == Platform::MacOs {
            folders.extend(home.map(|home| home.join("Library/Application Support")));
        }
    }
    if folders.is_empty() {
        return Err(Error::config(format!(
            "no folder for profiles is known: {} is not set; name the file in {VARIABLE}",
            if platform == Platform::Windows {
                "APPDATA"
            } else {
                "HOME"
            }
        )));
    }
    let file = Path::new("infosecops").join("config.toml");
    Ok(folders.into_iter().map(|folder| folder.join(&file)).collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn looked(platform: Platform, variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let lookup = |name: &str| {
            let given = variables.iter().find(|(known, _)| *known == name);
            Ok(given.map(|(_, text)| (*text).to_owned()))
        };
        let shown = |file: PathBuf| file.to_string_lossy().into_owned();
        match files(platform, &lookup) {
            Ok(files) => Ok(files.into_iter().map(shown).collect()),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    #[test]
    fn the_users_folder_of_each_platform() {
        let home = ("HOME", "/home/me");
        let one = |path: &str| Ok(vec![path.to_owned()]);
        assert_eq!(
            looked(Platform::Unix, &[home]),
            one("/home/me/.config/infosecops/config.toml")
        );
        assert_eq!(
            looked(Platform::Unix, &[home, ("XDG_CONFIG_HOME", "/x")]),
            one("/x/infosecops/config.toml")
        );
        assert_eq!(
            looked(Platform::Windows, &[home, ("APPDATA", "/roaming")]),
            one("/roaming/infosecops/config.toml")
        );
        assert_eq!(
            looked(Platform::MacOs, &[home]).unwrap(),
            [
                "/home/me/.config/infosecops/config.toml",
                "/home/me/Library/Application Support/infosecops/config.toml"
            ]
        );
        assert_eq!(
            looked(Platform::Unix, &[home, (VARIABLE, "~/other.toml")]),
            one("/home/me/other.toml")
        );
    }

    #[test]
    fn the_working_directory_is_none_of_them() {
        let home = ("HOME", "/home/me");
        for relative in [".", "", "config", "./x"] {
            let found = looked(Platform::Unix, &[home, ("XDG_CONFIG_HOME", relative)]).unwrap();
            assert_eq!(found, ["/home/me/.config/infosecops/config.toml"]);
        }
        assert!(
            looked(Platform::Unix, &[home, (VARIABLE, "config.toml")])
                .unwrap_err()
                .starts_with("INFOSECOPS_CONFIG: must be an absolute path")
        );
        assert!(
            looked(Platform::Unix, &[("HOME", "me")])
                .unwrap_err()
                .contains("HOME is not set")
        );
        assert!(
            looked(Platform::Windows, &[])
                .unwrap_err()
                .contains("APPDATA is not set")
        );
    }
}
