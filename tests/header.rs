//! The committed header is the one that cbindgen generates from the source.
//! `PORTOLAN_UPDATE_HEADER=1` writes it.

use std::{env, fs, path::Path};

/// The files of the C interface, in the order of the header.
const SOURCES: [&str; 14] = [
    "status",
    "slices",
    "options",
    "version",
    "map_handle",
    "lifecycle",
    "key_ops",
    "word",
    "key_ops_u64",
    "whole",
    "iterate",
    "update",
    "batch",
    "stats",
];

/// Leaves out the comments behind `//`, which C89 does not know, and puts comments of one line on one.
fn tidy(header: &str) -> String {
    let header = header.replace("  // __cplusplus", "").replace(" // __cplusplus", "").replace("  // extern \"C\"", "");
    let mut lines = header.lines().peekable();
    let mut tidied = String::new();
    while let Some(line) = lines.next() {
        tidied += line;
        if line.trim_start() == "/**" {
            let text = lines.next().expect("a comment");
            if lines.next_if(|end| end.trim_start() == "*/").is_some() {
                tidied += text.trim_start().trim_start_matches('*');
                tidied += " */";
            } else {
                tidied.push('\n');
                tidied += text;
            }
        }
        tidied.push('\n');
    }
    assert!(!tidied.contains("//"), "a comment that C89 does not know");
    tidied
}

#[test]
fn the_header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut builder = cbindgen::Builder::new()
        .with_config(cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml"));
    for source in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(source).with_extension("rs"));
    }
    let mut generated = Vec::new();
    builder.generate().expect("the header").write(&mut generated);
    let generated = tidy(&String::from_utf8(generated).expect("text"));

    let committed = root.join("include/portolan.h");
    if env::var_os("PORTOLAN_UPDATE_HEADER").is_some() {
        fs::write(&committed, &generated).expect("include/portolan.h");
    }
    let committed = fs::read_to_string(&committed).expect("include/portolan.h");
    for (number, (is, ought)) in committed.lines().zip(generated.lines()).enumerate() {
        assert_eq!(
            is,
            ought,
            "include/portolan.h, line {}: run PORTOLAN_UPDATE_HEADER=1 cargo test --test header",
            number + 1
        );
    }
    assert_eq!(committed, generated, "include/portolan.h: run PORTOLAN_UPDATE_HEADER=1 cargo test --test header");
}
