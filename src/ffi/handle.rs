//! What a handle of C points to, who owns it, and how it is told from other memory.

use super::refusal::Refusal;
use crate::map::{
    Allocator, Memory,
    sync::{AtomicU32, AtomicU64, Ordering, fence},
};
use std::ptr::NonNull;

/// What a handle may hold.
pub trait Held: Send + Sync {
    /// The words that a handle begins with. No two of the library's are equal.
    const LIVE: u32;
    const POISONED: u32;
    const RELEASED: u32;

    /// Where the handle's memory comes from.
    fn allocator(&self) -> Allocator;
}

/// Something opaque, counted, and handled only by its address.
// The alignment keeps its words off the cache lines of its neighbours in memory.
#[repr(C, align(64))]
pub struct Handle<T: Held> {
    /// `LIVE`, `POISONED` or `RELEASED`. It only ever changes in that direction. One comparison tells what may be entered from everything else.
    state: AtomicU32,
    /// The references that callers hold. The one who takes it to zero tears it down.
    references: AtomicU64,
    held: T,
}

impl<T: Held> Handle<T> {
    /// The handle that a caller passed, if it may be entered.
    ///
    /// # Safety
    /// `handle` is NULL, or points to memory that begins with a readable word; if that is `LIVE`, the caller holds a reference that
    /// outlives `'a`.
    #[inline(always)]
    pub unsafe fn borrow<'a>(handle: *const Self) -> Result<&'a Self, Refusal> {
        // SAFETY: the word is readable; what lies behind it is looked at only if that says what it is.
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

    // Outlined: its constants would be set up before each call.
    #[cold]
    #[inline(never)]
    fn not_live(state: u32) -> Refusal {
        if state == T::POISONED { Refusal::INTERNAL } else { Refusal::HANDLE }
    }

    #[inline(always)]
    pub fn held(&self) -> &T {
        &self.held
    }

    /// One reference more.
    pub fn hold(&self) -> Reference<T> {
        // Relaxed: whoever passes the new reference on to another thread orders that hand-over.
        self.references.fetch_add(1, Ordering::Relaxed);
        Reference(NonNull::from(self))
    }

    /// No further call enters; only `release` still works.
    pub fn poison(&self) {
        // Fails only on a handle that is being released: then nobody may call any more, and there is nothing to mark.
        let _ = self.state.compare_exchange(T::LIVE, T::POISONED, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// One counted reference, owned.
pub struct Reference<T: Held>(NonNull<Handle<T>>);

impl<T: Held> Reference<T> {
    /// The first reference to what `make` gives. The memory for the handle comes first.
    pub fn new(allocator: Allocator, make: impl FnOnce() -> Result<T, Refusal>) -> Result<Self, Refusal> {
        let place = Place::new(allocator)?;
        let handle = Handle { state: AtomicU32::new(T::LIVE), references: AtomicU64::new(1), held: make()? };
        let place = place.keep();
        // SAFETY: the place was made for such a handle, and nobody else knows it.
        unsafe { place.write(handle) };
        Ok(Self(place))
    }

    /// Gives the reference to a caller, who gives it back through `from_raw`.
    pub fn into_raw(self) -> *mut Handle<T> {
        std::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    /// `handle` came from `into_raw`, and its caller has not given this reference back before.
    pub unsafe fn from_raw(handle: NonNull<Handle<T>>) -> Self {
        Self(handle)
    }
}

impl<T: Held> Drop for Reference<T> {
    fn drop(&mut self) {
        // SAFETY: a reference keeps its handle alive.
        let handle = unsafe { self.0.as_ref() };
        if handle.references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // Everything that other threads did through their references comes before the teardown.
        fence(Ordering::Acquire);
        handle.state.store(T::RELEASED, Ordering::Relaxed);
        // The memory goes back even if dropping should panic.
        let _place = Place { place: self.0, memory: Memory::new(handle.held.allocator()) };
        // SAFETY: this was the last reference, so nobody else looks at what is held, and it is dropped this once.
        unsafe { std::ptr::drop_in_place(&raw mut (*self.0.as_ptr()).held) };
    }
}

/// Memory for one handle, which goes back to where it came from.
struct Place<T: Held> {
    place: NonNull<Handle<T>>,
    memory: Memory,
}

impl<T: Held> Place<T> {
    fn new(allocator: Allocator) -> Result<Self, Refusal> {
        let memory = Memory::new(allocator);
        let place = memory.alloc(size_of::<Handle<T>>(), align_of::<Handle<T>>()).map_err(|_| Refusal::MEMORY)?.cast();
        Ok(Self { place, memory })
    }

    /// The memory now belongs to whoever has the pointer.
    fn keep(self) -> NonNull<Handle<T>> {
        std::mem::ManuallyDrop::new(self).place
    }
}

impl<T: Held> Drop for Place<T> {
    fn drop(&mut self) {
        // SAFETY: it came from this memory with this size and alignment, and whoever drops the place is its last user.
        unsafe { self.memory.free(self.place.cast(), size_of::<Handle<T>>(), align_of::<Handle<T>>()) };
    }
}
