//! The safe face: a [`Map`] of any kind, with any types of key and value, chosen at run time.
//!
//! Keys and values are bytes here, or words where the name says so; a word as bytes is its 8 bytes in the machine's order. What
//! each operation promises is told in the C header, which says the same in C's terms.

mod config;
mod dispatch;
mod error;
mod iterate;
mod reentrancy;
mod words;

pub use crate::{
    base::mem::{Allocator, Memory},
    item::{Column, ColumnWriter, ValueBuf},
    kinds::{
        Outcome,
        operation::Decision,
        sharded::MAX_SHARDS,
        stats::{BucketView, SlotState, Stats},
    },
    table::Attempt,
};
pub use config::{Config, Kind, Width};
pub use dispatch::MAX_LENGTH;
pub use error::Error;

/// For `ffi`, which counts the references to a map and uses no layer below this one.
pub(crate) use crate::base::sync;

use crate::{
    base::sync::{AtomicBool, AtomicU64, Ordering::Relaxed},
    item::{Bytes, Nothing, Word},
    kinds::{
        Kind as _,
        operation::{Add, Delete, Store},
        sinks::WordSink,
    },
};
use core::mem::MaybeUninit;
use dispatch::Engine;

/// A concurrent map.
pub struct Map {
    /// A sharded map of words to words with the whole hash, and `update` was never called.
    /// Only ever goes from true to false.
    is_plain: AtomicBool,
    typed: Typed,
    /// Whether `update` was ever called: from then on each call looks whether it comes from inside one.
    updates: AtomicBool,
    config: Config,
    /// Iterations begun, for the random start of each.
    ranges: AtomicU64,
}

/// The user, who is shown the value that is there, if there is one, and decides. An error means that nothing becomes of the entry.
pub type Decide<'o, R, E = Error> = dyn FnMut(Option<&[u8]>) -> Result<Decision<R>, E> + 'o;

/// The map by its types of key and value.
enum Typed {
    WordToWord(Engine<Word, Word>),
    WordToBytes(Engine<Word, Bytes>),
    BytesToWord(Engine<Bytes, Word>),
    BytesToBytes(Engine<Bytes, Bytes>),
}

/// Evaluates an expression for the types that this map has, unless the call comes from inside an update of it.
macro_rules! with_engine {
    ($map:expr, $engine:ident => $body:expr) => {
        match $map.entered()? {
            Typed::WordToWord($engine) => $body,
            Typed::WordToBytes($engine) => $body,
            Typed::BytesToWord($engine) => $body,
            Typed::BytesToBytes($engine) => $body,
        }
    };
}

