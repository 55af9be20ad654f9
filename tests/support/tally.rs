//! An allocator that counts what it gives out, checks what it gets back, and fails on demand.

use portolan::map::Allocator;
use std::alloc::{Layout, alloc, dealloc};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Books {
    /// What is out: address to size and alignment.
    live: HashMap<usize, (usize, usize)>,
    bytes: usize,
    most_bytes: usize,
    calls: usize,
    failures: usize,
    /// The call that fails, counted from the order to fail; 0 = none.
    fail_at: usize,
    fail_all_after: bool,
}

/// Lives longer than the maps that use it.
#[derive(Default)]
pub struct Tally(Mutex<Books>);

impl Tally {
    pub fn allocator(&self) -> Allocator {
        // SAFETY: both pass on to the system's allocator, and the books have a lock.
        unsafe { Allocator::new(give, take, (&raw const *self).cast_mut().cast()) }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are out now.
    pub fn bytes(&self) -> usize {
        self.books().bytes
    }

    /// The most bytes that were out at one time since the last call of this.
    pub fn most_bytes(&self) -> usize {
        let mut books = self.books();
        std::mem::replace(&mut books.most_bytes, 0).max(books.bytes)
    }

    /// How often memory was asked for.
    pub fn calls(&self) -> usize {
        self.books().calls
    }

    /// The n-th call from here fails (1 is the next), and all later ones where `for_good`.
    pub fn fail_at(&self, n: usize, for_good: bool) {
        let mut books = self.books();
        (books.calls, books.failures, books.fail_at, books.fail_all_after) = (0, 0, n, for_good);
    }

    /// No call fails any more. Says how many did.
    pub fn heal(&self) -> usize {
        let mut books = self.books();
        books.fail_at = 0;
        books.failures
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let bytes = self.bytes();
        assert!(bytes == 0 || std::thread::panicking(), "{bytes} bytes never came back");
    }
}

unsafe extern "C" fn give(size: usize, align: usize, user: *mut c_void) -> *mut c_void {
    // SAFETY: `allocator` put this here, and the tally outlives its maps.
    let tally = unsafe { &*user.cast::<Tally>() };
    let mut books = tally.books();
    books.calls += 1;
    let fails =
        books.fail_at > 0 && (books.calls == books.fail_at || (books.fail_all_after && books.calls > books.fail_at));
    if fails {
        books.failures += 1;
        return std::ptr::null_mut();
    }
    let layout = Layout::from_size_align(size, align).expect("a size and an alignment that can be");
    assert!(size > 0, "nothing was asked for");
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(layout) };
    // Whoever reads what it has not written reads this.
    // SAFETY: the memory is that large.
    unsafe { memory.write_bytes(0xA7, size) };
    books.live.insert(memory.addr(), (size, align));
    books.bytes += size;
    books.most_bytes = books.most_bytes.max(books.bytes);
    memory.cast()
}

unsafe extern "C" fn take(memory: *mut c_void, size: usize, align: usize, user: *mut c_void) {
    // SAFETY: as above.
    let tally = unsafe { &*user.cast::<Tally>() };
    let mut books = tally.books();
    let given = books.live.remove(&memory.addr());
    // A panic here would abort the process, and that is what such a thing deserves.
    assert_eq!(given, Some((size, align)), "memory came back that was not given out like this");
    books.bytes -= size;
    // SAFETY: `give` made it with this layout.
    unsafe {
        memory.cast::<u8>().write_bytes(0xD7, size);
        dealloc(memory.cast(), Layout::from_size_align(size, align).expect("it was one before"));
    }
}
