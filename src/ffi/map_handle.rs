//! What a `ptl_map *` points to.

use super::{
    handle::{Contents, Handle},
    refusal::Refusal,
    status::ptl_status,
    word::ptl_u64,
};
use crate::map::{
    Allocator, Map,
    sync::{AtomicPtr, Ordering::Relaxed},
};
use std::ptr::from_ref;

/// A map. It is opaque and reference-counted.
pub struct ptl_map {
    _handle: MapHandle,
}

pub type MapHandle = Handle<MapAndCalls>;

/// A map, and the table of functions on words for its kind.
#[repr(C)]
pub struct MapAndCalls {
    /// Always the address of a static table, so it may be changed at any time.
    calls: AtomicPtr<WordCalls>,
    pub map: Map,
}

/// The functions on words: for maps from words to words of one kind, or for maps of any kind and
/// types.
///
/// They may be called only on a handle whose `calls` they are.
pub struct WordCalls {
    pub load: unsafe extern "C" fn(&MapHandle, u64) -> ptl_u64,
    pub peek: unsafe extern "C" fn(&MapHandle, u64) -> ptl_u64,
    pub store: unsafe extern "C" fn(&MapHandle, u64, u64) -> ptl_status,
    pub load_or_store: unsafe extern "C" fn(&MapHandle, u64, u64) -> ptl_u64,
    pub load_and_delete: unsafe extern "C" fn(&MapHandle, u64) -> ptl_u64,
    pub delete: unsafe extern "C" fn(&MapHandle, u64) -> ptl_status,
    pub swap: unsafe extern "C" fn(&MapHandle, u64, u64) -> ptl_u64,
    pub compare_and_swap: unsafe extern "C" fn(&MapHandle, u64, u64, u64) -> ptl_status,
    pub compare_and_delete: unsafe extern "C" fn(&MapHandle, u64, u64) -> ptl_status,
    pub add: unsafe extern "C" fn(&MapHandle, u64, u64) -> ptl_u64,
    pub load_many: unsafe extern "C" fn(&MapHandle, *const u64, usize, *mut u64, *mut ptl_status) -> ptl_status,
    pub store_many: unsafe extern "C" fn(&MapHandle, *const u64, *const u64, usize, *mut ptl_status) -> ptl_status,
    pub delete_many: unsafe extern "C" fn(&MapHandle, *const u64, usize, *mut ptl_status) -> ptl_status,
}

impl MapAndCalls {
    pub fn new(map: Map, calls: &'static WordCalls) -> Self {
        Self { calls: AtomicPtr::new(from_ref(calls).cast_mut()), map }
    }

    #[inline(always)]
    pub fn calls(&self) -> &'static WordCalls {
        // SAFETY: `new` and `set_calls` store only addresses of static tables.
        unsafe { &*self.calls.load(Relaxed) }
    }

    pub fn set_calls(&self, calls: &'static WordCalls) {
        // Store it only once: every call reads its cache line. Relaxed is enough: the calls that
        // must see the change are made by this thread.
        if !std::ptr::eq(self.calls(), calls) {
            self.calls.store(from_ref(calls).cast_mut(), Relaxed);
        }
    }
}

impl Contents for MapAndCalls {
    const LIVE: u32 = 0x7074_6c4d;
    const POISONED: u32 = 0x7074_6c58;
    const RELEASED: u32 = 0x7074_6c30;

    fn allocator(&self) -> Allocator {
        self.map.config().allocator
    }
}

/// The map that a caller passed, if it is live.
///
/// # Safety
/// `map` is NULL, or points to a readable word. If that says that it is a live map, the caller
/// holds a reference that outlives `'a`.
#[inline(always)]
pub unsafe fn borrow<'a>(map: *const ptl_map) -> Result<&'a MapHandle, Refusal> {
    // SAFETY: the same contract. A `ptl_map` has one field, a `MapHandle`.
    unsafe { Handle::borrow(map.cast()) }
}

/// Calls a function of the handle's [`WordCalls`]. This is a macro, not a function, so that it
/// compiles to a jump.
///
/// Unsafe: the handle must be as for [`borrow`], and the arguments as for the function that is
/// called.
macro_rules! call_words {
    ($map:ident, $call:ident($($argument:ident),*)) => {
        match $crate::ffi::map_handle::borrow($map) {
            Ok(handle) => (handle.contents().calls().$call)(handle, $($argument),*),
            Err(refusal) => refusal.into(),
        }
    };
}
pub(super) use call_words;
