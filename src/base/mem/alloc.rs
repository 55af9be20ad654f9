//! Where memory comes from: the operating system, or the two functions of the user's allocator.
//!
//! A map with optimistic readers cannot free memory while it lives, but it can discard whole pages
//! of it ([`Memory::discard`]). A large allocation is a mapping of its own, so it is made of whole
//! pages. A smaller one comes from malloc and begins anywhere, so it holds one whole page fewer
//! than its length. (Aligning small ones to pages made small maps 50 % larger.) A user's allocator
//! cannot discard pages; with one, `discard` does nothing.

use crate::base::os;
use core::{ffi::c_void, ptr::NonNull};

/// An allocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// `alloc(size, align, user)`: returns NULL when it fails.
pub type AllocFn = unsafe extern "C" fn(usize, usize, *mut c_void) -> *mut c_void;
/// `free(memory, size, align, user)`.
pub type FreeFn = unsafe extern "C" fn(*mut c_void, usize, usize, *mut c_void);

/// The user's two functions, or by default the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator(Option<Functions>);

#[derive(Clone, Copy, Debug)]
struct Functions {
    alloc: AllocFn,
    free: FreeFn,
    user: *mut c_void,
}

impl Allocator {
    /// # Safety
    /// - `alloc` returns NULL, or memory of the size and alignment it was asked for. Nobody else
    ///   uses that memory until `free` is called for it with the same size and alignment.
    /// - As long as a map uses them, any thread may call both functions with `user`, and several
    ///   threads may do so concurrently.
    pub unsafe fn new(alloc: AllocFn, free: FreeFn, user: *mut c_void) -> Self {
        Self(Some(Functions { alloc, free, user }))
    }

    /// The arguments of [`Allocator::new`]; `None` for the system.
    pub fn parts(&self) -> Option<(AllocFn, FreeFn, *mut c_void)> {
        self.0.map(|Functions { alloc, free, user }| (alloc, free, user))
    }
}

// SAFETY: by the contract of `new`, any thread may call the functions with `user`.
unsafe impl Send for Allocator {}
// SAFETY: by the contract of `new`, several threads may call the functions concurrently.
unsafe impl Sync for Allocator {}

/// Allocations of this size and more are mappings of their own, where pages can be discarded.
const MAP_FROM: usize = 32 << 10;

/// The alignment of a mapping, on a system with the smallest pages.
const MAX_ALIGN: usize = 4096;

/// A source of zeroed memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory(Allocator);

impl Memory {
    pub fn new(allocator: Allocator) -> Self {
        Self(allocator)
    }

    /// Allocates `size` zeroed bytes. Fails if `size` is 0, or `align` is not a power of two that
    /// is at most 4096: no caller needs such memory.
    pub fn alloc(&self, size: usize, align: usize) -> Result<NonNull<u8>, OutOfMemory> {
        if size == 0 || size > isize::MAX as usize - MAX_ALIGN || !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(OutOfMemory);
        }
        let Some(Functions { alloc, user, .. }) = self.0.0 else { return system::alloc(size, align) };
        // SAFETY: `Allocator::new` allows any thread to call `alloc` with `user`.
        let memory = NonNull::new(unsafe { alloc(size, align, user) }.cast::<u8>()).ok_or(OutOfMemory)?;
        // SAFETY: `alloc` returned `size` bytes that nobody else uses.
        unsafe { memory.write_bytes(0, size) };
        Ok(memory)
    }

    /// Frees memory.
    ///
    /// # Safety
    /// `memory` came from [`Memory::alloc`] of an equal `Memory`, with this `size` and `align`, and
    /// no thread accesses it any more.
    pub unsafe fn free(&self, memory: NonNull<u8>, size: usize, align: usize) {
        match self.0.0 {
            // SAFETY: `memory` came from the user's `alloc` with this size and alignment.
            Some(Functions { free, user, .. }) => unsafe { free(memory.as_ptr().cast(), size, align, user) },
            // SAFETY: `memory` came from `system::alloc` with this size and alignment.
            None => unsafe { system::free(memory, size, align) },
        }
    }

    /// Discards the whole pages between `start` and `start + size`, where that is possible. The
    /// memory stays readable and writable. Each page then reads as zero, or as before if it was not
    /// discarded. Returns the number of bytes discarded.
    ///
    /// # Safety
    /// - The range lies in one allocation of `whole` bytes from [`Memory::alloc`].
    /// - Its contents are not needed any more. A thread that still reads them does so with atomics
    ///   and throws away what it read.
    pub unsafe fn discard(&self, start: *mut u8, size: usize, whole: usize) -> u64 {
        let (first, bytes) = self.pages(start, size, whole);
        // SAFETY: these are whole pages of an allocation whose contents the caller gives up.
        if os::DISCARDS_PAGES && bytes > 0 && unsafe { os::discard(first, bytes) } { bytes as u64 } else { 0 }
    }

    /// How many bytes [`Memory::discard`] would discard of this range if the system lets it.
    pub fn discardable(&self, start: *mut u8, size: usize, whole: usize) -> u64 {
        self.pages(start, size, whole).1 as u64
    }

    /// The whole pages of a range: where the first one begins, and the bytes of all of them.
    fn pages(&self, start: *mut u8, size: usize, whole: usize) -> (*mut u8, usize) {
        let page = os::page_size();
        // None under loom and shuttle: zero bytes are not a valid value of their atomics.
        if self.0.0.is_some() || whole < page || cfg!(any(loom, shuttle)) {
            return (start, 0);
        }
        let skip = start.align_offset(page);
        (start.wrapping_add(skip), size.saturating_sub(skip) / page * page)
    }
}

/// The system's memory, with the contract of [`Memory`].
mod system {
    use super::{MAP_FROM, NonNull, OutOfMemory, os};
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    fn is_mapped(size: usize) -> bool {
        os::DISCARDS_PAGES && size >= MAP_FROM
    }

    pub fn alloc(size: usize, align: usize) -> Result<NonNull<u8>, OutOfMemory> {
        if is_mapped(size) {
            return os::map(size).ok_or(OutOfMemory);
        }
        let layout = Layout::from_size_align(size, align).map_err(|_| OutOfMemory)?;
        // SAFETY: `size` is not 0: `Memory::alloc` checks it.
        NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(OutOfMemory)
    }

    /// # Safety
    /// `memory` came from [`alloc`] with this `size` and `align`, and no thread accesses it any
    /// more.
    pub unsafe fn free(memory: NonNull<u8>, size: usize, align: usize) {
        if is_mapped(size) {
            // SAFETY: `alloc` mapped exactly this range, and nobody accesses it any more.
            unsafe { os::unmap(memory, size) };
        } else {
            // SAFETY: `alloc` allocated with this layout, so the layout is valid and the right one.
            unsafe { dealloc(memory.as_ptr(), Layout::from_size_align_unchecked(size, align)) };
        }
    }
}
