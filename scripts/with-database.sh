#!/usr/bin/env bash
# Runs a command with TEST_MYSQL_URL set: unchanged, or to a temporary database server.
#   with-database.sh COMMAND [ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

[[ $# -gt 0 ]] || die "usage: with-database.sh COMMAND [ARGUMENT…]"

if [[ -z ${TEST_MYSQL_URL:-} ]]; then
  folder=$(mktemp -d)
  trap 'scripts/test-database.sh stop "$folder"' EXIT
  variables=$(scripts/test-database.sh start "$folder")
  while IFS= read -r variable; do export "${variable?}"; done <<<"$variables"
elif [[ -z ${TEST_MYSQL_CA:-} ]]; then
  note "TEST_MYSQL_CA is not set: verified TLS to the server of TEST_MYSQL_URL is not tested."
fi

"$@"
