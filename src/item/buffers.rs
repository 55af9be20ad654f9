//! Where keys and values go: a word, the caller's buffer for one value, or the caller's buffer for many.

use super::{Value, Word};

/// A value did not fit where it was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferTooSmall;

/// Takes the value of one key.
pub trait Receive<V: Value> {
    /// May be called several times; the last one counts.
    ///
    /// # Safety
    /// `word` is a value word of type `V` whose block, if it has one, is readable.
    unsafe fn receive(&mut self, word: u64) -> Result<(), BufferTooSmall>;
}

/// The caller does not want the value.
pub struct Nothing;

impl<V: Value> Receive<V> for Nothing {
    #[inline(always)]
    unsafe fn receive(&mut self, _word: u64) -> Result<(), BufferTooSmall> {
        Ok(())
    }
}

impl Receive<Word> for u64 {
    #[inline(always)]
    unsafe fn receive(&mut self, word: u64) -> Result<(), BufferTooSmall> {
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
    unsafe fn receive(&mut self, word: u64) -> Result<(), BufferTooSmall> {
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
    /// The length of the value; after [`BufferTooSmall`], the room it needs.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl<V: Value> Receive<V> for Output {
    #[inline]
    unsafe fn receive(&mut self, word: u64) -> Result<(), BufferTooSmall> {
        // SAFETY: passed on from the caller.
        self.size = unsafe { V::len(word) };
        if self.size > self.room {
            return Err(BufferTooSmall);
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

    /// Bytes filled; after [`BufferTooSmall`], bytes needed.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// Forgets what was pushed since so many bytes were filled.
    pub fn rewind(&mut self, filled: usize) {
        self.filled = filled;
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
