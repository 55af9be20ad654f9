//! Late threads: a thread finds an entry, is suspended, and goes on when the entry no longer
//! belongs to its key. The tests play the late thread step by step. Further tests check which
//! operations must succeed without the mutex.

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

/// So many entries that the later chunks are large enough for their pages to be discarded.
const MANY: u64 = 5000;

fn fill(map: &Map, keys: core::ops::Range<u64>) {
    for key in keys {
        map.write(&Word::hashed(&map.hasher, key), Store(&b"some value"[..])).unwrap();
    }
    map.before_iteration().unwrap();
}

fn filled() -> Arc<Map> {
    let map = Arc::new(Map::new(Hasher::new(7, 0).unwrap(), Memory::new(Default::default())));
    fill(&map, 0..MANY);
    map
}

/// A key whose entry is in such a chunk.
const IN_LARGE: u64 = MANY / 5 * 4;

/// The word of a key's entry, as the read map has it.
fn entry_of(map: &Map, key: u64) -> u64 {
    map.tables[map.read().table()].get(&Word::hashed(&map.hasher, key), Slot::load_value).unwrap().unwrap()
}

/// Locks an entry as a writer does that has found `word` in the read map. It does so on a thread of
/// its own, so that this thread may take the mutex while it holds the guard.
fn lock_if_open(word: u64) -> Option<entry::EntryGuard<'static>> {
    // SAFETY: the word came from `entry_of`, and the tests keep the map until the guard is dropped.
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
    // By now it sleeps in the lock. If it does not, the test is weaker but still passes.
    sleep(Duration::from_millis(200));
    map.shrink().unwrap();
    drop(first);
    is_done.recv_timeout(Duration::from_secs(20)).expect("the second writer was never woken");
    second.join().unwrap();
}

#[test]
fn a_late_writer_does_not_release_another_threads_lock() {
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    map.clear().unwrap();
    let mut late = lock_if_open(word);
    map.shrink().unwrap();
    // These keys reuse all entries but the late writer's, which stays locked until the writer drops
    // it.
    let others = 10 * MANY..11 * MANY;
    let filling = spawn({
        let (map, others) = (map.clone(), others.clone());
        move || fill(&map, others)
    });
    sleep(Duration::from_millis(300));
    let is_waiting = !filling.is_finished();
    if is_waiting {
        drop(late.take());
    }
    filling.join().unwrap();
    let key = others.clone().find(|key| entry_of(&map, *key) == word).expect("a key that reuses the entry");
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
                "a writer changed the key during its update"
            );
            Decision::Keep
        }),
    );
    assert_eq!(outcome, Ok(Outcome::Done));
}

#[test]
fn a_page_stays_while_a_late_writer_holds_a_lock_in_it() {
    if !os::DISCARDS_PAGES {
        return;
    }
    let map = filled();
    let word = entry_of(&map, IN_LARGE);
    let bytes = || map.locked().inner.arena.bytes();
    let full = bytes();
    assert!(full >= MANY * size_of::<entry::Entry>() as u64, "{full} bytes for {MANY} entries");
    map.clear().unwrap();
    let late = lock_if_open(word).expect("the entry was in use");
    map.shrink().unwrap();
    let with_late_writer = bytes();
    drop(late);
    map.shrink().unwrap();
    let least = bytes();
    assert!(least + 4096 < with_late_writer, "{least} after {with_late_writer}");
    assert!(lock_if_open(word).is_none(), "the lock is not closed");
    // The discarded pages are used again, and counted again, and can be discarded again.
    fill(&map, 0..MANY);
    assert_eq!(bytes(), full);
    map.clear().unwrap();
    map.shrink().unwrap();
    assert_eq!(bytes(), least);
}

#[test]
fn a_peek_that_is_always_disturbed_does_not_wait() {
    let map = filled();
    let hashed = Word::hashed(&map.hasher, 1);
    // SAFETY: the word came from the map, which outlives the entry's use.
    let entry = unsafe { EntryRef::from_word(entry_of(&map, 1)) }.lock();
    let mut attempts = 0;
    let seen = map.load_read(&hashed, false, |_| {
        attempts += 1;
        entry.entry.state.fetch_add(4, Relaxed);
    });
    assert!(seen == Attempt::Undecided && attempts > 1, "{seen:?} after {attempts} attempts");
}

