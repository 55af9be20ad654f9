//! A map beside `std::collections::HashMap`: each operation's answer is compared at once.

use super::face::Entry;
use super::guard::word;
use super::setup::KINDS;
use super::{Answer, Change, Face, Many, Room, Setup, Status, data};
use portolan::map::{Kind, Width};
use std::collections::HashMap;

const ROOM: usize = 512;

/// Keys and versions of values are small numbers; `data` makes them bytes or words.
#[derive(Clone, Debug)]
pub enum Operation {
    Load(u8),
    LoadWithRoom(u8, usize),
    Contains(u8),
    Store(u8, u8),
    LoadOrStore(u8, u8),
    LoadAndDelete(u8),
    LoadAndDeleteWithRoom(u8, usize),
    Delete(u8),
    Swap(u8, u8),
    SwapWithRoom(u8, u8, usize),
    CompareAndSwap(u8, u8, u8),
    CompareAndDelete(u8, u8),
    Add(u8, u64),
    /// Stores the version, or deletes, or keeps what is there.
    Update(u8, u8),
    /// So many new keys at once: growth.
    StoreMany(u16),
    LoadMany(Vec<u8>),
    DeleteMany(Vec<u8>),
    /// Deletes the keys whose number is divisible.
    DeleteIf(u8),
    Range,
    Scan(u8),
    Len,
    Reserve(u16),
    Shrink,
    Clear,
    CloneTo(u8),
    /// With any bytes for a key, and any for a value: where they are words, their lengths must fit.
    StoreBytes(Vec<u8>, Vec<u8>),
    SwapBytes(Vec<u8>, Vec<u8>),
    LoadBytes(Vec<u8>, usize),
    DeleteBytes(Vec<u8>),
}

/// The map and what it must hold.
pub struct Checked<'a> {
    setup: &'a Setup,
    map: Box<dyn Face>,
    model: HashMap<Vec<u8>, Vec<u8>>,
}

