//! The face over the safe Rust interface.

use super::face::{Answer, Change, Decide, Entry, Face, Many, Room, Scan, Status, Visit};
use super::guard::{Guarded, flat, word};
use super::operations::{Operation, operations};
use portolan::map::{Bucket, Column, Config, Decision, Error, Fill, Kind, Map, Outcome, Output, Stats, Width};
use std::any::Any;
use std::cell::OnceCell;
use std::mem::MaybeUninit;

pub struct RustFace {
    map: Map,
    /// Use the calls for words where they exist.
    words: bool,
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Size => Self::Size,
            Error::Type => Self::Type,
            Error::Buffer => Self::Buffer,
            Error::Memory => Self::Memory,
            Error::Concurrent => Self::Concurrent,
            Error::Reentrant => Self::Reentrant,
            Error::Busy => Self::Busy,
            Error::NoRandomness => Self::Internal,
        }
    }
}

impl From<Result<Outcome, Error>> for Status {
    fn from(result: Result<Outcome, Error>) -> Self {
        match result {
            Ok(Outcome::Done) => Self::Ok,
            Ok(Outcome::NotFound) => Self::NotFound,
            Ok(Outcome::Loaded) => Self::Loaded,
            Ok(Outcome::Mismatch) => Self::Mismatch,
            Ok(Outcome::End) => Self::Done,
            Err(error) => error.into(),
        }
    }
}

/// The result of a call for words that may return a value.
trait WordResult {
    fn answer(self, operation: Operation<u64>, with: Status) -> Answer;
}

impl WordResult for Result<Option<u64>, Error> {
    fn answer(self, _: Operation<u64>, with: Status) -> Answer {
        match self {
            Ok(Some(value)) => Answer::Value(with, value.to_ne_bytes().to_vec()),
            // The operation may load, but it stored.
            Ok(None) if with == Status::Loaded => Answer::Plain(Status::Ok),
            Ok(None) => Answer::Plain(Status::NotFound),
            Err(error) => Answer::Plain(error.into()),
        }
    }
}

impl WordResult for Result<(Outcome, u64), Error> {
    fn answer(self, operation: Operation<u64>, with: Status) -> Answer {
        match self {
            Ok((Outcome::Loaded, actual)) => Answer::Value(with, actual.to_ne_bytes().to_vec()),
            Ok((outcome, actual)) => {
                assert_eq!(
                    operation,
                    Operation::LoadOrStore { value: actual },
                    "load_or_store returned another value than it stored"
                );
                Answer::Plain(Ok(outcome).into())
            }
            Err(error) => Answer::Plain(error.into()),
        }
    }
}

macro_rules! calls {
    (
        values { $($Value:ident($($given:ident),*) gives $with:ident: rust($value:ident, $value_u64:ident) c $c:tt;)* }
        statuses { $($Plain:ident($($argument:ident),*): rust($plain:ident, $plain_u64:ident) c $d:tt;)* }
    ) => {
        /// An operation on one key, through the calls for bytes.
        pub fn call_bytes(map: &Map, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
            match operation {
                $(Operation::$Value { $($given),* } => {
                    with_buffer(room, Status::$with, |out| map.$value(key, $($given,)* out))
                })*
                $(Operation::$Plain { $($argument),* } => Answer::Plain(map.$plain(key $(, $argument)*).into()),)*
            }
        }

        /// The same through the calls for words.
        pub fn call_words(map: &Map, operation: Operation<u64>, key: u64) -> Answer {
            match operation {
                $(Operation::$Value { $($given),* } => {
                    map.$value_u64(key $(, $given)*).answer(operation, Status::$with)
                })*
                $(Operation::$Plain { $($argument),* } => Answer::Plain(map.$plain_u64(key $(, $argument)*).into()),)*
            }
        }
    };
}
operations!(calls);

/// Calls `call` with a buffer of `room` bytes. `with` is the status that comes with a value.
fn with_buffer(room: usize, with: Status, call: impl FnOnce(&mut Output) -> Result<Outcome, Error>) -> Answer {
    let mut buffer = Guarded::new(room);
    // SAFETY: the buffer has `room` bytes, or is NULL and `room` is 0.
    let mut output = unsafe { Output::new(buffer.pointer(), room) };
    let status = Status::from(call(&mut output));
    match status {
        Status::Buffer => Answer::Needs(output.size()),
        _ if status == with => Answer::Value(status, buffer.filled(output.size())),
        _ => Answer::Plain(status),
    }
}

impl RustFace {
    pub fn new(config: Config, words: bool) -> Result<Self, Status> {
        Ok(Self { map: Map::new(config)?, words })
    }

