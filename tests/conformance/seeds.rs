//! The seed: with one, hashing and the order of iteration are reproducible; without one, they are
//! random.

use crate::support::{Hash, Room, Setup, scenarios};

scenarios! {
    one_seed_one_order
    other_seeds_other_orders
    a_random_seed_is_random
}

/// The order in which a scan returns the same entries, stored forwards or backwards.
fn order(setup: &Setup, seed: u64, backwards: bool) -> Vec<usize> {
    let map = Setup { seed, ..*setup }.map();
    let count = setup.count(200);
    for i in 0..count {
        let i = if backwards { count - 1 - i } else { i };
        map.store(&setup.key(i), &setup.value(i));
    }
    map.scanned(Room::entries(1), |_| ()).iter().map(|(key, _)| setup.number(key)).collect()
}

fn one_seed_one_order(setup: &Setup) {
    assert_eq!(order(setup, 12345, false), order(setup, 12345, false));
    if setup.hash == Hash::Real {
        let (forwards, backwards) = (order(setup, 12345, false), order(setup, 12345, true));
        assert_eq!(forwards, backwards, "the order is that of the hashes, not that of the stores");
    }
}

fn other_seeds_other_orders(setup: &Setup) {
    if setup.hash == Hash::Real {
        assert_ne!(order(setup, 1, false), order(setup, 2, false));
    }
}

fn a_random_seed_is_random(setup: &Setup) {
    if setup.hash == Hash::Real {
        assert_ne!(order(setup, 0, false), order(setup, 0, false));
    }
}
