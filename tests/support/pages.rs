//! Iterates over a whole map page by page.

use portolan::map::{Fill, Map, Outcome};

/// Visits all entries by `scan`, with this many entries per page.
pub fn scan(map: &Map, mut entries: usize, mut visit: impl FnMut(&[u8], &[u8])) {
    let (mut key_room, mut value_room, mut cursor) = (entries * 80, entries * 500, 0);
    loop {
        let (mut keys, mut values) = (vec![0; key_room], vec![0; value_room]);
        let (mut key_offsets, mut value_offsets) = (vec![0; entries + 1], vec![0; entries + 1]);
        let mut count = entries;
        // SAFETY: the buffers have these lengths, and there is one more offset than entries.
        let (mut key_fill, mut value_fill) = unsafe {
            (
                Fill::new(keys.as_mut_ptr(), key_room, key_offsets.as_mut_ptr()),
                Fill::new(values.as_mut_ptr(), value_room, value_offsets.as_mut_ptr()),
            )
        };
        match map.scan(&mut cursor, &mut key_fill, &mut value_fill, &mut count) {
            Ok(outcome) => {
                for i in 0..count {
                    visit(&keys[key_offsets[i]..key_offsets[i + 1]], &values[value_offsets[i]..value_offsets[i + 1]]);
                }
                if outcome == Outcome::End {
                    return;
                }
            }
            Err(portolan::map::Error::Buffer) => {
                // Twice the bytes needed, since the values at this position may be longer in the
                // next call.
                entries = entries.max(count);
                key_room = key_room.max(2 * key_fill.filled());
                value_room = value_room.max(2 * value_fill.filled());
            }
            Err(error) => panic!("scan: {error:?}"),
        }
    }
}
