//! The outcomes of each operation on an empty map, on an existing key, and on a missing key.

use crate::support::guard::word;
use crate::support::{Answer, Setup, Status, scenarios};
use portolan::map::Width;

scenarios! {
    an_empty_map_has_nothing
    load_and_contains
    store_overwrites
    load_or_store
    load_and_delete
    delete
    swap
    compare_and_swap
    compare_and_delete
    add
    add_works_on_the_value_that_other_operations_see
}

/// A buffer capacity that is enough for every value here.
const ROOM: usize = 512;

fn an_empty_map_has_nothing(setup: &Setup) {
    let map = setup.map();
    let (key, value) = setup.entry(1);
    assert_eq!(map.load(&key, ROOM), Answer::Plain(Status::NotFound));
    assert_eq!(map.contains(&key), Status::NotFound);
    assert_eq!(map.load_and_delete(&key, ROOM), Answer::Plain(Status::NotFound));
    assert_eq!(map.delete(&key), Status::NotFound);
    assert_eq!(map.compare_and_swap(&key, &value, &value), Status::NotFound);
    assert_eq!(map.compare_and_delete(&key, &value), Status::NotFound);
    assert_eq!(map.len(), Ok(0));
    assert_eq!(map.entries(), []);
    assert_eq!(map.delete_if(&mut |_, _| panic!("an empty map has nothing to pass to a predicate")), Ok(0));
    assert_eq!(map.clear(), Status::Ok);
    assert_eq!(map.shrink(), Status::Ok);
    assert_eq!(map.len(), Ok(0));
}

fn load_and_contains(setup: &Setup) {
    let map = setup.map();
    let (key, value) = setup.entry(1);
    assert_eq!(map.store(&key, &value), Status::Ok);
    assert_eq!(map.load(&key, ROOM), Answer::Value(Status::Ok, value.clone()));
    assert_eq!(map.load(&key, ROOM), Answer::Value(Status::Ok, value));
    assert_eq!(map.contains(&key), Status::Ok);
    assert_eq!(map.load(&setup.key(2), ROOM), Answer::Plain(Status::NotFound));
    assert_eq!(map.contains(&setup.key(2)), Status::NotFound);
    assert_eq!(map.len(), Ok(1));
}

fn store_overwrites(setup: &Setup) {
    let map = setup.map();
    for i in 0..20 {
        assert_eq!(map.store(&setup.key(i), &setup.value(i)), Status::Ok);
    }
    for i in 0..20 {
        assert_eq!(map.store(&setup.key(i), &setup.other(i)), Status::Ok);
        assert_eq!(map.value(&setup.key(i)), Some(setup.other(i)));
    }
    assert_eq!(map.len(), Ok(20));
}

fn load_or_store(setup: &Setup) {
    let map = setup.map();
    let key = setup.key(1);
    assert_eq!(map.load_or_store(&key, &setup.value(1), ROOM), Answer::Plain(Status::Ok));
    assert_eq!(map.load_or_store(&key, &setup.other(1), ROOM), Answer::Value(Status::Loaded, setup.value(1)));
    assert_eq!(map.value(&key), Some(setup.value(1)));
    assert_eq!(map.len(), Ok(1));
    assert_eq!(map.delete(&key), Status::Ok);
    assert_eq!(map.load_or_store(&key, &setup.other(1), ROOM), Answer::Plain(Status::Ok));
    assert_eq!(map.value(&key), Some(setup.other(1)));
}

fn load_and_delete(setup: &Setup) {
    let map = setup.map();
    let (key, value) = setup.entry(1);
    map.store(&setup.key(2), &setup.value(2));
    for _ in 0..3 {
        assert_eq!(map.store(&key, &value), Status::Ok);
        assert_eq!(map.load_and_delete(&key, ROOM), Answer::Value(Status::Ok, value.clone()));
        assert_eq!(map.load_and_delete(&key, ROOM), Answer::Plain(Status::NotFound));
        assert_eq!(map.load(&key, ROOM), Answer::Plain(Status::NotFound));
    }
    assert_eq!(map.entries(), [setup.entry(2)]);
}

