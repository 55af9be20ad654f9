//! The one who may change a table, and the changes of single entries. How the table grows is told in `grow`.

use super::{
    Growth, Table,
    bucket::{Bucket, Change, EMPTY_ONE, MAX_OVERFLOW, Slot, Tops},
    search::{Attempt, HomeBucket, Place},
};
use crate::{
    base::{
        hash::{Hasher, tophash},
        invariant::WholeChecks,
        mem::{Memory, OutOfMemory},
        sync::{
            Ordering::{Relaxed, Release},
            fence,
        },
    },
    item::Key,
};

/// What only the owner needs to know of a table, what each write needs first.
#[repr(C)]
pub struct WriterState {
    pub(super) entries: u64,
    /// An insert that finds fewer entries than this, and any other write that finds it above 0, has nothing to do for growth. 0 while
    /// a doubling is under way, and before there is a bucket.
    pub(super) limit: u64,
    pub(super) growth: Growth,
    /// Optimistic readers are about: memory must stay readable.
    pub(super) stable: bool,
    /// [`Growth::Doubling`]: a doubling is under way, also before its first split.
    pub(super) growing: bool,
    /// First bucket of the overflow pool that is neither used nor in the list of free ones; number 0 never is.
    pub(super) overflow_next: u32,
    /// Head of the list of free overflow buckets, and how many they are.
    pub(super) overflow_free: u32,
    pub(super) overflow_free_count: u32,
    pub(super) overflow_used: u32,
    /// The most buckets that there ever were at once, and the highest `overflow_next`. No reader has come to one beyond.
    pub(super) reached: u64,
    pub(super) overflow_reached: u64,
    pub(super) bytes: u64,
    pub(super) checks: WholeChecks,
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
            checks: WholeChecks::default(),
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

/// What a search for the sake of a write has shown.
pub enum Lookup<'a, K: Key> {
    Found(Place<'a, K>),
    /// The key is not in the table, and has a slot to go to.
    Vacant(VacantSlot<'a, K>),
    /// The key is not in the table; [`TableMut::insert`] finds it a slot.
    Absent,
    /// Nothing: the slow path has to look.
    Undecided,
}

/// An empty slot for one tophash.
pub struct VacantSlot<'a, K: Key> {
    head: Bucket<'a, K>,
    slot: usize,
    top: u8,
}

/// The right to change a table, for as long as it lives.
pub struct TableMut<'a, K: Key> {
    pub(super) table: &'a Table<K>,
    pub(super) writer: &'a mut WriterState,
    pub(super) memory: &'a Memory,
    pub(super) hasher: &'a Hasher,
}

impl<'a, K: Key> TableMut<'a, K> {
    /// # Safety
    /// `writer` and `memory` are those of this table, always; no other owner of it exists meanwhile; and unless the writer was made
    /// stable, nobody reads the table meanwhile.
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

    /// The fast path of a search for a write, from a home bucket that may have been located before the lock was held: looks at the head
    /// alone. `Undecided` also where growth is due or under way, and where `home` is out of date.
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

