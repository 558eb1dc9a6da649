//! The review commands of G&L: run a definition, follow the run, look at a review, change its state.

use serde_json::json;

use super::reviews::{self, Item, Review, ReviewState, Run};
use super::{Reply, State, coverage, review_items};
use crate::sandbox::exchange::Request;
use crate::sandbox::jobs::Work;

const FIRST_RUN_ID: u64 = 5733;
const FIRST_NEW_REVIEW_ID: u64 = 64;

pub(super) fn is_known(command: &str) -> bool {
    matches!(
        command,
        "updateReviewItems"
            | "uploadCoverage"
            | "runReview"
            | "getRunStatus"
            | "getReviewResult"
            | "getReviewStatus"
            | "setReviewState"
            | "refreshReview"
            | "updateUnreviewedItems"
    )
}

impl State {
    /// Carries out one of the review commands, or `findReviews`.
    pub(super) fn review_command(&mut self, command: &str, request: &Request, reviewer: bool) -> Reply {
        match command {
            "updateReviewItems" => match review_items::update(&mut self.reviews, &request.body, reviewer) {
                review_items::Outcome::Updated(status, true) => Reply::Applied(vec![("Status", status)]),
                review_items::Outcome::Updated(status, false) => Reply::Data(vec![("Status", status)]),
                review_items::Outcome::Refused(status, message) => Reply::Refused(status, message),
            },
            "uploadCoverage" => match coverage::upload(&mut self.reviews, &mut self.definitions, request) {
                coverage::Outcome::Loaded => Reply::Applied(vec![("status", "success".to_owned())]),
                coverage::Outcome::Failed(message) => {
                    Reply::Data(vec![("status", "failure".to_owned()), ("message", message)])
                }
                coverage::Outcome::Refused(status, message) => Reply::Refused(status, message),
            },
            "runReview" => self.run_review(request),
            "getRunStatus" => self.run_status(request),
            "getReviewResult" => self.review_result(request),
            "getReviewStatus" => self.review_status(request),
            "setReviewState" => self.set_review_state(request),
            "refreshReview" => self.refresh_review(request),
            "updateUnreviewedItems" => self.update_unreviewed_items(request),
            _ => self.find_reviews(),
        }
    }

    /// The coverage uploaded to a review result or definition.
    pub fn coverage_of(&self, id: u64) -> Option<String> {
        let of_definitions = self.definitions.iter().map(|known| (known.id, &known.coverage));
        let mut all = self
            .reviews
            .iter()
            .map(|review| (review.id, &review.coverage))
            .chain(of_definitions);
        all.find(|(known, _)| *known == id)
            .and_then(|(_, coverage)| coverage.clone())
    }

    /// Ends a run that is still going: completed with a new review, or aborted. False when there is none such.
    pub fn finish_run(&mut self, id: u64, succeeded: bool) -> bool {
        let Some(run) = self.runs.iter_mut().find(|run| run.id == id && run.ended.is_none()) else {
            return false;
        };
        let refreshed = run.refreshes;
        let review = succeeded.then(|| {
            if let Some(id) = refreshed {
                return id;
            }
            let review_id = self
                .reviews
                .iter()
                .map(|review| review.id + 1)
                .max()
                .unwrap_or(FIRST_NEW_REVIEW_ID);
            let name = format!("{}-{}", run.definition, review_id - 60);
            let review = Review {
                start_date: reviews::now(),
                ..reviews::review(review_id, &name, ReviewState::InActionable)
            };
            self.reviews.push(review);
            review_id
        });
        run.ended = Some((reviews::now(), review));
        true
    }

    fn run_review(&mut self, request: &Request) -> Reply {
        let name = request.parameter("name").unwrap_or_default();
        if !self.definitions.iter().any(|known| known.name == name) {
            return Reply::Refused(404, format!("Could not find review {name}"));
        }
        let id = self.start_run(name.to_owned(), None);
        Reply::Applied(vec![("run-id", id.to_string())])
    }

    fn start_run(&mut self, definition: String, refreshes: Option<u64>) -> u64 {
        let id = FIRST_RUN_ID + self.runs.len() as u64;
        let work = Work::new(&self.schedule);
        self.runs.push(Run {
            id,
            definition,
            refreshes,
            work,
            polled: false,
            start_time: reviews::now(),
            ended: None,
        });
        id
    }

    fn run_status(&mut self, request: &Request) -> Reply {
        let text = request.parameter("run-id").unwrap_or_default();
        let number = text.parse::<u64>().ok();
        let Some(run) = self.runs.iter_mut().find(|run| Some(run.id) == number) else {
            return Reply::Refused(404, format!("The run-id {text} is invalid."));
        };
        let (id, started, first) = (run.id, run.start_time.clone(), !run.polled);
        run.polled = true;
        if run.ended.is_none()
            && let Some(succeeded) = run.work.poll().map(|end| end.succeeded)
        {
            self.finish_run(id, succeeded);
        }
        match self
            .runs
            .iter()
            .find(|run| run.id == id)
            .and_then(|run| run.ended.as_ref())
        {
            Some((completed, review)) => {
                let status = if review.is_some() { "Completed" } else { "Aborted" };
                Reply::Data(vec![
                    ("overall-status", status.to_owned()),
                    ("start-time", started),
                    ("completed-time", completed.clone()),
                ])
            }
            None => {
                let status = if first { "New" } else { "Running" };
                Reply::Data(vec![("overall-status", status.to_owned()), ("start-time", started)])
            }
        }
    }

