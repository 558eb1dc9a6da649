//! What is wrong with a coverage file, found before it is uploaded: the server tells little, and runs the conditions as
//! SQL. What is known of the format is in `coverage.rs`; where nothing is documented, a warning says so.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::coverage_filter::check_filter;
use crate::core::error::Error;
use crate::core::problems::Problems;

/// So many problems are listed; the rest is counted.
const LISTED: usize = 1000;
/// A title of the vendor's knowledge base says that files with more items were not imported.
const RULES_MAX: usize = 10_000;
/// A title of the vendor's knowledge base tells of a database column that was too short for a longer type.
const TYPE_LENGTH_MAX: usize = 30;
const FIELDS: [&str; 6] = [
    "reviewer",
    "subject_type",
    "subjects",
    "object_type",
    "objects",
    "privilege",
];
/// `review` and `signoff` for reviewers, the others for monitors.
const PRIVILEGES: [&str; 5] = ["", "review", "signoff", "write_access", "admin"];

/// One thing that is wrong, or looks wrong.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct CoverageProblem {
    /// Counts from 1.
    pub line: i64,
    /// In characters, counts from 1.
    pub column: i64,
    /// The field of the line, by the name that a rule has for it; None if it is about the line or the file.
    pub field: Option<String>,
    /// `error`, or `warning` for what may be meant.
    pub severity: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

crate::fields!(CoverageProblem {
    line,
    column,
    field,
    severity,
    problem,
    fix
});

impl CoverageProblem {
    /// One line for people.
    pub fn text(&self) -> String {
        let field = self
            .field
            .as_ref()
            .map(|field| format!(" ({field})"))
            .unwrap_or_default();
        format!(
            "line {}, column {}{field}: {}: {}; {}",
            self.line, self.column, self.severity, self.problem, self.fix
        )
    }
}

/// What was found in a coverage file.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoverageReport {
    /// Whether there is no error; there may be warnings.
    pub ok: bool,
    /// Lines that hold a rule.
    pub rules: i64,
    /// How many errors there are.
    pub errors: i64,
    /// How many warnings there are.
    pub warnings: i64,
    /// The first 1000 problems, in the order of the lines.
    pub problems: Vec<CoverageProblem>,
}

crate::fields!(CoverageReport {
    ok,
    rules,
    errors,
    warnings,
    problems
});

impl CoverageReport {
    /// Refuses to upload what has errors.
    ///
    /// # Errors
    /// If it has any.
    pub fn refuse(&self) -> Result<(), Error> {
        let mut problems = Problems::default();
        for problem in self.problems.iter().filter(|problem| problem.severity == "error") {
            problems.add(|| problem.text());
        }
        let of = usize::try_from(self.rules).unwrap_or_default();
        match problems.message(of, "lines") {
            None => Ok(()),
            Some(told) => {
                let told = Error::config(format!("coverage: {told}"));
                Err(told.with_hint("check_coverage gives all problems; check=False sends the file as it is"))
            }
        }
    }
}

/// A place in the file, and what is found there.
pub(super) struct Findings {
    report: CoverageReport,
    line: usize,
    field: Option<&'static str>,
}

impl Findings {
    fn add(&mut self, severity: &str, column: usize, problem: String, fix: &str) {
        let count = match severity {
            "error" => &mut self.report.errors,
            _ => &mut self.report.warnings,
        };
        *count += 1;
        if self.report.problems.len() < LISTED {
            self.report.problems.push(CoverageProblem {
                line: number(self.line),
                column: number(column),
                field: self.field.map(str::to_owned),
                severity: severity.to_owned(),
                problem,
                fix: fix.to_owned(),
            });
        }
    }

    pub(super) fn error(&mut self, column: usize, problem: impl Into<String>, fix: &str) {
        self.add("error", column, problem.into(), fix);
    }

