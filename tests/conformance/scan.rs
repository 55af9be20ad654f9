//! Scans with a stateless cursor. Whatever happens between two pages, a key that exists all the
//! time is returned exactly once, and any other key at most once.

use crate::support::face::Entry;
use crate::support::{Face, Hash, Room, Scan, Setup, Status, scenarios};
use std::collections::HashSet;

scenarios! {
    an_empty_map_has_one_empty_page
    every_capacity_returns_every_entry_once
    one_byte_too_few_reports_the_capacity_needed
    growing_and_shrinking_keep_the_order
    growing_between_pages
    shrinking_between_pages
    writing_everything_between_pages
    clearing_between_pages
    one_cursor_serves_many_scans
    an_end_divides_the_entries
    nothing_lies_before_an_end_that_was_passed
    an_iteration_gives_every_entry_once
    iterations_begin_at_different_places
    pages_feed_the_batches
}

fn filled(setup: &Setup, count: usize) -> Box<dyn Face> {
    let map = setup.map();
    for i in 0..count {
        map.store(&setup.key(i), &setup.value(i));
    }
    map
}

/// Checks that no key was scanned twice, and that each stable one was scanned.
fn check(setup: &Setup, scanned: &[Entry], stable: impl IntoIterator<Item = usize>) {
    let mut seen = HashSet::new();
    for (key, _) in scanned {
        assert!(seen.insert(setup.number(key)), "entry {} was scanned twice", setup.number(key));
    }
    for i in stable {
        assert!(seen.contains(&i), "entry {i} existed all the time and was not scanned");
    }
}

/// Entries for scenarios that scan the whole map many times.
fn some(setup: &Setup) -> usize {
    setup.count(300)
}

fn an_empty_map_has_one_empty_page(setup: &Setup) {
    let map = setup.map();
    for capacity in [0, 1, 100] {
        let mut cursor = 0;
        assert_eq!(map.scan(&mut cursor, 0, Room::entries(capacity)), Scan::Page { entries: vec![], more: false });
        assert_eq!(cursor, 0);
    }
}

fn every_capacity_returns_every_entry_once(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    for capacity in [0, 1, 2, 3, 7, 8, 9, 64, count, count + 1, 10 * count] {
        setup.assert_same(&map.scanned(Room::entries(capacity), |_| ()), 0..count);
    }
}

fn one_byte_too_few_reports_the_capacity_needed(setup: &Setup) {
    if setup.has_words() {
        return; // the call for words counts entries, not bytes
    }
    let map = setup.map();
    let (key, value) = (setup.key(5), setup.other(5));
    assert!(!value.is_empty());
    map.store(&key, &value);
    let exact = Room { entries: 1, key_bytes: key.len(), value_bytes: value.len() };
    let less = [
        Room { entries: 0, ..exact },
        Room { key_bytes: key.len() - 1, ..exact },
        Room { value_bytes: value.len() - 1, ..exact },
        Room { entries: 0, key_bytes: 0, value_bytes: 0 },
        Room { entries: 1000, key_bytes: 0, value_bytes: 0 },
    ];
    for room in less {
        let mut cursor = 0;
        let answer = loop {
            match map.scan(&mut cursor, 0, room) {
                // Pages before the first entry may be empty.
                Scan::Page { entries, more: true } if entries.is_empty() => {}
                answer => break answer,
            }
        };
        assert_eq!(answer, Scan::Needs(exact), "with {room:?}");
        assert_eq!(map.page(&mut cursor, 0, exact).0, [(key.clone(), value.clone())]);
    }
    // Entries that share a position (a hash collision) are returned by one call, so the capacity
    // needed is that of all of them.
    let count = some(setup);
    let map = filled(setup, count);
    let scanned = map.scanned(Room { entries: count, key_bytes: 1, value_bytes: 1 }, |_| ());
    check(setup, &scanned, 0..count);
}

/// The order of a scan is that of the hashes, however many buckets there are.
fn growing_and_shrinking_keep_the_order(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    let order = || map.scanned(Room::entries(1), |_| ()).iter().map(|(key, _)| setup.number(key)).collect::<Vec<_>>();
    let before = order();
    let same = |what: &str| match setup.hash {
        Hash::Real => assert!(order() == before, "{what} changed the order"),
        // Many entries share a position, and their order among themselves is open.
        _ => assert_eq!(order().len(), count),
    };
    assert_eq!(map.reserve(20 * count as u64), Status::Ok);
    same("growing");
    assert_eq!(map.shrink(), Status::Ok);
    same("shrinking");
    for i in (0..count).rev() {
        map.delete(&setup.key(i));
        map.store(&setup.key(i), &setup.other(i));
    }
    same("deleting and storing again");
}

fn growing_between_pages(setup: &Setup) {
    let count = some(setup);
    for capacity in [1, 5, 40] {
        let map = filled(setup, count);
        let mut next = count;
        let most = setup.count(2500);
        let scanned = map.iterated(Room::entries(capacity), |_| {
            for _ in 0..20 * capacity {
                if next < most {
                    map.store(&setup.key(next), &setup.value(next));
                    next += 1;
                }
            }
        });
        check(setup, &scanned, 0..count);
        assert!(scanned.iter().all(|(key, value)| *value == setup.value(setup.number(key))));
    }
}

