//! The life of the dirty map: made from the read map, filled, missed, promoted. Everything here holds the mutex.

use super::{
    entry::{EntryGuard, EntryRef},
    mutex_path::Locked,
};
use crate::{
    base::{
        mem::{Block, OutOfMemory},
        sync::{
            Ordering::{Relaxed, Release},
            lock,
        },
    },
    item::{Blocks, Key, Value},
    kinds::Error,
    table::{Place, Table},
};

impl<'a, K: Key, V: Value> Locked<'a, K, V> {
    /// Sees to it that there is a dirty map: made anew, it takes over the live entries of the read map; the nil ones are expunged.
    fn make_dirty(&mut self) -> Result<(), OutOfMemory> {
        let read = self.read();
        if read.is_amended() {
            return Ok(());
        }
        let needed = (self.map.len.load(Relaxed) + 1).max(self.inner.reserved);
        let mut other = self.other();
        other.clear();
        if needed > 1 && other.is_oversized(needed) {
            // Else each dirty map would cost as much as the largest there ever was. But the first after a clear may: it has the room that
            // the clear kept. What memory that takes, nobody has asked for.
            _ = other.shrink();
        }
        other.reserve(needed)?;
        let mut result = Ok(());
        let mut expunged = 0;
        let (read_table, hasher) = (self.read_table(), &self.map.hasher);
        let mut other = self.other();
        read_table.for_each(|slot| {
            if result.is_err() {
                return;
            }
            let word = slot.load_value();
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
                unsafe { EntryRef::from_word(slot.load_value()) }.lock().unexpunge();
            });
            self.other().clear();
            return result;
        }
        self.inner.expunged = expunged;
        self.map.read.store(read.amended().0, Release);
        Ok(())
    }

    /// Puts the key of an expunged entry, which is at `place` in the read map, into the dirty map again.
    pub(super) fn unexpunge(&mut self, hashed: &K::Hashed<'_>, place: &Place<'_, K>) -> Result<(), Error> {
        let (key, entry) = (K::load(&place.slot().key), place.slot().load_value());
        self.other().insert(K::hash(hashed), key, entry)?;
        self.inner.expunged -= 1;
        Ok(())
    }

    /// Adds a key that neither map has.
    pub(super) fn insert(&mut self, hashed: &K::Hashed<'_>, value: V::Ref<'_>) -> Result<(), Error> {
        self.make_dirty()?;
        let map = self.map;
        let entry = self.inner.entries.take(&map.memory)?;
        let guard = entry.lock();
        match self.insert_entry(hashed, value, entry) {
            Ok((value, key)) => {
                map.len.fetch_add(1, Relaxed);
                guard.begin(value, key);
                Ok(())
            }
            Err(error) => {
                self.inner.entries.release(guard);
                Err(error.into())
            }
        }
    }

    /// Puts the key of a fresh entry into the dirty map; returns the value word and the key's block, which are the entry's then.
    fn insert_entry(
        &mut self,
        hashed: &K::Hashed<'_>,
        value: V::Ref<'_>,
        entry: EntryRef<'_>,
    ) -> Result<(u64, Option<Block>), OutOfMemory> {
        let mut blocks = self.map.blocks();
        let value = V::pack(value, &mut blocks)?;
        let key = K::out_of_line(hashed).map(|bytes| blocks.alloc(bytes)).transpose();
        let inserted = key.and_then(|key| {
            let inserted = self.other().insert(K::hash(hashed), K::encode(hashed, key), entry.word());
            if inserted.is_err() {
                self.map.free_block(key);
            }
            inserted.map(|()| key)
        });
        if inserted.is_err() {
            // SAFETY: no entry has it.
            unsafe { V::free(value, &mut blocks) };
        }
        Ok((value, inserted?))
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
        let old = self.replace_read_map();
        self.inner.promotions += 1;
        if core::mem::take(&mut self.inner.expunged) > 0 {
            self.free_entries(old, |entry| entry.is_expunged());
        }
    }

    /// The other table becomes the read map, and there is no dirty map. Returns the table that was the read map.
    fn replace_read_map(&mut self) -> &'a Table<K> {
        let (read, old) = (self.read(), self.read_table());
        self.map.read.store(read.promoted().0, Release);
        self.inner.misses = 0;
        old
    }

    /// Frees entries of a table that is neither the read map nor the dirty map.
    fn free_entries(&mut self, table: &Table<K>, which: impl Fn(&EntryGuard<'_>) -> bool) {
        table.for_each(|slot| {
            // SAFETY: a live slot of such a table holds the address of an entry, freed by nobody else meanwhile.
            let entry = unsafe { EntryRef::from_word(slot.load_value()) }.lock();
            if which(&entry) {
                if let Some(value) = entry.value() {
                    // SAFETY: the entry is out of both maps, and its state says so before the block is used again.
                    self.map.len.fetch_sub(1, Relaxed);
                    self.map.free_block(entry.free());
                    // SAFETY: as above.
                    unsafe { V::free(value, &mut self.map.blocks()) };
                } else {
                    self.map.free_block(entry.free());
                }
                self.inner.entries.release(entry);
            }
        });
    }

    /// Forgets every key: an empty read map, no dirty map.
    pub(super) fn clear(&mut self) {
        if self.read().is_amended() {
            self.promote();
        }
        self.other().clear();
        let old = self.replace_read_map();
        // Writers that are still inside an entry give its lock back first; they come before the clear.
        self.free_entries(old, |_| true);
    }

    /// Makes room in the table that new keys go to.
    pub(super) fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        if !self.read().is_amended() {
            self.other().clear();
        }
        self.other().reserve(entries)?;
        self.inner.reserved = self.inner.reserved.max(entries);
        Ok(())
    }

    /// A dirty map of what is alive, as small as can be, becomes the read map; the other table and entries give memory back.
    pub(super) fn shrink(&mut self) -> Result<(), Error> {
        self.inner.reserved = 0;
        if self.map.tables.iter().all(Table::is_unused) {
            return Ok(());
        }
        if self.read().is_amended() {
            self.promote();
        }
        self.make_dirty()?;
        self.other().shrink()?;
        self.promote();
        self.other().clear();
        self.other().shrink()?;
        self.inner.entries.shrink(&self.map.memory);
        lock(&self.map.pool).shrink(&self.map.memory)?;
        Ok(())
    }
}
