//! How deep may JSON be nested? What an answer holds is kept as it came and read when it is looked at, by a parser that
//! goes 127 levels deep; a pickle may add one. Deeper answers are refused before they are kept.

/// Far more than any answer of these products has.
pub const DEPTH_MAX: usize = 100;

/// Whether arrays and objects stand deeper in each other than [`DEPTH_MAX`]. Says nothing of what is no JSON.
pub fn is_too_deep(json: &[u8]) -> bool {
    // Too few brackets to be deep: counted without looking where they stand, which is much quicker.
    if openings(json) <= DEPTH_MAX {
        return false;
    }
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// In a form that compilers turn into steps of many bytes.
fn openings(json: &[u8]) -> usize {
    let in_chunk = |chunk: &[u8]| {
        let count = |count: u8, byte: &u8| count.wrapping_add(u8::from(matches!(byte, b'[' | b'{')));
        usize::from(chunk.iter().fold(0, count))
    };
    json.chunks(usize::from(u8::MAX)).map(in_chunk).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_where_they_nest() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(DEPTH_MAX).as_bytes()));
        assert!(is_too_deep(nested(DEPTH_MAX + 1).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(DEPTH_MAX + 1).as_bytes()));
        assert_eq!(openings("[{\"}]".repeat(1000).as_bytes()), 2000);
        assert!(!is_too_deep("[],{},".repeat(1000).as_bytes()));
        assert!(!is_too_deep(format!("\"\\\"{}\"", "[".repeat(1000)).as_bytes()));
        assert!(is_too_deep(format!("\"\\\\\"{}", "[".repeat(1000)).as_bytes()));
    }
}
