//! The model test: random sequences of operations on every sort of map and on `std::collections::HashMap`, each answer compared
//! at once. Few keys, so that operations meet; a failing sequence is shrunk to a short one.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use support::checked::{Checked, Operation};
use support::{Setup, scenarios};

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let (key, version, room) = (|| 0..24u8, || 0..4u8, || 0..300usize);
    let keys = || prop::collection::vec(key(), 0..20);
    let (any_key, any_value) =
        (|| prop::collection::vec(any::<u8>(), 0..50), || prop::collection::vec(any::<u8>(), 0..80));
    prop_oneof![
        6 => key().prop_map(Load),
        2 => (key(), room()).prop_map(|(k, r)| LoadWithRoom(k, r)),
        3 => key().prop_map(Contains),
        8 => (key(), version()).prop_map(|(k, v)| Store(k, v)),
        5 => (key(), version()).prop_map(|(k, v)| LoadOrStore(k, v)),
        4 => key().prop_map(LoadAndDelete),
        2 => (key(), room()).prop_map(|(k, r)| LoadAndDeleteWithRoom(k, r)),
        4 => key().prop_map(Delete),
        4 => (key(), version()).prop_map(|(k, v)| Swap(k, v)),
        2 => (key(), version(), room()).prop_map(|(k, v, r)| SwapWithRoom(k, v, r)),
        4 => (key(), version(), version()).prop_map(|(k, o, n)| CompareAndSwap(k, o, n)),
        4 => (key(), version()).prop_map(|(k, o)| CompareAndDelete(k, o)),
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
        1 => (0..5u8).prop_map(CloneTo),
        1 => (any_key(), any_value()).prop_map(|(k, v)| StoreBytes(k, v)),
        1 => (any_key(), any_value()).prop_map(|(k, v)| SwapBytes(k, v)),
        1 => (any_key(), room()).prop_map(|(k, r)| LoadBytes(k, r)),
        1 => any_key().prop_map(DeleteBytes),
    ]
}

/// PROPTEST_CASES sequences, or 12.
fn agrees_with_the_model(setup: &Setup) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    let sequences = prop::collection::vec(operation(), 1..150);
    let result = TestRunner::new(config).run(&sequences, |operations| {
        let mut checked = Checked::new(setup);
        for operation in &operations {
            checked.apply(operation);
        }
        checked.end();
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

scenarios! { agrees_with_the_model }
