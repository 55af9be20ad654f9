//! The sinks of a scan: they write its entries into the caller's buffers.

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
    /// How many entries fit into both.
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
        // SAFETY: by the contract of `new` only scans call this, and a scan keeps writers out. So
        // the entry does not change, its value is of type `V`, and each copy writes as many bytes
        // as the length that was read just before it.
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
        // SAFETY: by our contract the mark says what both columns held at a moment when neither had
        // overflowed.
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
        // With a capacity of 0 the scan still pushes the first entry, to find out how much capacity
        // it needs.
        self.keys.len() == self.capacity && self.capacity > 0
    }
}

/// Takes keys and values that are words.
pub struct WordSink<'a> {
    keys: &'a mut [MaybeUninit<u64>],
    values: &'a mut [MaybeUninit<u64>],
    /// How many entries were pushed. Both arrays are initialised up to this index, or to their end.
    count: usize,
}

impl<'a> WordSink<'a> {
    /// Takes as many entries as fit into both arrays.
    pub fn new(keys: &'a mut [MaybeUninit<u64>], values: &'a mut [MaybeUninit<u64>]) -> Self {
        let capacity = keys.len().min(values.len());
        Self { keys: &mut keys[..capacity], values: &mut values[..capacity], count: 0 }
    }

    /// How many entries were pushed. After [`crate::table::Reach::TooSmall`]: how many entries
    /// share the next position.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The keys and the values that were pushed; none if they did not fit.
    pub fn filled(self) -> (&'a [u64], &'a [u64]) {
        let count = if self.overflowed() { 0 } else { self.count };
        // SAFETY: this many entries were written.
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
        // Branch-free: every slot is written, and the count advances only for live ones. Which
        // slots are live is random, and a mispredicted branch costs more than the extra stores.
        for (index, slot) in slots.iter().enumerate() {
            let ([key], value) = (Word::load(&slot.key), slot.load_value());
            // SAFETY: before the first slot both arrays, which are equally long, had capacity for
            // all slots.
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
