//! What the SDK receives: the bytes of an event stream, in whatever pieces.

use bytes::Bytes;
use notifyhub_sdk::subscription::events_in;
use tokio::runtime::Builder;

/// The events do not depend on the pieces. The first byte says how long the pieces are.
pub fn event_stream(data: &[u8]) {
    let Some((&length, stream)) = data.split_first() else { return };
    let whole = vec![Bytes::copy_from_slice(stream)];
    let pieces = stream.chunks(usize::from(length % 32) + 1).map(Bytes::copy_from_slice).collect();
    let runtime = Builder::new_current_thread().build().unwrap();
    let (in_one, in_pieces) = runtime.block_on(async { (events_in(whole).await, events_in(pieces).await) });
    assert_eq!(in_one, in_pieces);
}
