#!/usr/bin/env bash
# Runs every test and reports which lines they reach, in the terminal and in target/coverage/tarpaulin-report.html.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need cargo-tarpaulin "install it: cargo install --locked cargo-tarpaulin"

# Instrumented code has a folder of its own. The executable that the tests start is instrumented too.
scripts/with-database.sh cargo tarpaulin --locked --workspace --engine llvm --follow-exec --skip-clean \
  --target-dir target/instrumented --include-files 'service/src/*' \
  --out Html --out Stdout --output-dir target/coverage
