//! What other harnesses of this workspace share with the load generator: plots, and the machine that was measured.

pub mod machine;
pub mod plot;
