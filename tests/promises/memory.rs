//! Promise: memory is released. Overwriting and deleting free the old bytes, within a bound.
//! `shrink` releases the memory of tables. Churn at a steady size keeps a steady footprint. All of
//! it is measured at the allocator, unless a test says otherwise.

use crate::support::process::alone;
use crate::support::setup::KINDS;
use crate::support::subject::Subject;
use crate::support::tally::Tally;
use crate::support::{Face, Hash, Setup, Status, setup};
use portolan::map::{Kind, Width};
use std::thread::scope;

const MANY: usize = 4000;

fn for_each_map(test: impl Fn(&Setup, &Tally, Box<dyn Face>)) {
    setup::for_each(Setup::of_types(&KINDS), |setup| {
        let tally = Tally::default();
        let setup = Setup { shards: 4, seed: 42, allocator: tally.allocator(), ..*setup };
        test(&setup, &tally, setup.map());
        assert_eq!(tally.bytes(), 0, "bytes that the map did not free when it was dropped");
    });
}

fn fill(setup: &Setup, map: &dyn Face, numbers: std::ops::Range<usize>) {
    for i in numbers {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
}

#[test]
fn all_memory_comes_from_the_allocator() {
    for_each_map(|setup, tally, map| {
        fill(setup, &*map, 0..MANY);
        let payload: usize = (0..MANY).map(|i| setup.key(i).len() + setup.value(i).len()).sum();
        assert!(tally.bytes() >= payload, "{} bytes for a payload of {payload}", tally.bytes());
    });
}

#[test]
fn stats_count_all_allocated_memory() {
    for_each_map(|setup, tally, map| {
        let held = || {
            let stats = map.stats();
            (stats.table_bytes + stats.bytes_reserved) as usize
        };
        // The map's own structs, whose size does not change.
        let rest = tally.bytes() - held();
        assert!(rest < 8192, "an empty map takes {rest} bytes");
        let check = |what: &str| assert_eq!(held() + rest, tally.bytes(), "{what}");
        for round in 0..4 {
            fill(setup, &*map, round * 300..round * 300 + 1000);
            check("filled");
            map.entries();
            check("iterated"); // a read/dirty map has only its read map now
            fill(setup, &*map, round * 300..round * 300 + 1001);
            check("with a new key"); // a read/dirty map has both maps now, and its two tables take turns
            for i in round * 300..round * 300 + 300 {
                map.delete(&setup.key(i));
            }
            check("with keys deleted");
        }
        assert_eq!(map.reserve(5000), Status::Ok);
        check("reserved");
        assert_eq!(map.shrink(), Status::Ok);
        check("shrunk");
        assert_eq!(map.clear(), Status::Ok);
        check("cleared");
    });
}

#[test]
fn overwriting_frees_the_old_bytes() {
    for_each_map(|setup, tally, map| {
        fill(setup, &*map, 0..MANY);
        let once = tally.most_bytes();
        for round in 0..20 {
            for i in 0..MANY {
                let value = if round % 2 == 0 { setup.other(i) } else { setup.value(i) };
                assert_eq!(map.store(&setup.key(i), &value), Status::Ok);
            }
        }
        let most = tally.most_bytes();
        assert!(most <= 2 * once, "overwriting all keys twenty times took {most} bytes; storing them once took {once}");
    });
}

#[test]
fn churn_at_a_steady_size_keeps_a_steady_footprint() {
    for_each_map(|setup, tally, map| {
        const WINDOW: usize = 400;
        fill(setup, &*map, 0..WINDOW);
        let once = tally.most_bytes();
        let churn = |windows: std::ops::Range<usize>| {
            for i in windows.start * WINDOW..windows.end * WINDOW {
                assert_eq!(map.delete(&setup.key(i - WINDOW)), Status::Ok);
                assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
            }
            tally.most_bytes()
        };
        // There may be as many overflow buckets as buckets. A read/dirty map has two tables, and
        // entries of deleted keys.
        let settled = churn(1..40);
        let bound = if setup.kind == Kind::ReadDirty { 6 } else { 3 };
        assert!(settled <= bound * once, "churn increased {once} bytes to {settled}");
        let most = churn(40..160);
        assert!(most <= settled + settled / 2, "after churn had settled at {settled} bytes, it took {most}");
        setup.assert_holds(&*map, 159 * WINDOW..160 * WINDOW);
    });
}

#[test]
fn deleting_and_shrinking_give_memory_back() {
    for_each_map(|setup, tally, map| {
        let empty = tally.bytes();
        fill(setup, &*map, 0..MANY);
        let full = tally.bytes();
        for i in 0..MANY {
            assert_eq!(map.delete(&setup.key(i)), Status::Ok);
        }
        assert_eq!(map.shrink(), Status::Ok);
        let stats = map.stats();
        assert_eq!((stats.entries, stats.bytes_live), (0, 0));
        // Where readers take no lock, memory that they may still read stays allocated: see the next
        // test.
        if !matches!(setup.kind, Kind::Sharded | Kind::ReadDirty) {
            assert!(
                tally.bytes() <= empty + full / 8,
                "{} of {full} bytes are left; an empty map takes {empty}",
                tally.bytes()
            );
        }
        // The memory that stays allocated is reused.
        fill(setup, &*map, 0..MANY);
        assert!(
            tally.bytes() <= full + full / 4,
            "filling the map again took {} bytes; the first time it took {full}",
            tally.bytes()
        );
    });
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux lists the process's pages");
    let pages: usize = text.split(' ').nth(1).and_then(|number| number.parse().ok()).expect("a number");
    pages * 4096
}

/// This holds for every kind. The map's memory is the system's here, so `shrink` can discard the
/// pages of memory that stays allocated, even if readers may still read it. Measured at the system.
#[test]
fn shrinking_gives_pages_back_to_the_system() {
    alone("memory::counts_its_pages");
}

/// Run by `shrinking_gives_pages_back_to_the_system`.
#[test]
#[ignore = "needs a process of its own"]
fn counts_its_pages() {
    // Few shards on every machine, since every shard keeps some memory.
    setup::for_each(KINDS.map(|kind| Setup { shards: 16, ..Setup::new(kind, Width::Word, Width::Word) }), |setup| {
        let map = setup.map();
        let before = resident();
        fill(setup, &*map, 0..400_000);
        let full = resident() - before;
        assert!(full >= 400_000 * 16, "400000 entries took {full} bytes");
        for i in 0..400_000 {
            map.delete(&setup.key(i));
        }
        assert_eq!(map.shrink(), Status::Ok);
        let left = resident().saturating_sub(before);
        assert!(left <= full / 4, "{left} of {full} bytes are left: {:?}", map.stats());
    });
}

/// The same for small tables: 200 maps of 16 shards with 250 entries each.
#[test]
fn shrinking_gives_pages_back_to_the_system_from_small_maps() {
    alone("memory::counts_the_pages_of_small_maps");
}

/// Run by `shrinking_gives_pages_back_to_the_system_from_small_maps`.
#[test]
#[ignore = "needs a process of its own"]
fn counts_the_pages_of_small_maps() {
    let setup = Setup { shards: 16, seed: 42, ..Setup::new(Kind::Sharded, Width::Word, Width::Bytes) };
    setup::for_each([setup], |setup| {
        let maps: Vec<_> = (0..200).map(|_| setup.map()).collect();
        let held = || maps.iter().map(|map| map.stats().table_bytes + map.stats().bytes_reserved).sum::<u64>() as usize;
        let before = resident();
        let fill = || {
            for map in &maps {
                (0..MANY).for_each(|i| assert_eq!(map.store(&setup.key(i), &[1; 100]), Status::Ok));
            }
            (resident() - before, held())
        };
        let full = fill();
        for map in &maps {
            (0..MANY).for_each(|i| assert_eq!(map.delete(&setup.key(i)), Status::Ok));
            assert_eq!(map.shrink(), Status::Ok);
        }
        let left = (resident() - before, held());
        assert!(left.0 <= full.0 * 3 / 4 && left.1 <= full.1 * 3 / 4, "{left:?} of {full:?} bytes are left");
        // Discarded memory that is used again is counted again. The statistics may even be lower
        // than the first time, since some small chunks from the first growth are no longer needed.
        let again = fill();
        // The resident memory may be a little higher, since other pages of the same blocks are
        // used.
        let near = |again: usize, full: usize| again.abs_diff(full) <= full / 8;
        assert!(near(again.0, full.0) && near(again.1, full.1) && again.1 <= full.1, "{again:?} bytes were {full:?}");
    });
}

#[test]
fn clear_makes_memory_reusable() {
    for_each_map(|setup, tally, map| {
        fill(setup, &*map, 0..MANY);
        let full = tally.bytes();
        for _ in 0..10 {
            assert_eq!(map.clear(), Status::Ok);
            assert_eq!(map.stats().bytes_live, 0);
            fill(setup, &*map, 0..MANY);
        }
        assert!(tally.most_bytes() <= 2 * full, "ten rounds took {} bytes; one took {full}", tally.most_bytes());
    });
}

/// Freed memory is reused even while another thread reads all the time.
#[test]
fn freed_memory_is_bounded_while_others_read() {
    for_each_map(|setup, tally, map| {
        if setup.kind == Kind::Bucketed {
            return; // for one thread at a time
        }
        drop(map);
        let subject = Subject::new(setup);
        for i in 0..500 {
            subject.store(i, 0).expect("store");
        }
        let once = tally.bytes();
        let over = std::sync::atomic::AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| {
                for version in 1..60 {
                    for i in 0..500 {
                        subject.store(i, version % 3).expect("store");
                    }
                }
                over.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                for i in 0..500 {
                    subject.load(i).expect("load").expect("it is there");
                }
            }
        });
        // Versions differ in length, so this takes a few times the first footprint, but not sixty
        // times.
        let most = tally.most_bytes();
        assert!(
            most <= 6 * once + 64 * 1024,
            "overwriting 500 entries sixty times took {most} bytes; storing them once took {once}"
        );
    });
}

