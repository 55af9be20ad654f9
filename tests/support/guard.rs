//! A caller's buffer between two strips of known bytes, so that a write outside the buffer is
//! detected.

use std::mem::MaybeUninit;

/// Words in the strip on each side. The buffer is aligned like a word.
const STRIP: usize = 2;
const MARK: u64 = 0xA5A5_A5A5_A5A5_A5A5;

pub struct Guarded {
    words: Vec<u64>,
    room: usize,
}

impl Guarded {
    pub fn new(room: usize) -> Self {
        Self { words: vec![MARK; room.div_ceil(8) + 2 * STRIP], room }
    }

    /// NULL for an empty buffer, which the interfaces allow.
    pub fn pointer(&mut self) -> *mut u8 {
        if self.room == 0 { std::ptr::null_mut() } else { self.words[STRIP..].as_mut_ptr().cast() }
    }

    /// The buffer as the Rust interface takes it.
    pub fn places(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: this many bytes lie between the strips, and the library writes only initialised ones.
        unsafe { std::slice::from_raw_parts_mut(self.words[STRIP..].as_mut_ptr().cast(), self.room) }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the vector's words are initialised, and any memory may be read as bytes.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), 8 * self.words.len()) }
    }

    /// The first `size` bytes, which the call has filled.
    pub fn filled(&self, size: usize) -> Vec<u8> {
        assert!(size <= self.room, "a call reported {size} bytes in a buffer of {}", self.room);
        self.bytes()[8 * STRIP..][..size].to_vec()
    }

    /// The filled part, cut at its offsets, or into words of 8 bytes if there are none.
    pub fn cut(&self, offsets: Option<&[usize]>, count: usize) -> Vec<Vec<u8>> {
        match offsets {
            None => self.filled(8 * count).chunks(8).map(<[u8]>::to_vec).collect(),
            Some(offsets) => {
                assert_eq!(offsets[0], 0, "the first offset must be 0");
                let all = self.filled(offsets[count]);
                (0..count).map(|i| all[offsets[i]..offsets[i + 1]].to_vec()).collect()
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let (bytes, mark) = (self.bytes(), MARK.to_ne_bytes()[0]);
        let intact = bytes[..8 * STRIP].iter().chain(&bytes[8 * STRIP + self.room..]).all(|byte| *byte == mark);
        assert!(intact || std::thread::panicking(), "a call wrote outside the buffer of {} bytes", self.room);
    }
}

/// Concatenates keys or values into one buffer, and returns it with the offsets.
pub fn flat<'a>(items: impl IntoIterator<Item = &'a Vec<u8>>) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut offsets) = (Vec::new(), vec![0]);
    for item in items {
        bytes.extend_from_slice(item);
        offsets.push(bytes.len());
    }
    (bytes, offsets)
}

/// The word that 8 bytes hold.
pub fn word(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().expect("a word has 8 bytes"))
}
