//! Columns: many keys or values in one buffer, one after the other. A [`Column`] reads a buffer
//! that the caller passes, and a [`ColumnWriter`] fills one. Entry i lies between offset i and the
//! next one; without offsets each entry is a word.

use super::{ValueBuf, initialised};
use core::mem::MaybeUninit;

/// The size of an entry in a column without offsets.
const WORD: usize = 8;

/// The offsets and bytes of a column do not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSize;

/// Keys or values to read.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    bytes: &'a [u8],
    offsets: Option<&'a [usize]>,
    count: usize,
}

impl<'a> Column<'a> {
    /// # Errors
    /// Fails unless there are `count` + 1 ascending offsets within the bytes, or no offsets and 8
    /// bytes for each entry.
    pub fn new(bytes: &'a [u8], offsets: Option<&'a [usize]>, count: usize) -> Result<Self, WrongSize> {
        let fits = match offsets {
            None => count.checked_mul(WORD) == Some(bytes.len()),
            Some(offsets) => {
                count.checked_add(1) == Some(offsets.len()) && offsets.is_sorted() && offsets[count] <= bytes.len()
            }
        };
        if fits { Ok(Self { bytes, offsets, count }) } else { Err(WrongSize) }
    }

    /// How many keys or values there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Key or value `index`, which is below the count.
    pub fn get(&self, index: usize) -> &'a [u8] {
        match self.offsets {
            None => &self.bytes[WORD * index..WORD * (index + 1)],
            Some(offsets) => &self.bytes[offsets[index]..offsets[index + 1]],
        }
    }
}

/// A buffer to be filled with keys or values. Also counts those that do not fit.
#[derive(Debug)]
pub struct ColumnWriter<'a> {
    /// Initialised up to `size`, unless `size` is beyond the end.
    bytes: &'a mut [MaybeUninit<u8>],
    /// Initialised up to the offset at which entry `len` - 1 ends, or to the end of the slice. No
    /// offset is greater than `size`.
    offsets: Option<&'a mut [MaybeUninit<usize>]>,
    /// For how many entries there are offsets, or words.
    capacity: usize,
    len: usize,
    size: usize,
}

impl<'a> ColumnWriter<'a> {
    /// Takes one entry fewer than there are offsets, or without offsets one word for each 8 bytes.
    pub fn new(bytes: &'a mut [MaybeUninit<u8>], offsets: Option<&'a mut [MaybeUninit<usize>]>) -> Self {
        let capacity = match &offsets {
            None => bytes.len() / WORD,
            Some(offsets) => offsets.len().saturating_sub(1),
        };
        let mut this = Self { bytes, offsets, capacity, len: 0, size: 0 };
        this.restart();
        this
    }

