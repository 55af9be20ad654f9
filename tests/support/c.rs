//! The face over the C interface. Beyond calling it, each call checks the interface's manners: out-parameters are written with
//! the statuses that say so, and otherwise left alone.

use super::abi::{self, *};
use super::face::{Answer, Change, Decide, Entry, Face, Many, Room, Scan, Status, Visit};
use super::guard::{LockedTable, flat, word};
use portolan::map::{BucketView, Config, Kind, SlotState, Stats, Width};
use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{null, null_mut};

/// What an out-parameter holds before the call.
const UNTOUCHED: usize = 0xDEAD_BEEF;
/// What a status holds before the call.
const UNTOLD: i32 = i32::MIN;

pub struct CFace {
    map: *mut abi::Map,
    config: Config,
    /// Use the calls for words where there is one.
    words: bool,
}

// SAFETY: the interface says that any thread may call it.
unsafe impl Send for CFace {}
// SAFETY: as above.
unsafe impl Sync for CFace {}

impl Drop for CFace {
    fn drop(&mut self) {
        // SAFETY: the one reference that this face holds.
        let status = unsafe { ptl_map_release(self.map) };
        assert!(status == 0 || std::thread::panicking(), "release answered {status}");
    }
}

impl From<i32> for Status {
    fn from(number: i32) -> Self {
        use Status::*;
        let all = [
            Ok, NotFound, Loaded, Mismatch, Done, Null, Handle, Size, Option, Type, Buffer, Memory, Concurrent,
            Reentrant, Internal, Busy,
        ];
        all.into_iter()
            .find(|status| *status as i32 == number)
            .unwrap_or_else(|| panic!("no status has the number {number}"))
    }
}

fn size(width: Width) -> u64 {
    if width == Width::Word { 8 } else { 0 }
}

pub fn options(config: Config) -> Options {
    Options {
        size: size_of::<Options>(),
        kind: config.kind as u32 + 1,
        flags: 0,
        key_size: size(config.key),
        value_size: size(config.value),
        capacity: config.capacity,
        seed: config.seed,
        shards: config.shards,
        hash_bits: config.hash_bits,
        allocator: match config.allocator.parts() {
            Some((alloc, free, user)) => Allocator { alloc: Some(alloc), free: Some(free), user },
            None => Allocator { alloc: None, free: None, user: std::ptr::null_mut() },
        },
    }
}

/// The pair in which a call for words answers; without a value it holds 0.
fn words(pair: U64, gives: Status) -> Answer {
    let status = Status::from(pair.status);
    if status == gives {
        return Answer::Value(status, pair.value.to_ne_bytes().to_vec());
    }
    assert_eq!(pair.value, 0, "a pair with {status:?} has no value");
    Answer::Plain(status)
}

/// A Rust closure behind a C callback. A panic in it must not cross the library: it is kept, and goes on after the call.
struct Callback<'a, F: ?Sized> {
    body: &'a mut F,
    /// What an update stores; it lives until the call is over.
    made: Vec<u8>,
    panicked: Option<Box<dyn Any + Send>>,
}

impl<F: ?Sized> Callback<'_, F> {
    /// What the body gives, or 0 once it has panicked.
    fn guarded(&mut self, call: impl FnOnce(&mut F, &mut Vec<u8>) -> i32) -> i32 {
        if self.panicked.is_some() {
            return 0;
        }
        match catch_unwind(AssertUnwindSafe(|| call(self.body, &mut self.made))) {
            Ok(answer) => answer,
            Err(panic) => {
                self.panicked = Some(panic);
                0
            }
        }
    }
}

unsafe extern "C" fn visit(
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    user: *mut c_void,
) -> i32 {
    // SAFETY: the library passes on what `with_callback` gave it, and keys and values of the lengths that it says.
    let (callback, key, value) =
        unsafe { (&mut *user.cast::<Callback<'_, Visit<'_>>>(), bytes(key, key_size), bytes(value, value_size)) };
    callback.guarded(|body, _| i32::from(body(key, value)))
}

