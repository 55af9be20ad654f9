//! The life of the dirty map: it is made from the read map, gets the new keys, and is promoted. All
//! of this is done with the mutex held.

use super::{
    entry::{EntryGuard, EntryRef},
    mutex_path::MutexHeld,
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

impl<'a, K: Key, V: Value> MutexHeld<'a, K, V> {
    /// Makes a dirty map if there is none: copies the live entries of the read map, and expunges
    /// the nil ones. If memory runs out, there is no dirty map afterwards.
    fn make_dirty(&mut self) -> Result<(), OutOfMemory> {
        let read = self.read();
        if read.is_amended() {
            return Ok(());
        }
        let needed = (self.map.len.load(Relaxed) + 1).max(self.inner.reserved);
        let mut other = self.other();
        other.clear();
        if needed > 1 && other.is_oversized(needed) {
            // Without this every dirty map would cost as much as the largest one ever. Not for the
            // first key after a clear, since a clear keeps the capacity. Failure is ignored: this
            // only saves memory.
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
            // A writer without the mutex may make a nil entry live at any time. Its lock decides:
            // either the entry is live first and is copied, or it is expunged first and the writer
            // takes the mutex.
            // SAFETY: slots in use hold words of this map's entries.
            if unsafe { EntryRef::from_word(word) }.lock().expunge() {
                expunged += 1;
            } else {
                result = other.insert(K::hash_in_slot(&slot.key, hasher), K::load(&slot.key), word);
            }
        });
        if result.is_err() {
            // Undo: without a dirty map there must be no expunged entries.
            read_table.for_each(|slot| {
                // SAFETY: slots in use hold words of this map's entries.
                unsafe { EntryRef::from_word(slot.load_value()) }.lock().unexpunge();
            });
            self.other().clear();
            return result;
        }
        self.inner.expunged = expunged;
        self.map.read.store(read.amended().0, Release);
        Ok(())
    }

    /// Inserts the key of an expunged entry into the dirty map. `place` is the key's slot in the
    /// read map.
    pub(super) fn unexpunge(&mut self, hashed: &K::Hashed<'_>, place: &Place<'_, K>) -> Result<(), Error> {
        let (key, entry) = (K::load(&place.slot().key), place.slot().load_value());
        self.other().insert(K::hash(hashed), key, entry)?;
        self.inner.expunged -= 1;
        Ok(())
    }

    /// Adds a new key, which neither map has, to the dirty map. Makes a dirty map if there is none.
    pub(super) fn insert(&mut self, hashed: &K::Hashed<'_>, value: V::Ref<'_>) -> Result<(), Error> {
        self.make_dirty()?;
        let map = self.map;
        let entry = self.inner.arena.take(&map.memory)?;
        let guard = entry.lock();
        match self.insert_entry(hashed, value, entry) {
            Ok((value, key)) => {
                // Counted before the value appears, so that a delete cannot bring the count below
                // zero.
                map.len.fetch_add(1, Relaxed);
                guard.begin(value, key);
                Ok(())
            }
            Err(error) => {
                self.inner.arena.release(guard);
                Err(error.into())
            }
        }
    }

    /// Packs the value of a new entry, and inserts its key into the dirty map. Returns the value
    /// word and the key's block, if it has one; the caller stores both in the entry.
    fn insert_entry(
        &mut self,
        hashed: &K::Hashed<'_>,
        value: V::Ref<'_>,
        entry: EntryRef<'_>,
    ) -> Result<(u64, Option<Block>), OutOfMemory> {
        let mut blocks = self.map.blocks();
        let word = V::pack(value, &mut blocks)?;
        match self.insert_key(hashed, entry) {
            Ok(key) => Ok((word, key)),
            Err(error) => {
                // SAFETY: the value was packed above, and no entry refers to it yet.
                unsafe { V::free(word, &mut blocks) };
                Err(error)
            }
        }
    }

    /// Inserts a key with its entry into the dirty map. Returns the key's block, if it has one.
    fn insert_key(&mut self, hashed: &K::Hashed<'_>, entry: EntryRef<'_>) -> Result<Option<Block>, OutOfMemory> {
        let key = K::out_of_line(hashed).map(|bytes| self.map.blocks().alloc(bytes)).transpose()?;
        match self.other().insert(K::hash(hashed), K::encode(hashed, key), entry.word()) {
            Ok(()) => Ok(key),
            Err(error) => {
                // SAFETY: the block was allocated above, and no slot or entry got its address.
                unsafe { self.map.free_block(key) };
                Err(error)
            }
        }
    }

    /// Counts a miss. Promotes the dirty map when there are as many misses as it has entries.
    pub(super) fn count_miss(&mut self) {
        self.inner.misses += 1;
        if self.inner.misses >= self.dirty_entries() {
            self.promote();
        }
    }

    /// Makes the dirty map the read map. Then neither map has the expunged entries, so they are
    /// freed.
    pub(super) fn promote(&mut self) {
        let old = self.replace_read_map();
        self.inner.promotions += 1;
        if core::mem::take(&mut self.inner.expunged) > 0 {
            self.free_entries(old, |entry| entry.is_expunged());
        }
    }

    /// Makes the other table the read map, and begins a new generation, which has no dirty map yet.
    /// Returns the former read map.
    fn replace_read_map(&mut self) -> &'a Table<K> {
        let (read, old) = (self.read(), self.read_table());
        self.map.read.store(read.promoted().0, Release);
        self.inner.misses = 0;
        old
    }

    /// Frees the entries for which `which` is true. `table` is the former read map. The entries
    /// that are freed must be in no other table.
    fn free_entries(&mut self, table: &Table<K>, which: impl Fn(&EntryGuard<'_>) -> bool) {
        table.for_each(|slot| {
            // Waits for writers that locked the entry before the generation advanced.
            // SAFETY: slots in use hold words of this map's entries.
            let entry = unsafe { EntryRef::from_word(slot.load_value()) }.lock();
            if which(&entry) {
                if let Some(value) = entry.value() {
                    self.map.len.fetch_sub(1, Relaxed);
                    // SAFETY: the entry is unused now, so nothing refers to its key or its value.
                    unsafe {
                        self.map.free_block(entry.free());
                        V::free(value, &mut self.map.blocks());
                    }
                } else {
                    // SAFETY: as above.
                    unsafe { self.map.free_block(entry.free()) };
                }
                self.inner.arena.release(entry);
            }
        });
    }

    /// Removes every key: the read map is empty then, and there is no dirty map.
    pub(super) fn clear(&mut self) {
        if self.read().is_amended() {
            self.promote();
        }
        self.other().clear();
        let old = self.replace_read_map();
        // Writers that hold an entry's lock finish first: they come before the clear.
        self.free_entries(old, |_| true);
    }

    /// Makes room for `entries` entries in the other table, which takes the new keys.
    pub(super) fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        // The other table is not in use, but may still have the slots of a former read map.
        if !self.read().is_amended() {
            self.other().clear();
        }
        self.other().reserve(entries)?;
        self.inner.reserved = self.inner.reserved.max(entries);
        Ok(())
    }

    /// Releases memory. Promotes a new dirty map that is as small as possible, then shrinks the
    /// other table, the entries and the pool.
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
        self.inner.arena.shrink(&self.map.memory);
        // SAFETY: the map's pool and its memory are always used together.
        unsafe { lock(&self.map.pool).shrink(&self.map.memory) }?;
        Ok(())
    }
}
