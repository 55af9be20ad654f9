//! The choice of the kind, made once, and the operations on keys and values as bytes.

use super::{
    Decide,
    config::{Config, Kind, Width},
    error::Error,
};
use crate::{
    base::{hash::Hasher, mem::Memory},
    item::{Bytes, Column, ColumnWriter, Equals, Key, Receive, Value, ValueBuf, Word, initialised},
    kinds::{
        Kind as _, Outcome, batch,
        operation::{
            CompareAndDelete, CompareAndSwap, Decision, Delete, LoadAndDelete, LoadOrStore, Operation, Store, Swap,
            Update,
        },
        read_dirty::ReadDirty,
        sharded::Sharded,
        single_lock::{Bucketed, MutexMap, RwMutexMap},
        sinks::EntrySink,
        stats::{BucketView, Stats},
    },
    table::Sink,
};
use core::{convert::Infallible, mem::MaybeUninit};

/// The longest key or value in bytes.
pub const MAX_LENGTH: usize = i32::MAX as usize;

/// A key or value out of the caller's bytes.
pub trait Parse {
    type Parsed<'a>: Copy;
    const WIDTH: Width;
    fn parse(bytes: &[u8]) -> Result<Self::Parsed<'_>, Error>;
}

impl Parse for Word {
    type Parsed<'a> = u64;
    const WIDTH: Width = Width::Word;
    fn parse(bytes: &[u8]) -> Result<u64, Error> {
        bytes.try_into().map(u64::from_ne_bytes).map_err(|_| Error::Size)
    }
}

impl Parse for Bytes {
    type Parsed<'a> = &'a [u8];
    const WIDTH: Width = Width::Bytes;
    fn parse(bytes: &[u8]) -> Result<&[u8], Error> {
        if bytes.len() > MAX_LENGTH { Err(Error::Size) } else { Ok(bytes) }
    }
}

/// A type of key that comes as bytes.
pub trait ParsedKey: Key + for<'a> Parse<Parsed<'a> = Self::Ref<'a>> {}
impl ParsedKey for Word {}
impl ParsedKey for Bytes {}

/// A type of value that comes as bytes.
pub trait ParsedValue: Value + for<'a> Parse<Parsed<'a> = Self::Ref<'a>> {}
impl ParsedValue for Word {}
impl ParsedValue for Bytes {}

/// Bytes need offsets.
fn check<T: Parse>(column: &ColumnWriter<'_>) -> Result<(), Error> {
    if T::WIDTH == Width::Word || column.has_offsets() { Ok(()) } else { Err(Error::Type) }
}

/// A map of one type of key and value, of any kind.
// It is one of them for life and never moves; the largest has some 1500 bytes.
#[allow(clippy::large_enum_variant)]
pub enum Engine<K: Key, V: Value> {
    Bucketed(Bucketed<K, V>),
    Mutex(MutexMap<K, V>),
    RwMutex(RwMutexMap<K, V>),
    Sharded(Sharded<K, V>),
    ReadDirty(ReadDirty<K, V>),
}

/// Evaluates an expression for the kind that this engine is.
macro_rules! with_kind {
    ($engine:expr, $kind:ident => $body:expr) => {
        match $engine {
            Engine::Bucketed($kind) => $body,
            Engine::Mutex($kind) => $body,
            Engine::RwMutex($kind) => $body,
            Engine::Sharded($kind) => $body,
            Engine::ReadDirty($kind) => $body,
        }
    };
}

impl<K: ParsedKey, V: ParsedValue> Engine<K, V> {
    pub fn new(config: &Config) -> Result<Self, Error> {
        let hasher = Hasher::new(config.seed, config.hash_bits)?;
        let memory = Memory::new(config.allocator);
        let this = match config.kind {
            Kind::Bucketed => Self::Bucketed(Bucketed::new(hasher, memory)),
            Kind::Mutex => Self::Mutex(MutexMap::new(hasher, memory)),
            Kind::RwMutex => Self::RwMutex(RwMutexMap::new(hasher, memory)),
            Kind::Sharded => Self::Sharded(Sharded::new(config.shards, hasher, memory)),
            Kind::ReadDirty => Self::ReadDirty(ReadDirty::new(hasher, memory)),
        };
        if config.capacity > 0 {
            this.reserve(config.capacity)?;
        }
        Ok(this)
    }

