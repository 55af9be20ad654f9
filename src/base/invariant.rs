//! What a call does when it finds that an invariant of the library does not hold.

/// Gives up with a panic. The C interface catches it, returns `PTL_E_INTERNAL`, and refuses every
/// later call on the map. A wrong answer would be worse.
#[cold]
#[inline(never)]
#[allow(clippy::panic)]
pub fn broken(invariant: &str) -> ! {
    panic!("broken invariant: {invariant}")
}
