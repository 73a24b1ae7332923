//! Everything that is left to chance comes from one seed: each actor has dice of its own, so that what one of them does
//! does not depend on how fast the others are.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use fastrand::Rng;

/// The dice of an actor, for the `number`th thing that it does.
pub(crate) fn dice(seed: u64, actor: &str, number: usize) -> Rng {
    let mut hasher = DefaultHasher::new();
    (seed, actor, number).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}

/// A number between these, small ones as often as large ones.
pub(crate) fn log_uniform(dice: &mut Rng, least: u32, most: u32) -> usize {
    let (least, most) = (f64::from(least).ln(), f64::from(most).ln());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two u32")]
    let number = (least + (most - least) * dice.f64()).exp() as usize;
    number
}
