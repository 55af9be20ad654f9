//! Threads that come too late for an entry: what they do between finding it and seeing that it is not their key's any more, at the pace of
//! the test. And what is to be done without the mutex.

use super::*;
use crate::{
    base::os,
    item::{Bytes, Nothing},
    kinds::operation::{Current, Decision, Delete, Store, Update},
};
use crate::{
    item::Word,
    table::{Attempt, Slot},
};
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
        map.write(&Word::hashed(&map.hasher, key), Store(&b"some value"[..])).unwrap();
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
    map.tables[map.read().table()].get(&Word::hashed(&map.hasher, key), Slot::load_value).unwrap().unwrap()
}

/// As a writer does that has just found `word`, on a thread of its own: this one may take the mutex then.
fn lock_if_open(word: u64) -> Option<entry::EntryGuard<'static>> {
    // SAFETY: the tests keep the map until the guards are gone.
    spawn(move || unsafe { EntryRef::from_word(word) }.lock_if_open()).join().unwrap()
}

#[test]
fn a_shrink_does_not_leave_a_late_writer_asleep() {
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    map.clear().unwrap();
    let first = lock_if_open(word);
    let (done, is_done) = channel();
    let second = spawn(move || {
        drop(lock_if_open(word));
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
    let mut late = lock_if_open(word);
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
        &Word::hashed(&map.hasher, key),
        Update(&mut |_: Option<&[u8]>| {
            drop(late.take());
            let (done, is_done) = channel();
            let other = map.clone();
            spawn(move || {
                other.write(&Word::hashed(&other.hasher, key), Store(&b"another"[..])).unwrap();
                done.send(()).unwrap();
            });
            assert!(
                is_done.recv_timeout(Duration::from_millis(500)).is_err(),
                "a writer went through an update of its key"
            );
            Decision::Keep
        }),
    );
    assert_eq!(outcome, Ok(Outcome::Done));
}

#[test]
fn a_page_stays_while_a_late_writer_has_a_lock_in_it() {
    if !os::DISCARDS_PAGES {
        return;
    }
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    let bytes = || map.locked().inner.entries.bytes();
    let at_first = bytes();
    assert!(at_first >= MANY * size_of::<entry::Entry>() as u64, "{at_first} bytes for {MANY} entries");
    map.clear().unwrap();
    let late = lock_if_open(word).expect("the entry was in use");
    map.shrink().unwrap();
    let with_the_late_one = bytes();
    drop(late);
    map.shrink().unwrap();
    let least = bytes();
    assert!(least + 4096 < with_the_late_one, "{least} after {with_the_late_one}");
    assert!(lock_if_open(word).is_none(), "the lock is somebody's");
    // The pages come back into use as they went, all of them, and can go again.
    fill(&map, 0..MANY);
    assert_eq!(bytes(), at_first);
    map.clear().unwrap();
    map.shrink().unwrap();
    assert_eq!(bytes(), least);
}

#[test]
fn a_look_that_is_disturbed_each_time_does_not_wait() {
    let map = filled();
    let hashed = Word::hashed(&map.hasher, 1);
    // SAFETY: the map has the entry, and keeps it.
    let entry = unsafe { EntryRef::from_word(entry_of(&map, 1)) }.lock();
    let mut looks = 0;
    let seen = map.load_read(&hashed, false, |_| {
        looks += 1;
        entry.entry.state.fetch_add(4, Relaxed);
    });
    assert!(seen == Attempt::Undecided && looks > 1, "{seen:?} after {looks} looks");
}

#[test]
fn a_load_that_is_disturbed_each_time_waits_for_its_entry() {
    let map = filled();
    // SAFETY: the map has the entry, and keeps it.
    let entry = unsafe { EntryRef::from_word(entry_of(&map, 1)) };
    let mut looks = 0;
    let seen = map.load_read(&Word::hashed(&map.hasher, 1), true, |_| {
        looks += 1;
        // As if it had been overwritten: the state goes on by a version.
        entry.0.state.fetch_add(4, Relaxed);
    });
    assert!(seen == Attempt::Hit(()) && looks > 1, "{seen:?} after {looks} looks");
}

/// What the read map can tell is told without the mutex, which others may hold for long.
#[test]
fn the_read_map_answers_for_its_keys_and_while_it_is_all_for_the_others() {
    let map = filled();
    let hashed = |key| Word::hashed(&map.hasher, key);
    let (there, deleted, absent) = (hashed(1), hashed(2), hashed(MANY));
    let kept = &mut |_: Option<&[u8]>| Decision::Keep;

    assert_eq!(map.write_read(&there, &mut Store(&b"another"[..])), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&there, &mut Update(kept)), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&deleted, &mut Delete), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&deleted, &mut Delete), Some(Ok(Outcome::NotFound)));
    assert_eq!(map.write_read(&absent, &mut Delete), Some(Ok(Outcome::NotFound)));
    for missing in [&deleted, &absent] {
        assert_eq!(map.try_load(missing, |_| ()), Attempt::Miss);
        assert_eq!(map.load_read(missing, false, |_| ()), Attempt::Miss);
    }
    assert_eq!(map.write_read(&deleted, &mut Store(&b"again"[..])), Some(Ok(Outcome::Done)));

    // It is not all any more.
    map.write(&absent, Store(&b"new"[..])).unwrap();
    assert_eq!(map.try_load(&there, |_| ()), Attempt::Hit(()));
    assert_eq!(map.try_load(&absent, |_| ()), Attempt::Undecided);
    assert_eq!(map.load_read(&absent, true, |_| ()), Attempt::Undecided);
    assert_eq!(map.write_read(&absent, &mut Delete), None);
}

