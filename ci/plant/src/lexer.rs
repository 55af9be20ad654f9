//! A simple lexer that is good enough for Rust, C, C++ and Go. Comments and white space are not
//! tokens.

use std::ops::Range;

/// The tokens of `source` in order, as ranges. `nests`: block comments nest, as in Rust.
pub fn tokens(source: &str, nests: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let (length, is_token) = next(rest, nests);
        if is_token {
            found.push(at..at + length);
        }
        at += length;
    }
    found
}

/// The length of the token, comment or white space at the start of `rest`, and whether it is a
/// token.
fn next(rest: &str, nests: bool) -> (usize, bool) {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return (first.len_utf8(), false);
    }
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest, nests), false);
    }
    if let Some(length) = raw_string(rest) {
        return (length, true);
    }
    if first == '"' {
        return (quoted(rest, '"'), true);
    }
    if first == '\'' {
        return (character(rest), true);
    }
    if is_word(first) {
        return (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true);
    }
    (first.len_utf8(), true)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(rest: &str, nests: bool) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else if nests && here.starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a raw string: r"…" or r#"…"# in Rust, `…` in Go.
fn raw_string(rest: &str) -> Option<usize> {
    if let Some(text) = rest.strip_prefix('`') {
        return Some(text.find('`').map_or(rest.len(), |end| end + 2));
    }
    let opened = rest.strip_prefix("br").or(rest.strip_prefix('r'))?;
    let hashes = opened.len() - opened.trim_start_matches('#').len();
    let text = opened[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text.find(&end).map_or(rest.len(), |at| rest.len() - text.len() + at + end.len()))
}

/// The length of a quoted string or character. A backslash escapes the next character.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    rest.len()
}

/// The length of a character literal, or 1 for the quote of a Rust lifetime.
fn character(rest: &str) -> usize {
    let mut after = rest.chars().skip(1);
    match (after.next(), after.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(rest, '\''),
        _ => 1,
    }
}
