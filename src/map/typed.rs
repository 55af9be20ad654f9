//! A map with a static kind and static types ([`Typed`]), behind a trait that hides them
//! ([`TypedMap`]): the operations on the whole map, and those on keys and values as bytes.

use super::{
    config::{Config, Width},
    error::Error,
    owned::Owned,
    registry::{self, Visitor},
    words::WordMap,
};
use crate::{
    base::{hash::Hasher, mem::Memory},
    item::{Bytes, Column, ColumnWriter, Equals, Key, Nothing, Value, ValueBuf, Word},
    kinds::{
        Kind, Outcome, batch,
        operation::{
            Add, CompareAndDelete, CompareAndSwap, Decision, Delete, LoadAndDelete, LoadOrStore, Operation, Store,
            Swap, Update,
        },
        sinks::EntrySink,
        stats::{BucketView, Stats},
    },
};
use core::marker::PhantomData;

/// The longest key or value in bytes.
pub const MAX_LENGTH: usize = i32::MAX as usize;

/// Called with the index and the result of each key of a batch.
pub type Report<'a> = dyn FnMut(usize, Result<Outcome, Error>) + 'a;

/// The callback of an update. `None` means that it failed: the entry stays as it is.
pub type TryDecide<'a, 'v> = dyn FnMut(Option<&[u8]>) -> Option<Decision<&'v [u8]>> + 'a;

/// The operations of [`Map`](super::Map), which documents them. These do not test whether the call
/// comes from inside an update.
pub trait TypedMap: Send + Sync {
    fn load(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error>;
    fn peek(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error>;
    fn contains(&self, key: &[u8]) -> Result<Outcome, Error>;
    /// [`Outcome::Done`] if the key has this value, else [`Outcome::Mismatch`] or
    /// [`Outcome::NotFound`].
    fn compare(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error>;
    fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error>;
    fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error>;
    fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error>;
    fn delete(&self, key: &[u8]) -> Result<Outcome, Error>;
    fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error>;
    fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error>;
    fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error>;
    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Error>;
    fn update(&self, key: &[u8], decide: &mut TryDecide<'_, '_>) -> Result<Outcome, Error>;

    fn load_many(&self, keys: Column<'_>, values: &mut ColumnWriter<'_>, report: &mut Report<'_>) -> Result<(), Error>;
    fn store_many(&self, keys: Column<'_>, values: Column<'_>, report: &mut Report<'_>);
    fn delete_many(&self, keys: Column<'_>, report: &mut Report<'_>);

    fn len(&self) -> Result<u64, Error>;
    fn clear(&self) -> Result<(), Error>;
    fn reserve(&self, entries: u64) -> Result<(), Error>;
    fn shrink(&self) -> Result<(), Error>;
    fn before_iteration(&self) -> Result<(), Error>;
    fn scan(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &mut ColumnWriter<'_>,
        values: &mut ColumnWriter<'_>,
    ) -> Result<Outcome, Error>;
    fn stats(&self) -> Result<Stats, Error>;
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error>;

    fn hasher(&self) -> &Hasher;
    /// The map as one from words to words, if it is one.
    fn as_words(&self) -> Option<&dyn WordMap>;
}

/// A new map of the kind and types that `config` names.
pub fn new(config: &Config) -> Result<Owned<dyn TypedMap>, Error> {
    let hasher = Hasher::new(config.seed, config.hash_bits)?;
    let new = New { config, hasher };
    let map = match (config.key, config.value) {
        (Width::Word, Width::Word) => registry::visit::<Word, Word, _>(config.kind, new),
        (Width::Word, Width::Bytes) => registry::visit::<Word, Bytes, _>(config.kind, new),
        (Width::Bytes, Width::Word) => registry::visit::<Bytes, Word, _>(config.kind, new),
        (Width::Bytes, Width::Bytes) => registry::visit::<Bytes, Bytes, _>(config.kind, new),
    }?;
    map.reserve(config.capacity)?;
    Ok(map)
}

/// Creates a map of any kind.
struct New<'a> {
    config: &'a Config,
    hasher: Hasher,
}

impl<K: MapKey, V: MapValue> Visitor<K, V> for New<'_> {
    type Output = Result<Owned<dyn TypedMap>, Error>;
    fn visit<M: Kind<K, V> + 'static>(self, new: fn(&Config, Hasher, Memory) -> M) -> Self::Output {
        let memory = Memory::new(self.config.allocator);
        let map = Typed { kind: new(self.config, self.hasher, memory), types: PhantomData };
        Ok(Owned::new(memory, map, |place| place as _)?)
    }
}

/// How a key or a value is read from the caller's bytes.
pub trait Parse {
    const WIDTH: Width;
    type Parsed<'a>: Copy;
    fn parse(bytes: &[u8]) -> Result<Self::Parsed<'_>, Error>;
}

impl Parse for Word {
    const WIDTH: Width = Width::Word;
    type Parsed<'a> = u64;
    fn parse(bytes: &[u8]) -> Result<u64, Error> {
        bytes.try_into().map(u64::from_ne_bytes).map_err(|_| Error::Size)
    }
}

impl Parse for Bytes {
    const WIDTH: Width = Width::Bytes;
    type Parsed<'a> = &'a [u8];
    fn parse(bytes: &[u8]) -> Result<&[u8], Error> {
        if bytes.len() > MAX_LENGTH { Err(Error::Size) } else { Ok(bytes) }
    }
}

/// A type of keys that callers can pass as bytes.
pub trait MapKey: Key + for<'a> Parse<Parsed<'a> = Self::Ref<'a>> {
    /// `map` as a map from words to words, if it is one.
    fn as_words<V: MapValue, M: Kind<Self, V> + 'static>(map: &Typed<Self, V, M>) -> Option<&dyn WordMap>;
}

impl MapKey for Word {
    fn as_words<V: MapValue, M: Kind<Self, V> + 'static>(map: &Typed<Self, V, M>) -> Option<&dyn WordMap> {
        V::as_words(map)
    }
}

