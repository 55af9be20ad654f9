//! The face over the C interface. Each call also checks that out-parameters are written with the
//! statuses that promise it, and are left alone with all others.

use super::abi::{self, *};
use super::callback::{update, visit, with_callback};
use super::face::{Answer, Decide, Entry, Face, Many, Room, Scan, Status, Visit};
use super::guard::{Guarded, flat, word};
use super::operations::{Operation, operations};
use portolan::map::{BucketView, Config, Kind, SlotState, Stats, Width};
use std::any::Any;
use std::ptr::{null, null_mut};

/// The value of an out-parameter before the call.
const UNTOUCHED: usize = 0xDEAD_BEEF;
/// The value of a status in an array before the call.
const UNSET: i32 = i32::MIN;

pub struct CFace {
    map: *mut abi::Map,
    config: Config,
    /// Use the calls for words where they exist.
    words: bool,
}

// SAFETY: the interface allows calls from any thread.
unsafe impl Send for CFace {}
// SAFETY: the interface allows calls from any thread, also at the same time. (A bucketed map
// refuses them.)
unsafe impl Sync for CFace {}

impl Drop for CFace {
    fn drop(&mut self) {
        // SAFETY: the face holds one reference, and does not use it after this.
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

/// The answer in the pair that a call for words returns. `with` is the status that comes with a
/// value.
fn from_pair(pair: U64, operation: Operation<u64>, with: Status) -> Answer {
    let status = Status::from(pair.status);
    if status == with {
        return Answer::Value(status, pair.value.to_ne_bytes().to_vec());
    }
    match operation {
        Operation::LoadOrStore { value } if status == Status::Ok => {
            assert_eq!(pair.value, value, "the pair has the value that was stored")
        }
        _ => assert_eq!(pair.value, 0, "a pair with {status:?} has no value"),
    }
    Answer::Plain(status)
}

macro_rules! calls {
    (
        values { $($Value:ident($($given:ident),*) gives $with:ident: rust $r:tt c($value:ident, $value_u64:ident);)* }
        statuses { $($Plain:ident($($argument:ident),*): rust $s:tt c($plain:ident, $plain_u64:ident);)* }
    ) => {
        // SAFETY: for all calls below: the face keeps the map alive, and all pointers and lengths
        // are those of slices and guarded buffers.
        impl CFace {
            /// An operation on one key, through the calls for bytes.
            fn call_bytes(&self, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
                let (map, k, k_size) = (self.map, key.as_ptr(), key.len());
                match operation {
                    $(Operation::$Value { $($given),* } => with_buffer(room, Status::$with, |out, size| unsafe {
                        $value(map, k, k_size, $($given.as_ptr(), $given.len(),)* out, room, size)
                    }),)*
                    $(Operation::$Plain { $($argument),* } => Answer::Plain(
                        unsafe { $plain(map, k, k_size $(, $argument.as_ptr(), $argument.len())*) }.into()
                    ),)*
                }
            }

            /// The same through the calls for words.
            fn call_words(&self, operation: Operation<u64>, key: u64) -> Answer {
                match operation {
                    $(Operation::$Value { $($given),* } => {
                        from_pair(unsafe { $value_u64(self.map, key $(, $given)*) }, operation, Status::$with)
                    })*
                    $(Operation::$Plain { $($argument),* } => {
                        Answer::Plain(unsafe { $plain_u64(self.map, key $(, $argument)*) }.into())
                    })*
                }
            }
        }
    };
}
operations!(calls);

/// Calls `call` with a buffer of `room` bytes. `with` is the status that comes with a value.
fn with_buffer(room: usize, with: Status, call: impl FnOnce(*mut u8, *mut usize) -> i32) -> Answer {
    let mut buffer = Guarded::new(room);
    let mut size = UNTOUCHED;
    let status = Status::from(call(buffer.pointer(), &mut size));
    match status {
        Status::Buffer => {
            assert!(size > room, "{size} bytes fit into {room}, but the call returned BUFFER");
            Answer::Needs(size)
        }
        _ if status == with => Answer::Value(status, buffer.filled(size)),
        _ => {
            assert_eq!(size, UNTOUCHED, "a length was written with {status:?}");
            Answer::Plain(status)
        }
    }
}

impl CFace {
    pub fn new(config: Config, words: bool) -> Result<Self, Status> {
        // SAFETY: the options and the place for the handle are valid.
        let map = Self::made(|place| unsafe { ptl_map_new(&options(config), place) })?;
        Ok(Self { map, config, words })
    }

    fn made(call: impl FnOnce(*mut *mut abi::Map) -> i32) -> Result<*mut abi::Map, Status> {
        let mut map = null_mut();
        match call(&mut map) {
            0 => Ok(map),
            status => {
                assert!(map.is_null(), "a call that made no map wrote a handle");
                Err(status.into())
            }
        }
    }

    fn offsets(width: Width, count: usize) -> Option<Vec<usize>> {
        (width == Width::Bytes).then(|| vec![UNTOUCHED; count + 1])
    }
}

/// The address of the offsets, or NULL for words, which have none.
fn place(offsets: &mut Option<Vec<usize>>) -> *mut usize {
    offsets.as_mut().map_or(null_mut(), |offsets| offsets.as_mut_ptr())
}

fn source(offsets: &[usize], width: Width) -> *const usize {
    if width == Width::Bytes { offsets.as_ptr() } else { null() }
}

/// The status of each key of a batch. Empty if the call as a whole was refused.
fn statuses(numbers: &[i32]) -> Vec<Status> {
    if numbers.iter().all(|number| *number == UNSET) {
        vec![]
    } else {
        numbers.iter().map(|number| (*number).into()).collect()
    }
}

// SAFETY: for all blocks below: the face keeps the map alive, and all pointers and lengths are
// those of slices, vectors and guarded buffers.
impl Face for CFace {
    fn call(&self, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
        if self.words {
            return self.call_words(operation.map(|value| word(value)), word(key));
        }
        self.call_bytes(operation, key, room)
    }

    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Status> {
        let (status, sum) = if self.words {
            let pair = unsafe { ptl_map_add_u64(self.map, word(key), delta) };
            (pair.status, pair.value)
        } else {
            let mut sum = UNTOUCHED as u64;
            let status = unsafe { ptl_map_add(self.map, key.as_ptr(), key.len(), delta, &mut sum) };
            assert!(status == 0 || sum == UNTOUCHED as u64, "a failed add wrote a sum");
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

    fn begin_scan(&self) -> Result<u64, Status> {
        let mut start = UNTOUCHED as u64;
        match unsafe { ptl_map_begin_scan(self.map, &mut start) } {
            0 => Ok(start),
            status => Err(status.into()),
        }
    }

    fn scan(&self, cursor: &mut u64, end: u64, room: Room) -> Scan {
        let mut count = room.entries;
        let (mut key_bytes, mut value_bytes) =
            if self.words { (8 * count, 8 * count) } else { (room.key_bytes, room.value_bytes) };
        let (mut keys, mut values) = (Guarded::new(key_bytes), Guarded::new(value_bytes));
        let (mut key_offsets, mut value_offsets) =
            (Self::offsets(self.config.key, count), Self::offsets(self.config.value, count));
        let before = (*cursor, count, key_bytes, value_bytes);
        let status = if self.words {
            let status = unsafe {
                ptl_map_scan_u64(self.map, cursor, end, keys.pointer().cast(), values.pointer().cast(), &mut count)
            };
            (key_bytes, value_bytes) = (8 * count, 8 * count);
            status
        } else {
            unsafe {
                ptl_map_scan(
                    self.map,
                    cursor,
                    end,
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
                assert_eq!((*cursor, count, key_bytes, value_bytes), before, "{status:?} wrote an out-parameter");
                Scan::Failed(status)
            }
        }
    }

    fn load_many(&self, keys: &[Vec<u8>], room: usize) -> Many {
        let count = keys.len();
        let mut numbers = vec![UNSET; count];
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
            (Guarded::new(room), Self::offsets(self.config.value, count), room);
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
        let mut numbers = vec![UNSET; count];
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
        let mut numbers = vec![UNSET; count];
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
