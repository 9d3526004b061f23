#!/usr/bin/env bash
# Runs every fault-injection test under load, the slow ones too, against a temporary database server, and prints how many
# requests were sent, succeeded, got a 503, got a wrong response, and were lost.
#   chaos.sh [FAULT]   only tests whose name contains it
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need_database

# Built first: no server waits for a compiler.
cargo test --locked --test it --no-run

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
# One at a time, so that each fault has the whole machine.
scripts/with-database.sh cargo test --locked --test it "chaos::${1:-}" -- --include-ignored --nocapture --test-threads=1 |
  tee "$output" || status=$?

printf '\n| fault | sent | succeeded | 503 | wrong | lost |\n|---|---:|---:|---:|---:|---:|\n'
sed -n 's/.*chaos |/|/p' "$output"
exit "$status"
