//! The operations on maps from words to words.

use super::{
    Map, Width,
    config::Config,
    error::Error,
    registry::{self, Visitor},
    typed::{Report, Typed},
};
use crate::{
    base::{hash::Hasher, mem::Memory},
    item::{Key as _, Word, initialised},
    kinds::{
        Kind, Outcome, batch,
        operation::{
            Add, CompareAndDelete, CompareAndSwap, Delete, LoadAndDelete, LoadOrStore, Operation, Store, Swap,
        },
        sinks::WordSink,
    },
    table::Attempt,
};
use core::{convert::Infallible, marker::PhantomData, mem::MaybeUninit};

/// A map from words to words of some kind, and how it hashes a key.
pub trait WordKind {
    type Kind: Kind<Word, Word>;
    fn kind(&self) -> &Self::Kind;
    fn hashed(&self, key: u64) -> <Word as crate::item::Key>::Hashed<'static>;
}

impl<M: Kind<Word, Word>> WordKind for Typed<Word, Word, M> {
    type Kind = M;
    #[inline(always)]
    fn kind(&self) -> &M {
        &self.kind
    }
    #[inline(always)]
    fn hashed(&self, key: u64) -> (u64, u64) {
        Word::hashed(self.kind.hasher(), key)
    }
}

/// A map whose hash is not weakened, so that hashing need not test for it.
#[repr(transparent)]
pub struct FullHash<M>(M);

impl<M: Kind<Word, Word>> WordKind for FullHash<M> {
    type Kind = M;
    #[inline(always)]
    fn kind(&self) -> &M {
        &self.0
    }
    #[inline(always)]
    fn hashed(&self, key: u64) -> (u64, u64) {
        (self.0.hasher().full_hash(key), key)
    }
}

/// The operations of [`Map`] on words, which documents them. These do not test whether the call
/// comes from inside an update.
pub trait WordMap {
    /// The fast path of `load_u64`: makes no calls, never waits and cannot panic.
    fn try_load_u64(&self, key: u64) -> Attempt<u64>;
    /// `load_u64`, for a key for which `try_load_u64` was undecided.
    fn load_slow_u64(&self, key: u64) -> Result<Option<u64>, Error>;
    /// `peek_u64`, for a key for which `try_load_u64` was undecided.
    fn peek_slow_u64(&self, key: u64) -> Result<Option<u64>, Error>;
    fn load_u64(&self, key: u64) -> Result<Option<u64>, Error>;
    fn peek_u64(&self, key: u64) -> Result<Option<u64>, Error>;
    fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Error>;
    fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Error>;
    fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Error>;
    fn delete_u64(&self, key: u64) -> Result<Outcome, Error>;
    fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Error>;
    fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Error>;
    fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Error>;
    fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Error>;

