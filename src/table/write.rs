//! The right to change a table, and the changes of single entries. `grow` and `shrink` have those
//! that move entries between chains, `overflow` has the overflow buckets.

use super::{
    Growth, Table,
    bucket::{Bucket, Change, EMPTY_ONE, Slot, Tops},
    search::{Attempt, HomeBucket, Place},
};
use crate::{
    base::{
        hash::{Hasher, tophash},
        invariant::FullChecks,
        mem::{Memory, OutOfMemory},
        sync::Ordering::{Relaxed, Release},
    },
    item::Key,
};

/// What only the owner needs to know of a table. What each write needs comes first, on one cache
/// line.
#[repr(C)]
pub struct WriterState {
    pub(super) entries: u64,
    /// Growth threshold. An insert does growth work once `entries >= limit`, any other write only
    /// while `limit == 0`: a doubling is under way, or there is no bucket yet.
    pub(super) limit: u64,
    pub(super) growth: Growth,
    /// Readers search without a lock, so memory that they may have reached must stay readable.
    pub(super) stable: bool,
    /// [`Growth::Doubling`]: a doubling is under way, even if nothing is split yet.
    pub(super) growing: bool,
    /// The overflow buckets from this number on are fresh: not used since the last shrink. At least
    /// 1, as the number 0 means none.
    pub(super) overflow_next: u32,
    /// The free list: the overflow buckets below `overflow_next` that belong to no chain. This is
    /// the first one, 0 if there is none.
    pub(super) overflow_free: u32,
    /// How many buckets the free list has.
    pub(super) overflow_free_count: u32,
    /// How many overflow buckets belong to a chain.
    pub(super) overflow_used: u32,
    /// The most main buckets that the table ever had. No reader has reached one with this number or
    /// a higher one.
    pub(super) reached: u64,
    /// The highest `overflow_next` ever. No reader has reached an overflow bucket from there on.
    pub(super) overflow_reached: u64,
    /// Memory held for buckets.
    pub(super) bytes: u64,
    pub(super) checks: FullChecks,
}

impl WriterState {
    pub fn new(growth: Growth, stable: bool) -> Self {
        Self {
            entries: 0,
            limit: 0,
            growth,
            stable,
            growing: false,
            overflow_next: 1,
            overflow_free: 0,
            overflow_free_count: 0,
            overflow_used: 0,
            reached: 0,
            overflow_reached: 0,
            bytes: 0,
            checks: FullChecks::default(),
        }
    }
    pub fn entries(&self) -> u64 {
        self.entries
    }
    pub fn overflow_used(&self) -> u32 {
        self.overflow_used
    }
    /// Bytes held for buckets.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// What the search before a write has shown.
pub enum Lookup<'a, K: Key> {
    Found(Place<'a, K>),
    /// The key is not in the table. It may go to this slot.
    Vacant(VacantSlot<'a, K>),
    /// The key is not in the table; [`TableMut::insert`] finds it a slot.
    Absent,
    /// The fast path cannot tell: take the slow path.
    Undecided,
}

/// An empty slot in the home bucket of a key, and the key's tophash.
pub struct VacantSlot<'a, K: Key> {
    head: Bucket<'a, K>,
    slot: usize,
    top: u8,
}

/// The right to change a table. It ends when this value is dropped.
pub struct TableMut<'a, K: Key> {
    pub(super) table: &'a Table<K>,
    pub(super) writer: &'a mut WriterState,
    pub(super) memory: &'a Memory,
    pub(super) hasher: &'a Hasher,
}

impl<'a, K: Key> TableMut<'a, K> {
    /// # Safety
    /// - `writer` and `memory` are always those of this table.
    /// - While this `TableMut` exists, there is no other one of the table.
    /// - If the writer is not stable, nobody reads the table while this one exists.
    pub unsafe fn new(
        table: &'a Table<K>,
        writer: &'a mut WriterState,
        memory: &'a Memory,
        hasher: &'a Hasher,
    ) -> Self {
        Self { table, writer, memory, hasher }
    }

    pub fn writer(&self) -> &WriterState {
        self.writer
    }

    /// As [`Table::for_each`].
    pub fn for_each(&self, visit: impl FnMut(&Slot<K>)) {
        self.table.for_each(visit);
    }

