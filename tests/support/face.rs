//! The interface against which every scenario is written. A call through it returns everything that
//! the real interface returned. The adapters for Rust and for C also check, in every call, that
//! nothing is written outside a buffer and that out-parameters are left alone when they should be.

use super::operations::Operation;
use portolan::map::{BucketView, Kind, Stats};
use std::any::Any;

/// The statuses of the C interface. The Rust interface produces only some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    Ok = 0,
    NotFound = 1,
    Loaded = 2,
    Mismatch = 3,
    Done = 4,
    Null = -1,
    Handle = -2,
    Size = -3,
    Option = -4,
    Type = -5,
    Buffer = -6,
    Memory = -7,
    Concurrent = -8,
    Reentrant = -9,
    Internal = -10,
    Busy = -11,
}

impl Status {
    pub fn is_error(self) -> bool {
        (self as i32) < 0
    }
}

/// The result of an operation on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<V = Vec<u8>> {
    /// A status without a value.
    Plain(Status),
    Value(Status, V),
    /// The buffer was too small; this length is needed.
    Needs(usize),
}

impl<V> Answer<V> {
    pub fn status(&self) -> Status {
        match self {
            Self::Plain(status) | Self::Value(status, _) => *status,
            Self::Needs(_) => Status::Buffer,
        }
    }

    /// Applies `make` to the value.
    pub fn map<W>(self, make: impl FnOnce(V) -> W) -> Answer<W> {
        match self {
            Self::Plain(status) => Answer::Plain(status),
            Self::Value(status, value) => Answer::Value(status, make(value)),
            Self::Needs(size) => Answer::Needs(size),
        }
    }
}

/// The capacity of a scan's buffers: what the caller has, or what the call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub entries: usize,
    pub key_bytes: usize,
    pub value_bytes: usize,
}

impl Room {
    /// Enough for this many entries of the longest keys and values that `data` makes.
    pub fn entries(entries: usize) -> Self {
        Self { entries, key_bytes: entries * 128, value_bytes: entries * 512 }
    }
}

pub type Entry = (Vec<u8>, Vec<u8>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    Page { entries: Vec<Entry>, more: bool },
    Needs(Room),
    Failed(Status),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Many {
    Values { values: Vec<Vec<u8>>, statuses: Vec<Status> },
    Needs(usize),
    Failed(Status),
}

/// What the callback of an update decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Keep,
    Store(Vec<u8>),
    Delete,
}

pub type Decide<'a> = dyn FnMut(Option<&[u8]>) -> Change + 'a;
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> bool + 'a;

pub trait Face: Send + Sync {
    /// An operation on one key. Each operation also has a method of its own. `room` is the capacity
    /// of the caller's buffer, here and below.
    fn call(&self, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer;
    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Status>;
    fn update(&self, key: &[u8], decide: &mut Decide<'_>) -> Status;

    fn range(&self, visit: &mut Visit<'_>) -> Status;
    fn delete_if(&self, predicate: &mut Visit<'_>) -> Result<u64, Status>;
    fn clear(&self) -> Status;
    fn len(&self) -> Result<u64, Status>;
    fn reserve(&self, entries: u64) -> Status;
    fn shrink(&self) -> Status;
    fn clone_to(&self, kind: Kind) -> Result<Box<dyn Face>, Status>;
    fn equal(&self, other: &dyn Face) -> Status;
    fn stats(&self) -> Stats;
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Option<BucketView>;

    fn begin_scan(&self) -> Result<u64, Status>;
    /// `end` 0 is the end of all.
    fn scan(&self, cursor: &mut u64, end: u64, room: Room) -> Scan;
    fn load_many(&self, keys: &[Vec<u8>], room: usize) -> Many;
    /// The status of the whole call, and the status of each key.
    fn store_many(&self, entries: &[Entry]) -> (Status, Vec<Status>);
    fn delete_many(&self, keys: &[Vec<u8>]) -> (Status, Vec<Status>);

    /// The adapter itself, so that `equal` can find the other map of the same type.
    fn as_any(&self) -> &dyn Any;
}

/// Helpers for scenarios, on top of any face.
impl dyn Face + '_ {
    /// The value of a key, of any length.
    pub fn value(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut room = 8;
        loop {
            match self.load(key, room) {
                Answer::Value(Status::Ok, value) => return Some(value),
                Answer::Plain(Status::NotFound) => return None,
                Answer::Needs(needed) => room = needed,
                other => panic!("load answered {other:?}"),
            }
        }
    }

    /// All entries in the order of `range`.
    pub fn entries(&self) -> Vec<Entry> {
        let mut all = Vec::new();
        let status = self.range(&mut |key, value| {
            all.push((key.to_vec(), value.to_vec()));
            true
        });
        assert_eq!(status, Status::Ok);
        all
    }

    /// The chains of a table: each main bucket, followed by its overflow buckets.
    pub fn chains(&self, table: u64) -> Vec<Vec<BucketView>> {
        let chain = |bucket| (0..).map_while(|depth| self.inspect(table, bucket, depth)).collect();
        (0..).map(chain).take_while(|chain: &Vec<BucketView>| !chain.is_empty()).collect()
    }

    /// The next page of a scan. If the next position has more entries than fit, tries again with
    /// the capacity that the call reported.
    pub fn page(&self, cursor: &mut u64, end: u64, room: Room) -> (Vec<Entry>, bool) {
        let before = *cursor;
        match self.scan(cursor, end, room) {
            Scan::Page { entries, more } => (entries, more),
            Scan::Failed(status) => panic!("scan failed: {status:?}"),
            Scan::Needs(needed) => {
                assert_eq!(*cursor, before, "a scan that returned no entries moved its cursor");
                assert!(
                    needed.entries > room.entries
                        || needed.key_bytes > room.key_bytes
                        || needed.value_bytes > room.value_bytes,
                    "a scan with {room:?} reported {needed:?} as needed"
                );
                let Scan::Page { entries, more } = self.scan(cursor, end, needed) else {
                    panic!("the capacity that a scan reported is too small: {needed:?}")
                };
                assert!(!entries.is_empty(), "a scan with the capacity that it reported returned nothing");
                (entries, more)
            }
        }
    }

    /// All entries by `scan` from the first position on, with `meanwhile` called between two pages.
    pub fn scanned(&self, room: Room, meanwhile: impl FnMut(usize)) -> Vec<Entry> {
        self.scanned_part(0, 0, room, meanwhile)
    }

    /// All entries by `scan` from a random position to the end, and then up to there.
    pub fn iterated(&self, room: Room, mut meanwhile: impl FnMut(usize)) -> Vec<Entry> {
        let start = self.begin_scan().expect("a position to start from");
        let mut all = self.scanned_part(start, 0, room, &mut meanwhile);
        if start != 0 {
            all.extend(self.scanned_part(0, start, room, meanwhile));
        }
        all
    }

    /// The entries from one position up to another.
    pub fn scanned_part(&self, start: u64, end: u64, room: Room, mut meanwhile: impl FnMut(usize)) -> Vec<Entry> {
        let (mut cursor, mut all, mut pages) = (start, Vec::new(), 0);
        loop {
            let (entries, more) = self.page(&mut cursor, end, room);
            assert_eq!(more, cursor != 0, "the cursor must be 0 at the end, and only there");
            all.extend(entries);
            if !more {
                return all;
            }
            meanwhile(pages);
            pages += 1;
            assert!(pages < 1_000_000, "the scan does not end");
        }
    }
}
