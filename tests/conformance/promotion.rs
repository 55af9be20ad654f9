//! A read/dirty map behaves like Go's `sync.Map`: when it makes a dirty map, when it expunges
//! deleted keys, and when it promotes the dirty map.

use crate::support::tally::Tally;
use crate::support::{Hash, Room, Setup, Status, scenarios};
use portolan::map::Width;

scenarios! {
    read_dirty ReadDirty:
    a_clear_without_a_dirty_map_promotes_nothing
    beginning_an_iteration_promotes
    as_many_misses_as_entries_promote_the_dirty_map
    a_deleted_key_is_expunged_and_stored_again
    expunged_entries_are_reused
    a_failed_dirty_map_loses_no_key
}

const MANY: usize = 50;

fn a_clear_without_a_dirty_map_promotes_nothing(setup: &Setup) {
    let map = setup.map();
    for _ in 0..3 {
        assert_eq!(map.clear(), Status::Ok);
    }
    assert_eq!(map.stats().promotions, 0);
    assert_eq!(map.store(&setup.key(1), &setup.value(1)), Status::Ok);
    map.entries();
    assert_eq!(map.clear(), Status::Ok);
    assert_eq!(map.stats().promotions, 1);
}

fn beginning_an_iteration_promotes(setup: &Setup) {
    let map = setup.map();
    for i in 0..MANY {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    // A scan alone does not.
    assert_eq!((map.scanned(Room::entries(MANY), |_| ()).len(), map.stats().promotions), (MANY, 0));
    for _ in 0..2 {
        map.begin_scan().expect("a position to start from");
        let stats = map.stats();
        assert_eq!((stats.promotions, stats.read_entries, stats.dirty_entries), (1, MANY as u64, 0));
    }
}

fn as_many_misses_as_entries_promote_the_dirty_map(setup: &Setup) {
    let map = setup.map();
    for i in 0..MANY {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    for misses in 0..MANY as u64 {
        let stats = map.stats();
        assert_eq!((stats.promotions, stats.misses), (0, misses));
        assert_eq!((stats.read_entries, stats.dirty_entries), (0, MANY as u64));
        // Existing or missing, a load or a delete: each counts as a miss.
        let number = misses as usize * 2;
        let key = setup.key(number);
        if number > MANY && misses % 2 == 0 {
            map.delete(&key)
        } else {
            map.contains(&key)
        };
    }
    let stats = map.stats();
    assert_eq!((stats.promotions, stats.misses, stats.read_entries, stats.dirty_entries), (1, 0, MANY as u64, 0));
    setup.assert_holds(&*map, 0..MANY);
}

fn a_deleted_key_is_expunged_and_stored_again(setup: &Setup) {
    let map = setup.map();
    for i in 0..MANY {
        map.store(&setup.key(i), &setup.value(i));
    }
    map.entries(); // promotes the dirty map
    for i in 0..10 {
        assert_eq!(map.delete(&setup.key(i)), Status::Ok);
    }
    assert_eq!(map.stats().expunged, 0);
    map.store(&setup.key(MANY), &setup.value(MANY)); // makes a dirty map
    let stats = map.stats();
    assert_eq!((stats.expunged, stats.dirty_entries), (10, MANY as u64 - 9));
    for i in 0..5 {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    assert_eq!(map.stats().expunged, 5);
    map.entries();
    let stats = map.stats();
    assert_eq!((stats.promotions, stats.expunged, stats.read_entries), (2, 0, MANY as u64 - 4));
    setup.assert_holds(&*map, (0..5).chain(10..MANY + 1));
}

/// The entries of deleted keys are reused for new ones, so memory stays bounded.
fn expunged_entries_are_reused(setup: &Setup) {
    if (setup.key, setup.value) != (Width::Word, Width::Word) {
        return; // bytes also need blocks, which this test does not count
    }
    let tally = Tally::default();
    let setup = Setup { allocator: tally.allocator(), ..*setup };
    let map = setup.map();
    for round in 0..200 {
        for i in 0..MANY {
            map.store(&setup.key(round * MANY + i), &setup.value(i));
        }
        map.entries(); // promotes the dirty map
        for i in 0..MANY {
            assert_eq!(map.delete(&setup.key(round * MANY + i)), Status::Ok);
        }
        if round == 20 {
            tally.most_bytes();
        }
    }
    let (most, now) = (tally.most_bytes(), tally.bytes());
    assert!(most <= 64 * 1024, "{MANY} keys at a time took {most} bytes, and take {now}");
}

/// With one hash for all keys the dirty map's chain needs memory while entries are put into it.
fn a_failed_dirty_map_loses_no_key(setup: &Setup) {
    if setup.hash != Hash::Constant {
        return; // no chain is long
    }
    let mut refused = 0;
    for nth in 1.. {
        let tally = Tally::default();
        let setup = Setup { allocator: tally.allocator(), ..*setup };
        let map = setup.map();
        for i in 0..MANY {
            map.store(&setup.key(i), &setup.value(i));
        }
        map.entries(); // promotes the dirty map
        for i in 0..MANY / 2 {
            map.delete(&setup.key(i));
        }
        tally.fail_at(nth, true);
        let status = map.store(&setup.key(MANY), &setup.value(MANY));
        tally.heal();
        if status == Status::Ok {
            break;
        }
        assert_eq!(status, Status::Memory);
        refused += 1;
        // Key 0's entry may have been expunged before the failure. Key MANY makes a dirty map now.
        assert_eq!(map.store(&setup.key(0), &setup.value(0)), Status::Ok);
        assert_eq!(map.store(&setup.key(MANY), &setup.value(MANY)), Status::Ok);
        setup.assert_holds(&*map, [0].into_iter().chain(MANY / 2..MANY + 1)); // promotes the dirty map
        setup.assert_holds(&*map, [0].into_iter().chain(MANY / 2..MANY + 1));
    }
    assert!(refused > 3, "memory was refused {refused} times");
}
