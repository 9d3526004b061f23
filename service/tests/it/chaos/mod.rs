//! Faults, one at a time, under requests that are counted. `make chaos` runs those too that take long.

mod tally;
