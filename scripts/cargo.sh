#!/usr/bin/env bash
# Runs cargo, from wherever it is installed.
#   cargo.sh ARGUMENT…
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
exec cargo "$@"
