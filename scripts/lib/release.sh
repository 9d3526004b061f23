# Versions of the API's function and the traffic between them, and those of the worker. Source it after environment.sh and
# function.sh.
# shellcheck shell=bash

# live_version [FUNCTION]: the version that has the traffic, or of another function the one that runs; `none` before there is one.
live_version() {
  local answer
  if answer=$(aws lambda get-alias --function-name "${1:-$API_FUNCTION}" --name live --query FunctionVersion --output text 2>&1); then
    printf '%s\n' "$answer"
  elif [[ $answer == *ResourceNotFound* ]]; then
    echo none
  else
    die "the version of ${1:-$API_FUNCTION} that is live could not be read:" "${answer##*$'\n'}"
  fi
}

# version_digest VERSION [FUNCTION]: of the image it runs; of the API's function, unless there is another.
version_digest() {
  local uri function=${2:-$API_FUNCTION}
  uri=$(aws lambda get-function --function-name "$function" --qualifier "$1" --query Code.ImageUri --output text) ||
    die "version $1 of $function cannot be read; the reason is above"
  printf '%s\n' "${uri##*@}"
}

# running_shift: the id of the traffic shift in progress, or nothing.
running_shift() {
  aws deploy list-deployments --application-name "$NAME" --deployment-group-name live \
    --include-only-statuses Created Queued InProgress Ready --query 'deployments[0]' --output text | grep -v '^None$' || true
}

# shift_traffic FROM TO [OPTION…]: moves the alias by CodeDeploy, with further options of create-deployment, and waits; returns 1
# if it was rolled back.
shift_traffic() {
  local content id
  wake "$API_FUNCTION" "$2"
  # CodeDeploy refuses a CurrentVersion that the alias does not point to, so a concurrent change is noticed.
  content=$(jq -cn --arg function "$API_FUNCTION" --arg from "$1" --arg to "$2" '[{api: {Type: "AWS::Lambda::Function",
    Properties: {Name: $function, Alias: "live", CurrentVersion: $from, TargetVersion: $to}}}]')
  # Not by jq, of which version 1.6 prints 0.0 as 0.
  content="{\"version\": 0.0, \"Resources\": $content}"
  id=$(aws deploy create-deployment --application-name "$NAME" --deployment-group-name live \
    "${@:3}" --description "version $1 to $2" --query deploymentId --output text \
    --revision "$(jq -cn --arg content "$content" '{revisionType: "AppSpecContent", appSpecContent: {$content}}')") ||
    { note "CodeDeploy did not accept the shift; the reason is above"; return 1; }
  note "Traffic: version $1 to $2 (CodeDeploy $id)"
  wait_for_shift "$id"
}

# wait_for_shift ID: for an hour at most, longer than any deployment configuration in use here. WATCH may name a command that runs
# at each look; if it fails, the shift is stopped.
wait_for_shift() {
  local status="" last="" deadline=$((SECONDS + 3600))
  while ((SECONDS < deadline)); do
    status=$(aws deploy get-deployment --deployment-id "$1" --query deploymentInfo.status --output text) || status="not known"
    [[ $status == "$last" ]] || note "Traffic: $status"
    last=$status
    case $status in
      Succeeded) return 0 ;;
      Failed | Stopped)
        note "Traffic: $(aws deploy get-deployment --deployment-id "$1" \
          --query 'deploymentInfo.errorInformation.message' --output text)"
        return 1
        ;;
    esac
    if [[ -n ${WATCH:-} ]] && ! "$WATCH"; then
      WATCH=""
      stop_shift "$1"
    fi
    sleep "${SHIFT_POLL_SECONDS:-5}"
  done
  note "Traffic: CodeDeploy has not finished after an hour; see: aws deploy get-deployment --deployment-id $1"
  return 1
}

# stop_shift ID: CodeDeploy then brings back the version before, with a deployment of its own.
stop_shift() {
  aws deploy stop-deployment --deployment-id "$1" --auto-rollback-enabled --query statusMessage --output text >&2 || true
}

# restore_traffic VERSION: all of it, at once; returns 1 if the version does not have all traffic in the end.
#
# Without alarms and without an automatic rollback of its own: CodeDeploy starts no deployment while an alarm of its group is on,
# as it is because of the version that is to go, and a rollback would bring just that one back
# (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html, overrideAlarmConfiguration).
restore_traffic() {
  local under_way
  # After a failed shift CodeDeploy rolls back by itself, with a deployment of its own.
  under_way=$(running_shift)
  if [[ -n $under_way ]]; then wait_for_shift "$under_way" || true; fi
  if has_all_traffic "$1"; then return; fi
  shift_traffic "$(live_version)" "$1" --deployment-config-name CodeDeployDefault.LambdaAllAtOnce \
    --override-alarm-configuration enabled=false --auto-rollback-configuration enabled=false || true
  if has_all_traffic "$1"; then return; fi
  note "Traffic: moving the alias without CodeDeploy"
  aws lambda update-alias --function-name "$API_FUNCTION" --name live --function-version "$1" \
    --routing-config 'AdditionalVersionWeights={}' >/dev/null || true
  has_all_traffic "$1"
}

# has_all_traffic VERSION: no other version has a weight.
has_all_traffic() {
  local alias
  alias=$(aws lambda get-alias --function-name "$API_FUNCTION" --name live --output json) || return 1
  jq -e --arg version "$1" '.FunctionVersion == $version and (.RoutingConfig.AdditionalVersionWeights // {}) == {}' \
    <<<"$alias" >/dev/null
}

# move_worker VERSION: lets the rules invoke this version from now on; `none` leaves it as it is. No traffic has to be shifted: two
# versions at once do no harm.
move_worker() {
  [[ $1 != none && $(live_version "$WORKER_FUNCTION") != "$1" ]] || return 0
  aws lambda update-alias --function-name "$WORKER_FUNCTION" --name live --function-version "$1" >/dev/null ||
    die "the worker could not be moved to version $1; the reason is above" \
      "manually: aws lambda update-alias --function-name $WORKER_FUNCTION --name live --function-version $1"
  note "Worker: version $1"
}