fn delete(setup: &Setup) {
    let map = setup.map();
    for i in 0..20 {
        map.store(&setup.key(i), &setup.value(i));
    }
    for i in 0..20 {
        assert_eq!(map.delete(&setup.key(i)), Status::Ok);
        assert_eq!(map.delete(&setup.key(i)), Status::NotFound);
        assert_eq!(map.contains(&setup.key(i)), Status::NotFound);
        assert_eq!(map.len(), Ok(19 - i as u64));
        setup.assert_holds(&*map, i + 1..20);
    }
}

fn swap(setup: &Setup) {
    let map = setup.map();
    let key = setup.key(1);
    assert_eq!(map.swap(&key, &setup.value(1), ROOM), Answer::Plain(Status::Ok));
    assert_eq!(map.swap(&key, &setup.other(1), ROOM), Answer::Value(Status::Loaded, setup.value(1)));
    assert_eq!(map.swap(&key, &setup.other(1), ROOM), Answer::Value(Status::Loaded, setup.other(1)));
    assert_eq!(map.value(&key), Some(setup.other(1)));
    assert_eq!(map.delete(&key), Status::Ok);
    assert_eq!(map.swap(&key, &setup.value(1), ROOM), Answer::Plain(Status::Ok));
    assert_eq!(map.entries(), [setup.entry(1)]);
}

fn compare_and_swap(setup: &Setup) {
    let map = setup.map();
    let (key, value, other) = (setup.key(1), setup.value(1), setup.other(1));
    assert_eq!(map.compare_and_swap(&key, &value, &other), Status::NotFound);
    assert_eq!(map.contains(&key), Status::NotFound, "compare_and_swap on a missing key stores nothing");
    map.store(&key, &value);
    assert_eq!(map.compare_and_swap(&key, &other, &value), Status::Mismatch);
    assert_eq!(map.value(&key), Some(value.clone()));
    assert_eq!(map.compare_and_swap(&key, &value, &other), Status::Ok);
    assert_eq!(map.value(&key), Some(other.clone()));
    assert_eq!(map.compare_and_swap(&key, &other, &other), Status::Ok, "the same value again");
    map.delete(&key);
    assert_eq!(map.compare_and_swap(&key, &other, &value), Status::NotFound);
    assert_eq!(map.len(), Ok(0));
}

fn compare_and_delete(setup: &Setup) {
    let map = setup.map();
    let (key, value, other) = (setup.key(1), setup.value(1), setup.other(1));
    assert_eq!(map.compare_and_delete(&key, &value), Status::NotFound);
    map.store(&key, &value);
    assert_eq!(map.compare_and_delete(&key, &other), Status::Mismatch);
    assert_eq!(map.value(&key), Some(value.clone()));
    assert_eq!(map.compare_and_delete(&key, &value), Status::Ok);
    assert_eq!(map.compare_and_delete(&key, &value), Status::NotFound);
    assert_eq!(map.len(), Ok(0));
}

fn add(setup: &Setup) {
    if setup.value == Width::Bytes {
        return; // refused: see types.rs
    }
    let map = setup.map();
    let key = setup.key(1);
    assert_eq!(map.add(&key, 5), Ok(5), "from zero");
    assert_eq!(map.add(&key, 0), Ok(5));
    assert_eq!(map.add(&key, u64::MAX), Ok(4), "adding -1");
    assert_eq!(map.add(&key, u64::MAX - 4), Ok(u64::MAX));
    assert_eq!(map.add(&key, 3), Ok(2), "wraps");
    map.delete(&key);
    assert_eq!(map.add(&key, 7), Ok(7), "from zero again");
    assert_eq!(map.add(&setup.key(2), 0), Ok(0), "adding 0 creates the key as well");
    assert_eq!(map.len(), Ok(2));
}

fn add_works_on_the_value_that_other_operations_see(setup: &Setup) {
    if setup.value == Width::Bytes {
        return;
    }
    let map = setup.map();
    for i in 0..50 {
        map.store(&setup.key(i), &setup.value(i));
    }
    for i in 0..100 {
        let before = if i < 50 { word(&setup.value(i)) } else { 0 };
        assert_eq!(map.add(&setup.key(i), 3), Ok(before.wrapping_add(3)));
        assert_eq!(map.value(&setup.key(i)).as_deref().map(word), Some(before.wrapping_add(3)));
        let sum = before.wrapping_add(3).to_ne_bytes();
        assert_eq!(map.compare_and_swap(&setup.key(i), &sum, &[0; 8]), Status::Ok);
    }
    assert_eq!(map.len(), Ok(100));
}
