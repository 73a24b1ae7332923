//! Encoding one event, once for all subscribers.
fn main() {}
