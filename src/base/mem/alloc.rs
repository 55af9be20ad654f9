//! Where memory comes from: the system, or the pair of functions that the user gave.
//!
//! Memory that optimistic readers may still look at must stay readable for as long as the map lives. Of the system's memory
//! [`Memory::discard`] can hand whole pages back while the addresses stay readable (they read as zero then). Large blocks are mapped
//! on their own for that; in a smaller one lie a page less than it is long, as they begin anywhere (beginning each at a page made
//! small maps half as large again). A user's allocator has no such call, and there `discard` does nothing.

use crate::base::os;
use core::{ffi::c_void, ptr::NonNull};

/// An allocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// `alloc(size, align, user)`: NULL when it fails.
pub type AllocFn = unsafe extern "C" fn(usize, usize, *mut c_void) -> *mut c_void;
/// `free(memory, size, align, user)`.
pub type FreeFn = unsafe extern "C" fn(*mut c_void, usize, usize, *mut c_void);

/// The user's pair of functions, or by default the system.
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
    /// `alloc` returns NULL or memory of the size and alignment that it is asked for, which is nobody else's until `free` gets it with
    /// the same size and alignment. Any thread may call both with `user`, several at once, as long as a map uses them.
    pub unsafe fn new(alloc: AllocFn, free: FreeFn, user: *mut c_void) -> Self {
        Self(Some(Functions { alloc, free, user }))
    }

    /// What it was made of; `None` is the system.
    pub fn parts(&self) -> Option<(AllocFn, FreeFn, *mut c_void)> {
        self.0.map(|Functions { alloc, free, user }| (alloc, free, user))
    }
}

// SAFETY: whoever made it promised that any thread may call the functions with `user`.
unsafe impl Send for Allocator {}
// SAFETY: as above.
unsafe impl Sync for Allocator {}

/// From this size on, the system's memory is mapped on its own, where pages can be discarded.
const MAP_FROM: usize = 32 << 10;

/// A source of zeroed memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory(Allocator);

impl Memory {
    pub fn new(allocator: Allocator) -> Self {
        Self(allocator)
    }

    /// Zeroed memory of `size` bytes, which is not 0, aligned to `align`, a power of two of at most 4096.
    pub fn alloc(&self, size: usize, align: usize) -> Result<NonNull<u8>, OutOfMemory> {
        if size > isize::MAX as usize - 4096 {
            return Err(OutOfMemory);
        }
        let Some(Functions { alloc, user, .. }) = self.0.0 else { return system::alloc(size, align) };
        // SAFETY: the user's function, called as it is documented.
        let memory = NonNull::new(unsafe { alloc(size, align, user) }.cast::<u8>()).ok_or(OutOfMemory)?;
        // SAFETY: the allocator just gave these bytes to us alone.
        unsafe { memory.write_bytes(0, size) };
        Ok(memory)
    }

    /// # Safety
    /// `memory` came from `alloc` of the same source with the same size and alignment, and nobody looks at it any more.
    pub unsafe fn free(&self, memory: NonNull<u8>, size: usize, align: usize) {
        match self.0.0 {
            // SAFETY: passed on from the caller.
            Some(Functions { free, user, .. }) => unsafe { free(memory.as_ptr().cast(), size, align, user) },
            // SAFETY: passed on from the caller.
            None => unsafe { system::free(memory, size, align) },
        }
    }

    /// Hands the whole pages between `start` and `start + size` back to the system where that can be done. They stay
    /// readable and writable. They read as zero afterwards, or as before. How many bytes went back.
    ///
    /// # Safety
    /// The range lies in one allocation of `whole` bytes from `alloc`; nothing in it is needed any more, and whoever
    /// still reads it does so with atomics and throws away what it read.
    pub unsafe fn discard(&self, start: *mut u8, size: usize, whole: usize) -> u64 {
        let (first, bytes) = self.pages(start, size, whole);
        // SAFETY: passed on from the caller; the pages lie in one allocation.
        if os::DISCARDS_PAGES && bytes > 0 && unsafe { os::discard(first, bytes) } { bytes as u64 } else { 0 }
    }

    /// How many bytes [`discard`](Self::discard) hands back, if it can.
    pub fn discardable(&self, start: *mut u8, size: usize, whole: usize) -> u64 {
        self.pages(start, size, whole).1 as u64
    }

    /// Where the first whole page begins, and the bytes of all of them.
    fn pages(&self, start: *mut u8, size: usize, whole: usize) -> (*mut u8, usize) {
        let page = os::page_size();
        // A model's atomics are not valid as zeros.
        if self.0.0.is_some() || whole < page || cfg!(any(loom, shuttle)) {
            return (start, 0);
        }
        let skip = start.align_offset(page);
        (start.wrapping_add(skip), size.saturating_sub(skip) / page * page)
    }
}

/// The system's memory, as `Memory` gives it.
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
        // SAFETY: no caller asks for 0 bytes.
        NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(OutOfMemory)
    }

    /// # Safety
    /// `memory` came from `alloc` with the same size and alignment, and nobody looks at it any more.
    pub unsafe fn free(memory: NonNull<u8>, size: usize, align: usize) {
        if is_mapped(size) {
            // SAFETY: `alloc` mapped exactly this range.
            unsafe { os::unmap(memory, size) };
        } else {
            // SAFETY: `alloc` made it with this very layout, so that the layout is valid.
            unsafe { dealloc(memory.as_ptr(), Layout::from_size_align_unchecked(size, align)) };
        }
    }
}
