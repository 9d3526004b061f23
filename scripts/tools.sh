#!/usr/bin/env bash
# Installs what `make lint` needs and this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"

if ! command -v cargo-deny >/dev/null; then
  note "Installing cargo-deny"
  # Unoptimised: it builds in a third of the time and runs for a second.
  cargo install --locked --debug --quiet cargo-deny
fi

if ! command -v shellcheck >/dev/null; then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    die "shellcheck is missing" "install it: sudo apt-get install --yes shellcheck"
  fi
  note "Installing shellcheck"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends shellcheck >/dev/null
fi