    fn load_many_u64<'v>(&self, keys: &[u64], values: &'v mut [MaybeUninit<u64>], report: &mut Report<'_>)
    -> &'v [u64];
    fn store_many_u64(&self, keys: &[u64], values: &[u64], report: &mut Report<'_>);
    fn delete_many_u64(&self, keys: &[u64], report: &mut Report<'_>);
    fn scan_u64(&self, cursor: &mut u64, end: u64, sink: &mut WordSink<'_>) -> Result<Outcome, Error>;
}

impl<T: WordKind> WordMap for T {
    #[inline(always)]
    fn try_load_u64(&self, key: u64) -> Attempt<u64> {
        self.kind().try_load(&self.hashed(key), |word| word)
    }
    #[inline(always)]
    fn load_slow_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.kind().load_slow(&self.hashed(key), &mut value)?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn peek_slow_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.kind().peek_slow(&self.hashed(key), &mut value).ok_or(Error::Busy)??;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn load_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.kind().load(&self.hashed(key), &mut value)?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn peek_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.kind().peek(&self.hashed(key), &mut value).ok_or(Error::Busy)??;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Error> {
        write(self, key, Store(value))
    }
    #[inline(always)]
    fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Error> {
        let mut actual = value;
        let outcome = write(self, key, LoadOrStore(value, &mut actual))?;
        Ok((outcome, actual))
    }
    #[inline(always)]
    fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = write(self, key, LoadAndDelete(&mut value))?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn delete_u64(&self, key: u64) -> Result<Outcome, Error> {
        write(self, key, Delete)
    }
    #[inline(always)]
    fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Error> {
        let mut previous = 0;
        let outcome = write(self, key, Swap(value, &mut previous))?;
        Ok((outcome == Outcome::Loaded).then_some(previous))
    }
    #[inline(always)]
    fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Error> {
        write(self, key, CompareAndSwap { old, new })
    }
    #[inline(always)]
    fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Error> {
        write(self, key, CompareAndDelete(old))
    }
    #[inline(always)]
    fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Error> {
        let mut sum = 0;
        write(self, key, Add { delta, sum: &mut sum })?;
        Ok(sum)
    }

    #[inline(always)]
    fn load_many_u64<'v>(
        &self,
        keys: &[u64],
        values: &'v mut [MaybeUninit<u64>],
        report: &mut Report<'_>,
    ) -> &'v [u64] {
        let (kind, count) = (self.kind(), keys.len().min(values.len()));
        let key = |index| Ok::<_, Infallible>(keys[index]);
        batch::for_each(
            kind,
            count,
            key,
            #[inline(always)]
            |index, Ok(key)| {
                let mut value = 0;
                let result = key.load(kind, &mut value).map_err(Error::from);
                // A load that found nothing may have written a value first, in an attempt that
                // was discarded.
                values[index].write(if result == Ok(Outcome::Done) { value } else { 0 });
                report(index, result);
            },
        );
        // SAFETY: the loop wrote `values[index]` for each `index` below `count`.
        unsafe { initialised(&values[..count]) }
    }
    #[inline(always)]
    fn store_many_u64(&self, keys: &[u64], values: &[u64], report: &mut Report<'_>) {
        write_many(self, keys, keys.len().min(values.len()), |index| Store(values[index]), report);
    }
    #[inline(always)]
    fn delete_many_u64(&self, keys: &[u64], report: &mut Report<'_>) {
        write_many(self, keys, keys.len(), |_| Delete, report);
    }
    fn scan_u64(&self, cursor: &mut u64, end: u64, sink: &mut WordSink<'_>) -> Result<Outcome, Error> {
        Ok(self.kind().scan(cursor, end, sink)?)
    }
}

#[inline(always)]
fn write<'v>(map: &impl WordKind, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Error> {
    Ok(map.kind().write(&map.hashed(key), operation)?)
}

/// Applies `operation(index)` to each of the first `count` keys.
#[inline(always)]
fn write_many<'v, O: Operation<'v, Word>>(
    map: &impl WordKind,
    keys: &[u64],
    count: usize,
    operation: impl Fn(usize) -> O,
    report: &mut Report<'_>,
) {
    let (kind, key) = (map.kind(), |index| Ok::<_, Infallible>(keys[index]));
    batch::for_each(
        kind,
        count,
        key,
        #[inline(always)]
        |index, Ok(key)| {
            report(index, key.write(kind, operation(index)).map_err(Error::from));
        },
    );
}

