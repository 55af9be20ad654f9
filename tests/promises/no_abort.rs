//! A failed allocation answers `Memory`, and the map is as before the call. Every allocation of every operation fails once here,
//! alone and with all that follow it.

use crate::support::face::Entry;
use crate::support::operations::OPERATIONS;
use crate::support::setup::KINDS;
use crate::support::tally::Tally;
use crate::support::{Answer, Change, Face, Hash, Many, Room, Scan, Setup, Status, Way, setup};
use portolan::map::{Kind, Width};

const ROOM: usize = 4096;

/// A call: its name, and what it does; it tells the status and (for a batch) what became of each entry.
struct Case {
    name: String,
    /// It stores a new key, or asks for room, so that it must need memory.
    grows: bool,
    call: Box<Call>,
}

type Call = dyn Fn(&Setup, &dyn Face) -> Told;

struct Told {
    status: Status,
    /// The new state of some keys, each with its own status.
    parts: Vec<(Status, Entry)>,
}

impl From<Status> for Told {
    fn from(status: Status) -> Self {
        Self { status, parts: vec![] }
    }
}

impl From<Answer> for Told {
    fn from(answer: Answer) -> Self {
        answer.status().into()
    }
}

fn ok<T>(result: Result<T, Status>) -> Told {
    result.map_or_else(|status| status, |_| Status::Ok).into()
}

/// Each operation on a key that is there when there is any, on one that never is, and on one that was deleted; and the
/// other calls.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (operation, key) in OPERATIONS.iter().flat_map(|operation| [THERE, NEW, DELETED].map(|key| (operation, key))) {
        let value = move |s: &Setup, name: &str| match name {
            "old" => s.value(key),
            // No memory is left over for this one.
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

type Other = (&'static str, fn(&Setup, &dyn Face) -> Told);

const OTHERS: &[Other] = &[
    ("add, new", |s, m| ok(m.add(&s.key(NEW), 5))),
    ("add, over", |s, m| ok(m.add(&s.key(THERE), 5))),
    ("update, new", |s, m| m.update(&s.key(NEW), &mut |_| Change::Store(s.value(NEW))).into()),
    ("update, over", |s, m| m.update(&s.key(THERE), &mut |_| Change::Store(s.other(300))).into()),
    ("update, delete", |s, m| m.update(&s.key(THERE), &mut |_| Change::Delete).into()),
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
    ("load_many", |s, m| match m.load_many(&[s.key(THERE), s.key(NEW)], ROOM) {
        Many::Failed(status) => status.into(),
        _ => Status::Ok.into(),
    }),
    ("store_many", |s, m| {
        let entries: Vec<Entry> = (990..1010).map(|i| s.entry(i)).collect();
        let (status, statuses) = m.store_many(&entries);
        Told { status, parts: statuses.into_iter().zip(entries).collect() }
    }),
    ("delete_many", |s, m| m.delete_many(&[s.key(THERE), s.key(NEW)]).0.into()),
];

fn large(setup: &Setup) -> Vec<u8> {
    vec![7; if setup.value == Width::Word { 8 } else { 5000 }]
}

fn sorted(map: &dyn Face) -> Vec<Entry> {
    // By scan: a range would promote a dirty map.
    let mut entries = map.scanned(Room { entries: 100, key_bytes: 10_000, value_bytes: 60_000 }, |_| ());
    entries.sort();
    entries
}

/// A key that is there when there is any, and one that never is.
const THERE: usize = 0;
const NEW: usize = 1000;
/// A key that every map here has had, and one that came after it was deleted: in a read/dirty map the first is expunged then.
const DELETED: usize = 4000;
const LATER: usize = 3000;

/// A map with so many entries and one more, or without any. Some were deleted and some missed, so that a read/dirty map has all its states.
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
    map.entries(); // promotes
    assert_eq!(map.delete(&setup.key(DELETED)), Status::Ok);
    assert_eq!(map.store(&setup.key(LATER), &setup.value(LATER)), Status::Ok);
    map
}

/// Runs the operation with its n-th allocation failing, for each n until there is none. Says how many there were.
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
        let told = call(&setup, &*map);
        let failures = tally.heal();
        let after = sorted(&*map);
        let place = format!("{name} on {count} entries, allocation {n} failing");
        if told.status == Status::Memory {
            assert!(failures > 0, "{place}: it answered Memory, and none failed");
            if name == "delete_if" {
                // It goes from entry to entry, and says that those before the failure may be gone.
                assert!(
                    expected.iter().all(|entry| after.contains(entry)),
                    "{place}: an entry that was to stay is gone"
                );
                assert!(after.iter().all(|entry| before.contains(entry)), "{place}: an entry from nowhere");
            } else {
                let parts = told.parts.into_iter().filter(|part| part.0 == Status::Ok).map(|part| part.1);
                let mut wanted: Vec<Entry> = before.into_iter().chain(parts).collect();
                wanted.sort();
                assert!(after == wanted, "{place}: the map is not as before");
            }
            // With memory it works.
            assert_eq!(call(&setup, &*map).status, expected_status, "{place}: again");
            assert!(sorted(&*map) == expected, "{place}: again, and the map is wrong");
        } else {
            assert_eq!(told.status, expected_status, "{place}");
            assert!(after == expected, "{place}: it succeeded, and the map is wrong");
        }
        // The map works on as if nothing had happened.
        for i in 2000..2020 {
            assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok, "{place}: afterwards");
            assert_eq!(map.value(&setup.key(i)), Some(setup.value(i)), "{place}: afterwards");
        }
        assert_eq!(map.len(), Ok(expected.len() as u64 + 20), "{place}: afterwards");
        drop(map);
        assert_eq!(tally.bytes(), 0, "{place}: bytes that never came back");
        if failures == 0 {
            return n - 1;
        }
    }
    unreachable!()
}

/// Each kind with each type, with one table where there may be more, so that all entries press on it.
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
            // With the one more: around the sizes where a table of 1, 2, 4, 8 buckets is full.
            for count in [0, 7, 12, 26, 51] {
                for for_good in [false, true] {
                    allocations += fail_each(setup, count, &case, for_good);
                }
            }
            assert!(!case.grows || allocations > 0, "{} never asked the allocator for memory", case.name);
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
                    assert!(n > 1, "clone never asked the allocator for memory");
                    break;
                }
            }
        }
    });
}

/// What no machine has is refused, not tried.
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

/// Where chains are long, a split needs overflow buckets: without them it is put off, and never left half done.
#[test]
fn a_split_without_memory_is_put_off() {
    for kind in [Kind::Mutex, Kind::Sharded, Kind::ReadDirty] {
        // Where all share a chain, a split may need as many overflow buckets again as there are.
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

/// In a read/dirty map, where all keys share a chain: that the key goes into the dirty map again needs memory.
#[test]
fn a_refused_store_leaves_an_expunged_key_as_it_was() {
    let tally = Tally::default();
    let hash = Hash::Constant;
    let setup = Setup { hash, allocator: tally.allocator(), ..Setup::new(Kind::ReadDirty, Width::Word, Width::Word) };
    let map = setup.map();
    let store = |i| map.store(&setup.key(i), &setup.value(i));
    (0..8).for_each(|i| assert_eq!(store(i), Status::Ok));
    map.entries(); // promotes
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
