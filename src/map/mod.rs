//! A [`Map`] of any kind, with any types of key and value, chosen when it is made.
//!
//! Keys and values are bytes here, or words where the name says so; a word as bytes is its 8 bytes in the machine's order. What
//! each operation promises is told in the C header, which says the same in C's terms.

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

/// For `ffi`, which counts the references to a map and uses no layer below this one.
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
/// Any number of threads may use it at once through shared references; a map of the kind [`Kind::Bucketed`] refuses a second one.
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
// In this order what a call from C reads is one cache line.
#[repr(C)]
pub struct Map {
    typed: Owned<dyn TypedMap>,
    /// Whether `update` was ever called: from then on each call looks whether it comes from inside one. Only ever goes from false to true.
    updates: AtomicBool,
    /// Iterations begun, for the random start of each.
    ranges: AtomicU64,
    config: Config,
}

/// Says what becomes of a key, given the value that is there. An error means that nothing becomes of it.
pub type Decide<'o, R, E = Error> = dyn FnMut(Option<&[u8]>) -> Result<Decision<R>, E> + 'o;

impl Map {
    /// An empty map.
    pub fn new(config: Config) -> Result<Self, Error> {
        let typed = typed::new(&config)?;
        Ok(Self { typed, updates: AtomicBool::new(false), ranges: AtomicU64::new(0), config })
    }

    /// What the map was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The map by its kind and types, unless this thread is inside an update of it.
    #[inline(always)]
    fn typed(&self) -> Result<&dyn TypedMap, Error> {
        if self.updates.load(Relaxed) && reentrancy::is_inside(self) { Err(Error::Reentrant) } else { Ok(&*self.typed) }
    }

    // Operations on one key.

