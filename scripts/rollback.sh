#!/usr/bin/env bash
# Shifts all traffic to the previous version at once, or stops a traffic shift in progress.
#   rollback.sh ENV
# The database is not changed: the schema after each migration is compatible with the previous version.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/function.sh
source scripts/lib/function.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh
# shellcheck source=scripts/lib/release.sh
source scripts/lib/release.sh

main() {
  use_environment "${1:-}"
  use_account
  local shift
  shift=$(running_shift)
  # The running deploy holds the lock; it notices that its shift was stopped, and exits.
  if [[ -n $shift ]]; then
    stop "$shift"
    return
  fi
  take_lock rollback
  roll_back
}

stop() {
  note "Stopping the traffic shift $1; CodeDeploy rolls back to the previous version"
  stop_shift "$1"
  wait_for_shift "$1" || true
  restore_traffic "$(live_version)" || note "Not all of the traffic is back: make status ENV=$ENV"
  note "Version $(live_version) has the traffic. The deploy exits by itself."
}

roll_back() {
  local now previous digest worker_now worker_previous
  now=$(live_version)
  previous=$(record previous_version)
  worker_now=$(live_version "$WORKER_FUNCTION")
  worker_previous=$(record previous_worker_version)
  [[ $now != none ]] || die "$ENV has no API yet" "deploy it first: make deploy ENV=$ENV"
  [[ $previous != none ]] || die "there is no version before $now to roll back to"
  [[ $previous != "$now" ]] || die "version $previous has the traffic already" "see: make status ENV=$ENV"
  digest=$(version_digest "$previous")
  restore_traffic "$previous" ||
    die "the traffic could not be moved to version $previous; version $(live_version) has it" \
      "manually: aws lambda update-alias --function-name $API_FUNCTION --name live --function-version $previous"
  # All of them, so that plans take the image that runs, and the next rollback undoes this one.
  set_record image_digest "$digest"
  set_record previous_version "$now"
  set_record previous_worker_version "$worker_now"
  if [[ $worker_now != none ]]; then move_worker "$worker_previous"; fi
  note $'\n'"$ENV runs version $previous again, in the place of $now."
  note "Check it: make smoke-test ENV=$ENV" "Undo this: make rollback ENV=$ENV"
}

main "$@"
