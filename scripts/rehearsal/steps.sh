# The steps of a rehearsal and their assertions. Sourced by rehearse.sh.
# shellcheck shell=bash

readonly STEP_LIMIT=1500 # seconds
STEPS=0

step() {
  STEPS=$((STEPS + 1))
  LOG=$FOLDER/logs/$(printf '%02d' $STEPS).log
  STARTED=$SECONDS
  printf '%2d  %-78s' $STEPS "$1"
}

passed() { printf '%4ds\n' $((SECONDS - STARTED)); }

failed() {
  printf 'FAILED\n'
  tail -n 40 "$LOG"
  die "step $STEPS: $1" "the full output is in $LOG"
}

# run COMMAND…: fails the step unless the command succeeds.
run() {
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "$@" >>"$LOG" 2>&1 || failed "'$*' ended with status $?"
}

# expect_output TEXT COMMAND…: the command succeeds, and its output contains the text.
expect_output() {
  local text=$1
  shift
  : >"$LOG.output"
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "$@" >"$LOG.output" 2>&1 || { cat "$LOG.output" >>"$LOG"; failed "'$*' failed"; }
  cat "$LOG.output" >>"$LOG"
  grep -qF -- "$text" "$LOG.output" || failed "the output of '$*' lacks: $text"
}

# expect_failure TEXT COMMAND…: the command fails, and its output contains the text.
expect_failure() {
  local text=$1
  shift
  printf '\n$ %s\n' "$*" >>"$LOG"
  if timeout --foreground "$STEP_LIMIT" "$@" >"$LOG.output" 2>&1; then cat "$LOG.output" >>"$LOG"; failed "'$*' should have failed"; fi
  cat "$LOG.output" >>"$LOG"
  grep -qF -- "$text" "$LOG.output" || failed "the output of '$*' lacks: $text"
}

# expect_equal WHAT EXPECTED ACTUAL
expect_equal() {
  printf '\n%s: %s\n' "$1" "$3" >>"$LOG"
  [[ $2 == "$3" ]] || failed "$1 is '$3' and not '$2'"
}
