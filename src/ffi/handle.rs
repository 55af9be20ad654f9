//! What a C handle points to: a reference-counted object that can be told from other memory.

use super::refusal::Refusal;
use crate::map::{
    Allocator, Memory,
    sync::{AtomicU32, AtomicU64, Ordering, fence},
};
use std::ptr::NonNull;

/// The contents of a handle.
pub trait Contents: Send + Sync {
    /// The values of a handle's first word. They differ between all types of handles.
    const LIVE: u32;
    const POISONED: u32;
    const RELEASED: u32;

    /// Where the handle's memory comes from.
    fn allocator(&self) -> Allocator;
}

/// A reference-counted object, which C knows only by its address.
// Aligned to a cache line, so that it shares none with its neighbours in memory.
#[repr(C, align(64))]
pub struct Handle<T: Contents> {
    /// `LIVE`, `POISONED` or `RELEASED`. It never changes back. A call may enter only if this is
    /// `LIVE`, so one comparison is enough.
    state: AtomicU32,
    /// How many references there are. Whoever takes this to zero drops the contents and frees the
    /// memory.
    references: AtomicU64,
    contents: T,
}

impl<T: Contents> Handle<T> {
    /// The handle that a caller passed, if its state is `LIVE`.
    ///
    /// # Safety
    /// `handle` is NULL, or points to a readable word. If that is `LIVE`, it is a handle, and the
    /// caller holds a reference that outlives `'a`.
    #[inline(always)]
    pub unsafe fn borrow<'a>(handle: *const Self) -> Result<&'a Self, Refusal> {
        // SAFETY: by the contract the first word is readable, and the rest is a live handle during
        // `'a` if the word is `LIVE`.
        unsafe {
            if handle.is_null() {
                return Err(Refusal::HANDLE);
            }
            match (*handle).state.load(Ordering::Relaxed) {
                state if state == T::LIVE => Ok(&*handle),
                other => Err(Self::not_live(other)),
            }
        }
    }

    // Not inlined: the compiler would load its constants into registers before each call.
    #[cold]
    #[inline(never)]
    fn not_live(state: u32) -> Refusal {
        if state == T::POISONED { Refusal::INTERNAL } else { Refusal::HANDLE }
    }

    #[inline(always)]
    pub fn contents(&self) -> &T {
        &self.contents
    }

    /// Adds a reference.
    pub fn add_reference(&self) -> Reference<T> {
        // Relaxed is enough: whoever passes the new reference to another thread synchronises with
        // it.
        self.references.fetch_add(1, Ordering::Relaxed);
        Reference(NonNull::from(self))
    }

    /// From now on every call but a release fails.
    pub fn poison(&self) {
        // Fails if the handle is poisoned already, or is being released. Then no call may come any
        // more.
        let _ = self.state.compare_exchange(T::LIVE, T::POISONED, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Owns one reference.
pub struct Reference<T: Contents>(NonNull<Handle<T>>);

impl<T: Contents> Reference<T> {
    /// The first reference to what `make` returns. Allocates the handle before it calls `make`.
    pub fn new(allocator: Allocator, make: impl FnOnce() -> Result<T, Refusal>) -> Result<Self, Refusal> {
        let memory = HandleMemory::new(allocator)?;
        let handle = Handle { state: AtomicU32::new(T::LIVE), references: AtomicU64::new(1), contents: make()? };
        let place = memory.leak();
        // SAFETY: the memory was allocated for a `Handle<T>`, and nobody else has its address yet.
        unsafe { place.write(handle) };
        Ok(Self(place))
    }

    /// Passes the reference to a caller in C. `from_raw` takes it back.
    pub fn into_raw(self) -> *mut Handle<T> {
        std::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    /// `handle` came from `into_raw`, and `from_raw` has not taken this reference back before.
    pub unsafe fn from_raw(handle: NonNull<Handle<T>>) -> Self {
        Self(handle)
    }
}

impl<T: Contents> Drop for Reference<T> {
    fn drop(&mut self) {
        // SAFETY: a reference keeps its handle alive.
        let handle = unsafe { self.0.as_ref() };
        if handle.references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // With the Release above: what other threads did through their references happens before
        // the drop.
        fence(Ordering::Acquire);
        handle.state.store(T::RELEASED, Ordering::Relaxed);
        // Frees the memory, even if dropping the contents panics.
        let _memory = HandleMemory { place: self.0, memory: Memory::new(handle.contents.allocator()) };
        // SAFETY: this was the last reference, so nobody else uses the contents, now or later.
        unsafe { std::ptr::drop_in_place(&raw mut (*self.0.as_ptr()).contents) };
    }
}

/// Memory for one handle. Frees it when dropped.
struct HandleMemory<T: Contents> {
    place: NonNull<Handle<T>>,
    memory: Memory,
}

impl<T: Contents> HandleMemory<T> {
    fn new(allocator: Allocator) -> Result<Self, Refusal> {
        let memory = Memory::new(allocator);
        let place = memory.alloc(size_of::<Handle<T>>(), align_of::<Handle<T>>()).map_err(|_| Refusal::MEMORY)?.cast();
        Ok(Self { place, memory })
    }

    /// Returns the memory without freeing it.
    fn leak(self) -> NonNull<Handle<T>> {
        std::mem::ManuallyDrop::new(self).place
    }
}

impl<T: Contents> Drop for HandleMemory<T> {
    fn drop(&mut self) {
        // SAFETY: `place` was allocated from `memory`, or from a `Memory` of the same allocator,
        // with this size and alignment. It holds no handle yet, or one whose last reference is
        // gone.
        unsafe { self.memory.free(self.place.cast(), size_of::<Handle<T>>(), align_of::<Handle<T>>()) };
    }
}
