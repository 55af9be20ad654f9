//! The caller's buffers, filled with the entries that a scan comes to.

use crate::{
    base::sync::Ordering::Acquire,
    item::{ColumnWriter, Key, Value, Word, initialised},
    table::{Mark, Matches, SLOTS, Sink, Slot},
};
use core::{marker::PhantomData, mem::MaybeUninit};

/// Takes keys and values as bytes.
pub struct EntrySink<'a, 'k, 'v, K, V> {
    keys: &'a mut ColumnWriter<'k>,
    values: &'a mut ColumnWriter<'v>,
    /// The most entries that fit into both.
    capacity: usize,
    types: PhantomData<fn() -> (K, V)>,
}

impl<'a, 'k, 'v, K: Key, V: Value> EntrySink<'a, 'k, 'v, K, V> {
    /// # Safety
    /// Only scans push entries, and only those whose values are of type `V`.
    pub unsafe fn new(keys: &'a mut ColumnWriter<'k>, values: &'a mut ColumnWriter<'v>) -> Self {
        keys.restart();
        values.restart();
        let capacity = keys.capacity().min(values.capacity());
        Self { keys, values, capacity, types: PhantomData }
    }
}

impl<K: Key, V: Value> Sink<K> for EntrySink<'_, '_, '_, K, V> {
    #[inline(always)]
    fn push(&mut self, key: &K::Cells, value: u64) {
        // SAFETY: by the contract of `new` a scan pushes, which keeps writers out: the entry is whole, and its value is of type `V`.
        // Each length is asked for right before the copy, which writes as much.
        unsafe {
            self.keys.push(K::len(key), |target| K::copy_to(key, target));
            let len = V::len(value);
            self.values.push(len, |target| V::copy_to(value, target, len));
        }
    }
    #[inline(always)]
    fn mark(&self) -> Mark {
        Mark { entries: self.keys.len(), keys: self.keys.size(), values: self.values.size() }
    }
    unsafe fn rewind(&mut self, mark: Mark) {
        // SAFETY: by our contract the mark tells where both stood when nothing had overflowed.
        unsafe {
            self.keys.rewind(mark.entries, mark.keys);
            self.values.rewind(mark.entries, mark.values);
        }
    }
    #[inline(always)]
    fn overflowed(&self) -> bool {
        self.keys.overflowed() || self.values.overflowed()
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        // Without capacity the scan goes on to the first entry, to tell how much it needs.
        self.keys.len() == self.capacity && self.capacity > 0
    }
}

/// Takes keys and values that are words.
pub struct WordSink<'a> {
    keys: &'a mut [MaybeUninit<u64>],
    values: &'a mut [MaybeUninit<u64>],
    /// Entries pushed. Both arrays are initialised up to there, or their end.
    count: usize,
}

impl<'a> WordSink<'a> {
    /// Takes as many entries as both arrays have places for.
    pub fn new(keys: &'a mut [MaybeUninit<u64>], values: &'a mut [MaybeUninit<u64>]) -> Self {
        let capacity = keys.len().min(values.len());
        Self { keys: &mut keys[..capacity], values: &mut values[..capacity], count: 0 }
    }

    /// Entries taken; after [`crate::table::Reach::TooSmall`], entries that the next position has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The keys and the values that were taken; none where they did not fit.
    pub fn filled(self) -> (&'a [u64], &'a [u64]) {
        let count = if self.overflowed() { 0 } else { self.count };
        // SAFETY: so many entries were written.
        unsafe { (initialised(&self.keys[..count]), initialised(&self.values[..count])) }
    }
}

impl Sink<Word> for WordSink<'_> {
    #[inline(always)]
    fn push(&mut self, key: &<Word as Key>::Cells, value: u64) {
        if let (Some(key_place), Some(value_place)) = (self.keys.get_mut(self.count), self.values.get_mut(self.count)) {
            key_place.write(Word::load(key)[0]);
            value_place.write(value);
        }
        self.count += 1;
    }
    #[inline(always)]
    fn push_live(&mut self, slots: &[Slot<Word>; SLOTS], live: Matches) {
        if self.keys.len().saturating_sub(self.count) < SLOTS {
            return live.for_each(|slot| self.push(&slots[slot].key, slots[slot].value.load(Acquire)));
        }
        // Branch-free: every slot is written, and the count goes on only for live ones. Which slots are live is random, and a
        // mispredicted branch costs more than the extra stores.
        for (index, slot) in slots.iter().enumerate() {
            let ([key], value) = (Word::load(&slot.key), slot.load_value());
            // SAFETY: at the first slot there is capacity for all of them, in both arrays, which are equally long.
            unsafe {
                self.keys.get_unchecked_mut(self.count).write(key);
                self.values.get_unchecked_mut(self.count).write(value);
            }
            self.count += usize::from(live.has(index));
        }
    }
    #[inline(always)]
    fn mark(&self) -> Mark {
        Mark { entries: self.count, ..Mark::default() }
    }
    unsafe fn rewind(&mut self, mark: Mark) {
        self.count = mark.entries;
    }
    #[inline(always)]
    fn overflowed(&self) -> bool {
        self.count > self.keys.len()
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        // As in `EntrySink`.
        self.count == self.keys.len() && !self.keys.is_empty()
    }
}
