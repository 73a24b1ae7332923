//! The client that progenitor generates from `openapi.json` at each build: one method for each operation,
//! named after its `operationId`. Nothing here is written by hand.
#![allow(missing_docs, unused_imports, unreachable_pub, clippy::all, clippy::pedantic)]

progenitor::generate_api!(spec = "../openapi.json", interface = Builder, tags = Merged);
