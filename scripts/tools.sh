#!/usr/bin/env bash
# Installs the tools of `make lint`, `make fuzz`, `make lambda` and `make executable` that this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_commands shellcheck c++:g++
for tool in cargo-deny cargo-fuzz; do need_cargo_command "$tool"; done
need_cargo_lambda
