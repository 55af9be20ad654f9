//! Many keys or values in one buffer, as the caller hands them in.

/// The offsets and bytes of a column do not fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSize;

/// Keys or values one behind the other. Entry i lies between offsets i and i + 1; without offsets each is a word.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    bytes: &'a [u8],
    offsets: Option<&'a [usize]>,
    count: usize,
}

impl<'a> Column<'a> {
    /// # Errors
    /// Unless there are `count` + 1 ascending offsets within the bytes, or no offsets and 8 bytes for each.
    pub fn new(bytes: &'a [u8], offsets: Option<&'a [usize]>, count: usize) -> Result<Self, WrongSize> {
        let fits = match offsets {
            None => count.checked_mul(8) == Some(bytes.len()),
            Some(offsets) => {
                count.checked_add(1) == Some(offsets.len()) && offsets.is_sorted() && offsets[count] <= bytes.len()
            }
        };
        if fits { Ok(Self { bytes, offsets, count }) } else { Err(WrongSize) }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Key or value `index`, which is below the count.
    pub fn get(&self, index: usize) -> &'a [u8] {
        match self.offsets {
            None => &self.bytes[8 * index..8 * index + 8],
            Some(offsets) => &self.bytes[offsets[index]..offsets[index + 1]],
        }
    }
}
