//! Governance & Lifecycle reviews on the wire: the documented update, partial answers, chunks, and the commands around.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "gl_server.rs"]
mod gl_server;

use std::sync::{Arc, Mutex};

use gl_server::{Server, json, page, with_token};
use infosecops::core::error::{Error, Kind, Outcome};
use infosecops::systems::governance_lifecycle::{
    Changes, Fate, Group, Item, RefreshOptions, ReviewItemChange, ReviewUpdate, RevieweeAccount, UnreviewedOptions,
    UpdateOptions, dry_run, get_review_result, get_review_status, get_run_status, known_part, partial_failure,
    refresh_review, set_review_state, update_review_items, update_unreviewed_items,
};

const DOCUMENT: &str = "<Review>\n<ReviewResultName>UAR-3</ReviewResultName>\n<SignOff>false</SignOff>\n\
<UpdateCommentsOnly>false</UpdateCommentsOnly>\n\
<ReviewItemChange state=\"revoke\" comments=\"Alice no longer needs this access\">\n\
<RevieweeUserId>asmith</RevieweeUserId>\n\
<RevieweeAccount name=\"mason.stewart@example.com\" business-source=\"Okta\"/>\n\
<Group name=\"HR Department\" business-source=\"Okta\"/>\n</ReviewItemChange>\n\
<ReviewItemChange state=\"revoke\" comments=\"Alex no longer needs this access\">\n\
<RevieweeUserId>achen</RevieweeUserId>\n\
<RevieweeAccount name=\"TelemetryUser\" business-source=\"CyberArk (REST)\"/>\n\
<Group name=\"Auditors\" business-source=\"CyberArk (REST)\"/>\n</ReviewItemChange>\n</Review>";

fn change(reviewee: &str, account: (&str, &str), group: &str, comments: &str) -> ReviewItemChange {
    ReviewItemChange {
        state: "revoke".into(),
        reviewee: reviewee.into(),
        item: Item::Group(Group {
            name: group.into(),
            business_source: account.1.into(),
        }),
        account: Some(RevieweeAccount {
            name: account.0.into(),
            business_source: account.1.into(),
        }),
        comments: Some(comments.into()),
        expires_on: None,
    }
}

fn documented() -> Vec<ReviewItemChange> {
    let (okta, cyberark) = (
        ("mason.stewart@example.com", "Okta"),
        ("TelemetryUser", "CyberArk (REST)"),
    );
    vec![
        change("asmith", okta, "HR Department", "Alice no longer needs this access"),
        change("achen", cyberark, "Auditors", "Alex no longer needs this access"),
    ]
}

fn status(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    json(&format!(
        "{{\n\"data\": {{\n\"type\": \"updateReviewItems\",\n\"Status\": {text}\n}}\n}}"
    ))
}

/// Succeeded, failed, unknown.
fn fates(update: &ReviewUpdate) -> [Vec<usize>; 3] {
    [Fate::Done, Fate::NotDone, Fate::Unknown].map(|fate| update.indexes(fate).collect())
}

async fn update(server: &Server, changes: &[ReviewItemChange], options: UpdateOptions) -> Result<ReviewUpdate, Error> {
    let changes = Arc::new(Changes::collect(changes)?);
    update_review_items(&with_token(), &server.call(), "UAR-3", &changes, &options).await
}

#[tokio::test]
async fn the_documented_update_is_sent_byte_for_byte() {
    let server = Server::scripted(&[status(
        "Success. Updated all 2 review components with specified states.",
    )])
    .await;
    let found = update(&server, &documented(), UpdateOptions::default()).await.unwrap();
    assert_eq!((found.updated, found.total, found.ok), (2, 2, true));
    assert_eq!(fates(&found), [vec![0, 1], vec![], vec![]]);
    assert_eq!(
        server.seen(),
        [format!(
            "POST /aveksa/command.submit?cmd=updateReviewItems&format=json HTTP/1.1\r\n\
             user-agent: test\r\n\
             content-type: application/xml\r\n\
             accept: application/json\r\n\
             authorization: Bearer ws12:ab:-3f.01\r\n\
             accept-encoding: gzip\r\n\
             host: 127.0.0.1\r\n\
             content-length: {}\r\n\r\n{DOCUMENT}",
            DOCUMENT.len()
        )]
    );
    let changes = Arc::new(Changes::collect(&documented()).unwrap());
    let dry = dry_run("UAR-3", &changes, &UpdateOptions::default()).unwrap();
    assert_eq!((dry.raw().as_str(), dry.ok, dry.total), (DOCUMENT, false, 2));
    let parts = dry_run("UAR-3", &changes, &chunks_of(1)).unwrap();
    let parts: Vec<String> = parts.texts().collect();
    assert_eq!(parts.len(), 2);
    assert!(parts[0].contains("asmith") && parts[1].contains("achen") && !parts[1].contains("asmith"));
}

