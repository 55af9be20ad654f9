//! Plants the bugs of ci/mutants/*.bug in a copy of the tree. ci/mutants.sh runs the tests that
//! must find them.
//!
//! ```text
//! plant check TREE              checks that each bug fits the source
//! plant list TREE [FILE ...]    prints name, test and description of each bug, or of those in these files
//! plant apply TREE NAME         plants a bug, and prints the files that it changes
//! ```
//!
//! A bug is a file:
//!
//! ```text
//! A sentence that says what is wrong with the bug planted.
//! test: the test that must fail
//!
//! src/table/write.rs: insert
//! - the code in the source
//! + the code that replaces it
//! ```
//!
//! The last part may be repeated. The code must occur exactly once in that function, or in the
//! whole file if no function is named. Comments and line breaks do not matter.

mod lexer;
mod rewrite;

use rewrite::Rewrite;
use std::{fs, path::Path, process::ExitCode};

struct Bug {
    name: String,
    what: String,
    test: String,
    rewrites: Vec<Rewrite>,
}

impl Bug {
    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let what = lines.next().unwrap_or("").to_string();
        let test = lines.next().and_then(|line| line.strip_prefix("test: ")).ok_or("the second line names no test")?;
        let mut rewrites: Vec<Rewrite> = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let Some(place) = line.strip_prefix(['-', '+']) else {
                let (file, function) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
                let [old, new] = [String::new(), String::new()];
                rewrites.push(Rewrite { file: file.into(), function: function.into(), old, new });
                continue;
            };
            let rewrite = rewrites.last_mut().ok_or("code without a file")?;
            let side = if line.starts_with('-') { &mut rewrite.old } else { &mut rewrite.new };
            side.extend(if side.is_empty() { None } else { Some('\n') });
            side.push_str(place.strip_prefix(' ').unwrap_or(place));
        }
        if what.is_empty() || rewrites.is_empty() {
            return Err("it has no description, or changes nothing".into());
        }
        Ok(Self { name: name.into(), what, test: test.into(), rewrites })
    }

    /// The files that the bug changes, with their new contents.
    fn changes(&self, tree: &Path) -> Result<Vec<(&str, String)>, String> {
        let mut changed: Vec<(&str, String)> = Vec::new();
        for rewrite in &self.rewrites {
            let read = || fs::read_to_string(tree.join(&rewrite.file));
            let known = changed.iter().position(|(file, _)| *file == rewrite.file);
            let source = match known {
                Some(index) => changed.swap_remove(index).1,
                None => read().map_err(|error| format!("{}: {error}", rewrite.file))?,
            };
            let source =
                rewrite.apply(&source).map_err(|why| format!("{}: {}: {why}", rewrite.file, rewrite.function))?;
            changed.push((&rewrite.file, source));
        }
        Ok(changed)
    }
}

fn bugs(tree: &Path) -> Result<Vec<Bug>, String> {
    let folder = tree.join("ci/mutants");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "bug"));
    paths.sort();
    let mut bugs = Vec::new();
    for path in paths {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("");
        let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        bugs.push(Bug::parse(name, &text).map_err(|why| format!("{name}: {why}"))?);
    }
    if bugs.is_empty() { Err(format!("{} has no bug", folder.display())) } else { Ok(bugs) }
}

fn check(tree: &Path) -> Result<(), String> {
    let bugs = bugs(tree)?;
    let misfit = |bug: &Bug| bug.changes(tree).err().map(|why| format!("{} does not fit: {why}", bug.name));
    let misfits: Vec<_> = bugs.iter().filter_map(misfit).collect();
    if misfits.is_empty() {
        println!("{} planted bugs fit the source", bugs.len());
        return Ok(());
    }
    Err(misfits.join("\n"))
}

fn list(tree: &Path, files: &[String]) -> Result<(), String> {
    let wanted = |bug: &&Bug| files.is_empty() || bug.rewrites.iter().any(|rewrite| files.contains(&rewrite.file));
    bugs(tree)?.iter().filter(wanted).for_each(|bug| println!("{}\t{}\t{}", bug.name, bug.test, bug.what));
    Ok(())
}

fn apply(tree: &Path, name: &str) -> Result<(), String> {
    let bugs = bugs(tree)?;
    let bug = bugs.iter().find(|bug| bug.name == name).ok_or(format!("no bug is called {name}"))?;
    for (file, source) in bug.changes(tree)? {
        fs::write(tree.join(file), source).map_err(|error| format!("{file}: {error}"))?;
        println!("{file}");
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match &arguments[..] {
        [command, tree] if command == "check" => check(Path::new(tree)),
        [command, tree, files @ ..] if command == "list" => list(Path::new(tree), files),
        [command, tree, name] if command == "apply" => apply(Path::new(tree), name),
        _ => Err("usage: plant check TREE | plant list TREE [FILE ...] | plant apply TREE NAME".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
