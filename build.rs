//! What the linker has to know about the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The name that programs record: it changes when, and only when, the ABI breaks.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libportolan.so.0");
    // The library stays when a plugin that brought it goes: threads may still be inside, or hold what it gave them.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
