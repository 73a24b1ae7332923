//! What people do with `notifyhub` at a terminal, beside posting: reading along, setting up agents and shells, and looking
//! for what is wrong.

mod doctor;
mod hook_setup;
mod shells;
mod tail;
