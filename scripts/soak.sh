#!/usr/bin/env bash
# Soak test: runs the service at 70 % of its throughput on a temporary database server, and fails if its memory grows.
# Samples and a plot are written to target/soak.
#   SOAK_MINUTES=30    how long
#   EXECUTABLE=FILE    what to test; by default a release build of this source
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/service.sh
source scripts/lib/service.sh

readonly MINUTES=${SOAK_MINUTES:-30}
readonly FOLDER=target/soak LOG=target/soak/service.log CONNECTIONS=32 SEEDED=1000 SHARE=0.7
# Often enough for scripts/soak/memory.py to have what it needs of one minute.
readonly SAMPLE_SECONDS=3

main() {
  [[ $MINUTES =~ ^[1-9][0-9]*$ ]] || die "SOAK_MINUTES is '$MINUTES'; it must be a whole number of minutes"
  need_linux "to read the memory of a process from /proc"
  need_commands wrk python3 curl
  if [[ -z ${TEST_MYSQL_URL:-} ]]; then exec scripts/with-database.sh scripts/soak.sh; fi

  if [[ -z ${EXECUTABLE:-} ]]; then
    need_rust
    cargo build --locked --release
    EXECUTABLE=${CARGO_TARGET_DIR:-target}/release/users-service
  fi
  mkdir -p "$FOLDER"
  rm -f "$FOLDER"/*
  use_test_server
  "$EXECUTABLE" migrate >/dev/null
  trap stop EXIT
  start_service "$LOG"
  # The log lines from here on cost the service time, but are not read.
  : >"$LOG"
  seed
  soak
}

stop() {
  kill_service
  wait "$SERVICE" 2>/dev/null || true
  rm -f "$FOLDER/seed"
}

# The users that are never deleted; their ids start at 1.
seed() {
  local user
  for user in $(seq "$SEEDED"); do
    [[ $user == 1 ]] || echo next
    printf 'url = "%s/users"\nheader = "content-type: application/json"\nsilent\nfail\noutput = "/dev/null"\n' "$URL"
    printf 'data = "{\\"username\\":\\"seed-%d\\",\\"email\\":\\"seed-%d@example.com\\"}"\n' "$user" "$user"
  done >"$FOLDER/seed"
  curl --max-time 120 --config "$FOLDER/seed"
  curl --silent --fail --max-time 5 --output /dev/null "$URL/users/$SEEDED" ||
    die "the users have other ids than 1 to $SEEDED" "the database must be new"
}

# load SECONDS RATE: prints requests, rate, p50, p99, refusals, broken connections.
load() {
  local output
  output=$(SOAK_RATE=$2 SOAK_SEEDED=$SEEDED SOAK_RUN=$RANDOM$RANDOM wrk --threads 1 --connections "$CONNECTIONS" --duration "$1s" \
    --timeout 10s --latency --script scripts/soak/mix.lua "$URL") || die "wrk failed:" "$output"
  sed -n 's/^result //p' <<<"$output"
}

soak() {
  local rate target result sampler status=0 warm_up
  note "Measuring the throughput"
  load 5 0 >/dev/null
  read -r _ rate _ <<<"$(load 15 0)"
  target=$(awk -v rate="$rate" -v share="$SHARE" 'BEGIN { print rate * share }')

  note "Holding $target of $rate requests a second for $MINUTES minutes"
  sample "$FOLDER/memory.csv" &
  sampler=$!
  result=$(load $((MINUTES * 60)) "$target")
  kill "$sampler" 2>/dev/null || true
  wait "$sampler" 2>/dev/null || true
  kill -0 "$SERVICE" 2>/dev/null || die "the service exited; see $LOG"

  local requests reached p50 p99 refused broken
  read -r requests reached p50 p99 refused broken <<<"$result"
  # Two minutes; less of a run that is shorter than eight.
  warm_up=$((MINUTES < 8 ? MINUTES * 15 : 120))
  printf 'soak: %s minutes at %s requests a second (meant: %s of %s); %s requests, %s refused, %s broken; p50 %s ms, p99 %s ms; ' \
    "$MINUTES" "$reached" "$target" "$rate" "$requests" "$refused" "$broken" "$p50" "$p99"
  python3 scripts/soak/memory.py "$FOLDER/memory.csv" "$FOLDER/memory.svg" "$warm_up" || status=$?
  [[ $refused == 0 && $broken == 0 ]] || die "some requests failed or lost their connection"
  return "$status"
}

# sample FILE: the resident memory of the process every few seconds.
sample() {
  local start=$SECONDS
  echo seconds,rss_kib >"$1"
  while true; do
    echo "$((SECONDS - start)),$(awk '/^VmRSS/ { print $2 }' "/proc/$SERVICE/status")" >>"$1"
    # Truncated, so that it does not fill the disk.
    : >"$LOG"
    sleep "$SAMPLE_SECONDS"
  done
}

main