#[tokio::test]
async fn partial_and_empty_success_are_results() {
    let partial = "Partial Success. Updated 1 of 2 review components successfully.\nStatus For Review Item(achen-Auditors for the account TelemetryUser)=\nFailure (The review component is locked and can not be changed.";
    let none = "Status=Failure.  None of the 2 review components could be updated.\nStatus For Review (achen-Auditors)=Failure (Specified review component does not exist. )\nStatus For Review (asmith-HR Department)=Failure (The review component is already in the same state as being updated. )";
    let properties = "type=updateReviewItems\nStatus=Partial Success. Updated 1 of 2 review components successfully.\nStatus For Review Item(asmith-HR Department)=Failure (locked)";
    let xml = "<r><Status>Partial Success. Updated 1 of 2 review components successfully.</Status><i>Status for Review Item (asmith-HR Department)=Failure (locked)</i></r>";
    let server = Server::scripted(&[
        status(partial),
        page("412 Precondition Failed", none),
        page("412 Precondition Failed", &none.replace("Status=", "Status-")),
        json(properties),
        json(xml),
        status(xml),
    ])
    .await;
    let changes = documented();
    let found = update(&server, &changes, UpdateOptions::default()).await.unwrap();
    assert_eq!((found.updated, found.total, found.ok), (1, 2, false));
    assert_eq!(fates(&found), [vec![0], vec![1], vec![]]);
    let item = found.items().next().unwrap();
    assert_eq!(item.account.as_deref(), Some("TelemetryUser"));
    assert_eq!(found.reason(1), item.reason.as_deref());
    assert_eq!(found.raw(), partial);
    let error = partial_failure(&server.call(), found.clone());
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::PartialFailure, Some(Outcome::Rejected))
    );
    assert_eq!(
        error.message(),
        "1 of 2 review components were updated: The review component is locked and can not be changed"
    );
    assert_eq!(error.payload().unwrap().downcast_ref::<ReviewUpdate>(), Some(&found));

    for same_state_ok in [false, true] {
        let options = UpdateOptions {
            same_state_ok,
            ..UpdateOptions::default()
        };
        let found = update(&server, &changes, options).await.unwrap();
        assert_eq!((found.updated, found.total, found.items().count()), (0, 2, 2));
        assert_eq!(found.items().nth(1).unwrap().ok, same_state_ok);
        let (done, failed) = if same_state_ok {
            (vec![0], vec![1])
        } else {
            (vec![], vec![0, 1])
        };
        assert_eq!(fates(&found), [done, failed, vec![]]);
        assert!(!found.raw().contains("Query String"));
    }
    for _ in 0..3 {
        let found = update(&server, &changes, UpdateOptions::default()).await.unwrap();
        assert_eq!((found.updated, fates(&found)), (1, [vec![1], vec![0], vec![]]));
    }
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn refusals_of_the_whole_are_errors_of_their_own() {
    let server = Server::scripted(&[
        page("412 Precondition Failed", "Could not find a review with name UAR-3"),
        page("412 Precondition Failed", "The review is not an actionable state."),
        page("412 Precondition Failed", "Something else"),
        status("Failure. The review is not an actionable state."),
        status("Success."),
        json("<html>login</html>"),
        String::new(),
    ])
    .await;
    let expected = [
        (Kind::NotFound, Outcome::Rejected),
        (Kind::Conflict, Outcome::Rejected),
        (Kind::PreconditionFailed, Outcome::Rejected),
        (Kind::Conflict, Outcome::Rejected),
        (Kind::UnexpectedContent, Outcome::Unknown),
        (Kind::UnexpectedContent, Outcome::Unknown),
        (Kind::Transport, Outcome::Unknown),
    ];
    for (kind, outcome) in expected {
        let error = update(&server, &documented(), UpdateOptions::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.context().outcome),
            (kind, Some(outcome)),
            "{error}"
        );
        assert!(!matches!(kind, Kind::NotFound | Kind::Conflict) || error.context().hint.is_some());
    }
    assert_eq!(server.seen().len(), 7);
}

