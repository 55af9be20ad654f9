//! Loom models: a late reader and a block that is used again. `ci/models.sh` runs them.

use super::{alloc::Memory, block::Block, pool::Pool};
use crate::base::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use loom::{model::Builder, sync::Arc, thread};

const TEXT: [u8; 8] = *b"contents";

/// Three threads. A reader has the address of a block. A first writer changes the version and then
/// frees the block, as any writer does that replaces a value. A second writer then runs
/// `next` on the pool. The reader must see the old contents or the changed version.
fn check(next: fn(&mut Pool, &Memory)) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let memory = Memory::new(Default::default());
        let mut pool = Pool::new(true);
        // One block stays in use, so that `shrink` keeps the chunk. One is free already, so that
        // the free list links it from the next one to be freed.
        let [_, free, block] = [(); 3].map(|()| pool.alloc(&memory, TEXT.len()).unwrap());
        // SAFETY: the block is from this pool and in use, and no slot holds its address.
        unsafe { pool.free(&memory, free) };
        // SAFETY: the block was allocated for this length, and no slot holds its address.
        unsafe { block.fill(&TEXT) };

        let version = Arc::new(AtomicU64::new(0));
        let (address, seen) = (block.word(), version.clone());
        let reader = thread::spawn(move || {
            let mut text = TEXT;
            // SAFETY: the pool is stable, so the block is readable, and the text fits its size
            // class.
            unsafe { Block::from_word(address).unwrap().copy_to(text.as_mut_ptr(), text.len()) };
            fence(Acquire);
            assert!(text == TEXT || seen.load(Relaxed) != 0, "{text:?} is taken for the contents");
        });
        version.store(1, Relaxed);
        fence(Release);
        // SAFETY: the block is from this pool and in use, and no slot holds its address.
        unsafe { pool.free(&memory, block) };
        let other = thread::spawn(move || {
            next(&mut pool, &memory);
            (pool, memory)
        });
        reader.join().unwrap();
        let (mut pool, memory) = other.join().unwrap();
        // SAFETY: the threads that used its blocks have ended.
        unsafe { pool.destroy(&memory) };
    });
}

#[test]
fn a_freed_block_is_not_taken_for_the_old_one() {
    check(|_, _| ());
}

#[test]
fn a_block_that_another_thread_fills_is_not_taken_for_the_old_one() {
    // SAFETY: the block was allocated for this length, and no slot holds its address.
    check(|pool, memory| unsafe { pool.alloc(memory, TEXT.len()).unwrap().fill(b"the next") });
}

#[test]
fn a_block_that_another_thread_links_is_not_taken_for_the_old_one() {
    // SAFETY: `memory` is that of all calls.
    check(|pool, memory| unsafe { pool.shrink(memory) }.unwrap());
}
