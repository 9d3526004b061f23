#!/usr/bin/env bash
# Prints the deployed version of an environment, its traffic shift, worker, mail, lock, last rotation and alarms.
#   status.sh ENV
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
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh
# shellcheck source=scripts/lib/mail.sh
source scripts/lib/mail.sh
# shellcheck source=scripts/lib/release.sh
source scripts/lib/release.sh

main() {
  use_environment "${1:-}"
  use_account
  local live digest lock shift alarms
  live=$(live_version)
  line Environment "$ENV, account $ACCOUNT_ID, $REGION"
  if [[ $live == none ]]; then
    line State "not deployed; make deploy ENV=$ENV"
    return
  fi
  digest=$(version_digest "$live")
  line "Has traffic" "version $live, $digest"
  line Recorded "$(record image_digest)"
  line Before "version $(record previous_version)"
  line Newest "version $(newest_version)"
  if [[ $ENV == dev ]]; then line "This source" "$(source_state "$digest")"; fi
  shift=$(running_shift)
  line "Traffic shift" "${shift:-none under way}"
  if [[ $(tfvar access open) == tokens ]]; then line Worker "$(worker_state)"; fi
  if [[ $(tfvar mail off) == ses ]]; then line Mail "$(mail_state)"; fi
  lock=$(record lock)
  line Lock "$(if [[ $lock == none ]]; then echo free; else describe_lock "$lock"; fi)"
  line Password "rotated $(last_rotation)"
  alarms=$(aws cloudwatch describe-alarms --alarm-name-prefix "$NAME-" --state-value ALARM \
    --query 'MetricAlarms[].AlarmName' --output text)
  line Alarms "${alarms:-none}"
  line API "$(api_url)"
}

line() { printf '%-14s %s\n' "$1" "$2"; }

newest_version() {
  aws lambda list-versions-by-function --function-name "$API_FUNCTION" --query 'Versions[].Version' --output json |
    jq -r '[.[] | select(. != "$LATEST") | tonumber] | max'
}

# worker_state: whether it is invoked, its version and its image.
worker_state() {
  local rule version
  if ! rule=$(aws events describe-rule --name "$NAME-jobs" --query '[State, ScheduleExpression]' --output text 2>&1); then
    case $rule in
      *ResourceNotFound*) echo "not deployed; make deploy ENV=$ENV" ;;
      *) echo "not known: ${rule##*$'\n'}" ;;
    esac
    return
  fi
  version=$(live_version "$WORKER_FUNCTION")
  printf '%s, version %s, %s\n' "${rule//$'\t'/, }" "$version" "$(version_digest "$version" "$WORKER_FUNCTION")"
}

source_state() {
  local pushed
  pushed=$(pushed_digest "$(image_tag)")
  case $pushed in
    "") echo "changed since; make deploy ENV=$ENV" ;;
    "$1") echo "is what has the traffic" ;;
    *) echo "is pushed as $pushed, without traffic" ;;
  esac
}

last_rotation() {
  aws secretsmanager describe-secret --secret-id "$ENV/rds/credentials" --output json |
    jq -r '"last: \(.LastRotatedDate // "never"), next: \(.NextRotationDate // "not known")"'
}

main "$@"
