//! Many things that are wrong with one argument, found one by one and told at once.

use super::error::Error;

/// So many are told; the rest is counted.
const SHOWN: usize = 20;

/// What is wrong.
#[derive(Debug, Default)]
pub struct Problems {
    shown: Vec<String>,
    count: usize,
}

impl Problems {
    /// Adds one, with its place.
    pub fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.shown.len() < SHOWN {
            self.shown.push(problem());
        }
        self.count += 1;
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// One line for all of them: the problem itself if there is one, otherwise how many of how many `things` are wrong.
    /// None if nothing is.
    pub fn message(&self, of: usize, things: &str) -> Option<String> {
        match self.shown.as_slice() {
            [] => None,
            [only] if self.count == 1 => Some(only.clone()),
            shown => {
                let mut message = format!("{} of {of} {things} can't be used: {}", self.count, shown.join("; "));
                if self.count > shown.len() {
                    message.push_str(&format!("; and {} more", self.count - shown.len()));
                }
                Some(message)
            }
        }
    }

    /// The same as an error.
    ///
    /// # Errors
    /// If there is any.
    pub fn refuse(&self, of: usize, things: &str) -> Result<(), Error> {
        self.message(of, things)
            .map_or(Ok(()), |message| Err(Error::config(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_some_are_told() {
        let mut problems = Problems::default();
        assert!(problems.refuse(9, "changes").is_ok());
        problems.add(|| "changes[3].state: must not be empty".to_owned());
        assert_eq!(
            problems.refuse(9, "changes").unwrap_err().message(),
            "changes[3].state: must not be empty"
        );
        problems.add(|| "changes[5].state: must not be empty".to_owned());
        assert_eq!(
            problems.message(9, "changes").unwrap(),
            "2 of 9 changes can't be used: changes[3].state: must not be empty; changes[5].state: must not be empty"
        );
        for number in 0..30 {
            problems.add(|| format!("x{number}"));
        }
        let message = problems.message(99, "changes").unwrap();
        assert!(message.starts_with("32 of 99 changes"));
        assert!(message.ends_with("; x17; and 12 more"), "{message}");
    }
}
