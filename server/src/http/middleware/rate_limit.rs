//! How often one address may change something (`--publish-rate`).

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use super::client_address::network_of;

/// So many at once, and then spread evenly: `60/m` allows 60 in a row, and another one each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    per: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be a number and a unit of time, such as 10/s, 60/m or 1000/h".to_owned();
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(wrong()),
        };
        Ok(Rate { count: count.parse().map_err(|_| wrong())?, per: Duration::from_secs(seconds) })
    }
}

/// After how many checks the addresses that have been quiet are forgotten.
const CHECKS_PER_SWEEP: u64 = 10_000;

/// How many addresses are told apart; beyond that, newcomers share one allowance.
const MAX_ADDRESSES: usize = 100_000;

/// See the module.
pub(in crate::http) struct PublishLimiter {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    checks: std::sync::atomic::AtomicU64,
}

impl PublishLimiter {
    pub(in crate::http) fn new(rate: Rate) -> Self {
        let interval = rate.per / rate.count.get();
        let quota = Quota::with_period(interval.max(Duration::from_nanos(1)))
            .expect("not zero")
            .allow_burst(rate.count);
        PublishLimiter { limiter: RateLimiter::keyed(quota), checks: 0.into() }
    }

    /// Takes one; an error says after how long there will be another.
    pub(in crate::http) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let checks = self.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if checks % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            self.limiter.retain_recent();
        }
        let key = if self.limiter.len() < MAX_ADDRESSES {
            network_of(address)
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let clock = self.limiter.clock();
        self.limiter.check_key(&key).map_err(|not_until| not_until.wait_time_from(clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_burst_and_others_theirs() {
        let limiter = PublishLimiter::new("3/h".parse().expect("valid"));
        let one = "2001:db8::1".parse().expect("an address");
        let same_network = "2001:db8::ffff".parse().expect("an address");
        let other = "192.0.2.1".parse().expect("an address");
        for address in [one, same_network, one] {
            assert_eq!(limiter.check(address), Ok(()));
        }
        let wait = limiter.check(one).expect_err("the burst is used up");
        assert!(wait > Duration::from_mins(19) && wait <= Duration::from_mins(20), "{wait:?}");
        assert_eq!(limiter.check(other), Ok(()));
    }

    #[test]
    fn who_comes_from_ever_new_addresses_is_not_remembered_without_bound() {
        let limiter = PublishLimiter::new("2/h".parse().expect("valid"));
        let network = |n: u32| Ipv6Addr::from_bits(u128::from(n) << 64).into();
        let refused = (1..=150_000).filter(|n| limiter.check(network(*n)).is_err()).count();
        assert!(limiter.limiter.len() <= MAX_ADDRESSES + 1, "{}", limiter.limiter.len());
        assert!(refused >= 49_000, "{refused}");
    }

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        for wrong in ["", "10", "0/s", "-1/s", "10/d", "ten/s", "10/"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
