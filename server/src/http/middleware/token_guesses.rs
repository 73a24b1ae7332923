//! Guessing publish tokens. An address that shows many different wrong ones is made to wait, also with a right one: else
//! it would learn which that is. The same wrong one again and again is a program with an old token, not a guess.

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

/// See the module.
#[derive(Default)]
pub(in crate::http) struct TokenGuesses(Mutex<HashMap<IpAddr, Guesses>>);

struct Guesses {
    since: Instant,
    /// Digests of the tokens.
    shown: Vec<[u8; 32]>,
}

impl Guesses {
    fn new() -> Self {
        Guesses { since: Instant::now(), shown: Vec::new() }
    }

    /// For how long they still count.
    fn time_left(&self) -> Option<Duration> {
        WINDOW.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero())
    }
}

impl TokenGuesses {
    /// Whether an address may show a token; an error says after how long it may again.
    pub(in crate::http) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let addresses = self.0.lock().expect("no code panics while it holds the guesses");
        let guesses =
            addresses.get(&network_of(address)).filter(|guesses| guesses.shown.len() >= MAX_GUESSES);
        guesses.and_then(Guesses::time_left).map_or(Ok(()), Err)
    }

    /// An address showed a wrong token of this digest.
    pub(in crate::http) fn note(&self, address: IpAddr, digest: [u8; 32]) {
        let mut addresses = self.0.lock().expect("no code panics while it holds the guesses");
        let network = network_of(address);
        if addresses.len() >= MAX_ADDRESSES && !addresses.contains_key(&network) {
            addresses.retain(|_, guesses| guesses.time_left().is_some());
            // Whoever has that many addresses is not held up by this.
            if addresses.len() >= MAX_ADDRESSES {
                addresses.clear();
            }
        }
        let guesses = addresses.entry(network).or_insert_with(Guesses::new);
        if guesses.time_left().is_none() {
            *guesses = Guesses::new();
        }
        if guesses.shown.len() < MAX_GUESSES && !guesses.shown.contains(&digest) {
            guesses.shown.push(digest);
        }
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
            guesses.note(one, digest(7));
        }
        assert_eq!(guesses.check(one), Ok(()));
        for number in 0..MAX_GUESSES {
            guesses.note(one, digest(number));
        }
        let wait = guesses.check(one).expect_err("it has to wait");
        assert!(wait > WINDOW / 2 && wait <= WINDOW, "{wait:?}");
        assert_eq!(guesses.check(other), Ok(()));
    }

    #[test]
    fn the_addresses_that_are_remembered_are_bounded() {
        let guesses = TokenGuesses::default();
        for number in 0..u32::try_from(3 * MAX_ADDRESSES).expect("it is small") {
            guesses.note(IpAddr::V4(number.into()), digest(0));
        }
        assert!(guesses.0.lock().expect("sound").len() <= MAX_ADDRESSES);
    }
}
