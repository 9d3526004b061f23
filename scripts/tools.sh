#!/usr/bin/env bash
# Installs what `make lint` and `make fuzz` need and this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"

for tool in cargo-deny cargo-fuzz; do
  if ! command -v "$tool" >/dev/null; then
    note "Installing $tool"
    # Unoptimised: it builds in a third of the time and runs for a second.
    cargo install --locked --debug --quiet "$tool"
  fi
done

need_command shellcheck
need_command c++ g++
