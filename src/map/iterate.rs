//! Iteration with a callback. Entries are copied out batch by batch with `scan`, so nothing is held while user code runs: the callback
//! may do anything with the same map.

use super::{Error, Map, Outcome};
use crate::{
    base::mem::{Memory, OutOfMemory},
    item::Fill,
};
use core::ptr::NonNull;

/// Entries in a batch, and bytes of keys and of values, to begin with.
const ENTRIES: usize = 128;
const BYTES: usize = 4096;

/// Is shown a key and its value; false ends the iteration, and so does an error.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, Error> + 'a;

impl Map {
    /// Calls `visit` with every entry, until it returns false.
    pub(super) fn walk(&self, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
        self.before_range()?;
        // From a random position to the end, then from the beginning to there.
        let start = self.next_start()?;
        if self.walk_range(start, 0, visit)? == Outcome::End {
            return Ok(Outcome::End);
        }
        if start == 0 { Ok(Outcome::Done) } else { self.walk_range(0, start, visit) }
    }

    fn walk_range(&self, from: u64, until: u64, visit: &mut Visit<'_>) -> Result<Outcome, Error> {
        let memory = Memory::new(self.config().allocator);
        let mut batch = Batch::new(memory, ENTRIES, BYTES, BYTES)?;
        let mut cursor = from;
        loop {
            let (mut keys, mut values) = batch.fills();
            let mut count = batch.entries;
            match self.scan_until(&mut cursor, until, &mut keys, &mut values, &mut count) {
                Ok(outcome) => {
                    for index in 0..count {
                        if !visit(batch.keys.get(index), batch.values.get(index))? {
                            return Ok(Outcome::End);
                        }
                    }
                    if outcome == Outcome::End {
                        return Ok(Outcome::Done);
                    }
                }
                Err(Error::Buffer) => {
                    let room = |filled: usize| (2 * filled).max(BYTES);
                    batch = Batch::new(memory, count.max(ENTRIES), room(keys.filled()), room(values.filled()))?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Buffers for the entries of one scan.
struct Batch {
    entries: usize,
    keys: Part,
    values: Part,
}

impl Batch {
    fn new(memory: Memory, entries: usize, keys: usize, values: usize) -> Result<Self, OutOfMemory> {
        Ok(Self { entries, keys: Part::new(memory, entries, keys)?, values: Part::new(memory, entries, values)? })
    }

    fn fills(&mut self) -> (Fill, Fill) {
        // SAFETY: each part has its bytes and one more offset than there are entries.
        unsafe {
            (
                Fill::new(self.keys.bytes(), self.keys.room, self.keys.offsets.as_ptr()),
                Fill::new(self.values.bytes(), self.values.room, self.values.offsets.as_ptr()),
            )
        }
    }
}

/// Keys or values of a batch: the offsets, then the bytes, in one allocation.
struct Part {
    memory: Memory,
    offsets: NonNull<usize>,
    header: usize,
    room: usize,
}

impl Part {
    fn new(memory: Memory, entries: usize, room: usize) -> Result<Self, OutOfMemory> {
        let header =
            entries.checked_add(1).and_then(|count| count.checked_mul(size_of::<usize>())).ok_or(OutOfMemory)?;
        let size = header.checked_add(room).ok_or(OutOfMemory)?;
        let offsets = memory.alloc(size, align_of::<usize>())?.cast();
        Ok(Self { memory, offsets, header, room })
    }

    fn bytes(&self) -> *mut u8 {
        self.offsets.as_ptr().cast::<u8>().wrapping_add(self.header)
    }

    /// Key or value `index`, which the last scan filled.
    fn get(&self, index: usize) -> &[u8] {
        // SAFETY: the scan wrote the offsets up to its count, and the bytes between them.
        unsafe {
            let (start, end) = (self.offsets.add(index).read(), self.offsets.add(index + 1).read());
            core::slice::from_raw_parts(self.bytes().add(start), end - start)
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { self.memory.free(self.offsets.cast(), self.header + self.room, align_of::<usize>()) };
    }
}