    /// An array for offsets, or `None` for words. The first offset is always 0, and the call need
    /// not write it.
    fn offsets(&self, width: Width, count: usize) -> Option<Vec<usize>> {
        let blank = |i| if i == 0 { 0 } else { usize::MAX };
        (width == Width::Bytes).then(|| (0..=count).map(blank).collect())
    }

    fn width(&self) -> (Width, Width) {
        (self.map.config().key, self.map.config().value)
    }
}

fn pointer(offsets: &mut Option<Vec<usize>>) -> *mut usize {
    offsets.as_mut().map_or(std::ptr::null_mut(), |offsets| offsets.as_mut_ptr())
}

impl Face for RustFace {
    fn call(&self, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
        if self.words {
            return call_words(&self.map, operation.map(|value| word(value)), word(key));
        }
        call_bytes(&self.map, operation, key, room)
    }

    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Status> {
        let sum = if self.words { self.map.add_u64(word(key), delta) } else { self.map.add(key, delta) };
        sum.map_err(Status::from)
    }

    fn update(&self, key: &[u8], decide: &mut Decide<'_>) -> Status {
        // Keeps the new value alive until the call returns.
        let made = OnceCell::new();
        let mut decide = |value: Option<&[u8]>| {
            Ok(match decide(value) {
                Change::Keep => Decision::Keep,
                Change::Store(value) => Decision::Store(made.get_or_init(|| value).as_slice()),
                Change::Delete => Decision::Delete,
            })
        };
        self.map.update(key, &mut decide).into()
    }

    fn range(&self, visit: &mut Visit<'_>) -> Status {
        self.map.range(visit).into()
    }

    fn delete_if(&self, predicate: &mut Visit<'_>) -> Result<u64, Status> {
        self.map.delete_if(predicate).map_err(Status::from)
    }

    fn clear(&self) -> Status {
        self.map.clear().into()
    }

    fn len(&self) -> Result<u64, Status> {
        self.map.len().map_err(Status::from)
    }

    fn reserve(&self, entries: u64) -> Status {
        self.map.reserve(entries).into()
    }

    fn shrink(&self) -> Status {
        self.map.shrink().into()
    }

    fn clone_to(&self, kind: Kind) -> Result<Box<dyn Face>, Status> {
        let config = Config { kind, ..*self.map.config() };
        let map = self.map.clone_into(config).map_err(Status::from)?;
        Ok(Box::new(Self { map, words: self.words }))
    }

    fn equal(&self, other: &dyn Face) -> Status {
        let other = other.as_any().downcast_ref::<Self>().expect("two maps of one face");
        self.map.equal(&other.map).into()
    }

    fn stats(&self) -> Stats {
        self.map.stats().expect("stats")
    }

    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Option<Bucket> {
        self.map.inspect(table, bucket, depth).expect("inspect")
    }

    fn scan(&self, cursor: &mut u64, room: Room) -> Scan {
        let (key_width, value_width) = self.width();
        let mut count = room.entries;
        if self.words {
            let (mut keys, mut values) = (Guarded::new(8 * count), Guarded::new(8 * count));
            // SAFETY: both buffers have `count` words.
            let result =
                unsafe { self.map.scan_u64(cursor, keys.pointer().cast(), values.pointer().cast(), &mut count) };
            let status = Status::from(result);
            if status == Status::Buffer {
                return Scan::Needs(Room { entries: count, key_bytes: 8 * count, value_bytes: 8 * count });
            }
            let entries = keys.cut(None, count).into_iter().zip(values.cut(None, count)).collect();
            return page(status, entries);
        }
        let (mut keys, mut values) = (Guarded::new(room.key_bytes), Guarded::new(room.value_bytes));
        let (mut key_offsets, mut value_offsets) = (self.offsets(key_width, count), self.offsets(value_width, count));
        // SAFETY: the buffers have these lengths, and there is one more offset than entries.
        let (mut key_fill, mut value_fill) = unsafe {
            (
                Fill::new(keys.pointer(), room.key_bytes, pointer(&mut key_offsets)),
                Fill::new(values.pointer(), room.value_bytes, pointer(&mut value_offsets)),
            )
        };
        let status = Status::from(self.map.scan(cursor, &mut key_fill, &mut value_fill, &mut count));
        if status == Status::Buffer {
            return Scan::Needs(Room {
                entries: count,
                key_bytes: key_fill.filled(),
                value_bytes: value_fill.filled(),
            });
        }
        if !matches!(status, Status::Ok | Status::Done) {
            return Scan::Failed(status);
        }
        let keys = keys.cut(key_offsets.as_deref(), count);
        let values = values.cut(value_offsets.as_deref(), count);
        assert_eq!(keys.iter().map(Vec::len).sum::<usize>(), key_fill.filled());
        assert_eq!(values.iter().map(Vec::len).sum::<usize>(), value_fill.filled());
        page(status, keys.into_iter().zip(values).collect())
    }

