//! Property tests: what holds for every value is checked for generated ones.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use uuid::Uuid;

/// Generates values and checks each. A failure prints the smallest one, and how to generate the same values again.
pub(crate) fn check<S: Strategy>(cases: u32, values: &S, property: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = ProptestConfig {
        cases,
        max_shrink_iters: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let seed = match config.rng_seed {
        // From the variable PROPTEST_RNG_SEED.
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => Uuid::new_v4().as_u64_pair().0,
    };
    config.rng_seed = RngSeed::Fixed(seed);
    if let Err(failure) = TestRunner::new(config).run(values, property) {
        panic!("{failure}\nThe same values again: PROPTEST_RNG_SEED={seed}");
    }
}
