#!/usr/bin/env bash
# Fuzzes every parser of untrusted input, or one target, with libFuzzer, from the seed corpus in service/fuzz/corpus/.
#   fuzz.sh [TARGET]
# FUZZ_SECONDS is the time for each target, 20 by default. FUZZ_RUNS=200000 runs that many inputs with a fixed seed
# instead, for a minute at most, so that a check of a change is reproducible. New inputs are added to target/fuzz/corpus/;
# one that crashes is written to target/fuzz/failures/, and its path is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need cargo-fuzz "install it: make tools"
need c++ "install a C++ compiler, such as the package g++: make tools"

readonly BUILT=target/fuzz
TARGETS=()
for file in service/fuzz/fuzz_targets/*.rs; do TARGETS+=("$(basename "$file" .rs)"); done

if [[ -n ${1:-} ]]; then
  [[ -e service/fuzz/fuzz_targets/$1.rs ]] || die "there is no target '$1'; there are: ${TARGETS[*]}"
  TARGETS=("$1")
fi

# No sanitizer: they need a nightly compiler, and find memory errors, which safe Rust does not have.
host=$(rustc --version --verbose | sed -n 's/^host: //p')
cargo fuzz build --fuzz-dir service/fuzz --sanitizer none --dev --target-dir "$BUILT" --target "$host"

# Seed 0 is random.
if [[ -n ${FUZZ_RUNS:-} ]]; then
  limits=(-runs="$FUZZ_RUNS" -max_total_time=60 -seed=1) effort="$FUZZ_RUNS inputs, or a minute"
else
  limits=(-max_total_time="${FUZZ_SECONDS:-20}" -seed=0) effort="${FUZZ_SECONDS:-20} seconds"
fi

for target in "${TARGETS[@]}"; do
  found=$BUILT/corpus/$target failures=$BUILT/failures/$target
  mkdir -p "$found" "$failures"
  note "Fuzzing $target: $effort"
  "$BUILT/$host/debug/$target" "${limits[@]}" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -artifact_prefix="$failures/" "$found" "service/fuzz/corpus/$target" >"$failures/log" 2>&1 ||
    die "$target fails; the end of $failures/log:" "$(tail -n 200 "$failures/log" | grep -E 'panicked|Test unit|ERROR' -A 2 || true)"
  note "  $(tail -n 1 "$failures/log")"
done
