//! A `Box` in memory from the map's allocator. A failed allocation is an error, where `Box` would
//! abort.

use crate::base::mem::{Memory, OutOfMemory};
use core::{ops::Deref, ptr::NonNull};

/// Owns a value that it has allocated.
#[repr(C)]
pub struct Owned<T: ?Sized> {
    value: NonNull<T>,
    memory: Memory,
}

// SAFETY: it owns the value, which is `Send`, and any thread may use a `Memory`.
unsafe impl<T: ?Sized + Send> Send for Owned<T> {}
// SAFETY: through a shared reference to it one only gets shared references to the value, which is
// `Sync`.
unsafe impl<T: ?Sized + Sync> Sync for Owned<T> {}

impl<T: ?Sized> Owned<T> {
    /// `erase` converts a pointer to the value into a pointer to `T`.
    pub fn new<S>(memory: Memory, value: S, erase: fn(NonNull<S>) -> NonNull<T>) -> Result<Self, OutOfMemory> {
        let place = memory.alloc(size_of::<S>(), align_of::<S>())?.cast::<S>();
        // SAFETY: the memory was just allocated with the size and alignment of an `S`.
        unsafe { place.write(value) };
        Ok(Self { value: erase(place), memory })
    }

    /// The value by its own type.
    ///
    /// # Safety
    /// The value is an `S`, or its type and `S` are `repr(transparent)` wrappers of the same type.
    #[inline(always)]
    pub unsafe fn downcast<S>(&self) -> &S {
        // SAFETY: the value lives as long as `self`, and may be read as an `S` by the contract
        // above.
        unsafe { self.value.cast().as_ref() }
    }
}

impl<T: ?Sized> Deref for Owned<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value lives as long as `self`.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Drop for Owned<T> {
    fn drop(&mut self) {
        /// Frees the memory, even if dropping the value panics.
        struct Free(NonNull<u8>, Memory, usize, usize);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: `new` allocated the memory with this size and alignment, and the value in
                // it has been dropped.
                unsafe { self.1.free(self.0, self.2, self.3) };
            }
        }
        let _free = Free(self.value.cast(), self.memory, size_of_val(&**self), align_of_val(&**self));
        // SAFETY: `self` owns the value, is being dropped, and drops the value only here.
        unsafe { self.value.drop_in_place() };
    }
}
