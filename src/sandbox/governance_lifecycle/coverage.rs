//! The command `uploadCoverage`: its parameters and the lines of a coverage file.

use super::reviews::{Definition, Review};
use crate::sandbox::exchange::Request;

/// The one file in the import directory.
pub(super) const IMPORT_FILE: (&str, &str) = ("coverage.txt", "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|");

/// What became of one upload.
pub(super) enum Outcome {
    /// 200 with `status` success.
    Loaded,
    /// 200 with `status` failure and this message.
    Failed(String),
    /// A refusal with this status and message.
    Refused(u16, String),
}

/// Carries out the command. Only the refusal without `id` and `name` is documented; the others are inferred from it.
pub(super) fn upload(reviews: &mut [Review], definitions: &mut [Definition], request: &Request) -> Outcome {
    let given = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
    let place = match (given("id"), given("name")) {
        (None, None) => {
            let message = "The id parameter or the name parameter must be provided referencing a valid review\n\
                           result or definition respectively.";
            return Outcome::Refused(412, message.to_owned());
        }
        (Some(_), Some(_)) => {
            return Outcome::Refused(
                412,
                "The name parameter is mutually exclusive with the id parameter.".to_owned(),
            );
        }
        (Some(id), None) => {
            let number = id.parse::<u64>().ok();
            find(reviews, definitions, |other, _| Some(other) == number)
                .ok_or_else(|| format!("Could not find a review with the id {id}"))
        }
        (None, Some(name)) => {
            find(reviews, definitions, |_, other| other == name).ok_or_else(|| format!("Could not find review {name}"))
        }
    };
    let place = match place {
        Ok(place) => place,
        Err(message) => return Outcome::Refused(404, message),
    };
    let kind = given("type").unwrap_or_default();
    if !["monitor", "reviewer", "altmanager"].contains(&kind) {
        let message = "The type parameter must be one of monitor, reviewer, altmanager.";
        return Outcome::Refused(412, message.to_owned());
    }
    let text = match given("filename") {
        Some(name) if name == IMPORT_FILE.0 => IMPORT_FILE.1.to_owned(),
        Some(name) => return Outcome::Failed(format!("Could not find the file {name} in the import directory.")),
        None => match String::from_utf8(request.body.to_vec()) {
            Ok(text) => text,
            Err(_) => return Outcome::Failed("The coverage data is not valid UTF-8.".to_owned()),
        },
    };
    // The layout of an alternate managers file is not public, so it is taken as it is.
    if kind != "altmanager"
        && let Err(message) = check(&text)
    {
        return Outcome::Failed(message);
    }
    *place = Some(text);
    Outcome::Loaded
}

fn find<'a>(
    reviews: &'a mut [Review],
    definitions: &'a mut [Definition],
    wanted: impl Fn(u64, &str) -> bool,
) -> Option<&'a mut Option<String>> {
    if let Some(review) = reviews.iter_mut().find(|review| wanted(review.id, &review.name)) {
        return Some(&mut review.coverage);
    }
    definitions
        .iter_mut()
        .find(|known| wanted(known.id, &known.name))
        .map(|known| &mut known.coverage)
}

/// Checks that every line that is not blank has six fields, the last of which may be empty.
fn check(text: &str) -> Result<(), String> {
    let mut rules = 0usize;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split('|').collect();
        let sound = match fields.as_slice() {
            [first, subject_type, subjects, object_type, objects, privilege] => {
                [first, subject_type, subjects, object_type, objects]
                    .iter()
                    .all(|field| !field.trim().is_empty())
                    && ["", "review", "signoff", "write_access", "admin"].contains(&privilege.trim())
            }
            _ => false,
        };
        if !sound {
            return Err(format!("Line {} of the coverage data is not valid.", index + 1));
        }
        rules += 1;
    }
    if rules == 0 {
        return Err("The coverage data is empty.".to_owned());
    }
    Ok(())
}
