//! The reuse of blocks under loom. `ci/models.sh` runs them.

use super::{alloc::Memory, block::Block, pool::Pool};
use crate::base::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use loom::{model::Builder, sync::Arc, thread};

const TEXT: [u8; 8] = *b"contents";

/// A reader that has the address of a block, one thread that announces the end of its use and frees it, as whoever overwrites a value
/// does, and then another one that has the pool and does `next`. The reader gets the contents or sees the announcement.
fn check(next: fn(&mut Pool, &Memory)) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let memory = Memory::new(Default::default());
        let mut pool = Pool::new(true);
        // One stays in use, so that the chunk does, and one is free, so that the next one that is freed links it.
        let [_, free, block] = [(); 3].map(|()| pool.alloc(&memory, TEXT.len()).unwrap());
        // SAFETY: from this pool and freed once; nothing leads to them but the reader's copy of an address.
        unsafe { pool.free(&memory, free) };
        block.fill(&TEXT);

        let version = Arc::new(AtomicU64::new(0));
        let (address, seen) = (block.word(), version.clone());
        let reader = thread::spawn(move || {
            let mut text = TEXT;
            // SAFETY: the pool is stable, and the block's class has room for the text.
            unsafe { Block::from_word(address).unwrap().copy_to(text.as_mut_ptr(), text.len()) };
            fence(Acquire);
            assert!(text == TEXT || seen.load(Relaxed) != 0, "{text:?} are taken for the contents");
        });
        version.store(1, Relaxed);
        fence(Release);
        // SAFETY: as above.
        unsafe { pool.free(&memory, block) };
        let other = thread::spawn(move || {
            next(&mut pool, &memory);
            (pool, memory)
        });
        reader.join().unwrap();
        let (mut pool, memory) = other.join().unwrap();
        // SAFETY: nobody looks at a block any more.
        unsafe { pool.destroy(&memory) };
    });
}

#[test]
fn a_block_that_was_freed_is_not_read() {
    check(|_, _| ());
}

#[test]
fn a_block_that_another_thread_uses_again_is_not_read() {
    check(|pool, memory| pool.alloc(memory, TEXT.len()).unwrap().fill(b"the next"));
}

#[test]
fn a_block_that_another_thread_links_anew_is_not_read() {
    check(|pool, memory| pool.shrink(memory).unwrap());
}
