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

# start_service LOG: starts it on a free port, with the variables of the caller, and waits until it listens.
start_service() {
  HOST=127.0.0.1 PORT=0 LOG_LEVEL=INFO LOG_FORMAT=text "$EXECUTABLE" serve 2>"$1" &
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
