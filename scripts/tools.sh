#!/usr/bin/env bash
# Installs what `make lint` and `make fuzz` need and this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"

for tool in cargo-deny cargo-fuzz; do
  if ! command -v "$tool" >/dev/null; then
    note "Installing $tool"
    # Unoptimised: it builds in a third of the time and runs for a second.
    cargo install --locked --debug --quiet "$tool"
  fi
done

# install_package COMMAND PACKAGE
install_package() {
  ! command -v "$1" >/dev/null || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    die "$1 is missing" "install it: sudo apt-get install --yes $2"
  fi
  note "Installing $2"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "$2" >/dev/null
}

install_package shellcheck shellcheck
install_package c++ g++
