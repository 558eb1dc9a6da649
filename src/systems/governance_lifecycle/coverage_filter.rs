//! What can be told of a condition of a coverage line without knowing the server's database: quotes, parentheses, and
//! what never belongs into one.

use super::coverage_check::Findings;

const OPERATORS: [&str; 7] = ["like", "in", "is", "between", "exists", "not", "regexp_like"];
const QUOTE_FIX: &str = "double a quote that belongs to a value, as in name='O''Neil'";

/// Checks one condition that begins at this column.
pub(super) fn check_filter(found: &mut Findings, text: &str, column: usize) {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let mut open = Vec::new();
    let (mut has_operator, mut index) = (false, 0);
    while let Some(character) = at(index) {
        let here = column + index;
        let next = at(index + 1);
        match character {
            '\'' => {
                let Some(end) = closing(&characters, index) else {
                    return found.error(here, "this quote is not closed", QUOTE_FIX);
                };
                if at(end + 1).is_some_and(char::is_alphanumeric) {
                    return found.error(column + end, "the text goes on after its closing quote", QUOTE_FIX);
                }
                index = end;
            }
            '"' => match characters.iter().skip(index + 1).position(|c| *c == '"') {
                Some(length) => index += length + 1,
                None => return found.error(here, "this quote is not closed", "close it, or take it out"),
            },
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '`' | '\u{b4}' => {
                let problem = format!("{character} is no quote of SQL");
                return found.error(here, problem, "write ' around texts");
            }
            ';' => return found.error(here, "; ends a statement", "a line holds one condition: take it out"),
            '-' | '/' if (character, next) == ('-', Some('-')) || (character, next) == ('/', Some('*')) => {
                return found.error(
                    here,
                    "a comment begins here",
                    "take it out: the server adds to the condition",
                );
            }
            '=' if next == Some('=') => return found.error(here, "== is no operator of SQL", "write ="),
            '&' if next == Some('&') => return found.error(here, "&& is no operator of SQL", "write and"),
            '(' => open.push(here),
            ')' if open.pop().is_none() => {
                return found.error(
                    here,
                    "no parenthesis is open here",
                    "open it before, or take this one out",
                );
            }
            '=' | '<' | '>' => {
                has_operator = true;
                check_bare_text(found, &characters, index, column);
            }
            first if first.is_alphabetic() => {
                let word = word_from(&characters, index);
                has_operator = has_operator || OPERATORS.contains(&word.to_lowercase().as_str());
                index += word.chars().count() - 1;
            }
            _ => {}
        }
        index += 1;
    }
    if let Some(here) = open.pop() {
        found.error(here, "this parenthesis is not closed", "close it, or take it out");
    }
    if !has_operator {
        let problem = format!("{:?} compares nothing", text.trim());
        found.error(
            column,
            problem,
            "write a condition such as user_id='jdoe'; 1=1 stands for all",
        );
    }
}

/// Where the text ends whose quote is opened here; doubled quotes belong to it.
fn closing(characters: &[char], open: usize) -> Option<usize> {
    let mut index = open + 1;
    loop {
        if *characters.get(index)? != '\'' {
            index += 1;
        } else if characters.get(index + 1) == Some(&'\'') {
            index += 2;
        } else {
            return Some(index);
        }
    }
}

fn word_from(characters: &[char], index: usize) -> String {
    let of_word = |c: &&char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '#' | '@');
    characters.iter().skip(index).take_while(of_word).collect()
}

/// A word right of an operator is the name of a column, or a text whose quotes were forgotten.
fn check_bare_text(found: &mut Findings, characters: &[char], operator: usize, column: usize) {
    let blanks = characters
        .iter()
        .skip(operator + 1)
        .take_while(|c| c.is_whitespace())
        .count();
    let begin = operator + 1 + blanks;
    let word = word_from(characters, begin);
    let is_function = characters.get(begin + word.chars().count()) == Some(&'(');
    if word.starts_with(char::is_alphabetic) && !is_function {
        found.warning(
            column + begin,
            format!("{word} is not quoted, so it is the name of a column"),
            "write quotes around a text: user_id='jdoe'",
        );
    }
}
