//! Maps that grow, shrink, are cleared, and are used again.

use crate::support::{Answer, Hash, Setup, Status, scenarios};
use portolan::map::Kind;

scenarios! {
    grows_and_shrinks_back_by_deleting
    keys_that_differ_in_one_bit
    clear_then_reuse
    clear_again_and_again
    reserve_keeps_the_contents
    shrink_keeps_the_contents
    churn_at_a_steady_size
    buckets_are_as_full_as_promised
    a_reserved_map_does_not_grow
    every_write_continues_a_growth
}

/// Entries of a large map. [`Setup::count`] lowers this where many keys share a hash.
const MANY: usize = 10_000;

fn grows_and_shrinks_back_by_deleting(setup: &Setup) {
    let (map, many) = (setup.map(), setup.count(MANY));
    for i in 0..many {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
        // An older key, while the table may be in the middle of a growth step.
        assert_eq!(map.value(&setup.key(i / 2)), Some(setup.value(i / 2)));
        assert_eq!(map.contains(&setup.key(i + 1)), Status::NotFound);
    }
    assert_eq!(map.len(), Ok(many as u64));
    for i in 0..many {
        assert_eq!(map.load(&setup.key(i), 512), Answer::Value(Status::Ok, setup.value(i)), "entry {i}");
    }
    // Every third first, then the others.
    for i in (0..many).step_by(3) {
        assert_eq!(map.delete(&setup.key(i)), Status::Ok);
    }
    setup.assert_holds(&*map, (0..many).filter(|i| !i.is_multiple_of(3)));
    for i in (0..many).filter(|i| !i.is_multiple_of(3)) {
        assert_eq!(map.load_and_delete(&setup.key(i), 512), Answer::Value(Status::Ok, setup.value(i)));
    }
    assert_eq!(map.len(), Ok(0));
    assert_eq!(map.entries(), []);
    assert_eq!(map.contains(&setup.key(0)), Status::NotFound);
}

/// Keys that a weak hash would map to few buckets.
fn keys_that_differ_in_one_bit(setup: &Setup) {
    let map = setup.map();
    let keys: Vec<Vec<u8>> =
        (0..64).map(|bit| (1u64 << bit).to_ne_bytes().to_vec()).chain([vec![0; 8], vec![0xFF; 8]]).collect();
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(map.store(key, &setup.value(i)), Status::Ok);
    }
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(map.value(key), Some(setup.value(i)), "{key:?}");
    }
    assert_eq!(map.len(), Ok(66));
}

fn clear_then_reuse(setup: &Setup) {
    let (map, many) = (setup.map(), setup.count(2000));
    for i in 0..many {
        map.store(&setup.key(i), &setup.value(i));
    }
    assert_eq!(map.clear(), Status::Ok);
    assert_eq!(map.len(), Ok(0));
    assert_eq!(map.entries(), []);
    for i in 0..many {
        assert_eq!(map.contains(&setup.key(i)), Status::NotFound);
    }
    for i in many / 2..many + many / 2 {
        assert_eq!(map.load_or_store(&setup.key(i), &setup.other(i), 512), Answer::Plain(Status::Ok));
    }
    assert_eq!(map.len(), Ok(many as u64));
    for i in 0..2 * many {
        let expected = (many / 2..many + many / 2).contains(&i).then(|| setup.other(i));
        assert_eq!(map.value(&setup.key(i)), expected, "entry {i}");
    }
}

fn clear_again_and_again(setup: &Setup) {
    let map = setup.map();
    for round in 0..20 {
        for i in round..round + 30 {
            map.store(&setup.key(i), &setup.value(i));
        }
        setup.assert_holds(&*map, round..round + 30);
        assert_eq!(map.clear(), Status::Ok);
        assert_eq!(map.clear(), Status::Ok);
        assert_eq!(map.entries(), []);
    }
}

