//! Promise: if an allocation fails, the call returns `Memory` and the map is unchanged. Here every
//! allocation of every operation fails in turn, once alone and once with all that follow it.

use crate::support::face::Entry;
use crate::support::operations::OPERATIONS;
use crate::support::setup::KINDS;
use crate::support::tally::Tally;
use crate::support::{Answer, Change, Face, Hash, Many, Room, Scan, Setup, Status, Way, setup};
use portolan::map::{Kind, Width};

const ROOM: usize = 4096;

/// A call to test.
struct Case {
    name: String,
    /// It stores new keys or reserves capacity, so it must allocate in some map.
    grows: bool,
    call: Box<Call>,
}

type Call = dyn Fn(&Setup, &dyn Face) -> Report;

struct Report {
    status: Status,
    /// For a batch: the status of each entry that it was to store.
    parts: Vec<(Status, Entry)>,
}

impl From<Status> for Report {
    fn from(status: Status) -> Self {
        Self { status, parts: vec![] }
    }
}

impl From<Answer> for Report {
    fn from(answer: Answer) -> Self {
        answer.status().into()
    }
}

fn ok<T>(result: Result<T, Status>) -> Report {
    result.map_or_else(|status| status, |_| Status::Ok).into()
}

/// Each operation on a key that exists (unless the map is empty), on one that never existed, and on
/// one that was deleted. Then the other calls.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (operation, key) in OPERATIONS.iter().flat_map(|operation| [PRESENT, NEW, DELETED].map(|key| (operation, key)))
    {
        let value = move |s: &Setup, name: &str| match name {
            "old" => s.value(key),
            // Too large for the memory that the map has in stock.
            _ if key == DELETED => large(s),
            _ => s.other(300),
        };
        let call = move |s: &Setup, m: &dyn Face| {
            let values = operation.map(|name| value(s, name));
            m.call(values.map(Vec::as_slice), &s.key(key), ROOM).status().into()
        };
        let grows = key == NEW && operation.step(None).1.is_some();
        cases.push(Case { name: format!("{operation:?} of key {key}"), grows, call: Box::new(call) });
    }
    for (name, call) in OTHERS {
        let grows = matches!(*name, "update, new" | "reserve" | "store_many");
        cases.push(Case { name: (*name).into(), grows, call: Box::new(call) });
    }
    cases
}

