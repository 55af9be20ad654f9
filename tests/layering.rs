//! The house has one direction: ffi → map → kinds → table → item → base. ffi uses map alone; every other layer may use all of those
//! below it, the next one or not. In base, `os` and `arch` use nothing else of the crate, and only there the source asks for
//! which system or processor it is compiled. Only src/ffi gives functions to C, and its files form no circle. This test reads the
//! source, so it holds for code behind `cfg` too.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 6] = ["ffi", "map", "kinds", "table", "item", "base"];
const ROOMS_OF_BASE: [&str; 5] = ["mem", "sync", "hash", "os", "arch"];
/// Of those, what use nothing else, and may ask what they are compiled for.
const LEAVES: [&str; 2] = ["os", "arch"];
const TARGETS: [&str; 3] = ["target_os", "target_arch", "target_family"];

/// Each file of the source, named from src/, and what it says.
fn source() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: PathBuf| {
        let name = file.strip_prefix(&root).expect("it was found there").to_str().expect("our names are ASCII");
        (name.to_owned(), fs::read_to_string(&file).expect("a source file can be read"))
    };
    rust_files(&root).into_iter().map(read).collect()
}

#[test]
fn layers_are_used_downwards_only() {
    let files = source();
    for folder in LAYERS.map(|layer| format!("{layer}/")).into_iter().chain(LEAVES.map(|leaf| format!("base/{leaf}/")))
    {
        assert!(files.iter().any(|(name, _)| name.starts_with(&folder)), "src/{folder} has no file");
    }
    let found: Vec<String> = files.iter().flat_map(|(name, source)| violations(name, source)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_files_of_ffi_form_no_circle() {
    let uses = uses_in("ffi", &source());
    assert!(uses.values().flatten().count() > 20, "few files use another: {uses:?}");
    assert_eq!(circle(&uses), None);
}

/// The test can fail: each of these breaks the rule in another way.
#[test]
fn a_planted_violation_is_found() {
    for (file, source) in [
        ("table/search.rs", "use crate::kinds::sharded::Shard;"),
        ("item/key.rs", "use crate::table::Slot;"),
        ("base/hash.rs", "fn f() { crate::table::search() }"),
        ("kinds/single_lock.rs", "use crate::{base::hash, map::Map};"),
        ("kinds/single_lock.rs", "use crate::{\n    base::{hash, mem},\n    /* why not */ ffi,\n};"),
        ("ffi/handle.rs", "use crate::base::sync::AtomicU32;"),
        ("map/mod.rs", "use crate :: ffi;"),
        ("map/mod.rs", "use super::ffi::status;"),
        ("kinds/sharded/mod.rs", "use super::super::map::Map;"),
        ("table/mod.rs", "use crate::*;"),
        ("table/mod.rs", "use crate::{self, base::hash};"),
        ("base/mem/alloc.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn ptl_alloc() {}"),
        ("base/os/linux.rs", "use crate::base::sync::Mutex;"),
        ("base/arch/mod.rs", "use super::os;"),
        ("base/os/mod.rs", "use crate::base::{os, arch::prefetch};"),
        ("base/mem/alloc.rs", "#[cfg(target_os = \"linux\")] const PAGE: usize = 4096;"),
        ("table/scan.rs", "const AHEAD: usize = if cfg!(target_arch = \"x86_64\") { 32 } else { 16 };"),
        ("lib.rs", "pub mod map; pub fn shortcut() {}"),
    ] {
        assert_eq!(violations(file, source).len(), 1, "{file}: {source}");
    }
    for (file, source) in [
        ("ffi/key_ops.rs", "use crate::map::{Map, Error}; #[unsafe(no_mangle)] pub extern \"C\" fn ptl_map_load() {}"),
        ("table/search.rs", "use crate::{base::hash, table::bucket::Bucket}; pub(crate) fn search() {}"),
        (
            "table/search.rs",
            "//! see crate::map\n/* crate::map /* crate::ffi */ crate::map */ const S: &str = \"crate::map\";",
        ),
        ("table/search.rs", "const S: &[u8] = br#\"\"crate::map\"\"#; const Q: char = '\"'; fn f<'a>(x: &'a str) {}"),
        ("kinds/sharded/read.rs", "use super::super::single_lock::map; use super::write;"),
        ("ffi/boundary.rs", "mod tests { use super::super::handle::ptl_map; }"),
        ("map/mod.rs", "pub type Alloc = unsafe extern \"C\" fn(usize);"),
        ("base/mem/pool.rs", "use super::{alloc::Memory, block::Block}; use crate::base::os;"),
        ("base/os/linux.rs", "use super::once; const FEW: bool = cfg!(target_arch = \"x86_64\");"),
        ("base/arch/mod.rs", "#[cfg(test)] mod tests { use super::{equal_bytes, portable}; }"),
        ("lib.rs", "mod base; mod item; mod table; mod kinds; pub mod map; pub mod ffi;"),
    ] {
        assert_eq!(violations(file, source), [""; 0], "{file}: {source}");
    }
}

#[test]
fn a_planted_circle_is_found() {
    let handle = ("ffi/handle.rs", "use super::{options, status::PTL_OK};");
    let options = ("ffi/options.rs", "use crate::{ffi::{boundary::{self, call}}, map::Map};");
    let boundary = ("ffi/boundary.rs", "#[cfg(test)]\nmod tests { use crate::ffi::handle; }");
    let circular = ("ffi/boundary.rs", "fn f() { super::handle::borrow() }");
    let found =
        |last| circle(&uses_in("ffi", &[handle, options, last].map(|(name, source)| (name.into(), source.into()))));
    assert_eq!(found(boundary), None);
    assert_eq!(found(circular).map(|files| files.len()), Some(4));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source can be read");
    let paths = entries.map(|entry| entry.expect("an entry of it too").path());
    paths
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// What in this file (named from src/) breaks a rule, a line each.
fn violations(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut folders = file.split('/');
    let (first, second) = (folders.next(), folders.next());
    let Some(own) = LAYERS.iter().position(|layer| first == Some(layer)) else {
        // lib.rs: the map of the house, no logic.
        if tokens.iter().any(|token| token == "fn") {
            found.push(format!("{file}: a function outside the layers"));
        }
        return found;
    };
    let layer = LAYERS[own];
    let leaf = LEAVES.into_iter().find(|leaf| layer == "base" && second == Some(leaf));
    for Used { absolute, path } in paths(file, &tokens) {
        match LAYERS.iter().position(|layer| *layer == path[0]) {
            Some(used) if used < own => found.push(format!("{file}: {layer} uses {}, which is above it", path[0])),
            Some(used) if layer == "ffi" && used > 1 => found.push(format!("{file}: ffi uses {} past map", path[0])),
            Some(_) => {
                let room = path.get(1).filter(|room| ROOMS_OF_BASE.contains(&room.as_str()));
                if let (Some(leaf), Some(room)) = (leaf, room)
                    && leaf != room
                {
                    found.push(format!("{file}: {leaf} uses {room}"));
                }
            }
            None if absolute => found.push(format!("{file}: uses crate::{}, which is no layer", path[0])),
            // In a module inside a file `super` does not reach so far.
            None => {}
        }
    }
    if layer != "ffi" && tokens.iter().any(|token| token == "no_mangle" || token == "export_name") {
        found.push(format!("{file}: gives a name to C, which only ffi may"));
    }
    if leaf.is_none() && tokens.iter().any(|token| TARGETS.contains(&token.as_str())) {
        found.push(format!("{file}: asks what it is compiled for"));
    }
    found
}

/// Which file of a folder uses which others of it, tests apart.
fn uses_in(folder: &str, files: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let module = |file: &str| file.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs").map(str::to_owned);
    let modules: Vec<String> = files.iter().filter_map(|(file, _)| module(file)).collect();
    let uses = files.iter().filter_map(|(file, source)| {
        let own = module(file)?;
        let source = source.split("#[cfg(test)]\nmod tests {").next()?;
        let of_folder = paths(file, &tokens(source)).into_iter().filter(|used| used.path[0] == folder);
        let used = of_folder.filter_map(|used| used.path.into_iter().nth(1));
        Some((own.clone(), used.filter(|used| modules.contains(used) && *used != own).collect()))
    });
    uses.collect()
}

/// A way through the files that ends where it began, if there is one.
fn circle(uses: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    fn on(way: &mut Vec<String>, uses: &BTreeMap<String, Vec<String>>) -> bool {
        let last = way[way.len() - 1].clone();
        if way[..way.len() - 1].contains(&last) {
            return way[0] == last;
        }
        uses.get(&last).into_iter().flatten().any(|next| {
            way.push(next.clone());
            let found = on(way, uses);
            if !found {
                way.pop();
            }
            found
        })
    }
    uses.keys().find_map(|start| {
        let mut way = vec![start.clone()];
        on(&mut way, uses).then_some(way)
    })
}

/// A path as it goes on from the root of the crate.
struct Used {
    /// It began with `crate`, not with `super`.
    absolute: bool,
    path: Vec<String>,
}

/// Each path that begins with `crate` or `super`, as if it stood in the module that the file is.
fn paths(file: &str, tokens: &[String]) -> Vec<Used> {
    let module: Vec<String> =
        file.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let absolute = tokens[at..].starts_with(&["crate".into(), "::".into()]);
        let mut root = module.clone();
        if absolute {
            root.clear();
            at += 2;
        }
        let start = at;
        while tokens[at..].starts_with(&["super".into(), "::".into()]) {
            root.pop();
            at += 2;
        }
        if !absolute && at == start {
            at += 1;
            continue;
        }
        let mut all = Vec::new();
        expand(tokens, &mut at, root, &mut all);
        found.extend(all.into_iter().map(|path| Used { absolute, path }));
    }
    found
}

/// From `a::{b, c::d}` on, behind `path`: `path::a::b` and `path::a::c::d`.
fn expand(tokens: &[String], at: &mut usize, mut path: Vec<String>, all: &mut Vec<Vec<String>>) {
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if token == "{" {
            while tokens.get(*at).is_some_and(|token| token != "}") {
                expand(tokens, at, path.clone(), all);
                *at += usize::from(tokens.get(*at).is_some_and(|token| token == ","));
            }
            *at += 1;
            return;
        }
        path.push(token.clone());
        if tokens.get(*at).is_none_or(|token| token != "::") {
            break;
        }
        *at += 1;
    }
    all.push(path);
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
