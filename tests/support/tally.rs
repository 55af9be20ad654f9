//! An allocator that counts what it allocates, checks what is freed, and fails on demand.

use portolan::map::Allocator;
use std::alloc::{Layout, alloc, dealloc};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Counters {
    /// Size and alignment of each live allocation, by address.
    live: HashMap<usize, (usize, usize)>,
    bytes: usize,
    most_bytes: usize,
    calls: usize,
    failures: usize,
    /// Which allocation fails, counted from the call of `fail_at`; 0 means none.
    fail_at: usize,
    fail_all_after: bool,
}

/// The allocator. It must outlive the maps that use it.
#[derive(Default)]
pub struct Tally(Mutex<Counters>);

impl Tally {
    pub fn allocator(&self) -> Allocator {
        // SAFETY: both functions use the system's allocator, and the counters have a lock.
        unsafe { Allocator::new(tally_alloc, tally_free, (&raw const *self).cast_mut().cast()) }
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes allocated now.
    pub fn bytes(&self) -> usize {
        self.counters().bytes
    }

    /// The most bytes that were allocated at any time since the last call of this function.
    pub fn most_bytes(&self) -> usize {
        let mut counters = self.counters();
        std::mem::replace(&mut counters.most_bytes, 0).max(counters.bytes)
    }

    /// Allocations since the last `fail_at`, failed ones included.
    pub fn calls(&self) -> usize {
        self.counters().calls
    }

    /// Makes the n-th allocation from now fail (1 is the next), and all later ones if `for_good`.
    pub fn fail_at(&self, n: usize, for_good: bool) {
        let mut counters = self.counters();
        (counters.calls, counters.failures, counters.fail_at, counters.fail_all_after) = (0, 0, n, for_good);
    }

    /// Ends the failing. Returns how many allocations failed.
    pub fn heal(&self) -> usize {
        let mut counters = self.counters();
        counters.fail_at = 0;
        counters.failures
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let bytes = self.bytes();
        assert!(bytes == 0 || std::thread::panicking(), "{bytes} bytes were not freed");
    }
}

unsafe extern "C" fn tally_alloc(size: usize, align: usize, user: *mut c_void) -> *mut c_void {
    // SAFETY: `allocator` passed the tally as `user`, and the tally outlives its maps.
    let tally = unsafe { &*user.cast::<Tally>() };
    let mut counters = tally.counters();
    counters.calls += 1;
    let fails = counters.fail_at > 0
        && (counters.calls == counters.fail_at || (counters.fail_all_after && counters.calls > counters.fail_at));
    if fails {
        counters.failures += 1;
        return std::ptr::null_mut();
    }
    let layout = Layout::from_size_align(size, align).expect("a valid size and alignment");
    assert!(size > 0, "an allocation of 0 bytes");
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(layout) };
    // A pattern, so that a map that reads memory before it writes it does not find zeros.
    // SAFETY: the memory has `size` bytes.
    unsafe { memory.write_bytes(0xA7, size) };
    counters.live.insert(memory.addr(), (size, align));
    counters.bytes += size;
    counters.most_bytes = counters.most_bytes.max(counters.bytes);
    memory.cast()
}

unsafe extern "C" fn tally_free(memory: *mut c_void, size: usize, align: usize, user: *mut c_void) {
    // SAFETY: `allocator` passed the tally as `user`, and the tally outlives its maps.
    let tally = unsafe { &*user.cast::<Tally>() };
    let mut counters = tally.counters();
    let given = counters.live.remove(&memory.addr());
    // This runs inside a C callback, so a failure aborts the process. After a wrong `free` that is
    // the best that can happen.
    assert_eq!(given, Some((size, align)), "memory was freed that was not allocated with this size and alignment");
    counters.bytes -= size;
    // SAFETY: `tally_alloc` allocated it with this layout, as was just checked.
    unsafe {
        memory.cast::<u8>().write_bytes(0xD7, size);
        dealloc(memory.cast(), Layout::from_size_align(size, align).expect("a valid size and alignment"));
    }
}
