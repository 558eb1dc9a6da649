//! What two texts have in common. Eight bytes are compared at once.

/// What two texts do not have in common beside their beginning and their end: where it begins, what of the last one is
/// left out, and what of the text stands there instead.
pub(super) fn unlike<'l, 't>(last: &'l [u8], text: &'t [u8]) -> (usize, &'l [u8], &'t [u8]) {
    let begin = shared_begin(last, text);
    let last = last.get(begin..).unwrap_or_default();
    let text = text.get(begin..).unwrap_or_default();
    let end = shared_end(last, text);
    let own = |text: &'_ [u8]| text.len() - end;
    (
        begin,
        last.get(..own(last)).unwrap_or_default(),
        text.get(..own(text)).unwrap_or_default(),
    )
}

/// How many bytes two texts have in common at their beginning.
fn shared_begin(one: &[u8], other: &[u8]) -> usize {
    let length = one.len().min(other.len());
    let (one, other) = (one.get(..length), other.get(..length));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let mut at = 0;
    for (one, other) in one.as_chunks().0.iter().zip(other.as_chunks().0) {
        let unlike = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if unlike != 0 {
            return at + unlike.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let unlike = match (one.last_chunk(), other.last_chunk()) {
        // They may overlap what is known to be alike.
        (Some(one), Some(other)) => (u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other), length - 8),
        _ => (word_of(one) ^ word_of(other), 0),
    };
    match unlike {
        (0, _) => length,
        (unlike, at) => at + unlike.trailing_zeros() as usize / 8,
    }
}

/// The same at their end.
fn shared_end(one: &[u8], other: &[u8]) -> usize {
    let length = one.len().min(other.len());
    let (one, other) = (one.get(one.len() - length..), other.get(other.len() - length..));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let mut at = 0;
    for (one, other) in one.as_rchunks().1.iter().rev().zip(other.as_rchunks().1.iter().rev()) {
        let unlike = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if unlike != 0 {
            return at + unlike.leading_zeros() as usize / 8;
        }
        at += 8;
    }
    let unlike = match (one.first_chunk(), other.first_chunk()) {
        (Some(one), Some(other)) => (u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other), 8),
        _ => (word_of(one) ^ word_of(other), length),
    };
    match unlike {
        (0, _) => length,
        (unlike, end) => length - end + (unlike << (64 - 8 * end)).leading_zeros() as usize / 8,
    }
}

/// Fewer than eight bytes as a number, the first one lowest.
fn word_of(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4))
        }
        _ => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shared_is_what_is_alike_one_by_one(one in "[ab\0]{0,40}", other in "[ab\0]{0,40}", middle in "[ab]{0,3}") {
            for (one, other) in [(one.clone(), other.clone()), (format!("{one}{middle}{other}"), format!("{one}{other}"))] {
                let (one, other) = (one.as_bytes(), other.as_bytes());
                let begin = one.iter().zip(other).take_while(|(a, b)| a == b).count();
                let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
                prop_assert_eq!((shared_begin(one, other), shared_end(one, other)), (begin, end));
            }
        }
    }
}
