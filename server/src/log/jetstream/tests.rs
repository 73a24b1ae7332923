//! What the stream's messages come to: a hub that reads them late, when some were compacted and some cleared away, holds the
//! same as one that has read all of them. No broker: the stream is as the engine keeps it, in a few lines.
