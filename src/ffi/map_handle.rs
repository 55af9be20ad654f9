//! What a `ptl_map *` points to.

use super::{
    handle::{Handle, Held},
    refusal::Refusal,
    status::ptl_status,
    word::ptl_u64,
};
use crate::map::{
    Allocator, Map,
    sync::{AtomicPtr, Ordering::Relaxed},
};
use std::ptr::from_ref;

/// A map: opaque, counted, and handled only by its address.
pub struct ptl_map {
    _handle: MapHandle,
}

pub type MapHandle = Handle<MapAndCalls>;

/// A map, and the calls for words that are made for its kind.
#[repr(C)]
pub struct MapAndCalls {
    /// Always the address of a static table, so that it may be exchanged at any time.
    calls: AtomicPtr<WordCalls>,
    pub map: Map,
}

/// The calls for words to words on one kind of map, or on any.
///
/// They may be called only on a handle that has them.
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
        // SAFETY: the address of a static table.
        unsafe { &*self.calls.load(Relaxed) }
    }

    /// Exchanges the calls.
    pub fn set_calls(&self, calls: &'static WordCalls) {
        // Only once: every call reads the word, and should find it in its cache. A thread that has seen or made the change keeps
        // seeing it.
        if !std::ptr::eq(self.calls(), calls) {
            self.calls.store(from_ref(calls).cast_mut(), Relaxed);
        }
    }
}

impl Held for MapAndCalls {
    const LIVE: u32 = 0x7074_6c4d;
    const POISONED: u32 = 0x7074_6c58;
    const RELEASED: u32 = 0x7074_6c30;

    fn allocator(&self) -> Allocator {
        self.map.config().allocator
    }
}

/// The map that a caller passed, if it may be entered.
///
/// # Safety
/// `map` is NULL, or points to memory that begins with a readable word; if that says it is a live map, the caller holds a reference
/// that outlives `'a`.
#[inline(always)]
pub unsafe fn borrow<'a>(map: *const ptl_map) -> Result<&'a MapHandle, Refusal> {
    // SAFETY: the same contract; a `ptl_map` is nothing but its handle.
    unsafe { Handle::borrow(map.cast()) }
}

/// Goes on with a call from the table that the caller's handle has. A macro, and not a function, so that it compiles to a jump.
///
/// Unsafe: the handle is as for [`borrow`], and the arguments are the caller's.
macro_rules! call_words {
    ($map:ident, $call:ident($($argument:ident),*)) => {
        match $crate::ffi::map_handle::borrow($map) {
            Ok(handle) => (handle.held().calls().$call)(handle, $($argument),*),
            Err(refusal) => refusal.into(),
        }
    };
}
pub(super) use call_words;
