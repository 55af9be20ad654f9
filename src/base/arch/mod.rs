//! What a processor does better than portable code. Each file here gives the same six functions:
//!
//! | function | what it must do |
//! |---|---|
//! | `prefetch(address)` | ask for the cache line at an address, which may be any; never fault. A hint: it may do nothing |
//! | `equal_bytes(word, byte)` | return a bit for each byte of the word, the lowest first: whether it equals `byte` |
//! | `launder(address)` | return the address, of which the compiler no longer knows how it was computed. A hint: it may do nothing |
//! | `copy_from_shared(source, target, len)` | copy from `source`, which other threads may write meanwhile, to `target`, which is the caller's alone; return how many of the first bytes were copied, a multiple of 8. Of bytes that were written meanwhile, what arrives may be any mixture |
//! | `copy_to_shared(source, target, len)` | the same from the caller's bytes to those that other threads may read meanwhile |
//! | `stores_done()` | called after a lock was held, or while it is held: when the lock has been given back and this has returned, every load that begins from then on sees what was stored before, whether or not it takes a lock, the loads of this thread included |
//!
//! None of them allocates, blocks, or fails. A processor without a file has the portable one, as have interpreters and model
//! checkers, which know no instructions.

// Other processors take from it what they do no better.
#[allow(dead_code)]
mod portable;

#[cfg(all(target_arch = "aarch64", not(any(miri, loom, shuttle))))]
#[path = "aarch64.rs"]
mod processor;
#[cfg(all(target_arch = "x86_64", not(any(miri, loom, shuttle))))]
#[path = "x86_64.rs"]
mod processor;
#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(any(miri, loom, shuttle)))))]
use portable as processor;

pub use processor::{copy_from_shared, copy_to_shared, equal_bytes, launder, prefetch, stores_done};

#[cfg(test)]
mod tests {
    use super::{equal_bytes, portable};

    #[test]
    fn bytes_match_exactly() {
        assert_eq!(equal_bytes(u64::from_le_bytes([0, 1, 2, 3, 255, 128, 127, 2]), 2), 0b1000_0100);
        for byte in 0..=255u8 {
            for other in 0..=255u8 {
                for at in 0..8 {
                    let mut bytes = [other.wrapping_add(1); 8];
                    bytes[at] = byte;
                    let expected = (0..8).filter(|at| bytes[*at] == other).fold(0, |mask, at| mask | 1 << at);
                    let word = u64::from_le_bytes(bytes);
                    assert_eq!((equal_bytes(word, other), portable::equal_bytes(word, other)), (expected, expected));
                }
            }
        }
    }
}
