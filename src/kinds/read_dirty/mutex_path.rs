//! Operations on one key with the mutex held: for keys that are not in the read map, and for any
//! key after the attempts without the mutex failed.

use super::{Inner, Read, ReadDirty, entry::EntryRef};
use crate::{
    base::sync::MutexGuard,
    item::{Key, Receive, Value},
    kinds::{
        Error, Outcome,
        operation::{Decision, Operation},
    },
    table::{Place, Table, TableMut},
};

/// The map, with its mutex held by this thread.
pub struct MutexHeld<'a, K: Key, V: Value> {
    pub map: &'a ReadDirty<K, V>,
    pub inner: MutexGuard<'a, Inner>,
}

impl<'a, K: Key, V: Value> MutexHeld<'a, K, V> {
    /// The word `read`. Only the holder of the mutex changes it.
    pub fn read(&self) -> Read {
        self.map.read()
    }

    /// The table that is the read map.
    pub fn read_table(&self) -> &'a Table<K> {
        &self.map.tables[self.read().table()]
    }

    /// The table that is not the read map. It is the dirty map if the read map is amended; else it
    /// is not in use.
    pub fn other_table(&self) -> &'a Table<K> {
        &self.map.tables[self.read().table() ^ 1]
    }

    /// The right to change [`MutexHeld::other_table`].
    pub fn other(&mut self) -> TableMut<'_, K> {
        let (map, which) = (self.map, self.read().table() ^ 1);
        // SAFETY: the mutex is held, and only its holder changes a table. Readers may still be
        // searching it, from before the last promotion; the states are stable, which allows that.
        unsafe { TableMut::new(&map.tables[which], &mut self.inner.states[which].writer, &map.memory, &map.hasher) }
    }

    /// Entries of the dirty map; 0 if there is none.
    pub fn dirty_entries(&self) -> u64 {
        if self.read().is_amended() { self.inner.states[self.read().table() ^ 1].writer.entries() } else { 0 }
    }

    /// The entry whose word is in the slot at `place`, which must be in a table of this map.
    pub fn entry_at(&self, place: Option<Place<'_, K>>) -> Option<EntryRef<'a>> {
        // SAFETY: slots in use hold words of this map's entries, and the map lives for `'a`.
        place.map(|place| unsafe { EntryRef::from_word(place.slot().load_value()) })
    }

    /// Loads a key from either map, and counts a miss if the read map does not have it.
    pub fn load(&mut self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let amended = self.read().is_amended();
        let entry = match self.entry_at(self.read_table().find(hashed)) {
            Some(entry) => Some(entry),
            // Found or not, it is a miss. The miss may promote the dirty map, but does not free
            // this entry.
            None if amended => {
                let entry = self.entry_at(self.other_table().find(hashed));
                self.count_miss();
                entry
            }
            None => None,
        };
        entry.map_or(Ok(Outcome::NotFound), |entry| entry.lock().load(out))
    }

    /// Applies an operation to a key: one of the read map, one of the dirty map, or a new one.
    pub fn write<'v, O: Operation<'v, V>>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut O,
    ) -> Result<Outcome, Error> {
        if let Some(place) = self.read_table().find(hashed) {
            // Another thread may have added the key, or promoted it, before we had the mutex.
            // SAFETY: slots in use hold words of this map's entries.
            let entry = unsafe { EntryRef::from_word(place.slot().load_value()) }.lock();
            let map = self.map;
            return entry.write(map, operation, || self.unexpunge(hashed, &place));
        }
        if self.read().is_amended()
            && let Some(place) = self.other_table().find(hashed)
        {
            // SAFETY: slots in use hold words of this map's entries.
            let entry = unsafe { EntryRef::from_word(place.slot().load_value()) }.lock();
            // No entry of the dirty map is expunged.
            let outcome = entry.write(self.map, operation, || Ok::<_, Error>(()))?;
            if entry.is_nil() {
                // Deleted. No read map of this generation has the entry, so no thread without the
                // mutex uses it: remove it now.
                self.other().remove(&place);
                self.other().continue_growth();
                // SAFETY: the entry is in neither map now, and has given its block away.
                unsafe { self.map.free_block(entry.free()) };
                self.inner.arena.release(entry);
            } else {
                drop(entry);
            }
            if O::READS {
                self.count_miss();
            }
            return Ok(outcome);
        }
        // Neither map has the key.
        let (outcome, step) = operation.on_absent()?;
        match step {
            Decision::Store(value) => self.insert(hashed, value)?,
            _ if self.read().is_amended() => self.count_miss(),
            _ => {}
        }
        Ok(outcome)
    }
}
