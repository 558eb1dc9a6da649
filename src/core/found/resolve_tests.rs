//! Which source counts, over all settings and all combinations of sources.

use proptest::prelude::*;

use super::super::value::Value;
use super::*;

fn environment(name: &'static str) -> Named {
    let source = Source::Environment(format!("X_{name}"));
    let value = Value::Text(format!("environment {name}"));
    (name, Candidate { value, source })
}

fn profile(name: &'static str) -> Named {
    let source = Source::Profile {
        file: "/f".into(),
        table: "prod.x".to_owned(),
    };
    let value = Value::Text(format!("profile {name}"));
    (name, Candidate { value, source })
}

fn resolved(
    system: System,
    keywords: &[&str],
    in_environment: &[&'static str],
    in_profile: &[&'static str],
) -> Result<Vec<Found>, String> {
    let keywords: Vec<_> = keywords.iter().map(|name| (*name).to_owned()).collect();
    let levels = (
        in_environment.iter().map(|name| environment(name)).collect(),
        in_profile.iter().map(|name| profile(name)).collect(),
    );
    resolve(system, &keywords, levels.0, levels.1, Some("/f [prod.x]")).map_err(|error| error.message().to_owned())
}

/// The settings that have a value, with the level it is from.
fn values(found: &[Found]) -> Vec<(&str, &str)> {
    let level = |candidate: &Candidate| match candidate.source {
        Source::Environment(_) => "environment",
        _ => "profile",
    };
    let of_one = |one: &'_ Found| one.value.as_ref().map(level);
    found.iter().filter_map(|one| Some((one.name, of_one(one)?))).collect()
}

fn any_system() -> impl Strategy<Value = System> {
    prop::sample::select(System::ALL.to_vec())
}

proptest! {
    #[test]
    fn keywords_come_before_the_environment_and_that_before_profiles(system in any_system(), bits in prop::collection::vec(0..8_u8, 30)) {
        let credentials = ways(system);
        let mut expected = Vec::new();
        let (mut keywords, mut in_environment, mut in_profile) = (Vec::new(), Vec::new(), Vec::new());
        for (setting, bits) in settings(system).zip(bits) {
            let name = setting.name;
            // Those that depend on each other have tests of their own.
            let is_grouped = credentials.iter().any(|way| way.takes(name)) || name.starts_with("client_") || name.starts_with("retry_");
            let bits = if needed(system).contains(&name) { bits | 4 } else if is_grouped { 0 } else { bits };
            let levels = [(bits & 1, &mut keywords), (bits & 2, &mut in_environment), (bits & 4, &mut in_profile)];
            let given: Vec<usize> = (0..3).filter(|level| levels[*level].0 > 0).collect();
            for (bit, names) in levels {
                if bit > 0 {
                    names.push(name);
                }
            }
            expected.push((name, given));
        }
        let found = resolved(system, &keywords, &in_environment, &in_profile).unwrap();
        prop_assert_eq!(found.len(), expected.len());
        for (one, (name, given)) in found.iter().zip(expected) {
            prop_assert_eq!(one.name, name);
            let mut levels: Vec<usize> = if one.is_keyword { vec![0] } else { vec![] };
            let candidates = one.value.iter().chain(&one.shadowed);
            levels.extend(candidates.map(|candidate| match candidate.source { Source::Environment(_) => 1, _ => 2 }));
            prop_assert_eq!(&levels, &given, "{}", name);
            prop_assert_eq!(one.value.is_none(), given.first().is_none_or(|level| *level == 0), "{}", name);
        }
    }

    #[test]
    fn one_way_to_log_in_is_left_or_the_error_names_two(
        system in prop::sample::select(vec![System::GovernanceLifecycle, System::BambooAgents]),
        bits in prop::collection::vec(0..8_u8, 6),
    ) {
        let names: Vec<_> = ways(system).iter().flat_map(|way| way.needed.iter().chain(way.optional)).copied().collect();
        let at = |bit: u8| -> Vec<&'static str> {
            names.iter().zip(&bits).filter(|(_, bits)| *bits & bit > 0).map(|(name, _)| *name).collect()
        };
        let mut in_profile = at(4);
        in_profile.push("url");
        match resolved(system, &at(1), &at(2), &in_profile) {
            Ok(found) => {
                let valued = values(&found);
                let left = ways(system).iter().filter(|way| valued.iter().any(|(name, _)| way.needed.contains(name)));
                prop_assert!(left.count() <= 1, "{:?}", valued);
                let all = bits.iter().take(names.len()).map(|bits| bits.count_ones() as usize).sum::<usize>();
                let kept = found.iter().filter(|one| names.contains(&one.name))
                    .map(|one| usize::from(one.is_keyword) + usize::from(one.value.is_some()) + one.shadowed.len()).sum::<usize>();
                prop_assert_eq!(kept, all, "nothing is lost");
            }
            Err(told) => prop_assert!(told.contains("several ways to log in") || told.contains(": not given"), "{}", told),
        }
    }
}

#[test]
fn a_login_is_taken_from_the_best_source_and_filled_from_the_others() {
    let gl = System::GovernanceLifecycle;
    let found = resolved(gl, &["url"], &["password"], &["username", "auth_source", "timeout"]).unwrap();
    assert_eq!(
        values(&found),
        [
            ("username", "profile"),
            ("password", "environment"),
            ("auth_source", "profile"),
            ("timeout", "profile")
        ]
    );
    let found = resolved(gl, &["url", "token"], &["password"], &["client_id", "client_secret"]).unwrap();
    assert_eq!(values(&found), []);
    let found = resolved(gl, &["url", "login"], &["token"], &["username"]).unwrap();
    assert_eq!(values(&found), []);
    assert_eq!(found.iter().map(|one| one.shadowed.len()).sum::<usize>(), 2);
    let found = resolved(gl, &["url"], &["token"], &["token", "username", "password"]).unwrap();
    assert_eq!(values(&found), [("token", "environment")]);
}

#[test]
fn two_ways_in_one_source_are_refused() {
    let told = resolved(System::BambooAgents, &["url"], &["username", "token"], &[]).unwrap_err();
    assert_eq!(
        told,
        "credentials: there are several ways to log in: username (environment X_username), token (environment \
         X_token); leave one"
    );
}

#[test]
fn what_is_missing_is_told_with_all_places() {
    for (system, keywords, told) in [
        (
            System::Sectona,
            &["url"][..],
            "access_key: not given; it is no keyword, nor in the environment as INFOSECOPS_SECTONA_ACCESS_KEY or \
             INFOSECOPS_SECTONA_ACCESS_KEY_FILE, nor in /f [prod.x]",
        ),
        (
            System::SdElements,
            &["token"][..],
            "url: not given; it is no keyword, nor in the environment as INFOSECOPS_SD_ELEMENTS_URL or SDE_HOST, nor \
             in /f [prod.x]",
        ),
    ] {
        assert_eq!(resolved(system, keywords, &[], &[]).unwrap_err(), told);
    }
    let told = resolved(System::BambooAgents, &["url"], &["username"], &[]).unwrap_err();
    assert!(told.starts_with("password: not given"), "{told}");
}

#[test]
fn a_key_counts_beside_its_certificate_only() {
    let pair = |in_environment: &[&'static str], in_profile: &[&'static str]| {
        resolved(System::GovernanceLifecycle, &["url"], in_environment, in_profile).map(|found| {
            values(&found)
                .into_iter()
                .map(|(name, level)| format!("{name} {level}"))
                .collect::<Vec<_>>()
        })
    };
    let both = &["client_cert", "client_key"][..];
    assert_eq!(
        pair(both, both).unwrap(),
        ["client_cert environment", "client_key environment"]
    );
    assert_eq!(pair(&["client_cert"], both).unwrap(), ["client_cert environment"]);
    assert_eq!(pair(&[], both).unwrap(), ["client_cert profile", "client_key profile"]);
    for (in_environment, in_profile) in [(&["client_key"][..], &["client_cert"][..]), (&[], &["client_key"])] {
        let told = pair(in_environment, in_profile).unwrap_err();
        assert!(told.starts_with("client_key: stands without client_cert ("), "{told}");
    }
    let found = resolved(
        System::GovernanceLifecycle,
        &["url", "client_cert", "retry"],
        both,
        &["retry_cap"],
    )
    .unwrap();
    assert_eq!(values(&found), []);
}
