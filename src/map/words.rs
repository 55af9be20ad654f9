//! The operations on one key from word to word, once for each way to carry them out.

use super::{Error, Map, Outcome, Typed, engine::Engine};
use crate::{
    base::sync::Ordering::Relaxed,
    kinds::{
        operation::{
            Add, CompareAndDelete, CompareAndSwap, Delete, LoadAndDelete, LoadOrStore, Operation, Store, Swap,
        },
        sharded::Sharded,
    },
    table::Word,
};

/// A way to work on words.
pub trait Words {
    /// Why an operation was not carried out. It had no effect then.
    type Refusal;

    /// The value of a key.
    fn load_u64(&self, key: u64) -> Result<Option<u64>, Self::Refusal>;
    /// Carries an operation out. It may be asked twice.
    #[doc(hidden)]
    fn write_u64<'v>(&self, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Self::Refusal>;

    #[inline(always)]
    fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Self::Refusal> {
        self.write_u64(key, Store(value))
    }
    /// [`Outcome::Loaded`] with the value that was there, or [`Outcome::Done`] with the given one.
    #[inline(always)]
    fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Self::Refusal> {
        let mut actual = value;
        let outcome = self.write_u64(key, LoadOrStore(value, &mut actual))?;
        Ok((outcome, actual))
    }
    /// The value that was there.
    #[inline(always)]
    fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Self::Refusal> {
        let mut value = 0;
        let outcome = self.write_u64(key, LoadAndDelete(&mut value))?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    fn delete_u64(&self, key: u64) -> Result<Outcome, Self::Refusal> {
        self.write_u64(key, Delete)
    }
    /// The previous value, if there was one.
    #[inline(always)]
    fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Self::Refusal> {
        let mut previous = 0;
        let outcome = self.write_u64(key, Swap(value, &mut previous))?;
        Ok((outcome == Outcome::Loaded).then_some(previous))
    }
    #[inline(always)]
    fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Self::Refusal> {
        self.write_u64(key, CompareAndSwap { old, new })
    }
    #[inline(always)]
    fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Self::Refusal> {
        self.write_u64(key, CompareAndDelete(old))
    }
    /// The sum.
    #[inline(always)]
    fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Self::Refusal> {
        let mut sum = 0;
        self.write_u64(key, Add { delta, sum: &mut sum })?;
        Ok(sum)
    }
}

/// The whole way, for every map. [`Error::Type`] if keys or values are bytes.
impl Words for Map {
    type Refusal = Error;

    fn load_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.words()?.load_key(key, &mut value)?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    fn write_u64<'v>(&self, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Error> {
        self.words()?.write_key(key, operation)
    }
}

/// The short way: no call, no lock that is not free, and so few instructions that a processor goes on to the next operation
/// while it waits for memory.
pub struct AtOnce<'a>(&'a Sharded<Word, Word>);

/// Only the whole way can tell.
pub struct Unclear;

impl Words for AtOnce<'_> {
    type Refusal = Unclear;

    #[inline(always)]
    fn load_u64(&self, key: u64) -> Result<Option<u64>, Unclear> {
        self.0.load_at_once(key).ok_or(Unclear)
    }
    #[inline(always)]
    fn write_u64<'v>(&self, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Unclear> {
        self.0.write_at_once(key, operation).ok_or(Unclear)
    }
}

impl Map {
    /// The short way, if there is one: not in a map of another kind or type, nor once `update` was called.
    #[inline(always)]
    pub fn at_once(&self) -> Option<AtOnce<'_>> {
        if !self.is_plain.load(Relaxed) {
            return None;
        }
        match &self.typed {
            Typed::WordToWord(Engine::Sharded(kind)) => Some(AtOnce(kind)),
            // SAFETY: with another type or kind `is_plain` was never true.
            _ => unsafe { core::hint::unreachable_unchecked() },
        }
    }

    pub(super) fn words(&self) -> Result<&Engine<Word, Word>, Error> {
        match self.entered()? {
            Typed::WordToWord(engine) => Ok(engine),
            _ => Err(Error::Type),
        }
    }
}
