//! Token lists and the text form of Agent APIs for Bamboo.

use serde_json::value::RawValue;

use super::{MARK, TOKEN, TOKEN_PART, answer, has_the_outcome_of, never_shows_the_token, text};
use crate::core::stored::stored;
use crate::systems::bamboo_agents::{AccessToken, AgentState, MaintenanceTask, read_text};

/// An answer in the text form, as a state and as an answer to a request for maintenance.
pub fn bamboo_text(data: &[u8]) {
    let Some(body) = text(data).filter(|body| !body.contains(TOKEN_PART)) else {
        return;
    };
    let told = answer(200, None, &body.replace(MARK, TOKEN), false);
    let state = read_text::<AgentState>(&told, &[("id", 7)]);
    let task = read_text::<MaintenanceTask>(&told, &[]);
    for error in [state.as_ref().err(), task.as_ref().err()].into_iter().flatten() {
        never_shows_the_token(error);
        has_the_outcome_of(error, 200);
    }
    if let Ok(state) = state {
        assert_eq!(state.id, 7);
        assert!(body.to_ascii_uppercase().contains("ENABLED="));
    }
    if let Ok(task) = task {
        assert!(task.id != Some(0), "0 is no task");
        assert!(!task.is_granted() || body.contains("YES_CHILD"));
    }
}

/// A list of tokens, or one.
pub fn bamboo_tokens(data: &[u8]) {
    let Some(body) = text(data) else { return };
    let told = answer(200, None, body, true);
    match told.json::<Vec<AccessToken>>() {
        Err(error) => assert!(error.context().body_excerpt.is_none(), "a secret answer is quoted"),
        Ok(tokens) => {
            let count = serde_json::from_str::<Vec<&RawValue>>(body).map(|list| list.len());
            assert_eq!(count.ok(), Some(tokens.len()));
            tokens.iter().for_each(is_usable);
        }
    }
    if let Ok(token) = told.json::<AccessToken>() {
        is_usable(&token);
    }
}

fn is_usable(token: &AccessToken) {
    let uuid = token.uuid.expose();
    assert!(!uuid.is_empty());
    let shown = format!("{token:?}");
    let elsewhere = format!(
        "{:?} {:?} AccessToken uuid name read change extra true false Secret",
        token.name, token.extra
    );
    assert!(
        uuid.len() < 8 || elsewhere.contains(uuid) || !shown.contains(uuid),
        "{shown}"
    );
    let stored = stored(token);
    let told_elsewhere = stored.matches(uuid).count();
    let innocent = format!(
        "{} {:?}",
        token.name,
        token.extra.0.iter().map(|(_, raw)| raw.get()).collect::<String>()
    );
    assert!(
        uuid.len() < 8 || told_elsewhere == 0 || innocent.contains(uuid) || elsewhere.contains(uuid),
        "{stored}"
    );
}
