//! The model test: random sequences of operations on every setup, and on a
//! `std::collections::HashMap` as the model. Each result is compared. There are few keys, so that
//! operations often meet. A sequence that fails is shrunk to a short one.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::fmt::Debug;
use support::checked::{Checked, ROOM, Step};
use support::operations::{OPERATIONS, Operation};
use support::setup::KINDS;
use support::{Setup, scenarios};

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let (key, version) = (|| 0..24u8, || 0..4u8);
    let keys = || prop::collection::vec(key(), 0..20);
    let room = || prop_oneof![3 => Just(ROOM), 1 => 0..300usize];
    let (any_key, any_value) =
        (|| prop::collection::vec(any::<u8>(), 0..50), || prop::collection::vec(any::<u8>(), 0..80));
    prop_oneof![
        54 => (key(), operation(version()), room()).prop_map(|(k, o, r)| On(k, o, r)),
        4 => (any_key(), operation(any_value()), room()).prop_map(|(k, o, r)| OnBytes(k, o, r)),
        4 => (key(), prop_oneof![Just(1), Just(u64::MAX), any::<u64>()]).prop_map(|(k, d)| Add(k, d)),
        4 => (key(), 0..6u8).prop_map(|(k, v)| Update(k, v)),
        2 => (0..150u16).prop_map(StoreMany),
        2 => keys().prop_map(LoadMany),
        2 => keys().prop_map(DeleteMany),
        2 => (1..5u8).prop_map(DeleteIf),
        2 => Just(Range),
        2 => (0..20u8).prop_map(Scan),
        2 => Just(Len),
        1 => (0..500u16).prop_map(Reserve),
        2 => Just(Shrink),
        1 => Just(Clear),
        1 => (0..KINDS.len() as u8).prop_map(CloneTo),
    ]
}

/// Any operation on one key, with values from `value`.
fn operation<V: Debug>(value: impl Strategy<Value = V>) -> impl Strategy<Value = Operation<V>> {
    // No operation has more than two values.
    (prop::sample::select(OPERATIONS), prop::collection::vec(value, 2)).prop_map(|(operation, values)| {
        let mut values = values.into_iter();
        operation.map(|_| values.next().expect("no operation has more than two values"))
    })
}

/// Runs PROPTEST_CASES sequences (default 12).
fn agrees_with_the_model(setup: &Setup) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    let sequences = prop::collection::vec(step(), 1..150);
    let result = TestRunner::new(config).run(&sequences, |steps| {
        let mut checked = Checked::new(setup);
        for step in &steps {
            checked.apply(step);
        }
        checked.end();
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

scenarios! { agrees_with_the_model }
