//! Portolan, through the C interface of the built shared library.

use super::Words;
use core::ffi::c_void;

#[repr(C)]
struct Options {
    size: usize,
    kind: u32,
    flags: u32,
    key_size: u64,
    value_size: u64,
    rest: [u64; 6],
}

#[repr(C)]
struct U64 {
    value: u64,
    status: i32,
}

#[link(name = "portolan", kind = "dylib")]
unsafe extern "C" {
    fn ptl_map_new(options: *const Options, map: *mut *mut c_void) -> i32;
    fn ptl_map_release(map: *mut c_void) -> i32;
    fn ptl_map_load_u64(map: *mut c_void, key: u64) -> U64;
    fn ptl_map_store_u64(map: *mut c_void, key: u64, value: u64) -> i32;
    fn ptl_map_delete_u64(map: *mut c_void, key: u64) -> i32;
    fn ptl_map_load_many_u64(
        map: *mut c_void,
        keys: *const u64,
        count: usize,
        values: *mut u64,
        statuses: *mut i32,
    ) -> i32;
}

pub fn kind(name: &str) -> Option<u32> {
    ["bucketed", "mutex", "rwmutex", "sharded", "read_dirty"]
        .iter()
        .position(|kind| *kind == name)
        .map(|at| at as u32 + 1)
}

pub struct Portolan(*mut c_void);

// SAFETY: any thread may call anything on a map.
unsafe impl Sync for Portolan {}
// SAFETY: as above.
unsafe impl Send for Portolan {}

impl Portolan {
    pub fn new(kind: u32) -> Self {
        let size = size_of::<Options>();
        let options = Options { size, kind, flags: 0, key_size: 8, value_size: 8, rest: [0; 6] };
        let mut map = core::ptr::null_mut();
        // SAFETY: both point to what the function expects.
        assert_eq!(unsafe { ptl_map_new(&options, &mut map) }, 0);
        Self(map)
    }
}

impl Drop for Portolan {
    fn drop(&mut self) {
        // SAFETY: the only reference.
        unsafe { ptl_map_release(self.0) };
    }
}

// SAFETY of all calls: the map is alive, and arrays have the lengths that are passed with them.
impl Words for Portolan {
    #[inline(always)]
    fn load(&self, key: u64) -> Option<u64> {
        let U64 { value, status } = unsafe { ptl_map_load_u64(self.0, key) };
        (status == 0).then_some(value)
    }
    #[inline(always)]
    fn store(&self, key: u64, value: u64) {
        unsafe { ptl_map_store_u64(self.0, key, value) };
    }
    #[inline(always)]
    fn delete(&self, key: u64) {
        unsafe { ptl_map_delete_u64(self.0, key) };
    }
    fn load_batch(&self, keys: &[u64]) -> usize {
        let (mut values, mut statuses) = ([0; 512], [0; 512]);
        unsafe {
            ptl_map_load_many_u64(self.0, keys.as_ptr(), keys.len(), values.as_mut_ptr(), statuses.as_mut_ptr());
        }
        statuses[..keys.len()].iter().filter(|status| **status == 0).count()
    }
}
