//! Reading the profile file: who may have written it, and who may read what stands in it.

use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::error::Error;
use super::super::regular_file;

/// Enough for thousands of profiles.
const LARGEST_BYTES: u64 = 1024 * 1024;

/// A file that was read.
pub struct Profiles {
    /// Where it is.
    pub path: PathBuf,
    /// What stands in it.
    pub text: Zeroizing<String>,
    /// Why no secret may stand in it as it is; None if one may.
    pub open_to: Option<String>,
}

/// Reads the first of the files that exists. `user` is who reads, where users have numbers.
pub fn read(files: &[PathBuf], user: Option<u32>) -> Result<Profiles, Error> {
    for path in files {
        let shown = path.display();
        // Of what was opened, which another name may stand for by now.
        let (file, metadata) = match regular_file::open(path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(Error::config(format!("profiles: {shown} is not a regular file")));
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        let open_to = guard(path, &metadata, user)?;
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| unreadable(path, &error))?;
        if text.len() as u64 > LARGEST_BYTES {
            return Err(Error::config(format!("profiles: {shown} is larger than 1 MiB")));
        }
        let path = path.clone();
        return Ok(Profiles { path, text, open_to });
    }
    let places: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    Err(Error::config(format!(
        "profiles: there is no file {}; write one, or name another in {}",
        places.join(" nor "),
        super::place::VARIABLE
    )))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("profiles: cannot read {}: {error}", path.display()))
}

/// Whoever can write the file decides where credentials go and which commands run. Gives why it may hold no secret.
#[cfg(unix)]
fn guard(path: &Path, metadata: &Metadata, user: Option<u32>) -> Result<Option<String>, Error> {
    use std::os::unix::fs::MetadataExt;

    let shown = path.display();
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o777);
    if user.is_some_and(|user| owner != user && owner != 0) {
        return Err(Error::config(format!(
            "profiles: {shown} belongs to the user with the id {owner}, not to you, and is not used"
        )));
    }
    if mode & 0o022 != 0 {
        return Err(Error::config(format!(
            "profiles: others may write to {shown} (mode {mode:04o}), and it is not used; chmod go-w it"
        )));
    }
    if mode & 0o077 != 0 {
        return Ok(Some(format!("others may read {shown} (mode {mode:04o}); chmod 600 it")));
    }
    if user.is_some_and(|user| owner != user) {
        return Ok(Some(format!("{shown} belongs to another user")));
    }
    Ok(None)
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn guard(_: &Path, _: &Metadata, _: Option<u32>) -> Result<Option<String>, Error> {
    Ok(None)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("infosecops-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, mode: u32) -> PathBuf {
            let path = self.0.join("config.toml");
            std::fs::write(&path, "[prod]\n").unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    fn refusal(files: &[PathBuf], user: u32) -> String {
        read(files, Some(user))
            .err()
            .map(|error| error.message().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn the_mode_decides_what_may_stand_in_the_file() {
        let folder = Folder::new("modes");
        for mode in [0o600, 0o400, 0o640, 0o644, 0o660, 0o606, 0o622, 0o777] {
            let path = folder.file(mode);
            let me = std::fs::metadata(&path).unwrap().uid();
            let read = read(std::slice::from_ref(&path), Some(me));
            if mode & 0o022 != 0 {
                let told = read.err().unwrap();
                assert!(told.message().contains("others may write to"), "{told}");
            } else {
                let open_to = read.unwrap().open_to;
                assert_eq!(open_to.is_some(), mode & 0o077 != 0, "{mode:o}");
                assert!(open_to.is_none_or(|why| why.contains("chmod 600")));
            }
        }
    }

    #[test]
    fn the_file_of_another_user_is_not_used_behind_a_link_either() {
        let folder = Folder::new("owners");
        let path = folder.file(0o600);
        let link = folder.0.join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let me = std::fs::metadata(&path).unwrap().uid();
        assert!(read(std::slice::from_ref(&link), Some(me)).is_ok());
        let told = refusal(&[link], me + 1);
        if me == 0 {
            // The administrator's file may be used, but no secret in it.
            assert_eq!(told, "");
            let open_to = read(&[path], Some(1)).unwrap().open_to.unwrap();
            assert!(open_to.ends_with("belongs to another user"), "{open_to}");
        } else {
            assert!(told.contains("not to you, and is not used"), "{told}");
        }
    }

    #[test]
    fn what_is_no_file_is_told() {
        let folder = Folder::new("kinds");
        let nowhere = [folder.0.join("a.toml"), folder.0.join("b.toml")];
        let told = refusal(&nowhere, 0);
        assert!(
            told.contains("a.toml nor ") && told.ends_with("in INFOSECOPS_CONFIG"),
            "{told}"
        );
        assert!(refusal(std::slice::from_ref(&folder.0), 0).ends_with("is not a regular file"));
        let path = folder.file(0o600);
        let me = std::fs::metadata(&path).unwrap().uid();
        let found = read(&[folder.0.join("a.toml"), path.clone()], Some(me)).unwrap();
        assert_eq!((found.path, found.text.as_str()), (path.clone(), "[prod]\n"));
        std::fs::write(&path, b"\xff").unwrap();
        assert!(refusal(std::slice::from_ref(&path), me).contains("UTF-8"));
        std::fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
        assert!(refusal(&[path], me).ends_with("larger than 1 MiB"));
    }
}
