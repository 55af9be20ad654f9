//! What the table does on one thread that its users cannot see.

use super::{
    EMPTY_REST, Growth, Mark, Matches, Owner, Reach, SLOTS, Sight, Sink, Slot, Table, Writer,
    bucket::{Bucket, Change, Meta},
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
fn with_owner<K: Key>(growth: Growth, hash_bits: u32, work: impl FnOnce(&Table<K>, &mut Owner<'_, K>)) {
    let (table, mut writer) = (Table::<K>::new(0), Writer::new(growth, true));
    let (memory, hasher) = (Memory::new(Default::default()), Hasher::new(7, hash_bits).unwrap());
    // SAFETY: one owner, and the writer is stable.
    let mut owner = unsafe { Owner::new(&table, &mut writer, &memory, &hasher) };
    work(&table, &mut owner);
    // SAFETY: nobody reads it.
    unsafe { owner.destroy() };
}

/// Inserts words that are not there, each with itself as its value.
fn insert(owner: &mut Owner<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let probe = Word::probe(owner.hasher, key);
        owner.insert(Word::hash(&probe), Word::packed(&probe, None), key).unwrap();
    }
}

fn remove(owner: &mut Owner<'_, Word>, keys: core::ops::Range<u64>) {
    for key in keys {
        let place = owner.find(&Word::probe(owner.hasher, key)).unwrap();
        owner.remove(&place);
    }
}
