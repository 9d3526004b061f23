#!/usr/bin/env bash
# Runs every test and reports which lines they reach, in the terminal and in target/coverage/index.html.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

need cargo-llvm-cov "install it: cargo install --locked cargo-llvm-cov && rustup component add llvm-tools"

# A folder of its own: instrumented code is of no use to other builds.
eval "$(cargo llvm-cov show-env --sh)"
cargo llvm-cov clean --workspace
scripts/test.sh
cargo llvm-cov report --html --output-dir target/coverage
cargo llvm-cov report --summary-only
