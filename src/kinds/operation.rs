//! The operations on one key. Each is a decision: given the key's current value, or none, it
//! returns the outcome and whether to keep, store or delete. A kind makes sure that no other thread
//! changes the key, asks the operation for its decision, and carries it out.

use super::{Error, Outcome};
use crate::{
    base::sync::with_no_rank_held,
    item::{BufferTooSmall, Receive, Value, Word},
};
use core::marker::PhantomData;

/// What to do with the entry.
pub enum Decision<R> {
    /// Leave it as it is, present or absent.
    Keep,
    /// Give the key this value.
    Store(R),
    /// Delete the entry, if there is one.
    Delete,
}

/// The value that a key has while an operation decides about it.
pub struct Current<V>(u64, PhantomData<fn() -> V>);

impl<V: Value> Current<V> {
    /// # Safety
    ///
    /// `word` must be the value word of a live entry, and must stay so for as long as the returned
    /// value is used.
    pub unsafe fn new(word: u64) -> Self {
        Self(word, PhantomData)
    }
    fn give_to(&self, out: &mut impl Receive<V>) -> Result<(), BufferTooSmall> {
        // SAFETY: the word is that of a live entry, by the contract of `new`.
        unsafe { out.receive(self.0) }
    }
    fn equals(&self, value: V::Ref<'_>) -> bool {
        // SAFETY: the word is that of a live entry, by the contract of `new`.
        unsafe { V::equals(self.0, value) }
    }
}

impl<V: Value> Current<V> {
    /// Calls `see` with the bytes of the value.
    fn show<R>(&self, see: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the word is that of a live entry, by the contract of `new`, so nobody writes the
        // value meanwhile.
        unsafe { V::show(self.0, see) }
    }
}

impl Current<Word> {
    fn word(&self) -> u64 {
        self.0
    }
}

/// An operation on one key. It is called with the key's current value, or told that there is none,
/// and returns the outcome and the decision. After an error the entry stays as it is.
pub trait Operation<'v, V: Value> {
    /// Whether a [read/dirty](super::read_dirty) map counts a miss when it finds the key in the
    /// dirty map only. As in Go's `sync.Map`, plain stores and swaps do not count as misses.
    const READS: bool = true;

    /// Whether a callback of the user decides. If so, the operation is asked exactly once, and only
    /// while the key is locked.
    const ASKS_USER: bool = false;

    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error>;
    /// May be called more than once, and without a lock held, unless [`Operation::ASKS_USER`]. Only
    /// the last answer is used.
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error>;
}

/// A key that no other thread can change, and the three changes that an operation may decide on.
///
/// # Safety
///
/// A word returned by `current` must be the value word of a live entry, and must stay so until the
/// target is consumed or dropped.
pub unsafe trait Target<V: Value>: Sized {
    /// Why a decision could not be carried out.
    type Refusal: From<Error>;
    /// The key's value word, or `None` if it has no value.
    fn current(&self) -> Option<u64>;
    /// Gives a value to the key, which has none.
    fn insert(self, value: V::Ref<'_>) -> Result<(), Self::Refusal>;
    /// Replaces the key's value `old`.
    fn overwrite(self, old: u64, value: V::Ref<'_>) -> Result<(), Self::Refusal>;
    /// Deletes the key, whose value is `old`.
    fn remove(self, old: u64);
}

/// Asks an operation for its decision about a key, and carries it out.
#[inline(always)]
pub fn carry_out<'v, V: Value, T: Target<V>>(
    target: T,
    operation: &mut impl Operation<'v, V>,
) -> Result<Outcome, T::Refusal> {
    let Some(old) = target.current() else {
        let (outcome, decision) = operation.on_absent()?;
        if let Decision::Store(value) = decision {
            target.insert(value)?;
        }
        return Ok(outcome);
    };
    // SAFETY: `Target` promises that the word is that of a live entry until the target is consumed,
    // which happens only below.
    let (outcome, decision) = operation.on_present(&unsafe { Current::new(old) })?;
    match decision {
        Decision::Keep => {}
        Decision::Store(value) => target.overwrite(old, value)?,
        Decision::Delete => target.remove(old),
    }
    Ok(outcome)
}

pub struct Store<R>(pub R);

impl<'v, V: Value> Operation<'v, V> for Store<V::Ref<'v>> {
    const READS: bool = false;
    fn on_present(&mut self, _current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, Decision::Store(self.0)))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, Decision::Store(self.0)))
    }
}

pub struct Swap<'o, R, O>(pub R, pub &'o mut O);

impl<'v, V: Value, O: Receive<V>> Operation<'v, V> for Swap<'_, V::Ref<'v>, O> {
    const READS: bool = false;
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        current.give_to(self.1)?;
        Ok((Outcome::Loaded, Decision::Store(self.0)))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, Decision::Store(self.0)))
    }
}

pub struct LoadOrStore<'o, R, O>(pub R, pub &'o mut O);

impl<'v, V: Value, O: Receive<V>> Operation<'v, V> for LoadOrStore<'_, V::Ref<'v>, O> {
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        current.give_to(self.1)?;
        Ok((Outcome::Loaded, Decision::Keep))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, Decision::Store(self.0)))
    }
}

pub struct LoadAndDelete<'o, O>(pub &'o mut O);

impl<'v, V: Value, O: Receive<V>> Operation<'v, V> for LoadAndDelete<'_, O> {
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        current.give_to(self.0)?;
        Ok((Outcome::Done, Decision::Delete))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::NotFound, Decision::Keep))
    }
}

pub struct Delete;

impl<'v, V: Value> Operation<'v, V> for Delete {
    fn on_present(&mut self, _current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, Decision::Delete))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::NotFound, Decision::Keep))
    }
}

pub struct CompareAndSwap<R> {
    pub old: R,
    pub new: R,
}

impl<'v, V: Value> Operation<'v, V> for CompareAndSwap<V::Ref<'v>> {
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok(if current.equals(self.old) {
            (Outcome::Done, Decision::Store(self.new))
        } else {
            (Outcome::Mismatch, Decision::Keep)
        })
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::NotFound, Decision::Keep))
    }
}

pub struct CompareAndDelete<R>(pub R);

impl<'v, V: Value> Operation<'v, V> for CompareAndDelete<V::Ref<'v>> {
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok(if current.equals(self.0) { (Outcome::Done, Decision::Delete) } else { (Outcome::Mismatch, Decision::Keep) })
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::NotFound, Decision::Keep))
    }
}

/// Adds to a word, wrapping around. A missing key counts as zero.
pub struct Add<'o> {
    pub delta: u64,
    pub sum: &'o mut u64,
}

impl<'v> Operation<'v, Word> for Add<'_> {
    fn on_present(&mut self, current: &Current<Word>) -> Result<(Outcome, Decision<u64>), Error> {
        *self.sum = current.word().wrapping_add(self.delta);
        Ok((Outcome::Done, Decision::Store(*self.sum)))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<u64>), Error> {
        *self.sum = self.delta;
        Ok((Outcome::Done, Decision::Store(self.delta)))
    }
}

/// The user's callback: it is given the current value, or `None`, and decides.
pub type Decide<'o, R> = dyn FnMut(Option<&[u8]>) -> Decision<R> + 'o;

/// Lets the user's callback decide.
pub struct Update<'o, R>(pub &'o mut Decide<'o, R>);

impl<'v, V: Value> Operation<'v, V> for Update<'_, V::Ref<'v>> {
    const ASKS_USER: bool = true;
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, current.show(|value| with_no_rank_held(|| (self.0)(Some(value))))))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, with_no_rank_held(|| (self.0)(None))))
    }
}
