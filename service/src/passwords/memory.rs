//! The memory that Argon2 works in. It is kept between hashes, as to get it from the system takes as long as the hash
//! itself, and wiped after each: from what is left in it passwords could be guessed quickly.

use std::sync::{Mutex, PoisonError};

use argon2::Block;
use secrecy::zeroize::Zeroize;

/// Memory for one hash at a time.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// How many have been written to since they were wiped.
    used: usize,
}

impl Memory {
    /// So many blocks of 1 KiB; what is in them is left over.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.wipe();
            // Freed before more is taken.
            self.blocks = Vec::new();
            self.blocks.resize(count, Block::new());
        }
        self.used = self.used.max(count);
        &mut self.blocks[..count]
    }

    fn wipe(&mut self) {
        // Not `fill`: what is about to be freed need not be written, in the view of the compiler.
        self.blocks[..self.used].iter_mut().for_each(Zeroize::zeroize);
        self.used = 0;
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// The memories that nobody works in. The last that came back is the first that is used again, so that there are no
/// more than ever worked at once.
pub(super) struct Kept {
    memories: Mutex<Vec<Memory>>,
    /// The blocks of a new hash: more, for an imported one, are given back to the system.
    blocks: usize,
}

impl Kept {
    pub(super) const fn new(blocks: usize) -> Self {
        Self { memories: Mutex::new(Vec::new()), blocks }
    }

    pub(super) fn take(&self) -> Memory {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut memory: Memory) {
        memory.wipe();
        if memory.blocks.len() <= self.blocks {
            self.memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blank(blocks: &[Block]) -> bool {
        blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    fn write(memory: &mut Memory, count: usize) {
        memory.blocks(count).iter_mut().for_each(|block| block.as_mut().fill(1));
    }

    #[test]
    fn memory_comes_back_wiped_and_is_used_again() {
        let kept = Kept::new(4);
        let mut memory = kept.take();
        write(&mut memory, 4);
        write(&mut memory, 2);
        let address = memory.blocks.as_ptr();
        kept.give_back(memory);
        let mut again = kept.take();
        assert_eq!(again.blocks.as_ptr(), address);
        assert!(is_blank(again.blocks(4)));
    }

    #[test]
    fn memory_of_a_larger_hash_is_not_kept() {
        let kept = Kept::new(4);
        let mut memory = kept.take();
        write(&mut memory, 5);
        kept.give_back(memory);
        assert!(kept.take().blocks.is_empty());
    }

    #[test]
    fn memory_grows_to_what_a_hash_needs() {
        let mut memory = Memory::default();
        for count in [2, 4, 3] {
            assert_eq!(memory.blocks(count).len(), count);
        }
    }
}