impl MapKey for Bytes {
    fn as_words<V: MapValue, M: Kind<Self, V> + 'static>(_map: &Typed<Self, V, M>) -> Option<&dyn WordMap> {
        None
    }
}

/// A type of values that callers can pass as bytes.
pub trait MapValue: Value + Sized + for<'a> Parse<Parsed<'a> = Self::Ref<'a>> {
    /// `map` as a map from words to words, if it is one.
    fn as_words<M: Kind<Word, Self> + 'static>(map: &Typed<Word, Self, M>) -> Option<&dyn WordMap>;
    /// Adds to a value; [`Error::Type`] if values are not words.
    fn add<K: Key>(kind: &impl Kind<K, Self>, key: &K::Hashed<'_>, delta: u64) -> Result<u64, Error>;
}

impl MapValue for Word {
    fn as_words<M: Kind<Word, Self> + 'static>(map: &Typed<Word, Self, M>) -> Option<&dyn WordMap> {
        Some(map)
    }
    #[inline(always)]
    fn add<K: Key>(kind: &impl Kind<K, Self>, key: &K::Hashed<'_>, delta: u64) -> Result<u64, Error> {
        let mut sum = 0;
        kind.write(key, Add { delta, sum: &mut sum })?;
        Ok(sum)
    }
}

impl MapValue for Bytes {
    fn as_words<M: Kind<Word, Self> + 'static>(_map: &Typed<Word, Self, M>) -> Option<&dyn WordMap> {
        None
    }
    fn add<K: Key>(_kind: &impl Kind<K, Self>, _key: &K::Hashed<'_>, _delta: u64) -> Result<u64, Error> {
        Err(Error::Type)
    }
}

/// [`Error::Type`] if the column is for bytes and has no offsets.
fn check_offsets<T: Parse>(column: &ColumnWriter<'_>) -> Result<(), Error> {
    if T::WIDTH == Width::Word || column.has_offsets() { Ok(()) } else { Err(Error::Type) }
}

/// A map of kind `M` with keys `K` and values `V`.
#[repr(transparent)]
pub struct Typed<K, V, M> {
    pub kind: M,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: MapKey, V: MapValue, M: Kind<K, V>> Typed<K, V, M> {
    fn hashed<'k>(&self, key: &'k [u8]) -> Result<K::Hashed<'k>, Error> {
        Ok(K::hashed(self.kind.hasher(), K::parse(key)?))
    }

    fn write<'v>(&self, key: &[u8], operation: impl Operation<'v, V>) -> Result<Outcome, Error> {
        Ok(self.kind.write(&self.hashed(key)?, operation)?)
    }

    /// Applies `operation(index)` to each key.
    fn write_many<'v, O: Operation<'v, V>>(
        &self,
        keys: Column<'_>,
        operation: impl Fn(usize) -> Result<O, Error>,
        report: &mut Report<'_>,
    ) {
        let parse = |index| K::parse(keys.get(index));
        batch::for_each(
            &self.kind,
            keys.count(),
            parse,
            #[inline(always)]
            |index, key| {
                report(index, key.and_then(|key| Ok(key.write(&self.kind, operation(index)?)?)));
            },
        );
    }
}

