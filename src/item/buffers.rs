//! Where the value of one key goes: nowhere, into a word, or into the caller's buffer.

use super::{Value, Word};
use core::mem::MaybeUninit;

/// A value does not fit into the caller's buffer.
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
        // SAFETY: the caller's word is of type `V`, and its block is readable.
        self.result = unsafe { V::equals(word, self.value) };
        Ok(())
    }
}

/// The elements that were written to a buffer.
///
/// # Safety
/// Every element of `written` is initialised.
pub unsafe fn initialised<T>(written: &[MaybeUninit<T>]) -> &[T] {
    // SAFETY: each is a `T` by the contract above, and laid out as one.
    unsafe { &*(core::ptr::from_ref(written) as *const [T]) }
}

/// The caller's buffer for one value.
pub struct ValueBuf<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    /// The length of the last value. If it fits into the buffer, the buffer is initialised up to
    /// that length.
    size: usize,
}

impl<'a> ValueBuf<'a> {
    /// A buffer whose bytes need not be initialised.
    pub fn new(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { bytes, size: 0 }
    }

    /// The longest value that fits.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// The length of the value: after [`Error::Buffer`](crate::map::Error::Buffer), the capacity
    /// that it needs.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The value that the last call wrote; empty if it did not fit.
    pub fn filled(&self) -> &[u8] {
        // SAFETY: a value of `size` bytes was written there.
        unsafe { initialised(self.bytes.get(..self.size).unwrap_or(&[])) }
    }
}

impl<'a> From<&'a mut [u8]> for ValueBuf<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        // SAFETY: a `MaybeUninit<u8>` has the layout of a `u8`, and only initialised bytes are ever
        // written there, so the caller's bytes stay initialised.
        Self::new(unsafe { &mut *(core::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) })
    }
}

impl<V: Value> Receive<V> for ValueBuf<'_> {
    #[inline]
    unsafe fn receive(&mut self, word: u64) -> Result<(), BufferTooSmall> {
        // SAFETY: the caller's word is of type `V`, and its block is readable.
        self.size = unsafe { V::len(word) };
        if self.size > self.bytes.len() {
            return Err(BufferTooSmall);
        }
        // SAFETY: `size` is what `len` just returned for this word, and the buffer has that many
        // bytes.
        unsafe { V::copy_to(word, self.bytes.as_mut_ptr().cast(), self.size) };
        Ok(())
    }
}