    fn load_many(&self, keys: &[Vec<u8>], room: usize) -> Many {
        let (key_width, value_width) = self.width();
        let mut statuses = Vec::new();
        let mut note = |i: usize, result| {
            assert_eq!(i, statuses.len(), "statuses must be reported in order");
            statuses.push(Status::from(result));
        };
        if self.words {
            let keys: Vec<u64> = keys.iter().map(|key| word(key)).collect();
            let mut values = vec![MaybeUninit::new(u64::MAX); keys.len()];
            return match self.map.load_many_u64(&keys, &mut values, &mut note) {
                Err(error) => Many::Failed(error.into()),
                // SAFETY: each was initialised above.
                Ok(()) => Many::Values {
                    values: values.iter().map(|value| unsafe { value.assume_init() }.to_ne_bytes().to_vec()).collect(),
                    statuses,
                },
            };
        }
        let (bytes, offsets) = flat(keys);
        let offsets = (key_width == Width::Bytes).then_some(offsets);
        let column = Column::new(&bytes, offsets.as_deref(), keys.len()).expect("a well formed column");
        let mut values = Guarded::new(room);
        let mut value_offsets = self.offsets(value_width, keys.len());
        // SAFETY: the buffer has `room` bytes, and there is one more offset than keys.
        let mut fill = unsafe { Fill::new(values.pointer(), room, pointer(&mut value_offsets)) };
        match self.map.load_many(column, &mut fill, &mut note) {
            Err(Error::Buffer) => Many::Needs(fill.filled()),
            Err(error) => Many::Failed(error.into()),
            Ok(()) => Many::Values { values: values.cut(value_offsets.as_deref(), keys.len()), statuses },
        }
    }

    fn store_many(&self, entries: &[Entry]) -> (Status, Vec<Status>) {
        let (key_width, value_width) = self.width();
        let mut statuses = Vec::new();
        let mut note = |_, result| statuses.push(Status::from(result));
        if self.words {
            let keys: Vec<u64> = entries.iter().map(|entry| word(&entry.0)).collect();
            let values: Vec<u64> = entries.iter().map(|entry| word(&entry.1)).collect();
            let whole = self.map.store_many_u64(&keys, &values, &mut note);
            return (first_error(whole, &statuses), statuses);
        }
        let (keys, key_offsets) = flat(entries.iter().map(|entry| &entry.0));
        let (values, value_offsets) = flat(entries.iter().map(|entry| &entry.1));
        let keys = Column::new(&keys, (key_width == Width::Bytes).then_some(&key_offsets[..]), entries.len());
        let values = Column::new(&values, (value_width == Width::Bytes).then_some(&value_offsets[..]), entries.len());
        let whole = self.map.store_many(keys.expect("keys"), values.expect("values"), &mut note);
        (first_error(whole, &statuses), statuses)
    }

    fn delete_many(&self, keys: &[Vec<u8>]) -> (Status, Vec<Status>) {
        let mut statuses = Vec::new();
        let mut note = |_, result| statuses.push(Status::from(result));
        if self.words {
            let keys: Vec<u64> = keys.iter().map(|key| word(key)).collect();
            let whole = self.map.delete_many_u64(&keys, &mut note);
            return (first_error(whole, &statuses), statuses);
        }
        let (bytes, offsets) = flat(keys);
        let column = Column::new(&bytes, (self.width().0 == Width::Bytes).then_some(&offsets[..]), keys.len());
        let whole = self.map.delete_many(column.expect("keys"), &mut note);
        (first_error(whole, &statuses), statuses)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn page(status: Status, entries: Vec<Entry>) -> Scan {
    match status {
        Status::Ok => Scan::Page { entries, more: true },
        Status::Done => Scan::Page { entries, more: false },
        other => Scan::Failed(other),
    }
}

/// The status that a batch as a whole has in C: the first error, or `Ok`.
fn first_error(whole: Result<(), Error>, statuses: &[Status]) -> Status {
    match whole {
        Err(error) => error.into(),
        Ok(()) => statuses.iter().copied().find(|status| status.is_error()).unwrap_or(Status::Ok),
    }
}
