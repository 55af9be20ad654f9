//! `read_dirty` follows `sync.Map`: when a dirty map is made, what becomes of deleted keys then, and when it is promoted.

use crate::support::tally::Tally;
use crate::support::{Hash, Room, Setup, Status, scenarios};
use portolan::map::Width;

scenarios! {
    read_dirty ReadDirty:
    a_clear_of_what_has_no_dirty_map_promotes_nothing
    beginning_an_iteration_promotes
    a_dirty_map_is_promoted_after_as_many_misses_as_it_has_entries
    a_deleted_key_is_expunged_and_comes_back
    expunged_entries_are_used_again
    a_dirty_map_that_could_not_be_made_leaves_no_key_behind
}

const MANY: usize = 50;

fn a_clear_of_what_has_no_dirty_map_promotes_nothing(setup: &Setup) {
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

fn a_dirty_map_is_promoted_after_as_many_misses_as_it_has_entries(setup: &Setup) {
    let map = setup.map();
    for i in 0..MANY {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    for misses in 0..MANY as u64 {
        let stats = map.stats();
        assert_eq!((stats.promotions, stats.misses), (0, misses));
        assert_eq!((stats.read_entries, stats.dirty_entries), (0, MANY as u64));
        // Whether the key is there does not matter, nor whether it is to be deleted.
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

fn a_deleted_key_is_expunged_and_comes_back(setup: &Setup) {
    let map = setup.map();
    for i in 0..MANY {
        map.store(&setup.key(i), &setup.value(i));
    }
    map.entries(); // which promotes
    for i in 0..10 {
        assert_eq!(map.delete(&setup.key(i)), Status::Ok);
    }
    assert_eq!(map.stats().expunged, 0);
    map.store(&setup.key(MANY), &setup.value(MANY)); // for which a dirty map is made
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

/// The entries of keys that come and go are used again.
fn expunged_entries_are_used_again(setup: &Setup) {
    if (setup.key, setup.value) != (Width::Word, Width::Word) {
        return; // bytes have blocks beside their entries
    }
    let tally = Tally::default();
    let setup = Setup { allocator: tally.allocator(), ..*setup };
    let map = setup.map();
    for round in 0..200 {
        for i in 0..MANY {
            map.store(&setup.key(round * MANY + i), &setup.value(i));
        }
        map.entries(); // promotes
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
fn a_dirty_map_that_could_not_be_made_leaves_no_key_behind(setup: &Setup) {
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
        map.entries(); // promotes
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
        // A key whose entry may have been expunged, and one for which a dirty map is made now.
        assert_eq!(map.store(&setup.key(0), &setup.value(0)), Status::Ok);
        assert_eq!(map.store(&setup.key(MANY), &setup.value(MANY)), Status::Ok);
        setup.assert_holds(&*map, [0].into_iter().chain(MANY / 2..MANY + 1)); // which promotes
        setup.assert_holds(&*map, [0].into_iter().chain(MANY / 2..MANY + 1));
    }
    assert!(refused > 3, "memory was refused {refused} times");
}
