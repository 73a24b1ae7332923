//! What applies to every request, one concern a file.

pub(super) mod security_headers;
