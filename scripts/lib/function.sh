# Lambda functions, before they are invoked. Source it after environment.sh.
# shellcheck shell=bash

# wake FUNCTION [VERSION]: waits until it can be invoked. A function that was idle for weeks is inactive: Lambda has taken its
# network interfaces away, refuses the first invocation and makes them again, which takes minutes
# (https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html).
wake() {
  local state deadline=$((SECONDS + 900)) told="" folder
  while ((SECONDS < deadline)); do
    state=$(aws lambda get-function-configuration --function-name "$1" ${2:+--qualifier "$2"} --query State --output text) ||
      die "the state of $1 cannot be read; the reason is above"
    case $state in
      Inactive)
        # Refused, and therefore not carried out.
        folder=$(mktemp -d)
        AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$1" ${2:+--qualifier "$2"} "$folder/answer" >/dev/null 2>&1 || true
        rm -rf "$folder"
        ;;
      Pending) ;;
      Failed) die "$1${2:+ version $2} cannot be started: Lambda says Failed" "see: aws lambda get-function --function-name $1" ;;
      *) return 0 ;;
    esac
    [[ -n $told ]] || note "Waiting for $1${2:+ version $2}, which is $state"
    told=1
    sleep "${WAKE_POLL_SECONDS:-5}"
  done
  die "$1${2:+ version $2} is still $state after 15 minutes" "run the same command again"
}

# invoke FUNCTION EVENT: prints what it answers; ends with its error if it reports one.
invoke() {
  local folder meta
  folder=$(mktemp -d)
  printf '%s' "$2" >"$folder/event"
  meta=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$1" --cli-read-timeout 120 --payload "fileb://$folder/event" \
    --output json "$folder/answer" 2>&1) || die "$1 could not be invoked:" "${meta##*$'\n'}"
  if [[ $(jq -r '.FunctionError // empty' <<<"$meta") ]]; then die "$1 failed: $(jq -r '.errorMessage // .' "$folder/answer")"; fi
  cat "$folder/answer"
  rm -rf "$folder"
}
