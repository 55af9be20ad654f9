//! The operations on one key, each as a decision: given what is there, what is the outcome, and what becomes of the entry?
//! A kind asks for the decision while it is alone with the key, and carries it out.

use super::{Error, Outcome};
use crate::{
    base::sync::outside_the_ranks,
    item::{BufferTooSmall, Receive, Value, Word},
};
use core::marker::PhantomData;

/// What becomes of the entry.
pub enum Decision<R> {
    /// It stays as it is, present or not.
    Keep,
    /// It gets this value.
    Store(R),
    /// It goes, if it is there.
    Delete,
}

/// The value that is there, for the time of the decision.
pub struct Current<V>(u64, PhantomData<fn() -> V>);

impl<V: Value> Current<V> {
    /// # Safety
    /// `word` is the value word of a live entry, and stays so while this value is used.
    pub unsafe fn new(word: u64) -> Self {
        Self(word, PhantomData)
    }
    fn give_to(&self, out: &mut impl Receive<V>) -> Result<(), BufferTooSmall> {
        // SAFETY: as promised to `new`.
        unsafe { out.receive(self.0) }
    }
    fn equals(&self, value: V::Ref<'_>) -> bool {
        // SAFETY: as promised to `new`.
        unsafe { V::equals(self.0, value) }
    }
}

impl<V: Value> Current<V> {
    /// Shows the value as bytes.
    fn show<R>(&self, see: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: as promised to `new`.
        unsafe { V::show(self.0, see) }
    }
}

impl Current<Word> {
    fn word(&self) -> u64 {
        self.0
    }
}

/// A decision. An error means that nothing becomes of the entry.
pub trait Operation<'v, V: Value> {
    /// Whether a [read/dirty](super::read_dirty) map counts a miss when it finds the key in the dirty map only: all but what
    /// merely stores.
    const READS: bool = true;

    /// Whether the decision is the user's: then it is asked for once, and only while the key is locked.
    const ASKS_USER: bool = false;

    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error>;
    /// May be asked more than once, and without a lock, unless [`Operation::ASKS_USER`].
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error>;
}

/// One key with what holds it still: how a kind carries out a decision about it.
///
/// # Safety
/// The word that `current` returns is the value word of a live entry, and stays so until the target is used up.
pub unsafe trait Target<V: Value>: Sized {
    /// Why a decision was not carried out.
    type Refusal: From<Error>;
    /// The value word, if the key has a value.
    fn current(&self) -> Option<u64>;
    /// The key, which has no value, gets one.
    fn insert(self, value: V::Ref<'_>) -> Result<(), Self::Refusal>;
    /// The key gets a value in place of `old`.
    fn overwrite(self, old: u64, value: V::Ref<'_>) -> Result<(), Self::Refusal>;
    /// The key loses its value, `old`.
    fn remove(self, old: u64);
}

/// Asks an operation what becomes of a key, and carries it out.
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
    // SAFETY: the target promises that the word stays live.
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

/// Adds to a word, from zero if there is none; wraps.
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

/// The user, who is shown the value that is there, if there is one, and decides.
pub type Decide<'o, R> = dyn FnMut(Option<&[u8]>) -> Decision<R> + 'o;

/// Asks the user.
pub struct Update<'o, R>(pub &'o mut Decide<'o, R>);

impl<'v, V: Value> Operation<'v, V> for Update<'_, V::Ref<'v>> {
    const ASKS_USER: bool = true;
    fn on_present(&mut self, current: &Current<V>) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, current.show(|value| outside_the_ranks(|| (self.0)(Some(value))))))
    }
    fn on_absent(&mut self) -> Result<(Outcome, Decision<V::Ref<'v>>), Error> {
        Ok((Outcome::Done, outside_the_ranks(|| (self.0)(None))))
    }
}