/// After a clear, a map of words can be filled again without an allocation. (With bytes this is not
/// promised: where readers take locks, a clear frees the blocks.)
#[test]
fn a_clear_keeps_the_capacity() {
    for (kind, seed, many) in KINDS.iter().flat_map(|&kind| (1..40).map(move |seed| (kind, seed, 50 * seed as usize))) {
        let tally = Tally::default();
        let setup =
            Setup { allocator: tally.allocator(), seed, shards: 4, ..Setup::new(kind, Width::Word, Width::Word) };
        let map = setup.map();
        fill(&setup, &*map, 0..many);
        map.entries(); // promotes the dirty map
        fill(&setup, &*map, many..many + 1); // a read/dirty map makes a dirty map
        for _ in 0..2 {
            assert_eq!(map.clear(), Status::Ok);
            tally.fail_at(1, true);
            fill(&setup, &*map, 0..many + 1);
            assert_eq!(tally.heal(), 0, "{kind:?} allocated memory");
        }
    }
}

#[test]
fn a_reserve_for_fewer_entries_than_exist_allocates_nothing() {
    for (kind, shards) in KINDS.iter().flat_map(|&kind| [1, 16, 64, 1024].map(|shards| (kind, shards))) {
        let tally = Tally::default();
        let setup =
            Setup { allocator: tally.allocator(), seed: 42, shards, ..Setup::new(kind, Width::Word, Width::Word) };
        let map = setup.map();
        for i in 0..MANY {
            fill(&setup, &*map, i..i + 1);
            if i % 100 == 7 {
                map.entries(); // promotes the dirty map
            }
            tally.fail_at(1, true);
            for entries in [0, i as u64 / 2, i as u64 + 1] {
                assert_eq!(map.reserve(entries), Status::Ok, "{kind:?} of {shards} shards, {entries} of {i}");
            }
            tally.heal();
        }
        let before = map.stats();
        assert_eq!(map.reserve(MANY as u64), Status::Ok);
        assert_eq!(map.stats(), before);
    }
}

