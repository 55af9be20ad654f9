//! Keys and values of every length, and buffers of every capacity.

use crate::support::data::{VALUE_LENGTHS, pattern};
use crate::support::{Answer, Setup, Status, scenarios};
use portolan::map::Width;
use std::collections::BTreeMap;

scenarios! {
    values_of_every_length
    keys_of_every_length
    keys_whose_differences_are_equal
    overwrite_with_every_other_length
    a_buffer_that_is_too_small_changes_nothing
    a_buffer_that_fits_exactly
}

/// Values of every length that this setup can store.
fn values(setup: &Setup) -> Vec<Vec<u8>> {
    let lengths: &[usize] = if setup.value == Width::Word { &[8] } else { &VALUE_LENGTHS };
    lengths.iter().map(|&length| pattern(3, length)).collect()
}

fn values_of_every_length(setup: &Setup) {
    let map = setup.map();
    let values = values(setup);
    for (i, value) in values.iter().enumerate() {
        assert_eq!(map.store(&setup.key(i), value), Status::Ok);
    }
    for (i, value) in values.iter().enumerate() {
        assert_eq!(map.load(&setup.key(i), 100_000), Answer::Value(Status::Ok, value.clone()), "{} bytes", value.len());
        assert_eq!(map.compare_and_swap(&setup.key(i), value, value), Status::Ok);
    }
    for (i, value) in values.iter().enumerate() {
        assert_eq!(map.load_and_delete(&setup.key(i), 100_000), Answer::Value(Status::Ok, value.clone()));
    }
    assert_eq!(map.len(), Ok(0));
}

fn keys_of_every_length(setup: &Setup) {
    if setup.key == Width::Word {
        return;
    }
    let map = setup.map();
    // Three keys of each length: all zeros, all ones, and a pattern. So no length can be mistaken
    // for bytes of the key.
    let lengths = (0..=64).chain([255, 256, 1000]);
    let keys = lengths.flat_map(|length| [vec![0; length], vec![0xFF; length], pattern(9, length)]);
    let model: BTreeMap<Vec<u8>, Vec<u8>> = keys.enumerate().map(|(i, key)| (key, setup.value(i))).collect();
    for (key, value) in &model {
        assert_eq!(map.store(key, value), Status::Ok);
    }
    for (key, value) in &model {
        assert_eq!(map.value(key).as_ref(), Some(value), "a key of {} bytes", key.len());
    }
    assert!(map.entries().into_iter().collect::<BTreeMap<_, _>>() == model);
    for key in model.keys() {
        assert_eq!(map.delete(key), Status::Ok, "a key of {} bytes", key.len());
    }
    assert_eq!(map.len(), Ok(0));
}

fn overwrite_with_every_other_length(setup: &Setup) {
    let map = setup.map();
    let (key, neighbour) = (setup.key(1), setup.entry(2));
    map.store(&neighbour.0, &neighbour.1);
    let values = values(setup);
    for (i, first) in values.iter().enumerate() {
        for second in &values[i..] {
            for (old, new) in [(first, second), (second, first)] {
                assert_eq!(map.store(&key, old), Status::Ok);
                assert_eq!(map.swap(&key, new, old.len()), Answer::Value(Status::Loaded, old.clone()));
                assert_eq!(map.value(&key).as_ref(), Some(new));
                assert_eq!(map.compare_and_swap(&key, new, old), Status::Ok);
                assert_eq!(map.store(&key, new), Status::Ok);
                assert_eq!(map.value(&key).as_ref(), Some(new));
            }
        }
    }
    assert_eq!(map.value(&neighbour.0), Some(neighbour.1));
    assert_eq!(map.len(), Ok(2));
}

fn a_buffer_that_is_too_small_changes_nothing(setup: &Setup) {
    if setup.has_words() {
        return; // the calls for words take no buffer
    }
    let map = setup.map();
    let key = setup.key(1);
    for value in values(setup) {
        let rooms = [0, 1, value.len() / 2, value.len().saturating_sub(1)];
        for room in rooms.into_iter().filter(|room| *room < value.len()) {
            map.store(&key, &value);
            let other = setup.other(1);
            assert_eq!(map.load(&key, room), Answer::Needs(value.len()));
            assert_eq!(map.load_or_store(&key, &other, room), Answer::Needs(value.len()));
            assert_eq!(map.swap(&key, &other, room), Answer::Needs(value.len()));
            assert_eq!(map.load_and_delete(&key, room), Answer::Needs(value.len()));
            assert_eq!(map.entries(), [(key.clone(), value.clone())]);
        }
    }
}

fn a_buffer_that_fits_exactly(setup: &Setup) {
    let map = setup.map();
    let key = setup.key(1);
    for value in values(setup) {
        let room = value.len();
        assert_eq!(map.load_or_store(&key, &value, 0), Answer::Plain(Status::Ok), "a store needs no buffer");
        assert_eq!(map.load(&key, room), Answer::Value(Status::Ok, value.clone()));
        assert_eq!(map.load_or_store(&key, &value, room), Answer::Value(Status::Loaded, value.clone()));
        assert_eq!(map.swap(&key, &value, room), Answer::Value(Status::Loaded, value.clone()));
        assert_eq!(map.load_and_delete(&key, room), Answer::Value(Status::Ok, value.clone()));
        assert_eq!(map.load(&key, 0), Answer::Plain(Status::NotFound), "a missing key needs no buffer");
        assert_eq!(map.swap(&key, &value, 0), Answer::Plain(Status::Ok), "a swap of a missing key needs no buffer");
        assert_eq!(map.delete(&key), Status::Ok);
    }
}

/// Pairs of keys that differ in two words, in both by the same bits. A comparison that combines the
/// differences carelessly would let them cancel out.
fn keys_whose_differences_are_equal(setup: &Setup) {
    if setup.key == Width::Word {
        return;
    }
    let map = setup.map();
    for words in 2..=10 {
        let key = |byte, at: [usize; 2]| {
            let mut key = vec![1; 8 * words - 1];
            at.iter().for_each(|word| key[8 * word..(8 * word + 4)].fill(byte));
            key
        };
        for (i, at) in (0..words - 1).flat_map(|a| (a + 1..words).map(move |b| [a, b])).enumerate() {
            assert_eq!(map.store(&key(2, at), &setup.value(i)), Status::Ok);
            assert_eq!(map.contains(&key(3, at)), Status::NotFound, "{words} words, different at {at:?}");
        }
        assert_eq!(map.clear(), Status::Ok);
    }
}
