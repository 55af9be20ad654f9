//! Counts the words of files, with several threads adding into one map, and compares every count with a plain one.
//!
//! ```text
//! cargo run --example wordcount [FILE...]
//! ```

use portolan::map::{Config, Error, Map, Width};
use std::{collections::HashMap, env, fs, thread};

const THREADS: usize = 4;

/// Words are letters in a row, in small letters.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn count(texts: &[String]) -> Result<Map, Error> {
    let counts = Map::new(Config { value: Width::Word, ..Config::default() })?;
    thread::scope(|scope| {
        let count_share = |first| -> Result<(), Error> {
            // The first thread takes the texts 0, THREADS, ...
            for word in texts.iter().skip(first).step_by(THREADS).flat_map(|text| words(text)) {
                counts.add(word.as_bytes(), 1)?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || count_share(first))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    Ok(counts)
}

fn main() -> Result<(), Error> {
    let mut files: Vec<String> = env::args().skip(1).collect();
    if files.is_empty() {
        files = ["README.md", "CONTRIBUTING.md", "docs/decisions.md", "docs/architecture.md"].map(str::to_owned).into();
    }
    let texts: Vec<String> =
        files.iter().map(|file| fs::read_to_string(file).expect("a text that can be read")).collect();
    let counts = count(&texts)?;

    let mut plain = HashMap::new();
    for word in texts.iter().flat_map(|text| words(text)) {
        *plain.entry(word).or_insert(0u64) += 1;
    }
    assert_eq!(counts.len()?, plain.len() as u64);

    let mut entries = Vec::new();
    counts.range(&mut |word, count| {
        let word = String::from_utf8_lossy(word).into_owned();
        let count = u64::from_ne_bytes(count.try_into().expect("a word has 8 bytes"));
        assert_eq!(plain.get(&word), Some(&count), "{word}");
        entries.push((count, word));
        true
    })?;
    entries.sort_by(|one, other| other.cmp(one));
    for (count, word) in entries.iter().take(10) {
        println!("{count:6} {word}");
    }
    println!("{} words, all counted right by {THREADS} threads", entries.len());
    Ok(())
}
