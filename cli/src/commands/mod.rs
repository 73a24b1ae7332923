//! One file a command: its arguments, and what it does.

pub(crate) mod config;
pub(crate) mod documentation;
pub(crate) mod hook;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod spool;
