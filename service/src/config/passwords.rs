//! What a password must be, and how passwords are hashed.

use std::num::NonZeroUsize;
use std::{fs, thread};

use argon2::Params;

use super::deployment::environment;
use super::reader::Reader;
use super::setting::settings;

settings! {
    PASSWORD_MIN_LENGTH = "15", "The fewest characters of a new password";
    PASSWORD_HASH = "m=19456,t=2,p=1", "The cost of a new password's Argon2id: KiB of memory, passes, lanes";
    HASHES_AT_ONCE = "the cores, while a quarter of the memory suffices; 1 in Lambda",
        "The maximum number of password hashes that are computed at once";
}

/// What a password must be, and how passwords are hashed.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// The fewest characters of a new password.
    pub min_length: usize,
    /// How passwords are hashed.
    pub hashing: Hashing,
}

/// How passwords are hashed.
#[derive(Debug, Clone)]
pub struct Hashing {
    /// The cost of a new hash; others are replaced when their password is next presented.
    pub params: Params,
    /// How many are computed at once.
    pub at_once: NonZeroUsize,
}

/// ASVS 5.0, appendix C: for so many passes at least so much memory. More passes need no more than three do.
const MIN_MEMORY: [(u32, u32); 3] = [(1, 47_104), (2, 19_456), (3, 12_288)];

/// Above these a single request could stop a small machine.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 16;

pub(super) fn read(reader: &mut Reader<'_>, in_lambda: bool) -> Option<Passwords> {
    // Below 8, NIST SP 800-63B-4 allows no password at all; 64 is what it wants to be possible.
    let min_length = reader.get(&PASSWORD_MIN_LENGTH).in_range(8..=64);
    let params = params(reader);
    let memory = params.as_ref().map_or(Params::DEFAULT_M_COST, Params::m_cost);
    let at_once = reader.get_or(&HASHES_AT_ONCE, &at_once(in_lambda, memory).to_string()).in_range(1..=256);
    let hashing = Hashing { params: params?, at_once: NonZeroUsize::new(at_once?)? };
    Some(Passwords { min_length: min_length?, hashing })
}

fn params(reader: &mut Reader<'_>) -> Option<Params> {
    let in_dev = environment(reader) == "dev";
    let text = reader.get(&PASSWORD_HASH).text();
    let params = parse(&text).and_then(|params| if in_dev { Ok(params) } else { strong_enough(params) });
    params.map_err(|wanted| reader.problem(&PASSWORD_HASH, format!("is {text:?}; {wanted}"))).ok()
}

/// Reads `m=19456,t=2,p=1`.
fn parse(text: &str) -> Result<Params, String> {
    let mut parts = text.split(',');
    let mut number = |name| parts.next()?.trim().strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok();
    let numbers = (number("m"), number("t"), number("p"));
    let ((Some(memory), Some(passes), Some(lanes)), None) = (numbers, parts.next()) else {
        return Err(format!("it must have the form {}", PASSWORD_HASH.default));
    };
    if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > MAX_LANES {
        return Err(format!("at most m={MAX_MEMORY}, t={MAX_PASSES} and p={MAX_LANES} are possible"));
    }
    Params::new(memory, passes, lanes, None)
        .map_err(|_| "t and p must be at least 1, and m at least 8 times p".to_owned())
}

fn strong_enough(params: Params) -> Result<Params, String> {
    let (_, least) = MIN_MEMORY[MIN_MEMORY.len().min(params.t_cost() as usize) - 1];
    if params.m_cost() >= least {
        return Ok(params);
    }
    let table = MIN_MEMORY.map(|(passes, memory)| format!("t={passes} with m={memory}"));
    Err(format!("outside dev it must be at least {}", table.join(", or ")))
}

/// A sandbox of Lambda serves one request at a time.
fn at_once(in_lambda: bool, memory_of_one: u32) -> usize {
    if in_lambda {
        return 1;
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let allowed = memory_limit().map_or(usize::MAX, |kib| kib / 4 / memory_of_one as usize);
    cores.min(allowed).clamp(1, 256)
}

/// The memory of the container, or of the machine, in KiB.
fn memory_limit() -> Option<usize> {
    let of_container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let of_container =
        of_container.and_then(|text| text.trim().parse().ok()).map(|bytes: usize| bytes / 1024);
    let of_machine = fs::read_to_string("/proc/meminfo").ok();
    let of_machine = of_machine.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
    of_container.into_iter().chain(of_machine).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).and_then(strong_enough).unwrap_err()
    }

    #[test]
    fn the_default_is_strong_enough_for_production() {
        let params = parse(PASSWORD_HASH.default).and_then(strong_enough).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19_456, 2, 1));
    }

    #[test]
    fn what_the_standard_calls_enough_is_taken_and_a_kibibyte_less_is_not() {
        for (passes, least) in [(1, 47_104), (2, 19_456), (3, 12_288), (4, 12_288), (10, 12_288)] {
            assert!(parse(&format!("m={least},t={passes},p=1")).and_then(strong_enough).is_ok());
            let refusal = refusal(&format!("m={},t={passes},p=1", least - 1));
            assert!(
                refusal.contains("t=1 with m=47104, or t=2 with m=19456, or t=3 with m=12288"),
                "{refusal}"
            );
        }
    }

    #[test]
    fn other_forms_and_impossible_costs_are_refused() {
        for text in ["", "19456", "m=19456,t=2", "t=2,m=19456,p=1", "m=19456,t=2,p=1,x=1", "m=-1,t=2,p=1"] {
            assert!(refusal(text).contains("must have the form"), "{text}");
        }
        for text in ["m=262145,t=2,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=17"] {
            assert!(refusal(text).contains("at most"), "{text}");
        }
        for text in ["m=7,t=1,p=1", "m=19456,t=0,p=1", "m=19456,t=2,p=0", "m=31,t=2,p=4"] {
            assert!(refusal(text).contains("at least 1"), "{text}");
        }
    }

    #[test]
    fn a_function_computes_one_hash_at_a_time_and_a_machine_no_more_than_its_memory_allows() {
        assert_eq!(at_once(true, 19_456), 1);
        assert!(at_once(false, 8) >= 1);
        assert_eq!(at_once(false, u32::MAX), 1, "one is always possible");
    }
}
