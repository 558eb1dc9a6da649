//! Running a command that prints a secret: no shell, nothing on its standard input, a deadline, and nothing of what it says
//! in errors.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::super::error::Error;
use super::super::secret::Secret;
use super::super::secret_file::{BYTES_MAX, secret_of};

/// Between a command's last output and its end there is hardly ever any time.
const EXIT_CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// Ends the command if nobody waits for it any more.
struct Running(Arc<Mutex<Child>>);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is left alone by the standard library.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kill().ok();
    }
}

/// Runs it. The search path is the caller's.
pub async fn run(command: &[String], timeout: Duration, search_path: Option<&str>) -> Result<Secret, Error> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Error::config("the command is empty"))?;
    let told = |what: &str| Error::config(format!("the command {program} {what}"));
    let found = find(program, search_path).ok_or_else(|| told("was not found"))?;
    let mut command = Command::new(found);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if cfg!(unix) {
        // Not the working directory, which may hold files that mean something to the command.
        command.current_dir("/");
    }
    let mut child = command
        .spawn()
        .map_err(|error| told(&format!("could not be started: {error}")))?;
    let output = child.stdout.take();
    let running = Running(Arc::new(Mutex::new(child)));
    let (sender, ended) = oneshot::channel();
    let child = running.0.clone();
    // A thread of its own: reading a pipe blocks, and what keeps it open may outlive the command.
    std::thread::Builder::new()
        .name("infosecops-command".to_owned())
        .spawn(move || drop(sender.send(output_of(&child, output))))
        .map_err(|error| told(&format!("could not be waited for: {error}")))?;
    let Ok(ended) = tokio::time::timeout(timeout, ended).await else {
        return Err(told(&format!(
            "did not end within {} seconds, and was stopped",
            timeout.as_secs_f64()
        )));
    };
    let (bytes, status) = ended
        .map_err(|_| told("could not be waited for"))?
        .map_err(|error| told(&format!("could not be waited for: {error}")))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(told("printed more than 64 KiB, and was stopped"));
    }
    if !status.success() {
        // The standard error may hold anything.
        return Err(told(&format!("failed ({status})"))
            .with_hint("run it in a terminal to see what it says: that is not shown here, as it may hold secrets"));
    }
    secret_of(&bytes).map_err(|why| told(&format!("printed a text that {why}")))
}

type Ended = std::io::Result<(Zeroizing<Vec<u8>>, ExitStatus)>;

fn output_of(child: &Mutex<Child>, output: Option<impl Read>) -> Ended {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(output) = output {
        output.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > BYTES_MAX {
        child.lock().unwrap_or_else(PoisonError::into_inner).kill()?;
    }
    loop {
        // Not `wait`: it would keep the lock that stopping the command needs.
        let ended = child.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?;
        if let Some(status) = ended {
            return Ok((bytes, status));
        }
        std::thread::sleep(EXIT_CHECK_INTERVAL);
    }
}

/// A program by its path, or by its name in a folder of the search path; relative ones are passed over, as they would lead
/// to the working directory.
fn find(program: &str, search_path: Option<&str>) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let folders = std::env::split_paths(search_path?).filter(|folder| folder.is_absolute());
    let names = [program.to_owned(), format!("{program}{}", std::env::consts::EXE_SUFFIX)];
    folders
        .flat_map(|folder| names.clone().map(|name| folder.join(name)))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const PATH: Option<&str> = Some("relative:/usr/bin:/bin");

    async fn shell(script: &str, timeout: f64) -> Result<Secret, Error> {
        let command = ["sh", "-c", script].map(str::to_owned);
        run(&command, Duration::from_secs_f64(timeout), PATH).await
    }

    #[tokio::test]
    async fn what_it_prints_is_the_secret() {
        assert_eq!(shell("echo hunter22", 60.0).await.unwrap().expose(), "hunter22");
        assert_eq!(shell("pwd", 60.0).await.unwrap().expose(), "/");
        let fed = shell("cat; echo end", 60.0).await.unwrap();
        assert_eq!(fed.expose(), "end");
    }

    #[tokio::test]
    async fn no_shell_reads_its_arguments() {
        let command = ["echo", "$HOME; ls"].map(str::to_owned);
        let printed = run(&command, Duration::from_secs(60), PATH).await.unwrap();
        assert_eq!(printed.expose(), "$HOME; ls");
    }

    #[tokio::test]
    async fn how_it_failed_is_told_but_nothing_of_what_it_said() {
        for (script, told) in [
            (
                "echo hunter22; echo hunter22 >&2; exit 3",
                "the command sh failed (exit status: 3)",
            ),
            (
                "echo hunter22; kill -9 $$",
                "the command sh failed (signal: 9 (SIGKILL))",
            ),
            (":", "the command sh printed a text that is empty"),
            ("printf '\\377'", "the command sh printed a text that is not UTF-8"),
            (
                "yes hunter22",
                "the command sh printed more than 64 KiB, and was stopped",
            ),
        ] {
            let error = shell(script, 60.0).await.unwrap_err();
            assert_eq!(error.message(), told);
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
        for (program, told) in [
            (
                "infosecops-no-such-program",
                "the command infosecops-no-such-program was not found",
            ),
            ("/etc/passwd", "the command /etc/passwd could not be started: "),
        ] {
            let error = run(&[program.to_owned()], Duration::from_secs(60), PATH)
                .await
                .unwrap_err();
            assert!(error.message().starts_with(told), "{error}");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_stopped() {
        let fifo = std::env::temp_dir().join(format!("infosecops-{}-fifo", std::process::id()));
        let script = format!("mkfifo {0} && read x < {0}", fifo.display());
        let error = shell(&script, 0.2).await.unwrap_err();
        assert_eq!(
            error.message(),
            "the command sh did not end within 0.2 seconds, and was stopped"
        );
        std::fs::remove_file(fifo).ok();
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_is_stopped() {
        // The command holds the only writing end: reading ends when the command does.
        let fifo = std::env::temp_dir().join(format!("infosecops-{}-held", std::process::id()));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let script = format!("exec 3>{}; echo up >&3; exec sleep 1000", fifo.display());
        let asked = tokio::spawn(async move { shell(&script, 1000.0).await });
        let (line, rest) = tokio::task::spawn_blocking(move || {
            let mut reader = std::io::BufReader::new(std::fs::File::open(&fifo).unwrap());
            let mut line = String::new();
            std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
            asked.abort();
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            std::fs::remove_file(&fifo).ok();
            (line, rest)
        })
        .await
        .unwrap();
        assert_eq!((line.as_str(), rest.as_str()), ("up\n", ""));
    }

    #[test]
    fn relative_folders_of_the_search_path_are_passed_over() {
        assert!(find("sh", Some("/usr/bin:/bin")).is_some());
        for path in [Some("."), Some(""), Some("::"), Some("bin:./bin"), None] {
            assert_eq!(find("sh", path), None, "{path:?}");
        }
    }
}
