# The steps of a rehearsal and their assertions. Sourced by rehearse.sh.
# shellcheck shell=bash

readonly STEP_LIMIT=3600 # seconds; the first deploy builds the executable, on a busy machine for half an hour
STEPS=0
AS=() # whose credentials the commands of the steps get; by default the administrator's

# become ROLE CLAIM [REF]: the next commands are those of a job in the pipeline, which signs in with a token of GitHub's.
become() {
  local token credentials
  # The form of repositories made since July 2026.
  token=$(jq -cn --arg claim "$2" --arg ref "${3:-refs/heads/main}" --arg owner "$GITHUB_REPOSITORY_OWNER_ID" --arg id "$GITHUB_REPOSITORY_ID" \
    --arg repository "$GITHUB_REPOSITORY" '{aud: "sts.amazonaws.com", $ref, $repository, repository_id: $id,
      sub: "repo:\($repository | split("/") | "\(.[0])@\($owner)/\(.[1])@\($id)"):\($claim)"}' | base64 -w 0 | tr '+/' '-_' | tr -d '=')
  credentials=$(aws sts assume-role-with-web-identity --role-arn "arn:aws:iam::$REHEARSAL_ACCOUNT:role/users-service-pipeline-$1" \
    --role-session-name rehearsal --web-identity-token "e30.$token.rehearsal" --output json 2>>"$LOG") || failed "$1 is not trusted with '$2'"
  use_credentials "$credentials"
}

# use_credentials ANSWER: of STS.
use_credentials() {
  AS=(env "AWS_ACCESS_KEY_ID=$(jq -r .Credentials.AccessKeyId <<<"$1")"
    "AWS_SECRET_ACCESS_KEY=$(jq -r .Credentials.SecretAccessKey <<<"$1")"
    "AWS_SESSION_TOKEN=$(jq -r .Credentials.SessionToken <<<"$1")")
}

become_administrator() { AS=(); }

step() {
  STEPS=$((STEPS + 1))
  LOG=$FOLDER/logs/$(printf '%02d' $STEPS).log
  STARTED=$SECONDS
  printf '%2d  %-78s' $STEPS "$1"
}

# Also what a script overlooks is a finding: no role may have been refused anything.
passed() {
  [[ ! -s $FOLDER/denied ]] || failed "a role lacks a permission"
  printf '%4ds\n' $((SECONDS - STARTED))
}

failed() {
  printf 'FAILED\n'
  tail -n 40 "$LOG"
  if [[ -s $FOLDER/denied ]]; then sort -u "$FOLDER/denied"; fi
  die "step $STEPS: $1" "the full output is in $LOG"
}

# run COMMAND…: fails the step unless the command succeeds.
run() {
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "${AS[@]}" "$@" >>"$LOG" 2>&1 || failed "'$*' ended with status $?"
}

# expect_output TEXT COMMAND…: the command succeeds, and its output contains the text.
expect_output() {
  local text=$1
  shift
  : >"$LOG.output"
  printf '\n$ %s\n' "$*" >>"$LOG"
  timeout --foreground "$STEP_LIMIT" "${AS[@]}" "$@" >"$LOG.output" 2>&1 || { cat "$LOG.output" >>"$LOG"; failed "'$*' failed"; }
  cat "$LOG.output" >>"$LOG"
  grep -qF -- "$text" "$LOG.output" || failed "the output of '$*' lacks: $text"
}

# expect_failure TEXT COMMAND…: the command fails, and its output contains the text.
expect_failure() {
  local text=$1
  shift
  printf '\n$ %s\n' "$*" >>"$LOG"
  if timeout --foreground "$STEP_LIMIT" "${AS[@]}" "$@" >"$LOG.output" 2>&1; then cat "$LOG.output" >>"$LOG"; failed "'$*' should have failed"; fi
  cat "$LOG.output" >>"$LOG"
  grep -qF -- "$text" "$LOG.output" || failed "the output of '$*' lacks: $text"
}

# expect_denied ACTION COMMAND…: AWS refuses it, because the role lacks this permission.
expect_denied() {
  expect_failure "is not authorized to perform $1 " "${@:2}"
  : >"$FOLDER/denied"
}

# expect_equal WHAT EXPECTED ACTUAL
expect_equal() {
  printf '\n%s: %s\n' "$1" "$3" >>"$LOG"
  [[ $2 == "$3" ]] || failed "$1 is '$3' and not '$2'"
}
