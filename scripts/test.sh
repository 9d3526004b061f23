#!/usr/bin/env bash
# Runs every test, or those of one module, against a private throw-away database server or the one in TEST_MYSQL_URL.
#   test.sh [MODULE]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"
need cc "install a C compiler, such as the package build-essential or Apple's command line tools"

module=${1:-}
# tests/it/users.rs, users.rs and users all mean the module `users`.
module=$(basename "${module:-}" .rs)

# Built first: no server waits for a compiler, and a compile error needs none.
cargo test --locked --workspace --no-run

if [[ -z ${TEST_MYSQL_URL:-} ]]; then
  folder=$(mktemp -d)
  trap 'scripts/test-database.sh stop "$folder"' EXIT
  variables=$(scripts/test-database.sh start "$folder")
  while IFS= read -r variable; do export "${variable?}"; done <<<"$variables"
elif [[ -z ${TEST_MYSQL_CA:-} ]]; then
  note "TEST_MYSQL_CA is not set: verified TLS to the server of TEST_MYSQL_URL is not tested."
fi

if [[ -n $module ]]; then
  cargo test --locked --workspace -- "$module::"
else
  cargo test --locked --workspace
fi
