//! Coverage: who reviews or monitors what, as lines of six fields between `|`.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/uploadCoverage>; the fields' meaning:
//! <https://community.rsa.com/s/article/Privileges-signoff-and-review-in-coverage-files-are-honored-only-when-the-sign-off-is-enabled-in-review-definition-for-RSA-Via-Lifecycle-and-Governance>

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::command::{self, CommandResult};
use super::coverage_check::{CoverageReport, check_coverage};
use super::expected_answer::Expected;
use super::session::GovernanceLifecycle;
use crate::core::body::Body;
use crate::core::error::Error;
use crate::core::regular_file;
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::transport::Call;

const OPERATION: &str = "upload_coverage";

/// The page contradicts itself about the media type (JSON, form, none of which it is) and servers are known to accept
/// any. This one says what is sent, is never parsed as form parameters on the way, and names the encoding, which a
/// servlet container would otherwise take for ISO-8859-1 (inferred).
const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// One line of a coverage file: `reviewer` reviews or monitors the `objects` of a type that the `subjects` have.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct CoverageRule {
    /// The condition that finds the reviewers or monitors among the users.
    pub reviewer: String,
    /// What is reviewed, such as `app-role` or `ent`.
    pub object_type: String,
    /// The condition for the objects; `1=1` are all.
    pub objects: String,
    /// The condition for the subjects; `1=1` are all.
    pub subjects: String,
    /// Whose objects; `user` in all documented examples.
    pub subject_type: String,
    /// `review`, `signoff` or empty. Ignored by the server unless sign-off is enabled on the definition.
    pub privilege: String,
}

crate::fields!(CoverageRule {
    reviewer,
    object_type,
    objects,
    subjects,
    subject_type,
    privilege
});

impl CoverageRule {
    /// The line, without a line break. There is no escape for `|` and line breaks, so fields that hold one are refused.
    pub fn line(&self) -> Result<String, Error> {
        for (name, value) in [("reviewer", &self.reviewer), ("object_type", &self.object_type)] {
            if value.trim().is_empty() {
                return Err(Error::config(format!("{name}: must not be empty")));
            }
        }
        let fields = [
            ("reviewer", &self.reviewer),
            ("subject_type", &self.subject_type),
            ("subjects", &self.subjects),
            ("object_type", &self.object_type),
            ("objects", &self.objects),
            ("privilege", &self.privilege),
        ];
        let mut line = String::new();
        for (index, (name, value)) in fields.into_iter().enumerate() {
            check_field(name, value)?;
            if index > 0 {
                line.push('|');
            }
            line.push_str(value);
        }
        Ok(line)
    }
}

fn check_field(name: &str, value: &str) -> Result<(), Error> {
    match value.chars().find(|c| matches!(c, '|' | '\r' | '\n' | '\0')) {
        None => Ok(()),
        Some(found) => Err(Error::config(format!(
            "{name}: holds {found:?}, for which coverage files have no escape"
        ))),
    }
}

/// The condition `column='value'`, with the quotes in the value doubled. The server runs conditions as SQL, so values
/// from outside belong in here.
pub fn equals(column: &str, value: &str) -> Result<String, Error> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '#');
    if !column.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !column.chars().all(is_name) {
        return Err(Error::config("column: not the name of a column"));
    }
    check_field("value", value)?;
    Ok(format!("{column}='{}'", value.replace('\'', "''")))
}

/// What is uploaded.
#[derive(Clone, Debug)]
pub enum Coverage {
    /// Sent unchanged.
    Bytes(Bytes),
    /// Sent unchanged, read while it is sent.
    File(PathBuf),
    /// Written as lines in UTF-8, without a byte order mark.
    Rules(Vec<CoverageRule>),
}

/// One upload: `coverage` or a `filename`, for an `id` or a `name`.
#[derive(Clone, Debug, Default)]
pub struct CoverageUpload {
    /// The lines.
    pub coverage: Option<Coverage>,
    /// `monitor`, `reviewer` or `altmanager`.
    pub kind: String,
    /// Id of a review result or definition; the server's messages take ids for results.
    pub id: Option<String>,
    /// Name of a review result or definition; the server's messages take names for definitions.
    pub name: Option<String>,
    /// A file in the server's import directory.
    pub filename: Option<String>,
    /// The user attribute by which the entries of an alternate managers' file are resolved.
    pub alt_manager_resolves_to: Option<String>,
    /// Whether a file in which errors are found is refused.
    pub check: bool,
}

/// Replaces or extends the coverage of a review result or definition.
pub async fn upload_coverage(
    client: &GovernanceLifecycle,
    call: &Call,
    upload: CoverageUpload,
) -> Result<CommandResult, Error> {
    let id = upload.id.clone();
    let is_ready = matches!(upload.coverage, None | Some(Coverage::Bytes(_))) && !upload.check;
    let request = if is_ready {
        build(upload)
    } else {
        call.beside(OPERATION, move || build(upload)).await?
    };
    let request = request.map_err(|error| call.refuse(OPERATION, error))?;
    let expected = Expected::success("uploadCoverage");
    let expected = id.as_deref().map_or(expected, |id| expected.about("id", id));
    let uploaded = client
        .send(call, request)
        .await
        .and_then(|answer| expected.result(&answer));
    uploaded.map_err(|error| {
        error.settled_by(
            "look at the coverage in the review before uploading it again; the same file gives the same coverage",
        )
    })
}

