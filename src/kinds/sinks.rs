//! The caller's buffers, filled with the entries that a scan comes to.

use crate::{
    base::sync::Ordering::Acquire,
    item::{Fill, Key, Value, Word},
    table::{Mark, Matches, SLOTS, Sink, Slot},
};
use core::marker::PhantomData;

/// The caller's buffers for the entries that a scan comes to.
pub struct Entries<'a, K, V> {
    keys: &'a mut Fill,
    values: &'a mut Fill,
    room: usize,
    count: usize,
    types: PhantomData<fn() -> (K, V)>,
}

impl<'a, K: Key, V: Value> Entries<'a, K, V> {
    /// `room` is the number of entries that the offsets of both have room for.
    pub fn new(keys: &'a mut Fill, values: &'a mut Fill, room: usize) -> Self {
        // SAFETY: the offsets have one more than `room`.
        unsafe {
            keys.mark_offset(0);
            values.mark_offset(0);
        }
        Self { keys, values, room, count: 0, types: PhantomData }
    }

    /// Entries taken; after [`crate::table::Reach::TooSmall`], entries that the next position has.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl<K: Key, V: Value> Sink<K> for Entries<'_, K, V> {
    #[inline(always)]
    fn push(&mut self, key: &K::Cells, value: u64) {
        // SAFETY: whoever scans keeps writers out, so that the entry is whole; each length is asked for right before.
        unsafe {
            self.keys.push(K::len(key), |target| K::copy_to(key, target));
            let len = V::len(value);
            self.values.push(len, |target| V::copy_to(value, target, len));
        }
        self.count += 1;
        if self.count <= self.room {
            // SAFETY: just compared.
            unsafe {
                self.keys.mark_offset(self.count);
                self.values.mark_offset(self.count);
            }
        }
    }
    #[inline(always)]
    fn mark(&self) -> Mark {
        Mark { entries: self.count, keys: self.keys.filled(), values: self.values.filled() }
    }
    fn rewind(&mut self, mark: Mark) {
        self.count = mark.entries;
        self.keys.rewind(mark.keys);
        self.values.rewind(mark.values);
    }
    #[inline(always)]
    fn overflowed(&self) -> bool {
        self.count > self.room || self.keys.overflowed() || self.values.overflowed()
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        // Without room the scan goes on to the first entry, to tell how much it needs.
        self.count == self.room && self.room > 0
    }
}

/// The caller's arrays for the entries that a scan from word to word comes to.
pub struct WordEntries {
    keys: *mut u64,
    values: *mut u64,
    room: usize,
    count: usize,
}

impl WordEntries {
    /// # Safety
    /// `keys` and `values` are valid for writes of `room` words each while this value is used.
    pub unsafe fn new(keys: *mut u64, values: *mut u64, room: usize) -> Self {
        Self { keys, values, room, count: 0 }
    }

    /// As [`Entries::count`].
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Sink<Word> for WordEntries {
    #[inline(always)]
    fn push(&mut self, key: &<Word as Key>::Cells, value: u64) {
        if self.count < self.room {
            // SAFETY: just compared.
            unsafe {
                self.keys.add(self.count).write(Word::load(key)[0]);
                self.values.add(self.count).write(value);
            }
        }
        self.count += 1;
    }
    #[inline(always)]
    fn push_live(&mut self, slots: &[Slot<Word>; SLOTS], live: Matches) {
        if self.room.saturating_sub(self.count) < SLOTS {
            return live.for_each(|slot| self.push(&slots[slot].key, slots[slot].value.load(Acquire)));
        }
        // Which slots are live is random, and a branch that is guessed wrong costs more than some words that the next overwrite.
        let Self { keys, values, mut count, .. } = *self;
        for (index, slot) in slots.iter().enumerate() {
            let ([key], value) = (Word::load(&slot.key), slot.load_value());
            // SAFETY: there is room for all slots.
            unsafe {
                keys.add(count).write(key);
                values.add(count).write(value);
            }
            count += usize::from(live.has(index));
        }
        self.count = count;
    }
    #[inline(always)]
    fn mark(&self) -> Mark {
        Mark { entries: self.count, ..Mark::default() }
    }
    fn rewind(&mut self, mark: Mark) {
        self.count = mark.entries;
    }
    #[inline(always)]
    fn overflowed(&self) -> bool {
        self.count > self.room
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        // As in `Entries`.
        self.count == self.room && self.room > 0
    }
}
