//! A few texts of one record in one piece of memory, any of which may be missing.

use std::borrow::Cow;

/// The texts, one after the other.
pub struct Texts<const N: usize> {
    all: Box<str>,
    ends: [u32; N],
    present: u16,
}

impl<const N: usize> Texts<N> {
    /// None if they are too large. At most 16 texts can be told apart.
    pub fn of(texts: &[Option<Cow<'_, str>>; N]) -> Option<Self> {
        let length = texts.iter().flatten().map(|text| text.len()).sum();
        let mut all = String::with_capacity(length);
        let (mut ends, mut present) = ([0; N], 0);
        for (index, (end, text)) in ends.iter_mut().zip(texts).enumerate() {
            if let Some(text) = text {
                all.push_str(text);
                present |= 1 << index;
            }
            *end = u32::try_from(all.len()).ok()?;
        }
        Some(Self {
            all: all.into_boxed_str(),
            ends,
            present,
        })
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&str> {
        if self.present >> index & 1 == 0 {
            return None;
        }
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before));
        let (start, end) = (start.copied().unwrap_or(0), self.ends.get(index).copied()?);
        self.all.get(start as usize..end as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out() {
        let texts = Texts::of(&[Some("".into()), None, Some("é".into()), Some("ab".into()), None]).unwrap();
        let found: Vec<_> = (0..5).map(|index| texts.get(index)).collect();
        assert_eq!(found, [Some(""), None, Some("é"), Some("ab"), None]);
    }
}
