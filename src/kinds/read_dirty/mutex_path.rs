//! What a key's operation does with the mutex held: the way for keys that the read map does not have, and for every key when the way
//! without the mutex was disturbed too often.

use super::{Inner, Read, ReadDirty, entry::EntryRef};
use crate::{
    base::sync::{MutexGuard, Ordering::Acquire},
    item::{Key, Receive, Value},
    kinds::{
        Error, Outcome,
        operation::{Operation, Step},
    },
    table::{Owner, Place, Table},
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
    pub fn other(&mut self) -> Owner<'_, K> {
        let (map, which) = (self.map, self.read().table() ^ 1);
        // SAFETY: the mutex makes us its owner, and the states are stable.
        unsafe { Owner::new(&map.tables[which], &mut self.inner.states[which].writer, &map.memory, &map.hasher) }
    }

    pub fn dirty_entries(&self) -> u64 {
        if self.read().is_amended() { self.inner.states[self.read().table() ^ 1].writer.entries() } else { 0 }
    }

    pub fn entry_at(&self, place: Option<Place<'_, K>>) -> Option<EntryRef<'a>> {
        // SAFETY: a live slot of a table of this map holds the address of an entry.
        place.map(|place| unsafe { EntryRef::from_word(place.slot().value.load(Acquire)) })
    }

    pub fn load(&mut self, probe: &K::Probe<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let amended = self.read().is_amended();
        let entry = match self.entry_at(self.read_table().find(probe)) {
            Some(entry) => Some(entry),
            None if amended => {
                let entry = self.entry_at(self.other_table().find(probe));
                self.count_miss();
                entry
            }
            None => None,
        };
        entry.map_or(Ok(Outcome::NotFound), |entry| entry.lock().load(out))
    }

    pub fn write<'v, O: Operation<'v, V>>(
        &mut self,
        probe: &K::Probe<'_>,
        operation: &mut O,
    ) -> Result<Outcome, Error> {
        if let Some(place) = self.read_table().find(probe) {
            // SAFETY: as in `entry_at`.
            let entry = unsafe { EntryRef::from_word(place.slot().value.load(Acquire)) }.lock();
            let map = self.map;
            let written = entry.write(map, operation, || self.unexpunge(probe, &place).map(|()| true))?;
            return written.done();
        }
        if self.read().is_amended()
            && let Some(place) = self.other_table().find(probe)
        {
            // SAFETY: as in `entry_at`.
            let entry = unsafe { EntryRef::from_word(place.slot().value.load(Acquire)) }.lock();
            let outcome = entry.write(self.map, operation, || Ok(false))?.done()?;
            if entry.is_nil() {
                // Only the dirty map had it, so it goes at once.
                self.other().remove(&place);
                self.map.free_block(entry.free());
                self.inner.entries.put_back(entry);
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
            Step::Put(value) => self.insert(probe, value)?,
            _ if self.read().is_amended() => self.count_miss(),
            _ => {}
        }
        Ok(outcome)
    }
}
