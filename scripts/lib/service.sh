# Runs the service for a test. Source it after log.sh and packages.sh.
# shellcheck shell=bash

# What runs, and where it listens.
SERVICE="" URL=""

# need_executable: EXECUTABLE, or a debug build of this source.
need_executable() {
  if [[ -z ${EXECUTABLE:-} ]]; then
    need_rust
    cargo build --locked --quiet
    EXECUTABLE=${CARGO_TARGET_DIR:-target}/debug/users-service
  fi
  [[ -x $EXECUTABLE ]] || die "EXECUTABLE is '$EXECUTABLE', which is not an executable file"
  export EXECUTABLE
}

# use_test_server: the variables of the service, from those of scripts/with-database.sh.
use_test_server() {
  [[ ${TEST_MYSQL_URL:-} =~ ^mysql://([^:@]+):([^@]*)@([^:/]+):([0-9]+)/(.+)$ ]] ||
    die "TEST_MYSQL_URL is '${TEST_MYSQL_URL:-}'; it must be mysql://user:password@host:port/schema" \
      "scripts/with-database.sh sets it"
  export DB_ENGINE=mysql DB_CREDENTIALS=env DB_USER=${BASH_REMATCH[1]} DB_PASSWORD=${BASH_REMATCH[2]} \
    DB_HOST=${BASH_REMATCH[3]} DB_PORT=${BASH_REMATCH[4]} DB_NAME=${BASH_REMATCH[5]}
}

# start_service LOG: starts it on a free port, with the variables of the caller, and waits until it listens. Its log is appended, so
# that it can be truncated meanwhile.
start_service() {
  HOST=127.0.0.1 PORT=0 LOG_LEVEL=INFO LOG_FORMAT=text "$EXECUTABLE" serve >/dev/null 2>>"$1" &
  SERVICE=$!
  for _ in $(seq 100); do
    URL=$(sed -n 's|.*Listening on \(http://[^,]*\),.*|\1|p' "$1")
    [[ -z $URL ]] || break
    kill -0 "$SERVICE" 2>/dev/null || die "the service did not start:" "$(tail -n 5 "$1")"
    sleep 0.1
  done
  [[ -n $URL ]] || die "the service did not listen within ten seconds:" "$(tail -n 5 "$1")"
}

# stop_service LOG: fails unless it ends well.
stop_service() {
  kill "$SERVICE"
  wait "$SERVICE" || die "the service ended with an error:" "$(tail -n 5 "$1")"
  SERVICE=""
}

# kill_service: at the end of a script, whatever happened.
kill_service() {
  [[ -z $SERVICE ]] || kill "$SERVICE" 2>/dev/null || true
}
