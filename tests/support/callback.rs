//! Rust closures behind the callbacks of the C interface.

use super::abi::{UPDATE_DELETE, UPDATE_KEEP, UPDATE_STORE};
use super::face::{Change, Decide, Status, Visit};
use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A Rust closure that a C callback calls. A panic in it must not unwind through the library, so it
/// is caught, and resumed after the call.
struct Callback<'a, F: ?Sized> {
    body: &'a mut F,
    /// The value that an update stores. It must live until the call returns.
    made: Vec<u8>,
    panicked: Option<Box<dyn Any + Send>>,
}

impl<F: ?Sized> Callback<'_, F> {
    /// Calls the body and returns its result. Returns 0 if it panics, and from then on.
    fn catching(&mut self, call: impl FnOnce(&mut F, &mut Vec<u8>) -> i32) -> i32 {
        if self.panicked.is_some() {
            return 0;
        }
        match catch_unwind(AssertUnwindSafe(|| call(self.body, &mut self.made))) {
            Ok(answer) => answer,
            Err(panic) => {
                self.panicked = Some(panic);
                0
            }
        }
    }
}

pub unsafe extern "C" fn visit(
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    user: *mut c_void,
) -> i32 {
    // SAFETY: `user` is the callback that `with_callback` passed to the library, and key and value
    // have the lengths given.
    let (callback, key, value) =
        unsafe { (&mut *user.cast::<Callback<'_, Visit<'_>>>(), bytes(key, key_size), bytes(value, value_size)) };
    callback.catching(|body, _| i32::from(body(key, value)))
}

pub unsafe extern "C" fn update(
    value: *const c_void,
    value_size: usize,
    new_value: *mut *const c_void,
    new_size: *mut usize,
    user: *mut c_void,
) -> i32 {
    // SAFETY: `user` is the callback that `with_callback` passed to the library, and the two places
    // are the library's.
    let callback = unsafe {
        assert!((*new_value).is_null() && *new_size == 0 && (!value.is_null() || value_size == 0));
        &mut *user.cast::<Callback<'_, Decide<'_>>>()
    };
    // SAFETY: the value has the length given.
    let value = (!value.is_null()).then(|| unsafe { bytes(value, value_size) });
    callback.catching(|body, made| match body(value) {
        Change::Keep => UPDATE_KEEP,
        Change::Delete => UPDATE_DELETE,
        Change::Store(value) => {
            *made = value;
            // SAFETY: the two places are the library's.
            unsafe { (*new_value, *new_size) = (made.as_ptr().cast(), made.len()) };
            UPDATE_STORE
        }
    })
}

/// # Safety
///
/// `data` must be valid for reads of `size` bytes for `'a`. It may be NULL if `size` is 0.
unsafe fn bytes<'a>(data: *const c_void, size: usize) -> &'a [u8] {
    // SAFETY: `size` is not 0, so `data` is valid for `size` bytes by this function's contract.
    if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data.cast(), size) } }
}

pub fn with_callback<F: ?Sized>(body: &mut F, call: impl FnOnce(*mut c_void) -> i32) -> Status {
    let mut callback = Callback { body, made: Vec::new(), panicked: None };
    let status = call((&raw mut callback).cast());
    match callback.panicked {
        Some(panic) => resume_unwind(panic),
        None => status.into(),
    }
}
