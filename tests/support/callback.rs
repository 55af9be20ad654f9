//! Rust closures behind the callbacks of the C interface.

use super::abi::{UPDATE_DELETE, UPDATE_KEEP, UPDATE_STORE};
use super::face::{Change, Decide, Status, Visit};
use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A Rust closure behind a C callback. A panic in it must not cross the library: it is kept, and goes on after the call.
struct Callback<'a, F: ?Sized> {
    body: &'a mut F,
    /// What an update stores; it lives until the call is over.
    made: Vec<u8>,
    panicked: Option<Box<dyn Any + Send>>,
}

impl<F: ?Sized> Callback<'_, F> {
    /// What the body gives, or 0 once it has panicked.
    fn guarded(&mut self, call: impl FnOnce(&mut F, &mut Vec<u8>) -> i32) -> i32 {
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
    // SAFETY: the library passes on what `with_callback` gave it, and keys and values of the lengths that it says.
    let (callback, key, value) =
        unsafe { (&mut *user.cast::<Callback<'_, Visit<'_>>>(), bytes(key, key_size), bytes(value, value_size)) };
    callback.guarded(|body, _| i32::from(body(key, value)))
}

pub unsafe extern "C" fn update(
    value: *const c_void,
    value_size: usize,
    new_value: *mut *const c_void,
    new_size: *mut usize,
    user: *mut c_void,
) -> i32 {
    // SAFETY: as above; the places are the library's, and hold NULL and 0.
    let callback = unsafe {
        assert!((*new_value).is_null() && *new_size == 0 && (!value.is_null() || value_size == 0));
        &mut *user.cast::<Callback<'_, Decide<'_>>>()
    };
    // SAFETY: as above.
    let value = (!value.is_null()).then(|| unsafe { bytes(value, value_size) });
    callback.guarded(|body, made| match body(value) {
        Change::Keep => UPDATE_KEEP,
        Change::Delete => UPDATE_DELETE,
        Change::Store(value) => {
            *made = value;
            // SAFETY: as above.
            unsafe { (*new_value, *new_size) = (made.as_ptr().cast(), made.len()) };
            UPDATE_STORE
        }
    })
}

unsafe fn bytes<'a>(data: *const c_void, size: usize) -> &'a [u8] {
    // SAFETY: the caller's promise; nothing is at NULL.
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
