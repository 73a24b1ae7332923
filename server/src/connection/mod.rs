//! Sockets: accepting them within limits, speaking HTTP over them, and writing event streams to them.
//!
//! # Layout
//! - [`listen`]: makes or inherits the listening sockets.
//! - [`accept`]: the accept loop, its limits and its back-off.
//! - `limiter`: how many connections may be open at a time.
//! - `http1`: one connection under hyper, until it ends or becomes an event stream.
//! - `https`, [`tls`]: encrypted connections, and what they are encrypted with.
//! - `http2`: many streams on one connection.
//! - `respond`: what every version of HTTP does with a request.
//! - `hand_off`: the socket as hyper sees it, and its way out of hyper.
//! - `linger`: the end of a connection that is not a stream.
//! - `ending`: why a stream under hyper ends.
//! - `settings`: what every connection is governed by.
//! - `stream`: an event stream that has left hyper, while it has something of its own to send.
//! - [`fan_out`]: the streams that are up to date: each frame to all of their sockets in a row.
//! - `body`: an event stream as an ordinary body, for connections that cannot leave hyper (HTTP/1.0, HTTP/2, TLS).

pub mod accept;
mod body;
mod ending;
pub mod fan_out;
mod hand_off;
mod http1;
mod http2;
mod https;
mod limiter;
mod linger;
pub mod listen;
mod respond;
mod settings;
mod stream;
pub mod tls;

pub use self::{
    respond::Shared,
    settings::{Limits, Settings},
};
