//! Conditional requests (RFC 9110, section 13): whether the client has the newest already.

/// The entity tag of what has this SHA-256.
pub(super) fn etag_of(hash: &[u8; 32]) -> String {
    format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|index| hash[index])))
}

/// Whether an `If-None-Match` value names this entity tag (RFC 9110, section 13.1.2: weak comparison).
pub(super) fn names_etag(known: &[u8], etag: &str) -> bool {
    std::str::from_utf8(known).is_ok_and(|known| {
        known.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_found_in_a_list_and_behind_a_weak_mark() {
        assert!(names_etag(b"\"a\", W/\"b\"", "\"b\""));
        assert!(names_etag(b"*", "\"b\""));
        assert!(!names_etag(b"\"bb\"", "\"b\""));
    }
}