unsafe extern "C" fn update(
    value: *const c_void,
    value_size: usize,
    new_value: *mut *const c_void,
    new_size: *mut usize,
    user: *mut c_void,
) -> i32 {
    // SAFETY: as above; the places are the library's, and hold NULL and 0.
    let callback = unsafe {
        assert!((*new_value).is_null() && *new_size == 0 && (!value.is_null() || value_size == 0));
        &mut *user.cast::<Callback<'_, Decide<'_>>>()
    };
    // SAFETY: as above.
    let value = (!value.is_null()).then(|| unsafe { bytes(value, value_size) });
    callback.guarded(|body, made| match body(value) {
        Change::Keep => UPDATE_KEEP,
        Change::Delete => UPDATE_DELETE,
        Change::Store(value) => {
            *made = value;
            // SAFETY: as above.
            unsafe { (*new_value, *new_size) = (made.as_ptr().cast(), made.len()) };
            UPDATE_STORE
        }
    })
}

unsafe fn bytes<'a>(data: *const c_void, size: usize) -> &'a [u8] {
    // SAFETY: the caller's promise; nothing is at NULL.
    if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data.cast(), size) } }
}

fn with_callback<F: ?Sized>(body: &mut F, call: impl FnOnce(*mut c_void) -> i32) -> Status {
    let mut callback = Callback { body, made: Vec::new(), panicked: None };
    let status = call((&raw mut callback).cast());
    match callback.panicked {
        Some(panic) => resume_unwind(panic),
        None => status.into(),
    }
}

impl CFace {
    pub fn new(config: Config, words: bool) -> Result<Self, Status> {
        // SAFETY: options and place are there.
        let map = Self::made(|place| unsafe { ptl_map_new(&options(config), place) })?;
        Ok(Self { map, config, words })
    }

    fn made(call: impl FnOnce(*mut *mut abi::Map) -> i32) -> Result<*mut abi::Map, Status> {
        let mut map = null_mut();
        match call(&mut map) {
            0 => Ok(map),
            status => {
                assert!(map.is_null(), "a call that made no map leaves its place alone");
                Err(status.into())
            }
        }
    }

    /// Calls `call` with a buffer of so much room; `gives` is the status that comes with a value.
    fn given(room: usize, gives: Status, call: impl FnOnce(*mut u8, *mut usize) -> i32) -> Answer {
        let mut buffer = LockedTable::new(room);
        let mut size = UNTOUCHED;
        let status = Status::from(call(buffer.pointer(), &mut size));
        match status {
            Status::Buffer => {
                assert!(size > room, "{room} bytes are too few for {size}");
                Answer::Needs(size)
            }
            _ if status == gives => Answer::Value(status, buffer.filled(size)),
            _ => {
                assert_eq!(size, UNTOUCHED, "{status:?} says nothing about a length");
                Answer::Plain(status)
            }
        }
    }

    fn offsets(width: Width, count: usize) -> Option<Vec<usize>> {
        (width == Width::Bytes).then(|| vec![UNTOUCHED; count + 1])
    }
}

/// Words go without offsets.
fn place(offsets: &mut Option<Vec<usize>>) -> *mut usize {
    offsets.as_mut().map_or(null_mut(), |offsets| offsets.as_mut_ptr())
}

fn source(offsets: &[usize], width: Width) -> *const usize {
    if width == Width::Bytes { offsets.as_ptr() } else { null() }
}

/// The statuses of a batch: of each key, or, where the call as a whole was refused, none.
fn statuses(numbers: &[i32]) -> Vec<Status> {
    if numbers.iter().all(|number| *number == UNTOLD) {
        vec![]
    } else {
        numbers.iter().map(|number| (*number).into()).collect()
    }
}

// SAFETY, for all the blocks below: the map is live, and pointers and lengths come from slices, vectors and guarded buffers.
impl Face for CFace {
    fn load(&self, key: &[u8], room: usize) -> Answer {
        if self.words {
            return words(unsafe { ptl_map_load_u64(self.map, word(key)) }, Status::Ok);
        }
        Self::given(room, Status::Ok, |data, size| unsafe {
            ptl_map_load(self.map, key.as_ptr(), key.len(), data, room, size)
        })
    }

    fn peek(&self, key: &[u8], room: usize) -> Answer {
        if self.words {
            return words(unsafe { ptl_map_peek_u64(self.map, word(key)) }, Status::Ok);
        }
        Self::given(room, Status::Ok, |data, size| unsafe {
            ptl_map_peek(self.map, key.as_ptr(), key.len(), data, room, size)
        })
    }

