//! The name that was meant by a name that does not exist.

/// The closest of the names, if it is close enough to be a slip.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = |text: &str| -> Vec<char> { text.to_lowercase().replace('-', "_").chars().collect() };
    let wanted = folded(name);
    names
        .into_iter()
        .map(|known| (distance(&wanted, &folded(known)), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= wanted.len().max(3) / 3)
        .map(|(_, known)| known)
}

/// A question that may follow an error, or nothing.
pub fn question<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, names).map_or_else(String::new, |known| format!("; did you mean {known}?"))
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left = None;
    for (row, x) in a.iter().enumerate() {
        let mut now = vec![row + 1];
        let mut above = None;
        for (column, y) in b.iter().enumerate() {
            let at = |costs: &[usize], index: usize| costs.get(index).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, column) + usize::from(x != y);
            let mut cost = changed.min(at(&last, column + 1) + 1).min(at(&now, column) + 1);
            if left == Some(y) && above == Some(x) && column > 0 {
                cost = cost.min(at(&before_last, column - 1) + 1);
            }
            now.push(cost);
            above = Some(y);
        }
        before_last = std::mem::replace(&mut last, now);
        left = Some(x);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slips_are_understood_and_guesses_not_made() {
        let names = ["url", "timeout", "access_key", "ca_file"];
        for (name, meant) in [
            ("tiemout", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("access-key", Some("access_key")),
            ("accesskey", Some("access_key")),
            ("ca_fiel", Some("ca_file")),
            ("uri", Some("url")),
            ("verify", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), meant, "{name}");
        }
        assert_eq!(question("tiemout", names), "; did you mean timeout?");
        assert_eq!(question("verify", names), "");
    }

    proptest! {
        #[test]
        fn one_slip_is_a_distance_of_one(word in "[a-z_]{2,12}", at in 0..11_usize, letter in "[0-9]") {
            let word: Vec<char> = word.chars().collect();
            let at = at % (word.len() - 1);
            let letter = letter.chars().next().unwrap();
            let mut swapped = word.clone();
            swapped.swap(at, at + 1);
            let mut longer = word.clone();
            longer.insert(at, letter);
            let mut changed = word.clone();
            changed[at] = letter;
            prop_assert_eq!(distance(&word, &word), 0);
            prop_assert!(distance(&word, &swapped) <= 1);
            prop_assert_eq!(distance(&word, &longer), 1);
            prop_assert_eq!(distance(&longer, &word), 1);
            prop_assert_eq!(distance(&word, &changed), 1);
        }
    }
}