fn shrinking_between_pages(setup: &Setup) {
    let (stable, most) = (some(setup) / 3, setup.count(3000));
    for capacity in [1, 5, 40] {
        let map = filled(setup, most);
        let mut last = most;
        let scanned = map.scanned(Room::entries(capacity), |page| {
            for _ in 0..50 {
                if last > stable {
                    last -= 1;
                    map.delete(&setup.key(last));
                }
            }
            if page % 7 == 0 {
                assert_eq!(map.shrink(), Status::Ok);
            }
        });
        check(setup, &scanned, 0..stable);
    }
}

/// Stable keys among others that are deleted, stored again and overwritten, while the table grows
/// and shrinks.
fn writing_everything_between_pages(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    let stable = |i: usize| i.is_multiple_of(4);
    let scanned = map.iterated(Room::entries(3), |page| {
        for i in (0..count).filter(|i| !stable(*i)) {
            match (i + page) % 5 {
                0 => drop(map.delete(&setup.key(i))),
                1 => drop(map.store(&setup.key(i), &setup.other(i))),
                _ => {}
            }
        }
        for i in (0..count).filter(|i| stable(*i)) {
            map.store(&setup.key(i), &if page % 2 == 0 { setup.other(i) } else { setup.value(i) });
        }
        match page % 20 {
            5 => drop(map.reserve(8 * count as u64)),
            15 => drop(map.shrink()),
            _ => {}
        }
    });
    check(setup, &scanned, (0..count).filter(|i| stable(*i)));
    for (key, value) in &scanned {
        let i = setup.number(key);
        assert!(*value == setup.value(i) || *value == setup.other(i), "entry {i} has a value that it never had");
    }
}

/// No key exists all the time. Still no key is scanned twice, and the scan ends.
fn clearing_between_pages(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    let scanned = map.scanned(Room::entries(3), |page| {
        if page % 5 == 0 {
            assert_eq!(map.clear(), Status::Ok);
            for i in 0..count {
                map.store(&setup.key(i), &setup.value(i));
            }
        }
    });
    check(setup, &scanned, []);
}

/// A cursor is a number: a scan can be continued from it more than once.
fn one_cursor_serves_many_scans(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    let mut cursor = 0;
    let (first, more) = map.page(&mut cursor, 0, Room::entries(count / 3));
    if !more {
        return; // all entries share one position and are in the first page
    }
    let rest = |mut cursor: u64| {
        let mut entries = Vec::new();
        while cursor != 0 {
            entries.extend(map.page(&mut cursor, 0, Room::entries(7)).0);
        }
        entries
    };
    let once = rest(cursor);
    assert_eq!(rest(cursor), once);
    let all: Vec<Entry> = first.into_iter().chain(once).collect();
    setup.assert_same(&all, 0..count);
}

/// What lies before a position and what lies from it on is everything. So threads can share an iteration.
fn an_end_divides_the_entries(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    let part = |start, end, room| map.scanned_part(start, end, Room::entries(room), |_| ());
    // At the edge of an entry.
    let mut cursor = 0;
    let (first, _) = map.page(&mut cursor, 0, Room::entries(1));
    if cursor != 0 {
        assert_eq!(part(0, cursor, 1), first);
    }
    // Anywhere.
    let mut positions = [0; 7].map(|_| map.begin_scan().expect("a position"));
    positions.sort_unstable();
    let ends = positions.into_iter().chain([0]);
    for room in [1, 7, count] {
        let parts = [0].into_iter().chain(positions).zip(ends.clone()).map(|(start, end)| part(start, end, room));
        setup.assert_same(&parts.flatten().collect::<Vec<_>>(), 0..count);
    }
}

fn nothing_lies_before_an_end_that_was_passed(setup: &Setup) {
    let map = filled(setup, some(setup));
    let middle = map.begin_scan().expect("a position").max(2);
    for (start, end) in [(middle, middle), (middle, middle - 1), (middle, 1), (u64::MAX, u64::MAX), (1, 1)] {
        for room in [0, 1, 100] {
            let mut cursor = start;
            let page = map.scan(&mut cursor, end, Room::entries(room));
            assert_eq!((page, cursor), (Scan::Page { entries: vec![], more: false }, 0));
        }
    }
}

fn an_iteration_gives_every_entry_once(setup: &Setup) {
    let count = some(setup);
    let map = filled(setup, count);
    for room in [1, 7, count, 10 * count] {
        setup.assert_same(&map.iterated(Room::entries(room), |_| ()), 0..count);
    }
}

fn iterations_begin_at_different_places(setup: &Setup) {
    if setup.hash == Hash::Constant {
        return; // all entries are at one place
    }
    let map = filled(setup, 64);
    let first = |_| map.iterated(Room::entries(64), |_| ()).swap_remove(0).0;
    let begun: HashSet<_> = (0..16).map(first).collect();
    assert!(begun.len() > 1, "sixteen iterations began with {begun:?}");
}

/// A page of a scan can be passed to the batch calls: this moves a map page by page.
fn pages_feed_the_batches(setup: &Setup) {
    let count = some(setup);
    let (from, to) = (filled(setup, count), setup.map());
    let mut cursor = 0;
    loop {
        let (page, more) = from.page(&mut cursor, 0, Room::entries(16));
        let keys: Vec<Vec<u8>> = page.iter().map(|entry| entry.0.clone()).collect();
        assert_eq!(to.store_many(&page).0, Status::Ok);
        assert_eq!(from.delete_many(&keys), (Status::Ok, vec![Status::Ok; keys.len()]));
        if !more {
            break;
        }
    }
    assert_eq!(from.len(), Ok(0));
    setup.assert_holds(&*to, 0..count);
}
