//! [`Map`]: a map of any kind and with any types of keys and values, chosen when the map is
//! created.
//!
//! The functions take and return keys and values as bytes; those whose names end in `_u64`, as
//! words. A word as bytes is its 8 bytes in the machine's byte order. The C header
//! `include/portolan.h` says what each operation guarantees, in C's terms; the same holds here.

mod config;
mod error;
mod iterate;
mod owned;
mod reentrancy;
mod registry;
mod typed;
mod words;

pub use crate::{
    base::mem::Allocator,
    item::{Column, ColumnWriter, ValueBuf, WrongSize},
    kinds::{
        Outcome,
        operation::Decision,
        sharded::MAX_SHARDS,
        stats::{BucketView, SlotState, Stats},
    },
};
pub use config::{Config, Width};
pub use error::Error;
pub use registry::Kind;
pub use typed::MAX_LENGTH;

/// Re-exported for `ffi`, which may use no layer below this one.
pub(crate) use crate::{
    base::{mem::Memory, sync},
    table::Attempt,
};
pub(crate) use words::{PerKind, WordMap};

use crate::base::sync::{AtomicBool, AtomicU64, Ordering::Relaxed};
use owned::Owned;
use typed::TypedMap;

/// A concurrent map.
///
/// Any number of threads may use it at once through shared references. Only a map of the kind
/// [`Kind::Bucketed`] is for one thread at a time: if a second thread enters, its call fails with
/// [`Error::Concurrent`].
///
/// ```
/// use portolan::map::{Config, Map, Outcome, ValueBuf};
///
/// let map = Map::new(Config::default())?;
/// map.store(b"mare", b"sea")?;
///
/// let mut buffer = [0; 16];
/// let mut value = ValueBuf::from(&mut buffer[..]);
/// assert_eq!(map.load(b"mare", &mut value)?, Outcome::Done);
/// assert_eq!(value.filled(), b"sea");
/// assert_eq!(map.load_vec(b"terra")?, None);
/// # Ok::<(), portolan::map::Error>(())
/// ```
// In this order, the fields that a call from C reads lie in one cache line.
#[repr(C)]
pub struct Map {
    typed: Owned<dyn TypedMap>,
    /// Whether `update` was ever called. From then on, each call tests whether it comes from inside
    /// an update. Never goes back to false.
    was_updated: AtomicBool,
    /// How many iterations have begun. The random start of an iteration is computed from it.
    iterations: AtomicU64,
    config: Config,
}

/// Decides what [`Map::update`] does with a key, given the key's value, if it has one. If it
/// returns an error, the key stays as it is.
pub type Decide<'o, R, E = Error> = dyn FnMut(Option<&[u8]>) -> Result<Decision<R>, E> + 'o;

impl Map {
    /// A new, empty map.
    pub fn new(config: Config) -> Result<Self, Error> {
        let typed = typed::new(&config)?;
        Ok(Self { typed, was_updated: AtomicBool::new(false), iterations: AtomicU64::new(0), config })
    }

    /// The options that the map was created with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The map behind its kind and types. [`Error::Reentrant`] if this thread is inside an update
    /// of it.
    #[inline(always)]
    fn typed(&self) -> Result<&dyn TypedMap, Error> {
        if self.was_updated.load(Relaxed) && reentrancy::is_inside(self) {
            return Err(Error::Reentrant);
        }
        Ok(&*self.typed)
    }

    // Operations on one key.

