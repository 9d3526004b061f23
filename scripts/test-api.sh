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

readonly EXAMPLES=${EXAMPLES:-50} SEED=${SEED:-1} TOOLS=target/test-api SCHEMATHESIS=$PWD/target/test-api/bin/schemathesis
SERVICE="" FOLDER=""

main() {
  case ${1:-both} in
    both)
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
  if [[ -z ${EXECUTABLE:-} ]]; then
    need_rust
    cargo build --locked --quiet
    EXECUTABLE=${CARGO_TARGET_DIR:-target}/debug/users-service
  fi
  [[ -x $EXECUTABLE ]] || die "EXECUTABLE is '$EXECUTABLE', which is not an executable file"
  export EXECUTABLE
  need_python_packages "$TOOLS" scripts/test-api/requirements.txt
  FOLDER=$(mktemp -d)
  trap stop EXIT
}

test_on_sqlite() {
  DB_ENGINE=sqlite SQLITE_PATH=$FOLDER/users.db start
  try
}

# TEST_MYSQL_URL is mysql://USER:PASSWORD@HOST:PORT/SCHEMA. The users stay in the schema.
test_on_server() {
  [[ ${TEST_MYSQL_URL:-} =~ ^mysql://([^:@]+):([^@]*)@([^:/]+):([0-9]+)/(.+)$ ]] ||
    die "TEST_MYSQL_URL is '${TEST_MYSQL_URL:-}'; it must be mysql://user:password@host:port/schema" \
      "scripts/with-database.sh sets it"
  export DB_ENGINE=mysql DB_USER=${BASH_REMATCH[1]} DB_PASSWORD=${BASH_REMATCH[2]} DB_HOST=${BASH_REMATCH[3]}
  export DB_PORT=${BASH_REMATCH[4]} DB_NAME=${BASH_REMATCH[5]}
  "$EXECUTABLE" migrate
  start
  try
}

# Starts the executable on a free port and waits until it listens.
start() {
  HOST=127.0.0.1 PORT=0 LOG_LEVEL=INFO LOG_FORMAT=text "$EXECUTABLE" serve 2>"$FOLDER/log" &
  SERVICE=$!
  for _ in $(seq 100); do
    URL=$(sed -n 's|.*Listening on \(http://[^,]*\),.*|\1|p' "$FOLDER/log")
    [[ -z $URL ]] || break
    kill -0 "$SERVICE" 2>/dev/null || die "the service did not start:" "$(tail -n 5 "$FOLDER/log")"
    sleep 0.1
  done
  [[ -n $URL ]] || die "the service did not listen within ten seconds:" "$(tail -n 5 "$FOLDER/log")"
  note "Testing the API: $(sed -n 's/.*, \(database .*\), docs.*/\1/p' "$FOLDER/log")"
}

try() {
  local failed=""
  # From the temporary folder, because schemathesis writes files to its working directory.
  (cd "$FOLDER" && "$SCHEMATHESIS" run "$URL/openapi.json" --checks all --seed "$SEED" --max-examples "$EXAMPLES" \
    --request-timeout 10 --suppress-health-check all --generation-database none --no-color) || failed=1
  # A panic or another internal error that became a response.
  if grep -E '^(ERROR|WARN): ' "$FOLDER/log"; then failed=1; fi
  [[ -z $failed ]] || die "the API does not conform to its OpenAPI document; the failures are above" "SEED was $SEED"
  kill "$SERVICE"
  wait "$SERVICE" || die "the service ended with an error:" "$(tail -n 5 "$FOLDER/log")"
  SERVICE=""
}

stop() {
  [[ -z $SERVICE ]] || kill "$SERVICE" 2>/dev/null || true
  rm -rf "$FOLDER"
}

main "$@"
