//! The keys: key number `index`, as a word or as a text of 32 letters. They look random, no two are the same, and a word is never
//! 0 (which Concurrency Kit keeps for itself).

use std::{borrow::Borrow, hash::Hash};

pub trait Key: Copy + Send + Sync + 'static {
    /// Making an owned key allocates nothing, so a map may be handed one for nothing.
    const FREE: bool;
    /// What a Rust map keeps, and what it is asked with.
    type Owned: Borrow<Self::Borrowed> + Hash + Eq + Clone + Send + Sync;
    type Borrowed: Hash + Eq + ?Sized;

    fn new(index: u64) -> Self;
    fn owned(&self) -> Self::Owned;
    fn borrowed(&self) -> &Self::Borrowed;
    /// What visiting a key adds to a sum: itself if it is a word.
    fn summand(key: &Self::Owned) -> u64;
}

/// Spreads numbers over all words.
#[inline(always)]
fn spread(index: u64) -> u64 {
    let product = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

impl Key for u64 {
    const FREE: bool = true;
    type Owned = u64;
    type Borrowed = u64;

    #[inline(always)]
    fn new(index: u64) -> Self {
        spread(index)
    }
    #[inline(always)]
    fn owned(&self) -> u64 {
        *self
    }
    #[inline(always)]
    fn borrowed(&self) -> &u64 {
        self
    }
    #[inline(always)]
    fn summand(key: &u64) -> u64 {
        *key
    }
}

/// 32 letters and, for those who end a text with it, a zero.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Text([u64; 5]);

impl Text {
    pub const LENGTH: usize = 32;

    #[inline(always)]
    pub fn letters(&self) -> &[u8; Self::LENGTH] {
        // SAFETY: it begins with four words, and any bytes will do.
        unsafe { &*self.0.as_ptr().cast() }
    }
    #[inline(always)]
    pub fn as_str(&self) -> &str {
        // SAFETY: they are all ASCII.
        unsafe { core::str::from_utf8_unchecked(self.letters()) }
    }
}

impl Key for Text {
    const FREE: bool = false;
    type Owned = Box<str>;
    type Borrowed = str;

    /// In registers: a table of all texts would cost each operation a cache miss that is no map's.
    #[inline(always)]
    fn new(index: u64) -> Self {
        let first = spread(index);
        let second = first.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let high = |word: u64| letters((word >> 32) as u32);
        Self([letters(first as u32), high(first), letters(second as u32), high(second), 0])
    }
    #[inline(always)]
    fn owned(&self) -> Box<str> {
        self.as_str().into()
    }
    #[inline(always)]
    fn borrowed(&self) -> &str {
        self.as_str()
    }
    #[inline(always)]
    fn summand(_key: &Box<str>) -> u64 {
        0
    }
}

/// Eight letters from a to p, one for each four bits.
#[inline(always)]
fn letters(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    spread + 0x6161_6161_6161_6161
}