fn five() -> Vec<ReviewItemChange> {
    (0..5)
        .map(|number| change(&format!("u{number}"), ("a", "b"), "G", "c"))
        .collect()
}

fn chunks_of(size: usize) -> UpdateOptions {
    UpdateOptions {
        chunk_size: Some(size),
        ..UpdateOptions::default()
    }
}

#[tokio::test]
async fn chunks_go_one_after_another_and_add_up() {
    let all = |count: usize| {
        status(&format!(
            "Success. Updated all {count} review components with specified states."
        ))
    };
    let partial = "Partial Success. Updated 1 of 2 review components successfully.\nStatus for Review Item (u3-G)=Failure (locked";
    let server = Server::scripted(&[all(2), status(partial), all(1)]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let options = UpdateOptions {
        on_progress: Some(Arc::new(move |told| {
            listener.lock().unwrap().push(told);
            Box::pin(async { Ok(()) })
        })),
        ..chunks_of(2)
    };
    let found = update(&server, &five(), options).await.unwrap();
    assert_eq!((found.updated, found.total, found.ok), (4, 5, false));
    assert_eq!(fates(&found), [vec![0, 1, 2, 4], vec![3], vec![]]);
    assert_eq!((found.reason(3), found.reason(2)), (Some("locked"), None));
    assert_eq!(found.raw().lines().count(), 4);
    assert_eq!(*told.lock().unwrap(), [(2, 5, 0), (4, 5, 1), (5, 5, 1)]);
    let held: Vec<usize> = server
        .seen()
        .iter()
        .map(|request| request.matches("<ReviewItemChange ").count())
        .collect();
    assert_eq!(held, [2, 2, 1]);
}

#[tokio::test]
async fn a_failure_in_mid_run_tells_what_is_known() {
    let first = status("Success. Updated all 2 review components with specified states.");
    let cases = [
        (String::new(), Outcome::Unknown),
        (
            page("412 Precondition Failed", "The review is not an actionable state."),
            Outcome::Rejected,
        ),
    ];
    for (second, outcome) in cases {
        let server = Server::scripted(&[first.clone(), second]).await;
        let error = update(&server, &five(), chunks_of(2)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().outcome),
            (Kind::PartialFailure, Some(outcome))
        );
        let found = error.payload().unwrap().downcast_ref::<ReviewUpdate>().unwrap();
        assert_eq!((found.updated, found.total, found.ok), (2, 5, false));
        let (failed, unknown) = match outcome {
            Outcome::Unknown => (vec![4], vec![2, 3]),
            _ => (vec![2, 3, 4], vec![]),
        };
        assert_eq!(fates(found), [vec![0, 1], failed, unknown]);
        assert_eq!((found.reason(1), found.reason(4)), (None, Some("not sent")));
        assert_eq!(found.items().last().unwrap().reason.as_deref(), Some("not sent"));
        assert_eq!(server.seen().len(), 2);
        let found = found.clone();
        assert_eq!(known_part(error).unwrap(), found);
    }
    let server = Server::scripted(&[first]).await;
    let options = UpdateOptions {
        on_progress: Some(Arc::new(|_| Box::pin(async { Err(Error::config("stop")) }))),
        ..chunks_of(2)
    };
    let error = update(&server, &five(), options).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Config, "stop"));
    assert!(error.payload().is_some());
}

