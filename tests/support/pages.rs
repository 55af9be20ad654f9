//! Iterates over a whole map page by page.

use portolan::map::{ColumnWriter, Error, Map, Outcome};

/// Visits all entries by `scan`, with this many entries per page.
pub fn scan(map: &Map, mut entries: usize, mut visit: impl FnMut(&[u8], &[u8])) {
    let (mut key_bytes, mut value_bytes, mut cursor) = (entries * 80, entries * 500, 0);
    loop {
        let (mut keys, mut values) = (Vec::with_capacity(key_bytes), Vec::with_capacity(value_bytes));
        let (mut key_offsets, mut value_offsets) = (Vec::with_capacity(entries + 1), Vec::with_capacity(entries + 1));
        let mut keys = ColumnWriter::new(keys.spare_capacity_mut(), Some(key_offsets.spare_capacity_mut()));
        let mut values = ColumnWriter::new(values.spare_capacity_mut(), Some(value_offsets.spare_capacity_mut()));
        match map.scan(&mut cursor, &mut keys, &mut values) {
            Ok(outcome) => {
                keys.iter().zip(values.iter()).for_each(|(key, value)| visit(key, value));
                if outcome == Outcome::End {
                    return;
                }
            }
            Err(Error::Buffer) => {
                // Twice the bytes needed, since the values at this position may be longer in the next call.
                entries = entries.max(keys.len());
                key_bytes = key_bytes.max(2 * keys.size());
                value_bytes = value_bytes.max(2 * values.size());
            }
            Err(error) => panic!("scan: {error:?}"),
        }
    }
}
