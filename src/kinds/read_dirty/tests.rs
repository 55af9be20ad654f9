//! Threads that come too late for an entry: what they do between finding it and seeing that it is not their key's any more, at the pace of
//! the test.

use super::*;
use crate::kinds::operation::{Decision, Store, Update};
use crate::table::Bytes;
use std::{
    sync::{Arc, mpsc::channel},
    thread::{sleep, spawn},
    time::Duration,
};

type Map = ReadDirty<Word, Bytes>;

/// So many that chunks of entries are large enough to go back to the system.
const MANY: u64 = 5000;

fn fill(map: &Map, keys: core::ops::Range<u64>) {
    for key in keys {
        map.write(&Word::probe(&map.hasher, key), Store(&b"some value"[..])).unwrap();
    }
    map.before_range().unwrap();
}

fn filled() -> Arc<Map> {
    let map = Arc::new(Map::new(Hasher::new(7, 0).unwrap(), Memory::new(Default::default())));
    fill(&map, 0..MANY);
    map
}

/// A key whose entry is in such a chunk.
const IN_LARGE: u64 = MANY / 5 * 4;

/// Where the read map says that the entry of a key is.
fn entry_of(map: &Map, key: u64) -> u64 {
    map.tables[map.read().table()].get(&Word::probe(&map.hasher, key), |word| word).unwrap().unwrap()
}

/// As a writer does that has just found `word`.
fn lock_late(word: u64) -> Option<entry::EntryGuard<'static>> {
    // SAFETY: the tests keep the map until the guards are gone.
    unsafe { EntryRef::from_word(word) }.lock_late()
}

#[test]
fn a_shrink_does_not_leave_a_late_writer_asleep() {
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    map.clear().unwrap();
    let first = lock_late(word);
    let (done, is_done) = channel();
    let second = spawn(move || {
        drop(lock_late(word));
        done.send(()).unwrap();
    });
    // It sleeps in the lock by now; if not, the test shows less.
    sleep(Duration::from_millis(200));
    map.shrink().unwrap();
    drop(first);
    is_done.recv_timeout(Duration::from_secs(20)).expect("the second writer sleeps for ever");
    second.join().unwrap();
}

#[test]
fn a_late_writer_does_not_give_back_the_lock_of_another() {
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    map.clear().unwrap();
    let mut late = lock_late(word);
    map.shrink().unwrap();
    // All but the late one's: that is not to be had until it is gone.
    let others = 10 * MANY..11 * MANY;
    let filling = spawn({
        let (map, others) = (map.clone(), others.clone());
        move || fill(&map, others)
    });
    sleep(Duration::from_millis(300));
    let held_up = !filling.is_finished();
    if held_up {
        drop(late.take());
    }
    filling.join().unwrap();
    let key = others.clone().find(|key| entry_of(&map, *key) == word).expect("the entry is used again");
    let outcome = map.write(
        &Word::probe(&map.hasher, key),
        Update(&mut |_: Option<&[u8]>| {
            drop(late.take());
            let (done, is_done) = channel();
            let other = map.clone();
            spawn(move || {
                other.write(&Word::probe(&other.hasher, key), Store(&b"another"[..])).unwrap();
                done.send(()).unwrap();
            });
            assert!(
                is_done.recv_timeout(Duration::from_millis(500)).is_err(),
                "a writer went through an update of its key"
            );
            Ok(Decision::Keep)
        }),
    );
    assert_eq!(outcome, Ok(Outcome::Done));
}

#[test]
fn a_page_stays_while_a_late_writer_has_a_lock_in_it() {
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    map.clear().unwrap();
    let bytes = || map.locked().inner.entries.bytes();
    let late = lock_late(word).expect("the entry was in use");
    map.shrink().unwrap();
    let with_the_late_one = bytes();
    drop(late);
    map.shrink().unwrap();
    assert!(bytes() + 4096 < with_the_late_one, "{} after {with_the_late_one}", bytes());
    assert!(lock_late(word).is_none(), "the lock is somebody's");
}

#[test]
fn a_look_that_is_disturbed_each_time_does_not_wait() {
    let map = filled();
    let probe = Word::probe(&map.hasher, 1);
    // SAFETY: the map has the entry, and keeps it.
    let entry = unsafe { EntryRef::from_word(entry_of(&map, 1)) }.lock();
    let mut looks = 0;
    let seen = map.load_read(&probe, false, |_| {
        looks += 1;
        entry.begin(entry.value().unwrap(), None);
    });
    assert!(seen.is_none() && looks > 1, "{seen:?} after {looks} looks");
}
