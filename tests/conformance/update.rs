//! `update`: a callback reads the value and decides, while the key is locked.

use crate::support::guard::word;
use crate::support::{Answer, Change, Many, Room, Scan, Setup, Status, scenarios};
use portolan::map::Width;

scenarios! {
    every_decision_on_every_state
    update_grows_and_empties_the_map
    update_and_add_agree
    a_new_value_of_the_wrong_length_is_refused
    the_callback_may_not_call_its_map
}

/// The callback is called once, with the current value.
fn every_decision_on_every_state(setup: &Setup) {
    let map = setup.map();
    let key = setup.key(1);
    for before in [None, Some(setup.value(1))] {
        for change in [Change::Keep, Change::Store(setup.other(1)), Change::Delete] {
            map.delete(&key);
            if let Some(value) = &before {
                map.store(&key, value);
            }
            let mut calls = 0;
            let status = map.update(&key, &mut |value| {
                calls += 1;
                assert_eq!(value, before.as_deref());
                change.clone()
            });
            assert_eq!((status, calls), (Status::Ok, 1));
            let expected = match change {
                Change::Keep => before.clone(),
                Change::Store(value) => Some(value),
                Change::Delete => None,
            };
            assert_eq!(map.value(&key), expected);
            assert_eq!(map.len(), Ok(u64::from(expected.is_some())));
        }
    }
}

fn update_grows_and_empties_the_map(setup: &Setup) {
    let (map, count) = (setup.map(), setup.count(3000));
    for i in 0..count {
        assert_eq!(map.update(&setup.key(i), &mut |_| Change::Store(setup.other(i))), Status::Ok);
    }
    for i in 0..count {
        let status = map.update(&setup.key(i), &mut |value| {
            assert_eq!(value, Some(&setup.other(i)[..]));
            Change::Store(setup.value(i))
        });
        assert_eq!(status, Status::Ok);
    }
    setup.assert_holds(&*map, 0..count);
    for i in (0..count).filter(|i| i.is_multiple_of(2)) {
        assert_eq!(map.update(&setup.key(i), &mut |_| Change::Delete), Status::Ok);
    }
    setup.assert_holds(&*map, (0..count).filter(|i| !i.is_multiple_of(2)));
}

fn update_and_add_agree(setup: &Setup) {
    if setup.value == Width::Bytes {
        return;
    }
    let map = setup.map();
    let key = setup.key(1);
    for i in 1..100 {
        let status = map.update(&key, &mut |value| Change::Store((value.map_or(0, word) + 1).to_ne_bytes().to_vec()));
        assert_eq!(status, Status::Ok);
        assert_eq!(map.add(&key, 1), Ok(2 * i));
    }
}

fn a_new_value_of_the_wrong_length_is_refused(setup: &Setup) {
    if setup.value == Width::Bytes {
        return;
    }
    let map = setup.map();
    map.store(&setup.key(1), &setup.value(1));
    for length in [0, 7, 9] {
        assert_eq!(map.update(&setup.key(1), &mut |_| Change::Store(vec![1; length])), Status::Size);
        assert_eq!(map.update(&setup.key(2), &mut |_| Change::Store(vec![1; length])), Status::Size);
    }
    setup.assert_holds(&*map, [1]);
    if setup.key == Width::Word {
        assert_eq!(
            map.update(b"short", &mut |_| panic!("a word has eight bytes, so no such key exists")),
            Status::Size
        );
    }
}

/// In the callback every call on the same map is refused, for other keys as well. Another map may
/// be called.
fn the_callback_may_not_call_its_map(setup: &Setup) {
    let (map, other) = (setup.map(), setup.map());
    let (key, value) = setup.entry(1);
    map.store(&key, &value);
    for called in [setup.key(1), setup.key(2)] {
        let status = map.update(&key, &mut |_| {
            let refused = Answer::Plain(Status::Reentrant);
            assert_eq!(map.load(&called, 512), refused);
            assert_eq!(map.store(&called, &value), Status::Reentrant);
            assert_eq!(map.load_or_store(&called, &value, 512), refused);
            assert_eq!(map.load_and_delete(&called, 512), refused);
            assert_eq!(map.delete(&called), Status::Reentrant);
            assert_eq!(map.swap(&called, &value, 512), refused);
            assert_eq!(map.compare_and_swap(&called, &value, &value), Status::Reentrant);
            assert_eq!(map.compare_and_delete(&called, &value), Status::Reentrant);
            assert_eq!(map.contains(&called), Status::Reentrant);
            assert_eq!(map.update(&called, &mut |_| panic!("a callback called within a callback")), Status::Reentrant);
            if setup.value == Width::Word {
                assert_eq!(map.add(&called, 1), Err(Status::Reentrant));
            }
            assert_eq!(map.range(&mut |_, _| panic!("a callback called within a callback")), Status::Reentrant);
            assert_eq!(
                map.delete_if(&mut |_, _| panic!("a callback called within a callback")),
                Err(Status::Reentrant)
            );
            assert_eq!(map.clear(), Status::Reentrant);
            assert_eq!(map.len(), Err(Status::Reentrant));
            assert_eq!(map.reserve(100), Status::Reentrant);
            assert_eq!(map.shrink(), Status::Reentrant);
            assert_eq!(map.clone_to(setup.kind).err(), Some(Status::Reentrant));
            assert_eq!(map.equal(&*other), Status::Reentrant);
            assert_eq!(other.equal(&*map), Status::Reentrant);
            assert_eq!(map.begin_scan(), Err(Status::Reentrant));
            assert_eq!(map.scan(&mut 0, 0, Room::entries(9)), Scan::Failed(Status::Reentrant));
            assert_eq!(map.load_many(std::slice::from_ref(&called), 512), Many::Failed(Status::Reentrant));
            assert_eq!(map.store_many(&[(called.clone(), value.clone())]).0, Status::Reentrant);
            assert_eq!(map.delete_many(std::slice::from_ref(&called)).0, Status::Reentrant);
            assert_eq!(other.store(&called, &value), Status::Ok);
            assert_eq!(other.update(&called, &mut |_| Change::Delete), Status::Ok);
            Change::Store(setup.other(1))
        });
        assert_eq!(status, Status::Ok);
        assert_eq!(map.value(&key), Some(setup.other(1)));
        map.store(&key, &value);
    }
    setup.assert_holds(&*map, [1]);
    assert_eq!(other.len(), Ok(0));
}
