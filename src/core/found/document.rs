//! A profile file: one table for each profile, in it one for each system, in it the settings.

use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::super::error::{Error, System};
use super::super::redact::is_secret_name;
use super::super::secret::Secret;
use super::Source;
use super::catalogue::{Kind, Setting, find, settings};
use super::file::Profiles;
use super::nearest::question;
use super::reference::{COMMAND_TIMEOUT, Reference};
use super::value::{Candidate, Value, path};

/// How many names an error lists.
const NAMES_SHOWN: usize = 20;

/// What a profile has for a system, by the names of settings.
pub fn candidates(
    profiles: &Profiles,
    profile: &str,
    system: System,
    home: Option<&Path>,
) -> Result<Vec<(&'static str, Candidate)>, Error> {
    let shown = profiles.path.display();
    let lines = Lines(&profiles.text);
    let document = DeTable::parse(&profiles.text).map_err(|error| {
        // Its own text would show the line, which may hold a secret.
        let place = error.span().map_or_else(String::new, |span| lines.place(span.start));
        Error::config(format!("profiles: {shown}{place}: {}", error.message()))
    })?;
    let table = of_profile(&profiles.path, document.get_ref(), profile)?;
    let systems = System::ALL.map(System::name);
    for (name, _) in table {
        if !systems.contains(&name.get_ref().as_ref()) {
            return Err(Error::config(format!(
                "profiles: {shown} [{profile}], line {}: {} is no system{}; there are {}",
                lines.line(name.span().start),
                name.get_ref(),
                question(name.get_ref(), systems),
                systems.join(", ")
            )));
        }
    }
    let Some(found) = table.get(system.name()) else {
        return Err(Error::config(format!(
            "profiles: {shown} has no table [{profile}.{}]; of {profile} it has {}",
            system.name(),
            listed(table)
        )));
    };
    let reader = Reader {
        profiles,
        lines,
        table: format!("{profile}.{}", system.name()),
        home,
    };
    let DeValue::Table(found) = found.get_ref() else {
        return Err(Error::config(format!(
            "profiles: {shown}, line {}: {} must be a table",
            lines.line(found.span().start),
            reader.table
        )));
    };
    reader.settings(system, found)
}

fn of_profile<'d, 't>(file: &Path, document: &'d DeTable<'t>, profile: &str) -> Result<&'d DeTable<'t>, Error> {
    match document.get(profile).map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => Ok(table),
        Some(_) => Err(Error::config(format!(
            "profiles: {profile} in {} must be a table",
            file.display()
        ))),
        None => {
            let names: Vec<&str> = document.keys().map(|name| name.get_ref().as_ref()).collect();
            Err(Error::config(format!(
                "profiles: {} has no profile {profile:?}{}; it has {}",
                file.display(),
                question(profile, names),
                listed(document)
            )))
        }
    }
}

fn listed(table: &DeTable<'_>) -> String {
    let names: Vec<&str> = table.keys().map(|name| name.get_ref().as_ref()).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > NAMES_SHOWN => format!("{} and {} more", head(&names), count - NAMES_SHOWN),
        _ => head(&names),
    }
}

fn head(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(NAMES_SHOWN).copied().collect();
    first.join(", ")
}

#[derive(Clone, Copy)]
struct Lines<'t>(&'t str);

impl Lines<'_> {
    fn before(&self, offset: usize) -> &str {
        let start = (0..=offset.min(self.0.len()))
            .rev()
            .find(|at| self.0.is_char_boundary(*at));
        self.0.get(..start.unwrap_or(0)).unwrap_or_default()
    }

    fn line(&self, offset: usize) -> usize {
        self.before(offset).matches('\n').count() + 1
    }

    fn place(&self, offset: usize) -> String {
        let before = self.before(offset);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(", line {}, column {column}", self.line(offset))
    }
}

