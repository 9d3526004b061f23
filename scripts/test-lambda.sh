#!/usr/bin/env bash
# Starts the executable for Lambda on arm64, the default there, as the `bootstrap` of a zip, under QEMU on another processor: it
# migrates a real database, and answers requests through the Runtime API of cargo-lambda. TEST_DATABASE selects the server.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

main() {
  need_linux "to run the executable for Lambda"
  need_commands curl python3
  EMULATOR=()
  if [[ $(uname -m) != aarch64 ]]; then
    need_commands qemu-aarch64-static:qemu-user-static
    EMULATOR=(qemu-aarch64-static)
  fi
  need_cargo_lambda
  scripts/test-database.sh need
  local zip
  zip=$(ZIP=1 scripts/executable.sh arm64)
  FOLDER=$(mktemp -d) PIDS=()
  trap 'clean_up' EXIT
  python3 -m zipfile --extract "$zip" "$FOLDER"
  chmod +x "$FOLDER/bootstrap"
  start_database
  migrate
  answer_requests
  note "The executable for arm64 has migrated a database and answered through the Runtime API"
}

start_database() {
  local variables
  variables=$(scripts/test-database.sh start "$FOLDER/database")
  export DB_CREDENTIALS=env DB_HOST=localhost DB_USER=root DB_PASSWORD=password DB_NAME=ecommerce LOG_FORMAT=text
  DB_PORT=$(sed -nE 's|^TEST_MYSQL_URL=.*:([0-9]+)/.*|\1|p' <<<"$variables")
  # With TLS as on AWS, whose code is of each processor's own.
  export DB_PORT DB_TLS=verify DB_CA_FILE="$FOLDER/database/certificates/ca.pem"
}

migrate() {
  ${EMULATOR[@]+"${EMULATOR[@]}"} "$FOLDER/bootstrap" migrate >"$FOLDER/migrate" 2>&1 ||
    die "it could not migrate the database:" "$(<"$FOLDER/migrate")"
}

answer_requests() {
  local port address
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  address=http://127.0.0.1:$port
  cargo lambda watch --only-lambda-apis --invoke-address 127.0.0.1 --invoke-port "$port" --disable-cors >"$FOLDER/api" 2>&1 &
  PIDS+=($!)
  for _ in $(seq 100); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.2
  done
  # Without a command, as Lambda starts a bootstrap.
  AWS_LAMBDA_RUNTIME_API=$address/.rt AWS_LAMBDA_FUNCTION_NAME=_ AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512 \
    ${EMULATOR[@]+"${EMULATOR[@]}"} "$FOLDER/bootstrap" >"$FOLDER/function" 2>&1 &
  PIDS+=($!)
  expect '"username":"ada"' --data '{"username": "ada", "email": "ada@example.com"}' --header 'content-type: application/json' "$address/users"
  expect '"total":1' "$address/users"
}

# expect TEXT OPTION…: in the answer to curl with these options.
expect() {
  local answer
  answer=$(curl --silent --show-error --max-time 60 "${@:2}" 2>&1) || true
  [[ $answer == *"$1"* ]] || die "the answer lacks $1: $answer" "what it wrote:" "$(tail -n 5 "$FOLDER/function")"
}

clean_up() {
  local status=$? pid
  for pid in ${PIDS[@]+"${PIDS[@]}"}; do kill "$pid" 2>/dev/null || true; done
  if [[ -d $FOLDER/database ]]; then scripts/test-database.sh stop "$FOLDER/database"; fi
  rm -rf "$FOLDER"
  exit "$status"
}

main