fn build(upload: CoverageUpload) -> Result<Request, Error> {
    let kind = upload.kind.as_str();
    check_kind(kind)?;
    if upload.alt_manager_resolves_to.is_some() && kind != "altmanager" {
        return Err(Error::config("alt_manager_resolves_to: only with type='altmanager'"));
    }
    if upload.id.is_some() == upload.name.is_some() {
        return Err(Error::config(
            "id, name: exactly one of them says which review is meant",
        ));
    }
    let texts = [
        ("id", &upload.id),
        ("name", &upload.name),
        ("filename", &upload.filename),
        ("alt_manager_resolves_to", &upload.alt_manager_resolves_to),
    ];
    for (name, text) in texts {
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Err(Error::config(format!("{name}: must not be empty")));
        }
    }
    let target = command::target("uploadCoverage")
        .maybe("id", upload.id.as_deref())
        .maybe("name", upload.name.as_deref())
        .query("type", kind)
        .maybe("altManagerResolvesTo", upload.alt_manager_resolves_to.as_deref())
        .maybe("filename", upload.filename.as_deref());
    let request = Request::new(OPERATION, Method::POST, target, Effect::Unsafe);
    match (upload.coverage, upload.filename) {
        (Some(coverage), None) => {
            let kind = upload.check.then_some(kind);
            Ok(request.body(CONTENT_TYPE, body(coverage, kind)?))
        }
        (None, Some(_)) => Ok(request),
        _ => Err(Error::config(
            "coverage, filename: exactly one of them says what is uploaded",
        )),
    }
}

/// What is wrong with it.
///
/// # Errors
/// If it cannot be read, or rules cannot be written.
pub fn checked(coverage: &Coverage, kind: &str) -> Result<CoverageReport, Error> {
    check_kind(kind)?;
    match coverage {
        Coverage::Bytes(bytes) => Ok(check_coverage(bytes, kind)),
        Coverage::File(path) => check_file(&open(path)?.0, path, kind),
        Coverage::Rules(rules) => Ok(check_coverage(lines(rules)?.as_bytes(), kind)),
    }
}

fn open(path: &Path) -> Result<(File, Metadata), Error> {
    regular_file::open(path).map_err(|error| unreadable(path, &error))
}

fn check_file(mut file: &File, path: &Path, kind: &str) -> Result<CoverageReport, Error> {
    let mut data = Vec::new();
    file.read_to_end(&mut data).map_err(|error| unreadable(path, &error))?;
    Ok(check_coverage(&data, kind))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("coverage: cannot read {}: {error}", path.display()))
}

fn lines(rules: &[CoverageRule]) -> Result<String, Error> {
    let mut lines = String::new();
    for (index, rule) in rules.iter().enumerate() {
        let line = rule.line();
        let line = line.map_err(|error| Error::config(format!("coverage[{index}].{}", error.message())))?;
        if index > 0 {
            lines.push('\n');
        }
        lines.push_str(&line);
    }
    Ok(lines)
}

fn check_kind(kind: &str) -> Result<(), Error> {
    if matches!(kind, "monitor" | "reviewer" | "altmanager") {
        return Ok(());
    }
    Err(Error::config("type: must be 'monitor', 'reviewer' or 'altmanager'"))
}

