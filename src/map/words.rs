//! The operations on one key from word to word.

use super::{Error, Map, Outcome, Typed, dispatch::Engine};
use crate::{
    base::sync::Ordering::Relaxed,
    item::{Key as _, Nothing, Word},
    kinds::{
        Kind as _,
        operation::{
            Add, CompareAndDelete, CompareAndSwap, Delete, LoadAndDelete, LoadOrStore, Operation, Store, Swap,
        },
        sharded::Sharded,
    },
    table::Attempt,
};

/// All refuse other maps with [`Error::Type`].
impl Map {
    /// The fast path of `load_u64`: calls nothing, waits for nothing, and cannot panic.
    #[inline(always)]
    pub fn try_load_u64(&self, key: u64) -> Attempt<u64> {
        match self.plain() {
            Some(kind) => kind.try_load(&(kind.hasher().hash_unmasked(key), key), |word| word),
            None => Attempt::Undecided,
        }
    }

    /// The same of the kind whose values lie in entries of their own.
    #[inline(always)]
    pub fn try_load_u64_by_entry(&self, key: u64) -> Attempt<u64> {
        match &self.typed {
            Typed::WordToWord(Engine::ReadDirty(kind)) if !self.updates.load(Relaxed) => {
                kind.try_load(&Word::hashed(kind.hasher(), key), |word| word)
            }
            _ => Attempt::Undecided,
        }
    }

    /// The value of a key, at once or not.
    pub fn load_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.words()?.load_key(key, &mut value)?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    /// As [`Map::load_u64`], or [`Error::Busy`] where that would wait.
    pub fn peek_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.words()?.peek_key(key, &mut value)?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    /// As [`Map::contains`]. The values may be bytes.
    pub fn contains_u64(&self, key: u64) -> Result<Outcome, Error> {
        match self.entered()? {
            Typed::WordToWord(engine) => engine.load_key(key, &mut Nothing),
            Typed::WordToBytes(engine) => engine.load_key(key, &mut Nothing),
            _ => Err(Error::Type),
        }
    }
    #[inline(always)]
    pub fn store_u64(&self, key: u64, value: u64) -> Result<Outcome, Error> {
        self.write_u64(key, Store(value))
    }
    /// [`Outcome::Loaded`] with the value that was there, or [`Outcome::Done`] with the given one.
    #[inline(always)]
    pub fn load_or_store_u64(&self, key: u64, value: u64) -> Result<(Outcome, u64), Error> {
        let mut actual = value;
        let outcome = self.write_u64(key, LoadOrStore(value, &mut actual))?;
        Ok((outcome, actual))
    }
    /// The value that was there.
    #[inline(always)]
    pub fn load_and_delete_u64(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut value = 0;
        let outcome = self.write_u64(key, LoadAndDelete(&mut value))?;
        Ok((outcome == Outcome::Done).then_some(value))
    }
    #[inline(always)]
    pub fn delete_u64(&self, key: u64) -> Result<Outcome, Error> {
        self.write_u64(key, Delete)
    }
    /// The previous value, if there was one.
    #[inline(always)]
    pub fn swap_u64(&self, key: u64, value: u64) -> Result<Option<u64>, Error> {
        let mut previous = 0;
        let outcome = self.write_u64(key, Swap(value, &mut previous))?;
        Ok((outcome == Outcome::Loaded).then_some(previous))
    }
    #[inline(always)]
    pub fn compare_and_swap_u64(&self, key: u64, old: u64, new: u64) -> Result<Outcome, Error> {
        self.write_u64(key, CompareAndSwap { old, new })
    }
    #[inline(always)]
    pub fn compare_and_delete_u64(&self, key: u64, old: u64) -> Result<Outcome, Error> {
        self.write_u64(key, CompareAndDelete(old))
    }
    /// The sum.
    #[inline(always)]
    pub fn add_u64(&self, key: u64, delta: u64) -> Result<u64, Error> {
        let mut sum = 0;
        self.write_u64(key, Add { delta, sum: &mut sum })?;
        Ok(sum)
    }

    #[inline(always)]
    fn write_u64<'v>(&self, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Error> {
        match self.plain() {
            Some(kind) => Ok(kind.write(&(kind.hasher().hash_unmasked(key), key), operation)?),
            None => self.write_u64_slow(key, operation),
        }
    }
    /// Apart, so that the code of the other kinds does not burden the fastest one.
    #[inline(never)]
    fn write_u64_slow<'v>(&self, key: u64, operation: impl Operation<'v, Word>) -> Result<Outcome, Error> {
        self.words()?.write_key(key, operation)
    }

    /// The map, if it is of the fastest kind and nothing is unusual about it: one question in place of four.
    #[inline(always)]
    pub(super) fn plain(&self) -> Option<&Sharded<Word, Word>> {
        if !self.is_plain.load(Relaxed) {
            return None;
        }
        match &self.typed {
            Typed::WordToWord(Engine::Sharded(kind)) => Some(kind),
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