impl<K: MapKey, V: MapValue, M: Kind<K, V> + 'static> TypedMap for Typed<K, V, M> {
    fn load(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        Ok(self.kind.load(&self.hashed(key)?, out)?)
    }
    fn peek(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        Ok(self.kind.peek(&self.hashed(key)?, out).ok_or(Error::Busy)??)
    }
    fn contains(&self, key: &[u8]) -> Result<Outcome, Error> {
        Ok(self.kind.load(&self.hashed(key)?, &mut Nothing)?)
    }
    fn compare(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        let mut same = Equals::<V>::to(V::parse(value)?);
        let outcome = self.kind.load(&self.hashed(key)?, &mut same)?;
        Ok(if outcome == Outcome::Done && !same.result() { Outcome::Mismatch } else { outcome })
    }
    fn store(&self, key: &[u8], value: &[u8]) -> Result<Outcome, Error> {
        self.write(key, Store(V::parse(value)?))
    }
    fn load_or_store(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write(key, LoadOrStore(V::parse(value)?, out))
    }
    fn load_and_delete(&self, key: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write(key, LoadAndDelete(out))
    }
    fn delete(&self, key: &[u8]) -> Result<Outcome, Error> {
        self.write(key, Delete)
    }
    fn swap(&self, key: &[u8], value: &[u8], out: &mut ValueBuf<'_>) -> Result<Outcome, Error> {
        self.write(key, Swap(V::parse(value)?, out))
    }
    fn compare_and_swap(&self, key: &[u8], old: &[u8], new: &[u8]) -> Result<Outcome, Error> {
        self.write(key, CompareAndSwap { old: V::parse(old)?, new: V::parse(new)? })
    }
    fn compare_and_delete(&self, key: &[u8], old: &[u8]) -> Result<Outcome, Error> {
        self.write(key, CompareAndDelete(V::parse(old)?))
    }
    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Error> {
        V::add(&self.kind, &self.hashed(key)?, delta)
    }
    fn update(&self, key: &[u8], decide: &mut TryDecide<'_, '_>) -> Result<Outcome, Error> {
        let mut wrong_size = None;
        let mut decide = |current: Option<&[u8]>| match decide(current) {
            None | Some(Decision::Keep) => Decision::Keep,
            Some(Decision::Delete) => Decision::Delete,
            Some(Decision::Store(value)) => V::parse(value).map_or_else(
                |error| {
                    wrong_size = Some(error);
                    Decision::Keep
                },
                Decision::Store,
            ),
        };
        let outcome = self.write(key, Update(&mut decide))?;
        wrong_size.map_or(Ok(outcome), Err)
    }

    fn load_many(&self, keys: Column<'_>, values: &mut ColumnWriter<'_>, report: &mut Report<'_>) -> Result<(), Error> {
        check_offsets::<V>(values)?;
        values.restart();
        let parse = |index| K::parse(keys.get(index));
        batch::for_each(
            &self.kind,
            keys.count(),
            parse,
            #[inline(always)]
            |index, key| {
                let mut out = values.remaining();
                let result = key.and_then(|key| Ok(key.load(&self.kind, &mut out)?));
                let size = out.size();
                match result {
                    // SAFETY: the load wrote `size` bytes to `out`, or `size` is more than `out`
                    // has room for.
                    Ok(Outcome::Done) | Err(Error::Buffer) => unsafe { values.commit(size) },
                    // Without a value: the word 0, or no bytes.
                    _ => values.push_zeros(if V::WIDTH == Width::Word { 8 } else { 0 }),
                }
                report(index, result);
            },
        );
        if values.overflowed() { Err(Error::Buffer) } else { Ok(()) }
    }
    fn store_many(&self, keys: Column<'_>, values: Column<'_>, report: &mut Report<'_>) {
        self.write_many(keys, |index| Ok(Store(V::parse(values.get(index))?)), report);
    }
    fn delete_many(&self, keys: Column<'_>, report: &mut Report<'_>) {
        self.write_many(keys, |_| Ok(Delete), report);
    }

    fn len(&self) -> Result<u64, Error> {
        Ok(self.kind.len()?)
    }
    fn clear(&self) -> Result<(), Error> {
        Ok(self.kind.clear()?)
    }
    fn reserve(&self, entries: u64) -> Result<(), Error> {
        // The map has the capacity for its entries already, even if they are unevenly distributed
        // among the shards or growth is under way.
        if entries <= self.kind.len()? {
            return Ok(());
        }
        Ok(self.kind.reserve(entries)?)
    }
    fn shrink(&self) -> Result<(), Error> {
        Ok(self.kind.shrink()?)
    }
    fn before_iteration(&self) -> Result<(), Error> {
        Ok(self.kind.before_iteration()?)
    }
    fn scan(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &mut ColumnWriter<'_>,
        values: &mut ColumnWriter<'_>,
    ) -> Result<Outcome, Error> {
        check_offsets::<K>(keys)?;
        check_offsets::<V>(values)?;
        // SAFETY: the sink is passed to this map's scan only, and the values of this map are of
        // type `V`.
        Ok(self.kind.scan(cursor, end, &mut unsafe { EntrySink::<K, V>::new(keys, values) })?)
    }
    fn stats(&self) -> Result<Stats, Error> {
        let mut stats = Stats::default();
        self.kind.stats(&mut stats)?;
        stats.load_factor = stats.entries as f64 / stats.buckets.max(1) as f64;
        Ok(stats)
    }
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        Ok(self.kind.inspect(table, bucket, depth)?)
    }

    fn hasher(&self) -> &Hasher {
        self.kind.hasher()
    }
    fn as_words(&self) -> Option<&dyn WordMap> {
        K::as_words(self)
    }
}