/// The operations on words. On a map with keys or values of bytes they fail with [`Error::Type`].
impl Map {
    /// The value of a key, if it has one.
    pub fn load_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.load_u64(key)
    }
    /// Like [`Map::load_u64`], but fails with [`Error::Busy`] where that would wait for another
    /// thread.
    pub fn peek_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.peek_u64(key)
    }
    /// Like [`Map::contains`]. The values may be bytes.
    pub fn contains_u64(&self, key: u64) -> Result<Outcome, Error> {
        let typed = self.typed()?;
        if self.config().key == Width::Word { typed.contains(&key.to_ne_bytes()) } else { Err(Error::Type) }
    }
    /// Like [`Map::store`].
    pub fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Error> {
        self.words()?.store_u64(key, value)
    }
    /// Like [`Map::load_or_store`]: [`Outcome::Loaded`] with the value that the key had, or
    /// [`Outcome::Done`] with the given one.
    pub fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Error> {
        self.words()?.load_or_store_u64(key, value)
    }
    /// Deletes a key and returns the value that it had, if it had one.
    pub fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.load_and_delete_u64(key)
    }
    /// Like [`Map::delete`].
    pub fn delete_u64(&self, key: u64) -> Result<Outcome, Error> {
        self.words()?.delete_u64(key)
    }
    /// Stores a value and returns the previous one, if there was one.
    pub fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Error> {
        self.words()?.swap_u64(key, value)
    }
    /// Like [`Map::compare_and_swap`].
    pub fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Error> {
        self.words()?.compare_and_swap_u64(key, old, new)
    }
    /// Like [`Map::compare_and_delete`].
    pub fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Error> {
        self.words()?.compare_and_delete_u64(key, old)
    }
    /// Like [`Map::add`].
    pub fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Error> {
        self.words()?.add_u64(key, delta)
    }

    /// The values of the keys, in order; 0 for a key that is not in the map. If `values` is shorter
    /// than `keys`, the rest of the keys are not looked up.
    pub fn load_many_u64<'v>(
        &self,
        keys: &[u64],
        values: &'v mut [MaybeUninit<u64>],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<&'v [u64], Error> {
        Ok(self.words()?.load_many_u64(keys, values, &mut report))
    }
    /// Stores the keys with their values. If one slice is longer than the other, the rest of it is
    /// ignored.
    pub fn store_many_u64(
        &self,
        keys: &[u64],
        values: &[u64],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.words()?.store_many_u64(keys, values, &mut report);
        Ok(())
    }
    /// Like [`Map::delete_many`].
    pub fn delete_many_u64(
        &self,
        keys: &[u64],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.words()?.delete_many_u64(keys, &mut report);
        Ok(())
    }
    /// Like [`Map::scan`], but returns the keys and the values that it wrote. Sets `count` to their
    /// number, or, after [`Error::Buffer`], to the number of elements that `keys` and `values` need
    /// for the next entries.
    pub fn scan_u64<'a>(
        &self,
        cursor: &mut u64,
        end: u64,
        keys: &'a mut [MaybeUninit<u64>],
        values: &'a mut [MaybeUninit<u64>],
        count: &mut usize,
    ) -> Result<(Outcome, &'a [u64], &'a [u64]), Error> {
        let mut entries = WordSink::new(keys, values);
        let outcome = self.words()?.scan_u64(cursor, end, &mut entries);
        *count = entries.count();
        let (keys, values) = entries.filled();
        Ok((outcome?, keys, values))
    }

    /// The map as one from words to words. [`Error::Reentrant`] if this thread is inside an update
    /// of it.
    pub(crate) fn words(&self) -> Result<&dyn WordMap, Error> {
        self.typed()?.as_words().ok_or(Error::Type)
    }

    /// [`PerKind::for_map`] of the type of this map. `None` unless the map is from words to words
    /// and its hash is not weakened.
    pub(crate) fn per_kind<P: PerKind>(&self) -> Option<P> {
        let Config { kind, key: Width::Word, value: Width::Word, .. } = self.config else { return None };
        (!self.typed.hasher().is_weakened()).then(|| registry::visit::<Word, Word, _>(kind, MakePerKind(PhantomData)))
    }

    /// The map as one from words to words of a known kind. Does not test whether the call comes
    /// from inside an update.
    ///
    /// # Safety
    /// `M` is the type for which `per_kind` called [`PerKind::for_map`] on this map.
    #[inline(always)]
    pub(crate) unsafe fn words_unchecked<M: WordMap>(&self) -> &M {
        // SAFETY: by the contract above `M` is a `FullHash` of the map's kind, and the map is a
        // `Typed` of the same kind. Both are `repr(transparent)` wrappers of the kind.
        unsafe { self.typed.downcast() }
    }
}

/// Something that exists once for each kind of map from words to words. `ffi` has a table of
/// functions for each kind, so that a call goes directly to the code of the map's kind.
pub(crate) trait PerKind {
    fn for_map<M: WordMap>() -> Self;
}

struct MakePerKind<P>(PhantomData<P>);

impl<P: PerKind> Visitor<Word, Word> for MakePerKind<P> {
    type Output = P;
    fn visit<M: Kind<Word, Word> + 'static>(self, _new: fn(&Config, Hasher, Memory) -> M) -> P {
        P::for_map::<FullHash<M>>()
    }
}
