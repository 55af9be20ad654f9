//! Pointers and lengths from C become slices and buffers, and back. Nothing is read before its pointer and length are checked.

use super::refusal::Refusal;
use crate::map::{Column, Error, Fill, MAX_LENGTH, Outcome, Output, Width};
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
/// # Safety `data` is NULL, or points to `size` bytes that nobody changes during the call.
#[inline(always)]
pub unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    if size > PTL_MAX_LENGTH {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the caller's promise.
    unsafe { buffer(data, size) }
}

/// # Safety As for `bytes`; `size` is at most `MOST_BYTES`.
#[inline(always)]
unsafe fn buffer<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Refusal> {
    match (data.is_null(), size) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(Refusal::NULL),
        // SAFETY: the caller's promise.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data.cast(), size) }),
    }
}

/// Words to read.
///
/// # Safety `data` is NULL, or points to `count` words that nobody changes during the call.
pub unsafe fn words<'a>(data: *const u64, count: usize) -> Result<&'a [u64], Refusal> {
    room_for_words(data, count)?;
    // SAFETY: the caller's promise; with NULL there are none.
    Ok(if count == 0 { &[] } else { unsafe { slice::from_raw_parts(data, count) } })
}

/// Words to write.
///
/// # Safety `data` is NULL, or points to room for `count` words that nobody else uses during the call.
pub unsafe fn words_mut<'a>(data: *mut u64, count: usize) -> Result<&'a mut [MaybeUninit<u64>], Refusal> {
    room_for_words(data, count)?;
    // SAFETY: the caller's promise; with NULL there are none.
    Ok(if count == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(data.cast(), count) } })
}

/// Whether `count` items may be at `data`, none of them larger than a word.
pub fn room_for_words<T>(data: *const T, count: usize) -> Result<(), Refusal> {
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
/// # Safety `data` is NULL, or points to room for `room` bytes that nobody else uses during the call.
#[inline(always)]
pub unsafe fn output(data: *mut c_void, room: usize) -> Result<Output, Refusal> {
    if data.is_null() && room > 0 {
        return Err(Refusal::NULL);
    }
    // SAFETY: the caller's promise. No value needs more room than the longest.
    Ok(unsafe { Output::new(data.cast(), room.min(PTL_MAX_LENGTH)) })
}

/// Tells the caller the length of a value that was written (with the outcome `written`), or for which there
/// was no room.
///
/// # Safety `size` is NULL, or points to a place for it.
#[inline(always)]
pub unsafe fn report(
    result: Result<Outcome, Error>,
    written: Outcome,
    output: &Output,
    size: *mut usize,
) -> Result<Outcome, Refusal> {
    if !size.is_null() && (result == Ok(written) || result == Err(Error::Buffer)) {
        // SAFETY: the caller's promise.
        unsafe { size.write(output.size()) };
    }
    Ok(result?)
}

/// The keys or values of a batch.
///
/// # Safety `offsets` is NULL, or points to `count + 1` offsets; `data` is NULL, or points to as many bytes
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
        // SAFETY: the caller's promise.
        return Ok(Column::new(unsafe { buffer(data, count * 8) }?, None, count).map_err(Error::from)?);
    }
    // SAFETY: the caller's promise.
    let offsets = unsafe { slice::from_raw_parts(offsets, count + 1) };
    let fits = |pair: &[usize]| pair[1].checked_sub(pair[0]).is_some_and(|size| size <= PTL_MAX_LENGTH);
    if offsets[count] > MOST_BYTES || !offsets.windows(2).all(fits) {
        return Err(Refusal::SIZE);
    }
    // SAFETY: the caller's promise.
    Ok(Column::new(unsafe { buffer(data, offsets[count]) }?, Some(offsets), count).map_err(Error::from)?)
}

/// A buffer for at most `count` keys or values.
///
/// # Safety `data` is NULL, or points to room for `room` bytes; `offsets` is NULL, or points to room for
/// `count + 1` offsets. Nobody else uses them during the call.
pub unsafe fn fill(
    data: *mut c_void,
    room: usize,
    offsets: *mut usize,
    count: usize,
    width: Width,
) -> Result<Fill, Refusal> {
    if count > MOST_WORDS {
        return Err(Refusal::SIZE);
    }
    let unmarked = offsets.is_null() && width == Width::Bytes && count > 0;
    if unmarked || (data.is_null() && room > 0) {
        return Err(Refusal::NULL);
    }
    if !offsets.is_null() {
        // SAFETY: the caller's promise. Whatever is filled starts here, and so does nothing.
        unsafe { offsets.write(0) };
    }
    // SAFETY: the caller's promise. No buffer is larger than `MOST_BYTES`.
    Ok(unsafe { Fill::new(data.cast(), room.min(MOST_BYTES), offsets) })
}