#[test]
fn a_refused_insert_keeps_no_bytes() {
    for kind in KINDS {
        let tally = Tally::default();
        let setup = Setup { allocator: tally.allocator(), shards: 1, ..Setup::new(kind, Width::Bytes, Width::Bytes) };
        let map = setup.map();
        fill(&setup, &*map, 0..10);
        map.entries(); // promotes the dirty map
        let live = map.stats().bytes_live;
        // The two lengths are in size classes that the map has not used, so both need an
        // allocation.
        let (key, value) = ([7; 3000], [8; 20_000]);
        let mut refused = 0;
        for nth in 1.. {
            tally.fail_at(nth, true);
            let status = map.store(&key, &value);
            tally.heal();
            if status == Status::Ok {
                break;
            }
            assert_eq!(status, Status::Memory);
            assert_eq!(map.stats().bytes_live, live, "{kind:?}, refused at {nth}");
            refused += 1;
        }
        assert!(refused > 1, "{kind:?}: the store allocated memory only {refused} times");
        assert!(map.stats().bytes_live > live);
        drop(map);
        assert_eq!(tally.bytes(), 0);
    }
}

#[test]
fn a_refused_reserve_keeps_no_bytes() {
    for_each_map(|setup, tally, map| {
        fill(setup, &*map, 0..20);
        refuse_reserve(tally, &*map);
        // A map without any bucket. Not a sharded map, which keeps the shards that the call made.
        if setup.kind != Kind::Sharded {
            refuse_reserve(tally, &*setup.map());
        }
        // A map with chains, for which the call also prepares overflow buckets.
        let map = Setup { hash: Hash::FourBits, ..*setup }.map();
        fill(setup, &*map, 0..300);
        refuse_reserve(tally, &*map);
    });
}

/// Fails each allocation of a `reserve` in turn. A failed call must leave the map with no more
/// memory than before. It may leave less, since it also releases what the last growth allocated
/// ahead.
fn refuse_reserve(tally: &Tally, map: &dyn Face) {
    let mut refused = 0;
    for n in 1.. {
        let before = (tally.bytes(), map.stats().table_bytes);
        tally.fail_at(n, false);
        let status = map.reserve(3000);
        tally.heal();
        if status == Status::Ok {
            break;
        }
        assert_eq!(status, Status::Memory);
        let after = (tally.bytes(), map.stats().table_bytes);
        assert!(
            after.0 <= before.0 && after.1 <= before.1,
            "reserve, refused at allocation {n}: {before:?}, then {after:?}"
        );
        refused = n;
    }
    assert!(refused > 1, "reserve allocated memory only {refused} times");
}