#[test]
fn a_load_with_the_mutex_leaves_alone_what_was_the_read_map() {
    let map = filled();
    // The read map before this one had key 1.
    map.write(&Word::hashed(&map.hasher, 1), Delete).unwrap();
    fill(&map, MANY..MANY + 1);
    let before = map.locked().inner.promotions;
    for _ in 0..2 {
        assert_eq!(map.locked().load(&Word::hashed(&map.hasher, 1), &mut Nothing), Ok(Outcome::NotFound));
        assert_eq!(map.locked().load(&Word::hashed(&map.hasher, 2), &mut Nothing), Ok(Outcome::Done));
    }
    assert_eq!(map.locked().inner.promotions, before);
}

/// With the new value it is in the read map alone for a moment, and the next dirty map must not be without it.
#[test]
fn a_deleted_key_that_comes_back_is_put_into_the_dirty_map() {
    let map = Map::new(Hasher::new(7, 0).unwrap(), Memory::new(Default::default()));
    let hashed = |key| Word::hashed(&map.hasher, key);
    fill(&map, 0..5);
    map.write(&hashed(1), Delete).unwrap();
    map.write(&hashed(5), Store(&b"new"[..])).unwrap();
    assert_eq!(map.locked().inner.expunged, 1);
    map.write(&hashed(1), Store(&b"again"[..])).unwrap();
    assert_eq!(map.locked().inner.expunged, 0);
    map.before_range().unwrap();
    assert_eq!(map.try_load(&hashed(1), |_| ()), Attempt::Hit(()));
}

#[test]
fn every_promotion_begins_a_generation_of_its_own() {
    let mut all = vec![Read(0)];
    for _ in 0..200 {
        let last = all[all.len() - 1];
        let next = last.amended().promoted();
        assert!(last.is_same(last.amended()) && !next.is_amended() && next.table() != last.table());
        assert!(all.iter().all(|read| !next.is_same(*read) && !next.is_same(read.amended())));
        all.push(next);
    }
}

/// A read that, when it finds no value for the key, has another thread's store come between.
struct Overtaken<'a>(&'a Map, u64);

impl<'v> Operation<'v, Bytes> for Overtaken<'_> {
    fn on_present(&mut self, _: &Current<Bytes>) -> Result<(Outcome, Decision<&'v [u8]>), Error> {
        Ok((Outcome::Done, Decision::Keep))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<&'v [u8]>), Error> {
        fill(self.0, self.1..self.1 + 1);
        Ok((Outcome::NotFound, Decision::Keep))
    }
}

#[test]
fn that_a_key_is_absent_is_not_believed_when_the_read_map_was_replaced_meanwhile() {
    let map = filled();
    let outcome = map.write_read(&Word::hashed(&map.hasher, MANY), &mut Overtaken(&map, MANY));
    assert_eq!(outcome, Some(Ok(Outcome::Done)));
}
