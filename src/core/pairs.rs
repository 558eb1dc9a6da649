//! A small cache by short texts: of those that belong together the last two are there.

/// Values by their texts, in `N` slots; `N` is even.
pub struct Pairs<T, const N: usize>([Option<(Box<str>, T)>; N]);

impl<T, const N: usize> Pairs<T, N> {
    /// With nothing in it.
    pub const EMPTY: Self = Self([const { None }; N]);

    /// In which slot the value of a text is.
    pub fn find(&self, text: &str) -> Option<usize> {
        let at = Self::first_of(text);
        let is_of = |slot: &usize| self.get(*slot).is_some_and(|(known, _)| known == text);
        [at, at + 1].into_iter().find(is_of)
    }

    /// What is in a slot.
    pub fn get(&self, slot: usize) -> Option<(&str, &T)> {
        let (text, value) = self.0.get(slot)?.as_ref()?;
        Some((text, value))
    }

    /// The value in a slot.
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.0.get_mut(slot)?.as_mut().map(|(_, value)| value)
    }

    /// Keeps a value, and gives its slot.
    pub fn put(&mut self, text: &str, value: T) -> usize {
        let at = Self::first_of(text);
        self.0.swap(at, at + 1);
        if let Some(slot) = self.0.get_mut(at) {
            *slot = Some((text.into(), value));
        }
        at
    }

    fn first_of(text: &str) -> usize {
        (hash(text) % N) & !1
    }
}

/// Of the length, the first and the last eight bytes; it only has to tell the names of one product apart.
fn hash(text: &str) -> usize {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .take(8)
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
    };
    let bytes = text.as_bytes();
    let last = bytes.get(bytes.len().saturating_sub(8)..).unwrap_or_default();
    let mixed = (word(bytes) ^ word(last).rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_two_that_came_are_there(texts in prop::collection::vec("[a-z_]{0,20}", 2..40)) {
            let mut pairs = Pairs::<String, 4>::EMPTY;
            let mut former: Option<&String> = None;
            for text in &texts {
                if pairs.find(text).is_none() {
                    let slot = pairs.put(text, text.clone());
                    prop_assert_eq!(pairs.get(slot), Some((text.as_str(), text)));
                    for one in former.into_iter().chain([text]) {
                        let found = pairs.find(one).and_then(|slot| pairs.get_mut(slot).cloned());
                        prop_assert_eq!(found.as_ref(), Some(one));
                    }
                    former = Some(text);
                }
            }
        }
    }
}