    fn store(&self, key: &[u8], value: &[u8]) -> Status {
        if self.words {
            return unsafe { ptl_map_store_u64(self.map, word(key), word(value)) }.into();
        }
        unsafe { ptl_map_store(self.map, key.as_ptr(), key.len(), value.as_ptr(), value.len()) }.into()
    }

    fn load_or_store(&self, key: &[u8], value: &[u8], room: usize) -> Answer {
        if self.words {
            let pair = unsafe { ptl_map_load_or_store_u64(self.map, word(key), word(value)) };
            if pair.status == 0 {
                assert_eq!(pair.value, word(value), "what was stored is what was given");
                return Answer::Plain(Status::Ok);
            }
            return words(pair, Status::Loaded);
        }
        Self::given(room, Status::Loaded, |data, size| unsafe {
            ptl_map_load_or_store(self.map, key.as_ptr(), key.len(), value.as_ptr(), value.len(), data, room, size)
        })
    }

    fn load_and_delete(&self, key: &[u8], room: usize) -> Answer {
        if self.words {
            return words(unsafe { ptl_map_load_and_delete_u64(self.map, word(key)) }, Status::Ok);
        }
        Self::given(room, Status::Ok, |data, size| unsafe {
            ptl_map_load_and_delete(self.map, key.as_ptr(), key.len(), data, room, size)
        })
    }

    fn delete(&self, key: &[u8]) -> Status {
        if self.words {
            return unsafe { ptl_map_delete_u64(self.map, word(key)) }.into();
        }
        unsafe { ptl_map_delete(self.map, key.as_ptr(), key.len()) }.into()
    }

    fn swap(&self, key: &[u8], value: &[u8], room: usize) -> Answer {
        if self.words {
            return words(unsafe { ptl_map_swap_u64(self.map, word(key), word(value)) }, Status::Loaded);
        }
        Self::given(room, Status::Loaded, |data, size| unsafe {
            ptl_map_swap(self.map, key.as_ptr(), key.len(), value.as_ptr(), value.len(), data, room, size)
        })
    }

    fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Status {
        if self.words {
            return unsafe { ptl_map_compare_and_swap_u64(self.map, word(key), word(old), word(new)) }.into();
        }
        unsafe {
            ptl_map_compare_and_swap(
                self.map,
                key.as_ptr(),
                key.len(),
                old.as_ptr(),
                old.len(),
                new.as_ptr(),
                new.len(),
            )
        }
        .into()
    }

    fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Status {
        if self.words {
            return unsafe { ptl_map_compare_and_delete_u64(self.map, word(key), word(old)) }.into();
        }
        unsafe { ptl_map_compare_and_delete(self.map, key.as_ptr(), key.len(), old.as_ptr(), old.len()) }.into()
    }

    fn contains(&self, key: &[u8]) -> Status {
        if self.words {
            return unsafe { ptl_map_contains_u64(self.map, word(key)) }.into();
        }
        unsafe { ptl_map_contains(self.map, key.as_ptr(), key.len()) }.into()
    }

    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Status> {
        let (status, sum) = if self.words {
            let pair = unsafe { ptl_map_add_u64(self.map, word(key), delta) };
            (pair.status, pair.value)
        } else {
            let mut sum = UNTOUCHED as u64;
            let status = unsafe { ptl_map_add(self.map, key.as_ptr(), key.len(), delta, &mut sum) };
            assert!(status == 0 || sum == UNTOUCHED as u64, "a failed addition has no sum");
            (status, sum)
        };
        if status == 0 { Ok(sum) } else { Err(status.into()) }
    }

    fn update(&self, key: &[u8], decide: &mut Decide<'_>) -> Status {
        with_callback(decide, |user| unsafe { ptl_map_update(self.map, key.as_ptr(), key.len(), Some(update), user) })
    }

    fn range(&self, body: &mut Visit<'_>) -> Status {
        with_callback(body, |user| unsafe { ptl_map_range(self.map, Some(visit), user) })
    }

    fn delete_if(&self, predicate: &mut Visit<'_>) -> Result<u64, Status> {
        let mut deleted = UNTOUCHED as u64;
        let status =
            with_callback(predicate, |user| unsafe { ptl_map_delete_if(self.map, Some(visit), user, &mut deleted) });
        if status == Status::Ok { Ok(deleted) } else { Err(status) }
    }