type Other = (&'static str, fn(&Setup, &dyn Face) -> Report);

const OTHERS: &[Other] = &[
    ("add, new", |s, m| ok(m.add(&s.key(NEW), 5))),
    ("add, over", |s, m| ok(m.add(&s.key(PRESENT), 5))),
    ("update, new", |s, m| m.update(&s.key(NEW), &mut |_| Change::Store(s.value(NEW))).into()),
    ("update, over", |s, m| m.update(&s.key(PRESENT), &mut |_| Change::Store(s.other(300))).into()),
    ("update, delete", |s, m| m.update(&s.key(PRESENT), &mut |_| Change::Delete).into()),
    ("clear", |_, m| m.clear().into()),
    ("len", |_, m| ok(m.len())),
    ("reserve", |_, m| m.reserve(500).into()),
    ("shrink", |_, m| m.shrink().into()),
    ("range", |_, m| m.range(&mut |_, _| true).into()),
    ("delete_if", |s, m| ok(m.delete_if(&mut |key, _| s.number(key).is_multiple_of(2)))),
    ("begin_scan", |_, m| ok(m.begin_scan())),
    ("scan", |_, m| match m.scan(&mut 0, 0, Room::entries(200)) {
        Scan::Failed(status) => status.into(),
        _ => Status::Ok.into(),
    }),
    ("equal", |_, m| m.equal(m).into()),
    ("load_many", |s, m| match m.load_many(&[s.key(PRESENT), s.key(NEW)], ROOM) {
        Many::Failed(status) => status.into(),
        _ => Status::Ok.into(),
    }),
    ("store_many", |s, m| {
        let entries: Vec<Entry> = (990..1010).map(|i| s.entry(i)).collect();
        let (status, statuses) = m.store_many(&entries);
        Report { status, parts: statuses.into_iter().zip(entries).collect() }
    }),
    ("delete_many", |s, m| m.delete_many(&[s.key(PRESENT), s.key(NEW)]).0.into()),
];

fn large(setup: &Setup) -> Vec<u8> {
    vec![7; if setup.value == Width::Word { 8 } else { 5000 }]
}

fn sorted(map: &dyn Face) -> Vec<Entry> {
    // By `scan`, since `range` would promote the dirty map.
    let mut entries = map.scanned(Room { entries: 100, key_bytes: 10_000, value_bytes: 60_000 }, |_| ());
    entries.sort();
    entries
}

/// A key that exists in every map that is not empty, and one that never exists.
const PRESENT: usize = 0;
const NEW: usize = 1000;
/// A key that was deleted, and one that was stored after that. In a read/dirty map storing the
/// second expunges the first.
const DELETED: usize = 4000;
const LATER: usize = 3000;

/// A map with `count + 1` entries, or an empty one if `count` is 0. Some keys were deleted and some
/// were missed, so that a read/dirty map has entries in all states.
fn filled(setup: &Setup, count: usize) -> Box<dyn Face> {
    let map = setup.map();
    if count == 0 {
        return map;
    }
    assert_eq!(map.store(&setup.key(DELETED), &setup.value(DELETED)), Status::Ok);
    for i in 0..count + count / 4 {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    for i in 0..count {
        assert_eq!(map.contains(&setup.key(i)), Status::Ok);
    }
    for i in count..count + count / 4 {
        assert_eq!(map.delete(&setup.key(i)), Status::Ok);
    }
    map.entries(); // promotes the dirty map
    assert_eq!(map.delete(&setup.key(DELETED)), Status::Ok);
    assert_eq!(map.store(&setup.key(LATER), &setup.value(LATER)), Status::Ok);
    map
}

/// Runs the call with its n-th allocation failing, for n from 1 until none fails. Returns the
/// number of allocations.
fn fail_each(setup: &Setup, count: usize, Case { name, call, .. }: &Case, for_good: bool) -> usize {
    let (expected_status, expected) = {
        let map = filled(setup, count);
        (call(setup, &*map).status, sorted(&*map))
    };
    for n in 1.. {
        let tally = Tally::default();
        let setup = Setup { allocator: tally.allocator(), ..*setup };
        let map = filled(&setup, count);
        let before = sorted(&*map);
        tally.fail_at(n, for_good);
        let report = call(&setup, &*map);
        let failures = tally.heal();
        let after = sorted(&*map);
        let place = format!("{name} on {count} entries, allocation {n} failing");
        if report.status == Status::Memory {
            assert!(failures > 0, "{place}: it returned Memory though no allocation failed");
            if name == "delete_if" {
                // As its manual says, the entries before the failure may be deleted.
                assert!(
                    expected.iter().all(|entry| after.contains(entry)),
                    "{place}: an entry is missing that the predicate kept"
                );
                assert!(
                    after.iter().all(|entry| before.contains(entry)),
                    "{place}: an entry that was not there before"
                );
            } else {
                let parts = report.parts.into_iter().filter(|part| part.0 == Status::Ok).map(|part| part.1);
                let mut wanted: Vec<Entry> = before.into_iter().chain(parts).collect();
                wanted.sort();
                assert!(after == wanted, "{place}: the failed call changed the map");
            }
            // With memory the call succeeds.
            assert_eq!(call(&setup, &*map).status, expected_status, "{place}: again");
            assert!(sorted(&*map) == expected, "{place}: the call succeeded the second time, but the map is wrong");
        } else {
            assert_eq!(report.status, expected_status, "{place}");
            assert!(after == expected, "{place}: the call succeeded, but the map is wrong");
        }
        // The map works as usual afterwards.
        for i in 2000..2020 {
            assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok, "{place}: afterwards");
            assert_eq!(map.value(&setup.key(i)), Some(setup.value(i)), "{place}: afterwards");
        }
        assert_eq!(map.len(), Ok(expected.len() as u64 + 20), "{place}: afterwards");
        drop(map);
        assert_eq!(tally.bytes(), 0, "{place}: bytes were not freed");
        if failures == 0 {
            return n - 1;
        }
    }
    unreachable!()
}

/// Each kind with each type of key and value. One shard, so that all entries are in one table.
fn setups() -> impl Iterator<Item = Setup> {
    let ways = [Way::Rust, Way::C, Way::RustWords];
    let all = KINDS.into_iter().flat_map(Setup::of_kind).filter(move |setup| ways.contains(&setup.way));
    all.filter(|setup| setup.hash == Hash::Real).map(|setup| Setup { shards: 1, seed: 99, ..setup })
}

#[test]
fn every_allocation_of_every_operation_may_fail() {
    setup::for_each(setups(), |setup| {
        for case in cases() {
            let mut allocations = 0;
            // With the additional entry, these are around the sizes at which 1, 2, 4 and 8 buckets
            // are full.
            for count in [0, 7, 12, 26, 51] {
                for for_good in [false, true] {
                    allocations += fail_each(setup, count, &case, for_good);
                }
            }
            assert!(!case.grows || allocations > 0, "{} never allocated memory", case.name);
        }
    });
}

#[test]
fn every_allocation_of_new_may_fail() {
    setup::for_each(setups(), |setup| {
        for capacity in [0, 1, 1000] {
            for n in 1.. {
                let tally = Tally::default();
                let setup = Setup { allocator: tally.allocator(), capacity, shards: 0, ..*setup };
                tally.fail_at(n, false);
                let made = setup.try_map();
                let failures = tally.heal();
                match made {
                    Err(status) => assert_eq!((status, tally.bytes()), (Status::Memory, 0), "allocation {n}"),
                    Ok(map) => {
                        setup.assert_holds(&*map, []);
                        assert_eq!(map.store(&setup.key(1), &setup.value(1)), Status::Ok);
                    }
                }
                if failures == 0 {
                    break;
                }
            }
        }
    });
}

#[test]
fn every_allocation_of_clone_may_fail() {
    setup::for_each(setups(), |setup| {
        for kind in KINDS {
            for n in 1.. {
                let tally = Tally::default();
                let setup = Setup { allocator: tally.allocator(), ..*setup };
                let map = filled(&setup, 60);
                let bytes = tally.bytes();
                tally.fail_at(n, false);
                let copy = map.clone_to(kind);
                let failures = tally.heal();
                setup.assert_holds(&*map, (0..60).chain([LATER]));
                match copy {
                    Err(status) => {
                        assert_eq!((status, tally.bytes()), (Status::Memory, bytes), "allocation {n}, to {kind:?}")
                    }
                    Ok(copy) => setup.assert_holds(&*copy, (0..60).chain([LATER])),
                }
                if failures == 0 {
                    assert!(n > 1, "clone never allocated memory");
                    break;
                }
            }
        }
    });
}

/// Sizes that no machine can have are refused.
#[test]
fn absurd_sizes_are_refused() {
    setup::for_each(setups(), |setup| {
        let map = filled(setup, 20);
        for entries in [u64::MAX, u64::MAX / 2, 1 << 60] {
            let status = map.reserve(entries);
            assert!(matches!(status, Status::Memory | Status::Size), "reserve({entries}): {status:?}");
            let made = Setup { capacity: entries, ..*setup }.try_map();
            assert!(matches!(made, Err(Status::Memory | Status::Size)), "capacity {entries}");
        }
        setup.assert_holds(&*map, (0..20).chain([LATER]));
        if setup.value == Width::Word {
            assert_eq!(map.add(&setup.key(2000), 1), Ok(1));
        }
    });
}

/// Where chains are long, a split needs overflow buckets. If they cannot be allocated, the split is
/// postponed. It is never left half done.
#[test]
fn a_split_without_memory_is_postponed() {
    for kind in [Kind::Mutex, Kind::Sharded, Kind::ReadDirty] {
        // If all keys share a chain, a split may need as many overflow buckets as there are
        // already.
        for (seed, hash) in (1..12).map(|seed| (seed, Hash::FourBits)).chain([(1, Hash::Constant)]) {
            let tally = Tally::default();
            let word = Width::Word;
            let setup = Setup { hash, seed, shards: 1, allocator: tally.allocator(), ..Setup::new(kind, word, word) };
            let map = setup.map();
            let count = setup.count(400);
            for i in 0..count {
                tally.fail_at(1, true);
                let refused = map.store(&setup.key(i), &setup.value(i));
                tally.heal();
                if refused != Status::Ok {
                    assert_eq!(refused, Status::Memory);
                    assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
                }
            }
            setup.assert_holds(&*map, 0..count);
        }
    }
}

/// In a read/dirty map, storing an expunged key inserts it into the dirty map. All keys share a
/// chain here, so the insert needs memory.
#[test]
fn a_refused_store_leaves_an_expunged_key_as_it_was() {
    let tally = Tally::default();
    let hash = Hash::Constant;
    let setup = Setup { hash, allocator: tally.allocator(), ..Setup::new(Kind::ReadDirty, Width::Word, Width::Word) };
    let map = setup.map();
    let store = |i| map.store(&setup.key(i), &setup.value(i));
    (0..8).for_each(|i| assert_eq!(store(i), Status::Ok));
    map.entries(); // promotes the dirty map
    assert_eq!(map.delete(&setup.key(0)), Status::Ok);
    assert_eq!(store(8), Status::Ok);
    assert_eq!(map.stats().expunged, 1);
    tally.fail_at(1, true);
    assert_eq!(store(0), Status::Memory);
    tally.heal();
    assert_eq!(map.stats().expunged, 1);
    assert_eq!(store(0), Status::Ok);
    assert_eq!(map.stats().expunged, 0);
    setup.assert_holds(&*map, 0..9);
}
