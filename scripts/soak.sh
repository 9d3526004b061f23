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

readonly MINUTES=${SOAK_MINUTES:-30}
readonly FOLDER=target/soak CONNECTIONS=32 SEEDED=1000 SHARE=0.7 SAMPLE_SECONDS=5

main() {
  [[ $MINUTES =~ ^[1-9][0-9]*$ ]] || die "SOAK_MINUTES is '$MINUTES'; it must be a whole number of minutes"
  need_linux "to read the memory of a process from /proc"
  need_commands wrk python3 curl
  if [[ -z ${TEST_MYSQL_URL:-} ]]; then exec scripts/with-database.sh scripts/soak.sh; fi

  local executable=${EXECUTABLE:-}
  if [[ -z $executable ]]; then
    need_rust
    cargo build --locked --release
    executable=${CARGO_TARGET_DIR:-target}/release/users-service
  fi
  mkdir -p "$FOLDER"
  rm -f "$FOLDER"/*
  database
  serve "$executable"
  seed
  soak
}

# The variables of the service, from the URL of the server.
database() {
  [[ $TEST_MYSQL_URL =~ ^mysql://([^:@]+):([^@]*)@([^:/]+):([0-9]+)/(.+)$ ]] ||
    die "TEST_MYSQL_URL must be like mysql://user:password@host:3306/database"
  export DB_ENGINE=mysql DB_CREDENTIALS=env DB_USER=${BASH_REMATCH[1]} DB_PASSWORD=${BASH_REMATCH[2]} \
    DB_HOST=${BASH_REMATCH[3]} DB_PORT=${BASH_REMATCH[4]} DB_NAME=${BASH_REMATCH[5]}
}

# Starts it on a free port; sets `process` and `url`.
serve() {
  local log=$FOLDER/service.log
  "$1" migrate >/dev/null
  HOST=127.0.0.1 PORT=0 LOG_LEVEL=INFO "$1" serve >/dev/null 2>>"$log" &
  process=$!
  trap 'kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; rm -f "$FOLDER/seed"' EXIT
  for _ in $(seq 100); do
    url=$(sed -n 's/.*Listening on \(http:[^,]*\),.*/\1/p' "$log")
    [[ -z $url ]] || break
    kill -0 "$process" 2>/dev/null || die "the service did not start:" "$(tail -n 3 "$log")"
    sleep 0.1
  done
  [[ -n $url ]] || die "the service does not listen; see $log"
  # The log lines from here on cost the service time, but are not read.
  : >"$log"
}

# The users that are never deleted; their ids start at 1.
seed() {
  local user
  for user in $(seq "$SEEDED"); do
    [[ $user == 1 ]] || echo next
    printf 'url = "%s/users"\nheader = "content-type: application/json"\nsilent\nfail\noutput = "/dev/null"\n' "$url"
    printf 'data = "{\\"username\\":\\"seed-%d\\",\\"email\\":\\"seed-%d@example.com\\"}"\n' "$user" "$user"
  done >"$FOLDER/seed"
  curl --max-time 120 --config "$FOLDER/seed"
  curl --silent --fail --max-time 5 --output /dev/null "$url/users/$SEEDED" ||
    die "the users have other ids than 1 to $SEEDED" "the database must be new"
}

# load SECONDS RATE: prints requests, rate, p50, p99, refusals, broken connections.
load() {
  local output
  output=$(SOAK_RATE=$2 SOAK_SEEDED=$SEEDED SOAK_RUN=$RANDOM$RANDOM wrk --threads 1 --connections "$CONNECTIONS" --duration "$1s" \
    --timeout 10s --latency --script scripts/soak/mix.lua "$url") || die "wrk failed:" "$output"
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
  kill -0 "$process" 2>/dev/null || die "the service exited; see $FOLDER/service.log"

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
    echo "$((SECONDS - start)),$(awk '/^VmRSS/ { print $2 }' "/proc/$process/status")" >>"$1"
    # Truncated, so that it does not fill the disk.
    : >"$FOLDER/service.log"
    sleep "$SAMPLE_SECONDS"
  done
}

main
