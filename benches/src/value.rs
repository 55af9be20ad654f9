//! The values: one for each number, as a word or as so many bytes. A map keeps bytes in an allocation of their own, as it must where
//! they may have any length, and a load copies them from there into the caller's buffer.

pub trait Value: Copy + PartialEq + Send + Sync + 'static {
    /// What a Rust map keeps.
    type Owned: Clone + Send + Sync;

    fn of(number: u64) -> Self;
    /// Makes this the value of another number. Of bytes only the first eight and the last eight differ: to write a thousand of them
    /// takes longer than some maps do.
    fn set(&mut self, number: u64);
    fn number(&self) -> u64;
    fn owned(&self) -> Self::Owned;
    /// Copies what a map keeps into this.
    fn fetch(&mut self, kept: &Self::Owned);
    /// Overwrites what a map keeps, when the caller has it to itself: in place, if the lengths are the same.
    fn overwrite(&self, kept: &mut Self::Owned);
    /// What visiting a value adds to a sum: its number.
    fn summand(kept: &Self::Owned) -> u64;
}

impl Value for u64 {
    type Owned = u64;

    #[inline(always)]
    fn of(number: u64) -> u64 {
        number
    }
    #[inline(always)]
    fn set(&mut self, number: u64) {
        *self = number;
    }
    #[inline(always)]
    fn number(&self) -> u64 {
        *self
    }
    #[inline(always)]
    fn owned(&self) -> u64 {
        *self
    }
    #[inline(always)]
    fn fetch(&mut self, kept: &u64) {
        *self = *kept;
    }
    #[inline(always)]
    fn overwrite(&self, kept: &mut u64) {
        *kept = *self;
    }
    #[inline(always)]
    fn summand(kept: &u64) -> u64 {
        *kept
    }
}

/// So many bytes, 16 or more: the number, filler, the number again. So a value that was read while it was overwritten shows it.
#[derive(Clone, Copy, PartialEq)]
pub struct Bytes<const LENGTH: usize>(pub [u8; LENGTH]);

impl<const LENGTH: usize> Value for Bytes<LENGTH> {
    type Owned = Box<[u8]>;

    #[inline(always)]
    fn of(number: u64) -> Self {
        let mut value = Self([b'v'; LENGTH]);
        value.set(number);
        value
    }
    #[inline(always)]
    fn set(&mut self, number: u64) {
        self.0[..8].copy_from_slice(&number.to_ne_bytes());
        self.0[LENGTH - 8..].copy_from_slice(&number.to_ne_bytes());
    }
    #[inline(always)]
    fn number(&self) -> u64 {
        first_word(&self.0)
    }
    #[inline(always)]
    fn owned(&self) -> Box<[u8]> {
        self.0.as_slice().into()
    }
    #[inline(always)]
    fn fetch(&mut self, kept: &Box<[u8]>) {
        self.0[..kept.len()].copy_from_slice(kept);
    }
    #[inline(always)]
    fn overwrite(&self, kept: &mut Box<[u8]>) {
        if kept.len() == LENGTH {
            kept.copy_from_slice(&self.0);
        } else {
            *kept = self.owned();
        }
    }
    #[inline(always)]
    fn summand(kept: &Box<[u8]>) -> u64 {
        first_word(kept)
    }
}

#[inline(always)]
fn first_word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_ne_bytes(*word))
}
