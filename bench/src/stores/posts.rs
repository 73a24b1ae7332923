//! Posts that each carry a number, and what became of them: what was acknowledged has to be in the list of any hub of the
//! feed, once.

use std::{borrow::Cow, collections::HashMap, io, net::SocketAddr};

use serde_json::Value;

use crate::{closed_loop::Requests, http, message, publisher::Posting};

/// How many notifications a list has at most.
const LIST: usize = 1_000;

/// See the module.
pub(crate) struct Posts {
    posting: Posting,
    last: u32,
    newest: u32,
    acknowledged: Vec<u32>,
}

/// How what was acknowledged stands to what a hub lists.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exactness {
    /// How many were acknowledged.
    pub(crate) acknowledged: usize,
    /// How many of them are not in the list.
    pub(crate) lost: usize,
    /// How many the list has once too often.
    pub(crate) doubled: usize,
}

impl Exactness {
    /// Whether the list has each of them once.
    pub(crate) fn holds(self) -> bool {
        self.lost + self.doubled == 0
    }

    /// Adds those of another feed.
    pub(crate) fn add(&mut self, other: Exactness) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
    }
}

impl Posts {
    /// At most `count` posts.
    pub(crate) fn new(posting: Posting, count: u32) -> Self {
        Posts { posting, last: count, newest: 0, acknowledged: Vec::new() }
    }

    /// Compares with everything that this hub lists. What was posted and never answered may be there, once.
    pub(crate) fn compare(&self, hub: SocketAddr) -> io::Result<Exactness> {
        let mut listed: HashMap<u32, usize> = HashMap::new();
        let mut path = format!("/api/notifications?limit={LIST}");
        loop {
            let page: Vec<Value> = serde_json::from_slice(&http::get(hub, &path)?)?;
            for notification in &page {
                let message = notification["message"].as_str().unwrap_or_default();
                let number = message::number_in(message.as_bytes());
                *listed.entry(number.unwrap_or_default()).or_default() += 1;
            }
            let Some(id) = page.last().and_then(|last| last["id"].as_str()) else { break };
            path = format!("/api/notifications?limit={LIST}&before={id}");
        }
        Ok(Exactness {
            acknowledged: self.acknowledged.len(),
            lost: self.acknowledged.iter().filter(|number| !listed.contains_key(number)).count(),
            doubled: listed.values().map(|count| count - 1).sum(),
        })
    }
}

impl Requests for Posts {
    fn next(&mut self, address: SocketAddr) -> Option<(u32, Cow<'_, [u8]>)> {
        if self.newest == self.last {
            return None;
        }
        self.newest += 1;
        Some((self.newest, Cow::Owned(self.posting.request(address, self.newest))))
    }

    fn answered(&mut self, number: u32) {
        self.acknowledged.push(number);
    }
}
