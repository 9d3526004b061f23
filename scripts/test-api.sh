#!/usr/bin/env bash
# Runs schemathesis with all checks: responses to valid and invalid requests, generated from the OpenAPI document, must
# conform to it. Once on SQLite, once on a database server.
#   test-api.sh [sqlite|server]
#   EXAMPLES=50        the most requests for each operation
#   SEED=1             the seed that they are generated from
#   EXECUTABLE=FILE    what to test; by default a debug build of this source
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/service.sh
source scripts/lib/service.sh

readonly EXAMPLES=${EXAMPLES:-50} SEED=${SEED:-1} TOOLS=target/test-api SCHEMATHESIS=$PWD/target/test-api/bin/schemathesis
readonly CONFIG=$PWD/scripts/test-api/schemathesis.toml
FOLDER=""

main() {
  case ${1:-both} in
    both)
      need_database
      prepare
      test_on_sqlite
      scripts/with-database.sh scripts/test-api.sh server
      ;;
    sqlite)
      prepare
      test_on_sqlite
      ;;
    server)
      prepare
      test_on_server
      ;;
    *) die "usage: test-api.sh [sqlite|server]" ;;
  esac
}

prepare() {
  need_python_packages "$TOOLS" scripts/test-api/requirements.txt
  need_executable
  FOLDER=$(mktemp -d)
  trap stop EXIT
}

test_on_sqlite() {
  DB_ENGINE=sqlite SQLITE_PATH=$FOLDER/users.db start
  try
}

# The users stay in the schema.
test_on_server() {
  use_test_server
  "$EXECUTABLE" migrate
  start
  try
}

start() {
  start_service "$FOLDER/log"
  note "Testing the API: $(sed -n 's/.*, \(database .*\), docs.*/\1/p' "$FOLDER/log")"
}

try() {
  local failed=""
  # From the temporary folder, because schemathesis writes files to its working directory.
  (cd "$FOLDER" && "$SCHEMATHESIS" --config-file "$CONFIG" run "$URL/openapi.json" --checks all --seed "$SEED" \
    --max-examples "$EXAMPLES" --exclude-method OPTIONS \
    --request-timeout 10 --suppress-health-check all --generation-database none --no-color) || failed=1
  # A panic or another internal error that became a response.
  if grep -E '^(ERROR|WARN): ' "$FOLDER/log"; then failed=1; fi
  [[ -z $failed ]] || die "the API does not conform to its OpenAPI document; the failures are above" "SEED was $SEED"
  stop_service "$FOLDER/log"
}

stop() {
  kill_service
  rm -rf "$FOLDER"
}

main "$@"
