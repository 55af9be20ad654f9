//! Operations on the whole map: range, delete_if, clone, equal, len, stats.

use crate::support::setup::KINDS;
use crate::support::{Face, Setup, Status, scenarios};
use portolan::map::{BucketView, Kind, SlotState, Stats};
use std::collections::HashSet;

scenarios! {
    range_visits_every_entry_once
    range_ends_when_the_callback_says_so
    range_may_call_the_map
    nested_ranges
    delete_if_deletes_what_the_predicate_chooses
    delete_if_may_call_the_map
    clone_into_every_kind
    a_clone_is_independent
    clone_of_an_empty_map
    equal
    len_counts
    stats_count_the_entries
    stats_agree_with_the_buckets
    a_write_changes_the_version_of_its_bucket
}

fn filled(setup: &Setup, count: usize) -> Box<dyn Face> {
    let map = setup.map();
    for i in 0..count {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    map
}

fn range_visits_every_entry_once(setup: &Setup) {
    for count in [1, 8, 9, 100, setup.count(2000)] {
        let map = filled(setup, count);
        setup.assert_holds(&*map, 0..count);
    }
}

fn range_ends_when_the_callback_says_so(setup: &Setup) {
    let map = filled(setup, 100);
    for end in [1, 2, 50, 100] {
        let mut visited = 0;
        let status = map.range(&mut |_, _| {
            visited += 1;
            visited < end
        });
        assert_eq!((status, visited), (Status::Done, end));
    }
}

fn range_may_call_the_map(setup: &Setup) {
    let count = setup.count(500);
    let map = filled(setup, count);
    let mut seen = HashSet::new();
    let status = map.range(&mut |key, value| {
        let i = setup.number(key);
        assert_eq!(value, if i < count { setup.value(i) } else { setup.other(i) });
        assert!(seen.insert(i), "entry {i} was visited twice");
        // Read, delete and insert from within the loop, this entry and others.
        if i < count {
            assert_eq!(map.value(key), Some(setup.value(i)));
            assert_eq!(map.store(&setup.key(i + count), &setup.other(i + count)), Status::Ok);
            assert_eq!(map.delete(key), Status::Ok);
            assert_eq!(map.len(), Ok(count as u64));
        }
        true
    });
    assert_eq!(status, Status::Ok);
    assert!((0..count).all(|i| seen.contains(&i)), "each entry existed until it was visited");
    assert_eq!(map.len(), Ok(count as u64));
    assert!((count..2 * count).all(|i| map.value(&setup.key(i)) == Some(setup.other(i))));
}

fn nested_ranges(setup: &Setup) {
    let map = filled(setup, 30);
    let mut pairs = 0;
    map.range(&mut |_, _| {
        let status = map.range(&mut |_, _| {
            pairs += 1;
            true
        });
        status == Status::Ok
    });
    assert_eq!(pairs, 30 * 30);
}

fn delete_if_deletes_what_the_predicate_chooses(setup: &Setup) {
    let count = setup.count(1000);
    let map = filled(setup, count);
    let mut tested = HashSet::new();
    let deleted = map.delete_if(&mut |key, value| {
        let i = setup.number(key);
        assert_eq!(value, setup.value(i));
        assert!(tested.insert(i), "entry {i} was passed to the predicate twice");
        i.is_multiple_of(3)
    });
    assert_eq!(tested.len(), count);
    assert_eq!(deleted, Ok(count.div_ceil(3) as u64));
    setup.assert_holds(&*map, (0..count).filter(|i| !i.is_multiple_of(3)));
    assert_eq!(map.delete_if(&mut |_, _| false), Ok(0));
    assert_eq!(map.delete_if(&mut |_, _| true), Ok((count - count.div_ceil(3)) as u64));
    assert_eq!(map.len(), Ok(0));
}

/// An entry that changes after the predicate has seen it is not deleted.
fn delete_if_may_call_the_map(setup: &Setup) {
    let map = filled(setup, 100);
    let deleted = map.delete_if(&mut |key, _| {
        let i = setup.number(key);
        if i.is_multiple_of(2) {
            assert_eq!(map.store(key, &setup.other(i)), Status::Ok);
        }
        true
    });
    assert_eq!(deleted, Ok(50));
    assert_eq!(map.len(), Ok(50));
    assert!((0..100).step_by(2).all(|i| map.value(&setup.key(i)) == Some(setup.other(i))));
}

fn clone_into_every_kind(setup: &Setup) {
    let count = setup.count(300);
    let map = filled(setup, count);
    for kind in KINDS {
        let copy = map.clone_to(kind).expect("a clone");
        assert_eq!(copy.len(), Ok(count as u64));
        setup.assert_holds(&*copy, 0..count);
        assert_eq!(map.equal(&*copy), Status::Ok);
        assert_eq!(copy.equal(&*map), Status::Ok);
        assert!((0..count).all(|i| copy.value(&setup.key(i)) == Some(setup.value(i))));
    }
}

fn a_clone_is_independent(setup: &Setup) {
    let map = filled(setup, 50);
    let copy = map.clone_to(setup.kind).expect("a clone");
    copy.store(&setup.key(0), &setup.other(0));
    copy.delete(&setup.key(1));
    copy.store(&setup.key(50), &setup.value(50));
    setup.assert_holds(&*map, 0..50);
    map.clear();
    assert_eq!(copy.len(), Ok(50));
    assert_eq!(copy.value(&setup.key(0)), Some(setup.other(0)));
    drop(map);
    assert!((2..51).all(|i| copy.value(&setup.key(i)) == Some(setup.value(i))));
}

fn clone_of_an_empty_map(setup: &Setup) {
    let map = setup.map();
    for kind in KINDS {
        let copy = map.clone_to(kind).expect("a clone");
        assert_eq!(copy.len(), Ok(0));
        assert_eq!(copy.store(&setup.key(1), &setup.value(1)), Status::Ok);
        assert_eq!(copy.entries(), [setup.entry(1)]);
    }
    assert_eq!(map.len(), Ok(0));
}

fn equal(setup: &Setup) {
    let (one, two) = (setup.map(), setup.map());
    assert_eq!(one.equal(&*two), Status::Ok, "two empty maps");
    assert_eq!(one.equal(&*one), Status::Ok, "a map and itself");
    for i in 0..60 {
        one.store(&setup.key(i), &setup.value(i));
        two.store(&setup.key(59 - i), &setup.value(59 - i));
    }
    assert_eq!(one.equal(&*one), Status::Ok);
    assert_eq!(one.equal(&*two), Status::Ok, "the same entries in another order");
    two.store(&setup.key(7), &setup.other(7));
    assert_eq!(one.equal(&*two), Status::Mismatch, "another value");
    assert_eq!(two.equal(&*one), Status::Mismatch);
    two.store(&setup.key(7), &setup.value(7));
    two.store(&setup.key(60), &setup.value(60));
    assert_eq!(one.equal(&*two), Status::Mismatch, "one entry more");
    assert_eq!(two.equal(&*one), Status::Mismatch, "one entry less");
    two.delete(&setup.key(59));
    assert_eq!(one.equal(&*two), Status::Mismatch, "as many entries, another key");
    assert_eq!(one.len(), Ok(60));
    assert_eq!(two.len(), Ok(60));
}

fn len_counts(setup: &Setup) {
    let map = setup.map();
    for i in 0..40 {
        map.store(&setup.key(i % 25), &setup.value(i));
        assert_eq!(map.len(), Ok(25.min(i as u64 + 1)));
    }
    for i in 0..40 {
        map.delete(&setup.key(i));
        assert_eq!(map.len(), Ok(24u64.saturating_sub(i as u64)));
    }
}

fn stats_count_the_entries(setup: &Setup) {
    let count = setup.count(500);
    let map = filled(setup, count);
    for i in 0..count / 2 {
        map.delete(&setup.key(i));
    }
    let stats = map.stats();
    assert_eq!(stats.entries, (count - count / 2) as u64);
    assert!(stats.shards >= 1 && stats.shards.is_power_of_two());
    assert!(
        stats.shard_entries_min <= stats.shard_entries_max
            && stats.shard_entries_max <= stats.entries.max(count as u64)
    );
}

/// In every state of a map: during growth, with long chains, with deleted keys, with a dirty map.
fn stats_agree_with_the_buckets(setup: &Setup) {
    let setup = Setup { shards: 4, seed: 42, ..*setup };
    let (map, count) = (setup.map(), setup.count(600));
    assert_stats_agree(&setup, &*map);
    for i in 0..count {
        map.store(&setup.key(i), &setup.value(i));
        if i % 3 == 0 {
            map.delete(&setup.key(i / 2));
        }
        if i % 29 == 0 {
            assert_stats_agree(&setup, &*map);
        }
        if i % 80 == 0 {
            // This promotes the dirty map; the next new key makes another.
            map.entries();
            assert_stats_agree(&setup, &*map);
        }
    }
    assert_eq!(map.shrink(), Status::Ok);
    assert_stats_agree(&setup, &*map);
    assert_eq!(map.clear(), Status::Ok);
    assert_stats_agree(&setup, &*map);
}

fn assert_stats_agree(setup: &Setup, map: &dyn Face) {
    let stats = map.stats();
    let is_read_dirty = setup.kind == Kind::ReadDirty;
    let tables: Vec<_> = (0..if is_read_dirty { 2 } else { stats.shards }).map(|table| map.chains(table)).collect();
    let mut expected = Stats::default();
    for (chain, main) in tables.iter().flat_map(|table| table.iter().map(|chain| (chain, table.len() as u64))) {
        let bits = chain[0].table_bucket_bits;
        expected.bucket_bits = expected.bucket_bits.max(bits as u32);
        expected.longest_chain = expected.longest_chain.max(chain.len() as u64);
        expected.overflow_buckets += chain.len() as u64 - 1;
        expected.buckets += 1;
        for bucket in chain {
            assert_eq!((bucket.table_bucket_bits, bucket.table_buckets), (bits, main));
            for (state, top) in bucket.state.into_iter().zip(bucket.tophash) {
                // The empty markers are no key's tophash.
                let is_empty = matches!(state, SlotState::EmptyRest | SlotState::EmptyOne);
                assert_eq!(is_empty, [SlotState::EmptyRest as u8, SlotState::EmptyOne as u8].contains(&top));
            }
        }
    }
    for table in tables.iter().filter(|table| !table.is_empty()) {
        // Each chain ends, and no overflow bucket is in two chains.
        assert!(table.iter().all(|chain| chain.last().unwrap().overflow == 0));
        let followers = || table.iter().flat_map(|chain| &chain[..chain.len() - 1]).map(|bucket| bucket.overflow);
        let distinct: HashSet<_> = followers().filter(|number| *number != 0).collect();
        assert_eq!(distinct.len(), followers().count());

        let split = table.len() as u64 - (1 << table[0][0].table_bucket_bits);
        expected.split += split;
        expected.growing += u64::from(split > 0);
    }
    let slots = |table: &[Vec<BucketView>], state| {
        table.iter().flatten().flat_map(|bucket| bucket.state).filter(|slot| *slot == state).count() as u64
    };
    let live = |table: &[Vec<BucketView>]| slots(table, SlotState::Live);
    (expected.shards, expected.shard_entries_min, expected.shard_entries_max) = if is_read_dirty {
        let all = |table| live(table) + slots(table, SlotState::Nil) + slots(table, SlotState::Expunged);
        (expected.read_entries, expected.dirty_entries) = (all(&tables[0]), all(&tables[1]));
        expected.expunged = slots(&tables[0], SlotState::Expunged);
        expected.entries = live(&tables[usize::from(expected.dirty_entries > 0)]);
        assert_eq!(slots(&tables[1], SlotState::Expunged), 0);
        (1, expected.entries, expected.entries)
    } else {
        let each = || tables.iter().map(|table| live(table));
        expected.entries = each().sum();
        (tables.len() as u64, each().min().unwrap_or(0), each().max().unwrap_or(0))
    };
    expected.load_factor = if expected.buckets == 0 { 0.0 } else { expected.entries as f64 / expected.buckets as f64 };
    // The buckets do not show these.
    let Stats { promotions, misses, table_bytes, bytes_live, bytes_reserved, .. } = stats;
    assert_eq!(stats, Stats { promotions, misses, table_bytes, bytes_live, bytes_reserved, ..expected });
}

fn a_write_changes_the_version_of_its_bucket(setup: &Setup) {
    let setup = Setup { shards: 1, ..*setup };
    let map = setup.map();
    // New keys are in the dirty map.
    let table = u64::from(setup.kind == Kind::ReadDirty);
    let mut last = None;
    // So few that they stay in one bucket.
    for i in 0..4 {
        map.store(&setup.key(i), &setup.value(i));
        let version = map.inspect(table, 0, 0).map(|bucket| bucket.version);
        assert!(version.is_some() && version != last, "{version:?} after {last:?}");
        last = version;
    }
}
