//! Converts pointers and lengths from C into slices and buffers. Nothing is read before its pointer
//! and length are checked.

use super::refusal::Refusal;
use crate::map::{Column, ColumnWriter, Error, MAX_LENGTH, Outcome, ValueBuf, Width};
use std::{ffi::c_void, mem::MaybeUninit, slice};

/// The longest key or value, in bytes.
pub const PTL_MAX_LENGTH: usize = 0x7fff_ffff;

const _: () = assert!(PTL_MAX_LENGTH == MAX_LENGTH);

/// The largest buffer, in bytes: Rust allows no larger slice.
const MAX_BYTES: usize = isize::MAX as usize;
/// The largest `count` of words. One less than fits in a buffer, because n entries have n + 1
/// offsets.
const MAX_WORDS: usize = MAX_BYTES / 8 - 1;

/// A key or a value.
///
/// # Safety
/// `data` is NULL, or points to `size` bytes that nobody changes during `'a`.
#[inline(always)]
pub unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    if size > PTL_MAX_LENGTH {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the same contract; `PTL_MAX_LENGTH` is below `MAX_BYTES`.
    unsafe { buffer(data, size) }
}

/// # Safety
/// As for [`bytes`], and `size` is at most `MAX_BYTES`.
#[inline(always)]
unsafe fn buffer<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    match (data.is_null(), size) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(Refusal::NULL),
        // SAFETY: `data` is not NULL, so it points to `size` bytes, by the contract.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data.cast(), size) }),
    }
}

/// An array of words to read.
///
/// # Safety
/// `data` is NULL, or points to `count` words that nobody changes during `'a`.
pub unsafe fn words<'a>(data: *const u64, count: usize) -> Result<&'a [u64], Refusal> {
    check_words(data, count)?;
    // SAFETY: `count` is not 0, so `data` is not NULL and points to `count` words, by the contract.
    Ok(if count == 0 { &[] } else { unsafe { slice::from_raw_parts(data, count) } })
}

/// An array to write to. `T` is not larger than a word.
///
/// # Safety
/// `data` is NULL, or points to `count` elements that nobody else uses during `'a`.
pub unsafe fn out_slice<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Refusal> {
    check_words(data, count)?;
    // SAFETY: `count` is not 0, so `data` is not NULL and points to `count` elements, by the
    // contract.
    Ok(if count == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(data.cast(), count) } })
}

/// Like [`out_slice`], but an empty slice if `data` is NULL.
///
/// # Safety
/// As for [`out_slice`].
pub unsafe fn optional_out_slice<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Refusal> {
    // SAFETY: the same contract.
    unsafe { out_slice(data, if data.is_null() { 0 } else { count }) }
}

/// Checks that `data` can be an array of `count` elements that are not larger than a word.
fn check_words<T>(data: *const T, count: usize) -> Result<(), Refusal> {
    if count > MAX_WORDS {
        return Err(Refusal::SIZE);
    }
    if data.is_null() && count > 0 {
        return Err(Refusal::NULL);
    }
    Ok(())
}

/// Where a call copies a value to: a buffer, and a place for the value's length, if the caller
/// wants the length.
pub struct OutValue<'a> {
    buffer: ValueBuf<'a>,
    size: Option<&'a mut MaybeUninit<usize>>,
}

impl<'a> OutValue<'a> {
    /// # Safety
    /// `data` is NULL, or points to `capacity` bytes. `size` is NULL, or points to a `size_t`.
    /// Nobody else uses either during `'a`.
    #[inline(always)]
    pub unsafe fn new(data: *mut c_void, capacity: usize, size: *mut usize) -> Result<Self, Refusal> {
        // No value is longer than `PTL_MAX_LENGTH`, so a larger buffer makes no difference.
        // SAFETY: the same contract, perhaps for fewer bytes; `PTL_MAX_LENGTH` is below
        // `MAX_BYTES`.
        let buffer = unsafe { buffer_mut(data, capacity.min(PTL_MAX_LENGTH)) }?;
        // SAFETY: by the contract, `size` is NULL or points to a `size_t`.
        Ok(Self { buffer: ValueBuf::new(buffer), size: unsafe { size.cast::<MaybeUninit<usize>>().as_mut() } })
    }

