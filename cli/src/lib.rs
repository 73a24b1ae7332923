//! The command line of NotifyHub: `notifyhub` with its subcommands, and `notifyhub-push`, which is `notifyhub push` as a
//! program of its own.
//!
//! # Layout
//! - `programs`: the two command lines, and which command they lead to.
//! - `commands`: one file a command: its arguments, and what it does.
//! - `context`: what a command knows of its program.
//! - `configuration`: what is always the same on this machine: the file and the environment.
//! - `hub`: reaching the hub: its address, patience, and errors told to people.
//! - `agent_hooks`: the settings of coding agents that have them report.
//! - `new_file`: a file that takes another's place in one step.
//! - `origin`: the project, its branch and the machine.
//! - `signals`: which of them are to be ignored.
//! - `spool`: what could not be delivered yet.
//! - `terminal`: what is printed.
//! - `values`: what the values of options are read with.

mod agent_hooks;
mod commands;
mod configuration;
mod context;
mod hub;
mod new_file;
mod origin;
mod programs;
mod signals;
mod spool;
mod terminal;
mod values;

pub use programs::{notifyhub, notifyhub_push};

/// What was wrong with how a program was called, and what would be right.
type Misuse = String;
