//! The life of the dirty map: made from the read map, filled, missed, promoted. Everything here holds the mutex.

use super::{Locked, entry::EntryRef};
use crate::{
    base::{
        alloc::OutOfMemory,
        sync::{
            Ordering::{Acquire, Relaxed, Release},
            lock,
        },
    },
    kinds::{Error, value::Value},
    table::{Key, Place},
};

impl<K: Key, V: Value> Locked<'_, K, V> {
    /// Sees to it that there is a dirty map: made anew, it takes over the live entries of the read map; the nil ones are expunged.
    fn make_dirty(&mut self) -> Result<(), OutOfMemory> {
        let read = self.read();
        if read.is_amended() {
            return Ok(());
        }
        self.other().clear();
        let live = self.map.len.load(Relaxed);
        self.other().reserve(live + 1)?;
        let mut result = Ok(());
        let mut expunged = 0;
        let (read_table, hasher) = (self.read_table(), &self.map.hasher);
        let mut other = self.other();
        read_table.for_each(|slot| {
            if result.is_err() {
                return;
            }
            let word = slot.value.load(Acquire);
            // SAFETY: a live slot of the read map holds the address of an entry.
            if unsafe { EntryRef::from_word(word) }.lock().expunge() {
                expunged += 1;
            } else {
                result = other.insert(K::hash_in_slot(&slot.key, hasher), K::load(&slot.key), word);
            }
        });
        if result.is_err() {
            // Without a dirty map there are no expunged entries.
            read_table.for_each(|slot| {
                // SAFETY: as above.
                unsafe { EntryRef::from_word(slot.value.load(Acquire)) }.lock().unexpunge();
            });
            self.other().clear();
            return result;
        }
        self.inner.expunged = expunged;
        self.map.read.store(read.amended().0, Release);
        Ok(())
    }

    /// Puts the key of an expunged entry, which is at `place` in the read map, into the dirty map again.
    pub(super) fn unexpunge(&mut self, probe: &K::Probe<'_>, place: &Place<'_, K>) -> Result<(), Error> {
        let (key, entry) = (K::load(&place.slot().key), place.slot().value.load(Acquire));
        self.other().insert(K::hash(probe), key, entry)?;
        self.inner.expunged -= 1;
        Ok(())
    }

    /// Adds a key that neither map has.
    pub(super) fn insert(&mut self, probe: &K::Probe<'_>, value: V::Ref<'_>) -> Result<(), Error> {
        self.make_dirty()?;
        let map = self.map;
        let entry = self.inner.entries.take(&map.memory)?;
        let guard = entry.lock();
        let mut pool = lock(&map.pool);
        let value = match V::pack(value, &mut pool, &map.memory) {
            Ok(value) => value,
            Err(error) => {
                self.inner.entries.put_back(guard);
                return Err(error.into());
            }
        };
        let key = K::outside(probe).map(|bytes| pool.alloc(&map.memory, bytes)).transpose();
        drop(pool);
        let inserted = key.and_then(|key| {
            let inserted = self.other().insert(K::hash(probe), K::packed(probe, key), entry.word());
            if inserted.is_err() {
                map.free_block(key);
            }
            inserted.map(|()| key)
        });
        match inserted {
            Ok(key) => {
                map.len.fetch_add(1, Relaxed);
                guard.begin(value, key);
                Ok(())
            }
            Err(error) => {
                // SAFETY: no entry has it.
                unsafe { V::free(value, &mut lock(&map.pool), &map.memory) };
                self.inner.entries.put_back(guard);
                Err(error.into())
            }
        }
    }

    /// Counts an operation that the read map could not answer, and promotes the dirty map when that has happened often enough.
    pub(super) fn count_miss(&mut self) {
        self.inner.misses += 1;
        if self.inner.misses >= self.dirty_entries() {
            self.promote();
        }
    }

    /// The dirty map becomes the read map. What was expunged is in neither then, and free.
    pub(super) fn promote(&mut self) {
        let (read, old) = (self.read(), self.read_table());
        self.map.read.store(read.promoted().0, Release);
        self.inner.misses = 0;
        self.inner.promotions += 1;
        if core::mem::take(&mut self.inner.expunged) == 0 {
            return;
        }
        old.for_each(|slot| {
            // SAFETY: a live slot of the old read map holds the address of an entry, freed by nobody else meanwhile.
            let entry = unsafe { EntryRef::from_word(slot.value.load(Acquire)) }.lock();
            if entry.is_expunged() {
                self.map.free_block(entry.free());
                self.inner.entries.put_back(entry);
            }
        });
    }

    /// Forgets every key: an empty read map, no dirty map.
    pub(super) fn clear(&mut self) {
        self.other().clear();
        self.map.read.store(self.read().promoted().0, Release);
        // Writers that are still inside an entry give its lock back first; they come before the clear.
        self.inner.entries.free_all();
        (self.inner.misses, self.inner.expunged) = (0, 0);
        self.map.len.store(0, Relaxed);
        // SAFETY: no entry has a value or a key any more.
        unsafe { lock(&self.map.pool).reset(&self.map.memory) };
    }

    /// Makes room in the table that new keys go to.
    pub(super) fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        if !self.read().is_amended() {
            self.other().clear();
        }
        Ok(self.other().reserve(entries)?)
    }

    /// A dirty map of what is alive, as small as can be, becomes the read map; the other table gives its memory back.
    pub(super) fn shrink(&mut self) -> Result<(), Error> {
        self.make_dirty()?;
        self.other().shrink()?;
        self.promote();
        self.other().clear();
        self.other().shrink()?;
        lock(&self.map.pool).shrink(&self.map.memory)?;
        Ok(())
    }
}