    pub(super) fn warning(&mut self, column: usize, problem: impl Into<String>, fix: &str) {
        self.add("warning", column, problem.into(), fix);
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Checks a file for this kind of upload: `reviewer`, `monitor` or `altmanager`, the layout of which is not public.
pub fn check_coverage(data: &[u8], kind: &str) -> CoverageReport {
    let mut found = Findings {
        report: CoverageReport::default(),
        line: 1,
        field: None,
    };
    let unmarked = data.strip_prefix("\u{feff}".as_bytes());
    if unmarked.is_some() {
        found.error(
            1,
            "the file begins with a byte order mark",
            "save it as UTF-8 without one, or it becomes part of the first condition",
        );
    }
    let lines = unmarked.unwrap_or(data).split(|byte| *byte == b'\n');
    let hasher = RandomState::new();
    let mut first_of: HashMap<u64, usize> = HashMap::new();
    let mut is_crlf_told = false;
    for (index, bytes) in lines.enumerate() {
        (found.line, found.field) = (index + 1, None);
        let text = decoded(&mut found, bytes);
        let line = text.strip_suffix('\r').unwrap_or(&text);
        if line.len() < text.len() && !is_crlf_told {
            is_crlf_told = true;
            found.warning(
                line.chars().count() + 1,
                "lines end with CR LF",
                "save the file with LF alone: only that is documented, and a CR would be part of the last field",
            );
        }
        if line.trim().is_empty() {
            continue;
        }
        found.report.rules += 1;
        if kind == "altmanager" {
            continue;
        }
        check_line(&mut found, line);
        let first = *first_of.entry(hasher.hash_one(line)).or_insert(index + 1);
        if first <= index {
            found.field = None;
            found.warning(1, format!("the same as line {first}"), "leave one of them out");
        }
    }
    found.field = None;
    if found.report.rules == 0 {
        found.line = 1;
        found.error(1, "there are no lines in it", "an empty file covers nothing");
    }
    if usize::try_from(found.report.rules).is_ok_and(|rules| rules > RULES_MAX) {
        found.warning(
            1,
            format!("there are {} lines in it", found.report.rules),
            "old versions are said not to import more than 10000: look afterwards whether all are there",
        );
    }
    found.report.ok = found.report.errors == 0;
    found.report
}

fn decoded(found: &mut Findings, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(wrong) => {
            let before = bytes.get(..wrong.valid_up_to()).unwrap_or_default();
            found.error(
                String::from_utf8_lossy(before).chars().count() + 1,
                "this is no UTF-8",
                "save the file as UTF-8; Excel and older editors write cp1252",
            );
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

fn check_line(found: &mut Findings, line: &str) {
    for (at, character) in (1..).zip(line.chars()) {
        if character.is_control() && character != '\t' {
            let problem = format!("holds the control character U+{:04X}", u32::from(character));
            found.error(at, problem, "take it out");
            return;
        }
    }
    let fields: Vec<&str> = line.split('|').collect();
    let length = line.chars().count();
    let seventh: usize = fields
        .iter()
        .take(FIELDS.len())
        .map(|field| field.chars().count() + 1)
        .sum();
    let problem = format!("has {} fields instead of 6", fields.len());
    match fields.len() {
        6 => {}
        5 => {
            return found.error(
                length + 1,
                problem,
                "an empty privilege needs the | before it all the same",
            );
        }
        // Each joined line has five separators of its own.
        joined if joined > 6 && (joined - 1).is_multiple_of(5) => {
            let fix = "several lines seem to have been joined; curl does that with -d, and not with --data-binary";
            return found.error(seventh, problem, fix);
        }
        more if more > 6 => {
            let fix = "there is no escape for |: in a condition, write || as CONCAT(a, b)";
            return found.error(seventh, problem, fix);
        }
        _ => {
            let fix = "write reviewer|subject type|subjects|object type|objects|privilege";
            return found.error(length + 1, problem, fix);
        }
    }
    let mut column = 1;
    for (name, field) in FIELDS.into_iter().zip(fields) {
        found.field = Some(name);
        check_field(found, name, field, column);
        column += field.chars().count() + 1;
    }
}

fn check_field(found: &mut Findings, name: &str, field: &str, column: usize) {
    let word = field.trim();
    match name {
        "privilege" => {
            if PRIVILEGES.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                if !PRIVILEGES.contains(&field) {
                    found.warning(
                        column,
                        format!("{field:?}"),
                        "write it in lower case, without blanks around it",
                    );
                }
            } else {
                found.error(
                    column,
                    format!("{field:?} is no privilege"),
                    "known are review and signoff, for monitors write_access and admin, or nothing",
                );
            }
        }
        "subject_type" | "object_type" => check_type(found, name, field, column),
        _ if word.is_empty() => found.error(column, "the condition is empty", "1=1 stands for all"),
        _ => check_filter(found, field, column),
    }
}

fn check_type(found: &mut Findings, name: &str, field: &str, column: usize) {
    let example = if name == "subject_type" {
        "user"
    } else {
        "app-role or ent"
    };
    let fix = format!("write a type such as {example}");
    let word = field.trim();
    if word.is_empty() {
        return found.error(column, "the type is empty", &fix);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(at) = word.chars().position(|c| !is_word(c)) {
        return found.error(column + at, format!("{word:?} is no type"), &fix);
    }
    if word.len() > TYPE_LENGTH_MAX {
        found.warning(column, "the type is longer than any that is known", &fix);
    }
    if word.len() < field.len() {
        found.warning(column, format!("{field:?}"), "write it without blanks around it");
    }
    if name == "subject_type" && word != "user" {
        found.warning(
            column,
            format!("{word:?}"),
            "user is the only type of subjects that is documented",
        );
    }
}

#[cfg(test)]
#[path = "coverage_check_tests.rs"]
mod tests;
