//! The HTTP surface: REST, the event stream, the specification and Swagger UI, the page. Here requests become calls of
//! the feed, and errors become answers; nothing below knows HTTP.
//!
//! # Layout
//! - `router`: everything the hub answers. `specification`: what the generated one lacks.
//! - `context`: what the endpoints share. `error`: the one error type. `body`: request and response bodies.
//! - `conditional`: `ETag` and `If-None-Match`.
//! - `notifications`, `filters`, `keys`, `read`, `events`, `push`, `status`: the operations, by what they are about.
//! - `page`: the page's files.
//! - `ingest`: what other senders post. `outcome`: that is carried out; `agents`: of coding agents, in its order.
//! - `middleware`: one concern a file.

mod agents;
mod body;
mod conditional;
mod context;
mod error;
mod events;
mod filters;
mod ingest;
mod keys;
pub mod middleware;
mod notifications;
mod outcome;
mod page;
mod push;
mod read;
mod router;
mod specification;
mod status;

pub use self::{
    agents::start as agents,
    context::{Context, Guards},
    page::is_built as page_is_built,
    router::{endpoint, spec},
};
