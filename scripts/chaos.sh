#!/usr/bin/env bash
# Tries every fault under load, the long ones too, against a private throw-away database server, and prints for each how
# many requests were sent, answered, told to come back (503), answered wrongly, and lost.
#   chaos.sh [FAULT]   those whose test has this in its name
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust

# Built first: no server waits for a compiler.
cargo test --locked --test it --no-run

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
# One after another: each fault has the machine to itself.
scripts/with-database.sh cargo test --locked --test it "chaos::${1:-}" -- --include-ignored --nocapture --test-threads=1 |
  tee "$output" || status=$?

printf '\n| fault | sent | answered | told to come back | wrong | lost |\n|---|---:|---:|---:|---:|---:|\n'
sed -n 's/.*chaos |/|/p' "$output"
exit "$status"
