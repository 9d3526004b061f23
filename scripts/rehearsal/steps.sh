# How a step of a rehearsal is run, and what it may expect. Sourced by rehearse.sh.
# shellcheck shell=bash

readonly STEP_LIMIT=1500 # seconds
STEPS=0

step() {
  STEPS=$((STEPS + 1))
  LOG=$STAGE/logs/$(printf '%02d' $STEPS).log
  STARTED=$SECONDS
  printf '%2d  %-78s' $STEPS "$1"
}

passed() { printf '%4ds\n' $((SECONDS - STARTED)); }

failed() {
  printf 'FAILED\n'
  tail -n 40 "$LOG"
  die "step $STEPS: $1" "its whole output is $LOG"
}

# does COMMAND…: it succeeds.
does() {
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "$@" >>"$LOG" 2>&1 || failed "'$*' ended with status $?"
}

# says TEXT COMMAND…: it succeeds, and says so.
says() {
  local text=$1
  shift
  : >"$LOG.said"
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "$@" >"$LOG.said" 2>&1 || { cat "$LOG.said" >>"$LOG"; failed "'$*' failed"; }
  cat "$LOG.said" >>"$LOG"
  grep -qF -- "$text" "$LOG.said" || failed "'$*' did not say: $text"
}

# refuses TEXT COMMAND…: it fails, and says why.
refuses() {
  local text=$1
  shift
  printf '\n$ %s\n' "$*" >>"$LOG"
  if timeout --foreground "$STEP_LIMIT" "$@" >"$LOG.said" 2>&1; then cat "$LOG.said" >>"$LOG"; failed "'$*' should have failed"; fi
  cat "$LOG.said" >>"$LOG"
  grep -qF -- "$text" "$LOG.said" || failed "'$*' did not say: $text"
}

# is WHAT EXPECTED ACTUAL
is() {
  printf '\n%s: %s\n' "$1" "$3" >>"$LOG"
  [[ $2 == "$3" ]] || failed "$1 is '$3' and not '$2'"
}
