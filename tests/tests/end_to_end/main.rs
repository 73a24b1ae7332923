//! End-to-end tests: the hub, the SDK and the command line as their users have them, over real sockets and
//! real processes on this machine only.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod command_line;
mod connections;
mod deploying;
mod deploying_hubs;
mod documents;
mod durability;
mod encrypted;
mod guards;
mod hostile;
mod illness;
mod inlets;
mod maintenance;
mod push;
mod recipes;
mod rest;
mod reverse_proxies;
mod schemathesis;
mod sdk;
mod shutdown;
mod startup;
mod stream;
mod terminal;
mod third_party;
mod upgrading;
mod watching;
mod web_push;
