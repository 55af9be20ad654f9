//! Six functions for which a processor may have better instructions than portable code. Each file
//! here provides all six:
//!
//! | function | contract |
//! |---|---|
//! | `prefetch(address)` | Ask for the cache line at `address`. Any address will do; it never faults. A hint: it may do nothing |
//! | `equal_bytes(word, byte)` | Return a mask with one bit for each byte of `word`, the lowest byte first: 1 where it equals `byte` |
//! | `launder(address)` | Return `address` unchanged, but opaque to the optimiser. A hint: it may do nothing |
//! | `copy_from_shared(source, target, len)` | Copy from `source`, which other threads may write meanwhile, to `target`, which nobody else uses. Return how many of the first bytes were copied: a multiple of 8, perhaps 0. Bytes that are written meanwhile may arrive in any mixture |
//! | `copy_to_shared(source, target, len)` | The same, but from `source`, which nobody writes, to `target`, which other threads may read meanwhile |
//! | `stores_done()` | Make the stores of a critical section visible to loads that take no lock. See below |
//!
//! A writer calls `stores_done` while it holds its lock or after it has released it. Once the lock
//! is released *and* `stores_done` has returned, every later load on any thread sees the writer's
//! stores. That includes the writer's own loads, which take no lock and which the processor could
//! otherwise execute before the stores.
//!
//! None of the six allocates, blocks or fails. A processor without a file of its own uses the
//! portable one. So do Miri, loom and shuttle, which cannot execute processor instructions.

// Always compiled: the files for single processors re-export what they cannot do better.
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
