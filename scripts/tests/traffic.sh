#!/usr/bin/env bash
# Tests scripts/lib/release.sh and function.sh where AWS answers what no emulator does: a function that was idle for weeks, an
# alarm that is on, a shift that takes its time. A stand-in for the AWS CLI answers, and keeps what it was asked.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/function.sh
source scripts/lib/function.sh
# shellcheck source=scripts/lib/release.sh
source scripts/lib/release.sh

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
# shellcheck disable=SC2034 # read by the libraries
NAME=users-service-prod API_FUNCTION=users-service-prod-api WORKER_FUNCTION=users-service-prod-worker ENV=prod WAKE_POLL_SECONDS=0 SHIFT_POLL_SECONDS=0

# answers NAME ANSWER…: one after the other, the last one for ever.
answers() { printf '%s\n' "${@:2}" >"$FOLDER/$1"; }

aws() {
  local file=$FOLDER/$2
  echo "$*" >>"$FOLDER/calls"
  [[ -e $file ]] || return 0
  head -n 1 "$file"
  if (($(wc -l <"$file") > 1)); then sed 1d "$file" >"$file.rest" && cp "$file.rest" "$file"; fi
}

begin() {
  rm -f "$FOLDER"/*
  answers get-function-configuration Active
  answers create-deployment d-1
  answers get-deployment Succeeded
  answers list-deployments None
}

# called TEXT: AWS was asked that; not_called TEXT: it was not.
called() { grep -qF -- "$1" "$FOLDER/calls" || die "AWS was not asked: $1" "$(<"$FOLDER/calls")"; }
not_called() { if grep -qF -- "$1" "$FOLDER/calls"; then die "AWS was asked: $1"; fi; }

an_idle_version_is_woken_before_it_gets_traffic() {
  begin
  answers get-function-configuration Inactive Pending Active
  shift_traffic 6 7
  called "lambda invoke --function-name users-service-prod-api --qualifier 7"
  [[ $(grep -nF "lambda invoke" "$FOLDER/calls" | cut -d: -f1) -lt $(grep -nF create-deployment "$FOLDER/calls" | cut -d: -f1) ]] ||
    die "the traffic moved to a version that was asleep"
}

an_active_version_is_not_invoked() {
  begin
  shift_traffic 6 7
  not_called "lambda invoke"
}

the_format_of_a_shift_is_named_as_aws_wants_it() {
  begin
  shift_traffic 6 7
  called '{\"version\": 0.0,'
}

a_shift_obeys_the_alarms_of_its_group() {
  begin
  shift_traffic 6 7
  not_called "--override-alarm-configuration"
}

traffic_is_restored_whatever_rings() {
  begin
  answers get-alias 7 '{"FunctionVersion": "6"}'
  has_all_traffic() { [[ -e $FOLDER/restored ]] || { touch "$FOLDER/restored" && false; }; }
  restore_traffic 6
  called "--override-alarm-configuration enabled=false"
  called "--auto-rollback-configuration enabled=false"
}

a_shift_is_stopped_when_the_new_version_fails() {
  begin
  answers get-deployment InProgress InProgress Stopped
  # shellcheck disable=SC2317 # invoked by its name
  new_version_fails() { return 1; }
  if WATCH=new_version_fails shift_traffic 6 7; then die "the shift was reported as done"; fi
  called "deploy stop-deployment --deployment-id d-1 --auto-rollback-enabled"
}

a_shift_goes_on_while_the_new_version_works() {
  begin
  answers get-deployment InProgress InProgress Succeeded
  # shellcheck disable=SC2317
  new_version_works() { echo x >>"$FOLDER/looks"; }
  WATCH=new_version_works shift_traffic 6 7
  [[ $(wc -l <"$FOLDER/looks") -eq 2 ]] || die "the version was not looked at while the traffic moved"
}

the_worker_is_moved_to_another_version() {
  begin
  answers get-alias 3
  move_worker 4
  called "lambda update-alias --function-name users-service-prod-worker --name live --function-version 4"
}

the_worker_stays_where_it_is_or_is_not_there() {
  begin
  answers get-alias 4
  move_worker 4
  move_worker none
  not_called "lambda update-alias"
}

for test in $(declare -F | awk '{ print $3 }' | grep -E '^(an?|the|traffic)_'); do
  ("$test") 2>"$FOLDER.messages" || die "$test" "$(<"$FOLDER.messages")"
done
rm -f "$FOLDER.messages"
