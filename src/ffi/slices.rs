//! Pointers and lengths from C become slices and buffers, and back. Nothing is read before its pointer and length are checked.

use super::refusal::Refusal;
use crate::map::{Column, ColumnWriter, Error, MAX_LENGTH, Outcome, ValueBuf, Width};
use std::{ffi::c_void, mem::MaybeUninit, slice};

/// The longest key or value, in bytes.
pub const PTL_MAX_LENGTH: usize = 0x7fff_ffff;

const _: () = assert!(PTL_MAX_LENGTH == MAX_LENGTH);

/// The most bytes that one buffer can have.
const MOST_BYTES: usize = isize::MAX as usize;
/// The most words that one buffer can have, one left for the last offset.
const MOST_WORDS: usize = MOST_BYTES / 8 - 1;

/// A key or a value.
///
/// # Safety
/// `data` is NULL, or points to `size` bytes that nobody changes during the call.
#[inline(always)]
pub unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    if size > PTL_MAX_LENGTH {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the caller's bytes, no more than the limit just checked.
    unsafe { buffer(data, size) }
}

/// # Safety
/// As for `bytes`; `size` is at most `MOST_BYTES`.
#[inline(always)]
unsafe fn buffer<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    match (data.is_null(), size) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(Refusal::NULL),
        // SAFETY: the caller's bytes, which nobody changes.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data.cast(), size) }),
    }
}

/// Words to read.
///
/// # Safety
/// `data` is NULL, or points to `count` words that nobody changes during the call.
pub unsafe fn words<'a>(data: *const u64, count: usize) -> Result<&'a [u64], Refusal> {
    check_words(data, count)?;
    // SAFETY: the caller's words; with NULL there are none.
    Ok(if count == 0 { &[] } else { unsafe { slice::from_raw_parts(data, count) } })
}

/// Places for `count` words, or for as many smaller numbers.
///
/// # Safety
/// `data` is NULL, or points to `count` places that nobody else uses during the call.
pub unsafe fn places<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Refusal> {
    check_words(data, count)?;
    // SAFETY: the caller's places; with NULL there are none.
    Ok(if count == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(data.cast(), count) } })
}

/// The same, or no places for NULL.
///
/// # Safety
/// As for `places`.
pub unsafe fn places_or_none<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Refusal> {
    // SAFETY: NULL with no places, or the caller's places.
    unsafe { places(data, if data.is_null() { 0 } else { count }) }
}

/// Whether `count` items may be at `data`, none of them larger than a word.
fn check_words<T>(data: *const T, count: usize) -> Result<(), Refusal> {
    if count > MOST_WORDS {
        return Err(Refusal::SIZE);
    }
    if data.is_null() && count > 0 {
        return Err(Refusal::NULL);
    }
    Ok(())
}

/// A buffer for one value.
///
/// # Safety
/// `data` is NULL, or points to `capacity` bytes that nobody else uses during the call.
#[inline(always)]
pub unsafe fn value_buf<'a>(data: *mut c_void, capacity: usize) -> Result<ValueBuf<'a>, Refusal> {
    // No value needs more than the longest.
    // SAFETY: the caller's bytes, or a part of them.
    Ok(ValueBuf::new(unsafe { buffer_mut(data, capacity.min(PTL_MAX_LENGTH)) }?))
}

/// # Safety
/// As for `value_buf`; `capacity` is at most `MOST_BYTES`.
#[inline(always)]
unsafe fn buffer_mut<'a>(data: *mut c_void, capacity: usize) -> Result<&'a mut [MaybeUninit<u8>], Refusal> {
    match (data.is_null(), capacity) {
        (true, 0) => Ok(&mut []),
        (true, _) => Err(Refusal::NULL),
        // SAFETY: the caller's bytes.
        (false, _) => Ok(unsafe { slice::from_raw_parts_mut(data.cast(), capacity) }),
    }
}

/// Tells the caller the length of a value that was written (with the outcome `written`), or that did not fit.
///
/// # Safety
/// `size` is NULL, or points to a place for it.
#[inline(always)]
pub unsafe fn report(
    result: Result<Outcome, Error>,
    written: Outcome,
    value: &ValueBuf<'_>,
    size: *mut usize,
) -> Result<Outcome, Refusal> {
    if !size.is_null() && (result == Ok(written) || result == Err(Error::Buffer)) {
        // SAFETY: not NULL, so it is the caller's place.
        unsafe { size.write(value.size()) };
    }
    Ok(result?)
}

/// The keys or values of a batch.
///
/// # Safety
/// `offsets` is NULL, or points to `count + 1` offsets; `data` is NULL, or points to as many bytes
/// as the last of them says, 8 for each of `count` without offsets. Nobody changes them during the call.
pub unsafe fn column<'a>(
    data: *const c_void,
    offsets: *const usize,
    count: usize,
    width: Width,
) -> Result<Column<'a>, Refusal> {
    if count > MOST_WORDS {
        return Err(Refusal::SIZE);
    }
    if offsets.is_null() || count == 0 {
        if width == Width::Bytes && count > 0 {
            return Err(Refusal::NULL);
        }
        // SAFETY: without offsets the caller has 8 bytes for each.
        return Ok(Column::new(unsafe { buffer(data, count * 8) }?, None, count).map_err(Error::from)?);
    }
    // SAFETY: not NULL, so the caller has one offset more than there are keys or values.
    let offsets = unsafe { slice::from_raw_parts(offsets, count + 1) };
    let fits = |pair: &[usize]| pair[1].checked_sub(pair[0]).is_some_and(|size| size <= PTL_MAX_LENGTH);
    if offsets[count] > MOST_BYTES || !offsets.windows(2).all(fits) {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the caller has as many bytes as the last offset says, which was just compared with the limit.
    Ok(Column::new(unsafe { buffer(data, offsets[count]) }?, Some(offsets), count).map_err(Error::from)?)
}

/// A buffer for at most `count` keys or values.
///
/// # Safety
/// `data` is NULL, or points to `capacity` bytes; `offsets` is NULL, or points to places for `count + 1` offsets. Nobody else uses
/// them during the call.
pub unsafe fn column_writer<'a>(
    data: *mut c_void,
    capacity: usize,
    offsets: *mut usize,
    count: usize,
    width: Width,
) -> Result<ColumnWriter<'a>, Refusal> {
    if count > MOST_WORDS {
        return Err(Refusal::SIZE);
    }
    if offsets.is_null() && width == Width::Bytes && count > 0 {
        return Err(Refusal::NULL);
    }
    // No buffer is larger than `MOST_BYTES`.
    // SAFETY: the caller's bytes, or a part of them.
    let bytes = unsafe { buffer_mut(data, capacity.min(MOST_BYTES)) }?;
    let offsets = match (offsets.is_null(), width) {
        // SAFETY: the caller's offsets.
        (false, _) => Some(unsafe { slice::from_raw_parts_mut(offsets.cast(), count + 1) }),
        (true, Width::Bytes) => Some(&mut [][..]),
        // Then the words that fit are the entries that fit.
        (true, Width::Word) => None,
    };
    let bytes = if offsets.is_none() { shortened(bytes, 8 * count) } else { bytes };
    Ok(ColumnWriter::new(bytes, offsets))
}

/// No more of a buffer than so many bytes.
fn shortened(bytes: &mut [MaybeUninit<u8>], most: usize) -> &mut [MaybeUninit<u8>] {
    let len = bytes.len().min(most);
    &mut bytes[..len]
}
