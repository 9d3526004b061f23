# Accounts in a rehearsal: dev with access = "tokens", a person who signs in, and keys that change. Sourced by rehearse.sh.
# shellcheck shell=bash

readonly ANSWER=$FOLDER/answer PASSWORD="seven lanterns in fog" NEW_PASSWORD="correct horse battery staple"

accounts() {
  step "Accounts: dev gets them, and its smoke test finds the keys and no way in"
  become deploy-dev environment:dev
  # The gateway of the rehearsal speaks plain HTTP, which no issuer may.
  printf '%s\n' 'access = "tokens"' 'authorization = "none"' 'token_issuer = "https://users.example.org"' >>terraform/dev.tfvars
  expect_output "the keys are published" make deploy ENV=dev
  URL=$(url dev) BEARER=""
  passed

  step "Accounts: the first administrator signs in; a disabled account is out at once"
  become_administrator
  first_administrator
  disabled_account
  passed

  step "Accounts: keys are rotated between two calls, and replaced when they have leaked"
  rotated_keys
  leaked_keys
  passed
}

first_administrator() {
  local token
  expect_answer 401 unauthenticated GET /users
  expect_output "Set the password within an hour" make admin ENV=dev USERNAME=ada EMAIL=ada@example.com
  # A make that another one has started adds lines of its own.
  token=$(grep '^uso_' "$LOG.output")
  expect_answer 204 "" POST /passwords/confirm "$(jq -cn --arg token "$token" --arg password "$PASSWORD" '{$token, $password}')"
  expect_answer 401 token_invalid POST /passwords/confirm "$(jq -cn --arg token "$token" --arg password "$PASSWORD" '{$token, $password}')"
  expect_failure "this username and this e-mail address are taken" make admin ENV=dev USERNAME=ada EMAIL=ada@example.com
  sign_in ada "$PASSWORD"
  expect_answer 200 '"ada@example.com"' GET /users/me
}

disabled_account() {
  local administrator=$BEARER grace
  expect_answer 201 '"grace"' POST /users "$(jq -cn --arg password "$NEW_PASSWORD" '{username: "grace", email: "grace@example.com", $password}')"
  grace=$(jq -r .user_id "$ANSWER")
  BEARER=""
  sign_in grace "$NEW_PASSWORD"
  expect_answer 403 forbidden GET /users
  expect_answer 200 '"grace"' GET /users/me
  local graces=$BEARER
  BEARER=$administrator
  expect_answer 200 disabled PATCH "/users/$grace/account" '{"status": "disabled"}'
  BEARER=$graces
  expect_answer 401 session_ended GET /users/me
  BEARER=""
  expect_answer 403 account_disabled POST /sessions "$(credentials grace "$NEW_PASSWORD")"
  BEARER=$administrator
}

rotated_keys() {
  expect_equal "published keys" 1 "$(published_keys)"
  run make rotate-keys ENV=dev
  expect_answer 200 '"ada"' GET /users/me
  expect_equal "published keys after a rotation" 2 "$(in_new_sandboxes published_keys)"
  in_new_sandboxes expect_answer 200 '"ada"' GET /users/me
}

leaked_keys() {
  run make rotate-keys ENV=dev COMPROMISED=1
  in_new_sandboxes expect_answer 401 token_invalid GET /users/me
  BEARER=""
  in_new_sandboxes sign_in ada "$PASSWORD"
  in_new_sandboxes expect_answer 200 '"ada"' GET /users/me
}

# in_new_sandboxes COMMAND…: each of its requests finds no function running. One that runs reads the keys every five minutes.
in_new_sandboxes() {
  touch "$FOLDER/cold"
  "$@"
  rm "$FOLDER/cold"
}

credentials() { jq -cn --arg login "$1" --arg password "$2" '{$login, $password}'; }

sign_in() {
  expect_answer 201 access_token POST /sessions "$(credentials "$1" "$2")"
  BEARER=$(jq -r .access_token "$ANSWER")
}

published_keys() { curl --silent --fail "$URL/.well-known/jwks.json" | jq '.keys | length'; }

# expect_answer STATUS TEXT METHOD PATH [BODY]: with the token BEARER, if it is set. The answer is in the file ANSWER.
expect_answer() {
  local status options=(--silent --show-error --max-time 60 --request "$3" --output "$ANSWER" --write-out '%{http_code}')
  printf '\n> %s %s\n' "$3" "$4" >>"$LOG"
  if [[ -n $BEARER ]]; then options+=(--header "authorization: Bearer $BEARER"); fi
  if (($# > 4)); then options+=(--header "content-type: application/json" --data "$5"); fi
  : >"$ANSWER"
  status=$(curl "${options[@]}" "$URL$4" 2>>"$LOG") || true
  cat "$ANSWER" >>"$LOG"
  expect_equal "the status of $3 $4" "$1" "$status"
  grep -qF -- "$2" "$ANSWER" || [[ -z $2 ]] || failed "the answer to $3 $4 lacks: $2"
}
