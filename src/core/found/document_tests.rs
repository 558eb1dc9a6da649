//! What a profile file may hold, and what is told about everything else.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

const OPEN: &str = "others may read it";

fn read_as(text: &str, open_to: Option<&str>, system: System) -> Result<Vec<(&'static str, Value)>, String> {
    let profiles = Profiles {
        path: "/etc/infosecops/config.toml".into(),
        text: Zeroizing::new(text.to_owned()),
        open_to: open_to.map(str::to_owned),
    };
    match candidates(&profiles, "prod", system, Some(Path::new("/home/me"))) {
        Ok(found) => {
            for (_, candidate) in &found {
                let expected = format!("profile /etc/infosecops/config.toml [prod.{}]", system.name());
                assert_eq!(candidate.source.to_string(), expected);
            }
            Ok(found
                .into_iter()
                .map(|(name, candidate)| (name, candidate.value))
                .collect())
        }
        Err(error) => Err(error.message().to_owned()),
    }
}

fn sectona(line: &str) -> Result<Value, String> {
    let found = read_as(&format!("[prod.sectona]\n{line}\n"), None, System::Sectona)?;
    Ok(found.into_iter().next().unwrap().1)
}

#[cfg(unix)]
#[test]
fn values_of_every_kind_are_read() {
    let text = |text: &str| text.to_owned();
    for (line, value) in [
        ("url = 'https://pam.test'", Value::Text(text("https://pam.test"))),
        ("timeout = 5", Value::Number(5.0)),
        ("timeout = 2.5", Value::Number(2.5)),
        ("retry_attempts = 0x10", Value::Whole(16)),
        ("max_response_bytes = 1_000", Value::Whole(1000)),
        ("allow_http = true", Value::Flag(true)),
        ("ca_file = 'ca.pem'", Value::Path("/etc/infosecops/ca.pem".into())),
        ("ca_file = '~/ca.pem'", Value::Path("/home/me/ca.pem".into())),
        ("proxy = 'direct'", Value::Proxy(text("direct"))),
        (
            "headers = {X-Team = 'iam'}",
            Value::Headers(vec![(text("X-Team"), text("iam"))]),
        ),
        ("access_key = 'k'", Value::Secret(Secret::new("k"))),
        ("access_key = {env = 'K'}", Value::Reference(Reference::Env(text("K")))),
        (
            "access_key = {file = 'key'}",
            Value::Reference(Reference::File("/etc/infosecops/key".into())),
        ),
        (
            "access_key = {command = ['pass', 'show', 'x'], timeout = 5}",
            Value::Reference(Reference::Command {
                command: vec![text("pass"), text("show"), text("x")],
                timeout: Duration::from_secs(5),
            }),
        ),
        (
            "access_key = {keyring = {service = 's', username = 'u'}}",
            Value::Reference(Reference::Keyring {
                service: text("s"),
                username: text("u"),
            }),
        ),
    ] {
        assert_eq!(sectona(line), Ok(value), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn whatever_else_is_told_with_its_place() {
    const PLACE: &str = "(/etc/infosecops/config.toml [prod.sectona], line 2)";
    for (line, told) in [
        ("timeout = 'hunter22'", "timeout: must be a number, not a text"),
        ("url = 5", "url: must be a text, not a whole number"),
        ("url = 2030-01-01", "url: must be a text, not a date"),
        (
            "retry_attempts = 1.5",
            "retry_attempts: must be a whole number, not a number",
        ),
        ("retry_attempts = -1", "retry_attempts: must be zero or more"),
        (
            "allow_http = 1",
            "allow_http: must be true or false, not a whole number",
        ),
        ("ca_file = ''", "ca_file: must not be empty"),
        ("ca_file = []", "ca_file: must be a text, not an array"),
        (
            "headers = {X = 1}",
            "headers: must be a table of texts, not a whole number",
        ),
        ("headers = 'x'", "headers: must be a table of texts, not a text"),
        (
            "access_key = true",
            "access_key: must be a text, or a reference such as {env = \"NAME\"}, {file = …}, {command = […]}, \
             {keyring = {…}}, not true or false",
        ),
        (
            "access_key = {}",
            "access_key: a reference must hold one of env, file, command and keyring",
        ),
        (
            "access_key = {env = 'A', file = '/b'}",
            "access_key: a reference must hold one of env, file, command and keyring",
        ),
        (
            "access_key = {env = 'A', timeout = 1}",
            "access_key: a reference to env takes no timeout",
        ),
        (
            "access_key = {env = ''}",
            "access_key: env: must be the name of a variable",
        ),
        (
            "access_key = {env = 'a=b'}",
            "access_key: env: must be the name of a variable",
        ),
        ("access_key = {file = 1}", "access_key: file: must be a path"),
        ("access_key = {file = ''}", "access_key: file: must not be empty"),
        (
            "access_key = {command = 'pass show x'}",
            "access_key: command: must be an array of texts, as no shell splits it",
        ),
        (
            "access_key = {command = ['a', 1]}",
            "access_key: command: must be an array of texts",
        ),
        (
            "access_key = {command = []}",
            "access_key: command: must hold a program, and then its arguments",
        ),
        (
            "access_key = {command = ['./x']}",
            "access_key: command: the program must be an absolute path, or begin with ~/: settings are never looked \
             for in the working directory",
        ),
        (
            "access_key = {command = ['x'], timeout = 0}",
            "access_key: timeout: must be a positive number of seconds",
        ),
        (
            "access_key = {command = ['x'], timeout = 'x'}",
            "access_key: timeout: must be a number of seconds",
        ),
        (
            "access_key = {keyring = {service = 's'}}",
            "access_key: keyring: must hold service and username, and nothing else",
        ),
        (
            "access_key = {keyring = {service = 's', name = 'u'}}",
            "access_key: keyring: must hold service and username",
        ),
        (
            "access_key = {keyring = 's'}",
            "access_key: keyring: must hold service and username",
        ),
    ] {
        assert_eq!(sectona(line), Err(format!("{told} {PLACE}")), "{line}");
    }
}

#[test]
fn names_that_do_not_exist_are_told_with_the_nearest() {
    const FILE: &str = "profiles: /etc/infosecops/config.toml";
    for (text, told) in [
        ("", "has no profile \"prod\"; it has none"),
        (
            "[prdo.sectona]\n[test.sectona]",
            "has no profile \"prod\"; did you mean prdo?; it has prdo, test",
        ),
        (
            "prod = 1",
            "profiles: prod in /etc/infosecops/config.toml must be a table",
        ),
        (
            "[prod.sd_elements]",
            "has no table [prod.sectona]; of prod it has sd_elements",
        ),
        ("[prod]", "has no table [prod.sectona]; of prod it has none"),
        (
            "[prod.sectona]\n[prod.sectonna]",
            "[prod], line 2: sectonna is no system; did you mean sectona?; there are governance_lifecycle, \
             sd_elements, sectona, bamboo_agents",
        ),
        (
            "[prod]\nsectona = 1",
            "profiles: /etc/infosecops/config.toml, line 2: prod.sectona must be a table",
        ),
        (
            "[prod.sectona]\n\nacces_key = 1",
            "[prod.sectona], line 3: there is no setting acces_key; did you mean access_key?",
        ),
        (
            "[prod.sectona]\ntoken = 'x'",
            "[prod.sectona], line 2: there is no setting token",
        ),
    ] {
        let expected = if told.starts_with("profiles: ") {
            told.to_owned()
        } else {
            format!("{FILE} {told}")
        };
        assert_eq!(read_as(text, None, System::Sectona), Err(expected), "{text}");
    }
    let many: String = (0..25).map(|number| format!("[p{number:02}]\n")).collect();
    let told = read_as(&many, None, System::Sectona).unwrap_err();
    assert!(told.ends_with("p19 and 5 more"), "{told}");
}

#[test]
fn other_profiles_and_systems_are_left_alone() {
    let text = "[prod.sectona]\nurl='u'\n[prod.sd_elements]\nanything=1\n[test.nothing]\nx=1";
    assert_eq!(read_as(text, Some(OPEN), System::Sectona).unwrap().len(), 1);
}

#[test]
fn a_secret_may_stand_in_a_private_file_only() {
    let secrets = [
        (System::Sectona, "access_key = 'hunter22'"),
        (System::SdElements, "token = 'hunter22'"),
        (System::GovernanceLifecycle, "client_secret = 'hunter22'"),
        (System::BambooAgents, "password = 'hunter22'"),
        (System::Sectona, "proxy = 'http://user:hunter22@proxy.test'"),
        (System::Sectona, "headers = {X-Api-Key = 'hunter22'}"),
    ];
    for (system, line) in secrets {
        let text = format!("[prod.{}]\n{line}\n", system.name());
        assert!(read_as(&text, None, system).is_ok());
        let told = read_as(&text, Some(OPEN), system).unwrap_err();
        assert!(
            told.contains(": holds a secret, and others may read it, or write a reference such as {env"),
            "{told}"
        );
        assert!(!told.contains("hunter22"));
    }
    let harmless = "[prod.sectona]\naccess_key = {env = 'K'}\nproxy = 'http://proxy.test'\nheaders = {X-Team = 'a'}";
    assert_eq!(read_as(harmless, Some(OPEN), System::Sectona).unwrap().len(), 3);
}

#[test]
fn broken_documents_are_told_by_line_without_showing_it() {
    for (text, place) in [
        ("[prod.sectona]\naccess_key = 'hunter22", "line 2, column"),
        ("[prod.sectona]\n\naccess_key = hunter22", "line 3, column 14"),
        ("[prod.sectona]\nurl='hunter22'\nurl='hunter22'", "line 3, column 1"),
        ("[prod.sectona\nurl=1", "line 1, column"),
        ("hunter22", "line 1, column"),
        ("[prod.sectona]\nurl = \"hunter22\\q\"", "line 2, column"),
        ("[prod.sectona]\nurl = \"\"\"hunter22", "line 2, column"),
    ] {
        let told = read_as(text, None, System::Sectona).unwrap_err();
        assert!(
            told.starts_with(&format!("profiles: /etc/infosecops/config.toml, {place}")),
            "{told}"
        );
        assert!(!told.contains("hunter22"), "{told}");
    }
    let deep = format!("[prod.sectona]\nheaders = {}", "[".repeat(100_000));
    assert!(read_as(&deep, None, System::Sectona).is_err());
}

proptest! {
    #[test]
    fn no_error_shows_a_value(
        before in "[\\[\\]{}=.,\"'# \n\\\\a-z_]{0,40}",
        after in "[\\[\\]{}=.,\"'# \n\\\\a-z_]{0,40}",
        name in prop::sample::select(vec!["access_key", "timeout", "proxy", "headers", "url", "allow_http"]),
    ) {
        let text = format!("[prod.sectona]\n{name} = {before}\"HUNTER22\"{after}\n");
        for open_to in [None, Some(OPEN)] {
            if let Err(told) = read_as(&text, open_to, System::Sectona) {
                // A key is no value: names are shown, to be corrected.
                let is_key = told.contains("there is no setting") || told.contains("is no system") || told.contains("takes no");
                prop_assert!(is_key || !told.contains("HUNTER22"), "{} of {}", told, text);
            }
        }
    }
}
