//! Guessing publish tokens. An address that shows many different wrong ones is made to wait, also with a right one that
//! it has not shown before: else it would learn which that is. The same wrong one again and again is a program with an
//! old token, not a guess; and whoever has published from there goes on, whatever others behind the same address do.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::client_address::network_of;

/// How many different wrong tokens one address may show within [`WINDOW`].
const MAX_GUESSES: usize = 10;
const WINDOW: Duration = Duration::from_mins(10);

/// How many addresses are remembered.
const MAX_ADDRESSES: usize = 10_000;

/// How many of the hub's tokens are remembered to have been shown by an address.
const MAX_PROVEN: usize = 64;

/// See the module.
#[derive(Default)]
pub(in crate::http) struct TokenGuesses(Mutex<HashMap<IpAddr, Shown>>);

/// What an address has shown.
struct Shown {
    since: Instant,
    /// Digests of the wrong tokens since then.
    wrong: Vec<[u8; 32]>,
    /// Names of the right ones, shown while it did not have to wait.
    proven: Vec<String>,
}

impl Shown {
    fn new() -> Self {
        Shown { since: Instant::now(), wrong: Vec::new(), proven: Vec::new() }
    }

    /// For how long its wrong tokens still count.
    fn time_left(&self) -> Option<Duration> {
        WINDOW.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero())
    }

    /// For how long it has to wait.
    fn wait(&self) -> Option<Duration> {
        self.time_left().filter(|_| self.wrong.len() >= MAX_GUESSES)
    }
}

impl TokenGuesses {
    /// An address shows the hub's token of this name; an error says after how long it may.
    pub(in crate::http) fn right(&self, address: IpAddr, name: &str) -> Result<(), Duration> {
        self.with(address, |shown| {
            if shown.proven.iter().any(|proven| proven == name) {
                return Ok(());
            }
            if let Some(wait) = shown.wait() {
                return Err(wait);
            }
            if shown.proven.len() < MAX_PROVEN {
                shown.proven.push(name.to_owned());
            }
            Ok(())
        })
    }

    /// An address shows a wrong token of this digest; an error says after how long it may show another one.
    pub(in crate::http) fn wrong(&self, address: IpAddr, digest: [u8; 32]) -> Result<(), Duration> {
        self.with(address, |shown| {
            if let Some(wait) = shown.wait() {
                return Err(wait);
            }
            if shown.time_left().is_none() {
                shown.since = Instant::now();
                shown.wrong.clear();
            }
            if !shown.wrong.contains(&digest) {
                shown.wrong.push(digest);
            }
            Ok(())
        })
    }

    fn with<T>(&self, address: IpAddr, act: impl FnOnce(&mut Shown) -> T) -> T {
        let mut addresses = self.0.lock().expect("no code panics while it holds what was shown");
        let network = network_of(address);
        if addresses.len() >= MAX_ADDRESSES && !addresses.contains_key(&network) {
            addresses.retain(|_, shown| shown.time_left().is_some());
            // Whoever has that many addresses is not held up by this.
            if addresses.len() >= MAX_ADDRESSES {
                addresses.clear();
            }
        }
        act(addresses.entry(network).or_insert_with(Shown::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> [u8; 32] {
        std::array::from_fn(|index| u8::try_from(number >> (8 * index.min(3)) & 0xff).expect("a byte"))
    }

    #[test]
    fn many_different_wrong_tokens_are_guesses_and_one_over_and_over_is_none() {
        let guesses = TokenGuesses::default();
        let (one, other): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().expect("valid"), "192.0.2.2".parse().expect("valid"));
        for _ in 0..100 {
            assert_eq!(guesses.wrong(one, digest(7)), Ok(()));
        }
        assert_eq!(guesses.right(one, "ci"), Ok(()));
        for number in 0..MAX_GUESSES {
            assert_eq!(guesses.wrong(one, digest(number)), Ok(()));
        }
        for refused in [guesses.wrong(one, digest(MAX_GUESSES)), guesses.right(one, "desk")] {
            let wait = refused.expect_err("it has to wait");
            assert!(wait > WINDOW / 2 && wait <= WINDOW, "{wait:?}");
        }
        assert_eq!(guesses.right(one, "ci"), Ok(()), "it has published before");
        assert_eq!(guesses.right(other, "desk"), Ok(()));
    }

    #[test]
    fn the_addresses_that_are_remembered_are_bounded() {
        let guesses = TokenGuesses::default();
        for number in 0..u32::try_from(3 * MAX_ADDRESSES).expect("it is small") {
            assert_eq!(guesses.wrong(IpAddr::V4(number.into()), digest(0)), Ok(()));
        }
        assert!(guesses.0.lock().expect("sound").len() <= MAX_ADDRESSES);
    }
}
