//! The SDK's event stream: endless to its user, without loss and without duplicates, however often the
//! connection beneath it breaks.

mod made_up;
mod resuming;