    /// [`Outcome::Done`] with the value in `out`, or [`Outcome::NotFound`].
    pub fn load(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load(key, out)
    }
    /// As [`Map::load`], or [`Error::Busy`] where that would wait.
    pub fn peek(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.peek(key, out)
    }
    /// [`Outcome::Done`] if the key is there, or [`Outcome::NotFound`].
    pub fn contains(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.contains(key)
    }
    /// A copy of the value of a key.
    pub fn load_vec(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut vec = Vec::new();
        loop {
            let mut value = ValueBuf::new(vec.spare_capacity_mut());
            match self.load(key, &mut value) {
                Ok(Outcome::Done) => {
                    let size = value.filled().len();
                    // SAFETY: so many bytes of the spare capacity of an empty vector are filled.
                    unsafe { vec.set_len(size) };
                    return Ok(Some(vec));
                }
                Ok(_) => return Ok(None),
                // It may grow again before the next attempt.
                Err(Error::Buffer) => {
                    let size = value.size();
                    vec.try_reserve(size).map_err(|_| Error::Memory)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
    /// The key has the value from now on.
    pub fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.store(key, value)
    }
    /// [`Outcome::Loaded`] with the value that was there in `out`, or [`Outcome::Done`]: stored.
    pub fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load_or_store(key, value, out)
    }
    /// [`Outcome::Done`] with the value that was there in `out`, or [`Outcome::NotFound`].
    pub fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.load_and_delete(key, out)
    }
    /// [`Outcome::Done`] or [`Outcome::NotFound`].
    pub fn delete(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.delete(key)
    }
    /// [`Outcome::Loaded`] with the previous value in `out`, or [`Outcome::Done`]: there was none. Stored in both cases.
    pub fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.typed()?.swap(key, value, out)
    }
    /// [`Outcome::Done`], [`Outcome::Mismatch`] or [`Outcome::NotFound`].
    pub fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.compare_and_swap(key, old, new)
    }
    /// [`Outcome::Done`], [`Outcome::Mismatch`] or [`Outcome::NotFound`].
    pub fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error> {
        self.typed()?.compare_and_delete(key, old)
    }
    /// Adds to a word value, from zero if there is none, and returns the sum; wraps.
    pub fn add(&self, key: &[u8], delta: u64) -> Result<u64, Error> {
        self.typed()?.add(key, delta)
    }

    /// Lets `decide` say what becomes of a key, while the key is locked. It is given the value that is there, and asked once.
    /// A call of the same thread into this map from there is refused with [`Error::Reentrant`].
    pub fn update<E: From<Error>>(&self, key: &[u8], decide: &mut Decide<'_, &[u8], E>) -> Result<Outcome, E> {
        // Only once: every operation reads the flag, and should find it in its cache. A thread that has seen or made the change keeps
        // seeing it.
        if !self.updates.load(Relaxed) {
            self.updates.store(true, Relaxed);
        }
        let typed = self.typed()?;
        let mut refusal = None;
        let mut ask = |current: Option<&[u8]>| decide(current).map_err(|why| refusal = Some(why)).ok();
        let outcome = reentrancy::enter(self, || typed.update(key, &mut ask));
        refusal.map_or_else(|| Ok(outcome?), Err)
    }

    // Batches. `report` is called once for each key, in order.

    /// Writes the values one after the other; where there is none, a word is 0 and bytes are empty.
    /// After [`Error::Buffer`] `values` tells the capacity that is needed.
    pub fn load_many(
        &self,
        keys: Column<'_>,
        values: &mut ColumnWriter<'_>,
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.typed()?.load_many(keys, values, &mut report)
    }
    /// Stores the keys, each with its value: `values` has as many as `keys`.
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

    /// The number of entries; exact when nobody writes.
    pub fn len(&self) -> Result<u64, Error> {
        self.typed()?.len()
    }
    /// Whether there is no entry; exact when nobody writes.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }
    /// Deletes all entries, each at a moment of its own.
    pub fn clear(&self) -> Result<Outcome, Error> {
        self.typed()?.clear()?;
        Ok(Outcome::Done)
    }
    /// Makes sure that so many entries in all can be stored without growth on the way.
    pub fn reserve(&self, entries: u64) -> Result<Outcome, Error> {
        self.typed()?.reserve(entries)?;
        Ok(Outcome::Done)
    }
    /// Gives back memory that the entries no longer need.
    pub fn shrink(&self) -> Result<Outcome, Error> {
        self.typed()?.shrink()?;
        Ok(Outcome::Done)
    }
    /// Begins an iteration: returns a random position to start from, and promotes the dirty map of a `read_dirty` map. Two scans then
    /// visit every entry: from there to the end of all, and, unless that is 0, from 0 to there.
    pub fn begin_scan(&self) -> Result<u64, Error> {
        let typed = self.typed()?;
        typed.before_range()?;
        let number = self.ranges.fetch_add(1, Relaxed);
        Ok(typed.hasher().hash_unmasked(number ^ 0x9e37_79b9_7f4a_7c15))
    }
    /// Writes entries from the position `cursor` up to `end`; 0 is the end of all. [`Outcome::End`] with the cursor at 0, or
    /// [`Outcome::Done`]: there may be more. [`Error::Buffer`]: the next entries do not fit, the writers tell the capacity they
    /// need, and the cursor stays.
    pub fn scan(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &mut ColumnWriter<'_>,
        values: &mut ColumnWriter<'_>,
    ) -> Result<Outcome, Error> {
        self.typed()?.scan(cursor, end, keys, values)
    }
    /// Calls `visit` with every entry, holding nothing meanwhile. [`Outcome::Done`], or [`Outcome::End`] when `visit` returned false.
    pub fn range(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<Outcome, Error> {
        self.walk(&mut |key, value| Ok(visit(key, value)))
    }
    /// Deletes the entries that `predicate` returns true for, unless they have changed since it saw them; returns how many.
    pub fn delete_if(&self, predicate: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<u64, Error> {
        let mut deleted = 0;
        self.walk(&mut |key, value| {
            if predicate(key, value) {
                deleted += u64::from(self.compare_and_delete(key, value)? == Outcome::Done);
            }
            Ok(true)
        })?;
        Ok(deleted)
    }
    /// A new map with the entries of this one. The types of key and value must be the same.
    pub fn clone_into(&self, config: Config) -> Result<Map, Error> {
        if (config.key, config.value) != (self.config.key, self.config.value) {
            return Err(Error::Type);
        }
        let copy = Map::new(config)?;
        copy.reserve(self.len()?)?;
        self.walk(&mut |key, value| copy.store(key, value).map(|_| true))?;
        Ok(copy)
    }
    /// [`Outcome::Done`] if both have the same keys with the same values, else [`Outcome::Mismatch`].
    pub fn equal(&self, other: &Map) -> Result<Outcome, Error> {
        if (other.config.key, other.config.value) != (self.config.key, self.config.value) {
            return Err(Error::Type);
        }
        let mut entries = 0;
        let outcome = self.walk(&mut |key, value| {
            entries += 1;
            other.typed()?.has(key, value).map(|outcome| outcome == Outcome::Done)
        })?;
        Ok(if outcome == Outcome::Done && other.len()? == entries { Outcome::Done } else { Outcome::Mismatch })
    }
    /// Figures about the map.
    pub fn stats(&self) -> Result<Stats, Error> {
        self.typed()?.stats()
    }
    /// One bucket as it stands; `None` if there is no such bucket. Tables are shards, or the read map (0) and the dirty map (1).
    pub fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        self.typed()?.inspect(table, bucket, depth)
    }
}
