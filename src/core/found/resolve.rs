//! Which source counts: keywords before the environment, the environment before a profile.

use super::super::error::{Error, System};
use super::Source;
use super::catalogue::{Kind, Way, covered_by, find, needed, settings, variables, ways};
use super::value::Candidate;

/// What was found for one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The setting.
    pub name: &'static str,
    /// The value that counts; None where a keyword gives it, or nobody.
    pub value: Option<Candidate>,
    /// Whether a keyword gives it.
    pub is_keyword: bool,
    /// What does not count, best first.
    pub shadowed: Vec<Candidate>,
}

type Named = (&'static str, Candidate);

/// Puts the sources in order. `keywords` are the caller's arguments that are not to be looked for elsewhere; `profile` says
/// which table was read, if one was.
pub fn resolve(
    system: System,
    keywords: &[String],
    environment: Vec<Named>,
    profile: Vec<Named>,
    profile_table: Option<&str>,
) -> Result<Vec<Found>, Error> {
    let given: Vec<&str> = keywords
        .iter()
        .flat_map(|keyword| covered_by(system, keyword))
        .collect();
    let mut levels = [environment, profile];
    let mut found: Vec<Found> = Vec::new();
    for setting in settings(system) {
        let taken = levels.iter_mut().filter_map(|level| {
            let at = level.iter().position(|(name, _)| *name == setting.name)?;
            Some(level.swap_remove(at).1)
        });
        let mut candidates: Vec<Candidate> = taken.collect();
        let is_keyword = given.contains(&setting.name);
        let value = (!is_keyword && !candidates.is_empty()).then(|| candidates.remove(0));
        found.push(Found {
            name: setting.name,
            value,
            is_keyword,
            shadowed: candidates,
        });
    }
    keep_pair(&mut found)?;
    let complete = keep_one_way(system, &mut found, keywords)?;
    for name in needed(system).iter().chain(complete) {
        if found
            .iter()
            .any(|one| one.name == *name && !one.is_keyword && one.value.is_none())
        {
            return Err(missing(system, name, profile_table));
        }
    }
    Ok(found)
}

fn by_name<'f>(found: &'f mut [Found], name: &str) -> Option<&'f mut Found> {
    found.iter_mut().find(|one| one.name == name)
}

impl Found {
    fn shadow(&mut self) {
        if let Some(candidate) = self.value.take() {
            self.shadowed.insert(0, candidate);
        }
    }

    /// 0 for a keyword, 1 for the environment, 2 for a profile.
    fn rank(&self) -> Option<u8> {
        match self.value.as_ref().map(|candidate| &candidate.source) {
            _ if self.is_keyword => Some(0),
            Some(Source::Environment(_)) => Some(1),
            Some(_) => Some(2),
            None => None,
        }
    }
}

/// A key belongs to the certificate beside which it stands.
fn keep_pair(found: &mut [Found]) -> Result<(), Error> {
    let cert = by_name(found, "client_cert").and_then(|cert| cert.rank());
    let Some(key) = by_name(found, "client_key") else {
        return Ok(());
    };
    match (cert, key.rank()) {
        (Some(cert), Some(rank)) if cert < rank => key.shadow(),
        (cert, Some(rank)) if cert != Some(rank) => {
            let place = key.value.as_ref().map(|key| key.source.to_string()).unwrap_or_default();
            return Err(Error::config(format!(
                "client_key: stands without client_cert ({place}); give both in one place"
            )));
        }
        _ => {}
    }
    Ok(())
}

/// Of several ways to authenticate, the one that the best source names; gives what it needs.
fn keep_one_way(system: System, found: &mut [Found], keywords: &[String]) -> Result<&'static [&'static str], Error> {
    let ways = ways(system);
    let of_way = |way: &Way| {
        let ranks = found
            .iter()
            .filter(|one| way.needed.contains(&one.name))
            .filter_map(Found::rank);
        ranks.min()
    };
    let has_login = keywords.iter().any(|keyword| keyword == "login");
    let best = if has_login {
        Some(0)
    } else {
        ways.iter().filter_map(of_way).min()
    };
    let Some(best) = best else { return Ok(&[]) };
    let named: Vec<&Way> = ways.iter().filter(|way| of_way(way) == Some(best)).collect();
    // Of keywords the constructor says what is wrong.
    if named.len() > 1 && best > 0 {
        let of_each = named.iter().filter_map(|way| {
            let decides = |one: &&Found| way.needed.contains(&one.name) && one.rank() == Some(best);
            let one = found.iter().find(decides)?;
            Some(format!("{} ({})", one.name, one.value.as_ref()?.source))
        });
        let places: Vec<_> = of_each.collect();
        return Err(Error::config(format!(
            "credentials: there are several ways to log in: {}; leave one",
            places.join(", ")
        )));
    }
    let kept = named.first().filter(|_| !has_login);
    for one in found.iter_mut() {
        let is_credential = ways.iter().any(|way| way.takes(one.name));
        if is_credential && !kept.is_some_and(|way| way.takes(one.name)) {
            one.shadow();
        }
    }
    Ok(kept.map_or(&[], |way| way.needed))
}

fn missing(system: System, name: &str, profile_table: Option<&str>) -> Error {
    let variables = find(system, name)
        .map(|setting| variables(system, setting))
        .unwrap_or_default();
    let names: Vec<_> = variables.into_iter().map(|variable| variable.name).collect();
    let is_secret = find(system, name).is_some_and(|setting| setting.kind == Kind::Secret);
    let profile = profile_table
        .map(|table| format!(", nor in {table}"))
        .unwrap_or_default();
    Error::config(format!(
        "{name}: not given; it is no keyword, nor in the environment as {}{profile}",
        names.join(" or ")
    ))
    .with_hint(if is_secret {
        "docs/configuration.md shows the ways to give a secret"
    } else {
        "docs/configuration.md lists the names of settings"
    })
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