fn reserve_keeps_the_contents(setup: &Setup) {
    let (map, many) = (setup.map(), setup.count(2000));
    for i in 0..many / 2 {
        map.store(&setup.key(i), &setup.value(i));
    }
    for capacity in [0, 1, many as u64, 3 * many as u64, 0] {
        assert_eq!(map.reserve(capacity), Status::Ok);
        setup.assert_holds(&*map, 0..many / 2);
    }
    for i in many / 2..many {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    setup.assert_holds(&*map, 0..many);

    let reserved = Setup { capacity: many as u64, ..*setup }.map();
    assert_eq!(reserved.len(), Ok(0));
    for i in 0..many {
        assert_eq!(reserved.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    setup.assert_holds(&*reserved, 0..many);
}

fn shrink_keeps_the_contents(setup: &Setup) {
    let (map, many) = (setup.map(), setup.count(1500));
    for left in [many, many / 2, many / 30, 1, 0] {
        for i in 0..many {
            map.store(&setup.key(i), &setup.value(i));
        }
        for i in left..many {
            map.delete(&setup.key(i));
        }
        assert_eq!(map.shrink(), Status::Ok);
        setup.assert_holds(&*map, 0..left);
        for i in 0..many {
            assert_eq!(
                map.value(&setup.key(i)),
                (i < left).then(|| setup.value(i)),
                "entry {i} after shrinking to {left}"
            );
        }
        assert_eq!(map.store(&setup.key(many), &setup.value(many)), Status::Ok);
        assert_eq!(map.load_and_delete(&setup.key(many), 512), Answer::Value(Status::Ok, setup.value(many)));
    }
}

/// A sliding window of keys: one is stored and one deleted in each step, so buckets fill up with
/// slots that were used before.
fn churn_at_a_steady_size(setup: &Setup) {
    let (map, window) = (setup.map(), setup.count(300));
    for i in 0..10 * window {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
        if i >= window {
            assert_eq!(map.delete(&setup.key(i - window)), Status::Ok);
        }
    }
    setup.assert_holds(&*map, 9 * window..10 * window);
    for i in 0..9 * window {
        assert_eq!(map.contains(&setup.key(i)), Status::NotFound);
    }
}

/// How full a table is. A table that doubles has at most 6.5 entries per bucket. A sharded map has
/// at most 16 / 3, or 4 while it has fewer than 256 buckets.
fn buckets_are_as_full_as_promised(setup: &Setup) {
    if setup.hash != Hash::Real {
        return;
    }
    let setup = Setup { shards: 1, ..*setup };
    let map = setup.map();
    let within = |entries: usize, what: &str| {
        let wanted = match setup.kind {
            Kind::Sharded => entries.div_ceil(4).min((entries * 3).div_ceil(16).max(256)),
            _ if entries <= 8 => 1,
            _ => (entries * 2).div_ceil(13).next_power_of_two(),
        };
        assert_eq!(map.stats().buckets as usize, wanted, "{entries} entries {what}");
    };
    for i in 0..6000 {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
        // Not for read/dirty maps, which have their entries in two tables. And not during a
        // doubling, which is spread over many writes.
        let is_visible = setup.kind != Kind::ReadDirty && (i < 100 || i % 61 == 0);
        if is_visible && (setup.kind == Kind::Sharded || map.stats().growing == 0) {
            within(i + 1, "stored one by one");
        }
    }
    assert_eq!(map.shrink(), Status::Ok);
    within(6000, "after a shrink");
    for left in [100, 8] {
        for i in left..6000 {
            map.delete(&setup.key(i));
        }
        assert_eq!(map.shrink(), Status::Ok);
        within(left, "after deletes and a shrink");
    }
    if setup.kind == Kind::ReadDirty {
        return; // it reserves in the table of the next dirty map, which the statistics do not show yet
    }
    for capacity in [9usize, 2000] {
        assert_eq!(map.reserve(capacity as u64), Status::Ok);
        within(capacity, "reserved");
    }
}

/// Shards fill unevenly. `reserve` must leave enough spare capacity for the fullest of them, whatever
/// the seed.
fn a_reserved_map_does_not_grow(setup: &Setup) {
    if setup.hash != Hash::Real {
        return;
    }
    const SHARDS: usize = 128;
    const MANY: usize = SHARDS * 64;
    let mut grown = 0;
    for seed in 1..6 {
        let setup = Setup { shards: SHARDS as u32, seed, ..*setup };
        let map = setup.map();
        assert_eq!(map.reserve(MANY as u64), Status::Ok);
        let store = |i| assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
        // The statistics of a read/dirty map include the dirty map once it exists.
        store(0);
        let buckets = map.stats().buckets;
        (1..MANY).for_each(store);
        grown += usize::from(map.stats().buckets > buckets);
    }
    assert_eq!(grown, 0, "{grown} of 5 maps grew beyond what they had reserved");
}

/// Overwrites and deletes alone complete a doubling: each splits two buckets.
fn every_write_continues_a_growth(setup: &Setup) {
    let (map, many) = (setup.map(), setup.count(MANY));
    let is_growing = || map.stats().growing > 0;
    let grown = (0..many).find(|i| {
        map.store(&setup.key(*i), &setup.value(*i));
        is_growing()
    });
    // A table with few hashes may never double, and in a sharded map each insert completes its own
    // growth step.
    let Some(last) = grown else { return };
    for i in 0..last {
        if i % 2 == 0 {
            assert_eq!(map.store(&setup.key(i), &setup.other(i)), Status::Ok);
        } else {
            assert_eq!(map.delete(&setup.key(i)), Status::Ok);
        }
    }
    assert!(setup.kind == Kind::Sharded || !is_growing(), "{last} writes did not complete the growth");
}
