//! Reads a whole table, or one of its buckets, while writers are kept out.

use super::{
    Table,
    bucket::{Bucket, SLOTS, Slot, Tops},
};
use crate::{base::sync::Ordering::Relaxed, item::Key};

/// The present contents of one bucket.
pub struct View<'a, K: Key> {
    pub version: u32,
    pub overflow: u32,
    pub tops: Tops,
    pub slots: &'a [Slot<K>; SLOTS],
}

impl<K: Key> Table<K> {
    /// Main bucket `index`, or the overflow bucket `depth` down its chain. While writers are kept
    /// out.
    pub fn view(&self, index: u64, depth: u64) -> Option<View<'_, K>> {
        if index >= self.shape().buckets() {
            return None;
        }
        let bucket = self.chain(self.main.get(index as u32)?).nth(usize::try_from(depth).ok()?)?;
        let Bucket { meta, slots } = bucket;
        let (version, overflow) = (meta.version.load(Relaxed), meta.next());
        Some(View { version, overflow, tops: bucket.tops(), slots })
    }

    /// The number of buckets in the longest chain. While writers are kept out.
    pub fn longest_chain(&self) -> u64 {
        self.heads().map(|head| self.chain(head).count() as u64).max().unwrap_or(0)
    }

    /// Calls `visit` with the slot of each entry. While writers are kept out.
    pub fn for_each(&self, mut visit: impl FnMut(&Slot<K>)) {
        for bucket in self.heads().flat_map(|head| self.chain(head)) {
            bucket.tops().live().for_each(|slot| visit(&bucket.slots[slot]));
        }
    }
}