    fn clear(&self) -> Status {
        unsafe { ptl_map_clear(self.map) }.into()
    }

    fn len(&self) -> Result<u64, Status> {
        let mut len = UNTOUCHED as u64;
        match unsafe { ptl_map_len(self.map, &mut len) } {
            0 => Ok(len),
            status => Err(status.into()),
        }
    }

    fn reserve(&self, entries: u64) -> Status {
        unsafe { ptl_map_reserve(self.map, entries) }.into()
    }

    fn shrink(&self) -> Status {
        unsafe { ptl_map_shrink(self.map) }.into()
    }

    fn clone_to(&self, kind: Kind) -> Result<Box<dyn Face>, Status> {
        let config = Config { kind, ..self.config };
        let map = Self::made(|place| unsafe { ptl_map_clone(self.map, &options(config), place) })?;
        Ok(Box::new(Self { map, config, words: self.words }))
    }

    fn equal(&self, other: &dyn Face) -> Status {
        let other = other.as_any().downcast_ref::<Self>().expect("two maps of one face");
        unsafe { ptl_map_equal(self.map, other.map) }.into()
    }

    fn stats(&self) -> Stats {
        let mut c = abi::Stats { size: size_of::<abi::Stats>(), ..abi::Stats::default() };
        assert_eq!(unsafe { ptl_map_stats(self.map, &mut c) }, 0);
        let (key_size, value_size) = (size(self.config.key), size(self.config.value));
        assert_eq!((c.size, c.kind), (size_of::<abi::Stats>(), self.config.kind as u32 + 1));
        assert_eq!((c.key_size, c.value_size), (key_size, value_size));
        Stats {
            bucket_bits: c.bucket_bits,
            entries: c.entries,
            buckets: c.buckets,
            overflow_buckets: c.overflow_buckets,
            load_factor: c.load_factor,
            growing: c.growing,
            split: c.split,
            shards: c.shards,
            shard_entries_min: c.shard_entries_min,
            shard_entries_max: c.shard_entries_max,
            longest_chain: c.longest_chain,
            promotions: c.promotions,
            misses: c.misses,
            dirty_entries: c.dirty_entries,
            read_entries: c.read_entries,
            expunged: c.expunged,
            table_bytes: c.table_bytes,
            bytes_live: c.bytes_live,
            bytes_reserved: c.bytes_reserved,
            bytes_waiting: c.bytes_waiting,
        }
    }

    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Option<BucketView> {
        let mut c = abi::Bucket { size: size_of::<abi::Bucket>(), version: UNTOUCHED as u32, ..abi::Bucket::default() };
        match unsafe { ptl_map_inspect(self.map, table, bucket, depth, &mut c) }.into() {
            Status::NotFound => {
                assert_eq!(c.version, UNTOUCHED as u32);
                return None;
            }
            status => assert_eq!(status, Status::Ok),
        }
        assert_eq!(c.size, size_of::<abi::Bucket>());
        let state = [SlotState::EmptyRest, SlotState::EmptyOne, SlotState::Live, SlotState::Nil, SlotState::Expunged];
        Some(BucketView {
            version: c.version,
            overflow: c.overflow,
            tophash: c.tophash,
            state: c.state.map(|number| state[number as usize]),
            keys: c.keys,
            values: c.values,
            table_bucket_bits: c.table_bucket_bits,
            table_buckets: c.table_buckets,
        })
    }

