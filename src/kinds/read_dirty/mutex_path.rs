//! What a key's operation does with the mutex held: the way for keys that the read map does not have, and for every key when the way
//! without the mutex was disturbed too often.

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

/// The map with its mutex held.
pub struct Locked<'a, K: Key, V: Value> {
    pub map: &'a ReadDirty<K, V>,
    pub inner: MutexGuard<'a, Inner>,
}

impl<'a, K: Key, V: Value> Locked<'a, K, V> {
    /// As it stands: while the mutex is held it does not change.
    pub fn read(&self) -> Read {
        self.map.read()
    }

    /// The table that is the read map.
    pub fn read_table(&self) -> &'a Table<K> {
        &self.map.tables[self.read().table()]
    }

    /// The table that is the dirty map if the read map is amended, and left over if not.
    pub fn other_table(&self) -> &'a Table<K> {
        &self.map.tables[self.read().table() ^ 1]
    }

    /// The right to change that table.
    pub fn other(&mut self) -> TableMut<'_, K> {
        let (map, which) = (self.map, self.read().table() ^ 1);
        // SAFETY: the mutex makes us its owner, and the states are stable.
        unsafe { TableMut::new(&map.tables[which], &mut self.inner.states[which].writer, &map.memory, &map.hasher) }
    }

    pub fn dirty_entries(&self) -> u64 {
        if self.read().is_amended() { self.inner.states[self.read().table() ^ 1].writer.entries() } else { 0 }
    }

    pub fn entry_at(&self, place: Option<Place<'_, K>>) -> Option<EntryRef<'a>> {
        // SAFETY: a live slot of a table of this map holds the address of an entry.
        place.map(|place| unsafe { EntryRef::from_word(place.slot().load_value()) })
    }

    pub fn load(&mut self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let amended = self.read().is_amended();
        let entry = match self.entry_at(self.read_table().find(hashed)) {
            Some(entry) => Some(entry),
            None if amended => {
                let entry = self.entry_at(self.other_table().find(hashed));
                self.count_miss();
                entry
            }
            None => None,
        };
        entry.map_or(Ok(Outcome::NotFound), |entry| entry.lock().load(out))
    }

    pub fn write<'v, O: Operation<'v, V>>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut O,
    ) -> Result<Outcome, Error> {
        if let Some(place) = self.read_table().find(hashed) {
            // SAFETY: as in `entry_at`.
            let entry = unsafe { EntryRef::from_word(place.slot().load_value()) }.lock();
            let map = self.map;
            return entry.write(map, operation, || self.unexpunge(hashed, &place));
        }
        if self.read().is_amended()
            && let Some(place) = self.other_table().find(hashed)
        {
            // SAFETY: as in `entry_at`.
            let entry = unsafe { EntryRef::from_word(place.slot().load_value()) }.lock();
            // The key is in the dirty map, where no entry is expunged.
            let outcome = entry.write(self.map, operation, || Ok::<_, Error>(()))?;
            if entry.is_nil() {
                // Only the dirty map had it, so it goes at once.
                self.other().remove(&place);
                self.other().continue_growth();
                self.map.free_block(entry.free());
                self.inner.entries.release(entry);
            } else {
                drop(entry);
            }
            if O::READS {
                self.count_miss();
            }
            return Ok(outcome);
        }
        let (outcome, step) = operation.on_absent()?;
        match step {
            Decision::Store(value) => self.insert(hashed, value)?,
            _ if self.read().is_amended() => self.count_miss(),
            _ => {}
        }
        Ok(outcome)
    }
}
