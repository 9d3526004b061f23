#!/usr/bin/env bash
# Runs pending migrations of an environment's database, by invoking the Lambda function inside its VPC. With access = "tokens" it
# has the first signing keys made as well.
#   migrate.sh ENV
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

# What Lambda gives the function, and as long for its log to arrive.
readonly LIMIT=$((2 * 900))

main() {
  use_environment "${1:-}"
  use_account
  take_lock migrate
  folder=$(mktemp -d)
  trap 'trap "" INT TERM; rm -rf "$folder"; release_lock' EXIT
  wake "$MIGRATE_FUNCTION"
  note "Migrating the database of $ENV (15 minutes at most)"
  run_in_background
  ask_for_outcome
  note "Migrations: $(jq -r '[.migrations[] | "\(.number) \(.name) \(.state)"] | join(", ")' "$folder/answer")"
  note "The application's secret: $(jq -r .secret "$folder/answer")"
  if [[ $(tfvar access open) == tokens ]]; then make_keys; fi
}

# Before the service needs them: a version without keys fails its smoke test.
make_keys() {
  wake "$ROTATE_KEYS_FUNCTION"
  note "The signing keys: $(invoke "$ROTATE_KEYS_FUNCTION" '{"create": true}' | jq -r .keys)"
}

# Not by an invocation that waits for its answer: firewalls drop a connection that was idle for some minutes. Lambda does not
# repeat this one (terraform/modules/function/main.tf), and writes a report to the log when it ends.
run_in_background() {
  local since report
  # Some minutes back, because this machine's clock may be ahead of AWS's; what was reported before is not ours.
  since=$((($(date +%s) - 300) * 1000))
  lines_since "$since" >"$folder/before"
  AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$MIGRATE_FUNCTION" --invocation-type Event "$folder/accepted" >/dev/null ||
    die "the migration could not be started; the reason is above"
  while ((SECONDS < LIMIT)); do
    sleep "${MIGRATE_POLL_SECONDS:-3}"
    lines_since "$since" >"$folder/lines"
    report=$(jq -rs --slurpfile before "$folder/before" '. - $before | .[] | select(.type == "platform.report")
      | .record.status // "success"' "$folder/lines" | tail -n 1)
    case $report in
      "") ;;
      success) return ;;
      *) failed "$(jq -rs --slurpfile before "$folder/before" '. - $before | .[] | select(.level == "ERROR")
        | .cause // .message // empty' "$folder/lines" | tail -n 1)" "$report" ;;
    esac
  done
  die "the log of $MIGRATE_FUNCTION has no report of the migration after $((LIMIT / 60)) minutes" \
    "the function has ended by now; run it again to see the outcome and to continue: make migrate ENV=$ENV"
}

# lines_since MILLISECONDS: the JSON lines of the function's log.
lines_since() {
  local events
  # The group is empty until the first invocation has started.
  events=$(aws logs filter-log-events --log-group-name "/aws/lambda/$MIGRATE_FUNCTION" --start-time "$1" --output json) ||
    die "the log of $MIGRATE_FUNCTION cannot be read; the reason is above" "the migration goes on; see its outcome: make migrate ENV=$ENV"
  jq -c '.events[].message | fromjson? | objects' <<<"$events"
}

# Nothing is pending any more, so this is quick, and it tells the state of each migration.
ask_for_outcome() {
  local meta
  meta=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$MIGRATE_FUNCTION" --cli-read-timeout 120 --output json \
    "$folder/answer" 2>&1) || die "the outcome of the migration could not be read:" "${meta##*$'\n'}" "ask again: make migrate ENV=$ENV"
  if [[ $(jq -r '.FunctionError // empty' <<<"$meta") ]]; then failed "$(jq -r '.errorMessage // .' "$folder/answer")" error; fi
}

# failed CAUSE STATUS
failed() {
  die "the migration failed: ${1:-$2}" "traffic was not shifted; for details: make logs ENV=$ENV LOG=migrate"
}

main "$@"