/// Reads the table of one system.
struct Reader<'r> {
    profiles: &'r Profiles,
    lines: Lines<'r>,
    table: String,
    home: Option<&'r Path>,
}

impl Reader<'_> {
    fn settings(&self, system: System, table: &DeTable<'_>) -> Result<Vec<(&'static str, Candidate)>, Error> {
        let mut found = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let line = self.lines.line(key.span().start);
            let shown = self.profiles.path.display();
            let Some(setting) = find(system, name) else {
                let names: Vec<_> = settings(system).map(|setting| setting.name).collect();
                return Err(Error::config(format!(
                    "profiles: {shown} [{}], line {line}: there is no setting {name}{}",
                    self.table,
                    question(name, names)
                )));
            };
            let value = self.value(setting, value.get_ref()).map_err(|error| {
                Error::config(format!(
                    "{name}: {} ({shown} [{}], line {line})",
                    error.message(),
                    self.table
                ))
            })?;
            let source = Source::Profile {
                file: self.profiles.path.clone(),
                table: self.table.clone(),
            };
            found.push((setting.name, Candidate { value, source }));
        }
        Ok(found)
    }

    fn value(&self, setting: Setting, value: &DeValue<'_>) -> Result<Value, Error> {
        let must_be = |expected: &str| Err(wrong(expected, value));
        Ok(match (setting.kind, value) {
            (Kind::Text, DeValue::String(text)) => Value::Text(text.to_string()),
            (Kind::Proxy, DeValue::String(text)) => {
                if text.contains('@') {
                    self.refuse_if_open()?;
                }
                Value::Proxy(text.to_string())
            }
            (Kind::Path, DeValue::String(text)) => Value::Path(self.path(text)?),
            (Kind::Secret, DeValue::String(text)) => {
                self.refuse_if_open()?;
                Value::Secret(Secret::new(text.as_ref()))
            }
            (Kind::Secret, DeValue::Table(table)) => Value::Reference(self.reference(table)?),
            (Kind::Texts, DeValue::Array(texts)) => {
                let read = |each: &Spanned<DeValue<'_>>| match each.get_ref() {
                    DeValue::String(text) => Ok(text.to_string()),
                    other => Err(wrong("a list of texts", other)),
                };
                Value::Texts(texts.iter().map(read).collect::<Result<_, _>>()?)
            }
            (Kind::Number, _) => match number(value) {
                Some(number) => Value::Number(number),
                None => return must_be("a number"),
            },
            (Kind::Whole, DeValue::Integer(whole)) => match u64::from_str_radix(whole.as_str(), whole.radix()) {
                Ok(whole) => Value::Whole(whole),
                Err(_) => return Err(Error::config("must be zero or more")),
            },
            (Kind::Flag, DeValue::Boolean(flag)) => Value::Flag(*flag),
            (Kind::Headers, DeValue::Table(table)) => Value::Headers(self.headers(table)?),
            (Kind::Secret, _) => {
                return must_be(
                    "a text, or a reference such as {env = \"NAME\"}, {file = …}, {command = […]}, {keyring = {…}}",
                );
            }
            (Kind::Whole, _) => return must_be("a whole number"),
            (Kind::Flag, _) => return must_be("true or false"),
            (Kind::Headers, _) => return must_be("a table of texts"),
            (Kind::Texts, _) => return must_be("a list of texts"),
            (Kind::Text | Kind::Proxy | Kind::Path, _) => return must_be("a text"),
        })
    }

    /// A relative path counts from the file's own folder.
    fn path(&self, text: &str) -> Result<std::path::PathBuf, Error> {
        path(text, self.home, self.profiles.path.parent())
    }

    /// For a secret that stands in the file as it is.
    fn refuse_if_open(&self) -> Result<(), Error> {
        self.profiles.open_to.as_ref().map_or(Ok(()), |why| {
            Err(Error::config(format!(
                "holds a secret, and {why}, or write a reference such as {{env = \"NAME\"}}"
            )))
        })
    }

    fn headers(&self, table: &DeTable<'_>) -> Result<Vec<(String, String)>, Error> {
        let read = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = name.get_ref();
            let DeValue::String(text) = value.get_ref() else {
                return Err(wrong("a table of texts", value.get_ref()));
            };
            if is_secret_name(name) {
                self.refuse_if_open()?;
            }
            Ok((name.to_string(), text.to_string()))
        };
        table.iter().map(read).collect()
    }

    fn reference(&self, table: &DeTable<'_>) -> Result<Reference, Error> {
        const KINDS: [&str; 4] = ["env", "file", "command", "keyring"];
        let mut kinds = table
            .iter()
            .filter(|(name, _)| KINDS.contains(&name.get_ref().as_ref()));
        let (Some((kind, value)), None) = (kinds.next(), kinds.next()) else {
            return Err(Error::config(
                "a reference must hold one of env, file, command and keyring",
            ));
        };
        let kind = kind.get_ref().as_ref();
        for (name, _) in table {
            let name = name.get_ref().as_ref();
            if name != kind && (name != "timeout" || kind != "command") {
                return Err(Error::config(format!("a reference to {kind} takes no {name}")));
            }
        }
        let value = value.get_ref();
        match (kind, value) {
            ("env", DeValue::String(name)) if is_variable(name) => Ok(Reference::Env(name.to_string())),
            ("env", _) => Err(Error::config("env: must be the name of a variable")),
            ("file", DeValue::String(text)) => self
                .path(text)
                .map(Reference::File)
                .map_err(|error| Error::config(format!("file: {}", error.message()))),
            ("file", _) => Err(Error::config("file: must be a path")),
            ("command", DeValue::Array(words)) => {
                let timeout = table.get("timeout").map(|timeout| command_timeout(timeout.get_ref()));
                Reference::command(
                    texts(words)?,
                    timeout.transpose()?.unwrap_or(COMMAND_TIMEOUT),
                    self.home,
                )
            }
            ("command", _) => Err(Error::config(
                "command: must be an array of texts, as no shell splits it",
            )),
            (_, DeValue::Table(names)) => keyring(names),
            _ => Err(Error::config("keyring: must hold service and username")),
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        // In TOML a whole number is of 64 bits; whatever is meant here is far smaller.
        #[allow(clippy::cast_precision_loss)]
        DeValue::Integer(whole) => i64::from_str_radix(whole.as_str(), whole.radix())
            .ok()
            .map(|whole| whole as f64),
        _ => None,
    }
}