#[test]
fn a_load_that_is_always_disturbed_locks_its_entry() {
    let map = filled();
    // SAFETY: the word came from the map, which outlives the entry's use.
    let entry = unsafe { EntryRef::from_word(entry_of(&map, 1)) };
    let mut attempts = 0;
    let seen = map.load_read(&Word::hashed(&map.hasher, 1), true, |_| {
        attempts += 1;
        // Advance the version, as an overwrite does.
        entry.0.state.fetch_add(4, Relaxed);
    });
    assert!(seen == Attempt::Hit(()) && attempts > 1, "{seen:?} after {attempts} attempts");
}

/// These operations must not take the mutex, which other threads may hold for long.
#[test]
fn the_read_map_answers_without_the_mutex() {
    let map = filled();
    let hashed = |key| Word::hashed(&map.hasher, key);
    let (present, deleted, absent) = (hashed(1), hashed(2), hashed(MANY));
    let kept = &mut |_: Option<&[u8]>| Decision::Keep;

    assert_eq!(map.write_read(&present, &mut Store(&b"another"[..])), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&present, &mut Update(kept)), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&deleted, &mut Delete), Some(Ok(Outcome::Done)));
    assert_eq!(map.write_read(&deleted, &mut Delete), Some(Ok(Outcome::NotFound)));
    assert_eq!(map.write_read(&absent, &mut Delete), Some(Ok(Outcome::NotFound)));
    for missing in [&deleted, &absent] {
        assert_eq!(map.try_load(missing, |_| ()), Attempt::Miss);
        assert_eq!(map.load_read(missing, false, |_| ()), Attempt::Miss);
    }
    assert_eq!(map.write_read(&deleted, &mut Store(&b"again"[..])), Some(Ok(Outcome::Done)));

    // Now the read map is amended: it no longer decides about missing keys.
    map.write(&absent, Store(&b"new"[..])).unwrap();
    assert_eq!(map.try_load(&present, |_| ()), Attempt::Hit(()));
    assert_eq!(map.try_load(&absent, |_| ()), Attempt::Undecided);
    assert_eq!(map.load_read(&absent, true, |_| ()), Attempt::Undecided);
    assert_eq!(map.write_read(&absent, &mut Delete), None);
}

#[test]
fn a_load_with_the_mutex_does_not_search_the_unused_table() {
    let map = filled();
    // The former read map has key 1, which the new one does not have.
    map.write(&Word::hashed(&map.hasher, 1), Delete).unwrap();
    fill(&map, MANY..MANY + 1);
    let before = map.locked().inner.promotions;
    for _ in 0..2 {
        assert_eq!(map.locked().load(&Word::hashed(&map.hasher, 1), &mut Nothing), Ok(Outcome::NotFound));
        assert_eq!(map.locked().load(&Word::hashed(&map.hasher, 2), &mut Nothing), Ok(Outcome::Done));
    }
    assert_eq!(map.locked().inner.promotions, before);
}

/// With the new value it is in the read map alone for a moment, and the next dirty map must not be
/// without it.
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
    map.before_iteration().unwrap();
    assert_eq!(map.try_load(&hashed(1), |_| ()), Attempt::Hit(()));
}

#[test]
fn every_promotion_begins_a_new_generation() {
    let mut all = vec![Read(0)];
    for _ in 0..200 {
        let last = all[all.len() - 1];
        let next = last.amended().promoted();
        assert!(last.is_same(last.amended()) && !next.is_amended() && next.table() != last.table());
        assert!(all.iter().all(|read| !next.is_same(*read) && !next.is_same(read.amended())));
        all.push(next);
    }
}

/// A read that finds no value. Before it returns, another thread stores the key and promotes it.
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
fn a_miss_in_a_replaced_read_map_is_tried_again() {
    let map = filled();
    let outcome = map.write_read(&Word::hashed(&map.hasher, MANY), &mut Overtaken(&map, MANY));
    assert_eq!(outcome, Some(Ok(Outcome::Done)));
}
