#!/usr/bin/env bash
# Installs what `make lint` needs and this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"

if ! command -v cargo-deny >/dev/null; then
  note "Installing cargo-deny"
  # Unoptimised: it builds in a third of the time and runs for a second.
  cargo install --locked --debug --quiet cargo-deny
fi

need_command shellcheck
