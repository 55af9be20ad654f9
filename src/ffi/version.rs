//! The version of the library.

use std::ffi::c_char;

/// Parses one part of the package's version.
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

/// Returns the version of the library that is running, such as "0.1.0". The text is static.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns the version as a number that can be compared: major << 16 | minor << 8 | patch.
///
/// Threads: any. Order: none.
#[unsafe(no_mangle)]
pub extern "C" fn ptl_version_number() -> u32 {
    NUMBER
}
