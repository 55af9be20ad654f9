//! Which library this is.

use std::ffi::c_char;

/// One part of the package's version.
const fn part(text: &str) -> u32 {
    let (text, mut number, mut index) = (text.as_bytes(), 0, 0);
    while index < text.len() {
        number = number * 10 + (text[index] - b'0') as u32;
        index += 1;
    }
    number
}

const NUMBER: u32 = part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | part(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library that runs, such as "0.1.0". The text is static.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The same as a number to compare: major << 16 | minor << 8 | patch.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_version_number() -> u32 {
    NUMBER
}