    fn scan(&self, cursor: &mut u64, room: Room) -> Scan {
        let mut count = room.entries;
        let (mut key_bytes, mut value_bytes) =
            if self.words { (8 * count, 8 * count) } else { (room.key_bytes, room.value_bytes) };
        let (mut keys, mut values) = (LockedTable::new(key_bytes), LockedTable::new(value_bytes));
        let (mut key_offsets, mut value_offsets) =
            (Self::offsets(self.config.key, count), Self::offsets(self.config.value, count));
        let before = (*cursor, count, key_bytes, value_bytes);
        let status = if self.words {
            let status = unsafe {
                ptl_map_scan_u64(self.map, cursor, keys.pointer().cast(), values.pointer().cast(), &mut count)
            };
            (key_bytes, value_bytes) = (8 * count, 8 * count);
            status
        } else {
            unsafe {
                ptl_map_scan(
                    self.map,
                    cursor,
                    keys.pointer(),
                    &mut key_bytes,
                    place(&mut key_offsets),
                    values.pointer(),
                    &mut value_bytes,
                    place(&mut value_offsets),
                    &mut count,
                )
            }
        };
        match Status::from(status) {
            Status::Buffer => Scan::Needs(Room { entries: count, key_bytes, value_bytes }),
            status @ (Status::Ok | Status::Done) => {
                let (keys, values) =
                    (keys.cut(key_offsets.as_deref(), count), values.cut(value_offsets.as_deref(), count));
                assert_eq!(keys.iter().map(Vec::len).sum::<usize>(), key_bytes);
                assert_eq!(values.iter().map(Vec::len).sum::<usize>(), value_bytes);
                Scan::Page { entries: keys.into_iter().zip(values).collect(), more: status == Status::Ok }
            }
            status => {
                assert_eq!((*cursor, count, key_bytes, value_bytes), before, "{status:?} says nothing");
                Scan::Failed(status)
            }
        }
    }

    fn load_many(&self, keys: &[Vec<u8>], room: usize) -> Many {
        let count = keys.len();
        let mut numbers = vec![UNTOLD; count];
        if self.words {
            let (keys, mut values): (Vec<u64>, _) = (keys.iter().map(|key| word(key)).collect(), vec![u64::MAX; count]);
            let status = unsafe {
                ptl_map_load_many_u64(self.map, keys.as_ptr(), count, values.as_mut_ptr(), numbers.as_mut_ptr())
            };
            if status != 0 {
                return Many::Failed(status.into());
            }
            let values = values.iter().map(|value| value.to_ne_bytes().to_vec()).collect();
            return Many::Values { values, statuses: statuses(&numbers) };
        }
        let (bytes, offsets) = flat(keys);
        let (mut values, mut value_offsets, mut size) =
            (LockedTable::new(room), Self::offsets(self.config.value, count), room);
        let status = unsafe {
            ptl_map_load_many(
                self.map,
                bytes.as_ptr(),
                source(&offsets, self.config.key),
                count,
                values.pointer(),
                &mut size,
                place(&mut value_offsets),
                numbers.as_mut_ptr(),
            )
        };
        match Status::from(status) {
            Status::Buffer => Many::Needs(size),
            Status::Ok => {
                Many::Values { values: values.cut(value_offsets.as_deref(), count), statuses: statuses(&numbers) }
            }
            status => Many::Failed(status),
        }
    }

    fn store_many(&self, entries: &[Entry]) -> (Status, Vec<Status>) {
        let count = entries.len();
        let mut numbers = vec![UNTOLD; count];
        let status = Status::from(if self.words {
            let keys: Vec<u64> = entries.iter().map(|entry| word(&entry.0)).collect();
            let values: Vec<u64> = entries.iter().map(|entry| word(&entry.1)).collect();
            unsafe { ptl_map_store_many_u64(self.map, keys.as_ptr(), values.as_ptr(), count, numbers.as_mut_ptr()) }
        } else {
            let (keys, key_offsets) = flat(entries.iter().map(|entry| &entry.0));
            let (values, value_offsets) = flat(entries.iter().map(|entry| &entry.1));
            let (key_offsets, value_offsets) =
                (source(&key_offsets, self.config.key), source(&value_offsets, self.config.value));
            unsafe {
                ptl_map_store_many(
                    self.map,
                    keys.as_ptr(),
                    key_offsets,
                    values.as_ptr(),
                    value_offsets,
                    count,
                    numbers.as_mut_ptr(),
                )
            }
        });
        (status, statuses(&numbers))
    }

    fn delete_many(&self, keys: &[Vec<u8>]) -> (Status, Vec<Status>) {
        let count = keys.len();
        let mut numbers = vec![UNTOLD; count];
        let status = Status::from(if self.words {
            let keys: Vec<u64> = keys.iter().map(|key| word(key)).collect();
            unsafe { ptl_map_delete_many_u64(self.map, keys.as_ptr(), count, numbers.as_mut_ptr()) }
        } else {
            let (bytes, offsets) = flat(keys);
            unsafe {
                ptl_map_delete_many(
                    self.map,
                    bytes.as_ptr(),
                    source(&offsets, self.config.key),
                    count,
                    numbers.as_mut_ptr(),
                )
            }
        });
        (status, statuses(&numbers))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
