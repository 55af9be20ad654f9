//! The layers of the source: ffi → map → kinds → table → item → base.
//!
//! - A layer uses only layers below it. `ffi` uses only `map`.
//! - In `base`, `os` and `arch` use nothing else of the crate. Only they ask for which system or
//!   processor the source is compiled.
//! - Only `ffi` exports functions to C. Its files do not use each other in a cycle.
//! - No file has more than [`MOST_LINES`] lines.
//!
//! This test reads the source, so it also covers code behind `cfg`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 6] = ["ffi", "map", "kinds", "table", "item", "base"];
const PARTS_OF_BASE: [&str; 5] = ["mem", "sync", "hash", "os", "arch"];
/// The parts of `base` that use nothing else of the crate, and may ask what they are compiled for.
const LEAVES: [&str; 2] = ["os", "arch"];
/// A longer file probably does two jobs.
const MOST_LINES: usize = 450;
const TARGETS: [&str; 3] = ["target_os", "target_arch", "target_family"];

/// Each source file: its path below src/, and its text.
fn source() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: PathBuf| {
        let name = file.strip_prefix(&root).expect("the file is below src/").to_str().expect("our names are ASCII");
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
fn the_files_of_ffi_form_no_cycle() {
    let uses = uses_in("ffi", &source());
    assert!(uses.values().flatten().count() > 20, "few files use another: {uses:?}");
    assert_eq!(cycle(&uses), None);
}

#[test]
fn no_file_is_too_long() {
    let long = source().into_iter().map(|(name, source)| (name, source.lines().count()));
    let long: Vec<_> = long.filter(|(_, lines)| *lines > MOST_LINES).collect();
    assert!(
        long.is_empty(),
        "{long:?}: more than {MOST_LINES} lines. Find the two jobs that such a file does, and give one of them, with \
         the comment that explains it, a file of its own in the same folder"
    );
}

/// The test itself is tested: each of these sources breaks one rule.
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
fn a_planted_cycle_is_found() {
    let handle = ("ffi/handle.rs", "use super::{options, status::PTL_OK};");
    let options = ("ffi/options.rs", "use crate::{ffi::{boundary::{self, call}}, map::Map};");
    let boundary = ("ffi/boundary.rs", "#[cfg(test)]\nmod tests { use crate::ffi::handle; }");
    let cyclic = ("ffi/boundary.rs", "fn f() { super::handle::borrow() }");
    let found =
        |last| cycle(&uses_in("ffi", &[handle, options, last].map(|(name, source)| (name.into(), source.into()))));
    assert_eq!(found(boundary), None);
    assert_eq!(found(cyclic).map(|files| files.len()), Some(4));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source can be read");
    let paths = entries.map(|entry| entry.expect("an entry of it too").path());
    paths
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// What breaks a rule in this file, one line each. `file` is its path below src/.
fn violations(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut folders = file.split('/');
    let (first, second) = (folders.next(), folders.next());
    let Some(own) = LAYERS.iter().position(|layer| first == Some(layer)) else {
        // lib.rs lists the layers and has no code.
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
                let part = path.get(1).filter(|part| PARTS_OF_BASE.contains(&part.as_str()));
                if let (Some(leaf), Some(part)) = (leaf, part)
                    && leaf != part
                {
                    found.push(format!("{file}: {leaf} uses {part}"));
                }
            }
            None if absolute => found.push(format!("{file}: uses crate::{}, which is no layer", path[0])),
            // The path began with `super` in a module inside a file, so it stays in that file.
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

/// For each file of a folder, the other files of the folder that it uses. Unit tests do not count.
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

/// A path through the files that ends where it began, if there is one.
fn cycle(uses: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    fn extend(path: &mut Vec<String>, uses: &BTreeMap<String, Vec<String>>) -> bool {
        let last = path[path.len() - 1].clone();
        if path[..path.len() - 1].contains(&last) {
            return path[0] == last;
        }
        uses.get(&last).into_iter().flatten().any(|next| {
            path.push(next.clone());
            let found = extend(path, uses);
            if !found {
                path.pop();
            }
            found
        })
    }
    uses.keys().find_map(|start| {
        let mut path = vec![start.clone()];
        extend(&mut path, uses).then_some(path)
    })
}

/// A path, from the root of the crate.
struct Used {
    /// Whether it began with `crate` rather than with `super`.
    absolute: bool,
    path: Vec<String>,
}

/// All paths that begin with `crate` or `super`. `super` is resolved as if the path stood directly
/// in the file's module.
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

/// Expands `a::{b, c::d}`, which follows `path`, to `path::a::b` and `path::a::c::d`.
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

/// The tokens that matter for paths: names, `::` and single characters. Comments, strings and
/// character literals are left out.
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
            ['b' | 'c', 'r', '"' | '#', ..] => 1, // the raw string follows
            ['"', ..] => length_of_quoted(rest, '"'),
            ['\'', '\\', ..] | ['\'', _, '\'', ..] => length_of_quoted(rest, '\''), // otherwise it is a lifetime
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
        return 1 + hashes; // a raw identifier, such as r#type
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
