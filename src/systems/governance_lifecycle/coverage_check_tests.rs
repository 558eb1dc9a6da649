//! Tests of the check: the documented file is fine, and each slip is found where it is.

use proptest::prelude::*;

use super::super::coverage::{CoverageRule, equals};
use super::*;

const PAGE: &str =
    "\nuser_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='mcastro'|user|1=1|ent|name='Dynatrace'|\n";

/// Severity, line, column, field and the beginning of what is wrong.
fn problems(text: &str) -> Vec<(String, i64, i64, Option<String>, String)> {
    let found = check_coverage(text.as_bytes(), "reviewer").problems.into_iter();
    found
        .map(|one| (one.severity, one.line, one.column, one.field, one.problem))
        .collect()
}

#[test]
fn the_documented_files_are_fine() {
    let report = check_coverage(PAGE.as_bytes(), "monitor");
    assert_eq!(
        (report.ok, report.rules, report.errors, report.warnings),
        (true, 2, 0, 0)
    );
    assert!(report.refuse().is_ok());
    for line in [
        "user_id='r.chan'|user|department='Finance'|app-role|name='Approver'|review",
        "user_id in (select s.id from t s where s.x = upper('a'))|user|name like 'O''%'|group|not (a<>1 or b is null)|signoff",
        "\"User\"='x'|user|1=1|ent|name=CONCAT('a;--', '(') and b >= 3|write_access",
    ] {
        assert_eq!(problems(line), [], "{line}");
    }
    assert!(check_coverage(b"jdoe,asmith\n", "altmanager").ok);
}

#[test]
fn every_slip_is_found_where_it_is() {
    let table = [
        ("user_id='a'|user|1=1|ent|1=1", 29, None, "has 5 fields instead of 6"),
        ("user_id='a'|user", 17, None, "has 2 fields"),
        ("a=1|user|1=1|ent|b='x'||'y'|", 24, None, "has 8 fields"),
        ("a=1|user|1=1|ent|1=1|b=1|user|1=1|ent|1=1|", 25, None, "has 11 fields"),
        ("|user|1=1|ent|1=1|", 1, Some("reviewer"), "the condition is empty"),
        ("a=1||1=1|ent|1=1|", 5, Some("subject_type"), "the type is empty"),
        (
            "a=1|user|1=1|ent ='x'|1=1|",
            17,
            Some("object_type"),
            "\"ent ='x'\" is no type",
        ),
        (
            "a=1|user|1=1|ent|name='O'Neil'|",
            25,
            Some("objects"),
            "the text goes on",
        ),
        (
            "a=1|user|1=1|ent|name='Neil|",
            23,
            Some("objects"),
            "this quote is not closed",
        ),
        (
            "a=1|user|\u{e4}='b|ent|1=1|",
            12,
            Some("subjects"),
            "this quote is not closed",
        ),
        (
            "a=\u{2019}b\u{2019}|user|1=1|ent|1=1|",
            3,
            Some("reviewer"),
            "\u{2019} is no quote",
        ),
        ("a=1;|user|1=1|ent|1=1|", 4, Some("reviewer"), "; ends a statement"),
        ("a=1 -- x|user|1=1|ent|1=1|", 5, Some("reviewer"), "a comment begins"),
        ("a==1|user|1=1|ent|1=1|", 2, Some("reviewer"), "== is no operator"),
        ("a=1 && b=2|user|1=1|ent|1=1|", 5, Some("reviewer"), "&& is no operator"),
        (
            "a in (1|user|1=1|ent|1=1|",
            6,
            Some("reviewer"),
            "this parenthesis is not closed",
        ),
        ("a=1)|user|1=1|ent|1=1|", 4, Some("reviewer"), "no parenthesis is open"),
        (
            "jdoe|user|1=1|ent|1=1|",
            1,
            Some("reviewer"),
            "\"jdoe\" compares nothing",
        ),
        (
            "a=1|user|1=1|ent|1=1|sign-off",
            22,
            Some("privilege"),
            "\"sign-off\" is no privilege",
        ),
        (
            "a=1|user|1=1|ent|1=\u{1}1|",
            20,
            None,
            "holds the control character U+0001",
        ),
    ];
    for (line, column, field, problem) in table {
        let found = problems(&format!("\n{line}\n"));
        let [(severity, at, found_column, found_field, told)] = found.as_slice() else {
            panic!("{line}: {found:?}");
        };
        assert_eq!(
            (severity.as_str(), *at, *found_column),
            ("error", 2, column),
            "{line}: {told}"
        );
        assert_eq!(found_field.as_deref(), field, "{line}");
        assert!(told.starts_with(problem), "{line}: {told}");
    }
}

