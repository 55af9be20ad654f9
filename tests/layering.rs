//! The house has one direction: ffi → map → kinds → table → item → base. A file may use its own layer and those below it, and only
//! src/ffi gives functions to C. This test reads the source, so it holds for code behind `cfg` too.
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 6] = ["ffi", "map", "kinds", "table", "item", "base"];

#[test]
fn layers_are_used_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&root);
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let name = file.strip_prefix(&root).expect("it was found there").to_str().expect("our names are ASCII");
            violations(name, &fs::read_to_string(file).expect("a source file can be read"))
        })
        .collect();
    for layer in LAYERS {
        assert!(files.iter().any(|file| file.starts_with(root.join(layer))), "src/{layer} has no file");
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The test can fail: each of these breaks the rule in another way.
#[test]
fn a_planted_violation_is_found() {
    for (file, source) in [
        ("table/search.rs", "use crate::kinds::sharded::Shard;"),
        ("base/hash.rs", "fn f() { crate::table::probe() }"),
        ("kinds/single_lock.rs", "use crate::{base::hash, map::Map};"),
        ("kinds/single_lock.rs", "use crate::{\n    base::{hash, alloc},\n    /* why not */ ffi,\n};"),
        ("map/mod.rs", "use crate :: ffi;"),
        ("map/mod.rs", "use super::ffi::status;"),
        ("kinds/sharded/mod.rs", "use super::super::map::Map;"),
        ("table/mod.rs", "use crate::*;"),
        ("table/mod.rs", "use crate::{self, base::hash};"),
        ("base/mem/alloc.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn ptl_alloc() {}"),
        ("lib.rs", "pub mod map; pub fn shortcut() {}"),
    ] {
        assert_eq!(violations(file, source).len(), 1, "{file}: {source}");
    }
    for (file, source) in [
        ("ffi/map.rs", "use crate::map::{Map, Error}; #[unsafe(no_mangle)] pub extern \"C\" fn ptl_map_new() {}"),
        ("table/search.rs", "use crate::{base::hash, table::bucket::Bucket}; pub(crate) fn probe() {}"),
        (
            "table/search.rs",
            "//! see crate::map\n/* crate::map /* crate::ffi */ crate::map */ const S: &str = \"crate::map\";",
        ),
        ("table/search.rs", "const S: &[u8] = br#\"\"crate::map\"\"#; const Q: char = '\"'; fn f<'a>(x: &'a str) {}"),
        ("kinds/sharded/read.rs", "use super::super::single_lock::map; use super::write;"),
        ("ffi/boundary.rs", "mod tests { use super::super::handle::ptl_map; }"),
        ("map/mod.rs", "pub type Alloc = unsafe extern \"C\" fn(usize);"),
        ("lib.rs", "mod base; mod item; mod table; mod kinds; pub mod map; pub mod ffi;"),
    ] {
        assert_eq!(violations(file, source), [""; 0], "{file}: {source}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source can be read");
    let paths = entries.map(|entry| entry.expect("an entry of it too").path());
    paths
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// What in this file (named from src/) breaks the rule, a line each.
fn violations(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let Some(own) = LAYERS.iter().position(|layer| file.split('/').next() == Some(layer)) else {
        // lib.rs: the map of the house, no logic.
        if tokens.iter().any(|token| token == "fn") {
            found.push(format!("{file}: a function outside the layers"));
        }
        return found;
    };
    for name in names_at_the_root(file, &tokens) {
        match LAYERS.iter().position(|layer| *layer == name) {
            Some(used) if used >= own => (),
            Some(_) => found.push(format!("{file}: {} uses {name}, which is above it", LAYERS[own])),
            None => found.push(format!("{file}: uses crate::{name}, which is no layer")),
        }
    }
    if LAYERS[own] != "ffi" && tokens.iter().any(|token| token == "no_mangle" || token == "export_name") {
        found.push(format!("{file}: gives a name to C, which only ffi may"));
    }
    found
}

/// The first name of each path that begins at the root of the crate: `crate::name`, `crate::{name::…, name}`, or enough `super`s.
/// In a module inside a file these do not reach quite so far, so only what they say of layers counts.
fn names_at_the_root(file: &str, tokens: &[String]) -> Vec<String> {
    let depth = file.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').count();
    let mut names = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        let mut supers = 0;
        while tokens[at..].starts_with(&["super".into(), "::".into()]) {
            supers += 1;
            at += 2;
        }
        let absolute = tokens[at..].starts_with(&["crate".into(), "::".into()]);
        if absolute {
            at += 2;
        } else if supers < depth {
            at = at.max(start + 1);
            continue;
        }
        let heads = match tokens.get(at).map(String::as_str) {
            Some("{") => heads_of_group(&tokens[at + 1..]),
            Some(head) => vec![head.to_owned()],
            None => vec![],
        };
        names.extend(heads.into_iter().filter(|name| absolute || LAYERS.contains(&name.as_str())));
    }
    names
}

/// `a::b, c::{d, e}, f}` gives a, c, f.
fn heads_of_group(tokens: &[String]) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut is_head) = (1, true);
    for token in tokens {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => is_head = true,
            head if is_head => {
                heads.push(head.to_owned());
                is_head = false;
            }
            _ => (),
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Rust's tokens as far as paths need them: names, `::`, and single signs, without comments, strings and characters.
fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        at += match rest {
            ['/', '/', ..] => rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => length_of_comment(rest),
            ['r', '"' | '#', ..] => length_of_raw_string(rest),
            ['b' | 'c', 'r', '"' | '#', ..] => 1, // its raw string is the next
            ['"', ..] => length_of_quoted(rest, '"'),
            ['\'', '\\', ..] | ['\'', _, '\'', ..] => length_of_quoted(rest, '\''), // else it is a lifetime
            [':', ':', ..] => {
                tokens.push("::".to_owned());
                2
            }
            [first, ..] if is_name(first) => {
                let name: String = rest.iter().take_while(|c| is_name(c)).collect();
                let length = name.chars().count();
                tokens.push(name);
                length
            }
            [first, ..] => {
                if !first.is_whitespace() {
                    tokens.push(first.to_string());
                }
                1
            }
            [] => break,
        };
    }
    tokens
}

fn length_of_comment(text: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn length_of_raw_string(text: &[char]) -> usize {
    let hashes = text[1..].iter().take_while(|c| **c == '#').count();
    if text.get(1 + hashes) != Some(&'"') {
        return 1 + hashes; // a raw name, such as r#type
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    (2 + hashes..text.len()).find(|at| text[*at..].starts_with(&end)).map_or(text.len(), |at| at + 1 + hashes)
}

fn length_of_quoted(text: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}
