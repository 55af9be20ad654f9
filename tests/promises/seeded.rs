//! Promise: hashing is seeded per map, so keys that were made to collide in one map do not collide
//! in another. And full keys are always compared.

use crate::support::setup::KINDS;
use crate::support::subject::Subject;
use crate::support::{Hash, Room, Setup, Status, setup};
use portolan::map::Width;
use std::time::{Duration, Instant};

/// Stores these keys in a new map of this setup, and returns the length of its longest chain in
/// buckets.
fn longest_chain(setup: &Setup, keys: &[Vec<u8>]) -> u64 {
    let map = setup.map();
    for key in keys {
        map.store(key, &setup.value(1));
    }
    assert_eq!(map.len(), Ok(keys.len() as u64));
    map.stats().longest_chain
}

/// Keys that an attacker would choose. A scan returns keys in the order of their hashes, so the
/// first ones share the bits that choose the bucket.
fn keys_that_collide(setup: &Setup) -> Vec<Vec<u8>> {
    let map = setup.map();
    for i in 0..20_000 {
        map.store(&setup.key(i), &setup.value(1));
    }
    let (mut cursor, mut keys) = (0, Vec::new());
    while keys.len() < 150 {
        keys.extend(map.page(&mut cursor, 0, Room::entries(64)).0.into_iter().map(|entry| entry.0));
    }
    keys.truncate(150);
    keys
}

#[test]
fn keys_made_to_collide_in_one_map_do_not_collide_in_another() {
    let setups = Setup::of_types(&KINDS).into_iter().filter(|setup| setup.value == Width::Word);
    setup::for_each(setups.map(|setup| Setup { seed: 4711, shards: 1, ..setup }), |setup| {
        let keys = keys_that_collide(setup);
        let known = longest_chain(setup, &keys);
        assert!(
            known >= 10,
            "with a known seed, 150 keys should make one long chain, but the longest has {known} buckets"
        );
        for other in [1, 2, 0, 0] {
            let chain = longest_chain(&Setup { seed: other, ..*setup }, &keys);
            assert!(chain <= 4, "with seed {other}, the same keys make a chain of {chain} buckets");
        }
    });
}

#[test]
fn keys_with_equal_hashes_are_told_apart() {
    let setups = Setup::of_types(&KINDS).into_iter().filter(|setup| setup.value == Width::Bytes);
    setup::for_each(setups.map(|setup| Setup { hash: Hash::Constant, ..setup }), |setup| {
        let subject = Subject::new(setup);
        for i in 0..150 {
            subject.store(2 * i, i).expect("store");
        }
        for i in 0..150 {
            assert_eq!(subject.load(2 * i), Ok(Some(i)));
            assert_eq!(subject.load(2 * i + 1), Ok(None));
        }
    });
}

#[test]
fn maps_with_random_seeds_differ() {
    let order = |setup: &Setup| {
        let map = setup.map();
        for i in 0..100 {
            map.store(&setup.key(i), &setup.value(i));
        }
        map.scanned(Room::entries(10), |_| ()).into_iter().map(|entry| entry.0).collect::<Vec<_>>()
    };
    setup::for_each(KINDS.map(|kind| Setup::new(kind, Width::Word, Width::Word)), |setup| {
        assert_ne!(order(setup), order(setup));
        let seeded = Setup { seed: 8, ..*setup };
        assert_eq!(order(&seeded), order(&seeded));
    });
}

/// Keys of 16 bytes that all have the same hash in maps of this seed. The hash function mixes each
/// half with a secret derived from the seed, and multiplies the two. The first half is chosen so
/// that its factor is 0, and so is the product, whatever the second half is.
fn keys_of_one_hash(seed: u64, count: u64) -> impl Iterator<Item = [u8; 16]> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(3));
    state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let first = (state ^ state >> 31) ^ 0xc0ac_29b7_c97c_50dd;
    (0..count).map(move |number| (u128::from(first) | u128::from(number) << 64).to_le_bytes())
}

#[test]
fn keys_made_for_one_seed_are_harmless_with_another() {
    const SEED: u64 = 4711;
    setup::for_each(KINDS.map(|kind| Setup::new(kind, Width::Bytes, Width::Word)), |setup| {
        let setup = Setup { seed: SEED, shards: 1, ..*setup };
        let known = setup.map();
        for key in keys_of_one_hash(SEED, 2000) {
            known.store(&key, &setup.value(1));
        }
        let stats = known.stats();
        let chain = (stats.entries, stats.longest_chain);
        assert_eq!(chain, (2000, 250), "the attack no longer works with a known seed: adapt the test");

        // A map with a random seed, as every map has by default.
        let setup = Setup { seed: 0, ..setup };
        let fill = |keys: &mut dyn Iterator<Item = [u8; 16]>| {
            let map = setup.map();
            let start = Instant::now();
            keys.for_each(|key| assert_eq!(map.store(&key, &setup.value(1)), Status::Ok));
            (start.elapsed(), map.stats().longest_chain)
        };
        // The fastest of three runs, since the processor may be interrupted.
        let (mut attack, mut usual) = (Duration::MAX, Duration::MAX);
        for _ in 0..3 {
            let (time, chain) = fill(&mut keys_of_one_hash(SEED, 100_000));
            assert!(chain <= 5, "the attack made a chain of {chain} buckets");
            attack = attack.min(time);
            let mut usuals = (0..100_000u128).map(|number| (number * 0x1234_5678_9abc_def1).to_le_bytes());
            usual = usual.min(fill(&mut usuals).0);
        }
        assert!(attack < 10 * usual, "{attack:?} with the attack's keys, {usual:?} with other keys");
    });
}