    pub fn hasher(&self) -> &Hasher {
        with_kind!(self, kind => kind.hasher())
    }

    // By key as it is stored.

    #[inline(always)]
    pub fn load_key(&self, key: K::Ref<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        Ok(with_kind!(self, kind => kind.load(&K::hashed(kind.hasher(), key), out))?)
    }

    /// Refuses with [`Error::Busy`] where `load_key` would wait.
    #[inline(always)]
    pub fn peek_key(&self, key: K::Ref<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let result = with_kind!(self, kind => kind.peek(&K::hashed(kind.hasher(), key), out));
        Ok(result.ok_or(Error::Busy)??)
    }

    #[inline(always)]
    pub fn write_key<'v>(&self, key: K::Ref<'_>, operation: impl Operation<'v, V>) -> Result<Outcome, Error> {
        Ok(with_kind!(self, kind => kind.write(&K::hashed(kind.hasher(), key), operation))?)
    }

    /// Carries out the operation that `operation` gives for each key.
    #[inline(always)]
    pub fn write_each<'k, 'v, O: Operation<'v, V>>(
        &self,
        count: usize,
        key: impl Fn(usize) -> Result<K::Ref<'k>, Error>,
        operation: impl Fn(usize) -> Result<O, Error>,
        mut status: impl FnMut(usize, Result<Outcome, Error>),
    ) {
        with_kind!(self, kind => batch::for_each(kind, count, key, |index, key| {
            status(index, key.and_then(|key| Ok(key.write(kind, operation(index)?)?)));
        }));
    }

    // By bytes.

    pub fn load(&self, key: &[u8], out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        self.load_key(K::parse(key)?, out)
    }
    pub fn peek(&self, key: &[u8], out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        self.peek_key(K::parse(key)?, out)
    }
    pub fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, Store(V::parse(value)?))
    }
    pub fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, LoadOrStore(V::parse(value)?, out))
    }
    pub fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, LoadAndDelete(out))
    }
    pub fn delete(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, Delete)
    }
    pub fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, Swap(V::parse(value)?, out))
    }
    pub fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, CompareAndSwap { old: V::parse(old)?, new: V::parse(new)? })
    }
    pub fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error> {
        self.write_key(K::parse(key)?, CompareAndDelete(V::parse(old)?))
    }
    pub fn update<E: From<Error>>(&self, key: &[u8], decide: &mut Decide<'_, &[u8], E>) -> Result<Outcome, E> {
        let mut refusal = None;
        let mut decide = |current: Option<&[u8]>| {
            let step = decide(current).and_then(|decision| {
                Ok(match decision {
                    Decision::Keep => Decision::Keep,
                    Decision::Store(value) => Decision::Store(V::parse(value)?),
                    Decision::Delete => Decision::Delete,
                })
            });
            // Nothing becomes of the entry then.
            step.unwrap_or_else(|why| {
                refusal = Some(why);
                Decision::Keep
            })
        };
        let outcome = self.write_key(K::parse(key)?, Update(&mut decide))?;
        refusal.map_or(Ok(outcome), Err)
    }
    /// Whether the key has just this value.
    pub fn has(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        let mut same = Equals::<V>::to(V::parse(value)?);
        let outcome = self.load_key(K::parse(key)?, &mut same)?;
        Ok(if outcome == Outcome::Done && !same.result() { Outcome::Mismatch } else { outcome })
    }

    pub fn load_many(
        &self,
        keys: Column<'_>,
        values: &mut ColumnWriter<'_>,
        mut status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        check::<V>(values)?;
        values.restart();
        let parse = |index| K::parse(keys.get(index));
        with_kind!(self, kind => batch::for_each(kind, keys.count(), parse, |index, key| {
            let mut out = values.remaining();
            let result = key.and_then(|key| Ok(key.load(kind, &mut out)?));
            let size = out.size();
            match result {
                // SAFETY: the value was written there, or did not fit.
                Ok(Outcome::Done) | Err(Error::Buffer) => unsafe { values.commit(size) },
                // Values that are words have a place each.
                _ => values.push_zeros(if V::WIDTH == Width::Word { 8 } else { 0 }),
            }
            status(index, result);
        }));
        if values.overflowed() { Err(Error::Buffer) } else { Ok(()) }
    }
    pub fn store_many(&self, keys: Column<'_>, values: Column<'_>, status: impl FnMut(usize, Result<Outcome, Error>)) {
        let value = |index| Ok(Store(V::parse(values.get(index))?));
        self.write_each(keys.count(), |index| K::parse(keys.get(index)), value, status);
    }
    pub fn delete_many(&self, keys: Column<'_>, status: impl FnMut(usize, Result<Outcome, Error>)) {
        self.write_each(keys.count(), |index| K::parse(keys.get(index)), |_| Ok(Delete), status);
    }

    // The whole map.

    pub fn len(&self) -> Result<u64, Error> {
        Ok(with_kind!(self, kind => kind.len())?)
    }
    pub fn clear(&self) -> Result<(), Error> {
        Ok(with_kind!(self, kind => kind.clear())?)
    }
    /// What is there has its room, however unevenly it lies and however far growth has come.
    pub fn reserve(&self, entries: u64) -> Result<(), Error> {
        Ok(with_kind!(self, kind => if entries <= kind.len()? { Ok(()) } else { kind.reserve(entries) })?)
    }
    pub fn shrink(&self) -> Result<(), Error> {
        Ok(with_kind!(self, kind => kind.shrink())?)
    }
    pub fn before_range(&self) -> Result<(), Error> {
        Ok(with_kind!(self, kind => kind.before_range())?)
    }
    /// Writes entries from `cursor` to `until` (0: all).
    pub fn scan(
        &self,
        cursor: &mut u64,
        until: u64,
        keys: &mut ColumnWriter<'_>,
        values: &mut ColumnWriter<'_>,
    ) -> Result<Outcome, Error> {
        check::<K>(keys)?;
        check::<V>(values)?;
        // SAFETY: only the scan gets the sink, and the values of this map are of type `V`.
        self.scan_into(cursor, until, &mut unsafe { EntrySink::<K, V>::new(keys, values) })
    }
    /// The same into any sink.
    pub fn scan_into(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Outcome, Error> {
        Ok(with_kind!(self, kind => kind.scan(cursor, until, sink))?)
    }
    pub fn stats(&self) -> Result<Stats, Error> {
        let mut stats = Stats::default();
        with_kind!(self, kind => kind.stats(&mut stats))?;
        stats.load_factor = stats.entries as f64 / stats.buckets.max(1) as f64;
        Ok(stats)
    }
    pub fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        Ok(with_kind!(self, kind => kind.inspect(table, bucket, depth))?)
    }
}

impl Engine<Word, Word> {
    /// The values of as many keys as there are places for, 0 where there is none.
    pub fn load_many_u64<'v>(
        &self,
        keys: &[u64],
        values: &'v mut [MaybeUninit<u64>],
        mut status: impl FnMut(usize, Result<Outcome, Error>),
    ) -> &'v [u64] {
        let count = keys.len().min(values.len());
        let key = |index| Ok::<_, Infallible>(keys[index]);
        with_kind!(self, kind => batch::for_each(kind, count, key, |index, Ok(key)| {
            let mut value = 0;
            let result = key.load(kind, &mut value).map_err(Error::from);
            // An attempt that was thrown away may have left a value behind.
            values[index].write(if result == Ok(Outcome::Done) { value } else { 0 });
            status(index, result);
        }));
        // SAFETY: each key wrote its place.
        unsafe { initialised(&values[..count]) }
    }
}
