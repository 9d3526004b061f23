#!/usr/bin/env bash
# Smoke test of a running API: health, readiness, every operation on a test user, and the format of errors.
#   smoke-test.sh URL              AUTHORIZATION=none (default), iam or jwt (with TOKEN); ACCESS=open (default) or tokens;
#                                  MAIL=off, or as the service has it, is checked with tokens if it is set
#   smoke-test.sh ENV              the environment's API, with the authorisation that its tfvars name; with jwt and without
#                                  TOKEN the gateway is seen to refuse, and the function behind it is invoked directly
#   smoke-test.sh ENV VERSION      a version of its function, by direct Invoke, before it has any traffic
# Prints a line for each check and exits with 0 if all passed. The test user is always deleted.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/function.sh
source scripts/lib/function.sh
# shellcheck source=scripts/lib/calls.sh
source scripts/lib/calls.sh

main() {
  need_commands jq curl
  need_curl
  choose_target "${1:-}" "${2:-}"
  WORK=$(mktemp -d)
  FAILED=0 REFUSED=0 USER_ID="" UNIQUE=smoke-$(date +%s)-$RANDOM
  trap 'clean_up' EXIT

  check "health" 200 '.version and .uptime >= 0' GET /health
  check_authorization
  if [[ -n ${INVOKE_BEHIND:-} ]]; then CALL_BY=invoke VERSION=live; fi
  check "readiness" 200 . GET /ready
  if [[ $ACCESS == tokens ]]; then check_tokens; else check_users; fi
  check_errors
  if ((FAILED)); then
    note "$FAILED check(s) of $TARGET failed"
    if ((REFUSED)); then
      note "If signed calls are refused with 403, the credentials may not execute-api:Invoke; a pipeline's role learns of a new API" \
        "when an administrator runs: make bootstrap ENV=${ENV:-dev}"
    fi
    exit 1
  fi
  note "Every check of $TARGET passed"
}

choose_target() {
  CALL_BY=http AUTHORIZATION=${AUTHORIZATION:-none} ACCESS=${ACCESS:-open}
  case $1 in
    http://* | https://*) URL=${1%/} TARGET=$URL AWS_REGION=${AWS_REGION:-us-east-1} ;;
    *)
      use_environment "$1"
      use_account
      TARGET=$ENV
      AUTHORIZATION=$(tfvar authorization iam)
      ACCESS=$(tfvar access open)
      MAIL=$(tfvar mail off)
      if [[ -n $2 ]]; then
        CALL_BY=invoke VERSION=$2 TARGET="version $2 of $API_FUNCTION"
      else
        URL=$(api_url)
        CONNECT_TO=$(api_target)
        if [[ $AUTHORIZATION == jwt && -z ${TOKEN:-} ]]; then
          note "Without TOKEN: health and refusal through the API, the rest by invoking the version that has the traffic"
          INVOKE_BEHIND=1
        fi
      fi
      wake "$API_FUNCTION" "${2:-live}"
      ;;
  esac
  [[ $CALL_BY == http ]] || return 0
  case $AUTHORIZATION in
    none) ;;
    iam)
      need aws "install the AWS CLI"
      use_signature
      ;;
    jwt) [[ -n ${TOKEN:-}${INVOKE_BEHIND:-} ]] || die "TOKEN is not set, and the API needs a token (authorization = jwt)" "TOKEN=eyJ… make smoke-test ENV=${ENV:-dev}" ;;
    *) die "AUTHORIZATION is '$AUTHORIZATION'; it must be iam, jwt or none" ;;
  esac
}

check_authorization() {
  [[ $CALL_BY == http && $AUTHORIZATION != none ]] || return 0
  local real=$AUTHORIZATION expected=403
  [[ $real != jwt ]] || expected=401
  AUTHORIZATION=none
  check "a request without authorisation is refused" "$expected" . GET /users
  AUTHORIZATION=$real
}

check_users() {
  local user same
  user=$(jq -cn --arg name "$UNIQUE" '{username: $name, email: "\($name)@example.com", full_name: "Smoke Test"}')
  same=".username == \"$UNIQUE\" and .email == \"$UNIQUE@example.com\""
  MAYBE_MADE=1
  check "create a user" 201 "$same and (.user_id | type == \"number\") and .full_name == \"Smoke Test\"" POST /users "$user"
  USER_ID=$(jq -r '.user_id // empty' <<<"$BODY" 2>/dev/null || true)
  if [[ -z $USER_ID ]]; then
    note "       skipped: the other checks of users, which need one"
    return
  fi
  check_header "its Location is returned" "location: .*/users/$USER_ID\$"
  check "read it" 200 "$same" GET "/users/$USER_ID"
  check "find it by name" 200 ".total == 1 and .users[0].user_id == $USER_ID" GET "/users?username=$UNIQUE"
  check "find it by email" 200 ".total == 1 and .users[0].user_id == $USER_ID" GET "/users?email=$UNIQUE%40example.com"
  check "list users" 200 '(.users | length) == 1 and .total >= 1 and .page == 1 and .page_size == 1' GET "/users?page=1&page_size=1"
  check "its username is unique" 409 '(.code | test("_taken$")) and (.request_id | length) > 0' POST /users "$user"
  check "clear its full name" 200 "$same and .full_name == null" PUT "/users/$USER_ID" '{"full_name": null}'
  check "delete it" 204 "" DELETE "/users/$USER_ID"
  check "it is gone" 404 '.status == 404 and (.code | length) > 0 and (.detail | type == "string")' GET "/users/$USER_ID"
  if [[ $STATUS == 404 ]]; then USER_ID="" MAYBE_MADE=""; fi
}

