//! The one who may change a table, and the changes of single entries. How the table grows is told in `grow`.

use super::{
    Growth, Table,
    bucket::{Bucket, Change, EMPTY_ONE, MAX_OVERFLOW, Tops},
    search::{Aim, Place},
};
use crate::{
    base::{
        hash::{Hasher, tophash},
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
pub struct Writer {
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
}

impl Writer {
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

/// What the owner can do without a call, at the bucket that was aimed at before there was an owner. `self` is the table's writer.
impl Writer {
    /// What a search comes to, where that is plain to see: if the bucket is still the one, with nothing to be done for growth.
    #[inline(always)]
    pub fn look<'a, K: Key>(&self, table: &Table<K>, aim: Aim<'a, K>, probe: &K::Probe<'_>) -> Sight<'a, K> {
        let Aim { shape, head } = aim;
        if table.shape() != shape || self.limit == 0 {
            return Sight::Unclear;
        }
        let hash = K::hash(probe);
        let (tops, top) = (head.tops(), tophash(hash));
        if let Some(slot) = tops.matching(top).first() {
            let found = K::matches(&head.slots[slot].key, probe, || true);
            return if found { Sight::Here(Place { head, bucket: head, slot }) } else { Sight::Unclear };
        }
        match tops.empty().first_from(K::home(hash)) {
            Some(slot) if self.entries < self.limit && !head.meta.may_overflow(top) => {
                Sight::Nowhere(Vacancy { head, slot, top })
            }
            _ => Sight::Unclear,
        }
    }

    /// Adds an entry.
    #[inline(always)]
    pub fn fill<K: Key>(&mut self, vacancy: Vacancy<'_, K>, key: K::Words, value: u64) {
        let Vacancy { head, slot, top } = vacancy;
        let _change = Change::begin(head.meta);
        head.fill(slot, top, key, value);
        self.entries += 1;
    }

    /// Takes out an entry of a head whose key has no block; false, and nothing done, if it has one.
    #[inline(always)]
    pub fn take_out<K: Key>(&mut self, place: &Place<'_, K>) -> bool {
        if K::block(&place.slot().key).is_some() {
            return false;
        }
        let _change = Change::begin(place.head.meta);
        place.head.remove(place.slot);
        self.entries -= 1;
        true
    }
}

/// What a look at the head of a chain has shown.
pub enum Sight<'a, K: Key> {
    Here(Place<'a, K>),
    /// The key is not in the table, and would have its place here.
    Nowhere(Vacancy<'a, K>),
    /// Only the whole search can tell.
    Unclear,
}

/// An empty slot for one tophash.
pub struct Vacancy<'a, K: Key> {
    head: Bucket<'a, K>,
    slot: usize,
    top: u8,
}

/// The right to change a table, for as long as it lives.
pub struct Owner<'a, K: Key> {
    pub(super) table: &'a Table<K>,
    pub(super) writer: &'a mut Writer,
    pub(super) memory: &'a Memory,
    pub(super) hasher: &'a Hasher,
}

impl<'a, K: Key> Owner<'a, K> {
    /// # Safety
    /// `writer` and `memory` are those of this table, always; no other owner of it exists meanwhile; and unless the writer was made
    /// stable, nobody reads the table meanwhile.
    pub unsafe fn new(table: &'a Table<K>, writer: &'a mut Writer, memory: &'a Memory, hasher: &'a Hasher) -> Self {
        Self { table, writer, memory, hasher }
    }

    pub fn writer(&self) -> &Writer {
        self.writer
    }

    pub fn find(&self, probe: &K::Probe<'_>) -> Option<Place<'a, K>> {
        self.table.find(probe)
    }

    /// Adds an entry whose key is not in the table. The words of the key were packed by the caller, whose block for it the table
    /// does not own. Growth that fails for want of memory is put off; only when there is no slot at all the entry is refused.
    #[inline(always)]
    pub fn insert(&mut self, hash: u64, key: K::Words, value: u64) -> Result<(), OutOfMemory> {
        if self.writer.entries >= self.writer.limit {
            self.grow_for_insert()?;
        }
        let Some(head) = self.table.head(hash) else { return Err(OutOfMemory) };
        match head.tops().empty().first_from(K::home(hash)) {
            Some(slot) => {
                let _change = Change::begin(head.meta);
                head.fill(slot, tophash(hash), key, value);
                if head.meta.may_overflow(tophash(hash)) {
                    self.settle(head);
                }
            }
            None => self.insert_behind(head, tophash(hash), key, value)?,
        }
        self.writer.entries += 1;
        Ok(())
    }

    /// Puts an entry into the chain of a head that is full.
    #[cold]
    #[inline(never)]
    fn insert_behind(&mut self, head: Bucket<'a, K>, top: u8, key: K::Words, value: u64) -> Result<(), OutOfMemory> {
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
            bucket.fill(slot, top, key, value);
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

    /// Overwrites a value that nobody needs protection from: a word.
    #[inline(always)]
    pub fn set_word(&mut self, place: &Place<'_, K>, value: u64) {
        place.slot().value.store(value, Release);
        self.written();
    }

    /// Overwrites the address of a block; returns once no reader that trusts the old one can be right.
    pub fn set_block(&mut self, place: &Place<'_, K>, value: u64) {
        {
            let _change = Change::begin(place.head.meta);
            place.slot().value.store(value, Release);
        }
        self.written();
    }

    /// Takes an entry out. What its words pointed to is the caller's to free, after this.
    #[inline(always)]
    pub fn remove(&mut self, place: &Place<'a, K>) {
        {
            let _change = Change::begin(place.head.meta);
            if place.is_in_head() {
                place.head.remove(place.slot);
            } else {
                self.remove_behind(place);
            }
        }
        self.writer.entries -= 1;
        self.written();
    }

    /// Takes an entry out of an overflow bucket.
    #[cold]
    #[inline(never)]
    fn remove_behind(&mut self, place: &Place<'a, K>) {
        place.bucket.set_top(place.slot, EMPTY_ONE);
        self.settle(place.head);
    }

    /// Moves the last entries of a chain into the empty slots of the buckets before, and takes buckets that are left empty out of it.
    /// Not done when the head alone was looked at: what lies behind it is not in the processor's cache then.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&mut self, head: Bucket<'a, K>) {
        let table = self.table;
        while let Some(first) = table.behind(head) {
            let (mut previous, mut last) = (head, first);
            while let Some(next) = table.behind(last) {
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
        table.renew_filter(head);
    }

    /// Something was written that needed no room.
    #[inline(always)]
    fn written(&mut self) {
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
        self.have_overflow(1)?;
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
        // The bucket may have been freed by an earlier owner: what announced that is to be seen before this is.
        fence(Release);
        writer.overflow_free = bucket.meta.next();
        writer.overflow_free_count -= 1;
        bucket.meta.end_chain();
        Ok((number, bucket))
    }

    /// Sees to it that the next `count` overflow buckets can be had without memory.
    pub(super) fn have_overflow(&mut self, count: u32) -> Result<(), OutOfMemory> {
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
    pub(super) fn renew_filter(&self, head: Bucket<'_, K>) {
        let next = head.meta.next();
        head.meta.end_chain();
        head.meta.set_next(next);
        for bucket in self.chain(head).skip(1) {
            let tops = bucket.tops();
            tops.live().for_each(|slot| head.meta.set_overflows(tops.get(slot)));
        }
    }
}
