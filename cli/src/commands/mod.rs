//! One file a command: its arguments, and what it does.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod documentation;
pub(crate) mod hook;
pub(crate) mod hook_setup;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod shell_init;
pub(crate) mod spool;
pub(crate) mod tail;
