//! Promise: a failed call has no effect. The map is unchanged, and a value that did not fit the
//! buffer is not lost.

use crate::support::data::pattern;
use crate::support::setup::KINDS;
use crate::support::{Answer, Face, Many, Room, Scan, Setup, Status, Way, setup};
use portolan::map::Width;

/// Runs a test for each kind through Rust and through C, on maps whose values are bytes.
fn for_each_map(key: Width, test: impl Fn(&Setup, Box<dyn Face>)) {
    let of_kind = |kind| [Way::Rust, Way::C].map(|way| Setup { way, ..Setup::new(kind, key, Width::Bytes) });
    setup::for_each(KINDS.into_iter().flat_map(of_kind), |setup| test(setup, setup.map()));
}

#[test]
fn a_buffer_that_is_too_small_loses_no_value() {
    for_each_map(Width::Bytes, |setup, map| {
        let (key, value) = (setup.key(1), pattern(1, 1000));
        map.store(&key, &value);
        for capacity in [0, 1, 500, 999] {
            let needs = Answer::Needs(1000);
            assert_eq!(map.load(&key, capacity), needs);
            assert_eq!(map.swap(&key, b"new", capacity), needs);
            assert_eq!(map.load_or_store(&key, b"new", capacity), needs);
            assert_eq!(map.load_and_delete(&key, capacity), needs);
            assert_eq!(map.load_many(&[key.clone(), setup.key(2)], capacity), Many::Needs(1000));
            let mut cursor = 0;
            let needed = Room { entries: 1, key_bytes: key.len(), value_bytes: 1000 };
            assert_eq!(map.scan(&mut cursor, 0, Room { value_bytes: capacity, ..needed }), Scan::Needs(needed));
            assert_eq!(cursor, 0);
        }
        assert!(map.entries() == [(key.clone(), value.clone())]);
        // A buffer of the reported length is enough.
        assert!(map.load_and_delete(&key, 1000) == Answer::Value(Status::Ok, value));
        assert_eq!(map.len(), Ok(0));
    });
}

#[test]
fn a_refused_key_or_value_changes_nothing() {
    for_each_map(Width::Word, |setup, map| {
        let (key, value) = setup.entry(1);
        map.store(&key, &value);
        let before = map.stats();
        for wrong in [&b""[..], b"1234567", b"123456789"] {
            assert_eq!(map.store(wrong, b"new"), Status::Size);
            assert_eq!(map.swap(wrong, b"new", 100), Answer::Plain(Status::Size));
            assert_eq!(map.load_or_store(wrong, b"new", 100), Answer::Plain(Status::Size));
            assert_eq!(map.load_and_delete(wrong, 100), Answer::Plain(Status::Size));
            assert_eq!(map.delete(wrong), Status::Size);
        }
        assert_eq!(map.add(&key, 1), Err(Status::Type));
        setup.assert_holds(&*map, [1]);
        assert_eq!(map.stats().entries, before.entries);
    });
}

/// A failed comparison is not an error, but it changes nothing either.
#[test]
fn a_failed_comparison_changes_nothing() {
    for_each_map(Width::Bytes, |setup, map| {
        let (key, value) = setup.entry(200);
        assert!(value.len() > 1);
        map.store(&key, &value);
        // A prefix, a longer value, and one that differs in its last byte.
        let longer = [&value[..], b"x"].concat();
        let mut last = value.clone();
        *last.last_mut().expect("not empty") ^= 1;
        for wrong in [&value[..value.len() - 1], &longer, &last, b""] {
            assert_eq!(map.compare_and_swap(&key, wrong, b"new"), Status::Mismatch);
            assert_eq!(map.compare_and_delete(&key, wrong), Status::Mismatch);
        }
        assert_eq!(map.compare_and_swap(&setup.key(2), &value, b"new"), Status::NotFound);
        setup.assert_holds(&*map, [200]);
    });
}
