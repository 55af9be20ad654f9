//! Portolan, through the C interface of the built shared library.

use crate::{
    contract::Map,
    key::{Key, Text},
    value::{Bytes, Value},
};
use core::{ffi::c_void, mem::MaybeUninit, ptr::null_mut};

#[repr(C)]
struct Options {
    size: usize,
    kind: u32,
    flags: u32,
    key_size: u64,
    value_size: u64,
    capacity: u64,
    rest: [u64; 5],
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
    fn ptl_map_scan_u64(
        map: *mut c_void,
        cursor: *mut u64,
        end: u64,
        keys: *mut u64,
        values: *mut u64,
        count: *mut usize,
    ) -> i32;

    fn ptl_map_load(
        map: *mut c_void,
        key: *const u8,
        key_size: usize,
        value: *mut u8,
        capacity: usize,
        size: *mut usize,
    ) -> i32;
    fn ptl_map_store(map: *mut c_void, key: *const u8, key_size: usize, value: *const u8, value_size: usize) -> i32;
    fn ptl_map_delete(map: *mut c_void, key: *const u8, key_size: usize) -> i32;
    fn ptl_map_load_many(
        map: *mut c_void,
        keys: *const u8,
        key_offsets: *const usize,
        count: usize,
        values: *mut u8,
        values_size: *mut usize,
        value_offsets: *mut usize,
        statuses: *mut i32,
    ) -> i32;
    fn ptl_map_scan(
        map: *mut c_void,
        cursor: *mut u64,
        end: u64,
        keys: *mut u8,
        keys_size: *mut usize,
        key_offsets: *mut usize,
        values: *mut u8,
        values_size: *mut usize,
        value_offsets: *mut usize,
        count: *mut usize,
    ) -> i32;
}

const DONE: i32 = 4;
/// The largest batch, and the page of a scan.
const PAGE: usize = 512;

