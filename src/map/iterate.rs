//! Iteration with a callback. Entries are copied out batch by batch with `scan`, so nothing is held while user code runs: the callback
//! may do anything with the same map.

use super::{Error, Map, Outcome};
use crate::{
    base::mem::{Memory, OutOfMemory},
    item::ColumnWriter,
};
use core::{mem::MaybeUninit, ptr::NonNull};

/// Entries in a batch, and bytes of keys and of values, to begin with.
const ENTRIES: usize = 128;
const BYTES: usize = 4096;

/// Is shown a key and its value; false ends the iteration, and so does an error.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, Error> + 'a;

impl Map {
    /// Calls `visit` with every entry, until it returns false.
    pub(super) fn walk(&self, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
        let start = self.begin_scan()?;
        if self.walk_range(start, 0, visit)? == Outcome::End {
            return Ok(Outcome::End);
        }
        if start == 0 { Ok(Outcome::Done) } else { self.walk_range(0, start, visit) }
    }

    fn walk_range(&self, from: u64, end: u64, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
        let memory = Memory::new(self.config().allocator);
        let mut batch = Batch::new(memory, ENTRIES, BYTES, BYTES)?;
        let mut cursor = from;
        loop {
            let (mut keys, mut values) = (batch.keys.writer(), batch.values.writer());
            match self.scan(&mut cursor, end, &mut keys, &mut values) {
                Ok(outcome) => {
                    for (key, value) in keys.iter().zip(values.iter()) {
                        if !visit(key, value)? {
                            return Ok(Outcome::End);
                        }
                    }
                    if outcome == Outcome::End {
                        return Ok(Outcome::Done);
                    }
                }
                Err(Error::Buffer) => {
                    let bytes = |needed: usize| needed.saturating_mul(2).max(BYTES);
                    batch = Batch::new(memory, keys.len().max(ENTRIES), bytes(keys.size()), bytes(values.size()))?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Buffers for the entries of one scan.
struct Batch {
    keys: Part,
    values: Part,
}

impl Batch {
    fn new(memory: Memory, entries: usize, key_bytes: usize, value_bytes: usize) -> Result<Self, OutOfMemory> {
        Ok(Self { keys: Part::new(memory, entries, key_bytes)?, values: Part::new(memory, entries, value_bytes)? })
    }
}

/// Keys or values of a batch.
struct Part {
    bytes: Buffer<u8>,
    offsets: Buffer<usize>,
}

impl Part {
    fn new(memory: Memory, entries: usize, bytes: usize) -> Result<Self, OutOfMemory> {
        Ok(Self { bytes: Buffer::new(memory, bytes)?, offsets: Buffer::new(memory, entries.saturating_add(1))? })
    }

    fn writer(&mut self) -> ColumnWriter<'_> {
        ColumnWriter::new(self.bytes.places(), Some(self.offsets.places()))
    }
}

/// Memory for numbers, from the map's allocator.
struct Buffer<T> {
    memory: Memory,
    start: NonNull<MaybeUninit<T>>,
    len: usize,
}

impl<T> Buffer<T> {
    /// `len` is not 0.
    fn new(memory: Memory, len: usize) -> Result<Self, OutOfMemory> {
        let size = len.checked_mul(size_of::<T>()).ok_or(OutOfMemory)?;
        Ok(Self { memory, start: memory.alloc(size, align_of::<T>())?.cast(), len })
    }

    fn places(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: `new` allocated so many, and they are this buffer's alone.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.len).as_mut() }
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this size and alignment.
        unsafe { self.memory.free(self.start.cast(), self.len * size_of::<T>(), align_of::<T>()) };
    }
}
