//! Links the shared library as its users do, the one that `make build` made; and with the feature `peers` the maps in C and C++.

fn main() {
    let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/portolan/lib");
    println!("cargo:rerun-if-changed={lib}/libportolan.so");
    println!("cargo:rustc-link-search=native={lib}");
    // By the new tags LD_LIBRARY_PATH goes first: --compare depends on it.
    println!("cargo:rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{lib}");
    println!("cargo:rerun-if-changed=src/peers");
    #[cfg(feature = "peers")]
    peers();
}

/// Each adapter is an archive of its own, outside link-time optimisation: a call of it stays a call, as a linked library
/// costs its user.
#[cfg(feature = "peers")]
fn peers() {
    let glib = std::process::Command::new("pkg-config").args(["--cflags-only-I", "glib-2.0"]).output();
    let glib = String::from_utf8(glib.expect("pkg-config").stdout).expect("folders");
    let c = ["src/peers/lfht.c", "src/peers/ck_ht.c", "src/peers/glib.c"];
    // The functions of an adapter have the parameters of peer.h, whether they need them or not.
    let mut build = cc::Build::new();
    build.opt_level(3).flag("-Wno-unused-parameter");
    build.clone().files(c).flags(glib.split_whitespace()).compile("peers_c");
    build.cpp(true).std("c++17").file("src/peers/tbb.cpp").compile("peers_cpp");
    for library in ["urcu-qsbr", "urcu-cds", "ck", "glib-2.0", "tbb"] {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
}
