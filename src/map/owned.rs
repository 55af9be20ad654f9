//! A box in memory of the map's allocator, which refuses where `Box` would abort.

use crate::base::mem::{Memory, OutOfMemory};
use core::{ops::Deref, ptr::NonNull};

/// Owns a value in memory of its own.
#[repr(C)]
pub struct Owned<T: ?Sized> {
    place: NonNull<T>,
    memory: Memory,
}

// SAFETY: it owns the value, and any thread may use a source of memory.
unsafe impl<T: ?Sized + Send> Send for Owned<T> {}
// SAFETY: it gives away shared references only.
unsafe impl<T: ?Sized + Sync> Sync for Owned<T> {}

impl<T: ?Sized> Owned<T> {
    /// `erase` makes the pointer to the value one to a `T`.
    pub fn new<S>(memory: Memory, value: S, erase: fn(NonNull<S>) -> NonNull<T>) -> Result<Self, OutOfMemory> {
        let place = memory.alloc(size_of::<S>(), align_of::<S>())?.cast::<S>();
        // SAFETY: the memory was made for an `S`, and is ours alone.
        unsafe { place.write(value) };
        Ok(Self { place: erase(place), memory })
    }

    /// The value as what it is.
    ///
    /// # Safety
    /// The value is an `S`, or an `S` is nothing but what the value is.
    #[inline(always)]
    pub unsafe fn downcast<S>(&self) -> &S {
        // SAFETY: the value lives as long as this, and is an `S` by the contract above.
        unsafe { self.place.cast().as_ref() }
    }
}

impl<T: ?Sized> Deref for Owned<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value lives as long as this.
        unsafe { self.place.as_ref() }
    }
}

impl<T: ?Sized> Drop for Owned<T> {
    fn drop(&mut self) {
        /// Gives the memory back, even if dropping the value panics.
        struct Free(NonNull<u8>, Memory, usize, usize);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: allocated by `new` with this size and alignment, and the value is gone.
                unsafe { self.1.free(self.0, self.2, self.3) };
            }
        }
        let _free = Free(self.place.cast(), self.memory, size_of_val(&**self), align_of_val(&**self));
        // SAFETY: nobody uses the value any more, and it is dropped this once.
        unsafe { self.place.drop_in_place() };
    }
}
