//! What the server tells about runs, reviews and its own limits. All its values are texts; here they have types.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/getReviewStatus>,
//! <https://pradeepkg.github.io/RSA/docs/collection/get-run-status>,
//! <https://pradeepkg.github.io/RSA/docs/admin/getSecuritySettings>

use jiff::civil::DateTime;
use serde_json::value::RawValue;

use crate::core::lenient;
use crate::record;

record! {
    /// A review result.
    pub struct ReviewStatus {
        required {}
        optional {
            /// Its name, by which `updateReviewItems` knows it.
            name: String = "name" => lenient::text,
            /// For people.
            description: String = "description" => lenient::text,
            /// Such as `account`.
            review_type: String = "review-type" => lenient::text,
            /// Such as `Active`, `InActionable` or `Completed`.
            state: String = "state" => lenient::text,
            /// On the server's clock.
            start_date: DateTime = "start-date" => local_time,
            /// On the server's clock.
            due_date: DateTime = "due-date" => local_time,
            /// On the server's clock.
            complete_date: DateTime = "complete-date" => local_time,
            /// Entitlements that have been reviewed.
            reviewed_entitlements: i64 = "reviewed-entitlements" => lenient::integer,
            /// Users who have been reviewed.
            reviewed_users: i64 = "reviewed-users" => lenient::integer,
            /// Accounts that have been reviewed.
            reviewed_accounts: i64 = "reviewed-accounts" => lenient::integer,
            /// Entitlements that have been saved.
            saved_entitlements: i64 = "saved-entitlements" => lenient::integer,
            /// Users who have been saved.
            saved_users: i64 = "saved-users" => lenient::integer,
            /// Accounts that have been saved.
            saved_accounts: i64 = "saved-accounts" => lenient::integer,
            /// All entitlements.
            total_entitlements: i64 = "total-entitlements" => lenient::integer,
            /// All users.
            total_users: i64 = "total-users" => lenient::integer,
            /// All accounts.
            total_accounts: i64 = "total-accounts" => lenient::integer,
            /// Users who have been certified.
            certified_users: i64 = "certified-users" => lenient::integer,
            /// Accounts that have been certified.
            certified_accounts: i64 = "certified-accounts" => lenient::integer,
            /// Items that nobody reviews.
            unassigned_review_items: i64 = "unassigned-review-items" => lenient::integer,
            /// Items that nobody certifies.
            unassigned_certification_items: i64 = "unassigned-certification-items" => lenient::integer,
        }
        set {}
    }
}

record! {
    /// A run: of a review's generation, a collection or a unification.
    pub struct RunStatus {
        required {
            /// `New`, `Running`, `Completed` or `Aborted`.
            overall_status: String = "overall-status" => lenient::text,
        }
        optional {
            /// On the server's clock.
            start_time: DateTime = "start-time" => local_time,
            /// On the server's clock, when it is over.
            completed_time: DateTime = "completed-time" => local_time,
        }
        set {}
    }
}

impl RunStatus {
    /// Whether it came to its end, good or bad.
    pub fn is_over(&self) -> bool {
        self.is_completed() || self.overall_status.eq_ignore_ascii_case("Aborted")
    }

    /// Whether it came to a good end.
    pub fn is_completed(&self) -> bool {
        self.overall_status.eq_ignore_ascii_case("Completed")
    }
}

record! {
    /// The limits of tokens.
    pub struct SecuritySettings {
        required {}
        optional {
            /// Minutes without a request after which a token dies.
            token_inactivity_timeout: i64 = "token-inactivity-timeout" => lenient::integer,
            /// Minutes after the login when a token dies.
            token_lifespan_timeout: i64 = "token-lifespan-timeout" => lenient::integer,
            /// Whether login pages may remember the user name.
            allow_username_save: bool = "allow-username-save" => lenient::flag,
        }
        set {}
    }
}

/// `2023-08-03 20:12:08`, some commands add `.0`. No zone comes with it, so none is made up. Python's `datetime` begins
/// with the year 1.
fn local_time(raw: &RawValue) -> Option<DateTime> {
    let time: DateTime = lenient::exact_text(raw)?.trim().parse().ok()?;
    (time.year() >= 1).then_some(time)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn texts_get_their_types() {
        let status: ReviewStatus = serde_json::from_str(
            r#"{"name": "UAR-3", "review-type": "account", "state": "InActionable", "start-date": "2023-08-03 20:12:08",
                "due-date": "2023-09-03 00:00:00.0", "total-entitlements": "667", "saved-users": "x", "new": "1"}"#,
        )
        .unwrap();
        assert_eq!(status.name.as_deref(), Some("UAR-3"));
        assert_eq!(status.start_date, Some(date(2023, 8, 3).at(20, 12, 8, 0)));
        assert_eq!(status.due_date, Some(date(2023, 9, 3).at(0, 0, 0, 0)));
        assert_eq!((status.total_entitlements, status.complete_date), (Some(667), None));
        let extra: Vec<_> = status.extra.0.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(extra, ["saved-users", "new"]);
    }

    #[test]
    fn times_that_python_can_not_hold_are_kept_as_texts() {
        for time in [
            "0000-12-31 23:59:59",
            "-000001-01-01 00:00:00",
            "10000-01-01 00:00:00",
            "2023-02-30 00:00:00",
        ] {
            let text = format!(
                r#"{{"name": "x", "state": "Active", "start-date": "{time}", "due-date": "0001-01-01 00:00:00"}}"#
            );
            let status: ReviewStatus = serde_json::from_str(&text).unwrap();
            assert_eq!(status.start_date, None, "{time}");
            assert_eq!(status.due_date, Some(date(1, 1, 1).at(0, 0, 0, 0)));
            let extra: Vec<_> = status.extra.0.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(extra, ["start-date"]);
        }
    }

    #[test]
    fn runs_end_in_two_ways() {
        let run =
            |status: &str| serde_json::from_str::<RunStatus>(&format!(r#"{{"overall-status": "{status}"}}"#)).unwrap();
        assert!(run("Completed").is_over() && run("Completed").is_completed());
        assert!(run("Aborted").is_over() && !run("Aborted").is_completed());
        assert!(!run("Running").is_over() && !run("New").is_over());
    }
}
