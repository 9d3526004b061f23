#!/usr/bin/env bash
# Benchmarks this service against the Python service, a minimal service on the same libraries (the floor), and the
# database alone, on temporary database servers, and writes docs/benchmarks.md.
#   BENCH="http cache accounts mail lambda growth startup"   which ones; others keep their last figures; report only writes the report
#   BENCH_SECONDS=4 BENCH_ROUNDS=3                the length of a sample, and how many
#   BENCH_ROWS=10000000                           the largest table of growth
#   BENCH_LOGINS=1000                             how many sign-ins with known and with unknown logins
#   BENCH_DATABASES="mariadb mysql"               the servers
#   PEER=FOLDER                                   the Python service
#   EXECUTABLE=FILE FLOOR=FILE                    measure these instead of building them
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/for_lambda.sh
source scripts/lib/for_lambda.sh

readonly FOLDER=$PWD/target/bench

main() {
  need_linux "to read memory and times of a process from /proc"
  need_rust
  need_commands wrk valgrind strace mysqlslap:mariadb-client
  need_python_packages "$FOLDER/venv" service/bench/requirements.txt
  if [[ ${BENCH:-} != report ]]; then
    need_executables
    need_peer
  fi
  "$FOLDER/venv/bin/python" service/bench/run.py
}

# The executable of the image, which is a server too, and the floor built alike: with another C library or linked in another
# way, one of them would have an advantage that is not its own.
need_executables() {
  if [[ -z ${EXECUTABLE:-} ]]; then
    note "Building the executable of the image"
    service_for_lambda "$(this_architecture)"
    EXECUTABLE=$FOR_LAMBDA/lambda/users-service/bootstrap
  fi
  if [[ -z ${FLOOR:-} ]]; then
    note "Building the floor"
    build_floor
  fi
  EXECUTABLE=$(realpath "$EXECUTABLE") FLOOR=$(realpath "$FLOOR")
  export EXECUTABLE FLOOR
}

# As the executable for Lambda is, from a workspace of its own.
build_floor() {
  need_cargo_lambda
  mkdir -p "$FOLDER"
  sed -n '/^\[profile\.release/,$p' Cargo.toml >"$FOLDER/profile.toml"
  CARGO_TARGET_DIR=$FOLDER/floor for_lambda "$(this_architecture)" --manifest-path service/bench/floor/Cargo.toml \
    --config "$FOLDER/profile.toml"
  FLOOR=$FOR_LAMBDA/lambda/floor/bootstrap
}

need_peer() {
  PEER=${PEER:-../shared/peer-fastapi}
  if [[ ! -r $PEER/requirements.txt ]]; then
    note "There is no Python service in $PEER, so it is not measured; PEER=FOLDER names it"
    return
  fi
  need_python_packages "$FOLDER/peer-venv" "$PEER/requirements.txt"
  PEER_PYTHON=$FOLDER/peer-venv/bin/python
  export PEER PEER_PYTHON
}

main
