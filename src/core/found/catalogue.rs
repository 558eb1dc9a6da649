//! The settings of every client by name, what they hold, and the environment variables that give them.

use super::super::error::System;

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Several texts.
    Texts,
    /// A number; of seconds, mostly.
    Number,
    /// A whole number, zero or more.
    Whole,
    /// True or false.
    Flag,
    /// The path of a file.
    Path,
    /// A URL that may hold a password.
    Proxy,
    /// A credential.
    Secret,
    /// Names and values; in profiles only.
    Headers,
}

impl Kind {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of texts",
            Self::Number => "number",
            Self::Whole => "whole number",
            Self::Flag => "true or false",
            Self::Path => "path",
            Self::Proxy => "URL",
            Self::Secret => "secret",
            Self::Headers => "table of texts",
        }
    }
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in profiles and reports.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn setting(name: &'static str, kind: Kind) -> Setting {
    Setting { name, kind }
}

const URL: Setting = setting("url", Kind::Text);

const COMMON: [Setting; 15] = [
    setting("timeout", Kind::Number),
    setting("connect_timeout", Kind::Number),
    setting("retry_attempts", Kind::Whole),
    setting("retry_base", Kind::Number),
    setting("retry_cap", Kind::Number),
    setting("ca_file", Kind::Path),
    setting("client_cert", Kind::Path),
    setting("client_key", Kind::Path),
    setting("proxy", Kind::Proxy),
    setting("allow_http", Kind::Flag),
    setting("danger_accept_invalid_certs", Kind::Flag),
    setting("max_response_bytes", Kind::Whole),
    setting("max_connections", Kind::Whole),
    setting("user_agent", Kind::Text),
    setting("headers", Kind::Headers),
];

const GOVERNANCE_LIFECYCLE: [Setting; 7] = [
    setting("token", Kind::Secret),
    setting("username", Kind::Text),
    setting("password", Kind::Secret),
    setting("auth_source", Kind::Text),
    setting("client_id", Kind::Text),
    setting("client_secret", Kind::Secret),
    setting("logout_on_close", Kind::Flag),
];

const SD_ELEMENTS: [Setting; 1] = [setting("token", Kind::Secret)];

const SECTONA: [Setting; 4] = [
    setting("access_key", Kind::Secret),
    setting("accept", Kind::Text),
    setting("failover", Kind::Texts),
    setting("cache_ttl", Kind::Number),
];

const BAMBOO_AGENTS: [Setting; 4] = [
    setting("username", Kind::Text),
    setting("password", Kind::Secret),
    setting("token", Kind::Secret),
    setting("api", Kind::Text),
];

const fn own(system: System) -> &'static [Setting] {
    match system {
        System::GovernanceLifecycle => &GOVERNANCE_LIFECYCLE,
        System::SdElements => &SD_ELEMENTS,
        System::Sectona => &SECTONA,
        System::BambooAgents => &BAMBOO_AGENTS,
    }
}

/// All settings of a system, in the order of its constructor.
pub fn settings(system: System) -> impl Iterator<Item = Setting> {
    std::iter::once(URL).chain(own(system).iter().copied()).chain(COMMON)
}

/// The setting of this name.
pub fn find(system: System, name: &str) -> Option<Setting> {
    settings(system).find(|setting| setting.name == name)
}

/// What must be there, from wherever.
pub const fn needed(system: System) -> &'static [&'static str] {
    match system {
        System::GovernanceLifecycle | System::BambooAgents => &["url"],
        System::SdElements => &["url", "token"],
        System::Sectona => &["url", "access_key"],
    }
}

/// A way to authenticate: of several, one is used.
#[derive(Debug, PartialEq, Eq)]
pub struct Way {
    /// Settings that must all be there.
    pub needed: &'static [&'static str],
    /// Settings that mean nothing without them.
    pub optional: &'static [&'static str],
}

impl Way {
    /// Whether it takes the setting.
    pub fn takes(&self, name: &str) -> bool {
        self.needed.contains(&name) || self.optional.contains(&name)
    }
}

/// The ways that exclude each other. None where there is one only.
pub const fn ways(system: System) -> &'static [Way] {
    match system {
        System::GovernanceLifecycle => &[
            Way {
                needed: &["token"],
                optional: &[],
            },
            Way {
                needed: &["username", "password"],
                optional: &["auth_source"],
            },
            Way {
                needed: &["client_id", "client_secret"],
                optional: &[],
            },
        ],
        System::BambooAgents => &[
            Way {
                needed: &["username", "password"],
                optional: &[],
            },
            Way {
                needed: &["token"],
                optional: &[],
            },
        ],
        System::SdElements | System::Sectona => &[],
    }
}

/// The settings that a keyword of the constructor stands for.
pub fn covered_by(system: System, keyword: &str) -> Vec<&'static str> {
    let starts = match keyword {
        "retry" => "retry_",
        "client_cert" => "client_",
        _ => return find(system, keyword).map(|setting| setting.name).into_iter().collect(),
    };
    COMMON
        .iter()
        .map(|setting| setting.name)
        .filter(|name| name.starts_with(starts))
        .collect()
}

/// An environment variable, and how its value is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// How to read it.
    pub form: Form,
}

/// How the value of a variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is the value.
    Value,
    /// It is the path of a file that holds the value.
    File,
    /// It is a host name, or a URL.
    Host,
}

/// The variables that give a setting; of those that are set, the first counts.
pub fn variables(system: System, setting: Setting) -> Vec<Variable> {
    if setting.kind == Kind::Headers {
        return Vec::new();
    }
    let name = format!("INFOSECOPS_{}_{}", system.name(), setting.name).to_ascii_uppercase();
    let mut found = vec![Variable {
        name: name.clone(),
        form: Form::Value,
    }];
    if setting.kind == Kind::Secret {
        let name = format!("{name}_FILE");
        found.push(Variable { name, form: Form::File });
    }
    // As the tools around SD Elements take them; a host stands there with or without its scheme.
    let vendors = match (system, setting.name) {
        (System::SdElements, "url") => Some(("SDE_HOST", Form::Host)),
        (System::SdElements, "token") => Some(("SDE_API_KEY", Form::Value)),
        _ => None,
    };
    found.extend(vendors.map(|(name, form)| Variable {
        name: name.to_owned(),
        form,
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_settings_share_a_name_or_a_variable() {
        let mut seen = Vec::new();
        for system in System::ALL {
            let names: Vec<_> = settings(system).map(|setting| setting.name).collect();
            for setting in settings(system) {
                assert_eq!(names.iter().filter(|name| **name == setting.name).count(), 1);
                seen.extend(variables(system, setting).into_iter().map(|variable| variable.name));
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn whatever_is_needed_is_a_setting() {
        for system in System::ALL {
            let ways = ways(system)
                .iter()
                .flat_map(|way| way.needed.iter().chain(way.optional));
            for name in needed(system).iter().chain(ways) {
                assert!(find(system, name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn keywords_of_several_parts_cover_them_all() {
        let covered = |keyword| covered_by(System::GovernanceLifecycle, keyword);
        assert_eq!(covered("retry"), ["retry_attempts", "retry_base", "retry_cap"]);
        assert_eq!(covered("client_cert"), ["client_cert", "client_key"]);
        assert_eq!(covered("timeout"), ["timeout"]);
        assert!(covered("login").is_empty());
    }
}
