//! Iterates over a whole map page by page.

use portolan::map::{ColumnWriter, Error, Map, Outcome};

/// Visits all entries by `scan` from a random position on, with this many entries per page.
pub fn scan(map: &Map, entries: usize, mut visit: impl FnMut(&[u8], &[u8])) {
    let start = map.begin_scan().expect("a position to start from");
    scan_part(map, (start, 0), entries, &mut visit);
    if start != 0 {
        scan_part(map, (0, start), entries, &mut visit);
    }
}

fn scan_part(map: &Map, (mut cursor, end): (u64, u64), mut entries: usize, visit: &mut impl FnMut(&[u8], &[u8])) {
    let (mut key_bytes, mut value_bytes) = (entries * 80, entries * 500);
    loop {
        let (mut keys, mut values) = (Vec::with_capacity(key_bytes), Vec::with_capacity(value_bytes));
        let (mut key_offsets, mut value_offsets) = (Vec::with_capacity(entries + 1), Vec::with_capacity(entries + 1));
        let mut keys = ColumnWriter::new(keys.spare_capacity_mut(), Some(key_offsets.spare_capacity_mut()));
        let mut values = ColumnWriter::new(values.spare_capacity_mut(), Some(value_offsets.spare_capacity_mut()));
        match map.scan(&mut cursor, end, &mut keys, &mut values) {
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
