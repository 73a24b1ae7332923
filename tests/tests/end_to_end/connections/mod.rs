//! Sockets: limits, slow and dead peers, running out of file descriptors, inherited sockets.

mod addresses;
mod deadlines;
mod descriptors;
mod inherited;
mod limits;
mod stalled;
