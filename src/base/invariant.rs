//! What becomes of a call that finds an invariant of ours broken.

/// Ends the call. The C face catches the panic, answers `PTL_E_INTERNAL`, and lets no call into the map again: that is better than an
/// answer that no map ever had.
#[cold]
#[inline(never)]
#[allow(clippy::panic)]
pub fn broken(invariant: &str) -> ! {
    panic!("this does not hold: {invariant}")
}
