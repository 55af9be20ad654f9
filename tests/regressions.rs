//! Each test is named after a defect that was fixed.

use portolan::map::{ColumnWriter, Config, Error, Kind, Map, Outcome, Width};
use std::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

fn words(kind: Kind) -> Map {
    Map::new(Config { kind, key: Width::Word, value: Width::Word, ..Config::default() }).expect("a map")
}

/// Ends the other thread, even if the test fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// For half a second, runs `this` repeatedly while another thread runs `other` repeatedly.
fn while_running(other: impl Fn() + Sync, mut this: impl FnMut()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                other();
            }
        });
        let _stop = StopOnDrop(&over);
        let end = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end {
            this();
        }
    });
}

#[test]
fn a_batch_returned_a_value_with_not_found() {
    for kind in [Kind::Sharded, Kind::ReadDirty] {
        let map = words(kind);
        map.store_u64(1, 7).expect("memory");
        map.shrink().expect("memory");
        let churn = || {
            map.delete_u64(1).expect("no error");
            map.store_u64(1, 7).expect("memory");
        };
        while_running(churn, || {
            let (mut values, mut found) = ([MaybeUninit::uninit(); 64], [false; 64]);
            map.load_many_u64(&[1; 64], &mut values, |index, result| found[index] = result == Ok(Outcome::Done))
                .expect("words");
            for (value, found) in values.iter().zip(found) {
                // SAFETY: the call fills every value.
                assert_eq!(unsafe { value.assume_init() }, if found { 7 } else { 0 }, "{kind:?}");
            }
        });
    }
}

#[test]
fn a_scan_returned_an_entry_twice_when_a_key_was_deleted() {
    // One chain of 8 keys, and arrays for 7. The chain does not fit until the other thread deletes
    // a key.
    let config = Config { kind: Kind::ReadDirty, key: Width::Word, value: Width::Word, ..Config::default() };
    let map = Map::new(config).expect("a map");
    (0..8).for_each(|key| assert_eq!(map.store_u64(key, key), Ok(Outcome::Done)));
    map.range(&mut |_, _| true).expect("a promotion");
    let churn = || {
        map.delete_u64(0).expect("no error");
        map.store_u64(0, 0).expect("memory");
    };
    while_running(churn, || {
        let (mut cursor, mut seen) = (0, [0; 8]);
        // Two successful calls reach the end. If the cursor never moves, the end is never reached.
        for call in 0.. {
            assert!(call < 100, "no end, seen {seen:?}");
            let (mut keys, mut values) = ([MaybeUninit::uninit(); 7], [MaybeUninit::uninit(); 7]);
            let (outcome, keys, _) = map.scan_u64(&mut cursor, 0, &mut keys, &mut values, &mut 0).expect("a page");
            keys.iter().for_each(|key| seen[*key as usize] += 1);
            if outcome == Outcome::End {
                break;
            }
        }
        assert!(seen[0] <= 1 && seen[1..] == [1; 7], "seen {seen:?}");
    });
}

#[test]
fn a_shrink_of_an_amended_map_kept_deleted_keys() {
    let map = words(Kind::ReadDirty);
    (0..10_000).for_each(|key| assert_eq!(map.store_u64(key, key), Ok(Outcome::Done)));
    map.range(&mut |_, _| true).expect("a promotion");
    map.store_u64(10_000, 0).expect("memory");
    (0..10_000).for_each(|key| assert_eq!(map.delete_u64(key), Ok(Outcome::Done)));
    map.shrink().expect("memory");
    let stats = map.stats().expect("statistics");
    assert_eq!((stats.entries, stats.read_entries, stats.buckets), (1, 1, 1));
}

#[test]
fn a_scan_without_buffers_moved_its_cursor() {
    for &kind in Kind::ALL {
        let map = words(kind);
        (0..100).for_each(|key| assert_eq!(map.store_u64(key, key), Ok(Outcome::Done)));
        let (mut cursor, mut keys, mut values) =
            (0, ColumnWriter::new(&mut [], None), ColumnWriter::new(&mut [], None));
        assert_eq!(map.scan(&mut cursor, 0, &mut keys, &mut values), Err(Error::Buffer));
        assert_eq!((cursor, keys.len(), values.len()), (0, 1, 1));
    }
}

#[test]
fn a_refused_reserve_overflowed() {
    for shards in [1, 16] {
        let config = Config { key: Width::Word, value: Width::Word, shards, ..Config::default() };
        let map = Map::new(config).expect("a map");
        for entries in [u64::MAX, u64::MAX - 12_884_901_881, 1 << 62] {
            assert_eq!(map.reserve(entries), Err(Error::Memory));
        }
        assert_eq!(map.store_u64(1, 1), Ok(Outcome::Done));
    }
}

#[test]
fn a_clear_cost_what_the_map_once_held() {
    let map = words(Kind::ReadDirty);
    (0..300_000).for_each(|key| assert_eq!(map.store_u64(key, key), Ok(Outcome::Done)));
    map.clear().expect("no error");
    map.shrink().expect("memory");
    let start = Instant::now();
    for key in 0..1000 {
        map.store_u64(key, key).expect("memory");
        map.clear().expect("no error");
    }
    // Each clear used to visit all entries that the map had ever allocated.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?} for 1000", start.elapsed());
}
