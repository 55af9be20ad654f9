//! What the table does on one thread that its users cannot see.

use super::{
    Attempt, Growth, Lookup, Mark, Matches, Place, Reach, SLOTS, Sink, Slot, Table, TableMut, WriterState,
    bucket::{Change, Meta},
};
use crate::{
    base::{
        hash::{CONSTANT, Hasher, bucket_bits},
        mem::Memory,
        sync::{AtomicU64, Ordering::Relaxed},
    },
    item::{Bytes, Key, Word},
};

mod chains;
mod growth;
mod metadata;
mod readers;
mod scans;

impl<K: Key> Table<K> {
    /// Until the drop, readers of the bucket of this hash meet a writer.
    pub(crate) fn change(&self, hash: u64) -> Change<'_> {
        Change::begin(self.head(hash).unwrap().meta)
    }
}

const GROWTHS: [Growth; 2] = [Growth::Linear, Growth::Doubling];
/// Bytes of a bucket of words.
const BUCKET: u64 = (SLOTS * size_of::<Slot<Word>>() + size_of::<Meta>()) as u64;

/// Gives the owner of a new table to `work`. `hash_bits` as for [`Hasher::new`].
fn with_table<K: Key>(growth: Growth, hash_bits: u32, work: impl FnOnce(&Table<K>, &mut TableMut<'_, K>)) {
    let (table, mut writer) = (Table::<K>::new(0), WriterState::new(growth, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, hash_bits).unwrap());
    // SAFETY: one owner, and the writer is stable.
    let mut owner = unsafe { TableMut::new(&table, &mut writer, &memory, &hasher) };
    work(&table, &mut owner);
    owner.check();
    // SAFETY: nobody reads it.
    unsafe { owner.destroy() };
}

impl<'a, K: Key> TableMut<'a, K> {
    fn find(&self, hashed: &K::Hashed<'_>) -> Option<Place<'a, K>> {
        self.table.find(hashed)
    }
    /// A value is overwritten or an entry removed, as the kinds do it.
    fn overwrite(&mut self, place: &Place<'a, K>, value: u64) {
        self.set_word(place, value);
        self.continue_growth();
    }
    fn delete(&mut self, place: &Place<'a, K>) {
        self.remove(place);
        self.continue_growth();
    }
}

/// Inserts words that are not there, each with itself as its value.
fn insert(owner: &mut TableMut<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let hashed = Word::hashed(owner.hasher, key);
        owner.insert(Word::hash(&hashed), Word::encode(&hashed, None), key).unwrap();
    }
}

fn remove(owner: &mut TableMut<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let place = owner.find(&Word::hashed(owner.hasher, key)).unwrap();
        owner.delete(&place);
    }
}
