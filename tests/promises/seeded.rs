//! Hashing is seeded per map: keys that were made to collide in one map do not collide in another. Full keys are always compared.

use crate::subject::Subject;
use crate::support::setup::KINDS;
use crate::support::{Hash, Room, Setup, setup};
use portolan::map::Width;

/// The buckets of the longest chain when a map of this seed gets these keys.
fn longest_chain(setup: &Setup, keys: &[Vec<u8>]) -> u64 {
    let map = setup.map();
    for key in keys {
        map.store(key, &setup.value(1));
    }
    assert_eq!(map.len(), Ok(keys.len() as u64));
    map.stats().longest_chain
}

/// The order of iteration is that of the hash, so its first keys share the bits that choose a bucket: an attacker's choice.
fn keys_that_collide(setup: &Setup) -> Vec<Vec<u8>> {
    let map = setup.map();
    for i in 0..20_000 {
        map.store(&setup.key(i), &setup.value(1));
    }
    let (mut cursor, mut keys) = (0, Vec::new());
    while keys.len() < 150 {
        keys.extend(map.page(&mut cursor, Room::entries(64)).0.into_iter().map(|entry| entry.0));
    }
    keys.truncate(150);
    keys
}

#[test]
fn keys_made_to_collide_in_one_map_do_not_collide_in_another() {
    for kind in KINDS {
        for key in [Width::Bytes, Width::Word] {
            setup::run(&Setup { seed: 4711, shards: 1, ..Setup::new(kind, key, Width::Word) }, |setup| {
                let keys = keys_that_collide(setup);
                let known = longest_chain(setup, &keys);
                assert!(known >= 10, "with the seed known, 150 keys crowd into one bucket: {known} buckets");
                for other in [1, 2, 0, 0] {
                    let chain = longest_chain(&Setup { seed: other, ..*setup }, &keys);
                    assert!(chain <= 4, "with seed {other}, the same keys still make a chain of {chain} buckets");
                }
            });
        }
    }
}

#[test]
fn equal_hashes_are_not_equal_keys() {
    for kind in KINDS {
        for key in [Width::Bytes, Width::Word] {
            setup::run(&Setup { hash: Hash::Constant, ..Setup::new(kind, key, Width::Bytes) }, |setup| {
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
    }
}

#[test]
fn maps_of_random_seed_differ() {
    let order = |setup: &Setup| {
        let map = setup.map();
        for i in 0..100 {
            map.store(&setup.key(i), &setup.value(i));
        }
        map.scanned(Room::entries(10), |_| ()).into_iter().map(|entry| entry.0).collect::<Vec<_>>()
    };
    for kind in KINDS {
        setup::run(&Setup::new(kind, Width::Word, Width::Word), |setup| {
            assert_ne!(order(setup), order(setup));
            let seeded = Setup { seed: 8, ..*setup };
            assert_eq!(order(&seeded), order(&seeded));
        });
    }
}