    /// Runs an operation that copies a value to the buffer if its outcome is `copied`. Writes the
    /// value's length if the value was copied or did not fit.
    #[inline(always)]
    pub fn fill(
        mut self,
        copied: Outcome,
        operation: impl FnOnce(&mut ValueBuf<'a>) -> Result<Outcome, Error>,
    ) -> Result<Outcome, Refusal> {
        let result = operation(&mut self.buffer);
        if let Some(size) = self.size
            && (result == Ok(copied) || result == Err(Error::Buffer))
        {
            size.write(self.buffer.size());
        }
        Ok(result?)
    }
}

/// # Safety
/// `data` is NULL, or points to `capacity` bytes that nobody else uses during `'a`. `capacity` is
/// at most `MAX_BYTES`.
#[inline(always)]
unsafe fn buffer_mut<'a>(data: *mut c_void, capacity: usize) -> Result<&'a mut [MaybeUninit<u8>], Refusal> {
    match (data.is_null(), capacity) {
        (true, 0) => Ok(&mut []),
        (true, _) => Err(Refusal::NULL),
        // SAFETY: `data` is not NULL, so it points to `capacity` bytes, by the contract.
        (false, _) => Ok(unsafe { slice::from_raw_parts_mut(data.cast(), capacity) }),
    }
}

/// The keys or values of a batch.
///
/// # Safety
/// `offsets` is NULL, or points to `count + 1` offsets. `data` is NULL, or points to as many bytes
/// as the last offset says; without offsets, to 8 bytes for each of `count`. Nobody changes them
/// during `'a`.
pub unsafe fn column<'a>(
    data: *const c_void,
    offsets: *const usize,
    count: usize,
    width: Width,
) -> Result<Column<'a>, Refusal> {
    if count > MAX_WORDS {
        return Err(Refusal::SIZE);
    }
    if offsets.is_null() || count == 0 {
        if width == Width::Bytes && count > 0 {
            return Err(Refusal::NULL);
        }
        // SAFETY: without offsets, `data` points to `count` words, by the contract. They are no
        // more than `MAX_WORDS`, so no more than `MAX_BYTES` bytes.
        return Ok(Column::new(unsafe { buffer(data, count * 8) }?, None, count).map_err(Error::from)?);
    }
    // SAFETY: `offsets` is not NULL, so it points to `count + 1` offsets, by the contract.
    let offsets = unsafe { slice::from_raw_parts(offsets, count + 1) };
    let fits = |pair: &[usize]| pair[1].checked_sub(pair[0]).is_some_and(|size| size <= PTL_MAX_LENGTH);
    if offsets[count] > MAX_BYTES || !offsets.windows(2).all(fits) {
        return Err(Refusal::SIZE);
    }
    // SAFETY: by the contract `data` points to as many bytes as the last offset says, and that is
    // no more than `MAX_BYTES`.
    Ok(Column::new(unsafe { buffer(data, offsets[count]) }?, Some(offsets), count).map_err(Error::from)?)
}

/// A buffer for at most `count` keys or values.
///
/// # Safety
/// `data` is NULL, or points to `capacity` bytes. `offsets` is NULL, or points to `count + 1`
/// offsets. Nobody else uses them during `'a`.
pub unsafe fn column_writer<'a>(
    data: *mut c_void,
    capacity: usize,
    offsets: *mut usize,
    count: usize,
    width: Width,
) -> Result<ColumnWriter<'a>, Refusal> {
    if count > MAX_WORDS {
        return Err(Refusal::SIZE);
    }
    if offsets.is_null() && width == Width::Bytes && count > 0 {
        return Err(Refusal::NULL);
    }
    // A larger buffer makes no difference.
    // SAFETY: the same contract, perhaps for fewer bytes.
    let bytes = unsafe { buffer_mut(data, capacity.min(MAX_BYTES)) }?;
    let offsets = match (offsets.is_null(), width) {
        // SAFETY: `offsets` is not NULL, so it points to `count + 1` offsets, by the contract.
        (false, _) => Some(unsafe { slice::from_raw_parts_mut(offsets.cast(), count + 1) }),
        (true, Width::Bytes) => Some(&mut [][..]),
        (true, Width::Word) => None,
    };
    // Without offsets the size of the buffer limits the number of entries.
    let bytes = if offsets.is_none() { truncated(bytes, 8 * count) } else { bytes };
    Ok(ColumnWriter::new(bytes, offsets))
}

/// The first `max` bytes of a buffer, or all of it if it is shorter.
fn truncated(bytes: &mut [MaybeUninit<u8>], max: usize) -> &mut [MaybeUninit<u8>] {
    let len = bytes.len().min(max);
    &mut bytes[..len]
}