fn command_timeout(value: &DeValue<'_>) -> Result<Duration, Error> {
    number(value).map_or_else(
        || Err(Error::config("timeout: must be a number of seconds")),
        |seconds| super::super::config::seconds("timeout", seconds),
    )
}

fn texts(words: &DeArray<'_>) -> Result<Vec<String>, Error> {
    let text = |word: &Spanned<DeValue<'_>>| match word.get_ref() {
        DeValue::String(text) if !text.contains('\0') => Ok(text.to_string()),
        _ => Err(Error::config("command: must be an array of texts")),
    };
    words.iter().map(text).collect()
}

fn keyring(names: &DeTable<'_>) -> Result<Reference, Error> {
    let text = |wanted: &str| match names.get(wanted).map(Spanned::get_ref) {
        Some(DeValue::String(text)) if !text.is_empty() => Ok(text.to_string()),
        _ => Err(Error::config("keyring: must hold service and username")),
    };
    if names.len() != 2 {
        return Err(Error::config(
            "keyring: must hold service and username, and nothing else",
        ));
    }
    Ok(Reference::Keyring {
        service: text("service")?,
        username: text("username")?,
    })
}

/// The value itself is never echoed: it may be a secret in the wrong place.
fn wrong(expected: &str, value: &DeValue<'_>) -> Error {
    let found = match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    Error::config(format!("must be {expected}, not {found}"))
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