    fn review_result(&self, request: &Request) -> Reply {
        let text = request.parameter("run-id").unwrap_or_default();
        let number = text.parse::<u64>().ok();
        let Some(run) = self.runs.iter().find(|run| Some(run.id) == number) else {
            return Reply::Refused(404, format!("The run-id {text} is invalid."));
        };
        match &run.ended {
            Some((_, Some(review))) => Reply::Data(vec![("id", review.to_string())]),
            _ => Reply::Refused(404, format!("Could not find a generated review for run id {text}")),
        }
    }

    fn review_by_id(&mut self, request: &Request, what: &str) -> Result<&mut Review, Reply> {
        let text = request.parameter("id").unwrap_or_default();
        let number = text.parse::<u64>().ok();
        self.reviews
            .iter_mut()
            .find(|review| Some(review.id) == number)
            .ok_or_else(|| Reply::Refused(404, format!("Could not find a {what} with the id {text}")))
    }

    fn review_status(&mut self, request: &Request) -> Reply {
        let review = match self.review_by_id(request, "review") {
            Ok(review) => review,
            Err(refusal) => return refusal,
        };
        let reviewed = |item: &&Item| item.state != "none";
        let distinct = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        let users = |items: Vec<&Item>| distinct(items.into_iter().map(|item| item.user.as_str()).collect());
        let accounts = |items: Vec<&Item>| {
            distinct(
                items
                    .into_iter()
                    .filter_map(|item| item.account.as_ref())
                    .map(|(name, _)| name.as_str())
                    .collect(),
            )
        };
        let (all, done): (Vec<&Item>, Vec<&Item>) = (
            review.items.iter().collect(),
            review.items.iter().filter(reviewed).collect(),
        );
        let mut fields = vec![
            ("name", review.name.clone()),
            ("description", review.description.clone()),
            ("review-type", "user".to_owned()),
            ("state", review.state.name().to_owned()),
            ("start-date", review.start_date.clone()),
            ("reviewed-entitlements", done.len().to_string()),
            ("saved-entitlements", "0".to_owned()),
            ("total-entitlements", all.len().to_string()),
            ("reviewed-users", users(done.clone()).to_string()),
            ("saved-users", "0".to_owned()),
            ("total-users", users(all.clone()).to_string()),
            ("reviewed-accounts", accounts(done).to_string()),
            ("saved-accounts", "0".to_owned()),
            ("total-accounts", accounts(all).to_string()),
            ("unassigned-review-items", "0".to_owned()),
        ];
        if let Some(date) = &review.complete_date {
            fields.push(("complete-date", date.clone()));
        }
        Reply::Data(fields)
    }

    fn set_review_state(&mut self, request: &Request) -> Reply {
        let wanted = request.parameter("state").unwrap_or_default().to_ascii_lowercase();
        // The word "report" is the server's.
        let review = match self.review_by_id(request, "report") {
            Ok(review) => review,
            Err(refusal) => return refusal,
        };
        let state = match wanted.as_str() {
            "active" => ReviewState::Active,
            "onhold" => ReviewState::OnHold,
            "completed" => ReviewState::Completed,
            _ => {
                let message = "The state parameter must be one of onhold, active, completed.";
                return Reply::Refused(412, message.to_owned());
            }
        };
        if review.state == ReviewState::Completed {
            return failure(&review.name, "The review is already completed.");
        }
        review.state = state;
        review.complete_date = (state == ReviewState::Completed).then(reviews::now);
        Reply::Applied(vec![("name", review.name.clone()), ("status", "success".to_owned())])
    }

    fn refresh_review(&mut self, request: &Request) -> Reply {
        let (id, name) = match self.review_by_id(request, "report") {
            Ok(review) => (review.id, review.name.clone()),
            Err(refusal) => return refusal,
        };
        let run = self.start_run(name.clone(), Some(id));
        Reply::Applied(vec![("name", name), ("run-id", run.to_string())])
    }

    fn update_unreviewed_items(&mut self, request: &Request) -> Reply {
        let state = request.parameter("state").unwrap_or_default().to_ascii_lowercase();
        let comment = request.parameter("comment").map(str::to_owned);
        let review = match self.review_by_id(request, "review") {
            Ok(review) => review,
            Err(refusal) => return refusal,
        };
        if !["revoke", "maintain"].contains(&state.as_str()) {
            return Reply::Refused(412, "The state parameter must be one of revoke, maintain.".to_owned());
        }
        if review.state != ReviewState::Active {
            return failure(&review.name, "The review is not an actionable state.");
        }
        for item in review
            .items
            .iter_mut()
            .filter(|item| item.state == "none" && !item.locked)
        {
            item.state.clone_from(&state);
            item.comments.extend(comment.clone());
        }
        Reply::Applied(vec![("name", review.name.clone()), ("status", "success".to_owned())])
    }

    fn find_reviews(&self) -> Reply {
        let row =
            |review: &Review| json!({"id": review.id.to_string(), "name": review.name, "state": review.state.name()});
        let joined = |field: fn(&Review) -> String| self.reviews.iter().map(field).collect::<Vec<_>>().join(",");
        let text = format!(
            "id={}\nname={}\nstate={}\n",
            joined(|review| review.id.to_string()),
            joined(|review| review.name.clone()),
            joined(|review| review.state.name().to_owned()),
        );
        Reply::Bare(
            json!({"findReviews": self.reviews.iter().map(row).collect::<Vec<_>>()}),
            text,
        )
    }
}

fn failure(name: &str, message: &str) -> Reply {
    Reply::Data(vec![
        ("name", name.to_owned()),
        ("status", "failure".to_owned()),
        ("message", message.to_owned()),
    ])
}
