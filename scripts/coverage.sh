#!/usr/bin/env bash
# Runs all tests and reports line coverage, in the terminal and in target/coverage/tarpaulin-report.html.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need cargo-tarpaulin "install it: cargo install --locked cargo-tarpaulin"
need_database

# As in test.sh.
need_python_packages target/test-tokens scripts/test/requirements.txt
export TEST_PYTHON=$PWD/target/test-tokens/bin/python

# A target folder of its own, because instrumented code replaces the other. --follow-exec: tests start the executable.
scripts/with-database.sh cargo tarpaulin --locked --workspace --engine llvm --follow-exec --skip-clean \
  --target-dir target/instrumented --include-files 'service/src/*' \
  --out Html --out Stdout --output-dir target/coverage
