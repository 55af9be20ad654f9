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

/// The version that this header belongs to. The library that is running may be a later one:
/// ptl_version_number.
pub const PTL_VERSION_MAJOR: u32 = 0;
/// The second number of the version.
pub const PTL_VERSION_MINOR: u32 = 1;
/// The third number of the version.
pub const PTL_VERSION_PATCH: u32 = 0;
/// The version of this header as a number that can be compared, as by ptl_version_number.
pub const PTL_VERSION_NUMBER: u32 = PTL_VERSION_MAJOR << 16 | PTL_VERSION_MINOR << 8 | PTL_VERSION_PATCH;

/// Checks that the numbers above, which the header copies, are those of Cargo.toml.
const _: () = {
    assert!(PTL_VERSION_MAJOR == part(env!("CARGO_PKG_VERSION_MAJOR")));
    assert!(PTL_VERSION_MINOR == part(env!("CARGO_PKG_VERSION_MINOR")));
    assert!(PTL_VERSION_PATCH == part(env!("CARGO_PKG_VERSION_PATCH")));
};

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
    PTL_VERSION_NUMBER
}
