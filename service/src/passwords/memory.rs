//! The memory that Argon2 works in. It is kept between hashes, as to get it from the system takes as long as the hash
//! itself, and wiped when no other hash follows: from what is left in it passwords could be guessed quickly.

use argon2::Block;
use secrecy::zeroize::optimization_barrier;

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

    /// Gives it back to the system if it is more than so many KiB.
    pub(super) fn give_back_above(&mut self, kept: usize) {
        if self.blocks.len() > kept {
            *self = Self::default();
        }
    }

    /// Leaves nothing in it.
    pub(super) fn wipe(&mut self) {
        let used = &mut self.blocks[..self.used];
        for block in &mut *used {
            block.as_mut().fill(0);
        }
        // What is about to be freed need not be written, in the view of the compiler. To write each word as one that the compiler must
        // not leave out (`zeroize`) takes several times as long.
        optimization_barrier(used);
        self.used = 0;
    }
}

#[cfg(test)]
impl Memory {
    /// In KiB.
    pub(super) fn size(&self) -> usize {
        self.blocks.len()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
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
    fn nothing_is_left_in_wiped_memory() {
        let mut memory = Memory::default();
        write(&mut memory, 4);
        write(&mut memory, 2);
        let address = memory.blocks.as_ptr();
        memory.wipe();
        assert_eq!(memory.blocks.as_ptr(), address);
        assert!(is_blank(memory.blocks(4)));
    }

    #[test]
    fn memory_grows_to_what_a_hash_needs() {
        let mut memory = Memory::default();
        for count in [2, 4, 3] {
            assert_eq!(memory.blocks(count).len(), count);
        }
    }
}