#[tokio::test]
async fn a_first_request_without_an_answer_leaves_the_others_unsent() {
    let server = Server::scripted(&[String::new()]).await;
    let error = update(&server, &five(), chunks_of(2)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::PartialFailure, Some(Outcome::Unknown))
    );
    assert_eq!(fates(&known_part(error).unwrap()), [vec![], vec![2, 3, 4], vec![0, 1]]);
    let refused = page("412 Precondition Failed", "The review is not an actionable state.");
    let server = Server::scripted(&[refused]).await;
    let error = update(&server, &five(), chunks_of(2)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(known_part(error).is_err());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn everything_is_checked_before_the_first_byte() {
    let server = Server::scripted(&[]).await;
    let mut changes = five();
    changes[4].comments = Some("a\u{0}".into());
    let error = update(&server, &changes, chunks_of(2)).await.unwrap_err();
    assert_eq!(
        error.message(),
        "changes[4].comments: holds U+0000, which XML cannot carry"
    );
    assert_eq!(error.context().outcome, Some(Outcome::NotSent));
    changes[1].reviewee = " ".into();
    assert_eq!(
        update(&server, &changes, chunks_of(2)).await.unwrap_err().message(),
        "2 of 5 changes can't be used: changes[1].reviewee: must not be empty; \
         changes[4].comments: holds U+0000, which XML cannot carry"
    );
    assert!(update(&server, &[], chunks_of(2)).await.is_err());
    assert!(update(&server, &five(), chunks_of(0)).await.is_err());
    let signed = UpdateOptions {
        sign_off: true,
        ..chunks_of(2)
    };
    assert!(update(&server, &five(), signed).await.is_err());
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn the_commands_around_a_review_have_their_documented_queries() {
    let ok = json(r#"{"data":{"name":"UAR-3","status":"success","run-id":"9"}}"#);
    let server = Server::scripted(&[
        json(r#"{"data":{"type":"getRunStatus","overall-status":"Completed","start-time":"2023-08-03 20:12:08"}}"#),
        json(r#"{"data":{"type":"getReviewResult","id":"61"}}"#),
        json(r#"{"data":{"type":"getReviewStatus","name":"UAR-3","state":"Active","total-users":"12"}}"#),
        ok.clone(),
        ok.clone(),
        ok,
        json(r#"{"data":{"type":"updateUnreviewedItems","status":"failure","message":"not now"}}"#),
    ])
    .await;
    let (client, call) = (with_token(), server.call());
    assert!(get_run_status(&client, &call, "17").await.unwrap().is_completed());
    assert_eq!(get_review_result(&client, &call, "17").await.unwrap(), "61");
    let status = get_review_status(&client, &call, "61").await.unwrap();
    assert_eq!(
        (status.name.as_deref(), status.total_users, status.extra.0.len()),
        (Some("UAR-3"), Some(12), 0)
    );
    set_review_state(&client, &call, "61", "active").await.unwrap();
    let refresh = RefreshOptions {
        users: Some(false),
        applications: vec!["A".into(), "B".into()],
        ..RefreshOptions::default()
    };
    refresh_review(&client, &call, "61", &refresh).await.unwrap();
    let unreviewed = UnreviewedOptions {
        grouping: Some("asset".into()),
        ..UnreviewedOptions::default()
    };
    update_unreviewed_items(&client, &call, "61", "revoke", &unreviewed)
        .await
        .unwrap();
    let error = update_unreviewed_items(&client, &call, "61", "revoke", &unreviewed)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Api, Some(Outcome::Rejected))
    );
    assert!(error.message().ends_with("not now"));
    let seen = server.seen();
    let queries: Vec<&str> = seen
        .iter()
        .map(|request| request.split_once("&format=json").unwrap().1.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        queries,
        [
            "&run-id=17",
            "&run-id=17",
            "&id=61",
            "&id=61&state=active",
            "&id=61&users=false&applications=A%2CB",
            "&id=61&state=revoke&grouping=asset",
            "&id=61&state=revoke&grouping=asset",
        ]
    );
    assert!(set_review_state(&client, &call, "61", "Active").await.is_err());
    assert!(get_review_status(&client, &call, "").await.is_err());
}
