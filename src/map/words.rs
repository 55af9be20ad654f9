//! The operations from word to word.

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

/// A map of words to words of some kind, and how it hashes a word.
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

/// The same for a map whose hash is not weakened, which need not be asked for then.
#[repr(transparent)]
pub struct Unmasked<M>(M);

impl<M: Kind<Word, Word>> WordKind for Unmasked<M> {
    type Kind = M;
    #[inline(always)]
    fn kind(&self) -> &M {
        &self.0
    }
    #[inline(always)]
    fn hashed(&self, key: u64) -> (u64, u64) {
        (self.0.hasher().hash_unmasked(key), key)
    }
}

/// What [`Map`] says of each, without the look whether the call comes from inside an update.
pub trait WordMap {
    /// The fast path of `load_u64`: calls nothing, waits for nothing, and cannot panic.
    fn try_load_u64(&self, key: u64) -> Attempt<u64>;
    /// The slow paths of `load_u64` and `peek_u64`, for a key on which the fast one was undecided.
    fn load_slow_u64(&self, key: u64) -> Result<Option<u64>, Error>;
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
                // An attempt that was thrown away may have left a value behind.
                values[index].write(if result == Ok(Outcome::Done) { value } else { 0 });
                report(index, result);
            },
        );
        // SAFETY: each key wrote its place.
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

/// Carries out the operation that `operation` gives for each of the first `count` keys.
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

/// All refuse other maps with [`Error::Type`].
impl Map {
    /// The value of a key.
    pub fn load_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.load_u64(key)
    }
    /// As [`Map::load_u64`], or [`Error::Busy`] where that would wait.
    pub fn peek_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.peek_u64(key)
    }
    /// As [`Map::contains`]. The values may be bytes.
    pub fn contains_u64(&self, key: u64) -> Result<Outcome, Error> {
        let typed = self.typed()?;
        if self.config().key == Width::Word { typed.contains(&key.to_ne_bytes()) } else { Err(Error::Type) }
    }
    /// As [`Map::store`].
    pub fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Error> {
        self.words()?.store_u64(key, value)
    }
    /// [`Outcome::Loaded`] with the value that was there, or [`Outcome::Done`] with the given one.
    pub fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Error> {
        self.words()?.load_or_store_u64(key, value)
    }
    /// The value that was there.
    pub fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        self.words()?.load_and_delete_u64(key)
    }
    /// As [`Map::delete`].
    pub fn delete_u64(&self, key: u64) -> Result<Outcome, Error> {
        self.words()?.delete_u64(key)
    }
    /// The previous value, if there was one.
    pub fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Error> {
        self.words()?.swap_u64(key, value)
    }
    /// As [`Map::compare_and_swap`].
    pub fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Error> {
        self.words()?.compare_and_swap_u64(key, old, new)
    }
    /// As [`Map::compare_and_delete`].
    pub fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Error> {
        self.words()?.compare_and_delete_u64(key, old)
    }
    /// As [`Map::add`].
    pub fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Error> {
        self.words()?.add_u64(key, delta)
    }

    /// The values of as many keys as `values` has places for; 0 where there is none.
    pub fn load_many_u64<'v>(
        &self,
        keys: &[u64],
        values: &'v mut [MaybeUninit<u64>],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<&'v [u64], Error> {
        Ok(self.words()?.load_many_u64(keys, values, &mut report))
    }
    /// Stores as many entries as there are keys and values.
    pub fn store_many_u64(
        &self,
        keys: &[u64],
        values: &[u64],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.words()?.store_many_u64(keys, values, &mut report);
        Ok(())
    }
    /// As [`Map::delete_many`].
    pub fn delete_many_u64(
        &self,
        keys: &[u64],
        mut report: impl FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        self.words()?.delete_many_u64(keys, &mut report);
        Ok(())
    }
    /// As [`Map::scan`]: the keys and the values that were written. `count` becomes their number; after [`Error::Buffer`], how many
    /// places the next ones need.
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

    /// The map as one of words to words, unless the call comes from inside an update.
    pub(crate) fn words(&self) -> Result<&dyn WordMap, Error> {
        self.typed()?.as_words().ok_or(Error::Type)
    }

    /// What [`PerKind::made`] gives for the kind of this map; `None` unless it is of words to words with the whole hash.
    pub(crate) fn made<P: PerKind>(&self) -> Option<P> {
        let Config { kind, key: Width::Word, value: Width::Word, .. } = self.config else { return None };
        (!self.typed.hasher().is_masked()).then(|| registry::visit::<Word, Word, _>(kind, Make(PhantomData)))
    }

    /// The map as what [`PerKind::made`] was called with for it.
    ///
    /// # Safety
    /// `M` is that type.
    #[inline(always)]
    pub(crate) unsafe fn of_kind<M: WordMap>(&self) -> &M {
        // SAFETY: `made` hands out the type only as `Unmasked`, which is nothing but the map of the kind, as `Typed` is.
        unsafe { self.typed.downcast() }
    }
}

/// What is made for each kind of map of words to words when the library is compiled, so that a call goes straight to the code of its kind.
pub(crate) trait PerKind {
    fn made<M: WordMap>() -> Self;
}

struct Make<P>(PhantomData<P>);

impl<P: PerKind> Visitor<Word, Word> for Make<P> {
    type Output = P;
    fn visit<M: Kind<Word, Word> + 'static>(self, _new: fn(&Config, Hasher, Memory) -> M) -> P {
        P::made::<Unmasked<M>>()
    }
}
