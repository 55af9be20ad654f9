//! What a `ptl_map *` points to, who owns it, and how it is told from other memory.

use super::refusal::Refusal;
use crate::map::{
    Allocator, Config, Map, Memory,
    sync::{AtomicU32, AtomicU64, Ordering, fence},
};
use std::ptr::NonNull;

/// The words that a handle begins with. One comparison tells a map that may be entered from everything else.
const LIVE: u32 = 0x7074_6c4d;
const POISONED: u32 = 0x7074_6c58;
const RELEASED: u32 = 0x7074_6c30;

/// A map: opaque, counted, and handled only by its address.
// The alignment keeps a map's words off the cache lines of its neighbours in memory.
#[repr(C, align(64))]
pub struct ptl_map {
    /// `LIVE`, `POISONED` or `RELEASED`. It only ever changes in that direction.
    state: AtomicU32,
    /// The references that callers hold. The one who takes it to zero tears the map down.
    references: AtomicU64,
    map: Map,
}

/// Handles are called from any thread, so whatever a map is made of has to bear it.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Map>();
};

impl ptl_map {
    #[inline(always)]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// One reference more.
    pub fn hold(&self) -> Reference {
        // Relaxed: whoever passes the new reference on to another thread orders that hand-over.
        self.references.fetch_add(1, Ordering::Relaxed);
        Reference(NonNull::from(self))
    }

    /// No further call enters this map; only `release` still works.
    pub fn poison(&self) {
        // Fails only on a handle that is being released: then nobody may call any more, and there is nothing to mark.
        let _ = self.state.compare_exchange(LIVE, POISONED, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The handle that a caller passed, if it may be entered.
///
/// # Safety
/// `handle` is NULL, or points to memory that begins with a readable word; if that says it is a live
/// map, the caller holds a reference that outlives `'a`.
#[inline(always)]
pub unsafe fn borrow<'a>(handle: *const ptl_map) -> Result<&'a ptl_map, Refusal> {
    // SAFETY: the word is readable; what lies behind it is looked at only if that says there is a map.
    unsafe {
        if handle.is_null() {
            return Err(Refusal::HANDLE);
        }
        match (*handle).state.load(Ordering::Relaxed) {
            LIVE => Ok(&*handle),
            other => Err(not_live(other)),
        }
    }
}

#[cold]
fn not_live(state: u32) -> Refusal {
    if state == POISONED { Refusal::INTERNAL } else { Refusal::HANDLE }
}

/// One counted reference, owned.
pub struct Reference(NonNull<ptl_map>);

impl Reference {
    /// A new map with its first reference.
    pub fn new(config: Config) -> Result<Self, Refusal> {
        Self::hold(config.allocator, || Ok(Map::new(config)?))
    }

    /// Room from the allocator, then a map to put there.
    pub fn hold(allocator: Allocator, map: impl FnOnce() -> Result<Map, Refusal>) -> Result<Self, Refusal> {
        let room = Room::new(allocator)?;
        let handle = ptl_map { state: AtomicU32::new(LIVE), references: AtomicU64::new(1), map: map()? };
        let place = room.keep();
        // SAFETY: the room was made for a `ptl_map`, and nobody else knows it.
        unsafe { place.write(handle) };
        Ok(Self(place))
    }

    /// Gives the reference to a caller, who gives it back through `from_raw`.
    pub fn into_raw(self) -> *mut ptl_map {
        std::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    /// `handle` came from `into_raw`, and its caller has not given this reference back before.
    pub unsafe fn from_raw(handle: NonNull<ptl_map>) -> Self {
        Self(handle)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: a reference keeps its handle alive.
        let handle = unsafe { self.0.as_ref() };
        if handle.references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // Everything that other threads did through their references comes before the teardown.
        fence(Ordering::Acquire);
        handle.state.store(RELEASED, Ordering::Relaxed);
        // The room goes back even if dropping the map should panic.
        let _room = Room { place: self.0, memory: Memory::new(handle.map.config().allocator) };
        // SAFETY: this was the last reference, so nobody else looks at the map, and it is dropped this once.
        unsafe { std::ptr::drop_in_place(&raw mut (*self.0.as_ptr()).map) };
    }
}

/// Memory for one handle, which goes back to where it came from.
struct Room {
    place: NonNull<ptl_map>,
    memory: Memory,
}

impl Room {
    fn new(allocator: Allocator) -> Result<Self, Refusal> {
        let memory = Memory::new(allocator);
        let place = memory.alloc(size_of::<ptl_map>(), align_of::<ptl_map>()).map_err(|_| Refusal::MEMORY)?.cast();
        Ok(Self { place, memory })
    }

    /// The memory now belongs to whoever has the pointer.
    fn keep(self) -> NonNull<ptl_map> {
        std::mem::ManuallyDrop::new(self).place
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: it came from this memory with this size and alignment, and whoever drops the room is its last user.
        unsafe { self.memory.free(self.place.cast(), size_of::<ptl_map>(), align_of::<ptl_map>()) };
    }
}
