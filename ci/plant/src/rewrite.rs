//! Finds the code of a rewrite in a file, ignoring comments and white space, and replaces it.

use crate::lexer::tokens;
use std::ops::Range;

/// Replaces `old` by `new` in a function of a file, or anywhere in the file if `function` is empty.
pub struct Rewrite {
    pub file: String,
    pub function: String,
    pub old: String,
    pub new: String,
}

impl Rewrite {
    /// Returns the changed source, or why the rewrite does not fit. `old` must occur exactly once.
    pub fn apply(&self, source: &str) -> Result<String, String> {
        let file = Tokens::of(source, self.file.rsplit('.').next().unwrap_or(""));
        let old = Tokens::of(&self.old, file.language);
        if old.spans.is_empty() {
            return Err("nothing to look for".into());
        }
        let regions = file.functions(&self.function);
        if regions.is_empty() {
            return Err(format!("no function is called {}", self.function));
        }
        let found: Vec<_> = regions.into_iter().flat_map(|region| file.places_of(&old, region)).collect();
        let [at] = found[..] else { return Err(format!("found {} times, not once: {}", found.len(), self.old)) };
        let (first, last) = (&file.spans[at], &file.spans[at + old.spans.len() - 1]);
        Ok(format!("{}{}{}", &source[..first.start], self.new, &source[last.end..]))
    }
}

/// A text and the ranges of its tokens.
struct Tokens<'a> {
    text: &'a str,
    /// The extension of the file's name.
    language: &'a str,
    spans: Vec<Range<usize>>,
}

impl<'a> Tokens<'a> {
    fn of(text: &'a str, language: &'a str) -> Self {
        Self { text, language, spans: tokens(text, language == "rs") }
    }

    /// Token number `at`, or an empty text past the end.
    fn get(&self, at: usize) -> &'a str {
        self.spans.get(at).map_or("", |span| &self.text[span.clone()])
    }

    /// The numbers of the tokens in `region` at which `old` begins.
    fn places_of(&self, old: &Tokens<'_>, region: Range<usize>) -> Vec<usize> {
        let is_there = |at: &usize| (0..old.spans.len()).all(|index| self.get(at + index) == old.get(index));
        let end = (region.end + 1).saturating_sub(old.spans.len());
        (region.start..end).filter(is_there).collect()
    }

    /// All functions of this name that have a body, from the name to the end of the body. The whole
    /// file if the name is empty.
    fn functions(&self, name: &str) -> Vec<Range<usize>> {
        if name.is_empty() {
            return core::iter::once(0..self.spans.len()).collect();
        }
        let begins = |at: &usize| self.get(*at) == name && self.is_defined_at(*at);
        (0..self.spans.len()).filter(begins).filter_map(|at| Some(at..self.end_of_body(at)?)).collect()
    }

    /// Whether the name at this token is that of a function being defined, not called.
    fn is_defined_at(&self, at: usize) -> bool {
        let before = |back: usize| if at >= back { self.get(at - back) } else { "" };
        match self.language {
            "rs" => before(1) == "fn",
            // `func name` or `func (receiver) name`. Nothing but a declaration begins like that.
            "go" => before(1) == "func" || (1..=at.min(12)).any(|back| before(back) == "func") && before(1) == ")",
            // Before the name in a definition stands a type, a label or the end of something else.
            _ => {
                let word = before(1).chars().all(|c| c.is_alphanumeric() || c == '_');
                let keyword = matches!(before(1), "" | "return" | "else" | "case" | "throw");
                word && !keyword || matches!(before(1), "*" | "&" | ">" | "~" | "}" | ";" | ":" | "{")
            }
        }
    }

    /// The token after the body of the function whose name is token `name`. `None` if it has no
    /// body.
    fn end_of_body(&self, name: usize) -> Option<usize> {
        let (mut at, mut depth) = (name + 1, 0);
        if !matches!(self.get(at), "(" | "<" | "[") {
            return None;
        }
        loop {
            match self.get(at) {
                "" => return None,
                "(" | "[" => depth += 1,
                ")" | "]" if depth == 0 => return None,
                ")" | "]" => depth -= 1,
                ";" | "}" if depth == 0 => return None,
                "{" if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        for (end, span) in self.spans.iter().enumerate().skip(at) {
            match &self.text[span.clone()] {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(end + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(file: &str, function: &str, old: &str, new: &str, source: &str) -> Result<String, String> {
        let [file, function, old, new] = [file, function, old, new].map(String::from);
        Rewrite { file, function, old, new }.apply(source)
    }

    #[test]
    fn comments_and_white_space_do_not_matter() {
        let source =
            "fn f<'a>(s: &'a str) -> u32\nwhere T: X,\n{\n    // old + 1\n    old /* why */ +\n    1 // \"\n}\n";
        let changed = rewrite("a.rs", "f", "old + 1", "2", source).unwrap();
        assert!(changed.contains("\n    2 // \"\n}"), "{changed}");
    }

    #[test]
    fn strings_and_comments_are_not_searched() {
        let source = "fn f() { let (q, r) = ('\"', r#\"x = 1;\"#); /* x = 1; /* */ x = 1; */ x = 1; }";
        assert!(rewrite("a.rs", "f", "x = 1;", "", source).unwrap().ends_with("*/  }"));
    }

    #[test]
    fn only_the_function_named_is_searched() {
        let source = "fn g() { x } fn f() { x } fn h() { if f() { x } }";
        assert_eq!(rewrite("a.rs", "f", "x", "y", source).unwrap(), source.replace("f() { x } fn", "f() { y } fn"));
        let go = "func (m *Map[K, V]) F(a int) (int, error) { x }\nfunc G() { if m.F(1) { x } }";
        assert_eq!(rewrite("a.go", "F", "x", "y", go).unwrap(), go.replacen('x', "y", 1));
        let cpp = "int f(int a) const { x; } int g() { if (f(1)) { x; } return f(2); }";
        assert_eq!(rewrite("a.hpp", "f", "x", "y", cpp).unwrap(), cpp.replacen('x', "y", 1));
    }

    #[test]
    fn code_that_does_not_occur_exactly_once_does_not_fit() {
        for (function, old) in [("f", "x"), ("f", "z"), ("g", "x"), ("", "x"), ("f", "")] {
            assert!(rewrite("a.rs", function, old, "", "fn f() { x; x }").is_err(), "{function}: {old}");
        }
    }
}
