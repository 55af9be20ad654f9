//! Iteration with a callback. `scan` copies the entries out batch by batch, and no lock is held
//! while the callback runs. So the callback may call any function of the same map.

use super::{Error, Map, Outcome};
use crate::{
    base::mem::{Memory, OutOfMemory},
    item::ColumnWriter,
};
use core::{mem::MaybeUninit, ptr::NonNull};

/// How many entries a batch has, unless an entry needs more memory.
const ENTRIES: usize = 128;
/// How many bytes a batch has for keys, and as many for values.
const BYTES: usize = 4096;

/// Called with a key and its value. The iteration ends if it returns false or an error.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, Error> + 'a;

impl Map {
    /// Calls `visit` with every entry. Returns [`Outcome::Done`], or [`Outcome::End`] if `visit`
    /// returned false.
    pub(super) fn for_each(&self, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
        let start = self.begin_scan()?;
        if self.for_each_between(start, 0, visit)? == Outcome::End {
            return Ok(Outcome::End);
        }
        if start == 0 { Ok(Outcome::Done) } else { self.for_each_between(0, start, visit) }
    }

    /// [`Map::for_each`] for the positions from `from` up to `end`; 0 is the end of all positions.
    fn for_each_between(&self, from: u64, end: u64, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
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

/// Buffers for the entries that one call of `scan` returns.
struct Batch {
    keys: ColumnBuffer,
    values: ColumnBuffer,
}

impl Batch {
    fn new(memory: Memory, entries: usize, key_bytes: usize, value_bytes: usize) -> Result<Self, OutOfMemory> {
        let keys = ColumnBuffer::new(memory, entries, key_bytes)?;
        Ok(Self { keys, values: ColumnBuffer::new(memory, entries, value_bytes)? })
    }
}

/// The keys or the values of a batch.
struct ColumnBuffer {
    bytes: Buffer<u8>,
    offsets: Buffer<usize>,
}

impl ColumnBuffer {
    fn new(memory: Memory, entries: usize, bytes: usize) -> Result<Self, OutOfMemory> {
        Ok(Self { bytes: Buffer::new(memory, bytes)?, offsets: Buffer::new(memory, entries.saturating_add(1))? })
    }

    fn writer(&mut self) -> ColumnWriter<'_> {
        ColumnWriter::new(self.bytes.as_uninit(), Some(self.offsets.as_uninit()))
    }
}

/// An array from the map's allocator. Failure to allocate it is an error.
struct Buffer<T> {
    memory: Memory,
    start: NonNull<MaybeUninit<T>>,
    len: usize,
}

impl<T> Buffer<T> {
    /// `len` must not be 0.
    fn new(memory: Memory, len: usize) -> Result<Self, OutOfMemory> {
        let size = len.checked_mul(size_of::<T>()).ok_or(OutOfMemory)?;
        Ok(Self { memory, start: memory.alloc(size, align_of::<T>())?.cast(), len })
    }

    fn as_uninit(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: `new` allocated memory for `len` elements, and only this buffer uses it.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.len).as_mut() }
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        // SAFETY: `new` allocated the memory with this size and alignment, and nothing borrows it
        // any more.
        unsafe { self.memory.free(self.start.cast(), self.len * size_of::<T>(), align_of::<T>()) };
    }
}
