//! An account's private key as a file that only its owner can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::account::VaultAccount;
use crate::core::error::Error;

impl VaultAccount {
    /// Writes the private key to a new file with mode 0600, and a line break behind it where none is: OpenSSH refuses
    /// keys that lack it.
    ///
    /// # Errors
    /// If the account holds no private key, or the file exists or can't be written; then there is no new file.
    pub fn write_key(&self, path: &Path) -> Result<(), Error> {
        let Some(key) = self.private_key() else {
            return Err(Error::config(
                "write_key: neither password nor pass_phrase of this account is a private key",
            ));
        };
        let text = key.expose();
        let failed = |error: io::Error| Error::config(format!("write_key: cannot write {}: {error}", path.display()));
        let mut file = create(path).map_err(failed)?;
        let line_break: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.write_all(line_break))
            .and_then(|()| file.sync_all());
        written.map_err(|error| {
            drop(file);
            // Half a key is of no use to anybody; the error that counts is the first one.
            let _ = std::fs::remove_file(path);
            failed(error)
        })
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_to_new_private_files_only() {
        let directory = std::env::temp_dir().join(format!("infosecops-key-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("id");
        let pem = "-----BEGIN RSA PRIVATE KEY-----\\nAA==\\n-----END RSA PRIVATE KEY-----";
        let account = VaultAccount::read(&format!(r#"{{"Password": "{pem}"}}"#)).unwrap();
        account.write_key(&path).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, format!("{}\n", account.password.expose()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = account.write_key(&path).unwrap_err();
        assert!(again.message().contains("cannot write"), "{again}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
        let none = VaultAccount::read(r#"{"Password": "x"}"#).unwrap();
        assert!(none.write_key(&directory.join("none")).is_err());
        assert!(!directory.join("none").exists());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