    /// Copies the value of a key to `out`. Returns [`Outcome::Done`], or [`Outcome::NotFound`] if
    /// the key is not in the map.
    pub fn load(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load(key, out)
    }
    /// Like [`Map::load`], but fails with [`Error::Busy`] where that would wait for another thread.
    pub fn peek(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.peek(key, out)
    }
    /// Returns [`Outcome::Done`] if the key is in the map, else [`Outcome::NotFound`].
    pub fn contains(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.contains(key)
    }
    /// Returns a copy of the value of a key; `None` if the key is not in the map.
    pub fn load_vec(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut vec = Vec::new();
        loop {
            let mut value = ValueBuf::new(vec.spare_capacity_mut());
            match self.load(key, &mut value) {
                Ok(Outcome::Done) => {
                    let size = value.filled().len();
                    // SAFETY: the vector is empty, and the load filled the first `size` bytes of
                    // its capacity.
                    unsafe { vec.set_len(size) };
                    return Ok(Some(vec));
                }
                Ok(_) => return Ok(None),
                // Another thread may store a longer value before the next attempt, so this is a
                // loop.
                Err(Error::Buffer) => {
                    let size = value.size();
                    vec.try_reserve(size).map_err(|_| Error::Memory)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
    /// Gives a key a value, whether it had one or not.
    pub fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.store(key, value)
    }
    /// If the key has a value, copies it to `out` and returns [`Outcome::Loaded`]. Otherwise stores
    /// `value` and returns [`Outcome::Done`].
    pub fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load_or_store(key, value, out)
    }
    /// Deletes a key and copies the value that it had to `out`. Returns [`Outcome::Done`], or
    /// [`Outcome::NotFound`] if the key is not in the map.
    pub fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load_and_delete(key, out)
    }
    /// Deletes a key. Returns [`Outcome::Done`], or [`Outcome::NotFound`] if the key is not in the
    /// map.
    pub fn delete(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.delete(key)
    }
    /// Stores `value`. If the key had a value before, copies that to `out` and returns
    /// [`Outcome::Loaded`], else returns [`Outcome::Done`].
    pub fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.swap(key, value, out)
    }
    /// Stores `new` and returns [`Outcome::Done`] if the key's value is `old`. Otherwise returns
    /// [`Outcome::Mismatch`], or [`Outcome::NotFound`] if the key is not in the map.
    pub fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.compare_and_swap(key, old, new)
    }
    /// Deletes a key and returns [`Outcome::Done`] if its value is `old`. Otherwise returns
    /// [`Outcome::Mismatch`], or [`Outcome::NotFound`] if the key is not in the map.
    pub fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.compare_and_delete(key, old)
    }
    /// Adds to a value that is a word, and returns the sum, which wraps around. A key that is not
    /// in the map counts from 0.
    pub fn add(&self, key: &[u8], delta: u64) -> Result<u64, Error> {
        self.typed()?.add(key, delta)
    }

    /// Calls `decide` with the value of a key, and does what it returns, as one atomic operation.
    /// `decide` is called once, while the key is locked. Calls on this map from inside `decide`
    /// fail with [`Error::Reentrant`].
    pub fn update<E: From<Error>>(&self, key: &[u8], decide: &mut Decide<'_, &[u8], E>) -> Result<Outcome, E> {
        // Store the flag only once: every operation reads its cache line. Relaxed is enough: the
        // calls that must see the flag are made by this thread, inside this update.
        if !self.was_updated.load(Relaxed) {
            self.was_updated.store(true, Relaxed);
        }
        let typed = self.typed()?;
        let mut error = None;
        let mut decide = |current: Option<&[u8]>| decide(current).map_err(|why| error = Some(why)).ok();
        let outcome = reentrancy::enter(self, || typed.update(key, &mut decide));
        error.map_or_else(|| Ok(outcome?), Err)
    }

    // Batches. `report` is called once for each key, in order.

    /// Writes the values of the keys to `values`, one after the other. For a key that is not in the
    /// map, it writes the word 0, or no bytes. After [`Error::Buffer`], `values` tells the capacity
    /// that it needs.
    pub fn load_many(
        &self,
        keys: Column<'_>,
        values: &mut ColumnWriter<'_>,
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.typed()?.load_many(keys, values, &mut report)
    }
    /// Stores the keys with their values. `values` must have as many as `keys`.
    pub fn store_many(
        &self,
        keys: Column<'_>,
        values: Column<'_>,
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.typed()?.store_many(keys, values, &mut report);
        Ok(())
    }
    /// Deletes the keys.
    pub fn delete_many(
        &self,
        keys: Column<'_>,
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.typed()?.delete_many(keys, &mut report);
        Ok(())
    }

    // The whole map.

    /// The number of entries. Exact while no other thread writes.
    pub fn len(&self) -> Result<u64, Error> {
        self.typed()?.len()
    }
    /// Whether the map has no entry. Exact while no other thread writes.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }
    /// Deletes all entries, not necessarily at the same moment.
    pub fn clear(&self) -> Result<Outcome, Error> {
        self.typed()?.clear()?;
        Ok(Outcome::Done)
    }
    /// Makes sure that the map can hold `entries` entries, existing ones included, before it has to
    /// grow.
    pub fn reserve(&self, entries: u64) -> Result<Outcome, Error> {
        self.typed()?.reserve(entries)?;
        Ok(Outcome::Done)
    }
    /// Releases memory that the entries do not need.
    pub fn shrink(&self) -> Result<Outcome, Error> {
        self.typed()?.shrink()?;
        Ok(Outcome::Done)
    }
    /// Begins an iteration: returns a random position to start from, and promotes the dirty map of
    /// a read/dirty map. To visit every entry, scan from that position to the end of all positions,
    /// and then, unless the position is 0, from 0 to it.
    pub fn begin_scan(&self) -> Result<u64, Error> {
        let typed = self.typed()?;
        typed.before_iteration()?;
        let number = self.iterations.fetch_add(1, Relaxed);
        Ok(typed.hasher().full_hash(number ^ 0x9e37_79b9_7f4a_7c15))
    }
    /// Writes entries from the position `cursor` up to the position `end`; 0 is the end of all
    /// positions.
    ///
    /// - [`Outcome::Done`]: there may be more entries. The cursor is where the next scan begins.
    /// - [`Outcome::End`]: these were the last entries before `end`. The cursor is 0.
    /// - [`Error::Buffer`]: the next entries do not fit. The writers tell the capacity that they
    ///   need, and the cursor has not moved.
    pub fn scan(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &mut ColumnWriter<'_>,
        values: &mut ColumnWriter<'_>,
    ) -> Result<Outcome, Error> {
        self.typed()?.scan(cursor, end, keys, values)
    }
    /// Calls `visit` with every entry, until it returns false. No lock is held meanwhile. Returns
    /// [`Outcome::Done`], or [`Outcome::End`] if `visit` returned false.
    pub fn range(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<Outcome, Error> {
        self.for_each(&mut |key, value| Ok(visit(key, value)))
    }
    /// Deletes the entries for which `predicate` returns true, except those whose value has changed
    /// since `predicate` saw it. Returns how many it deleted.
    pub fn delete_if(&self, predicate: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<u64, Error> {
        let mut deleted = 0;
        self.for_each(&mut |key, value| {
            if predicate(key, value) {
                deleted += u64::from(self.compare_and_delete(key, value)? == Outcome::Done);
            }
            Ok(true)
        })?;
        Ok(deleted)
    }
    /// Returns a new map with the entries of this one. Fails with [`Error::Type`] if `config` asks
    /// for other types of keys or values.
    pub fn clone_into(&self, config: Config) -> Result<Map, Error> {
        if (config.key, config.value) != (self.config.key, self.config.value) {
            return Err(Error::Type);
        }
        let copy = Map::new(config)?;
        copy.reserve(self.len()?)?;
        self.for_each(&mut |key, value| copy.store(key, value).map(|_| true))?;
        Ok(copy)
    }
    /// Returns [`Outcome::Done`] if both maps have the same keys with the same values, else
    /// [`Outcome::Mismatch`].
    pub fn equal(&self, other: &Map) -> Result<Outcome, Error> {
        if (other.config.key, other.config.value) != (self.config.key, self.config.value) {
            return Err(Error::Type);
        }
        let mut entries = 0;
        let outcome = self.for_each(&mut |key, value| {
            entries += 1;
            other.typed()?.compare(key, value).map(|outcome| outcome == Outcome::Done)
        })?;
        Ok(if outcome == Outcome::Done && other.len()? == entries { Outcome::Done } else { Outcome::Mismatch })
    }
    /// Statistics of the map.
    pub fn stats(&self) -> Result<Stats, Error> {
        self.typed()?.stats()
    }
    /// Returns a copy of one bucket: the one `depth` steps down the chain of main bucket `bucket`.
    /// `None` if there is no such bucket. `table` is the number of a shard; in a read/dirty map, 0
    /// is the read map and 1 the dirty map.
    pub fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        self.typed()?.inspect(table, bucket, depth)
    }
}
