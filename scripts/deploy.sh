#!/usr/bin/env bash
# Deploys this source to an environment: image, infrastructure, migrations, smoke test, traffic.
#   deploy.sh ENV
# A version gets traffic only after its smoke test. After any failure the previous version has the traffic.
# IGNORE_ALARMS=ENV moves the traffic even while an alarm is on, for the release that ends its cause.
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
# shellcheck source=scripts/lib/calls.sh
source scripts/lib/calls.sh
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
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

main() {
  use_environment "${1:-}"
  use_account
  use_terraform
  need_curl
  take_lock deploy
  WORK=$(mktemp -d)
  trap 'trap "" INT TERM; report_failure; release_lock; rm -rf "$WORK"' EXIT
  STEP="reading what is deployed"
  BEFORE=$(live_version)
  WORKER_BEFORE=$(live_version "$WORKER_FUNCTION")
  VERIFIED=$(record image_digest)

  step "1/7 Account"
  if is_bootstrapped; then
    note "Bootstrapped already"
  else
    # Nothing is made in the account before what is needed afterwards is here.
    [[ $ENV == prod ]] || need_image_builder
    scripts/bootstrap.sh "$ENV"
  fi

  step "2/7 Image"
  provide_image

  step "3/7 Infrastructure"
  init_environment
  apply_environment "$DIGEST"
  NEW=$(terraform -chdir=terraform output -raw function_version)
  WORKER_NEW=$(terraform -chdir=terraform output -raw worker_version)
  # AWS has given the API its id, which the pipeline's role for smoke tests has to name.
  if [[ $BEFORE == none && $CALLER != *":assumed-role/$SERVICE-pipeline-"* ]]; then scripts/bootstrap.sh "$ENV"; fi

  step "4/7 Database"
  scripts/migrate.sh "$ENV"

  step "5/7 Checks of version $NEW before it has traffic"
  scripts/smoke-test.sh "$ENV" "$NEW" ||
    die "version $NEW failed its checks" "it got no traffic"

  step "6/7 Traffic"
  # First, so that it knows what the new version writes down.
  move_worker "${WORKER_NEW:-none}"
  move_traffic

  step "7/7 Checks through the API"
  URL=$(api_url)
  scripts/smoke-test.sh "$ENV" || roll_back
  write_records

  STEP=""
  report
}

provide_image() {
  local pushed
  pushed=$(pushed_digest "$(image_tag)")
  if [[ $ENV == dev && -z $pushed ]]; then scripts/build.sh "$ENV"; fi
  DIGEST=$(scripts/push.sh "$ENV")
  require_digest "$DIGEST"
  note "$DIGEST"
}

move_traffic() {
  # On the first deploy Terraform creates the alias, which gives the first version its traffic.
  [[ $BEFORE != none ]] || BEFORE=$NEW
  local options=()
  [[ ${IGNORE_ALARMS:-} != "$ENV" ]] || options=(--override-alarm-configuration enabled=false)
  if [[ $BEFORE == "$NEW" ]]; then
    note "Version $NEW has the traffic already"
  elif ! WATCH=watch_new_version shift_traffic "$BEFORE" "$NEW" ${options[@]+"${options[@]}"}; then
    go_back
    die "the traffic could not be moved to version $NEW" "version $BEFORE has all of it" \
      "CodeDeploy starts nothing while an alarm is on; for a release that ends its cause: IGNORE_ALARMS=$ENV make deploy ENV=$ENV"
  fi
}

# Calls of our own while the traffic moves, or a version would pass that nobody happens to call. They go through the alias, as
# the API's do, and Lambda says which version answered. They read only.
watch_new_version() {
  local path
  for path in /ready "/users?page=1&page_size=1" "/users?username=nobody"; do
    CALL_BY=invoke VERSION=live call GET "$path"
    if [[ $EXECUTED == "$NEW" && ($STATUS == 000 || $STATUS -ge 500) ]]; then
      note "Traffic: version $NEW answered GET $path with $STATUS: ${BODY:0:300}"
      return 1
    fi
  done
}

# What ran before runs again.
go_back() {
  restore_traffic "$BEFORE" || die "the traffic is not back at version $BEFORE" "see: make status ENV=$ENV"
  move_worker "$WORKER_BEFORE"
}

roll_back() {
  if [[ $BEFORE == "$NEW" ]]; then
    move_worker "$WORKER_BEFORE"
    die "the checks through the API failed, and there is no version before $NEW to go back to" "see: make logs ENV=$ENV"
  fi
  note "The checks failed: rolling back to version $BEFORE"
  go_back
  die "version $NEW failed its checks through the API" "version $BEFORE has the traffic again"
}

write_records() {
  set_record image_digest "$DIGEST"
  if [[ $BEFORE != "$NEW" ]]; then
    set_record previous_version "$BEFORE"
    set_record previous_worker_version "$WORKER_BEFORE"
  fi
}

report() {
  if [[ $BEFORE == "$NEW" && $VERIFIED == "$DIGEST" ]]; then
    note $'\n'"$ENV was up to date: version $NEW still has the traffic."
  else
    note $'\n'"$ENV runs version $NEW."
  fi
  note "API:        $URL ($(tfvar authorization iam) authorisation)"
  report_mail
  note "Dashboard:  $(terraform -chdir=terraform output -raw dashboard_url)"
  note "Roll back:  make rollback ENV=$ENV"
}

# What is left to do before mails go out.
report_mail() {
  [[ $(tfvar mail off) == ses ]] || return 0
  note "Mail:       $(mail_state)"
  [[ $(mail_status) == SUCCESS ]] || terraform -chdir=terraform output -json mail_dns_records |
    jq -r '.[] | "              \(.type) \(.name) \(.value)"' >&2
}

step() {
  STEP=$1
  printf '\n== %s (%d:%02d)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)) >&2
}

# Says what a failed deploy left behind.
report_failure() {
  local now
  [[ -n ${STEP:-} ]] || return 0
  note $'\n'"The deploy to $ENV failed in: $STEP."
  now=$(live_version) || return 0
  case $now in
    none) note "There is no API yet." ;;
    "$BEFORE") note "Version $now has the traffic, as before." ;;
    *) note "Version $now has the traffic." ;;
  esac
  if [[ -n ${NEW:-} && $NEW != "$now" ]]; then
    note "Version $NEW is published without traffic, and the functions of the administration run its image; the next deploy" \
      "replaces it. To give them the previous image now: make apply ENV=$ENV"
  fi
}

main "$@"
