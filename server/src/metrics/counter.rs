//! Counters: plain atomics, and sets of them under a label whose values are fixed.

use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Adds several.
    pub fn inc_by(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The values of a label.
pub trait Label: Copy {
    /// As they are written, in order.
    const VALUES: &'static [&'static str];

    /// The place among them.
    fn index(self) -> usize;

    /// As it is written.
    fn text(self) -> &'static str {
        Self::VALUES[self.index()]
    }
}

/// An enum that is a label.
macro_rules! label {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$value_meta:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        $visibility enum $name {
            $($(#[$value_meta])* $value,)+
        }

        impl $crate::metrics::Label for $name {
            const VALUES: &'static [&'static str] = &[$($text,)+];

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
pub(super) use label;

/// A counter for each value of a label. All of them are told from the beginning, so that the first step up is seen.
#[derive(Debug)]
pub struct Labelled<L>(Box<[Counter]>, PhantomData<L>);

impl<L: Label> Default for Labelled<L> {
    fn default() -> Self {
        Labelled(L::VALUES.iter().map(|_| Counter::default()).collect(), PhantomData)
    }
}

impl<L: Label> Labelled<L> {
    /// That of one value.
    pub fn of(&self, label: L) -> &Counter {
        &self.0[label.index()]
    }

    /// Each value, and how often it was counted.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        L::VALUES.iter().copied().zip(self.0.iter().map(Counter::get))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    label! {
        /// For the test.
        enum Fruit {
            /// One.
            Apple = "apple",
            /// Another.
            Pear = "pear",
        }
    }

    #[test]
    fn each_value_has_a_counter_of_its_own_from_the_beginning() {
        let counters = Labelled::<Fruit>::default();
        counters.of(Fruit::Pear).inc_by(2);
        assert_eq!(counters.of(Fruit::Apple).get(), 0);
        assert_eq!(counters.all().collect::<Vec<_>>(), [("apple", 0), ("pear", 2)]);
    }
}
