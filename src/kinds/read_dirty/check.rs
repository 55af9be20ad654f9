//! The invariants of a read/dirty map that hold whenever its mutex is free. Debug builds check them
//! when the mutex is released, not each time but so rarely that the checks cost little, and when
//! the map is dropped.
//!
//! During a check other threads may change entries: an entry of the read map goes from live to nil
//! and back without the mutex. Only the holder of the mutex makes an entry expunged or unused.

use super::{
    entry::{EXPUNGED, EntryRef, LIVE, UNUSED},
    mutex_path::MutexHeld,
};
use crate::{
    base::{
        invariant::CHECKED,
        mem::{Block, Pool},
        sync::{Ordering::Relaxed, lock},
    },
    item::{Key, Value},
    table::{Slot, TableMut},
};

impl<K: Key, V: Value> Drop for MutexHeld<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        if CHECKED && !std::thread::panicking() && self.inner.checks.are_due() {
            let cost = self.check();
            // A map of a few entries is checked each time.
            self.inner.checks.done(if cost < 200 { 0 } else { cost });
        }
    }
}

fn state_of<K: Key>(slot: &Slot<K>) -> u64 {
    // SAFETY: a live slot of a table of this map holds the address of an entry.
    unsafe { EntryRef::from_word(slot.load_value()) }.0.state.load(Relaxed) & 3
}

impl<K: Key, V: Value> MutexHeld<'_, K, V> {
    /// Panics if an invariant is broken. Returns the cost.
    fn check(&mut self) -> u64 {
        let is_amended = self.read().is_amended();
        let read = self.check_table(self.read().table());
        let dirty = if is_amended { self.check_table(self.read().table() ^ 1) } else { 0 };
        let (read_table, other) = (self.read_table(), self.other_table());
        let (mut entries, mut expunged) = (0, 0);
        read_table.for_each(|slot| {
            let state = state_of(slot);
            assert!(state != UNUSED, "the read map has an unused entry");
            assert!(is_amended || state != EXPUNGED, "an entry is expunged, but there is no dirty map");
            expunged += u64::from(state == EXPUNGED);
            entries += 1;
            if is_amended {
                let in_dirty = other.value_of_key_in(slot, &self.map.hasher);
                let wanted = (state != EXPUNGED).then(|| slot.load_value());
                assert!(
                    in_dirty == wanted,
                    "the dirty map has {in_dirty:x?} for a key of the read map, not {wanted:x?}"
                );
            }
        });
        assert!(
            self.inner.expunged == expunged,
            "{} entries count as expunged, but {expunged} are",
            self.inner.expunged
        );
        assert!(is_amended || self.inner.misses == 0, "{} misses without a dirty map", self.inner.misses);
        if is_amended {
            other.for_each(|slot| {
                let (state, is_in_read) =
                    (state_of(slot), read_table.value_of_key_in(slot, &self.map.hasher).is_some());
                assert!(state != UNUSED && state != EXPUNGED, "the dirty map has an entry in state {state}");
                assert!(
                    is_in_read || state == LIVE,
                    "a key that only the dirty map has is deleted, but its entry is still there"
                );
                entries += u64::from(!is_in_read);
            });
        }
        let used = self.inner.arena.check(|_| ());
        assert!(used == entries, "{used} entries are in use, but the two maps have {entries}");
        read + dirty + 16 * entries + lock(&self.map.pool).check()
    }

    fn check_table(&mut self, which: usize) -> u64 {
        let map = self.map;
        // SAFETY: the holder of the mutex is the owner of both tables, and these are the table's
        // own state and memory.
        unsafe { TableMut::new(&map.tables[which], &mut self.inner.states[which].writer, &map.memory, &map.hasher) }
            .check()
    }

    /// [`check`](Self::check), for when no other thread uses the map. It also checks the counts
    /// that are changed without the mutex.
    pub fn check_alone(&mut self) {
        if !CHECKED || std::thread::panicking() {
            return;
        }
        self.check();
        let (mut live, mut blocks) = (0, 0);
        self.inner.arena.check(|entry| {
            let state = entry.state.load(Relaxed) & 3;
            if state == LIVE {
                live += 1;
                // SAFETY: the entry is live and no other thread uses the map, so the word is that
                // of a value.
                blocks += if V::IN_PLACE { 0 } else { Pool::size(unsafe { V::len(entry.value.load(Relaxed)) }) };
            }
            if state != UNUSED {
                // SAFETY: the block of a long key, or 0.
                let key = unsafe { Block::from_word(entry.key.load(Relaxed)) };
                blocks += key.map_or(0, |key| Pool::size(key.len()));
            }
        });
        let counted = self.map.len.load(Relaxed);
        assert!(counted == live, "the map counts {counted} entries, but {live} have a value");
        let counted = lock(&self.map.pool).live();
        assert!(counted == blocks, "blocks of {counted} bytes are in use, but those of keys and values have {blocks}");
    }
}
