//! Settings in environment variables. An empty variable is as good as none.

use std::path::Path;

use super::super::error::{Error, System};
use super::super::secret::Secret;
use super::Source;
use super::catalogue::{Form, Kind, Setting, settings, variables};
use super::reference::Reference;
use super::value::{Candidate, Value, path};

/// Looks up one variable; fails for one that is not text.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>, Error>;

/// The value of a variable that is set and not empty.
pub fn given(lookup: Lookup<'_>, name: &str) -> Result<Option<String>, Error> {
    Ok(lookup(name)?.filter(|text| !text.is_empty()))
}

/// What the environment has for a system, by the names of settings.
pub fn candidates(
    system: System,
    lookup: Lookup<'_>,
    home: Option<&Path>,
) -> Result<Vec<(&'static str, Candidate)>, Error> {
    let mut found = Vec::new();
    for setting in settings(system) {
        if let Some(candidate) = candidate(system, setting, lookup, home)? {
            found.push((setting.name, candidate));
        }
    }
    Ok(found)
}

fn candidate(
    system: System,
    setting: Setting,
    lookup: Lookup<'_>,
    home: Option<&Path>,
) -> Result<Option<Candidate>, Error> {
    let mut first: Option<(Candidate, bool)> = None;
    for variable in variables(system, setting) {
        let Some(text) = given(lookup, &variable.name)? else {
            continue;
        };
        let is_file = variable.form == Form::File;
        if let Some((first, first_is_file)) = &first {
            if is_file && !first_is_file {
                return Err(Error::config(format!(
                    "{}: both {} and {} are set; unset one",
                    setting.name,
                    first.source.to_string().trim_start_matches("environment "),
                    variable.name
                )));
            }
            continue;
        }
        let value = read(setting, variable.form, &variable.name, text, home)
            .map_err(|error| Error::config(format!("{}: {} ({})", setting.name, error.message(), variable.name)))?;
        let source = Source::Environment(variable.name);
        first = Some((Candidate { value, source }, is_file));
    }
    Ok(first.map(|(candidate, _)| candidate))
}

