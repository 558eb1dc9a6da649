//! Lists of jobs and connections: what is asked for, every style of pages, and where they end.

use infosecops::core::error::{Error, Kind};
use infosecops::systems::sd_elements::{
    ConnectionFilter, Job, ListFilter, PageCursor, get_connection, list, list_connections,
};

use super::wire::{Server, answer, json};
use super::{call, client};

pub async fn all(mut cursor: PageCursor<Job>, server: &Server) -> Result<Vec<i64>, Error> {
    let mut ids = Vec::new();
    while let Some(page) = cursor.next(&client(), &call(server)).await? {
        ids.extend(page.iter().map(|job| job.id));
    }
    Ok(ids)
}

#[tokio::test]
async fn a_list_is_asked_for_as_documented() {
    let server = Server::start(vec![json(r#"{"results": [{"id": 12}, "odd", {"no": "id"}]}"#)]).await;
    let filter = ListFilter {
        automatic: Some(true),
        connection: Some(23),
        ready: Some(false),
        succeeded: Some(true),
        user: Some("no-reply+x@example.com".into()),
        ..ListFilter::default()
    };
    let mut cursor = list(Some("alm"), &filter).unwrap();
    let page = cursor.next(&client(), &call(&server)).await.unwrap().unwrap();
    assert_eq!((page.len(), page[0].id, page[0].kind.as_str()), (1, 12, "alm"));
    assert!(cursor.next(&client(), &call(&server)).await.unwrap().is_none());
    let request = &server.requests()[0];
    assert!(request.starts_with(
        "GET /api/v2/jobs/alm/?automatic=true&connection=23&ready=false&succeeded=true&user=no-reply%2Bx%40example.com HTTP/1.1\r\n"
    ));
    let lower = request.to_lowercase();
    assert!(request.contains(": Token 5f0c0d12\r\n") && lower.contains("authorization: token 5f0c0d12\r\n"));
    assert!(lower.contains("accept: application/json\r\n"));
}

#[tokio::test]
async fn every_style_of_list_is_read() {
    let alone = [
        (r#"{"results": []}"#, vec![]),
        (r#"[{"id": 1}, {"id": 2}]"#, vec![1, 2]),
        (r#"{"next": null, "previous": null, "results": [{"id": 3}]}"#, vec![3]),
    ];
    for (body, expected) in alone {
        let server = Server::start(vec![json(body)]).await;
        assert_eq!(
            all(list(None, &ListFilter::default()).unwrap(), &server).await.unwrap(),
            expected
        );
        assert_eq!(server.lines(), ["GET /api/v2/jobs/ HTTP/1.1"]);
    }
    // Counted pages and cursor pages, each with a host of the server's own choice.
    let first = r#"{"count": 3, "next": "http://internal.invalid/x/jobs/alm/?page=2&page_size=2#f", "previous": null, "results": [{"id": 1}, {"id": 2}]}"#;
    let second = r#"{"next": "https://evil.invalid/api/v2/jobs/alm/?cursor=cD0y", "results": [{"id": 3}]}"#;
    let third = r#"{"next": "?page=9", "results": [{"id": 4}]}"#;
    let fourth = r#"{"next": null, "results": ["odd"]}"#;
    let server = Server::start([first, second, third, fourth].map(json).to_vec()).await;
    let filter = ListFilter {
        page_size: Some(2),
        ..ListFilter::default()
    };
    assert_eq!(
        all(list(Some("alm"), &filter).unwrap(), &server).await.unwrap(),
        [1, 2, 3, 4]
    );
    assert_eq!(
        server.lines(),
        [
            "GET /api/v2/jobs/alm/?page_size=2 HTTP/1.1",
            "GET /api/v2/jobs/alm/?page=2&page_size=2 HTTP/1.1",
            "GET /api/v2/jobs/alm/?cursor=cD0y HTTP/1.1",
            "GET /api/v2/jobs/alm/?page=9 HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn a_limit_stops_and_a_vanished_page_is_the_end() {
    let first = json(r#"{"next": "/?page=2", "results": [{"id": 1}, {"id": 2}]}"#);
    let limited = |limit| ListFilter {
        limit: Some(limit),
        ..ListFilter::default()
    };
    for (limit, expected) in [(0, vec![]), (1, vec![1]), (2, vec![1, 2])] {
        let server = Server::start(vec![first.clone()]).await;
        assert_eq!(
            all(list(Some("alm"), &limited(limit)).unwrap(), &server).await.unwrap(),
            expected
        );
        assert_eq!(server.lines().len(), usize::from(limit > 0));
    }
    let gone = answer("404 Not Found", "application/json", r#"{"detail":"Invalid page."}"#);
    let server = Server::start(vec![first, gone]).await;
    assert_eq!(
        all(list(Some("alm"), &ListFilter::default()).unwrap(), &server)
            .await
            .unwrap(),
        [1, 2]
    );
}

#[tokio::test]
async fn pages_in_a_circle_are_an_error_and_not_a_loop() {
    for link in ["http://h/api/v2/jobs/alm/?page=1", "http://h/api/v2/jobs/alm/"] {
        let page = json(&format!(r#"{{"next": "{link}", "results": [{{"id": 1}}]}}"#));
        let server = Server::start(vec![page.clone(), page]).await;
        let mut cursor = list(Some("alm"), &ListFilter::default()).unwrap();
        let mut error = None;
        let mut pages = 0;
        for _ in 0..9 {
            match cursor.next(&client(), &call(&server)).await {
                Ok(Some(_)) => pages += 1,
                Ok(None) => break,
                Err(found) => error = Some(found),
            }
        }
        let error = error.unwrap();
        assert_eq!((error.kind(), pages), (Kind::UnexpectedContent, server.lines().len()));
        assert!(error.message().contains("circle"), "{error}");
    }
}

#[tokio::test]
async fn connections_are_listed_and_got() {
    let one = r#"{"id": 29, "alias": "gg'", "system": {"id": "ldap", "name": "LDAP"}, "in_progress": true, "last_job": {"id": 3}}"#;
    let server = Server::start(vec![json(&format!(r#"{{"results": [{one}]}}"#)), json(one)]).await;
    let filter = ConnectionFilter {
        project: Some(7),
        include: Some("last_job".into()),
        ..ConnectionFilter::default()
    };
    let mut cursor = list_connections("ldap", &filter).unwrap();
    let page = cursor.next(&client(), &call(&server)).await.unwrap().unwrap();
    let found = get_connection(&client(), &call(&server), "ldap", 29).await.unwrap();
    assert_eq!(page, std::slice::from_ref(&found));
    assert_eq!(
        (found.kind.as_str(), found.system.as_deref(), found.in_progress),
        ("ldap", Some("LDAP"), Some(true))
    );
    assert_eq!(
        server.lines(),
        [
            "GET /api/v2/connections/ldap/?project=7&include=last_job HTTP/1.1",
            "GET /api/v2/connections/ldap/29/ HTTP/1.1"
        ]
    );
}