    /// As [`Table::locate`].
    #[inline(always)]
    pub fn locate(&self, hash: u64) -> Option<HomeBucket<'a, K>> {
        self.table.locate(hash)
    }

    /// The fast path of the search before a write: searches only the head. `home` may have been
    /// located before the lock was held. `Undecided` also if growth is due or under way, or `home`
    /// is out of date.
    #[inline(always)]
    pub fn find_for_write(&self, home: HomeBucket<'a, K>, hashed: &K::Hashed<'_>) -> Lookup<'a, K> {
        if self.table.shape() != home.shape || self.writer.limit == 0 {
            return Lookup::Undecided;
        }
        match self.table.find_in_head(home, hashed) {
            Attempt::Hit(place) => Lookup::Found(place),
            Attempt::Miss if self.writer.entries < self.writer.limit => {
                let (head, hash) = (home.head, K::hash(hashed));
                match head.tops().empty().first_from(K::preferred_slot(hash)) {
                    Some(slot) => Lookup::Vacant(VacantSlot { head, slot, top: tophash(hash) }),
                    None => Lookup::Undecided,
                }
            }
            Attempt::Miss => Lookup::Undecided,
            Attempt::Undecided => Lookup::Undecided,
        }
    }

    /// The slow path of the search before a write: `Found` or `Absent`.
    #[inline(always)]
    pub fn find_for_write_slow(&self, hashed: &K::Hashed<'_>) -> Lookup<'a, K> {
        self.table.find(hashed).map_or(Lookup::Absent, Lookup::Found)
    }

    /// Adds an entry whose key is not in the table, in the slot that the search found. `key` is the
    /// encoded key, with the address of its block if it has one.
    #[inline(always)]
    pub fn insert_at(&mut self, vacant: VacantSlot<'a, K>, key: K::Words, value: u64) {
        let VacantSlot { head, slot, top } = vacant;
        {
            let _change = Change::begin(head.meta);
            head.write_slot(slot, top, key, value);
        }
        self.writer.entries += 1;
        self.check_insert(head, top, key);
    }

    /// Adds an entry whose key is not in the table. `key` is the encoded key, with the address of
    /// its block if it has one. If there is no memory to grow, the growth is put off. The result is
    /// `OutOfMemory` only if there is no slot for the entry; then nothing was added, and the caller
    /// frees its blocks.
    #[inline(never)]
    pub fn insert(&mut self, hash: u64, key: K::Words, value: u64) -> Result<(), OutOfMemory> {
        if self.writer.entries >= self.writer.limit {
            self.grow_for_insert()?;
        }
        let Some(head) = self.table.head(hash) else { return Err(OutOfMemory) };
        match head.tops().empty().first_from(K::preferred_slot(hash)) {
            Some(slot) => {
                let _change = Change::begin(head.meta);
                head.write_slot(slot, tophash(hash), key, value);
                if head.meta.may_overflow(tophash(hash)) {
                    // The search for the key has followed the chain, so it is in the processor's
                    // cache.
                    self.compact_chain(head);
                }
            }
            None => self.insert_in_overflow(head, tophash(hash), key, value)?,
        }
        self.writer.entries += 1;
        self.check_insert(head, tophash(hash), key);
        Ok(())
    }

    /// Adds an entry to a chain whose head is full.
    #[cold]
    #[inline(never)]
    fn insert_in_overflow(
        &mut self,
        head: Bucket<'a, K>,
        top: u8,
        key: K::Words,
        value: u64,
    ) -> Result<(), OutOfMemory> {
        let (vacant_slot, last) = self.vacant_slot(head);
        let (bucket, slot, added) = match vacant_slot {
            Some((bucket, slot)) => (bucket, slot, None),
            None => {
                let (number, bucket) = self.take_overflow()?;
                (bucket, 0, Some(number))
            }
        };
        {
            let _change = Change::begin(head.meta);
            bucket.write_slot(slot, top, key, value);
            if let Some(number) = added {
                last.meta.set_next(number);
            }
            head.meta.set_overflows(top);
        }
        Ok(())
    }

    /// Overwrites a value that is all in its word. A reader gets the old one or the new one.
    #[inline(always)]
    pub fn set_word(&mut self, place: &Place<'_, K>, value: u64) {
        // Release: what was written before the store happens before a load of the value.
        place.slot().value.store(value, Release);
    }

    /// Overwrites the address of a block. After this, any optimistic read that saw the old address
    /// fails its version check.
    #[inline(always)]
    pub fn set_block(&mut self, place: &Place<'_, K>, value: u64) {
        let _change = Change::begin(place.head.meta);
        place.slot().value.store(value, Release);
    }

    /// Runs `work`, which overwrites the block of a value. An optimistic read that began before it
    /// ended fails its version check.
    #[inline(always)]
    pub fn change_value(&mut self, place: &Place<'_, K>, work: impl FnOnce()) {
        let _change = Change::begin(place.head.meta);
        work();
    }

    /// Removes an entry. After this, the caller frees what its words pointed to.
    #[inline(always)]
    pub fn remove(&mut self, place: &Place<'a, K>) {
        {
            let _change = Change::begin(place.head.meta);
            if place.is_in_head() {
                place.head.remove(place.slot);
            } else {
                self.remove_from_overflow(place);
            }
        }
        self.writer.entries -= 1;
        self.check_remove(place.head);
    }

    /// Removes an entry from an overflow bucket.
    #[cold]
    #[inline(never)]
    fn remove_from_overflow(&mut self, place: &Place<'a, K>) {
        place.bucket.set_top(place.slot, EMPTY_ONE);
        self.compact_chain(place.head);
    }

    /// Does a few splits of a growth that is under way. For writes that found their key; an insert
    /// does its own part.
    #[inline(always)]
    pub fn continue_growth(&mut self) {
        if self.writer.limit == 0 {
            self.grow_for_write();
        }
    }

    /// Removes all entries and keeps the buckets. The caller frees what the words pointed to.
    pub fn clear(&mut self) {
        if self.table.is_unused() {
            return;
        }
        for head in self.table.heads() {
            if head.tops() == Tops::EMPTY {
                continue;
            }
            let _change = Change::begin(head.meta);
            for bucket in self.table.chain(head) {
                bucket.meta.tophash.store(0, Relaxed);
            }
            let first = head.meta.next();
            head.meta.end_chain();
            self.free_overflow(first);
        }
        self.writer.entries = 0;
        self.writer.growing &= self.table.shape().split() != 0;
        self.set_limit();
        self.check_all_if_due();
    }

    /// Frees the table's memory. The table keeps its shape, so it must not be used again.
    ///
    /// # Safety
    /// Nobody reads the table, now or later.
    pub unsafe fn destroy(&mut self) {
        for segments in [&self.table.main, &self.table.overflow] {
            // SAFETY: nobody reads any segment, by the contract above.
            unsafe { segments.release(self.memory, 0, 0) };
        }
        self.writer.bytes = 0;
    }

    /// Makes main bucket 0, unless it exists.
    pub(super) fn make_first_bucket(&mut self) -> Result<(), OutOfMemory> {
        if self.table.is_unused() {
            self.writer.bytes += self.table.main.make_segment(self.memory, 0)?;
            self.writer.reached = 1;
        }
        Ok(())
    }
}
