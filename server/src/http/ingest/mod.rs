//! What other senders post, one inlet a file.

pub(super) mod notify;
