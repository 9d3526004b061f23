#!/usr/bin/env bash
# Runs all tests, or those of one module, against a temporary database server or the one in TEST_MYSQL_URL.
#   test.sh [MODULE]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need_database

# Other implementations of tokens, for the tests of the keys.
need_python_packages target/test-tokens scripts/test/requirements.txt
export TEST_PYTHON=$PWD/target/test-tokens/bin/python

# Compiled first, so that a compile error does not start a server.
cargo test --locked --workspace --no-run

filter=()
# tests/it/users/calls.rs, calls.rs and calls all mean the module `calls`; users is all of the folder.
[[ -z ${1:-} ]] || filter=(-- "$(basename "$1" .rs)::")
scripts/with-database.sh cargo test --locked --workspace ${filter[@]+"${filter[@]}"} # bash 3.2 takes an empty array to be unset