impl Map {
    pub fn new(config: Config) -> Result<Self, Error> {
        let typed = match (config.key, config.value) {
            (Width::Word, Width::Word) => Typed::WordToWord(Engine::new(&config)?),
            (Width::Word, Width::Bytes) => Typed::WordToBytes(Engine::new(&config)?),
            (Width::Bytes, Width::Word) => Typed::BytesToWord(Engine::new(&config)?),
            (Width::Bytes, Width::Bytes) => Typed::BytesToBytes(Engine::new(&config)?),
        };
        let is_plain = matches!(&typed, Typed::WordToWord(Engine::Sharded(kind)) if !kind.hasher().is_masked());
        let (is_plain, updates) = (AtomicBool::new(is_plain), AtomicBool::new(false));
        Ok(Self { is_plain, typed, updates, config, ranges: AtomicU64::new(0) })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The map by its types, unless this thread is inside an update of it.
    #[inline(always)]
    fn entered(&self) -> Result<&Typed, Error> {
        if self.updates.load(Relaxed) && reentrancy::is_inside(self) { Err(Error::Reentrant) } else { Ok(&self.typed) }
    }

    // Operations on one key.

    /// [`Outcome::Done`] with the value in `out`, or [`Outcome::NotFound`].
    pub fn load(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.load(key, out))
    }
    /// As [`Map::load`], or [`Error::Busy`] where that would wait.
    pub fn peek(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.peek(key, out))
    }
    pub fn contains(&self, key: &[u8]) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.load(key, &mut Nothing))
    }
    pub fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.store(key, value))
    }
    /// [`Outcome::Loaded`] with the value that was there in `out`, or [`Outcome::Done`]: stored.
    pub fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.load_or_store(key, value, out))
    }
    /// [`Outcome::Done`] with the value that was there in `out`, or [`Outcome::NotFound`].
    pub fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.load_and_delete(key, out))
    }
    /// [`Outcome::Done`] or [`Outcome::NotFound`].
    pub fn delete(&self, key: &[u8]) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.delete(key))
    }
    /// [`Outcome::Loaded`] with the previous value in `out`, or [`Outcome::Done`]: there was none. Stored in both cases.
    pub fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.swap(key, value, out))
    }
    /// [`Outcome::Done`], [`Outcome::Mismatch`] or [`Outcome::NotFound`].
    pub fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.compare_and_swap(key, old, new))
    }
    /// [`Outcome::Done`], [`Outcome::Mismatch`] or [`Outcome::NotFound`].
    pub fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.compare_and_delete(key, old))
    }
    /// Adds to a word value, from zero if there is none, and returns the sum; wraps.
    pub fn add(&self, key: &[u8], delta: u64) -> Result<u64, Error> {
        use dispatch::Parse;
        let mut sum = 0;
        let operation = Add { delta, sum: &mut sum };
        match self.entered()? {
            Typed::WordToWord(engine) => engine.write_key(Word::parse(key)?, operation)?,
            Typed::BytesToWord(engine) => engine.write_key(Bytes::parse(key)?, operation)?,
            _ => return Err(Error::Type),
        };
        Ok(sum)
    }

    /// Lets `decide` say what becomes of a key, while the key is locked. It is given the value that is there, and asked once.
    /// A call of the same thread into this map from there is refused with [`Error::Reentrant`].
    pub fn update<E: From<Error>>(&self, key: &[u8], decide: &mut Decide<'_, &[u8], E>) -> Result<Outcome, E> {
        // Each by itself: of two threads here for the first time, neither may count on the other having come to both, and what a
        // thread has read or written of a flag it does not unlearn. Only once: every operation reads them, and should find
        // them in its cache.
        if self.is_plain.load(Relaxed) {
            self.is_plain.store(false, Relaxed);
        }
        if !self.updates.load(Relaxed) {
            self.updates.store(true, Relaxed);
        }
        with_engine!(self, engine => reentrancy::enter(self, || engine.update(key, decide)))
    }

    // Batches. `status` is called once for each key, in order.

    /// Writes the values one after the other; where there is none, a word is 0 and bytes are empty.
    /// After [`Error::Buffer`] `values` tells the capacity that is needed.
    pub fn load_many(
        &self,
        keys: Column<'_>,
        values: &mut ColumnWriter<'_>,
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        with_engine!(self, engine => engine.load_many(keys, values, status))
    }
    /// `values` has as many as `keys`.
    pub fn store_many(
        &self,
        keys: Column<'_>,
        values: Column<'_>,
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        with_engine!(self, engine => engine.store_many(keys, values, status));
        Ok(())
    }
    pub fn delete_many(
        &self,
        keys: Column<'_>,
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        with_engine!(self, engine => engine.delete_many(keys, status));
        Ok(())
    }
    /// The values of as many keys as `values` has places for; 0 where there is none.
    pub fn load_many_u64<'v>(
        &self,
        keys: &[u64],
        values: &'v mut [MaybeUninit<u64>],
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<&'v [u64], Error> {
        Ok(self.words()?.load_many_u64(keys, values, status))
    }
    /// `values` has as many as `keys`.
    pub fn store_many_u64(
        &self,
        keys: &[u64],
        values: &[u64],
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        let count = keys.len().min(values.len());
        self.words()?.write_each(count, |index| Ok(keys[index]), |index| Ok(Store(values[index])), status);
        Ok(())
    }
    pub fn delete_many_u64(
        &self,
        keys: &[u64],
        status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.words()?.write_each(keys.len(), |index| Ok(keys[index]), |_| Ok(Delete), status);
        Ok(())
    }

    // The whole map.

    /// The number of entries; exact when nobody writes.
    pub fn len(&self) -> Result<u64, Error> {
        with_engine!(self, engine => engine.len())
    }
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }
    pub fn clear(&self) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.clear())?;
        Ok(Outcome::Done)
    }
    pub fn reserve(&self, entries: u64) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.reserve(entries))?;
        Ok(Outcome::Done)
    }
    pub fn shrink(&self) -> Result<Outcome, Error> {
        with_engine!(self, engine => engine.shrink())?;
        Ok(Outcome::Done)
    }
    /// Begins an iteration: returns a random position to start from, and promotes the dirty map of a `read_dirty` map. Two scans then
    /// visit every entry: from there to the end of all, and, unless that is 0, from 0 to there.
    pub fn begin_scan(&self) -> Result<u64, Error> {
        let number = self.ranges.fetch_add(1, Relaxed);
        with_engine!(self, engine => {
            engine.before_range()?;
            Ok(engine.hasher().hash_unmasked(number ^ 0x9e37_79b9_7f4a_7c15))
        })
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
        with_engine!(self, engine => engine.scan(cursor, end, keys, values))
    }
    /// As [`Map::scan`], from word to word: the keys and the values that were written. `count` becomes their number; after
    /// [`Error::Buffer`], how many places the next ones need.
    pub fn scan_u64<'a>(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &'a mut [MaybeUninit<u64>],
        values: &'a mut [MaybeUninit<u64>],
        count: &mut usize,
    ) -> Result<(Outcome, &'a [u64], &'a [u64]), Error> {
        let mut entries = WordSink::new(keys, values);
        let outcome = self.words()?.scan_into(cursor, end, &mut entries);
        *count = entries.count();
        let (keys, values) = entries.filled();
        Ok((outcome?, keys, values))
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
            with_engine!(other, engine => engine.has(key, value)).map(|outcome| outcome == Outcome::Done)
        })?;
        Ok(if outcome == Outcome::Done && other.len()? == entries { Outcome::Done } else { Outcome::Mismatch })
    }
    pub fn stats(&self) -> Result<Stats, Error> {
        with_engine!(self, engine => engine.stats())
    }
    /// One bucket as it stands; `None` if there is no such bucket. Tables are shards, or the read map (0) and the dirty map (1).
    pub fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        with_engine!(self, engine => engine.inspect(table, bucket, depth))
    }
}
