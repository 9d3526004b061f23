#!/usr/bin/env bash
# Tests the scripts' own libraries, without an account and without an emulator.
set -euo pipefail
cd "$(dirname "$0")/.."

for test in scripts/tests/*.sh; do "$test"; done
