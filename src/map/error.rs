//! Why a call failed.

use crate::{
    base::{hash::NoRandomness, mem::OutOfMemory},
    item::WrongSize,
    kinds,
};

/// Why a call failed. A failed call had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A key or value has the wrong length for this map.
    Size,
    /// The operation does not fit the type of the map's keys or values.
    Type,
    /// The caller's buffer is too small.
    Buffer,
    /// An allocation failed.
    Memory,
    /// Another thread is using this bucketed map.
    Concurrent,
    /// This thread is inside an `update` of this map.
    Reentrant,
    /// The operation would have to wait for another thread, and the caller asked not to.
    Busy,
    /// The system provided no random seed.
    NoRandomness,
}

impl From<kinds::Error> for Error {
    #[inline(always)]
    fn from(error: kinds::Error) -> Self {
        match error {
            kinds::Error::Buffer => Self::Buffer,
            kinds::Error::Memory => Self::Memory,
            kinds::Error::Concurrent => Self::Concurrent,
        }
    }
}

impl From<WrongSize> for Error {
    fn from(WrongSize: WrongSize) -> Self {
        Self::Size
    }
}

impl From<OutOfMemory> for Error {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}