#[test]
fn what_may_be_meant_is_a_warning() {
    let table = [
        ("a=jdoe|user|1=1|ent|1=1|", 3, "jdoe is not quoted"),
        ("a=1|account|1=1|ent|1=1|", 5, "\"account\""),
        ("a=1|user|1=1| ent|1=1|", 14, "\" ent\""),
        ("a=1|user|1=1|ent|1=1|Review", 22, "\"Review\""),
        ("a=1|user|1=1|ent|1=1|\r", 22, "lines end with CR LF"),
        (
            "a=1|user|1=1|an-object-type-of-thirty-one-ch|1=1|",
            14,
            "the type is longer",
        ),
    ];
    for (line, column, problem) in table {
        let report = check_coverage(line.as_bytes(), "reviewer");
        assert!(report.ok && report.warnings == 1, "{line}: {report:?}");
        let found = &report.problems[0];
        assert_eq!((found.severity.as_str(), found.column), ("warning", column), "{line}");
        assert!(found.problem.starts_with(problem), "{line}: {}", found.problem);
    }
    let twice = check_coverage("a=1|user|1=1|ent|1=1|\n".repeat(3).as_bytes(), "reviewer");
    assert_eq!((twice.rules, twice.warnings), (3, 2));
    assert_eq!(twice.problems[1].problem, "the same as line 1");
}

#[test]
fn files_are_checked_as_a_whole() {
    assert_eq!(problems("")[0].4, "there are no lines in it");
    assert!(
        problems("\u{feff}a=1|user|1=1|ent|1=1|")[0]
            .4
            .contains("byte order mark")
    );
    let latin = check_coverage(b"\na='\xe4'|user|1=1|ent|1=1|", "reviewer");
    assert_eq!(
        (latin.errors, latin.problems[0].line, latin.problems[0].column),
        (1, 2, 4)
    );
    let many: String = (0..10_001)
        .map(|number| format!("a={number}|user|1=1|ent|1=1|x\n"))
        .collect();
    let report = check_coverage(many.as_bytes(), "reviewer");
    assert_eq!((report.rules, report.errors, report.warnings), (10_001, 10_001, 1));
    assert_eq!(report.problems.len(), LISTED);
    let error = report.refuse().unwrap_err();
    assert!(
        error
            .message()
            .starts_with("coverage: 1000 of 10001 lines can't be used: line 1, column 22 (privilege): error")
    );
}

proptest! {
    #[test]
    fn what_the_builder_makes_has_no_error(value in "[^|\r\n\0\u{1}-\u{1f}\u{7f}-\u{9f}]{0,12}") {
        let condition = equals("name", &value).unwrap();
        let rule = CoverageRule {
            reviewer: condition.clone(),
            object_type: "ent".into(),
            objects: condition,
            subjects: "1=1".into(),
            subject_type: "user".into(),
            privilege: String::new(),
        };
        let report = check_coverage(rule.line().unwrap().as_bytes(), "reviewer");
        prop_assert!(report.ok, "{:?}", report);
    }

    #[test]
    fn any_bytes_are_judged(data in prop::collection::vec(any::<u8>(), 0..200)) {
        let report = check_coverage(&data, "reviewer");
        prop_assert_eq!(report.ok, report.errors == 0);
        prop_assert_eq!(report.problems.len() as i64, (report.errors + report.warnings).min(1000));
    }

    #[test]
    fn any_condition_is_judged(text in "[a-z'\"()|;=\\-/* \u{e4}]{0,40}") {
        let line = format!("{text}|user|1=1|ent|1=1|");
        check_coverage(line.as_bytes(), "reviewer");
    }
}