    /// The most entries that fit, if their bytes do.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
    /// How many entries were written; after [`Error::Buffer`](crate::map::Error::Buffer), for how
    /// many capacity is needed.
    pub fn len(&self) -> usize {
        self.len
    }
    /// How many bytes were written; after [`Error::Buffer`](crate::map::Error::Buffer), for how
    /// many capacity is needed.
    pub fn size(&self) -> usize {
        self.size
    }
    /// The entries that the last call wrote; none if they did not fit.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len).map_while(|index| self.get(index))
    }

    fn get(&self, index: usize) -> Option<&[u8]> {
        if self.overflowed() || index >= self.len {
            return None;
        }
        let (start, end) = match &self.offsets {
            None => (WORD * index, WORD * (index + 1)),
            // SAFETY: the offsets are written up to the end of the last entry, and entry `index` is
            // one of these entries.
            Some(offsets) => unsafe { (offsets[index].assume_init(), offsets[index + 1].assume_init()) },
        };
        // SAFETY: nothing overflowed, so the bytes are written up to `size`.
        unsafe { initialised(&self.bytes[..self.size]) }.get(start..end)
    }

    /// Whether there are offsets. Entries that are not words need them.
    pub(crate) fn has_offsets(&self) -> bool {
        self.offsets.is_some()
    }

    /// Forgets all entries.
    pub(crate) fn restart(&mut self) {
        (self.len, self.size) = (0, 0);
        self.mark_end();
    }

    /// Forgets what was written since the writer had `len` entries and `size` bytes.
    ///
    /// # Safety
    /// The writer had exactly these at some moment since the last restart, and had not overflowed
    /// then.
    pub(crate) unsafe fn rewind(&mut self, len: usize, size: usize) {
        (self.len, self.size) = (len, size);
    }

    /// Whether more was written than there is capacity for.
    #[inline(always)]
    pub(crate) fn overflowed(&self) -> bool {
        self.size > self.bytes.len() || self.len > self.capacity
    }

    /// The unused rest of the buffer, for the next value. The caller writes to it and then calls
    /// [`commit`](Self::commit).
    #[inline(always)]
    pub(crate) fn remaining(&mut self) -> ValueBuf<'_> {
        let start = self.size.min(self.bytes.len());
        ValueBuf::new(&mut self.bytes[start..])
    }

    /// Counts an entry of `size` bytes.
    ///
    /// # Safety
    /// The first `size` bytes of the unused rest are initialised, or the rest is shorter than that.
    #[inline(always)]
    pub(crate) unsafe fn commit(&mut self, size: usize) {
        self.size = self.size.saturating_add(size);
        self.len += 1;
        self.mark_end();
    }

    /// Adds an entry of `size` bytes. If they fit, `copy` writes them to the address that it gets.
    ///
    /// # Safety
    /// `copy` initialises `size` bytes there.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, size: usize, copy: impl FnOnce(*mut u8)) {
        if self.size.saturating_add(size) <= self.bytes.len() {
            copy(self.bytes.as_mut_ptr().wrapping_add(self.size).cast());
        }
        // SAFETY: `copy` wrote the bytes, or they do not fit.
        unsafe { self.commit(size) };
    }

    /// Adds an entry of `size` zero bytes.
    pub(crate) fn push_zeros(&mut self, size: usize) {
        // SAFETY: `push` calls this only if `size` bytes fit at `place`, and all of them are set to
        // zero.
        unsafe { self.push(size, |place| place.write_bytes(0, size)) };
    }

    /// Writes the offset at which the next entry begins.
    #[inline(always)]
    fn mark_end(&mut self) {
        if let Some(place) = self.offsets.as_mut().and_then(|offsets| offsets.get_mut(self.len)) {
            place.write(self.size);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn entries(writer: &ColumnWriter<'_>) -> Vec<Vec<u8>> {
        writer.iter().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_writer_stops_at_its_bytes_and_at_its_offsets() {
        let (mut bytes, mut offsets) = ([MaybeUninit::uninit(); 5], [MaybeUninit::uninit(); 3]);
        let mut writer = ColumnWriter::new(&mut bytes, Some(&mut offsets));
        writer.push_zeros(2);
        writer.push_zeros(3);
        assert_eq!((entries(&writer), writer.len(), writer.size()), (vec![vec![0; 2], vec![0; 3]], 2, 5));
        writer.push_zeros(0);
        assert!(writer.overflowed() && entries(&writer).is_empty());
        writer.restart();
        writer.push_zeros(6);
        assert!(writer.overflowed() && entries(&writer).is_empty());
        assert_eq!((writer.len(), writer.size()), (1, 6));
    }

    #[test]
    fn without_offsets_each_entry_is_a_word() {
        let mut bytes = [MaybeUninit::uninit(); 23];
        let mut writer = ColumnWriter::new(&mut bytes, None);
        assert_eq!(writer.capacity(), 2);
        writer.push_zeros(8);
        writer.push_zeros(8);
        assert_eq!(entries(&writer), [[0; 8]; 2]);
        writer.push_zeros(8);
        assert!(writer.overflowed());
    }

    #[test]
    fn a_writer_without_any_offset_takes_nothing() {
        let mut writer = ColumnWriter::new(&mut [], Some(&mut []));
        writer.push_zeros(0);
        assert!(writer.overflowed() && entries(&writer).is_empty());
    }
}
