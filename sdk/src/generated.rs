//! The client that progenitor generates from `openapi.json` at each build: one method for each operation,
//! named after its `operationId`. Nothing here is written by hand.
#![allow(missing_docs, unused_imports, unreachable_pub, clippy::all, clippy::pedantic)]

progenitor::generate_api!(
    spec = "openapi.json",
    interface = Builder,
    tags = Merged,
    inner_type = crate::hubs::Hubs,
    // Words that may grow: typify would make closed enums of them.
    replace = {
        Level = crate::vocabulary::Level,
        State = crate::vocabulary::State,
        Format = crate::vocabulary::Format,
        Reason = crate::vocabulary::Reason,
    },
);