/// What is sent. With the kind of the file, one in which errors are found is refused.
fn body(coverage: Coverage, checked_as: Option<&str>) -> Result<Body, Error> {
    let empty = || Err(Error::config("coverage: must not be empty"));
    let refuse = |report: CoverageReport| report.refuse();
    match coverage {
        Coverage::Bytes(bytes) if bytes.trim_ascii().is_empty() => empty(),
        Coverage::Bytes(bytes) => {
            checked_as.map_or(Ok(()), |kind| refuse(check_coverage(&bytes, kind)))?;
            Ok(Body::Bytes(bytes))
        }
        Coverage::File(path) => {
            // Opened once: the file that was looked at and checked is the one that is sent.
            let (file, found) = open(&path)?;
            if found.len() == 0 {
                return empty();
            }
            checked_as.map_or(Ok(()), |kind| check_file(&file, &path, kind).and_then(refuse))?;
            Ok(Body::File(Arc::new(file)))
        }
        Coverage::Rules(rules) if rules.is_empty() => empty(),
        Coverage::Rules(rules) => {
            let lines = lines(&rules)?;
            checked_as.map_or(Ok(()), |kind| refuse(check_coverage(lines.as_bytes(), kind)))?;
            Ok(Body::Bytes(lines.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(reviewer: &str, object_type: &str, objects: &str) -> CoverageRule {
        CoverageRule {
            reviewer: reviewer.into(),
            object_type: object_type.into(),
            objects: objects.into(),
            subjects: "1=1".into(),
            subject_type: "user".into(),
            privilege: String::new(),
        }
    }

    fn upload() -> CoverageUpload {
        CoverageUpload {
            coverage: Some(Coverage::Bytes("x".into())),
            kind: "reviewer".into(),
            id: Some("61".into()),
            ..CoverageUpload::default()
        }
    }

    #[test]
    fn the_documented_lines_come_out() {
        let rules = vec![
            rule("user_id='lbelkin'", "app-role", &equals("name", "Datadog").unwrap()),
            rule("user_id='mcastro'", "ent", &equals("name", "Dynatrace").unwrap()),
        ];
        let Body::Bytes(bytes) = body(Coverage::Rules(rules), None).unwrap() else {
            unreachable!()
        };
        assert_eq!(
            bytes,
            "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='mcastro'|user|1=1|ent|name='Dynatrace'|"
        );
    }

    #[test]
    fn what_would_break_a_line_is_refused() {
        for text in ["a|b", "a\rb", "a\nb", "a\0b", "a||b"] {
            assert!(rule(text, "ent", "1=1").line().is_err());
            assert!(rule("1=1", text, "1=1").line().is_err());
            assert!(rule("1=1", "ent", text).line().is_err());
            assert!(equals("name", text).is_err());
        }
        assert!(rule("", "ent", "1=1").line().is_err());
        assert!(rule("1=1", " ", "1=1").line().is_err());
        let error = body(
            Coverage::Rules(vec![rule("1=1", "ent", "1=1"), rule("a|b", "ent", "1=1")]),
            None,
        )
        .unwrap_err();
        assert!(
            error.message().starts_with("coverage[1].reviewer: holds '|'"),
            "{error}"
        );
    }

    #[test]
    fn columns_are_names() {
        for column in ["user_id", "u.name", "CAS$1", "x#"] {
            assert!(equals(column, "v").is_ok(), "{column}");
        }
        for column in ["", "1a", "a b", "a'", "a=1 or b", "näme", ".a"] {
            assert!(equals(column, "v").is_err(), "{column}");
        }
        assert_eq!(
            equals("name", "O'Neil' or '1'='1").unwrap(),
            "name='O''Neil'' or ''1''=''1'"
        );
    }

    #[test]
    fn arguments_must_fit_together() {
        assert!(build(upload()).is_ok());
        let wrong: [fn(&mut CoverageUpload); 9] = [
            |u| u.kind = "owner".into(),
            |u| u.id = None,
            |u| u.name = Some("x".into()),
            |u| u.id = Some(String::new()),
            |u| u.filename = Some("x".into()),
            |u| u.coverage = None,
            |u| u.alt_manager_resolves_to = Some("email".into()),
            |u| u.coverage = Some(Coverage::Bytes(" \n".into())),
            |u| u.coverage = Some(Coverage::Rules(Vec::new())),
        ];
        for change in wrong {
            let mut upload = upload();
            change(&mut upload);
            assert!(build(upload).is_err());
        }
        let request = build(CoverageUpload {
            coverage: None,
            kind: "altmanager".into(),
            name: Some("Azure Role #3-1".into()),
            filename: Some("alt.txt".into()),
            alt_manager_resolves_to: Some("email".into()),
            ..CoverageUpload::default()
        });
        assert_eq!(
            request.unwrap().target.sent(),
            "/aveksa/command.submit?cmd=uploadCoverage&format=json&name=Azure%20Role%20%233-1&type=altmanager&altManagerResolvesTo=email&filename=alt.txt"
        );
    }

    proptest! {
        #[test]
        fn a_line_is_read_back_or_refused(fields in prop::collection::vec("[a-z='|\\r\\n\0 \u{e4}]{0,6}", 6)) {
            let [reviewer, subject_type, subjects, object_type, objects, privilege] = fields.as_slice() else {
                unreachable!()
            };
            let line = CoverageRule {
                reviewer: reviewer.clone(),
                object_type: object_type.clone(),
                objects: objects.clone(),
                subjects: subjects.clone(),
                subject_type: subject_type.clone(),
                privilege: privilege.clone(),
            }
            .line();
            let is_blank = reviewer.trim().is_empty() || object_type.trim().is_empty();
            if is_blank || fields.iter().any(|field| field.contains(['|', '\r', '\n', '\0'])) {
                prop_assert!(line.is_err());
            } else {
                prop_assert!(line.unwrap().split('|').eq(fields.iter().map(String::as_str)));
            }
        }

        #[test]
        fn a_value_stays_inside_its_quotes(value in "[^|\r\n\0]*") {
            let text = equals("c", &value).unwrap();
            let inner = text.strip_prefix("c='").and_then(|rest| rest.strip_suffix('\'')).unwrap();
            prop_assert_eq!(inner.replace("''", ""), value.replace('\'', ""));
            prop_assert_eq!(inner.matches('\'').count(), 2 * value.matches('\'').count());
        }
    }
}
