#!/usr/bin/env bash
# Compares what can be counted, and is the same on every machine, with what was recorded in service/benches/recorded.txt:
# the size of the executable for Lambda, and the instructions that a request costs in the router. More than a small
# margin above fails; after a gain, or a growth that is worth it, RECORD=1 records the new figures.
# Round trips to the database are counted by a test: service/tests/it/round_trips.rs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/for_lambda.sh
source scripts/lib/for_lambda.sh

readonly RECORDED=service/benches/recorded.txt
# Percent. Another release of the compiler moves the figures by one or two.
readonly MARGIN=4
# So many that a start's own instructions, which both runs have, and those that time decides do not show.
readonly FEW=100 MANY=1100

main() {
  need_rust
  need_commands valgrind
  # As in an image, so that the rehearsal of a deploy finds the executable built.
  GIT_COMMIT=$(image_commit)
  export GIT_COMMIT
  for_lambda build
  for_lambda bench --bench router --no-run
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

# Lines of a figure, its unit and its name.
measure() {
  local request few many
  printf '%s bytes: executable for Lambda\n' "$(stat --format %s "$FOR_LAMBDA/users-service")"
  for request in get list create update delete refused; do
    few=$(instructions "$request" $FEW)
    many=$(instructions "$request" $MANY)
    printf '%s instructions: %s\n' "$(((many - few) / (MANY - FEW)))" "$request"
  done
}

instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$@" 2>"$folder/said" ||
    die "callgrind failed on '$*':" "$(tail -n 3 "$folder/said")"
  sed -n 's/.*Collected : //p' "$folder/said"
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
      note "MORE  $now $name, recorded: $before"
      failed=1
    elif ((now * 100 < before * (100 - MARGIN))); then
      note "less  $now $name, recorded: $before; keep the gain: make gate RECORD=1"
    else
      note "ok    $now $name, recorded: $before"
    fi
  done <"$1"
  ((failed == 0)) || die "something costs more than $MARGIN % above what was recorded" \
    "find the reason; if it is worth its cost, record it with that reason: make gate RECORD=1"
}

main "$@"