/// Memory for the library to fill: clearing it would be charged to the call. One more than a page, for offsets.
fn room<T>() -> [MaybeUninit<T>; PAGE + 1] {
    [const { MaybeUninit::uninit() }; PAGE + 1]
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
    pub fn new<K: Call<V>, V: Kept>(kind: u32, capacity: u64) -> Self {
        let size = size_of::<Options>();
        let options =
            Options { size, kind, flags: 0, key_size: K::KEY_SIZE, value_size: V::SIZE, capacity, rest: [0; 5] };
        let mut map = null_mut();
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

/// A value as ours keep it.
pub trait Kept: Value {
    /// PTL_WORD or PTL_BYTES.
    const SIZE: u64;
}

impl Kept for u64 {
    const SIZE: u64 = 8;
}

impl<const LENGTH: usize> Kept for Bytes<LENGTH> {
    const SIZE: u64 = 0;
}

/// The functions for one type of keys and values. Of all of them: the map is alive, and arrays have the lengths that go
/// with them.
pub trait Call<V>: Key {
    const KEY_SIZE: u64;
    unsafe fn load(map: *mut c_void, key: &Self, value: &mut V) -> i32;
    unsafe fn store(map: *mut c_void, key: &Self, value: &V) -> i32;
    unsafe fn delete(map: *mut c_void, key: &Self) -> i32;
    unsafe fn load_many(map: *mut c_void, keys: &[Self], values: &mut [V], statuses: *mut i32) -> i32;
    /// Adds a page's entries to the sum: the status, and how many they were.
    unsafe fn scan(map: *mut c_void, cursor: &mut u64, sum: &mut u64) -> (i32, usize);
}

impl Call<u64> for u64 {
    const KEY_SIZE: u64 = 8;

    #[inline(always)]
    unsafe fn load(map: *mut c_void, key: &u64, value: &mut u64) -> i32 {
        let loaded = unsafe { ptl_map_load_u64(map, *key) };
        *value = loaded.value;
        loaded.status
    }
    #[inline(always)]
    unsafe fn store(map: *mut c_void, key: &u64, value: &u64) -> i32 {
        unsafe { ptl_map_store_u64(map, *key, *value) }
    }
    #[inline(always)]
    unsafe fn delete(map: *mut c_void, key: &u64) -> i32 {
        unsafe { ptl_map_delete_u64(map, *key) }
    }
    #[inline(always)]
    unsafe fn load_many(map: *mut c_void, keys: &[u64], values: &mut [u64], statuses: *mut i32) -> i32 {
        unsafe { ptl_map_load_many_u64(map, keys.as_ptr(), keys.len(), values.as_mut_ptr(), statuses) }
    }
    unsafe fn scan(map: *mut c_void, cursor: &mut u64, sum: &mut u64) -> (i32, usize) {
        let (mut keys, mut values, mut count) = (room::<u64>(), room::<u64>(), PAGE);
        let (keys_at, values_at) = (keys.as_mut_ptr().cast(), values.as_mut_ptr().cast());
        let status = unsafe { ptl_map_scan_u64(map, cursor, 0, keys_at, values_at, &mut count) };
        for column in [&keys[..count], &values[..count]] {
            *sum = column.iter().fold(*sum, |sum, word| sum.wrapping_add(unsafe { word.assume_init() }));
        }
        (status, count)
    }
}

impl<V: Kept> Call<V> for Text {
    const KEY_SIZE: u64 = 0;

    /// Who does not know a value's length asks for it.
    #[inline(always)]
    unsafe fn load(map: *mut c_void, key: &Text, value: &mut V) -> i32 {
        let mut size = 0;
        let size_at = if V::SIZE == 0 { &raw mut size } else { null_mut() };
        let value_at = (&raw mut *value).cast();
        unsafe { ptl_map_load(map, key.letters().as_ptr(), Text::LENGTH, value_at, size_of::<V>(), size_at) }
    }
    #[inline(always)]
    unsafe fn store(map: *mut c_void, key: &Text, value: &V) -> i32 {
        let value_at = (&raw const *value).cast();
        unsafe { ptl_map_store(map, key.letters().as_ptr(), Text::LENGTH, value_at, size_of::<V>()) }
    }
    #[inline(always)]
    unsafe fn delete(map: *mut c_void, key: &Text) -> i32 {
        unsafe { ptl_map_delete(map, key.letters().as_ptr(), Text::LENGTH) }
    }
    /// Laying the keys out end to end is part of what a batch costs.
    unsafe fn load_many(map: *mut c_void, keys: &[Text], values: &mut [V], statuses: *mut i32) -> i32 {
        let (mut letters, mut offsets) = (room::<[u8; Text::LENGTH]>(), room::<usize>());
        let (mut value_offsets, mut size) = (room::<usize>(), size_of_val(values));
        offsets[0].write(0);
        for (at, key) in keys.iter().enumerate() {
            letters[at].write(*key.letters());
            offsets[at + 1].write((at + 1) * Text::LENGTH);
        }
        unsafe {
            ptl_map_load_many(
                map,
                letters.as_ptr().cast(),
                offsets.as_ptr().cast(),
                keys.len(),
                values.as_mut_ptr().cast(),
                &mut size,
                value_offsets.as_mut_ptr().cast(),
                statuses,
            )
        }
    }
    unsafe fn scan(map: *mut c_void, cursor: &mut u64, sum: &mut u64) -> (i32, usize) {
        let (mut keys, mut key_offsets) = (room::<[u8; Text::LENGTH]>(), room::<usize>());
        let (mut values, mut value_offsets) = (room::<V>(), room::<usize>());
        let (mut keys_size, mut values_size, mut count) = (PAGE * Text::LENGTH, PAGE * size_of::<V>(), PAGE);
        let status = unsafe {
            ptl_map_scan(
                map,
                cursor,
                0,
                keys.as_mut_ptr().cast(),
                &mut keys_size,
                key_offsets.as_mut_ptr().cast(),
                values.as_mut_ptr().cast(),
                &mut values_size,
                value_offsets.as_mut_ptr().cast(),
                &mut count,
            )
        };
        for value in &values[..count] {
            *sum = sum.wrapping_add(unsafe { value.assume_init_ref() }.number());
        }
        (status, count)
    }
}

// SAFETY of all calls: the map is alive, and arrays have the lengths that are passed with them. What a call was given to fill, it
// has filled as far as its count says.
impl<K: Call<V>, V: Kept> Map<K, V> for Portolan {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        unsafe { K::load(self.0, key, value) == 0 }
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        unsafe { K::store(self.0, key, value) };
    }
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        unsafe { K::store(self.0, key, value) };
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        unsafe { K::delete(self.0, key) };
    }
    fn load_batch(&self, keys: &[K], values: &mut [V]) -> usize {
        let mut statuses = room::<i32>();
        assert_eq!(unsafe { K::load_many(self.0, keys, values, statuses.as_mut_ptr().cast()) }, 0);
        statuses[..keys.len()].iter().filter(|status| unsafe { status.assume_init() } == 0).count()
    }
    fn sum(&self) -> (u64, u64) {
        let (mut cursor, mut visited, mut sum) = (0, 0, 0);
        loop {
            let (status, count) = unsafe { K::scan(self.0, &mut cursor, &mut sum) };
            visited += count as u64;
            match status {
                0 => {}
                DONE => return (visited, sum),
                _ => panic!("a scan failed with status {status}"),
            }
        }
    }
    /// Reads every key once: a read_dirty map then has all of them in its read map, as a map that is read often does.
    fn settle(&self, entries: u64) {
        let mut value = V::of(0);
        for index in 0..entries {
            assert!(self.load(&K::new(index), &mut value));
        }
    }
}
