//! Another Rust static library in the same C program: it allocates, starts a thread, panics and
//! catches the panic.
use std::collections::HashMap;

/// Returns how many different letters a thread counted, or -1 if the panic was not caught.
#[unsafe(no_mangle)]
pub extern "C" fn neighbour_work() -> i32 {
    let counted = std::thread::spawn(|| {
        let mut letters = HashMap::new();
        for letter in "portolan".chars() {
            *letters.entry(letter).or_insert(0) += 1;
        }
        letters.len() as i32
    });
    std::panic::set_hook(Box::new(|_| ())); // the panic is intended: do not print it
    let caught = std::panic::catch_unwind(|| panic!("intended")).is_err();
    match counted.join() {
        Ok(letters) if caught => letters,
        _ => -1,
    }
}