# Without a password nobody gets in: what can be seen from outside.
check_tokens() {
  check "a call without a token is refused" 401 '.code == "unauthenticated"' GET /users
  check_header "with a challenge" 'www-authenticate: Bearer'
  check "the keys are published" 200 '(.keys | length) >= 1 and all(.keys[]; .kty == "RSA" and (has("d") | not))' GET /.well-known/jwks.json
  check "the issuer is described" 200 '.issuer | startswith("http")' GET /.well-known/openid-configuration
  check "wrong credentials are refused" 401 '.code == "invalid_credentials"' POST /sessions \
    "$(jq -cn --arg name "$UNIQUE" '{login: $name, password: "not the password"}')"
  case ${MAIL:-} in
    off) check "no mail is sent" 503 '.code == "mail_off"' POST /password-resets "$(jq -cn --arg name "$UNIQUE" '{login: $name}')" ;;
    # To nobody: there is no such user, and whoever asks is not told.
    ses | smtp | console) check "a mail is accepted" 202 "" POST /password-resets "$(jq -cn --arg name "$UNIQUE" '{login: $name}')" ;;
    # Not set, or by a login shell, for which it is the user's mailbox.
    "" | /*) ;;
    *) die "MAIL is '$MAIL'; it must be off, ses, smtp or console, as the service has it" ;;
  esac
}

check_errors() {
  if [[ $ACCESS == tokens ]]; then
    check "all invalid fields are listed" 422 '.status == 422 and ([.errors[].field] | sort) == ["login", "password"]' POST /sessions '{}'
    check "an unknown path reaches the service" 404 '.status == 404 and (.request_id | length) > 0' GET "/nothing-$UNIQUE"
    return
  fi
  check "all invalid fields are listed" 422 '.status == 422 and ([.errors[].field] | sort) == ["email", "username"]' \
    POST /users '{"username": "x", "email": "nobody"}'
  check_header "as a problem document" 'content-type: application/problem\+json'
  check "invalid JSON is refused" 400 '.status == 400 and (.code | length) > 0' POST /users '{'
  check "an unknown path reaches the service" 404 '.status == 404 and (.request_id | length) > 0' GET "/nothing-$UNIQUE"
}

# check WHAT STATUS JQ-CONDITION METHOD PATH [BODY]: an empty condition wants an empty body.
check() {
  local what=$1 status=$2 condition=$3
  shift 3
  call "$@"
  if [[ $STATUS == 403 && $status != 403 ]]; then REFUSED=1; fi
  if [[ $STATUS != "$status" ]]; then
    report FAIL "$what" "$1 $2: expected $status, got $STATUS: $(excerpt)"
  elif [[ -z $condition && -n $BODY ]] || { [[ -n $condition ]] && ! jq -e "$condition" <<<"$BODY" >/dev/null 2>&1; }; then
    report FAIL "$what" "$1 $2: $STATUS, unexpected body: $(excerpt)"
  else
    report ok "$what" "$1 ${2%%\?*} $STATUS, $MS ms"
  fi
}

# check_header WHAT PATTERN: in the answer before.
check_header() {
  if grep -qE "^$2" <<<"$HEADERS"; then report ok "$1" "header ${2%%:*}"; else report FAIL "$1" "no header like $2"; fi
}

report() {
  printf '%-5s %-44s %s\n' "$1" "$2" "$3"
  if [[ $1 == FAIL ]]; then FAILED=$((FAILED + 1)); fi
}

excerpt() { tr -s '\n\r\t ' ' ' <<<"${BODY:0:300}"; }

clean_up() {
  local status=$?
  if [[ -n ${MAYBE_MADE:-} ]]; then
    # The response may have been lost, so it is looked up by its name.
    if [[ -z $USER_ID ]]; then
      call GET "/users?username=$UNIQUE"
      USER_ID=$(jq -r '.users[0].user_id // empty' <<<"$BODY" 2>/dev/null || true)
    fi
    if [[ -n $USER_ID ]]; then
      call DELETE "/users/$USER_ID"
      [[ $STATUS == 204 || $STATUS == 404 ]] || note "The user $UNIQUE could not be removed ($STATUS): delete /users/$USER_ID"
    fi
  fi
  rm -rf "$WORK"
  exit "$status"
}

main "$@"
