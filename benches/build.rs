//! Links the shared library as its users do: the one that `make build` made.

fn main() {
    let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/portolan/lib");
    println!("cargo:rerun-if-changed={lib}/libportolan.so");
    println!("cargo:rustc-link-search=native={lib}");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
}
