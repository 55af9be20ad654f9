//! Operations on many keys in one call. Each key has its own status, at the key's position.

use crate::support::face::Entry;
use crate::support::{Many, Setup, Status, scenarios};
use portolan::map::Width;

scenarios! {
    empty_batches
    store_load_delete
    missing_keys
    a_key_more_than_once
    a_batch_buffer_that_is_too_small
    batches_larger_than_the_map
    batches_of_a_large_table
}

fn keys(setup: &Setup, numbers: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(|i| setup.key(i)).collect()
}

/// What a batch writes in place of a missing value.
fn nothing(setup: &Setup) -> Vec<u8> {
    if setup.value == Width::Word { vec![0; 8] } else { vec![] }
}

fn empty_batches(setup: &Setup) {
    let map = setup.map();
    map.store(&setup.key(1), &setup.value(1));
    assert_eq!(map.load_many(&[], 0), Many::Values { values: vec![], statuses: vec![] });
    assert_eq!(map.store_many(&[]), (Status::Ok, vec![]));
    assert_eq!(map.delete_many(&[]), (Status::Ok, vec![]));
    assert_eq!(map.entries(), [setup.entry(1)]);
}

fn store_load_delete(setup: &Setup) {
    let map = setup.map();
    // Sizes around those of the groups in which an implementation may process keys.
    for count in [1, 2, 7, 8, 9, 63, 64, 65, setup.count(700)] {
        let entries: Vec<Entry> = (0..count).map(|i| setup.entry(i)).collect();
        let keys = keys(setup, 0..count);
        assert_eq!(map.store_many(&entries), (Status::Ok, vec![Status::Ok; count]));
        assert_eq!(map.len(), Ok(count as u64));
        let values: Vec<Vec<u8>> = entries.iter().map(|entry| entry.1.clone()).collect();
        let bytes = values.iter().map(Vec::len).sum();
        assert_eq!(map.load_many(&keys, bytes), Many::Values { values, statuses: vec![Status::Ok; count] });
        assert_eq!(map.delete_many(&keys), (Status::Ok, vec![Status::Ok; count]));
        assert_eq!(map.delete_many(&keys), (Status::Ok, vec![Status::NotFound; count]));
        assert_eq!(map.len(), Ok(0));
    }
}

fn missing_keys(setup: &Setup) {
    let map = setup.map();
    for i in (0..100).step_by(2) {
        map.store(&setup.key(i), &setup.value(i));
    }
    let keys = keys(setup, 0..100);
    let has = |i: usize| i.is_multiple_of(2);
    let status = |i: usize| if has(i) { Status::Ok } else { Status::NotFound };
    let values = (0..100).map(|i| if has(i) { setup.value(i) } else { nothing(setup) }).collect();
    assert_eq!(map.load_many(&keys, 100_000), Many::Values { values, statuses: (0..100).map(status).collect() });
    assert_eq!(map.delete_many(&keys), (Status::Ok, (0..100).map(status).collect()));
    assert_eq!(map.len(), Ok(0));
    let values = vec![nothing(setup); 100];
    assert_eq!(map.load_many(&keys, 100_000), Many::Values { values, statuses: vec![Status::NotFound; 100] });
}

/// A batch processes its keys in order, so the last of two equal keys wins.
fn a_key_more_than_once(setup: &Setup) {
    let map = setup.map();
    let (key, first, second) = (setup.key(1), setup.value(1), setup.other(1));
    let entries = [(key.clone(), first), (setup.key(2), setup.value(2)), (key.clone(), second.clone())];
    assert_eq!(map.store_many(&entries), (Status::Ok, vec![Status::Ok; 3]));
    assert_eq!(map.value(&key), Some(second.clone()));
    assert_eq!(map.len(), Ok(2));
    let values = vec![second.clone(), second];
    assert_eq!(
        map.load_many(&[key.clone(), key.clone()], 2000),
        Many::Values { values, statuses: vec![Status::Ok; 2] }
    );
    assert_eq!(map.delete_many(&[key.clone(), key]), (Status::Ok, vec![Status::Ok, Status::NotFound]));
}

fn a_batch_buffer_that_is_too_small(setup: &Setup) {
    if setup.has_words() {
        return; // the call for words takes one array element per key
    }
    let map = setup.map();
    for i in 0..20 {
        map.store(&setup.key(i), &setup.value(i));
    }
    let keys = keys(setup, 0..20);
    let needed = (0..20).map(|i| setup.value(i).len()).sum();
    for capacity in [0, 1, needed / 2, needed - 1] {
        assert_eq!(map.load_many(&keys, capacity), Many::Needs(needed));
    }
    assert!(matches!(map.load_many(&keys, needed), Many::Values { .. }));
    setup.assert_holds(&*map, 0..20);
}

fn batches_larger_than_the_map(setup: &Setup) {
    let (map, count) = (setup.map(), setup.count(3000));
    let entries: Vec<Entry> = (0..count).map(|i| setup.entry(i)).collect();
    assert_eq!(map.store_many(&entries).0, Status::Ok, "one batch makes the table grow several times");
    setup.assert_holds(&*map, 0..count);
    let Many::Values { values, statuses } = map.load_many(&keys(setup, 0..2 * count), 1_000_000) else {
        panic!("the buffer was large enough for all")
    };
    for i in 0..2 * count {
        let expected = if i < count { (Status::Ok, setup.value(i)) } else { (Status::NotFound, nothing(setup)) };
        assert_eq!((statuses[i], values[i].clone()), expected, "entry {i}");
    }
}

/// The table is so large that the map prefetches memory for the whole batch.
fn batches_of_a_large_table(setup: &Setup) {
    let setup = Setup { shards: 1, ..*setup };
    let (map, many) = (setup.map(), setup.count(5000));
    for i in (0..many).step_by(2) {
        map.store(&setup.key(i), &setup.value(i));
    }
    let has = |i: usize| i.is_multiple_of(2);
    for first in (0..many - 150).step_by(many / 7) {
        let numbers = first..first + 150;
        let status = |i| if has(i) { Status::Ok } else { Status::NotFound };
        let values = numbers.clone().map(|i| if has(i) { setup.value(i) } else { nothing(&setup) }).collect();
        let statuses = numbers.clone().map(status).collect();
        assert_eq!(map.load_many(&keys(&setup, numbers), 100_000), Many::Values { values, statuses });
    }
}