    /// The slow path of a search for a write: `Found` or `Absent`.
    pub fn find_for_write_slow(&self, hashed: &K::Hashed<'_>) -> Lookup<'a, K> {
        self.table.find(hashed).map_or(Lookup::Absent, Lookup::Found)
    }

    /// Adds an entry whose key is not in the table, in the slot that the search found for it. As for [`TableMut::insert`] else.
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

    /// Adds an entry whose key is not in the table. The caller encoded the key, and owns its block if it has one. Growth that fails for
    /// want of memory is put off; the entry is refused only when there is no slot at all.
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
                    self.compact_chain(head);
                }
            }
            None => self.insert_in_overflow(head, tophash(hash), key, value)?,
        }
        self.writer.entries += 1;
        self.check_insert(head, tophash(hash), key);
        Ok(())
    }

    /// Puts an entry into the chain of a head that is full.
    #[cold]
    #[inline(never)]
    fn insert_in_overflow(
        &mut self,
        head: Bucket<'a, K>,
        top: u8,
        key: K::Words,
        value: u64,
    ) -> Result<(), OutOfMemory> {
        let (vacancy, last) = self.vacancy(head);
        let (bucket, slot, added) = match vacancy {
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

    /// The first empty slot of a chain, if it has one, and its last bucket.
    fn vacancy(&self, head: Bucket<'a, K>) -> (Option<(Bucket<'a, K>, usize)>, Bucket<'a, K>) {
        let mut last = head;
        for bucket in self.table.chain(head) {
            if let Some(slot) = bucket.tops().empty().first() {
                return (Some((bucket, slot)), bucket);
            }
            last = bucket;
        }
        (None, last)
    }

    /// Overwrites a value that is all in its word: a reader gets the old one or the new one.
    #[inline(always)]
    pub fn set_word(&mut self, place: &Place<'_, K>, value: u64) {
        // Release: what was written before the store happens before a load of the value.
        place.slot().value.store(value, Release);
    }

    /// Overwrites the address of a block. After this, any optimistic read that saw the old address fails its version check.
    #[inline(always)]
    pub fn set_block(&mut self, place: &Place<'_, K>, value: u64) {
        let _change = Change::begin(place.head.meta);
        place.slot().value.store(value, Release);
    }

    /// Takes an entry out. The caller frees what its words pointed to, after this.
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

    /// Takes an entry out of an overflow bucket.
    #[cold]
    #[inline(never)]
    fn remove_from_overflow(&mut self, place: &Place<'a, K>) {
        place.bucket.set_top(place.slot, EMPTY_ONE);
        self.compact_chain(place.head);
    }

    /// Moves the last entries of a chain into the empty slots of the buckets before, and takes buckets that are left empty out of it.
    /// Not done when the head alone was looked at: what lies behind it is not in the processor's cache then.
    #[cold]
    #[inline(never)]
    pub(super) fn compact_chain(&mut self, head: Bucket<'a, K>) {
        let table = self.table;
        while let Some(first) = table.next_in_chain(head) {
            let (mut previous, mut last) = (head, first);
            while let Some(next) = table.next_in_chain(last) {
                (previous, last) = (last, next);
            }
            let tops = last.tops();
            let Some(from) = tops.live().last() else {
                let number = previous.meta.next();
                previous.meta.set_next(0);
                self.free_overflow(number);
                continue;
            };
            let (vacancy, _) = self.vacancy(head);
            let Some((bucket, slot)) = vacancy.filter(|(bucket, _)| !bucket.is_same(&last)) else {
                break;
            };
            bucket.slots[slot].copy_from(&last.slots[from]);
            bucket.set_top(slot, tops.get(from));
            last.remove_last(from);
        }
        table.rebuild_filter(head);
    }

    /// Does a little of a growth that is under way. To be called after a write that found its key; an insert has done its part.
    #[inline(always)]
    pub fn continue_growth(&mut self) {
        if self.writer.limit == 0 {
            self.grow_for_write();
        }
    }

    /// Empties the table and keeps its buckets. What the words pointed to is the caller's to free, before or after.
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
        self.check_all();
    }

    /// Frees the table's memory; it is as new then, but keeps its shape, so it must not be used again.
    ///
    /// # Safety
    /// Nobody reads the table any more, and nobody will.
    pub unsafe fn destroy(&mut self) {
        for segments in [&self.table.main, &self.table.overflow] {
            // SAFETY: passed on from the caller.
            unsafe { segments.release(self.memory, 0, 0) };
        }
        self.writer.bytes = 0;
    }

    /// An overflow bucket, empty and of no chain, and its number.
    pub(super) fn take_overflow(&mut self) -> Result<(u32, Bucket<'a, K>), OutOfMemory> {
        self.reserve_overflow(1)?;
        let writer = &mut *self.writer;
        let is_fresh = writer.overflow_free == 0;
        let number = if is_fresh { writer.overflow_next } else { writer.overflow_free };
        let bucket = self.table.overflow.get(number).ok_or(OutOfMemory)?;
        writer.overflow_used += 1;
        if is_fresh {
            writer.overflow_next += 1;
            writer.overflow_reached = writer.overflow_reached.max(writer.overflow_next.into());
            return Ok((number, bucket));
        }
        // An earlier owner may have freed the bucket: a reader that sees what comes into it must also see what freed it.
        fence(Release);
        writer.overflow_free = bucket.meta.next();
        writer.overflow_free_count -= 1;
        bucket.meta.end_chain();
        Ok((number, bucket))
    }

    /// Sees to it that the next `count` overflow buckets can be had without memory.
    pub(super) fn reserve_overflow(&mut self, count: u32) -> Result<(), OutOfMemory> {
        let fresh = count.saturating_sub(self.writer.overflow_free_count);
        if fresh == 0 {
            return Ok(());
        }
        let last =
            self.writer.overflow_next.checked_add(fresh - 1).filter(|last| *last <= MAX_OVERFLOW).ok_or(OutOfMemory)?;
        for number in self.writer.overflow_next..=last {
            self.writer.bytes += self.table.overflow.make(self.memory, number)?;
        }
        Ok(())
    }

    /// Puts a chain of overflow buckets, which no main bucket leads to any more, into the pool.
    pub(super) fn free_overflow(&mut self, first: u32) {
        let mut number = first;
        while number != 0
            && let Some(Bucket { meta, .. }) = self.table.overflow.get(number)
        {
            let next = meta.next();
            meta.tophash.store(0, Relaxed);
            meta.set_next(self.writer.overflow_free);
            self.writer.overflow_free = number;
            self.writer.overflow_free_count += 1;
            self.writer.overflow_used -= 1;
            number = next;
        }
    }

    pub(super) fn make_first_bucket(&mut self) -> Result<(), OutOfMemory> {
        if self.table.is_unused() {
            self.writer.bytes += self.table.main.make(self.memory, 0)?;
            self.writer.reached = 1;
        }
        Ok(())
    }
}

impl<K: Key> Table<K> {
    /// Gives a head the filter of what is behind it. For the owner.
    #[cold]
    pub(super) fn rebuild_filter(&self, head: Bucket<'_, K>) {
        let next = head.meta.next();
        head.meta.end_chain();
        head.meta.set_next(next);
        for bucket in self.chain(head).skip(1) {
            let tops = bucket.tops();
            tops.live().for_each(|slot| head.meta.set_overflows(tops.get(slot)));
        }
    }
}
