//! Where values go: a word, the caller's buffer for one value, or the caller's buffers for many entries.

use super::{Error, value::Value};
use crate::{
    base::sync::Ordering::Acquire,
    table::{Key, Mark, Matches, SLOTS, Sink, Slot, Word},
};
use core::marker::PhantomData;

/// Takes the value of one key.
pub trait Receive<V: Value> {
    /// May be called several times; the last one counts.
    ///
    /// # Safety
    /// `word` is a value word of type `V` whose block, if it has one, is readable.
    unsafe fn receive(&mut self, word: u64) -> Result<(), Error>;
}

/// The caller does not want the value.
pub struct Nothing;

impl<V: Value> Receive<V> for Nothing {
    #[inline(always)]
    unsafe fn receive(&mut self, _word: u64) -> Result<(), Error> {
        Ok(())
    }
}

impl Receive<Word> for u64 {
    #[inline(always)]
    unsafe fn receive(&mut self, word: u64) -> Result<(), Error> {
        *self = word;
        Ok(())
    }
}

/// The caller has a value, and wants to know whether it is the same.
pub struct Equals<'a, V: Value> {
    value: V::Ref<'a>,
    result: bool,
}

impl<'a, V: Value> Equals<'a, V> {
    pub fn to(value: V::Ref<'a>) -> Self {
        Self { value, result: false }
    }
    pub fn result(&self) -> bool {
        self.result
    }
}

impl<V: Value> Receive<V> for Equals<'_, V> {
    unsafe fn receive(&mut self, word: u64) -> Result<(), Error> {
        // SAFETY: passed on from the caller.
        self.result = unsafe { V::equals(word, self.value) };
        Ok(())
    }
}

/// The caller's buffer for one value.
pub struct Output {
    data: *mut u8,
    room: usize,
    size: usize,
}

impl Output {
    /// # Safety
    /// `data` is valid for writes of `room` bytes while this value is used.
    pub unsafe fn new(data: *mut u8, room: usize) -> Self {
        Self { data, room, size: 0 }
    }
    /// The length of the value; after [`Error::Buffer`], the room it needs.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl<V: Value> Receive<V> for Output {
    #[inline]
    unsafe fn receive(&mut self, word: u64) -> Result<(), Error> {
        // SAFETY: passed on from the caller.
        self.size = unsafe { V::len(word) };
        if self.size > self.room {
            return Err(Error::Buffer);
        }
        // SAFETY: the room was just compared with the length.
        unsafe { V::copy_to(word, self.data, self.size) };
        Ok(())
    }
}

/// The caller's buffer for many keys or many values, one behind the other.
pub struct Fill {
    data: *mut u8,
    room: usize,
    filled: usize,
    offsets: *mut usize,
}

impl Fill {
    /// # Safety
    /// While this value is used, `data` is valid for writes of `room` bytes; `offsets` is NULL or valid for writes of one more
    /// than the number of entries that the call it is passed to may fill.
    pub unsafe fn new(data: *mut u8, room: usize, offsets: *mut usize) -> Self {
        Self { data, room, filled: 0, offsets }
    }

    /// Bytes filled; after [`Error::Buffer`], bytes needed.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// Whether more was pushed than there is room for.
    pub fn overflowed(&self) -> bool {
        self.filled > self.room
    }

    /// Writes the offset at which entry `index` begins.
    ///
    /// # Safety
    /// `index` is at most the number of entries that the offsets have room for.
    #[inline(always)]
    pub unsafe fn mark_offset(&mut self, index: usize) {
        if !self.offsets.is_null() {
            // SAFETY: passed on from the caller.
            unsafe { self.offsets.add(index).write(self.filled) };
        }
    }

    /// The room that is left, for the next value.
    #[inline(always)]
    pub fn rest(&self) -> Output {
        let room = self.room.saturating_sub(self.filled);
        Output { data: self.data.wrapping_add(self.filled.min(self.room)), room, size: 0 }
    }

    /// Counts the value that the rest was given to, or that did not fit there.
    #[inline(always)]
    pub fn take(&mut self, value: Output) {
        self.filled = self.filled.saturating_add(value.size);
    }

    pub fn push_zeros(&mut self, len: usize) {
        // SAFETY: `push` sees to the room.
        self.push(len, |target| unsafe { target.write_bytes(0, len) });
    }

    /// Adds `len` bytes, which `copy` writes if there is room for them.
    #[inline(always)]
    pub fn push(&mut self, len: usize, copy: impl FnOnce(*mut u8)) {
        let end = self.filled.saturating_add(len);
        if end <= self.room {
            copy(self.data.wrapping_add(self.filled));
        }
        self.filled = end;
    }
}

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
        Mark { entries: self.count, keys: self.keys.filled, values: self.values.filled }
    }
    fn rewind(&mut self, mark: Mark) {
        (self.count, self.keys.filled, self.values.filled) = (mark.entries, mark.keys, mark.values);
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
            let ([key], value) = (Word::load(&slot.key), slot.value.load(Acquire));
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