impl<'a> Checked<'a> {
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, map: setup.map(), model: HashMap::new() }
    }

    /// The map holds what the model holds.
    pub fn end(&self) {
        self.holds(self.map.entries());
        assert_eq!(self.map.len(), Ok(self.model.len() as u64));
    }

    fn fits(&self, key: &[u8]) -> bool {
        self.setup.key == Width::Bytes || key.len() == 8
    }

    fn key(&self, number: u8) -> Vec<u8> {
        self.setup.key(number.into())
    }

    fn value(&self, number: u8, version: u8) -> Vec<u8> {
        data::value(self.setup.value, number.into(), version.into())
    }

    /// What an operation answers that hands out the value of this key.
    fn given(&self, key: &[u8], room: usize, there: Status, missing: Status) -> Answer {
        match self.model.get(key) {
            None => Answer::Plain(missing),
            Some(value) if value.len() > room => Answer::Needs(value.len()),
            Some(value) => Answer::Value(there, value.clone()),
        }
    }

    /// Alone with a map it only ever gives up where there is a dirty map.
    fn peek(&self, key: &[u8], room: usize) {
        let seen = self.map.peek(key, room);
        if self.setup.kind != Kind::ReadDirty || seen != Answer::Plain(Status::Busy) {
            assert_eq!(seen, self.given(key, room, Status::Ok, Status::NotFound));
        }
    }

    /// The calls for words know no room.
    fn room(&self, room: usize) -> usize {
        if self.setup.has_words() { ROOM } else { room }
    }

    fn swap(&mut self, key: u8, version: u8, room: usize) {
        let (key, value) = (self.key(key), self.value(key, version));
        let expected = self.given(&key, room, Status::Loaded, Status::Ok);
        assert_eq!(self.map.swap(&key, &value, room), expected);
        if expected.status() != Status::Buffer {
            self.model.insert(key, value);
        }
    }

    /// Whether a key and a value fit the map, or the status that they are refused with.
    fn accepts(&self, key: &[u8], value: &[u8]) -> Status {
        let fits = self.fits(key) && (self.setup.value == Width::Bytes || value.len() == 8);
        if fits { Status::Ok } else { Status::Size }
    }

    fn store_bytes(&mut self, key: &[u8], value: &[u8]) {
        let accepts = self.accepts(key, value);
        if !self.setup.takes(key) || !self.setup.takes(value) {
            return;
        }
        assert_eq!(self.map.store(key, value), accepts);
        if accepts == Status::Ok {
            self.model.insert(key.to_vec(), value.to_vec());
        }
    }

    fn swap_bytes(&mut self, key: &[u8], value: &[u8]) {
        if !self.setup.takes(key) || !self.setup.takes(value) {
            return;
        }
        match self.accepts(key, value) {
            Status::Ok => {
                assert_eq!(self.map.swap(key, value, ROOM), self.given(key, ROOM, Status::Loaded, Status::Ok));
                self.model.insert(key.to_vec(), value.to_vec());
            }
            refused => assert_eq!(self.map.swap(key, value, ROOM), Answer::Plain(refused)),
        }
    }

    fn load_and_delete(&mut self, key: u8, room: usize) {
        let key = self.key(key);
        let expected = self.given(&key, room, Status::Ok, Status::NotFound);
        assert_eq!(self.map.load_and_delete(&key, room), expected);
        if expected.status() == Status::Ok {
            self.model.remove(&key);
        }
    }

    fn compare(&self, key: &[u8], old: &[u8]) -> Status {
        match self.model.get(key) {
            None => Status::NotFound,
            Some(value) if value == old => Status::Ok,
            Some(_) => Status::Mismatch,
        }
    }

    fn add(&mut self, key: u8, delta: u64) {
        let key = self.key(key);
        if self.setup.value == Width::Bytes {
            assert_eq!(self.map.add(&key, delta), Err(Status::Type));
            return;
        }
        let sum = self.model.get(&key).map_or(0, |value| word(value)).wrapping_add(delta);
        assert_eq!(self.map.add(&key, delta), Ok(sum));
        self.model.insert(key, sum.to_ne_bytes().to_vec());
    }

    fn update(&mut self, key: u8, version: u8) {
        let change = match version {
            4 => Change::Delete,
            5 => Change::Keep,
            version => Change::Store(self.value(key, version)),
        };
        let key = self.key(key);
        let there = self.model.get(&key);
        let status = self.map.update(&key, &mut |value| {
            assert_eq!(value, there.map(Vec::as_slice));
            change.clone()
        });
        assert_eq!(status, Status::Ok);
        match change {
            Change::Keep => {}
            Change::Store(value) => drop(self.model.insert(key, value)),
            Change::Delete => drop(self.model.remove(&key)),
        }
    }

    fn store_many(&mut self, count: u16) {
        let entries: Vec<Entry> = (0..count.into()).map(|i| self.setup.entry(i)).collect();
        assert_eq!(self.map.store_many(&entries), (Status::Ok, vec![Status::Ok; entries.len()]));
        self.model.extend(entries);
    }

    fn load_many(&self, keys: &[u8]) {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(*key)).collect();
        let nothing = if self.setup.value == Width::Word { vec![0; 8] } else { vec![] };
        let values = keys.iter().map(|key| self.model.get(key).unwrap_or(&nothing).clone()).collect();
        let there = |key| if self.model.contains_key(key) { Status::Ok } else { Status::NotFound };
        let statuses = keys.iter().map(there).collect();
        assert_eq!(self.map.load_many(&keys, 20 * ROOM), Many::Values { values, statuses });
    }

    fn delete_many(&mut self, keys: &[u8]) {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(*key)).collect();
        let removed = |key| if self.model.remove(key).is_some() { Status::Ok } else { Status::NotFound };
        let statuses = keys.iter().map(removed).collect();
        assert_eq!(self.map.delete_many(&keys), (Status::Ok, statuses));
    }

    fn delete_if(&mut self, divisor: usize) {
        let chosen = move |key: &[u8]| key.iter().map(|byte| usize::from(*byte)).sum::<usize>().is_multiple_of(divisor);
        let before = self.model.len();
        self.model.retain(|key, _| !chosen(key));
        assert_eq!(self.map.delete_if(&mut |key, _| chosen(key)), Ok((before - self.model.len()) as u64));
    }

    fn scan(&self, room: usize) {
        self.holds(self.map.scanned(Room::entries(room), |_| ()));
    }

    /// These are the model's entries, each once.
    fn holds(&self, entries: Vec<Entry>) {
        assert_eq!(entries.len(), self.model.len());
        assert!(entries.into_iter().collect::<HashMap<_, _>>() == self.model, "other entries than the model's");
    }

    pub fn apply(&mut self, operation: &Operation) {
        use Operation::*;
        match *operation {
            Load(k) => {
                let key = self.key(k);
                self.peek(&key, ROOM);
                assert_eq!(self.map.load(&key, ROOM), self.given(&key, ROOM, Status::Ok, Status::NotFound));
            }
            LoadWithRoom(k, room) => {
                let (key, room) = (self.key(k), self.room(room));
                assert_eq!(self.map.load(&key, room), self.given(&key, room, Status::Ok, Status::NotFound));
                self.peek(&key, room);
            }
            Contains(k) => {
                let key = self.key(k);
                let there = self.model.contains_key(&key);
                assert_eq!(self.map.contains(&key), if there { Status::Ok } else { Status::NotFound });
            }
            Store(k, v) => {
                let (key, value) = (self.key(k), self.value(k, v));
                assert_eq!(self.map.store(&key, &value), Status::Ok);
                self.model.insert(key, value);
            }
            LoadOrStore(k, v) => {
                let (key, value) = (self.key(k), self.value(k, v));
                let expected = self.given(&key, ROOM, Status::Loaded, Status::Ok);
                assert_eq!(self.map.load_or_store(&key, &value, ROOM), expected);
                self.model.entry(key).or_insert(value);
            }
            LoadAndDelete(k) => self.load_and_delete(k, ROOM),
            LoadAndDeleteWithRoom(k, room) => self.load_and_delete(k, self.room(room)),
            Delete(k) => {
                let key = self.key(k);
                let there = self.model.remove(&key).is_some();
                assert_eq!(self.map.delete(&key), if there { Status::Ok } else { Status::NotFound });
            }
            Swap(k, v) => self.swap(k, v, ROOM),
            SwapWithRoom(k, v, room) => self.swap(k, v, self.room(room)),
            CompareAndSwap(k, old, new) => {
                let (key, old, new) = (self.key(k), self.value(k, old), self.value(k, new));
                let expected = self.compare(&key, &old);
                assert_eq!(self.map.compare_and_swap(&key, &old, &new), expected);
                if expected == Status::Ok {
                    self.model.insert(key, new);
                }
            }
            CompareAndDelete(k, old) => {
                let (key, old) = (self.key(k), self.value(k, old));
                let expected = self.compare(&key, &old);
                assert_eq!(self.map.compare_and_delete(&key, &old), expected);
                if expected == Status::Ok {
                    self.model.remove(&key);
                }
            }
            Add(k, delta) => self.add(k, delta),
            Update(k, version) => self.update(k, version),
            StoreMany(count) => self.store_many(count),
            LoadMany(ref keys) => self.load_many(keys),
            DeleteMany(ref keys) => self.delete_many(keys),
            DeleteIf(divisor) => self.delete_if(divisor.into()),
            Range => self.holds(self.map.entries()),
            Scan(room) => self.scan(room.into()),
            Len => assert_eq!(self.map.len(), Ok(self.model.len() as u64)),
            Reserve(entries) => assert_eq!(self.map.reserve(entries.into()), Status::Ok),
            Shrink => assert_eq!(self.map.shrink(), Status::Ok),
            Clear => {
                assert_eq!(self.map.clear(), Status::Ok);
                self.model.clear();
            }
            StoreBytes(ref key, ref value) => self.store_bytes(key, value),
            SwapBytes(ref key, ref value) => self.swap_bytes(key, value),
            LoadBytes(ref key, room) => {
                let room = self.room(room);
                let expected = self.given(key, room, Status::Ok, Status::NotFound);
                let answer = if self.fits(key) { expected } else { Answer::Plain(Status::Size) };
                if self.setup.takes(key) {
                    assert_eq!(self.map.load(key, room), answer);
                }
            }
            DeleteBytes(ref key) => {
                let there = if self.model.remove(key).is_some() { Status::Ok } else { Status::NotFound };
                if self.setup.takes(key) {
                    assert_eq!(self.map.delete(key), if self.fits(key) { there } else { Status::Size });
                }
            }
            CloneTo(kind) => {
                let copy = self.map.clone_to(KINDS[usize::from(kind)]).expect("a clone");
                assert_eq!(self.map.equal(&*copy), Status::Ok);
                self.holds(copy.entries());
            }
        }
    }
}
