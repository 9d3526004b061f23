#!/usr/bin/env bash
# Regression gate on figures that do not depend on the machine: the size of the executable for Lambda, and the
# instructions of a request in the router, counted by callgrind. Fails if one exceeds the baseline in
# service/benches/recorded.txt by more than a small margin; RECORD=1 writes a new baseline.
# Round trips to the database are counted in a test: service/tests/it/database/round_trips.rs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/for_lambda.sh
source scripts/lib/for_lambda.sh

readonly RECORDED=service/benches/recorded.txt
# Per cent. The moments at which threads meet, and a new release of the compiler, change the figures by up to three.
readonly MARGIN=6
# The difference of two runs excludes the instructions of the start; many requests average out what depends on time.
readonly FEW=100 MANY=1100

main() {
  need_linux "for valgrind"
  need_rust
  need_commands valgrind
  # As in an image, so that the rehearsal of a deploy finds the executable built.
  GIT_COMMIT=$(image_commit)
  export GIT_COMMIT
  service_for_lambda "$(this_architecture)"
  # Before the bench's build, which leaves an executable with SQLite in its place.
  size=$(stat --format %s "$FOR_LAMBDA/lambda/users-service/bootstrap")
  # The same with SQLite, whose database in memory stands for the server.
  service_for_lambda "$(this_architecture)" --features sqlite --bench router
  bench=$(newest "$FOR_LAMBDA"/deps/router-*)
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  measure >"$folder/now"
  if [[ -n ${RECORD:-} ]]; then
    cp "$folder/now" "$RECORDED"
    note "Recorded:" "$(<"$RECORDED")"
    return
  fi
  compare "$folder/now"
}

# Prints lines of a figure, its unit and its name.
measure() {
  local request few many
  printf '%s bytes: executable for Lambda\n' "$size"
  for request in get list create update delete refused; do
    few=$(instructions "$request" $FEW)
    many=$(instructions "$request" $MANY)
    printf '%s instructions: %s\n' "$(((many - few) / (MANY - FEW)))" "$request"
  done
}

instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$@" 2>"$folder/output" ||
    die "callgrind failed on '$*':" "$(tail -n 3 "$folder/output")"
  sed -n 's/.*Collected : //p' "$folder/output"
}

newest() {
  local file newest=""
  for file in "$@"; do
    if [[ -x $file && (-z $newest || $file -nt $newest) ]]; then newest=$file; fi
  done
  printf '%s\n' "$newest"
}

compare() {
  local now name before failed=0
  while read -r now name; do
    before=$(sed -n "s/ $name\$//p" "$RECORDED")
    [[ -n $before ]] || die "$RECORDED has no '$name'" "record it: make gate RECORD=1"
    if ((now * 100 > before * (100 + MARGIN))); then
      note "MORE  $now $name, baseline: $before"
      failed=1
    elif ((now * 100 < before * (100 - MARGIN))); then
      note "less  $now $name, baseline: $before; to record the gain: make gate RECORD=1"
    else
      note "ok    $now $name, baseline: $before"
    fi
  done <"$1"
  ((failed == 0)) || die "a figure exceeds the baseline by more than $MARGIN %" \
    "find the reason; if it is justified, record a new baseline and name the reason in the commit: make gate RECORD=1"
}

main "$@"
