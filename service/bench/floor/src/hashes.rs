//! `floor hash SECONDS THREADS`: how many password hashes this machine computes in a second, with the service's library,
//! parameters and kept memory, and nothing else.

use std::time::{Duration, Instant};
use std::{env, thread};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::Failure;

/// The service's default: 19,456 KiB, two passes, one lane.
const PARAMETERS: (u32, u32, u32) = (19_456, 2, 1);

/// Prints the number.
pub fn run() -> Result<(), Failure> {
    let mut arguments = env::args().skip(2).map(|text| text.parse::<f64>());
    let mut number = || arguments.next().ok_or("usage: floor hash SECONDS THREADS")?.map_err(Failure::from);
    let (seconds, threads) = (Duration::from_secs_f64(number()?), number()?);
    let begun = Instant::now();
    let workers: Vec<_> =
        (0..threads as usize).map(|_| thread::spawn(move || hashes_until(begun + seconds))).collect();
    let mut hashes = 0;
    for worker in workers {
        hashes += worker.join().map_err(|_| "a thread panicked")?.map_err(|error| error.to_string())?;
    }
    println!("{}", f64::from(hashes) / begun.elapsed().as_secs_f64());
    Ok(())
}

fn hashes_until(end: Instant) -> Result<u32, argon2::Error> {
    let (memory, passes, lanes) = PARAMETERS;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None)?);
    let mut blocks = vec![Block::default(); argon2.params().block_count()];
    let (mut hash, mut hashes) = ([0; 32], 0);
    while Instant::now() < end {
        argon2.hash_password_into_with_memory(b"a swan by the harbour", &[7; 16], &mut hash, &mut blocks)?;
        hashes += 1;
    }
    Ok(hashes)
}