fn read(setting: Setting, form: Form, variable: &str, text: String, home: Option<&Path>) -> Result<Value, Error> {
    match form {
        Form::File => return Ok(Value::Reference(Reference::File(path(&text, home, None)?))),
        Form::Host if !text.contains("://") => return Ok(Value::Text(format!("https://{}", text.trim()))),
        Form::Host | Form::Value => {}
    }
    // The text itself is never echoed: it may be a secret in the wrong place.
    let wrong = |expected: &str| Error::config(format!("must be {expected}"));
    let word = text.trim();
    Ok(match setting.kind {
        Kind::Text => Value::Text(text),
        // As URLs hold no blanks; one after another.
        Kind::Texts => Value::Texts(text.split_whitespace().map(str::to_owned).collect()),
        Kind::Proxy => Value::Proxy(text),
        Kind::Path => Value::Path(path(&text, home, None)?),
        Kind::Secret => Value::Held(variable.to_owned(), Secret::new(text)),
        Kind::Number => Value::Number(word.parse().map_err(|_| wrong("a number, such as 30 or 2.5"))?),
        Kind::Whole => Value::Whole(word.parse().map_err(|_| wrong("a whole number, zero or more"))?),
        Kind::Flag => match word.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Value::Flag(true),
            "0" | "false" | "no" | "off" => Value::Flag(false),
            _ => return Err(wrong("true or false (or 1, 0, yes, no, on, off)")),
        },
        Kind::Headers => return Err(wrong("in a profile: no variable gives headers")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(system: System, variables: &[(&str, &str)]) -> Result<Vec<(&'static str, Candidate)>, Error> {
        let lookup = |name: &str| {
            let given = variables.iter().find(|(known, _)| *known == name);
            Ok(given.map(|(_, text)| (*text).to_owned()))
        };
        candidates(system, &lookup, Some(Path::new("/home/me")))
    }

    fn only(system: System, variables: &[(&str, &str)]) -> Value {
        let mut found = found(system, variables).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0).1.value
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let one = |name: &str, text: &str| only(System::Sectona, &[(&format!("INFOSECOPS_SECTONA_{name}"), text)]);
        assert_eq!(one("TIMEOUT", " 2.5 "), Value::Number(2.5));
        assert_eq!(one("MAX_RESPONSE_BYTES", "1000"), Value::Whole(1000));
        assert_eq!(one("PROXY", "direct"), Value::Proxy("direct".to_owned()));
        assert_eq!(one("ACCEPT", "xml"), Value::Text("xml".to_owned()));
        for text in ["1", "true", "YES", "On"] {
            assert_eq!(one("ALLOW_HTTP", text), Value::Flag(true));
        }
        for text in ["0", "false", "NO", "Off"] {
            assert_eq!(one("ALLOW_HTTP", text), Value::Flag(false));
        }
        let key = Value::Held("INFOSECOPS_SECTONA_ACCESS_KEY".to_owned(), Secret::new("k"));
        assert_eq!(one("ACCESS_KEY", "k"), key);
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_absolute() {
        let one = |name: &str, text: &str| only(System::Sectona, &[(&format!("INFOSECOPS_SECTONA_{name}"), text)]);
        assert_eq!(one("CA_FILE", "~/ca.pem"), Value::Path("/home/me/ca.pem".into()));
        let file = Value::Reference(Reference::File("/run/key".into()));
        assert_eq!(one("ACCESS_KEY_FILE", "/run/key"), file);
        let error = found(System::Sectona, &[("INFOSECOPS_SECTONA_ACCESS_KEY_FILE", "key")]).unwrap_err();
        assert_eq!(
            error.message(),
            "access_key: must be an absolute path, or begin with ~/: settings are never looked for in the working \
             directory (INFOSECOPS_SECTONA_ACCESS_KEY_FILE)"
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_echoing_it() {
        for (name, expected) in [
            ("TIMEOUT", "timeout: must be a number, such as 30 or 2.5"),
            ("RETRY_ATTEMPTS", "retry_attempts: must be a whole number, zero or more"),
            (
                "ALLOW_HTTP",
                "allow_http: must be true or false (or 1, 0, yes, no, on, off)",
            ),
        ] {
            let name = format!("INFOSECOPS_BAMBOO_AGENTS_{name}");
            let error = found(System::BambooAgents, &[(&name, "hunter22")]).unwrap_err();
            assert_eq!(error.message(), format!("{expected} ({name})"));
        }
    }

    #[test]
    fn an_empty_variable_is_none_and_two_for_one_secret_are_refused() {
        assert!(
            found(System::Sectona, &[("INFOSECOPS_SECTONA_TIMEOUT", "")])
                .unwrap()
                .is_empty()
        );
        let both = [
            ("INFOSECOPS_SECTONA_ACCESS_KEY", "k"),
            ("INFOSECOPS_SECTONA_ACCESS_KEY_FILE", "/run/key"),
        ];
        assert_eq!(
            found(System::Sectona, &both).unwrap_err().message(),
            "access_key: both INFOSECOPS_SECTONA_ACCESS_KEY and INFOSECOPS_SECTONA_ACCESS_KEY_FILE are set; unset one"
        );
    }

    #[test]
    fn the_names_of_other_tools_come_after_ours() {
        let host = |text| only(System::SdElements, &[("SDE_HOST", text)]);
        assert_eq!(host("sde.test"), Value::Text("https://sde.test".to_owned()));
        assert_eq!(host("http://sde.test"), Value::Text("http://sde.test".to_owned()));
        let both = [("SDE_HOST", "b"), ("INFOSECOPS_SD_ELEMENTS_URL", "https://a")];
        assert_eq!(only(System::SdElements, &both), Value::Text("https://a".to_owned()));
        let both = [("SDE_API_KEY", "b"), ("INFOSECOPS_SD_ELEMENTS_TOKEN_FILE", "/a")];
        assert_eq!(
            found(System::SdElements, &both).unwrap()[0].1.source.to_string(),
            "environment INFOSECOPS_SD_ELEMENTS_TOKEN_FILE"
        );
    }
}
