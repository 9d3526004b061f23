#!/usr/bin/env bash
# Makes clients of the OpenAPI document, compiles them and calls the service with them, errors included: in TypeScript
# (openapi-typescript, openapi-fetch), in Python (openapi-python-client, checked by mypy), and in Rust (progenitor, of the
# document in OpenAPI 3.0).
#   test-clients.sh [typescript|python|rust]
#   EXECUTABLE=FILE    what serves; by default a debug build of this source
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/service.sh
source scripts/lib/service.sh

readonly CLIENTS=$PWD/scripts/test-clients TOOLS=$PWD/target/test-clients
readonly LOGIN=ada PASSWORD="correct horse battery staple"
FOLDER=""

main() {
  local client
  case ${1:-all} in
    all) set -- typescript python rust ;;
    typescript | python | rust) ;;
    *) die "usage: test-clients.sh [typescript|python|rust]" ;;
  esac
  for client in "$@"; do "need_for_$client"; done
  need_executable
  FOLDER=$(mktemp -d)
  trap stop EXIT
  export ACCESS=tokens DB_ENGINE=sqlite SQLITE_PATH=$FOLDER/users.db SIGNING_KEYS_FILE=$FOLDER/signing-keys.json
  "$EXECUTABLE" create-admin --username "$LOGIN" --email ada@example.com <<<"$PASSWORD"
  start_service "$FOLDER/log"
  for client in "$@"; do
    note "Testing a client: $client"
    "test_$client"
  done
  stop_service "$FOLDER/log"
}

need_for_typescript() { need_node_packages "$TOOLS/typescript" "$CLIENTS/typescript"; }

test_typescript() {
  cp "$CLIENTS/typescript/"*.{ts,json} "$TOOLS/typescript/"
  (
    cd "$TOOLS/typescript"
    node_modules/.bin/openapi-typescript "$URL/openapi.json" --output schema.d.ts >&2
    node_modules/.bin/tsc
    node build/client.js "$URL" "$LOGIN" "$PASSWORD"
  )
}

need_for_python() { need_python_packages "$TOOLS/python" "$CLIENTS/python/requirements.txt"; }

test_python() {
  local made=$FOLDER/users_service_client
  # It looks for ruff, which formats what it makes, on the path.
  PATH=$TOOLS/python/bin:$PATH "$TOOLS/python/bin/openapi-python-client" generate --url "$URL/openapi.json" \
    --meta none --output-path "$made" --fail-on-warning >&2
  # What is made is not checked itself: only whether it is used well.
  MYPYPATH=$FOLDER "$TOOLS/python/bin/mypy" --strict --follow-imports=silent --cache-dir "$TOOLS/mypy" "$CLIENTS/python/client.py" >&2
  PYTHONPATH=$FOLDER PYTHONDONTWRITEBYTECODE=1 "$TOOLS/python/bin/python" "$CLIENTS/python/client.py" "$URL" "$LOGIN" "$PASSWORD"
}

need_for_rust() { need_rust; }

test_rust() {
  "$EXECUTABLE" openapi 3.0 >"$FOLDER/openapi-3.0.json"
  DOCUMENT=$FOLDER/openapi-3.0.json CARGO_TARGET_DIR=$TOOLS/rust \
    cargo run --locked --quiet --manifest-path "$CLIENTS/rust/Cargo.toml" -- "$URL" "$LOGIN" "$PASSWORD"
}

stop() {
  kill_service
  rm -rf "$FOLDER"
}

main "$@"
