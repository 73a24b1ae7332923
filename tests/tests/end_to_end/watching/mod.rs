//! What an operator sees: the counters, what Prometheus makes of them, and the log.

mod counters;
mod logging;
mod prometheus;
